use crate::backbone_config::CONFIG;
use crate::{BackboneConfig, Projection, Shapes, TextTower, text_tower};
use aio_encoder::weights::{Preprocessing, Weights, WeightsError, module_bytes, to_bytes};
use aio_encoder::{Activations, Context, Encoder};
use aio_tokenize::{ModalityInput, ModalityTokens, TokenSequence, Tokenizers};
use aio_types::{Modality, ModalitySet};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use std::collections::BTreeMap;

/// Tokenizers, encoder and output projection: everything that is needed to embed.
#[derive(Module, Debug)]
pub struct Backbone {
    /// One tokenizer per modality.
    pub tokenizers: Tokenizers,
    /// The shared encoder.
    pub encoder: Encoder,
    /// The output projection.
    pub projection: Projection,
    /// The encoder of sentences, if text has one of its own.
    pub text_tower: Option<TextTower>,
}

/// Metadata key of the preprocessing in a weights file.
const PREPROCESSING: &str = "preprocessing";

impl BackboneConfig {
    /// Builds a backbone with random weights.
    #[must_use]
    pub fn init(&self, device: &Device) -> Backbone {
        Backbone {
            tokenizers: self.tokenizers.init(self.encoder.embed_dim, device),
            encoder: self.encoder.init(device),
            projection: Projection::new(
                &self.encoder,
                self.pooling.as_ref(),
                self.embedding_width(),
                self.projection_bias,
                device,
            ),
            text_tower: self.text_tower.as_ref().map(|encoder| {
                TextTower::new(encoder, self.tower_context(), self.embedding_width(), device)
            }),
        }
    }
}

impl Backbone {
    /// The same backbone whose embeddings are followed by a factor and then a summand per channel, `[embedding]` each. Its projection has a bias.
    ///
    /// The embeddings of a text tower stay as they are.
    #[must_use]
    pub fn followed_by(self, factor: Tensor<1>, summand: Tensor<1>) -> Self {
        Self { projection: self.projection.followed_by(factor, summand), ..self }
    }

    /// Runs tokenizers and encoder on one sequence; returns the embedding and all output tokens.
    ///
    /// # Shapes
    /// - embedding: `[batch, embedding]`
    /// - tokens: `[batch, 1 + tokens, width]`
    #[must_use]
    pub fn forward(&self, inputs: &[ModalityInput]) -> (Tensor<2>, Tensor<3>) {
        self.encode(&mut Activations::Stored, self.tokenizers.sequence(inputs))
    }

    /// Runs the encoder on joined tokens, with a choice of the activations that it stores; returns the embedding and all output tokens.
    ///
    /// # Shapes
    /// As [`Backbone::forward`].
    #[must_use]
    pub fn encode(
        &self,
        activations: &mut Activations,
        sequence: TokenSequence,
    ) -> (Tensor<2>, Tensor<3>) {
        let shapes = Shapes::of(&sequence.attention_mask.device());
        self.encode_as(activations, sequence, shapes)
    }

    /// [`Backbone::encode`] with a choice of the shapes that the encoder sees.
    ///
    /// # Shapes
    /// As [`Backbone::forward`], whatever the encoder sees.
    #[must_use]
    pub fn encode_as(
        &self,
        activations: &mut Activations,
        sequence: TokenSequence,
        shapes: Shapes,
    ) -> (Tensor<2>, Tensor<3>) {
        let [batch, length, width] = sequence.tokens.dims();
        let experts = self.experts(sequence.modalities);
        let seen = sequence.attention_mask.clone();
        let TokenSequence { tokens, attention_mask, places, .. } = shapes.pad(sequence);
        let context = Context { experts: &experts, places: &places };
        let mut tokens = activations.forward(&self.encoder, tokens, attention_mask, context);
        if tokens.dims() != [batch, length, width] {
            tokens = tokens.narrow(0, 0, batch).narrow(1, 0, length);
        }
        (self.projection.forward_sequence(tokens.clone(), seen), tokens)
    }

    /// How much each token of sequences contributes to their embeddings: attention roll-out ([`Encoder::rollout`]), the row of `[CLS]`, or the rows that the
    /// pooling takes, each with its share.
    ///
    /// # Shapes
    /// - output: `[batch, tokens]`
    #[must_use]
    pub(crate) fn rollout(&self, sequence: TokenSequence) -> Tensor<2> {
        let TokenSequence { tokens, attention_mask, modalities, places } = sequence;
        let ([batch, count, _], experts) = (tokens.dims(), self.experts(modalities));
        let context = Context { experts: &experts, places: &places };
        let flow = self.encoder.rollout(tokens.clone(), attention_mask.clone(), context);
        let shares = self.projection.pools().then(|| {
            let outputs = self.encoder.forward_as(tokens, attention_mask.clone(), context);
            self.projection.shares(outputs, attention_mask)
        });
        let rows = match shares.flatten() {
            Some(shares) => shares.unsqueeze_dim::<3>(1).matmul(flow),
            None => flow.narrow(1, 0, 1),
        };
        rows.reshape([batch, count])
    }

    /// Embeddings alone.
    ///
    /// Without a text tower, all inputs enter one sequence. With one, sentences do not: see [`Backbone::embed_parts`].
    ///
    /// # Shapes
    /// - output: `[batch, embedding]`
    #[must_use]
    pub fn embed(&self, inputs: &[ModalityInput]) -> Tensor<2> {
        let (mut tokens, mut sentences) = (Vec::new(), None);
        for input in inputs {
            match (input, &self.text_tower) {
                (ModalityInput::Text(ids), Some(tower)) => {
                    sentences = Some(tower.embed(ids.clone()))
                }
                _ => tokens.push(self.tokenizers.tokens(input)),
            }
        }
        self.embed_parts(&mut Activations::Stored, &tokens, sentences)
    }

    /// Embeds the tokens of some modalities in one sequence, and fuses the result with embeddings of sentences of the same rows: the direction is
    /// that of the mean of both unit embeddings.
    ///
    /// # Shapes
    /// - sentences and output: `[batch, embedding]`
    ///
    /// # Panics
    /// If there are neither tokens nor sentences.
    #[must_use]
    pub fn embed_parts(
        &self,
        activations: &mut Activations,
        tokens: &[ModalityTokens],
        sentences: Option<Tensor<2>>,
    ) -> Tensor<2> {
        match sentences {
            Some(sentences) if tokens.is_empty() => sentences,
            None => self.encode(activations, self.tokenizers.join(tokens)).0,
            Some(sentences) => {
                let (others, _) = self.encode(activations, self.tokenizers.join(tokens));
                text_tower::fused(others, sentences)
            }
        }
    }

    /// The modalities that can be embedded.
    #[must_use]
    pub fn modalities(&self) -> ModalitySet {
        let tower = self.text_tower.as_ref().map(|_| Modality::Text);
        self.tokenizers.modalities().iter().chain(tower).collect()
    }

    /// Loads a backbone and its preprocessing from a weights file, checking every tensor.
    ///
    /// # Errors
    /// [`WeightsError`] naming the tensors or metadata that do not fit.
    pub fn load(
        weights: &Weights,
        device: &Device,
    ) -> Result<(Self, BackboneConfig, Preprocessing), WeightsError> {
        let config = BackboneConfig::of(weights)?;
        let backbone = config.init(device);
        let backbone = Self {
            tokenizers: weights.below("tokenizers.")?.load(backbone.tokenizers)?,
            encoder: weights.below("encoder.")?.load(backbone.encoder)?,
            projection: weights.below("projection.")?.load(backbone.projection)?,
            text_tower: match backbone.text_tower {
                Some(tower) => Some(weights.below("text_tower.")?.load(tower)?),
                None => None,
            },
        };
        Ok((backbone, config, weights.metadata(PREPROCESSING)?))
    }

    /// The weights file of this backbone.
    ///
    /// # Errors
    /// [`WeightsError::Format`] if a tensor cannot be serialised.
    pub fn to_bytes(
        &self,
        config: &BackboneConfig,
        preprocessing: &Preprocessing,
        card: &[(&str, serde_json::Value)],
    ) -> Result<Vec<u8>, WeightsError> {
        let json = |value: Result<serde_json::Value, serde_json::Error>| {
            value.map_err(|e| WeightsError::Format {
                origin: "the metadata".into(),
                problem: e.to_string(),
            })
        };
        let mut metadata = BTreeMap::from([
            (CONFIG.to_owned(), json(serde_json::to_value(config))?),
            (PREPROCESSING.to_owned(), json(serde_json::to_value(preprocessing))?),
        ]);
        metadata.extend(card.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        let mut modules = vec![
            ("tokenizers.", module_bytes(&self.tokenizers)?),
            ("encoder.", module_bytes(&self.encoder)?),
            ("projection.", module_bytes(&self.projection)?),
        ];
        if let Some(tower) = &self.text_tower {
            modules.push(("text_tower.", module_bytes(tower)?));
        }
        to_bytes(modules, metadata)
    }
}

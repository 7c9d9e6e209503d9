use crate::backbone_config::CONFIG;
use crate::text_pieces::{self, TOKENIZER};
use crate::{BackboneConfig, FusionUse, Projection, Shapes, TextTower};
use aio_encoder::weights::{Preprocessing, Weights, WeightsError, module_bytes, to_bytes};
use aio_encoder::{Activations, Context, Encoder, Mixer};
use aio_tokenize::{ModalityInput, SentenceTokenizer, TokenSequence, Tokenizers};
use aio_types::{Modality, ModalitySet};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use std::collections::BTreeMap;
use std::sync::Arc;

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
    /// How the modalities of a query become one embedding.
    #[module(skip)]
    pub fusion: FusionUse,
    /// What [`FusionUse::Mixer`] adds to the mean; without it there is the mean alone.
    pub mixer: Option<Mixer>,
}

/// Metadata key of the preprocessing in a weights file.
const PREPROCESSING: &str = "preprocessing";

impl BackboneConfig {
    /// Builds a backbone with random weights.
    #[must_use]
    pub fn init(&self, device: &Device) -> Backbone {
        let tokenizers = self.tokenizers.init(self.encoder.embed_dim, device);
        Backbone {
            tokenizers: if self.has_absent_tokens() {
                tokenizers.with_absent_tokens(device)
            } else {
                tokenizers
            },
            encoder: self.encoder.init(device),
            projection: Projection::new(
                &self.encoder,
                self.pooling.as_ref(),
                self.embedding_width(),
                self.projection_bias,
                device,
            ),
            text_tower: self.text_tower.as_ref().map(|encoder| {
                let (context, embedding) = (self.tower_context(), self.embedding_width());
                TextTower::new(encoder, self.text_pieces, context, embedding, device)
            }),
            fusion: self.fusion,
            mixer: self.mixer().map(|sizes| sizes.init(device)),
        }
    }
}

/// What weights say of where they come from, for files that are made of them: origin, terms of use, and what their training started from.
#[must_use]
pub fn stated_origin(weights: &Weights) -> Vec<(&'static str, serde_json::Value)> {
    let keys = ["origin", "licence", "started_from"];
    keys.into_iter().filter_map(|key| Some((key, weights.metadata(key).ok()?))).collect()
}

impl Backbone {
    /// The same backbone whose embeddings are followed by a factor and then a summand per channel, `[embedding]` each. Its projection has a bias.
    ///
    /// The embeddings of a text tower stay as they are.
    #[must_use]
    pub fn followed_by(self, factor: Tensor<1>, summand: Tensor<1>) -> Self {
        Self { projection: self.projection.followed_by(factor, summand), ..self }
    }

    /// What makes token ids of sentences.
    #[must_use]
    pub fn sentences(&self) -> SentenceTokenizer {
        self.text_tower.as_ref().map(|tower| tower.reader.clone()).unwrap_or_default()
    }

    /// The same backbone whose text tower, if it has one, reads sentences so.
    pub(crate) fn with_sentences(mut self, sentences: SentenceTokenizer) -> Self {
        if let Some(tower) = &mut self.text_tower {
            tower.reader = sentences;
        }
        self
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
        let parts = [
            Some("tokenizers."),
            Some("encoder."),
            Some("projection."),
            backbone.text_tower.as_ref().map(|_| "text_tower."),
            backbone.mixer.as_ref().map(|_| "mixer."),
        ];
        weights.check_prefixes(&parts.into_iter().flatten().collect::<Vec<_>>())?;
        let backbone = Self {
            tokenizers: weights.below("tokenizers.")?.load(backbone.tokenizers)?,
            encoder: weights.below("encoder.")?.load(backbone.encoder)?,
            projection: weights.below("projection.")?.load(backbone.projection)?,
            text_tower: match backbone.text_tower {
                Some(tower) => Some(weights.below("text_tower.")?.load(tower)?),
                None => None,
            },
            fusion: config.fusion,
            mixer: match backbone.mixer {
                Some(mixer) => Some(weights.below("mixer.")?.load(mixer)?),
                None => None,
            },
        };
        let backbone = match config.text_pieces {
            Some(pieces) => {
                let pieces = pieces.load(weights, config.tower_context())?;
                backbone.with_sentences(SentenceTokenizer::Pieces(Arc::new(pieces)))
            }
            None => backbone,
        };
        Ok((backbone, config, weights.metadata(PREPROCESSING)?))
    }

    /// The weights file of this backbone.
    ///
    /// # Errors
    /// [`WeightsError::Format`] if a tensor cannot be serialised, or the text tower lacks the tokenizer that `config` says it has.
    pub fn to_bytes(
        &self,
        config: &BackboneConfig,
        preprocessing: &Preprocessing,
        card: &[(&str, serde_json::Value)],
    ) -> Result<Vec<u8>, WeightsError> {
        let problem = |problem| WeightsError::Format { origin: "the metadata".to_owned(), problem };
        let json = |value: Result<serde_json::Value, serde_json::Error>| {
            value.map_err(|e| problem(e.to_string()))
        };
        let mut metadata = BTreeMap::from([
            (CONFIG.to_owned(), json(serde_json::to_value(config))?),
            (PREPROCESSING.to_owned(), json(serde_json::to_value(preprocessing))?),
        ]);
        match (config.text_pieces, self.sentences()) {
            (Some(_), SentenceTokenizer::Pieces(pieces)) => {
                let text = text_pieces::packed(&pieces).map_err(problem)?;
                metadata.insert(TOKENIZER.to_owned(), text.into());
            }
            (Some(_), SentenceTokenizer::Clip { .. }) => {
                return Err(problem("the text tower has no tokenizer".into()));
            }
            (None, _) => {}
        }
        metadata.extend(card.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        let mut modules = vec![
            ("tokenizers.", module_bytes(&self.tokenizers)?),
            ("encoder.", module_bytes(&self.encoder)?),
            ("projection.", module_bytes(&self.projection)?),
        ];
        if let Some(tower) = &self.text_tower {
            modules.push(("text_tower.", module_bytes(tower)?));
        }
        if let Some(mixer) = &self.mixer {
            modules.push(("mixer.", module_bytes(mixer)?));
        }
        to_bytes(modules, metadata)
    }
}

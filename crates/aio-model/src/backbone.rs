use crate::{AbsentUse, FusionUse, Projection, Shapes, TextTower, TextUse};
use aio_encoder::weights::{Preprocessing, Weights, WeightsError, module_bytes, to_bytes};
use aio_encoder::{Activations, Encoder, EncoderConfig, Mixer};
use aio_tokenize::{ModalityInput, TokenSequence, Tokenizers, TokenizersConfig};
use aio_types::{Modality, ModalitySet};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Sizes of a [`Backbone`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackboneConfig {
    /// The tokenizers.
    pub tokenizers: TokenizersConfig,
    /// The encoder.
    pub encoder: EncoderConfig,
    /// Width of the embedding, if it is not the encoder's (CLIP projects 768 to 512).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding: Option<usize>,
    /// Whether the output projection has a bias. Those of pre-trained models have none; that of a model whose neck became a part of it has one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub projection_bias: bool,
    /// The blocks of the text tower, if text has an encoder of its own. Then the tokenizers have no text table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_tower: Option<EncoderConfig>,
    /// How the modalities of a query become one embedding.
    #[serde(default, skip_serializing_if = "FusionUse::is_default")]
    pub fusion: FusionUse,
    /// What stands for a modality that a query lacks.
    #[serde(default, skip_serializing_if = "AbsentUse::is_default")]
    pub absent: AbsentUse,
}

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

/// Largest size of a part that a weights file may state: far more than any published model has.
const LARGEST_SIZE: usize = 1 << 16;

/// Metadata keys of a weights file that holds a backbone.
const CONFIG: &str = "config";
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
                self.embedding_width(),
                self.projection_bias,
                device,
            ),
            text_tower: self
                .text_tower
                .as_ref()
                .map(|encoder| TextTower::new(encoder, self.embedding_width(), device)),
            fusion: self.fusion,
            mixer: self.mixer().map(|sizes| sizes.init(device)),
        }
    }

    /// The modalities that can be embedded.
    #[must_use]
    pub fn modalities(&self) -> ModalitySet {
        let tower = self.text_tower.as_ref().map(|_| Modality::Text);
        self.tokenizers.modalities.iter().chain(tower).collect()
    }

    /// The same sizes for other modalities; text goes where it went before.
    #[must_use]
    pub fn with_modalities(self, modalities: ModalitySet) -> Self {
        let has_tower = self.text_tower.is_some();
        let of_tokenizers = |m: &Modality| m.is_visual() || !has_tower;
        let text_tower = self.text_tower.filter(|_| modalities.contains(Modality::Text));
        let modalities = modalities.iter().filter(of_tokenizers).collect();
        let tokenizers = TokenizersConfig { modalities, ..self.tokenizers };
        Self { tokenizers, text_tower, ..self }.with_experts_of_modalities()
    }

    /// Refuses weights whose text does not go where it is wanted; nothing is wanted of weights without text.
    pub(crate) fn check_text(&self, wanted: Option<TextUse>) -> Result<(), String> {
        let known = self.modalities().contains(Modality::Text);
        match (wanted.map(TextUse::is_tower), self.text_tower.is_some()) {
            (Some(true), false) => Err(
                "it has no text tower, only a table; choose `table` (model.text, --text-encoder)"
                    .into(),
            ),
            (Some(false), true) if known => {
                Err("it has a text tower and no table; choose `tower` (model.text, --text-encoder)"
                    .into())
            }
            _ => Ok(()),
        }
    }

    /// Width of an embedding.
    #[must_use]
    pub fn embedding_width(&self) -> usize {
        self.embedding.unwrap_or(self.encoder.embed_dim)
    }

    /// The sizes that a weights file of this project states, checked against its length before anything of these sizes is made.
    ///
    /// # Errors
    /// [`WeightsError::Metadata`] if they are missing, make no model, or need more parameters than the file holds.
    pub(crate) fn of(weights: &Weights) -> Result<Self, WeightsError> {
        let config: Self = weights.metadata(CONFIG)?;
        config
            .check(weights.bytes().len())
            .map_err(|problem| weights.malformed(CONFIG, problem))?;
        Ok(config)
    }

    fn check(&self, file: usize) -> Result<(), String> {
        let TokenizersConfig { height, width, stem, registers, text, .. } = &self.tokenizers;
        self.encoder.check()?;
        self.check_experts()?;
        self.check_fusion()?;
        if let Some(tower) = &self.text_tower {
            tower.check().map_err(|problem| format!("text_tower: {problem}"))?;
        }
        let embedding = self.embedding_width();
        let sizes = [
            ("height", *height),
            ("width", *width),
            ("stem.channels", stem.channels),
            ("stem.patch", stem.patch),
            ("registers", *registers),
            ("text.width", text.width),
            ("embedding", embedding),
        ];
        if let Some((name, size)) = sizes.into_iter().find(|(_, size)| *size > LARGEST_SIZE) {
            return Err(format!("{name} is {size}, expected at most {LARGEST_SIZE}"));
        }
        stem.check(*height, *width)?;
        // The large parts alone: every part is at least as large in the file.
        let blocks = |EncoderConfig { depth, embed_dim, mlp, adapters, .. }: &EncoderConfig| {
            let of_adapters = adapters.map_or(0, |a| a.parameters_per_block(*embed_dim));
            (depth * (4 * embed_dim * embed_dim + 2 * embed_dim * mlp + of_adapters)) as u128
        };
        let of_tower = self.text_tower.as_ref().map_or(0, blocks);
        let of_mixer = self.mixer().map_or(0, |sizes| sizes.parameters() as u128);
        let parameters = blocks(&self.encoder)
            + of_tower
            + of_mixer
            + (self.encoder.embed_dim * (embedding + registers)) as u128;
        if 4 * parameters > file as u128 {
            return Err(format!(
                "its sizes make at least {parameters} parameters of 4 bytes, the file holds {file} bytes"
            ));
        }
        Ok(())
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
        let TokenSequence { tokens, attention_mask, .. } = shapes.pad(sequence);
        let mut tokens = activations.forward(&self.encoder, tokens, attention_mask, &experts);
        if tokens.dims() != [batch, length, width] {
            tokens = tokens.narrow(0, 0, batch).narrow(1, 0, length);
        }
        let cls = tokens.clone().narrow(1, 0, 1).reshape([batch, width]);
        (self.projection.forward(cls), tokens)
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
            fusion: config.fusion,
            mixer: match backbone.mixer {
                Some(mixer) => Some(weights.below("mixer.")?.load(mixer)?),
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
        if let Some(mixer) = &self.mixer {
            modules.push(("mixer.", module_bytes(mixer)?));
        }
        to_bytes(modules, metadata)
    }
}

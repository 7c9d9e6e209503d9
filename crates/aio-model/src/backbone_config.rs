//! Sizes of a backbone, and what makes none.

use crate::{AbsentUse, FusionUse, PiecesConfig, PoolingConfig, TextUse};
use aio_encoder::EncoderConfig;
use aio_encoder::weights::{Weights, WeightsError};
use aio_tokenize::TokenizersConfig;
use aio_tokenize::bpe::CONTEXT;
use aio_types::{Modality, ModalitySet};
use serde::{Deserialize, Serialize};

/// Sizes of a [`Backbone`](crate::Backbone).
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
    /// The attention pooling of the encoder's output tokens, if the embedding is not made of `[CLS]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pooling: Option<PoolingConfig>,
    /// The blocks of the text tower, if text has an encoder of its own. Then the tokenizers have no text table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_tower: Option<EncoderConfig>,
    /// The most tokens of a sentence in the text tower, if it has fewer positions than CLIP's 77 (SigLIP has 64, PE-Core 32).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_context: Option<usize>,
    /// What the text tower knows of its tokenizer, if it is SigLIP's. Without it, the tower is CLIP's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_pieces: Option<PiecesConfig>,
    /// How the modalities of a query become one embedding.
    #[serde(default, skip_serializing_if = "FusionUse::is_default")]
    pub fusion: FusionUse,
    /// What stands for a modality that a query lacks.
    #[serde(default, skip_serializing_if = "AbsentUse::is_default")]
    pub absent: AbsentUse,
}

/// Largest size of a part that a weights file may state: far more than any published model has.
const LARGEST_SIZE: usize = 1 << 16;

/// Metadata key of the sizes in a weights file.
pub(crate) const CONFIG: &str = "config";

impl BackboneConfig {
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
        let has_text = modalities.contains(Modality::Text);
        let text_tower = self.text_tower.filter(|_| has_text);
        let text_pieces = self.text_pieces.filter(|_| has_text);
        let modalities = modalities.iter().filter(of_tokenizers).collect();
        let tokenizers = TokenizersConfig { modalities, ..self.tokenizers };
        Self { tokenizers, text_tower, text_pieces, ..self }.with_experts_of_modalities()
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

    /// The most tokens of a sentence in the text tower.
    #[must_use]
    pub fn tower_context(&self) -> usize {
        self.text_context.unwrap_or(CONTEXT)
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
        let config = Self::stated(weights)?;
        config
            .check(weights.bytes().len())
            .map_err(|problem| weights.malformed(CONFIG, problem))?;
        Ok(config)
    }

    /// The sizes that a weights file of this project states, unchecked.
    ///
    /// # Errors
    /// [`WeightsError::Metadata`] if they are missing or cannot be read.
    pub(crate) fn stated(weights: &Weights) -> Result<Self, WeightsError> {
        weights.metadata(CONFIG)
    }

    fn check(&self, file: usize) -> Result<(), String> {
        let TokenizersConfig { height, width, stem, registers, text, .. } = &self.tokenizers;
        self.encoder.check()?;
        self.check_experts()?;
        self.check_fusion()?;
        if let Some(tower) = &self.text_tower {
            tower.check().map_err(|problem| format!("text_tower: {problem}"))?;
        }
        if let Some(pieces) = &self.text_pieces {
            pieces.check().map_err(|problem| format!("text_pieces: {problem}"))?;
        }
        if let Some(pooling) = &self.pooling {
            let width = self.encoder.embed_dim;
            pooling.check(width).map_err(|problem| format!("pooling: {problem}"))?;
        }
        if !(1..=CONTEXT).contains(&self.tower_context()) {
            let context = self.tower_context();
            return Err(format!("text_context is {context}, expected 1 to {CONTEXT}"));
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
        let rows = self.text_pieces.map_or(0, |pieces| pieces.vocabulary as u128);
        let of_tower = self.text_tower.as_ref();
        let of_tower = of_tower.map_or(0, |tower| blocks(tower) + rows * tower.embed_dim as u128);
        let of_pooling = self.pooling.map_or(0, |p| p.weights(self.encoder.embed_dim) as u128);
        let of_mixer = self.mixer().map_or(0, |sizes| sizes.parameters() as u128);
        let parameters = blocks(&self.encoder)
            + of_tower
            + of_pooling
            + of_mixer
            + (self.encoder.embed_dim * (embedding + registers)) as u128;
        // `aio pretrain` and `aio weights pack` store 16 bits per value.
        if 2 * parameters > file as u128 {
            return Err(format!(
                "its sizes make at least {parameters} parameters of 2 bytes or more, the file holds {file} bytes"
            ));
        }
        Ok(())
    }
}

use super::number_or_word::{Auto, NumberOr};
use aio_model::import::{Normalisation, Stems};
use aio_model::{EncoderUse, Shared, TextUse};
use aio_tokenize::BatchNormMode;
use aio_types::{Modality, ModalitySet};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// `embedded`, or the path of a weights file of this project or of a checkpoint of another one (docs/weights.md).
    pub weights: String,
    /// Rows of input pictures, to which positions are interpolated; `auto` keeps those of the weights (256 for
    /// checkpoints of other projects).
    #[serde(with = "NumberOr::<Auto>")]
    #[schemars(extend("x-unit" = "pixels"))]
    pub height: Option<usize>,
    /// Columns of input pictures; `auto` keeps those of the weights (128 for checkpoints of other projects).
    #[serde(with = "NumberOr::<Auto>")]
    #[schemars(extend("x-unit" = "pixels"))]
    pub width: Option<usize>,
    /// Where image stems and text table start from.
    pub stems: Stems,
    /// Whether the encoder keeps its pre-trained weights, learns, or is random.
    pub encoder: EncoderUse,
    /// How pictures are normalised for a checkpoint whose layout does not say.
    pub normalisation: Normalisation,
    /// Attention heads of a checkpoint; `auto` is one per 64 channels.
    #[serde(with = "NumberOr::<Auto>")]
    pub attention_heads: Option<usize>,
    /// Modalities that get a tokenizer, joined by `+`: `rgb`, which is required, `infrared`, `sketch`, `colour-pencil` and
    /// `text`.
    #[schemars(with = "String")]
    pub modalities: ModalitySet,
    /// What embeds text: the shared encoder, or an encoder of sentences of its own. The weights must have what is named.
    pub text: TextUse,
    /// Modalities whose tokenizers keep their pre-trained weights.
    pub frozen_tokenizers: Vec<Modality>,
    /// Whether the `[CLS]` token and the output projection, which all modalities share, learn.
    pub shared: Shared,
    /// Which statistics batch normalisation uses in training.
    pub batch_norm_mode: BatchNormMode,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            weights: "embedded".into(),
            height: None,
            width: None,
            stems: Stems::FromCheckpoint,
            encoder: EncoderUse::Frozen,
            normalisation: Normalisation::Auto,
            attention_heads: None,
            modalities: [Modality::Rgb, Modality::Infrared, Modality::Sketch, Modality::Text]
                .into_iter()
                .collect(),
            text: TextUse::Table,
            frozen_tokenizers: Vec::new(),
            shared: Shared::Trained,
            batch_norm_mode: BatchNormMode::Batch,
        }
    }
}

use super::number_or_word::{Auto, AutoPixels, NumberOr};
use aio_encoder::AdapterKind;
use aio_model::import::{Normalisation, Stems};
use aio_model::{AbsentUse, AdapterUse, EncoderUse, FusionUse, Shared, TextUse};
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
    #[serde(with = "NumberOr::<AutoPixels>")]
    #[schemars(extend("x-unit" = "pixels"))]
    pub height: Option<usize>,
    /// Columns of input pictures; `auto` keeps those of the weights (128 for checkpoints of other projects).
    #[serde(with = "NumberOr::<AutoPixels>")]
    #[schemars(extend("x-unit" = "pixels"))]
    pub width: Option<usize>,
    /// Where image stems and text table start from.
    pub stems: Stems,
    /// Whether the encoder keeps its pre-trained weights, learns, or is random.
    pub encoder: EncoderUse,
    /// What is trained inside the blocks of a frozen encoder, apart for each modality (docs/weights.md).
    pub adapters: AdapterUse,
    /// Rank of low-rank adapters.
    #[schemars(range(min = 1))]
    pub lora_rank: usize,
    /// Factor of low-rank adapters, which is divided by their rank.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub lora_alpha: f64,
    /// Prompts of a modality in every block.
    #[schemars(range(min = 1, max = 1024), extend("x-unit" = "tokens"))]
    pub prompt_tokens: usize,
    /// How pictures are normalised for a checkpoint whose layout does not say.
    pub normalisation: Normalisation,
    /// Attention heads of a checkpoint; `auto` takes those of the published models of its width.
    #[serde(with = "NumberOr::<Auto>")]
    pub attention_heads: Option<usize>,
    /// Modalities that get a tokenizer, joined by `+`: `rgb`, which is required, `infrared`, `sketch`, `colour-pencil` and
    /// `text`.
    #[schemars(with = "String")]
    pub modalities: ModalitySet,
    /// What embeds text: the shared encoder, or an encoder of sentences of its own. The weights must have what is named.
    pub text: TextUse,
    /// How the modalities of a query become one embedding, in training as in retrieval (docs/weights.md).
    pub fusion: FusionUse,
    /// What stands for a modality that a query lacks.
    pub absent: AbsentUse,
    /// Modalities whose tokenizers keep their pre-trained weights.
    pub frozen_tokenizers: Vec<Modality>,
    /// Whether the `[CLS]` token and the output projection, which all modalities share, learn.
    pub shared: Shared,
    /// Which statistics batch normalisation uses in training. Frozen tokenizers use the pre-trained ones in any case.
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
            adapters: AdapterUse::None,
            lora_rank: 8,
            lora_alpha: 8.0,
            prompt_tokens: 8,
            normalisation: Normalisation::Auto,
            attention_heads: None,
            modalities: [Modality::Rgb, Modality::Infrared, Modality::Sketch, Modality::Text]
                .into_iter()
                .collect(),
            text: TextUse::Table,
            fusion: FusionUse::Sequence,
            absent: AbsentUse::None,
            frozen_tokenizers: Vec::new(),
            shared: Shared::Trained,
            batch_norm_mode: BatchNormMode::Batch,
        }
    }
}

impl ModelConfig {
    /// The adapters of the encoder, if there are any.
    #[must_use]
    pub fn adapter_kind(&self) -> Option<AdapterKind> {
        match self.adapters {
            AdapterUse::None => None,
            AdapterUse::Lora => {
                Some(AdapterKind::Lora { rank: self.lora_rank, alpha: self.lora_alpha })
            }
            AdapterUse::Prompts => Some(AdapterKind::Prompts { tokens: self.prompt_tokens }),
        }
    }
}

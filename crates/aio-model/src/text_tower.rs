//! An encoder of sentences of its own beside the shared one: the text half of a dual encoder.

use crate::Projection;
use aio_encoder::{Encoder, EncoderConfig, Precision};
use aio_tokenize::{TextConfig, TextTokenizer};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use serde::{Deserialize, Serialize};

/// What embeds text.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum TextUse {
    /// The shared encoder, from the rows of an embedding table, as in the paper. Text enters one sequence with other modalities.
    #[default]
    Table,
    /// The text tower of a CLIP checkpoint, which keeps its weights: a dual encoder. A query of text and something else is the
    /// mean of two unit embeddings.
    Tower,
    /// The same tower, trained with everything else.
    TrainedTower,
}

impl TextUse {
    /// Whether text has an encoder of its own.
    #[must_use]
    pub fn is_tower(self) -> bool {
        self != Self::Table
    }
}

/// CLIP's encoder of sentences: token table, positions, blocks with causal attention, and a projection of the end token.
///
/// Radford et al., "Learning Transferable Visual Models From Natural Language Supervision" (ICML 2021); `encode_text` of openai/CLIP and open_clip.
#[derive(Module, Debug)]
pub struct TextTower {
    /// Token ids to tokens.
    pub tokenizer: TextTokenizer,
    /// The blocks.
    pub encoder: Encoder,
    /// `ln_final` and `text_projection`.
    pub projection: Projection,
}

/// The tokens of sentences in a tower.
pub(crate) struct Sentences {
    /// `[batch, length, width]`
    pub(crate) tokens: Tensor<3>,
    /// `[batch, length]`, all 1. No token sees a later one, so that padding behind the end token changes nothing.
    pub(crate) attention_mask: Tensor<2>,
    /// Position of the end token in each row: `[batch]`.
    pub(crate) ends: Tensor<1, Int>,
}

impl TextTower {
    /// A tower with random weights. `encoder` is causal.
    #[must_use]
    pub fn new(encoder: &EncoderConfig, embedding: usize, device: &Device) -> Self {
        let width = encoder.embed_dim;
        Self {
            tokenizer: TextConfig { width }.init(width, device),
            encoder: encoder.init(device),
            projection: Projection::new(encoder, embedding, false, device),
        }
    }

    /// The same tower whose encoder computes its large products in `precision`.
    #[must_use]
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { encoder: self.encoder.with_precision(precision), ..self }
    }

    /// Embeds sentences. What follows the end token changes nothing.
    ///
    /// # Shapes
    /// - ids: `[batch, length]` with length ≤ 77, 0 where padded
    /// - output: `[batch, embedding]`
    #[must_use]
    pub fn embed(&self, ids: Tensor<2, Int>) -> Tensor<2> {
        let Sentences { tokens, attention_mask, ends } = self.sentences(ids);
        let [batch, _, width] = tokens.dims();
        let tokens = self.encoder.forward(tokens, attention_mask);
        let places = ends.reshape([batch, 1, 1]).expand([batch, 1, width]);
        self.projection.forward(tokens.gather(1, places).reshape([batch, width]))
    }

    /// How much each token of one sentence contributes to its embedding: the row of the end token of [`Encoder::rollout`].
    ///
    /// # Shapes
    /// - ids: `[1, length]`
    /// - output: `[length]`
    #[must_use]
    pub fn rollout(&self, ids: Tensor<2, Int>) -> Tensor<1> {
        let Sentences { tokens, attention_mask, ends } = self.sentences(ids);
        let [_, length, _] = tokens.dims();
        self.encoder.rollout(tokens, attention_mask, &[]).select(1, ends).reshape([length])
    }

    /// The input of the blocks. The end token has the largest id of the vocabulary.
    pub(crate) fn sentences(&self, ids: Tensor<2, Int>) -> Sentences {
        let [batch, length] = ids.dims();
        let tokens = self.tokenizer.forward(ids.clone());
        let attention_mask = Tensor::ones([batch, length], &tokens.device().inner());
        Sentences { tokens, attention_mask, ends: ids.argmax(1).reshape([batch]) }
    }
}

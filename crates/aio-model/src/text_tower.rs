//! An encoder of sentences of its own beside the shared one: the text half of a dual encoder.

use crate::Projection;
use aio_encoder::{Context, Encoder, EncoderConfig, Precision};
use aio_tokenize::bpe::END;
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
    /// A tower with random weights for sentences of at most `context` tokens. `encoder` is causal.
    #[must_use]
    pub fn new(encoder: &EncoderConfig, context: usize, embedding: usize, device: &Device) -> Self {
        let width = encoder.embed_dim;
        Self {
            tokenizer: TextConfig { width }.init_for(context, width, device),
            encoder: encoder.init(device),
            projection: Projection::new(encoder, None, embedding, false, device),
        }
    }

    /// The same tower whose encoder computes its large products in `precision`.
    #[must_use]
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { encoder: self.encoder.with_precision(precision), ..self }
    }

    /// Embeds sentences. What follows the end token changes nothing. A sentence that is longer than the tower's positions is cut, and its last token
    /// becomes the end token, as the tokenizers of openai/CLIP and open_clip do it.
    ///
    /// # Shapes
    /// - ids: `[batch, length]`, 0 where padded
    /// - output: `[batch, embedding]`
    #[must_use]
    pub fn embed(&self, ids: Tensor<2, Int>) -> Tensor<2> {
        let Sentences { tokens, attention_mask, ends } = self.sentences(ids);
        let [batch, _, width] = tokens.dims();
        let tokens = self.encoder.forward(tokens, attention_mask);
        let places = ends.reshape([batch, 1, 1]).expand([batch, 1, width]);
        self.projection.forward(tokens.gather(1, places).reshape([batch, width]))
    }

    /// How much each token of one sentence contributes to its embedding: the row of the end token of [`Encoder::rollout`]. What is cut off is left out.
    ///
    /// # Shapes
    /// - ids: `[1, length]`
    /// - output: `[length]`
    #[must_use]
    pub fn rollout(&self, ids: Tensor<2, Int>) -> Tensor<1> {
        let Sentences { tokens, attention_mask, ends } = self.sentences(ids);
        let [_, length, _] = tokens.dims();
        self.encoder
            .rollout(tokens, attention_mask, Context::default())
            .select(1, ends)
            .reshape([length])
    }

    /// The input of the blocks. The end token has the largest id of the vocabulary.
    pub(crate) fn sentences(&self, ids: Tensor<2, Int>) -> Sentences {
        let ids = within(ids, self.tokenizer.context());
        let [batch, length] = ids.dims();
        let tokens = self.tokenizer.forward(ids.clone());
        let attention_mask = Tensor::ones([batch, length], &tokens.device().inner());
        Sentences { tokens, attention_mask, ends: ids.argmax(1).reshape([batch]) }
    }
}

/// Ids of at most `context` tokens per sentence; the last token of a sentence that is cut is the end token.
fn within(ids: Tensor<2, Int>, context: usize) -> Tensor<2, Int> {
    let [_, length] = ids.dims();
    if length <= context {
        return ids;
    }
    let last = ids.clone().narrow(1, context - 1, 1);
    let is_token = last.clone().greater_elem(0);
    let last = last.mask_fill(is_token, i64::from(END));
    Tensor::cat(vec![ids.narrow(1, 0, context - 1), last], 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_that_is_too_long_ends_with_the_end_token() {
        let device = Device::flex();
        let ids = Tensor::<2, Int>::from_data(
            [[49406, 5, 6, 7, 49407], [49406, 5, 49407, 0, 0], [49406, 5, 6, 49407, 0]],
            &device,
        );
        let of =
            |context| within(ids.clone(), context).into_data().iter::<i64>().collect::<Vec<_>>();
        let cut = [49406, 5, 6, 49407, 49406, 5, 49407, 0, 49406, 5, 6, 49407];
        assert_eq!(of(4), cut);
        assert_eq!(of(3), [49406, 5, 49407, 49406, 5, 49407, 49406, 5, 49407]);
        assert_eq!(of(5).len(), 15);
    }
}

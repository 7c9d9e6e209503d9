use crate::bpe::{CONTEXT, VOCABULARY};
use burn::module::{Initializer, Module, Param};
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::tensor::{Device, Int, Tensor};
use serde::{Deserialize, Serialize};

/// Sizes of the text tokenizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextConfig {
    /// Width of the embedding table's rows; they are projected where it differs from the encoder's width.
    pub width: usize,
}

/// Token ids to tokens: embedding table, projection where the widths differ, learned positions.
#[derive(Module, Debug)]
pub struct TextTokenizer {
    embedding: Embedding,
    proj: Option<Linear>,
    /// `[context, width]`
    positions: Param<Tensor<2>>,
}

impl TextConfig {
    /// Builds a text tokenizer for an encoder of `width`, with CLIP's vocabulary.
    #[must_use]
    pub fn init(&self, width: usize, device: &Device) -> TextTokenizer {
        self.init_for(VOCABULARY, CONTEXT, width, device)
    }

    /// [`Self::init`] for ids below `vocabulary` and sentences of at most `context` tokens.
    #[must_use]
    pub fn init_for(
        &self,
        vocabulary: usize,
        context: usize,
        width: usize,
        device: &Device,
    ) -> TextTokenizer {
        let normal = |std| Initializer::Normal { mean: 0.0, std };
        TextTokenizer {
            embedding: EmbeddingConfig::new(vocabulary, self.width)
                .with_initializer(normal(0.1))
                .init(device),
            proj: (self.width != width)
                .then(|| LinearConfig::new(self.width, width).with_bias(false).init(device)),
            positions: normal(0.02).init([context, width], device),
        }
    }
}

impl TextTokenizer {
    /// The most tokens of a sentence: 77, or fewer in some text towers.
    #[must_use]
    pub fn context(&self) -> usize {
        let [context, _] = self.positions.dims();
        context
    }

    /// Turns token ids into tokens; trailing padding may have been cut off.
    ///
    /// # Shapes
    /// - ids: `[batch, length]` with length ≤ [`Self::context`]
    /// - output: `[batch, length, width]`
    #[must_use]
    pub fn forward(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        self.with_positions(self.embedded(ids))
    }

    /// [`Self::forward`] with `mask` in the place of some embeddings.
    ///
    /// # Shapes
    /// - ids: `[batch, length]` with length ≤ [`Self::context`]
    /// - masked: `[batch, length]`, 1 where `mask` stands and 0 elsewhere
    /// - mask: `[width]`
    /// - output: `[batch, length, width]`
    #[must_use]
    pub fn forward_masked(
        &self,
        ids: Tensor<2, Int>,
        masked: Tensor<2, Int>,
        mask: Tensor<1>,
    ) -> Tensor<3> {
        let tokens = self.embedded(ids);
        let shape = tokens.dims();
        let masked = masked.greater_elem(0).unsqueeze_dim::<3>(2).expand(shape);
        self.with_positions(tokens.mask_where(masked, mask.unsqueeze::<3>().expand(shape)))
    }

    /// Which ids are tokens of a sentence: all up to the last one that is not 0. CLIP's id 0 is an exclamation mark inside a sentence and padding
    /// behind it, and every sentence ends with the end token.
    ///
    /// # Shapes
    /// - ids: `[batch, length]`, 0 where padded
    /// - output: `[batch, length]`, 1 for tokens and 0 for padding
    #[must_use]
    pub fn attention_mask(ids: Tensor<2, Int>) -> Tensor<2> {
        let others = ids.greater_elem(0).int();
        // How many there are at a place and behind it.
        others.flip([1]).cumsum(1).flip([1]).greater_elem(0).float()
    }

    fn embedded(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        let rows = self.embedding.forward(ids);
        match &self.proj {
            Some(proj) => proj.forward(rows),
            None => rows,
        }
    }

    fn with_positions(&self, tokens: Tensor<3>) -> Tensor<3> {
        let [_, length, _] = tokens.dims();
        tokens + self.positions.val().narrow(0, 0, length).unsqueeze::<3>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bpe::Bpe;

    #[test]
    fn an_exclamation_mark_inside_a_sentence_is_no_padding() {
        let mut marked = Bpe::clip().ids("a man!(\"x").0;
        // As `SimpleTokenizer` of OpenAI's CLIP.
        assert_eq!(marked, [49406, 320, 786, 0, 18741, 343, 49407]);
        let mut plain = Bpe::clip().ids("a man").0;
        for ids in [&mut marked, &mut plain] {
            ids.resize(8, 0);
        }
        let ids: Vec<i32> = [marked, plain].concat().into_iter().map(|id| id as i32).collect();
        let ids = Tensor::<1, Int>::from_data(&ids[..], &Device::flex()).reshape([2, 8]);
        let mask: Vec<f32> = TextTokenizer::attention_mask(ids).into_data().iter().collect();
        assert_eq!(mask[..8], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0]);
        assert_eq!(mask[8..], [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    }
}

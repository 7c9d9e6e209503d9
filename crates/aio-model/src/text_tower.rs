//! An encoder of sentences of its own beside the shared one: the text half of a dual encoder.

use crate::{PiecesConfig, Projection};
use aio_encoder::{Context, Encoder, EncoderConfig, Precision};
use aio_tokenize::bpe::{END, VOCABULARY};
use aio_tokenize::{SentenceTokenizer, TextConfig, TextTokenizer};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use serde::{Deserialize, Serialize};

/// What embeds text.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum TextUse {
    /// The shared encoder, from the rows of an embedding table, as in the paper. Text enters one sequence with other modalities.
    #[default]
    Table,
    /// The text tower of a CLIP or SigLIP checkpoint, which keeps its weights: a dual encoder. A query of text and something else is the
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

/// An encoder of sentences: token table, positions, blocks, and a projection of one token.
///
/// CLIP's has causal attention and takes the end token: Radford et al., "Learning Transferable Visual Models From Natural Language Supervision" (ICML
/// 2021); `encode_text` of openai/CLIP and open_clip. In SigLIP's, all tokens see each other, padding among them, the last one is taken, and the
/// projection has a bias: Zhai et al., "Sigmoid Loss for Language Image Pre-Training" (ICCV 2023); `SiglipTextModel` of Hugging Face's transformers.
#[derive(Module, Debug)]
pub struct TextTower {
    /// Token ids to tokens.
    pub tokenizer: TextTokenizer,
    /// The blocks.
    pub encoder: Encoder,
    /// `ln_final` and `text_projection`.
    pub projection: Projection,
    /// What makes ids of sentences, as many as the tower has positions. A tower that [`Self::new`] has made reads CLIP's ids, until it is given the
    /// pieces of a file.
    #[module(skip)]
    pub reader: SentenceTokenizer,
    /// What SigLIP's tower knows of its tokenizer; none in CLIP's.
    #[module(skip)]
    pieces: Option<PiecesConfig>,
}

/// The tokens of sentences in a tower.
pub(crate) struct Sentences {
    /// `[batch, length, width]`
    pub(crate) tokens: Tensor<3>,
    /// `[batch, length]`, all 1. In CLIP's tower no token sees a later one, so that padding behind the end token changes nothing; SigLIP's sees it.
    pub(crate) attention_mask: Tensor<2>,
    /// Position of the token in each row whose output is the sentence's, the end token or the last one: `[batch]`.
    pub(crate) ends: Tensor<1, Int>,
}

impl TextTower {
    /// A tower with random weights for sentences of at most `context` tokens: SigLIP's if there are `pieces`, CLIP's otherwise, whose `encoder` is
    /// causal.
    #[must_use]
    pub fn new(
        encoder: &EncoderConfig,
        pieces: Option<PiecesConfig>,
        context: usize,
        embedding: usize,
        device: &Device,
    ) -> Self {
        let width = encoder.embed_dim;
        let vocabulary = pieces.map_or(VOCABULARY, |pieces| pieces.vocabulary);
        Self {
            tokenizer: TextConfig { width }.init_for(vocabulary, context, width, device),
            encoder: encoder.init(device),
            projection: Projection::new(encoder, None, embedding, pieces.is_some(), device),
            reader: SentenceTokenizer::Clip { context },
            pieces,
        }
    }

    /// The same tower whose encoder computes its large products in `precision`.
    #[must_use]
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { encoder: self.encoder.with_precision(precision), ..self }
    }

    /// Embeds sentences. A sentence that is longer than the tower's positions is cut, and its last token becomes the end token, as the tokenizers of
    /// openai/CLIP, open_clip and SigLIP do it. In CLIP's tower, what follows the end token changes nothing; in SigLIP's, a shorter sentence is filled
    /// with the token that its tokenizer fills with.
    ///
    /// # Shapes
    /// - ids: `[batch, length]`, 0 where padded in CLIP's tower, the tokenizer's padding in SigLIP's
    /// - output: `[batch, embedding]`
    #[must_use]
    pub fn embed(&self, ids: Tensor<2, Int>) -> Tensor<2> {
        let Sentences { tokens, attention_mask, ends } = self.sentences(ids);
        let [batch, _, width] = tokens.dims();
        let tokens = self.encoder.forward(tokens, attention_mask);
        let places = ends.reshape([batch, 1, 1]).expand([batch, 1, width]);
        self.projection.forward(tokens.gather(1, places).reshape([batch, width]))
    }

    /// How much each token of one sentence contributes to its embedding: the row of [`Encoder::rollout`] of the token that is taken. What is cut off
    /// is left out, and what SigLIP's tower is filled with is there.
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

    /// The input of the blocks. CLIP's end token has the largest id of its vocabulary.
    pub(crate) fn sentences(&self, ids: Tensor<2, Int>) -> Sentences {
        let context = self.tokenizer.context();
        let ids = match self.pieces {
            Some(PiecesConfig { end, padding, .. }) => {
                filled(within(ids, context, end, padding), context, padding)
            }
            None => within(ids, context, END, 0),
        };
        let [batch, length] = ids.dims();
        let tokens = self.tokenizer.forward(ids.clone());
        let attention_mask = Tensor::ones([batch, length], &tokens.device().inner());
        let ends = match self.pieces {
            Some(_) => Tensor::full([batch], length as i64 - 1, &ids.device()),
            None => ids.argmax(1).reshape([batch]),
        };
        Sentences { tokens, attention_mask, ends }
    }
}

/// Ids of at most `context` tokens per sentence; the last token of a sentence that is cut is its end.
///
/// CLIP pads with 0, which is also an exclamation mark within a word: only where nothing else follows it is padding.
fn within(ids: Tensor<2, Int>, context: usize, end: u32, padding: u32) -> Tensor<2, Int> {
    let [_, length] = ids.dims();
    if length <= context {
        return ids;
    }
    let last = ids.clone().narrow(1, context - 1, 1);
    let rest = ids.clone().narrow(1, context - 1, length - context + 1);
    let is_cut = rest.not_equal_elem(i64::from(padding)).any_dim(1);
    let last = last.mask_fill(is_cut, i64::from(end));
    Tensor::cat(vec![ids.narrow(1, 0, context - 1), last], 1)
}

/// Ids of exactly `context` tokens per sentence, which have no more.
fn filled(ids: Tensor<2, Int>, context: usize, padding: u32) -> Tensor<2, Int> {
    let [batch, length] = ids.dims();
    if length == context {
        return ids;
    }
    let rest = Tensor::full([batch, context - length], i64::from(padding), &ids.device());
    Tensor::cat(vec![ids, rest], 1)
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
        let of = |context| {
            within(ids.clone(), context, END, 0).into_data().iter::<i64>().collect::<Vec<_>>()
        };
        let cut = [49406, 5, 6, 49407, 49406, 5, 49407, 0, 49406, 5, 6, 49407];
        assert_eq!(of(4), cut);
        assert_eq!(of(3), [49406, 5, 49407, 49406, 5, 49407, 49406, 5, 49407]);
        assert_eq!(of(5).len(), 15);
        // An exclamation mark within a word has the number of padding.
        let marked = Tensor::<2, Int>::from_data([[49406, 5, 0, 6, 49407]], &device);
        let cut = within(marked, 3, END, 0).into_data().iter::<i64>().collect::<Vec<_>>();
        assert_eq!(cut, [49406, 5, 49407]);
    }

    #[test]
    fn a_sentence_of_pieces_is_cut_or_filled_to_the_positions_of_the_tower() {
        let device = Device::flex();
        let ids = Tensor::<2, Int>::from_data([[5, 6, 7, 8], [5, 2, 9, 9]], &device);
        let of = |context| {
            let ids = filled(within(ids.clone(), context, 2, 9), context, 9);
            ids.into_data().iter::<i64>().collect::<Vec<_>>()
        };
        assert_eq!(of(3), [5, 6, 2, 5, 2, 9]);
        assert_eq!(of(4), [5, 6, 7, 8, 5, 2, 9, 9]);
        assert_eq!(of(6), [5, 6, 7, 8, 9, 9, 5, 2, 9, 9, 9, 9]);
    }
}

//! Masked attribute words and the head that predicts them (VGMAM).

mod masked;
mod vocabulary;
mod words;

pub use masked::{MASK, Masked};
pub use vocabulary::{AttributeVocabulary, AttributeWord, WordCount};

use crate::loss;
use burn::module::{Initializer, Module, Param};
use burn::nn::attention::{MhaInput, MultiHeadAttention, MultiHeadAttentionConfig};
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::activation::gelu;
use burn::tensor::{Device, Int, Tensor};

/// Width of an attention head, as in IRRA.
const HEAD_WIDTH: usize = 64;

/// Ratio of the widths of a block's inner layer and of its input.
const EXPANSION: usize = 4;

/// Predicts masked attribute words from a picture and the words around them (VGMAM).
///
/// The sequence holds the RGB tokens of a photograph and a caption of it, in which a trained embedding stands for the masked words. It goes through
/// the encoder. A block of the head's own lets the outputs at the masked words attend to all outputs of the sequence, and a classifier names the
/// words. Without this block, a frozen encoder would have to carry the words from the picture to outputs that nothing has trained.
///
/// Reconstruction: the paper masks attribute keywords and predicts them from "concatenated" text and RGB features. That block is IRRA's
/// (cross-attention and a multi-layer perceptron, each behind layer normalisation, `models/build.py`), where the keys are the outputs of the picture
/// alone and four more blocks follow; the classifier (linear, GELU, layer norm, linear) is UNIReID's and IRRA's.
#[derive(Module, Debug)]
pub struct AttributeHead {
    /// Stands for every piece of a masked word in front of the encoder, `[width]`.
    mask: Param<Tensor<1>>,
    query_norm: LayerNorm,
    output_norm: LayerNorm,
    attention: MultiHeadAttention,
    block_norm: LayerNorm,
    expand: Linear,
    contract: Linear,
    hidden: Linear,
    norm: LayerNorm,
    classifier: Linear,
}

impl AttributeHead {
    /// Builds a head for outputs of `width` and `classes` attribute words.
    #[must_use]
    pub fn new(width: usize, classes: usize, device: &Device) -> Self {
        let norm = || LayerNormConfig::new(width).init(device);
        let linear = |from, to| LinearConfig::new(from, to).init(device);
        let heads = if width.is_multiple_of(HEAD_WIDTH) { width / HEAD_WIDTH } else { 1 };
        Self {
            mask: Initializer::Normal { mean: 0.0, std: 0.02 }.init([width], device),
            query_norm: norm(),
            output_norm: norm(),
            attention: MultiHeadAttentionConfig::new(width, heads).with_dropout(0.0).init(device),
            block_norm: norm(),
            expand: linear(width, EXPANSION * width),
            contract: linear(EXPANSION * width, width),
            hidden: linear(width, width),
            norm: norm(),
            classifier: linear(width, classes),
        }
    }

    /// The embedding that stands for a piece of a masked word, before its position is added: `[width]`.
    #[must_use]
    pub fn mask(&self) -> Tensor<1> {
        self.mask.val()
    }

    /// Logits of the masked words.
    ///
    /// # Shapes
    /// - outputs: `[captions, tokens, width]`, what the encoder gave for the sequences
    /// - attention_mask: `[captions, tokens]`, 0 for padding
    /// - places: `[captions, slots]`, the token of each masked word; anything where a caption has fewer
    /// - words: `[words]`, which of the `captions · slots` places are masked words
    /// - output: `[words, classes]`
    #[must_use]
    pub fn forward(
        &self,
        outputs: Tensor<3>,
        attention_mask: Tensor<2>,
        places: Tensor<2, Int>,
        words: Tensor<1, Int>,
    ) -> Tensor<2> {
        let ([captions, slots], [_, _, width]) = (places.dims(), outputs.dims());
        let places = places.unsqueeze_dim::<3>(2).expand([captions, slots, width]);
        let masked = outputs.clone().gather(1, places);
        let context = self.output_norm.forward(outputs);
        let attended = self.attention.forward(
            MhaInput::new(self.query_norm.forward(masked.clone()), context.clone(), context)
                .mask_pad(attention_mask.equal_elem(0.0)),
        );
        let seen = (masked + attended.context).reshape([captions * slots, width]).select(0, words);
        let inner = gelu(self.expand.forward(self.block_norm.forward(seen.clone())));
        let seen = seen + self.contract.forward(inner);
        self.classifier.forward(self.norm.forward(gelu(self.hidden.forward(seen))))
    }

    /// Floating-point operations of a forward pass over captions of `tokens` outputs each, with `words` masked words in all. A multiplication and an
    /// addition are two.
    #[must_use]
    pub fn flops([captions, tokens, width]: [usize; 3], words: usize, classes: usize) -> f64 {
        let keys_and_values = 2 * captions * tokens * width * width;
        let attention = words * (2 * width * width + 2 * tokens * width);
        let layers = words * (2 * EXPANSION * width * width + width * width + width * classes);
        2.0 * (keys_and_values + attention + layers) as f64
    }
}

/// Cross-entropy of masked words. Logits behind those that have a label are padding.
///
/// # Shapes
/// - logits: `[at least words, classes]`, labels: `[words]`, output: `[1]`
#[must_use]
pub fn attribute_loss(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    loss::smoothed_cross_entropy(labelled(logits, &labels), labels, 0.0)
}

/// Share of masked words whose logit is the largest, in 0..1. Logits behind those that have a label are padding.
///
/// # Shapes
/// - logits: `[at least words, classes]`, labels: `[words]`, output: `[1]`
#[must_use]
pub fn attribute_accuracy(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    let [words] = labels.dims();
    let named = labelled(logits, &labels).argmax(1).reshape([words]);
    named.equal(labels).float().mean()
}

fn labelled(logits: Tensor<2>, labels: &Tensor<1, Int>) -> Tensor<2> {
    let ([rows, _], [words]) = (logits.dims(), labels.dims());
    if rows > words { logits.narrow(0, 0, words) } else { logits }
}

//! A pre-norm transformer block: the operation in which an encoder spends its time.
//!
//! On the CPU the whole block is one operation. A thread takes some sequences through all of it, so
//! that intermediate values stay in its cache, residuals and biases are added where the values
//! already are, and the autodiff graph has one node per block.

mod activation;
mod attention;
mod backward;
mod buffers;
mod forward;
mod operation;
mod parameter_gradients;
pub(crate) mod portable;
mod rotation;
mod shape;
#[cfg(test)]
mod tests;
mod weights;

pub use activation::Activation;
pub use portable::attention_weights;
pub use rotation::Rotation;

use crate::Precision;
use crate::bridge::on_cpu;
use burn::tensor::Tensor;

/// Scale γ and shift β of a layer normalisation, `[width]` each.
#[derive(Debug, Clone)]
pub struct NormWeights {
    /// The scale.
    pub gamma: Tensor<1>,
    /// The shift.
    pub beta: Tensor<1>,
}

/// A linear layer: `x·weight + bias`.
#[derive(Debug, Clone)]
pub struct LinearWeights {
    /// `[in, out]`
    pub weight: Tensor<2>,
    /// `[out]`
    pub bias: Tensor<1>,
}

/// Scales per channel of the two residual branches, `[width]` each (LayerScale).
///
/// Touvron et al., "Going deeper with Image Transformers", ICCV 2021, equation 4.
#[derive(Debug, Clone)]
pub struct BranchScales {
    /// The scale of the attention branch.
    pub attention: Tensor<1>,
    /// The scale of the branch of the perceptron.
    pub mlp: Tensor<1>,
}

/// The weights of a block.
#[derive(Debug, Clone)]
pub struct BlockWeights {
    /// Before attention.
    pub norm1: NormWeights,
    /// Queries, keys and values: `[width, 3 · width]`, head-major within each.
    pub qkv: LinearWeights,
    /// After attention: `[width, width]`.
    pub proj: LinearWeights,
    /// Before the perceptron.
    pub norm2: NormWeights,
    /// First layer of the perceptron: `[width, hidden]`.
    pub fc1: LinearWeights,
    /// Second layer of the perceptron: `[hidden, width]`.
    pub fc2: LinearWeights,
    /// Scales of the residual branches, if the block has them.
    pub scales: Option<BranchScales>,
}

/// What a block has besides its weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlockSettings {
    /// Attention heads; the width is a multiple of it.
    pub heads: usize,
    /// The perceptron's non-linearity.
    pub activation: Activation,
    /// ε of the layer normalisations.
    pub epsilon: f64,
    /// Number format of the large products.
    pub precision: Precision,
    /// Whether a token attends to itself and the tokens before it alone, as in a language model.
    pub causal: bool,
}

/// One pre-norm transformer block: `h = x + s₁·proj(attention(qkv(norm₁(x))))`, then
/// `h + s₂·fc2(activation(fc1(norm₂(h))))`.
///
/// Attention per head is `softmax(QKᵀ/√head_dim)·V` (Vaswani et al., "Attention Is All You Need",
/// 2017, equation 1). A key whose entry in `attention_mask` is 0 gets the weight 0; every sequence
/// needs at least one key with a 1; if `causal`, its first key is one. The order of operations is that of
/// `timm.models.vision_transformer.Block`. With a `rotation`, queries and keys are turned before
/// their product.
///
/// # Shapes
/// - x and output: `[batch, tokens, width]`
/// - attention_mask: `[batch, tokens]`, 1 for tokens and 0 for padding
/// - rotation: of `tokens` tokens
#[must_use]
pub fn transformer_block(
    x: Tensor<3>,
    attention_mask: Tensor<2>,
    weights: BlockWeights,
    rotation: Option<Rotation>,
    settings: BlockSettings,
) -> Tensor<3> {
    if settings.precision == Precision::F32 && on_cpu(&x) {
        operation::run(x, attention_mask, weights, rotation, settings)
    } else {
        portable::transformer_block(x, attention_mask, weights, rotation, settings)
    }
}

//! Tensor operations that decide how fast the framework trains on a CPU.
//!
//! Burn's CPU backend runs element-wise work on one thread and differentiates GELU, layer normalisation and
//! attention through many such passes. Each function here computes the same thing as its plain composition in
//! [`mod@reference`]; on the CPU it uses a parallel kernel with a hand-written backward pass, on every other device the
//! composition itself. The tests compare the two, values and gradients.

mod extension;
mod kernels;
pub mod reference;

use burn::backend::Dispatch;
use burn::tensor::{Device, Tensor};
use extension::FusedOps;
use serde::{Deserialize, Serialize};

/// In which numbers the large products of the encoder are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 32-bit floating point.
    #[default]
    F32,
    /// Operands of matrix products in bfloat16, sums and everything else in 32 bits: what PyTorch's autocast does. For GPUs; on the CPU
    /// it is slower.
    Bf16,
}

fn on_cpu<const D: usize>(tensor: &Tensor<D>) -> bool {
    tensor.device() == Device::flex()
}

/// Gaussian error linear unit, exact form: `x·Φ(x)`.
///
/// # Shapes
/// - input and output: `[batch, tokens, width]`
#[must_use]
pub fn gelu(x: Tensor<3>) -> Tensor<3> {
    if !on_cpu(&x) {
        return reference::gelu(x);
    }
    Tensor::from_dispatch(<Dispatch as FusedOps>::fused_gelu(x.into_dispatch()))
}

/// Layer normalisation over the last axis: `γ·(x − mean)/√(var + ε) + β`, with the biased variance.
///
/// # Shapes
/// - x and output: `[batch, tokens, width]`
/// - gamma, beta: `[width]`
#[must_use]
pub fn layer_norm(x: Tensor<3>, gamma: Tensor<1>, beta: Tensor<1>, epsilon: f64) -> Tensor<3> {
    if !on_cpu(&x) {
        return reference::layer_norm(x, gamma, beta, epsilon);
    }
    let output = <Dispatch as FusedOps>::fused_layer_norm(
        x.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        epsilon as f32,
    );
    Tensor::from_dispatch(output)
}

/// Multi-head self-attention from the joint projection of queries, keys and values: `softmax(QKᵀ/√d)·V` per head.
///
/// A key whose entry in `keep` is 0 is seen by nobody; every sequence must keep at least one.
///
/// # Shapes
/// - qkv: `[batch, tokens, 3 · heads · d]`, queries before keys before values, head-major within each
/// - keep: `[batch, tokens]`, 1 for tokens and 0 for padding
/// - output: `[batch, tokens, heads · d]`
#[must_use]
pub fn attention(qkv: Tensor<3>, keep: Tensor<2>, heads: usize, precision: Precision) -> Tensor<3> {
    if precision != Precision::F32 || !on_cpu(&qkv) {
        return reference::attention(qkv, keep, heads, precision);
    }
    let output =
        <Dispatch as FusedOps>::attention(qkv.into_dispatch(), keep.into_dispatch(), heads);
    Tensor::from_dispatch(output)
}

/// Linear map of every token: `x·W + b`.
///
/// # Shapes
/// - x: `[batch, tokens, in]`
/// - weight: `[in, out]`, bias: `[out]`
/// - output: `[batch, tokens, out]`
#[must_use]
pub fn linear(x: Tensor<3>, weight: Tensor<2>, bias: Tensor<1>, precision: Precision) -> Tensor<3> {
    if precision != Precision::F32 || !on_cpu(&x) {
        return reference::linear(x, weight, bias, precision);
    }
    let output = <Dispatch as FusedOps>::fused_linear(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
    );
    Tensor::from_dispatch(output)
}

/// Geometry of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Height and width of the kernel.
    pub kernel: usize,
    /// Distance between windows.
    pub stride: usize,
    /// Zeros added on every side.
    pub padding: usize,
}

impl Window {
    /// Number of windows along a side of `length` pixels.
    #[must_use]
    pub fn count(&self, length: usize) -> usize {
        (length + 2 * self.padding - self.kernel) / self.stride + 1
    }
}

/// Convolution without bias over pictures whose channels come last.
///
/// # Shapes
/// - x: `[batch, height, width, channels]`
/// - kernel: `[side · side · channels, out]`, kernel row before kernel column before channel
/// - output: `[batch, windows, out]`, windows row by row
#[must_use]
pub fn convolve(x: Tensor<4>, kernel: Tensor<2>, window: Window) -> Tensor<3> {
    if !on_cpu(&x) {
        return reference::convolve(x, kernel, window);
    }
    let output = <Dispatch as FusedOps>::convolve(
        x.into_dispatch(),
        kernel.into_dispatch(),
        window.kernel,
        window.stride,
        window.padding,
    );
    Tensor::from_dispatch(output)
}

/// How the statistics of a normalisation over pixels are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IbnSplit {
    /// Leading channels that are normalised per picture (instance normalisation); the rest per batch.
    pub instance: usize,
}

/// Standardises pixels per channel: the first channels within each picture, the others over the whole batch.
///
/// This is IBN-a (Pan et al., ECCV 2018) before the affine map. Use [`affine_relu`] for what follows it.
///
/// # Shapes
/// - x and output: `[batch, pixels, channels]`
#[must_use]
pub fn standardise(x: Tensor<3>, split: IbnSplit, epsilon: f64) -> Tensor<3> {
    if !on_cpu(&x) {
        return reference::standardise(x, split, epsilon);
    }
    Tensor::from_dispatch(<Dispatch as FusedOps>::standardise(
        x.into_dispatch(),
        split.instance,
        epsilon as f32,
    ))
}

/// `max(0, γ·x + β)` with one γ and β per channel.
///
/// # Shapes
/// - x and output: `[batch, pixels, channels]`
/// - gamma, beta: `[channels]`
#[must_use]
pub fn affine_relu(x: Tensor<3>, gamma: Tensor<1>, beta: Tensor<1>) -> Tensor<3> {
    if !on_cpu(&x) {
        return reference::affine_relu(x, gamma, beta);
    }
    let output = <Dispatch as FusedOps>::affine_relu(
        x.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
    );
    Tensor::from_dispatch(output)
}

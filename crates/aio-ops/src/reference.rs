//! The plain compositions: what every function of this crate computes, for devices without a kernel and for tests.

use crate::{IbnSplit, Precision, Window};
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{FloatDType, Tensor, activation};

/// See [`crate::gelu`].
#[must_use]
pub fn gelu(x: Tensor<3>) -> Tensor<3> {
    activation::gelu(x)
}

/// See [`crate::layer_norm`].
#[must_use]
pub fn layer_norm(x: Tensor<3>, gamma: Tensor<1>, beta: Tensor<1>, epsilon: f64) -> Tensor<3> {
    let centred = x.clone() - x.mean_dim(2);
    let variance = centred.clone().powi_scalar(2).mean_dim(2);
    centred / (variance + epsilon).sqrt() * gamma.unsqueeze::<3>() + beta.unsqueeze::<3>()
}

/// The operands of a product in a precision.
fn operand<const D: usize>(x: Tensor<D>, precision: Precision) -> Tensor<D> {
    match precision {
        Precision::F32 => x,
        Precision::Bf16 => x.cast(FloatDType::BF16),
    }
}

/// A product back in 32 bits.
fn product<const D: usize>(x: Tensor<D>, precision: Precision) -> Tensor<D> {
    match precision {
        Precision::F32 => x,
        Precision::Bf16 => x.cast(FloatDType::F32),
    }
}

/// Queries, keys and values of every head, `[batch, heads, tokens, d]` each.
fn split(qkv: Tensor<3>, heads: usize) -> [Tensor<4>; 3] {
    let [batch, tokens, width] = qkv.dims();
    let depth = width / 3 / heads;
    let parts = qkv.reshape([batch, tokens, 3, heads, depth]).permute([2, 0, 3, 1, 4]);
    [0, 1, 2].map(|i| parts.clone().narrow(0, i, 1).reshape([batch, heads, tokens, depth]))
}

fn weights(
    queries: Tensor<4>,
    keys: Tensor<4>,
    keep: Tensor<2>,
    precision: Precision,
) -> Tensor<4> {
    let [batch, _, tokens, depth] = queries.dims();
    let scores = product(queries.matmul(keys.swap_dims(2, 3)), precision)
        .mul_scalar((depth as f64).powf(-0.5));
    let hidden = (keep - 1.0).mul_scalar(1e9).reshape([batch, 1, 1, tokens]);
    activation::softmax(scores + hidden, 3)
}

/// The weights of [`crate::attention`]: how much of each token (last axis) every token takes.
///
/// # Shapes
/// - qkv, keep: as there
/// - output: `[batch, heads, tokens, tokens]`
#[must_use]
pub fn attention_weights(qkv: Tensor<3>, keep: Tensor<2>, heads: usize) -> Tensor<4> {
    let [queries, keys, _] = split(qkv, heads);
    weights(queries, keys, keep, Precision::F32)
}

/// See [`crate::attention`].
#[must_use]
pub fn attention(qkv: Tensor<3>, keep: Tensor<2>, heads: usize, precision: Precision) -> Tensor<3> {
    let [batch, tokens, width] = qkv.dims();
    let [queries, keys, values] = split(operand(qkv, precision), heads);
    let weights = operand(weights(queries, keys, keep, precision), precision);
    product(weights.matmul(values), precision).swap_dims(1, 2).reshape([batch, tokens, width / 3])
}

/// See [`crate::linear`].
#[must_use]
pub fn linear(x: Tensor<3>, weight: Tensor<2>, bias: Tensor<1>, precision: Precision) -> Tensor<3> {
    product(operand(x, precision).matmul(operand(weight, precision).unsqueeze::<3>()), precision)
        + bias.unsqueeze::<3>()
}

/// See [`crate::convolve`].
#[must_use]
pub fn convolve(x: Tensor<4>, kernel: Tensor<2>, window: Window) -> Tensor<3> {
    let [batch, height, width, channels] = x.dims();
    let ([_, out], k) = (kernel.dims(), window.kernel);
    let weight = kernel.reshape([k, k, channels, out]).permute([3, 2, 0, 1]);
    let options = ConvOptions::new([window.stride; 2], [window.padding; 2], [1, 1], 1);
    let y = conv2d(x.permute([0, 3, 1, 2]), weight, None, options);
    let windows = window.count(height) * window.count(width);
    y.reshape([batch, out, windows]).swap_dims(1, 2)
}

/// See [`crate::standardise`].
#[must_use]
pub fn standardise(x: Tensor<3>, split: IbnSplit, epsilon: f64) -> Tensor<3> {
    let [_, _, channels] = x.dims();
    let over = |part: Tensor<3>, whole_batch: bool| {
        let mean =
            |t: Tensor<3>| if whole_batch { t.mean_dim(1).mean_dim(0) } else { t.mean_dim(1) };
        let centred = part.clone() - mean(part);
        let variance = mean(centred.clone().powi_scalar(2));
        centred / (variance + epsilon).sqrt()
    };
    let n = split.instance;
    if n == 0 {
        return over(x, true);
    }
    if n == channels {
        return over(x, false);
    }
    Tensor::cat(
        vec![over(x.clone().narrow(2, 0, n), false), over(x.narrow(2, n, channels - n), true)],
        2,
    )
}

/// See [`crate::affine_relu`].
#[must_use]
pub fn affine_relu(x: Tensor<3>, gamma: Tensor<1>, beta: Tensor<1>) -> Tensor<3> {
    activation::relu(x * gamma.unsqueeze::<3>() + beta.unsqueeze::<3>())
}

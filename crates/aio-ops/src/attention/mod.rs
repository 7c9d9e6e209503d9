//! Multi-head self-attention.

mod kernel;

use crate::Precision;
use crate::bridge::{BackwardPass, buffer, contiguous, dims, on_cpu, record, tensor, values};
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Tensor, activation};
use kernel::AttentionShape;

/// Multi-head self-attention from the joint projection of queries, keys and values:
/// `softmax(QKᵀ/√head_dim)·V` per head.
///
/// Vaswani et al., "Attention Is All You Need", 2017, equation 1. A key whose entry in
/// `attention_mask` is 0 gets the weight 0; every sequence needs at least one key with a 1.
///
/// # Shapes
/// - qkv: `[batch, tokens, 3 · heads · head_dim]`, queries before keys before values, head-major
///   within each
/// - attention_mask: `[batch, tokens]`, 1 for tokens and 0 for padding
/// - output: `[batch, tokens, heads · head_dim]`
#[must_use]
pub fn attention(
    qkv: Tensor<3>,
    attention_mask: Tensor<2>,
    heads: usize,
    precision: Precision,
) -> Tensor<3> {
    if precision != Precision::F32 || !on_cpu(&qkv) {
        return portable(qkv, attention_mask, heads, precision);
    }
    let output = <Dispatch as AttentionOp>::forward(
        qkv.into_dispatch(),
        attention_mask.into_dispatch(),
        heads,
    );
    Tensor::from_dispatch(output)
}

/// The weights of [`attention`]: the share of each key (last axis) in the output of each query.
///
/// Computed in the portable form on every device.
///
/// # Shapes
/// - qkv, attention_mask: as in [`attention`]
/// - output: `[batch, heads, tokens, tokens]`
#[must_use]
pub fn attention_weights(qkv: Tensor<3>, attention_mask: Tensor<2>, heads: usize) -> Tensor<4> {
    let [queries, keys, _] = split_heads(qkv, heads);
    masked_softmax(queries, keys, attention_mask, Precision::F32)
}

/// See [`crate::attention`].
#[must_use]
pub fn portable(
    qkv: Tensor<3>,
    attention_mask: Tensor<2>,
    heads: usize,
    precision: Precision,
) -> Tensor<3> {
    let [batch, tokens, width] = qkv.dims();
    let [queries, keys, values] = split_heads(precision.cast_operand(qkv), heads);
    let weights = masked_softmax(queries, keys, attention_mask, precision);
    let output = precision.cast_product(precision.cast_operand(weights).matmul(values));
    output.swap_dims(1, 2).reshape([batch, tokens, width / 3])
}

/// Queries, keys and values of every head, `[batch, heads, tokens, head_dim]` each.
fn split_heads(qkv: Tensor<3>, heads: usize) -> [Tensor<4>; 3] {
    let [batch, tokens, width] = qkv.dims();
    let head_dim = width / 3 / heads;
    let parts = qkv.reshape([batch, tokens, 3, heads, head_dim]).permute([2, 0, 3, 1, 4]);
    [0, 1, 2].map(|i| parts.clone().narrow(0, i, 1).reshape([batch, heads, tokens, head_dim]))
}

fn masked_softmax(
    queries: Tensor<4>,
    keys: Tensor<4>,
    attention_mask: Tensor<2>,
    precision: Precision,
) -> Tensor<4> {
    let [batch, _, tokens, head_dim] = queries.dims();
    let scores = precision
        .cast_product(queries.matmul(keys.swap_dims(2, 3)))
        .mul_scalar((head_dim as f64).powf(-0.5));
    let masked = (attention_mask - 1.0).mul_scalar(1e9).reshape([batch, 1, 1, tokens]);
    activation::softmax(scores + masked, 3)
}

/// The operation as Burn's dispatch calls it.
#[backend_extension(Flex, Autodiff)]
trait AttentionOp: Backend {
    fn forward(
        qkv: FloatTensor<Self>,
        attention_mask: FloatTensor<Self>,
        heads: usize,
    ) -> FloatTensor<Self>;
}

impl AttentionOp for Flex {
    fn forward(
        qkv: FloatTensor<Self>,
        attention_mask: FloatTensor<Self>,
        heads: usize,
    ) -> FloatTensor<Self> {
        forward_with_weights(qkv, attention_mask, heads).0
    }
}

/// Output and attention weights, which the backward pass needs.
fn forward_with_weights(
    qkv: FlexTensor,
    attention_mask: FlexTensor,
    heads: usize,
) -> (FlexTensor, FlexTensor) {
    let (qkv, attention_mask) = (contiguous(qkv), contiguous(attention_mask));
    let [batch, tokens, width] = dims(&qkv);
    let (output_shape, weights_shape) =
        ([batch, tokens, width / 3], [batch, heads, tokens, tokens]);
    let (mut y, mut weights) = (buffer(output_shape), buffer(weights_shape));
    let shape = AttentionShape { tokens, heads, head_dim: width / 3 / heads };
    kernel::forward(values(&qkv), values(&attention_mask), shape, &mut y, &mut weights);
    (tensor(y, output_shape), tensor(weights, weights_shape))
}

impl<C: CheckpointStrategy> AttentionOp for Autodiff<Flex, C> {
    fn forward(
        qkv: FloatTensor<Self>,
        attention_mask: FloatTensor<Self>,
        heads: usize,
    ) -> FloatTensor<Self> {
        let (qkv, node) = qkv.into_parts();
        let (y, weights) =
            forward_with_weights(qkv.clone(), attention_mask.into_primitive(), heads);
        record::<C, _, 1>([node], y, AttentionBackward { qkv, weights })
    }
}

#[derive(Debug, Clone)]
struct AttentionBackward {
    qkv: FlexTensor,
    weights: FlexTensor,
}

impl BackwardPass<1> for AttentionBackward {
    fn gradients(self, dy: FlexTensor, _needed: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let (qkv, dy) = (contiguous(self.qkv), contiguous(dy));
        let [_, heads, ..] = dims::<4>(&self.weights);
        let [batch, tokens, width] = dims(&qkv);
        let mut dqkv = buffer([batch, tokens, width]);
        let shape = AttentionShape { tokens, heads, head_dim: width / 3 / heads };
        kernel::backward(values(&qkv), values(&self.weights), values(&dy), shape, &mut dqkv);
        [Some(tensor(dqkv, [batch, tokens, width]))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parity::{check, random};
    use burn::tensor::{Device, TensorData};

    fn mask<const B: usize>(tokens: usize, lengths: [usize; B]) -> Tensor<2> {
        let mut values = vec![0.0f32; B * tokens];
        for (row, length) in values.chunks_exact_mut(tokens).zip(lengths) {
            row[..length].fill(1.0);
        }
        Tensor::from_data(TensorData::new(values, [B, tokens]), &Device::flex())
    }

    #[test]
    fn agrees_with_the_portable_form_with_and_without_padding() {
        for lengths in [[9, 9, 9], [9, 6, 1]] {
            let mask = mask(9, lengths);
            check(
                2e-5,
                random([3, 9, 96], 5),
                [],
                |x, []| attention(x, mask.clone(), 4, Precision::F32),
                |x, []| portable(x, mask.clone(), 4, Precision::F32),
            );
        }
    }

    /// `ndarray` multiplies matrices in blocks of up to 64 rows and 256 summed elements.
    #[test]
    fn agrees_over_several_blocks_of_the_matrix_products() {
        let tokens = 261;
        let mask = mask(tokens, [tokens, 130]);
        check(
            5e-5,
            random([2, tokens, 3 * 2 * 20], 28),
            [],
            |x, []| attention(x, mask.clone(), 2, Precision::F32),
            |x, []| portable(x, mask.clone(), 2, Precision::F32),
        );
    }

    #[test]
    fn weights_sum_to_one_and_leave_padding_out() {
        let qkv = Tensor::<3>::from_data(random([2, 7, 36], 29), &Device::flex());
        let weights = attention_weights(qkv, mask(7, [7, 4]), 3);
        assert_eq!(weights.dims(), [2, 3, 7, 7]);
        for total in weights.clone().sum_dim(3).into_data().iter::<f32>() {
            assert!((total - 1.0).abs() < 1e-6, "{total}");
        }
        let padding: f32 = weights.slice([1..2, 0..3, 0..7, 4..7]).abs().max().into_scalar();
        assert_eq!(padding, 0.0);
    }
}

//! Attention of a block on the CPU: one head of one sequence after the other.

use super::shape::BlockShape;
use crate::arithmetic::{exp, sum};
use crate::product::{Destination, matrix, matrix_mut, product};
use aio_simd::wide;
use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};

/// The three parts of qkv, in their order.
#[derive(Debug, Clone, Copy)]
enum Part {
    Queries,
    Keys,
    Values,
}

impl BlockShape {
    fn offset(&self, part: Part, head: usize) -> usize {
        part as usize * self.width() + head * self.head_dim
    }

    /// One part of one head as `[tokens, head_dim]`.
    fn part<'a>(&self, qkv: &'a [f32], part: Part, head: usize) -> ArrayView2<'a, f32> {
        self.head_columns(&qkv[self.offset(part, head)..], 3 * self.width())
    }

    fn part_mut<'a>(&self, qkv: &'a mut [f32], part: Part, head: usize) -> ArrayViewMut2<'a, f32> {
        self.head_columns_mut(&mut qkv[self.offset(part, head)..], 3 * self.width())
    }

    /// The output of one head as `[tokens, head_dim]`.
    fn output<'a>(&self, y: &'a [f32], head: usize) -> ArrayView2<'a, f32> {
        self.head_columns(&y[head * self.head_dim..], self.width())
    }

    fn output_mut<'a>(&self, y: &'a mut [f32], head: usize) -> ArrayViewMut2<'a, f32> {
        self.head_columns_mut(&mut y[head * self.head_dim..], self.width())
    }

    /// `[tokens, head_dim]` out of rows of `row` values.
    fn head_columns<'a>(&self, values: &'a [f32], row: usize) -> ArrayView2<'a, f32> {
        ArrayView2::from_shape((self.tokens, self.head_dim).strides((row, 1)), values)
            .expect("one row per token")
    }

    fn head_columns_mut<'a>(&self, values: &'a mut [f32], row: usize) -> ArrayViewMut2<'a, f32> {
        ArrayViewMut2::from_shape((self.tokens, self.head_dim).strides((row, 1)), values)
            .expect("one row per token")
    }
}

/// Writes the output `[sequences, tokens, width]` and the weights
/// `[sequences, heads, tokens, tokens]`.
pub(super) fn forward(
    qkv: &[f32],
    attention_mask: &[f32],
    shape: &BlockShape,
    y: &mut [f32],
    weights: &mut [f32],
) {
    let (n, width) = (shape.tokens, shape.width());
    let sequences = y
        .chunks_exact_mut(n * width)
        .zip(weights.chunks_exact_mut(shape.attention()))
        .zip(qkv.chunks_exact(3 * n * width))
        .zip(attention_mask.chunks_exact(n));
    for (((y, weights), qkv), mask) in sequences {
        for (head, weights) in weights.chunks_exact_mut(n * n).enumerate() {
            product(
                shape.attention_scale(),
                shape.part(qkv, Part::Queries, head),
                shape.part(qkv, Part::Keys, head).reversed_axes(),
                Destination::Replace,
                matrix_mut(weights, n, n),
            );
            wide(
                #[inline(always)]
                || {
                    for (query, row) in weights.chunks_exact_mut(n).enumerate() {
                        let (seen, later) = row.split_at_mut(shape.keys_of(query));
                        masked_softmax(seen, &mask[..seen.len()]);
                        later.fill(0.0);
                    }
                },
            );
            product(
                1.0,
                matrix(weights, n, n),
                shape.part(qkv, Part::Values, head),
                Destination::Replace,
                shape.output_mut(y, head),
            );
        }
    }
}

#[inline(always)]
fn masked_softmax(row: &mut [f32], mask: &[f32]) {
    let mut top = f32::MIN;
    for (value, mask) in row.iter().zip(mask) {
        top = if *mask > 0.0 { top.max(*value) } else { top };
    }
    for (value, mask) in row.iter_mut().zip(mask) {
        *value = exp(*value - top) * mask;
    }
    let scale = 1.0 / sum([row], |[value]| value);
    for value in row {
        *value *= scale;
    }
}

/// Writes the gradient with respect to qkv; `dscores` has room for `tokens × tokens` values.
///
/// With the weights P, the gradient of the output dY, dP = dY·Vᵀ and
/// dS = P∘(dP − rowsum(dP∘P)): dV = Pᵀ·dY, dQ = dS·K/√head_dim, dK = dSᵀ·Q/√head_dim.
pub(super) fn backward(
    qkv: &[f32],
    weights: &[f32],
    dy: &[f32],
    shape: &BlockShape,
    dscores: &mut [f32],
    dqkv: &mut [f32],
) {
    let (n, width) = (shape.tokens, shape.width());
    let sequences = dqkv
        .chunks_exact_mut(3 * n * width)
        .zip(weights.chunks_exact(shape.attention()))
        .zip(qkv.chunks_exact(3 * n * width))
        .zip(dy.chunks_exact(n * width));
    for (((dqkv, weights), qkv), dy) in sequences {
        for (head, weights) in weights.chunks_exact(n * n).enumerate() {
            let p = matrix(weights, n, n);
            let dy = shape.output(dy, head);
            let replace = Destination::Replace;
            let dvalues = shape.part_mut(dqkv, Part::Values, head);
            product(1.0, p.reversed_axes(), dy, replace, dvalues);
            let values = shape.part(qkv, Part::Values, head).reversed_axes();
            product(1.0, dy, values, replace, matrix_mut(dscores, n, n));
            wide(
                #[inline(always)]
                || {
                    for (ds, p) in dscores.chunks_exact_mut(n).zip(weights.chunks_exact(n)) {
                        softmax_backward(p, ds);
                    }
                },
            );
            let (scale, ds) = (shape.attention_scale(), matrix(dscores, n, n));
            let keys = shape.part(qkv, Part::Keys, head);
            product(scale, ds, keys, replace, shape.part_mut(dqkv, Part::Queries, head));
            let queries = shape.part(qkv, Part::Queries, head);
            let dkeys = shape.part_mut(dqkv, Part::Keys, head);
            product(scale, ds.reversed_axes(), queries, replace, dkeys);
        }
    }
}

/// Replaces the gradient with respect to a row of weights `p` by that with respect to its scores.
#[inline(always)]
fn softmax_backward(p: &[f32], gradient: &mut [f32]) {
    let mean = sum([gradient, p], |[gradient, p]| gradient * p);
    for (gradient, p) in gradient.iter_mut().zip(p) {
        *gradient = p * (*gradient - mean);
    }
}

//! The CPU kernel of attention: parallel over sequences, one head after the other.

use crate::arithmetic::{exp, matrix, matrix_mut, sum};
use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};
use rayon::prelude::*;

/// The shape of one sequence.
#[derive(Debug, Clone, Copy)]
pub(super) struct AttentionShape {
    pub(super) tokens: usize,
    pub(super) heads: usize,
    pub(super) head_dim: usize,
}

/// The three parts of qkv, in their order.
#[derive(Debug, Clone, Copy)]
enum Part {
    Queries,
    Keys,
    Values,
}

impl AttentionShape {
    fn width(self) -> usize {
        self.heads * self.head_dim
    }

    fn scale(self) -> f32 {
        (self.head_dim as f32).powf(-0.5)
    }

    /// Values of the weights of one head.
    fn square(self) -> usize {
        self.tokens * self.tokens
    }

    fn offset(self, part: Part, head: usize) -> usize {
        part as usize * self.width() + head * self.head_dim
    }

    /// One part of one head as `[tokens, head_dim]`.
    fn part(self, qkv: &[f32], part: Part, head: usize) -> ArrayView2<'_, f32> {
        self.head_columns(&qkv[self.offset(part, head)..], 3 * self.width())
    }

    fn part_mut(self, qkv: &mut [f32], part: Part, head: usize) -> ArrayViewMut2<'_, f32> {
        self.head_columns_mut(&mut qkv[self.offset(part, head)..], 3 * self.width())
    }

    /// The output of one head as `[tokens, head_dim]`.
    fn output(self, y: &[f32], head: usize) -> ArrayView2<'_, f32> {
        self.head_columns(&y[head * self.head_dim..], self.width())
    }

    fn output_mut(self, y: &mut [f32], head: usize) -> ArrayViewMut2<'_, f32> {
        self.head_columns_mut(&mut y[head * self.head_dim..], self.width())
    }

    /// `[tokens, head_dim]` out of rows of `row` values.
    fn head_columns(self, values: &[f32], row: usize) -> ArrayView2<'_, f32> {
        ArrayView2::from_shape((self.tokens, self.head_dim).strides((row, 1)), values)
            .expect("one row per token")
    }

    fn head_columns_mut(self, values: &mut [f32], row: usize) -> ArrayViewMut2<'_, f32> {
        ArrayViewMut2::from_shape((self.tokens, self.head_dim).strides((row, 1)), values)
            .expect("one row per token")
    }
}

/// Writes the output `[batch, tokens, width]` and the weights `[batch, heads, tokens, tokens]`.
pub(super) fn forward(
    qkv: &[f32],
    attention_mask: &[f32],
    shape: AttentionShape,
    y: &mut [f32],
    weights: &mut [f32],
) {
    let (n, width) = (shape.tokens, shape.width());
    y.par_chunks_mut(n * width)
        .zip(weights.par_chunks_mut(shape.heads * n * n))
        .zip(qkv.par_chunks(3 * n * width))
        .zip(attention_mask.par_chunks(n))
        .for_each(|(((y, weights), qkv), mask)| {
            for (head, weights) in weights.chunks_exact_mut(shape.square()).enumerate() {
                general_mat_mul(
                    shape.scale(),
                    &shape.part(qkv, Part::Queries, head),
                    &shape.part(qkv, Part::Keys, head).t(),
                    0.0,
                    &mut matrix_mut(weights, n, n),
                );
                for row in weights.chunks_exact_mut(n) {
                    masked_softmax(row, mask);
                }
                general_mat_mul(
                    1.0,
                    &matrix(weights, n, n),
                    &shape.part(qkv, Part::Values, head),
                    0.0,
                    &mut shape.output_mut(y, head),
                );
            }
        });
}

fn masked_softmax(row: &mut [f32], mask: &[f32]) {
    let mut top = f32::MIN;
    for (value, mask) in row.iter().zip(mask) {
        top = if *mask > 0.0 { top.max(*value) } else { top };
    }
    for (value, mask) in row.iter_mut().zip(mask) {
        *value = exp(*value - top) * mask;
    }
    let scale = 1.0 / sum(row.iter().copied());
    for value in row {
        *value *= scale;
    }
}

/// Writes the gradient with respect to qkv.
///
/// With the weights P, the gradient of the output dY, dP = dY·Vᵀ and
/// dS = P∘(dP − rowsum(dP∘P)): dV = Pᵀ·dY, dQ = dS·K/√head_dim, dK = dSᵀ·Q/√head_dim.
pub(super) fn backward(
    qkv: &[f32],
    weights: &[f32],
    dy: &[f32],
    shape: AttentionShape,
    dqkv: &mut [f32],
) {
    let (n, width) = (shape.tokens, shape.width());
    dqkv.par_chunks_mut(3 * n * width)
        .zip(weights.par_chunks(shape.heads * n * n))
        .zip(qkv.par_chunks(3 * n * width))
        .zip(dy.par_chunks(n * width))
        .for_each(|(((dqkv, weights), qkv), dy)| {
            let mut dscores = vec![0.0; shape.square()];
            for (head, weights) in weights.chunks_exact(shape.square()).enumerate() {
                let p = matrix(weights, n, n);
                let dy = shape.output(dy, head);
                let mut dvalues = shape.part_mut(dqkv, Part::Values, head);
                general_mat_mul(1.0, &p.t(), &dy, 0.0, &mut dvalues);
                general_mat_mul(
                    1.0,
                    &dy,
                    &shape.part(qkv, Part::Values, head).t(),
                    0.0,
                    &mut matrix_mut(&mut dscores, n, n),
                );
                for (ds, p) in dscores.chunks_exact_mut(n).zip(weights.chunks_exact(n)) {
                    softmax_backward(p, ds);
                }
                let ds = matrix(&dscores, n, n);
                general_mat_mul(
                    shape.scale(),
                    &ds,
                    &shape.part(qkv, Part::Keys, head),
                    0.0,
                    &mut shape.part_mut(dqkv, Part::Queries, head),
                );
                general_mat_mul(
                    shape.scale(),
                    &ds.t(),
                    &shape.part(qkv, Part::Queries, head),
                    0.0,
                    &mut shape.part_mut(dqkv, Part::Keys, head),
                );
            }
        });
}

/// Replaces the gradient with respect to a row of weights `p` by that with respect to its scores.
fn softmax_backward(p: &[f32], gradient: &mut [f32]) {
    let mean = sum(gradient.iter().zip(p).map(|(g, p)| g * p));
    for (g, p) in gradient.iter_mut().zip(p) {
        *g = p * (*g - mean);
    }
}

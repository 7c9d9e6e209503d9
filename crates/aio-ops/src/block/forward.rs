//! The forward pass of a block on the CPU.

use super::attention;
use super::buffers::{Saved, SavedMut, saved_lengths};
use super::rotation::{Turn, turn};
use super::shape::BlockShape;
use super::weights::{Linear, Weights};
use crate::layer_norm::normalise_rows;
use crate::product::{Destination, matrix, matrix_mut, product};
use crate::room::zeros;
use crate::scratch::with_scratch;
use aio_simd::wide;
use rayon::prelude::*;

/// The input of a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a> {
    /// `[batch, tokens, width]`
    pub(super) x: &'a [f32],
    /// `[batch, tokens]`
    pub(super) attention_mask: &'a [f32],
}

/// The output `[batch, tokens, width]`; nothing is kept for a backward pass.
pub(super) fn infer(input: Input<'_>, weights: &Weights<'_>, shape: &BlockShape) -> Vec<f32> {
    let mut y = zeros(input.x.len());
    groups(input, &mut y, shape, shape.group()).for_each(|(input, y)| {
        let lengths = saved_lengths(shape, shape.sequences(y.len()));
        with_scratch(lengths, |[qkv, attention, attended, middle, hidden]| {
            let saved = SavedMut { qkv, attention, attended, middle, hidden };
            group_forward(input, weights, shape, saved, y);
        });
    });
    y
}

/// The output `[batch, tokens, width]`, and what the backward pass needs.
pub(super) fn forward(
    input: Input<'_>,
    weights: &Weights<'_>,
    shape: &BlockShape,
) -> (Vec<f32>, Saved) {
    let group = shape.group();
    let mut y = zeros(input.x.len());
    let mut saved = Saved::new(shape);
    groups(input, &mut y, shape, group)
        .zip(saved.groups_mut(shape, group))
        .for_each(|((input, y), saved)| group_forward(input, weights, shape, saved, y));
    (y, saved)
}

/// Input and output of `group` sequences each.
fn groups<'a>(
    input: Input<'a>,
    y: &'a mut [f32],
    shape: &BlockShape,
    group: usize,
) -> impl IndexedParallelIterator<Item = (Input<'a>, &'a mut [f32])> {
    let rows = group * shape.tokens;
    let inputs = input
        .x
        .par_chunks(rows * shape.width())
        .zip(input.attention_mask.par_chunks(rows))
        .map(|(x, attention_mask)| Input { x, attention_mask });
    inputs.zip(y.par_chunks_mut(rows * shape.width()))
}

/// Takes some sequences through the block.
fn group_forward(
    input: Input<'_>,
    weights: &Weights<'_>,
    shape: &BlockShape,
    saved: SavedMut<'_>,
    y: &mut [f32],
) {
    let Input { x, attention_mask } = input;
    let SavedMut { qkv, attention, attended, middle, hidden } = saved;
    with_scratch([x.len(), hidden.len()], |[normal, activated]| {
        normalise_rows(x, weights.norm1, shape.epsilon, normal);
        apply(&weights.qkv, normal, qkv);
        if let Some(angles) = weights.angles {
            turn(qkv, angles, shape, Turn::Forward);
        }
        attention::forward(qkv, attention_mask, shape, attended, attention);
        add_branch(x, &weights.proj, attended, weights.attention_scale, middle);
        normalise_rows(middle, weights.norm2, shape.epsilon, normal);
        apply(&weights.fc1, normal, hidden);
        shape.activation.apply(hidden, activated);
        add_branch(middle, &weights.fc2, activated, weights.mlp_scale, y);
    });
}

/// `y = x·W + b`.
pub(super) fn apply(layer: &Linear<'_>, x: &[f32], y: &mut [f32]) {
    let (width, out) = layer.weight.dim();
    let rows = x.len() / width;
    for row in y.chunks_exact_mut(out) {
        row.copy_from_slice(layer.bias);
    }
    let y = matrix_mut(y, rows, out);
    product(1.0, matrix(x, rows, width), layer.weight, Destination::Add, y);
}

/// `y = x + scale·(branch·W + b)`.
fn add_branch(x: &[f32], layer: &Linear<'_>, branch: &[f32], scale: Option<&[f32]>, y: &mut [f32]) {
    let out = layer.bias.len();
    if let Some(scale) = scale {
        apply(layer, branch, y);
        wide(
            #[inline(always)]
            || {
                for (y, x) in y.chunks_exact_mut(out).zip(x.chunks_exact(out)) {
                    for ((y, x), scale) in y.iter_mut().zip(x).zip(scale) {
                        *y = x + scale * *y;
                    }
                }
            },
        );
        return;
    }
    wide(
        #[inline(always)]
        || {
            for (y, x) in y.chunks_exact_mut(out).zip(x.chunks_exact(out)) {
                for ((y, x), bias) in y.iter_mut().zip(x).zip(layer.bias) {
                    *y = x + bias;
                }
            }
        },
    );
    let (rows, width) = (x.len() / out, layer.weight.dim().0);
    let y = matrix_mut(y, rows, out);
    product(1.0, matrix(branch, rows, width), layer.weight, Destination::Add, y);
}

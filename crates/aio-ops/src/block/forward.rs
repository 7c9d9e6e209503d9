//! The forward pass of a block on the CPU.

use super::attention;
use super::buffers::{Saved, SavedMut};
use super::weights::{BlockShape, Linear, Weights};
use crate::layer_norm::normalise_rows;
use crate::product::{Destination, matrix, matrix_mut, product};
use crate::simd::wide;
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
    let group = shape.group();
    let mut y = vec![0.0; input.x.len()];
    groups(input, &mut y, shape, group).for_each_init(
        || (Saved::zeros(shape, group), Scratch::zeros(shape, group)),
        |(saved, scratch), (input, y)| {
            let sequences = y.len() / (shape.tokens * shape.width());
            let saved = saved.groups_mut(shape, sequences).swap_remove(0);
            group_forward(input, weights, shape, saved, scratch.part(shape, sequences), y);
        },
    );
    y
}

/// The output `[batch, tokens, width]`, and what the backward pass needs.
pub(super) fn forward(
    input: Input<'_>,
    weights: &Weights<'_>,
    shape: &BlockShape,
) -> (Vec<f32>, Saved) {
    let group = shape.group();
    let mut y = vec![0.0; input.x.len()];
    let mut saved = Saved::zeros(shape, shape.batch);
    groups(input, &mut y, shape, group).zip(saved.groups_mut(shape, group)).for_each_init(
        || Scratch::zeros(shape, group),
        |scratch, ((input, y), saved)| {
            let sequences = y.len() / (shape.tokens * shape.width());
            group_forward(input, weights, shape, saved, scratch.part(shape, sequences), y);
        },
    );
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

/// Values that are used at once.
struct Scratch {
    /// Output of a normalisation.
    normal: Vec<f32>,
    /// Output of the activation.
    activated: Vec<f32>,
}

struct ScratchMut<'a> {
    normal: &'a mut [f32],
    activated: &'a mut [f32],
}

impl Scratch {
    fn zeros(shape: &BlockShape, sequences: usize) -> Self {
        let rows = sequences * shape.tokens;
        Self { normal: vec![0.0; rows * shape.width()], activated: vec![0.0; rows * shape.hidden] }
    }

    fn part(&mut self, shape: &BlockShape, sequences: usize) -> ScratchMut<'_> {
        let rows = sequences * shape.tokens;
        ScratchMut {
            normal: &mut self.normal[..rows * shape.width()],
            activated: &mut self.activated[..rows * shape.hidden],
        }
    }
}

/// Takes some sequences through the block.
fn group_forward(
    input: Input<'_>,
    weights: &Weights<'_>,
    shape: &BlockShape,
    saved: SavedMut<'_>,
    scratch: ScratchMut<'_>,
    y: &mut [f32],
) {
    let Input { x, attention_mask } = input;
    let ScratchMut { normal, activated } = scratch;
    let SavedMut { qkv, attention, attended, middle, hidden } = saved;
    normalise_rows(x, weights.norm1, shape.epsilon, normal);
    apply(&weights.qkv, normal, qkv);
    attention::forward(qkv, attention_mask, shape, attended, attention);
    add_branch(x, &weights.proj, attended, weights.attention_scale, middle);
    normalise_rows(middle, weights.norm2, shape.epsilon, normal);
    apply(&weights.fc1, normal, hidden);
    shape.activation.apply(hidden, activated);
    add_branch(middle, &weights.fc2, activated, weights.mlp_scale, y);
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
        wide(|| {
            for (y, x) in y.chunks_exact_mut(out).zip(x.chunks_exact(out)) {
                for ((y, x), scale) in y.iter_mut().zip(x).zip(scale) {
                    *y = x + scale * *y;
                }
            }
        });
        return;
    }
    wide(|| {
        for (y, x) in y.chunks_exact_mut(out).zip(x.chunks_exact(out)) {
            for ((y, x), bias) in y.iter_mut().zip(x).zip(layer.bias) {
                *y = x + bias;
            }
        }
    });
    let (rows, width) = (x.len() / out, layer.weight.dim().0);
    let y = matrix_mut(y, rows, out);
    product(1.0, matrix(branch, rows, width), layer.weight, Destination::Add, y);
}

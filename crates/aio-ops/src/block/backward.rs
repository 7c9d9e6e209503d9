//! The backward pass of a block on the CPU, down to its input.

use super::attention;
use super::buffers::{Saved, SavedRef, Upstream, UpstreamMut, upstream_lengths};
use super::rotation::{Turn, turn};
use super::shape::BlockShape;
use super::weights::{Linear, Weights};
use crate::layer_norm::add_row_gradients;
use crate::product::{Destination, matrix, matrix_mut, product};
use crate::room::zeros;
use crate::scratch::with_scratch;
use aio_simd::wide;
use rayon::prelude::*;

/// What the backward pass starts from, for the whole batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pass<'a> {
    /// The input of the block, `[batch, tokens, width]`.
    pub(super) x: &'a [f32],
    pub(super) saved: &'a Saved,
    /// The gradient with respect to the output, `[batch, tokens, width]`.
    pub(super) dy: &'a [f32],
}

/// The gradient with respect to the input, `[batch, tokens, width]`.
pub(super) fn to_input(pass: Pass<'_>, weights: &Weights<'_>, shape: &BlockShape) -> Vec<f32> {
    let mut dx = zeros(pass.x.len());
    groups(pass, &mut dx, shape, shape.group()).for_each(|part| {
        let lengths = upstream_lengths(shape, shape.sequences(part.x.len()));
        with_scratch(lengths, |[hidden, normal2, middle, qkv, normal1]| {
            let upstream = UpstreamMut { hidden, normal2, middle, qkv, normal1 };
            group_backward(part, weights, shape, upstream);
        });
    });
    dx
}

/// The gradient with respect to the input, and those with respect to all intermediate values that
/// the gradients of the weights are computed from.
pub(super) fn to_all(
    pass: Pass<'_>,
    weights: &Weights<'_>,
    shape: &BlockShape,
) -> (Vec<f32>, Upstream) {
    let group = shape.group();
    let mut dx = zeros(pass.x.len());
    let mut upstream = Upstream::new(shape);
    groups(pass, &mut dx, shape, group)
        .zip(upstream.groups_mut(shape, group))
        .for_each(|(part, upstream)| group_backward(part, weights, shape, upstream));
    (dx, upstream)
}

/// [`Pass`] of one group of sequences, with the gradient to be written.
struct Part<'a> {
    x: &'a [f32],
    saved: SavedRef<'a>,
    dy: &'a [f32],
    dx: &'a mut [f32],
}

fn groups<'a>(
    pass: Pass<'a>,
    dx: &'a mut [f32],
    shape: &BlockShape,
    group: usize,
) -> impl IndexedParallelIterator<Item = Part<'a>> {
    let length = group * shape.tokens * shape.width();
    dx.par_chunks_mut(length)
        .zip(pass.x.par_chunks(length))
        .zip(pass.dy.par_chunks(length))
        .zip(pass.saved.groups(shape, group))
        .map(|(((dx, x), dy), saved)| Part { x, saved, dy, dx })
}

/// Takes the gradient of some sequences back through the block.
fn group_backward(
    part: Part<'_>,
    weights: &Weights<'_>,
    shape: &BlockShape,
    upstream: UpstreamMut<'_>,
) {
    let Part { x, saved, dy, dx } = part;
    let UpstreamMut { hidden, normal2, middle, qkv, normal1 } = upstream;
    let scores = shape.tokens * shape.tokens;
    with_scratch([x.len(), x.len(), scores], |[branch, attended, scores]| {
        to_layer_input(&weights.fc2, scaled(dy, weights.mlp_scale, branch), hidden);
        shape.activation.backward(saved.hidden, hidden);
        to_layer_input(&weights.fc1, hidden, normal2);
        middle.copy_from_slice(dy);
        add_row_gradients(saved.middle, weights.norm2.gamma, normal2, shape.epsilon, middle);

        to_layer_input(&weights.proj, scaled(middle, weights.attention_scale, branch), attended);
        attention::backward(saved.qkv, saved.attention, attended, shape, scores, qkv);
        if let Some(angles) = weights.angles {
            turn(qkv, angles, shape, Turn::Back);
        }
        to_layer_input(&weights.qkv, qkv, normal1);
        dx.copy_from_slice(middle);
        add_row_gradients(x, weights.norm1.gamma, normal1, shape.epsilon, dx);
    });
}

/// `dx = dy·Wᵀ`.
fn to_layer_input(layer: &Linear<'_>, dy: &[f32], dx: &mut [f32]) {
    let (width, out) = layer.weight.dim();
    let rows = dy.len() / out;
    let weight = layer.weight.reversed_axes();
    let dx = matrix_mut(dx, rows, width);
    product(1.0, matrix(dy, rows, out), weight, Destination::Replace, dx);
}

/// `dy` times the scale of every channel, which is written to `room`; `dy` itself without a scale.
pub(super) fn scaled<'a>(dy: &'a [f32], scale: Option<&[f32]>, room: &'a mut [f32]) -> &'a [f32] {
    let Some(scale) = scale else { return dy };
    wide(
        #[inline(always)]
        || {
            for (room, dy) in room.chunks_exact_mut(scale.len()).zip(dy.chunks_exact(scale.len())) {
                for ((room, dy), scale) in room.iter_mut().zip(dy).zip(scale) {
                    *room = dy * scale;
                }
            }
        },
    );
    room
}

//! Intermediate values of a block, of the whole batch or of one group of sequences.

use super::shape::BlockShape;
use crate::room::Room;

/// What the backward pass needs from the forward pass, for the whole batch.
#[derive(Debug)]
pub(super) struct Saved {
    /// Queries, keys (both turned, if the block does that) and values: `[batch, tokens, 3 · width]`.
    pub(super) qkv: Room,
    /// Attention weights: `[batch, heads, tokens, tokens]`.
    pub(super) attention: Room,
    /// Output of attention, before its projection: `[batch, tokens, width]`.
    pub(super) attended: Room,
    /// Sum after the attention branch: `[batch, tokens, width]`.
    pub(super) middle: Room,
    /// Perceptron before its activation: `[batch, tokens, hidden]`.
    pub(super) hidden: Room,
}

/// Lengths of the values of [`Saved`] for some sequences, in the order of its fields.
pub(super) fn saved_lengths(shape: &BlockShape, sequences: usize) -> [usize; 5] {
    let (rows, width) = (sequences * shape.tokens, shape.width());
    let attention = sequences * shape.attention();
    [3 * rows * width, attention, rows * width, rows * width, rows * shape.hidden]
}

/// [`Saved`] of one group of sequences, to be written.
pub(super) struct SavedMut<'a> {
    pub(super) qkv: &'a mut [f32],
    pub(super) attention: &'a mut [f32],
    pub(super) attended: &'a mut [f32],
    pub(super) middle: &'a mut [f32],
    pub(super) hidden: &'a mut [f32],
}

/// [`Saved`] of one group of sequences.
#[derive(Clone, Copy)]
pub(super) struct SavedRef<'a> {
    pub(super) qkv: &'a [f32],
    pub(super) attention: &'a [f32],
    pub(super) middle: &'a [f32],
    pub(super) hidden: &'a [f32],
}

impl Saved {
    /// Room for the whole batch.
    pub(super) fn new(shape: &BlockShape) -> Self {
        let [qkv, attention, attended, middle, hidden] =
            saved_lengths(shape, shape.batch).map(Room::new);
        Self { qkv, attention, attended, middle, hidden }
    }

    /// The parts of `group` sequences each, in order.
    pub(super) fn groups_mut(&mut self, shape: &BlockShape, group: usize) -> Vec<SavedMut<'_>> {
        let (rows, width) = (group * shape.tokens, shape.width());
        self.qkv
            .chunks_mut(3 * rows * width)
            .zip(self.attention.chunks_mut(group * shape.attention()))
            .zip(self.attended.chunks_mut(rows * width))
            .zip(self.middle.chunks_mut(rows * width))
            .zip(self.hidden.chunks_mut(rows * shape.hidden))
            .map(|((((qkv, attention), attended), middle), hidden)| SavedMut {
                qkv,
                attention,
                attended,
                middle,
                hidden,
            })
            .collect()
    }

    /// The parts of `group` sequences each, in order.
    pub(super) fn groups(&self, shape: &BlockShape, group: usize) -> Vec<SavedRef<'_>> {
        let (rows, width) = (group * shape.tokens, shape.width());
        self.qkv
            .chunks(3 * rows * width)
            .zip(self.attention.chunks(group * shape.attention()))
            .zip(self.middle.chunks(rows * width))
            .zip(self.hidden.chunks(rows * shape.hidden))
            .map(|(((qkv, attention), middle), hidden)| SavedRef { qkv, attention, middle, hidden })
            .collect()
    }
}

/// Gradients with respect to intermediate values.
#[derive(Debug)]
pub(super) struct Upstream {
    /// Of the perceptron before its activation: `[batch, tokens, hidden]`.
    pub(super) hidden: Room,
    /// Of the output of the second normalisation: `[batch, tokens, width]`.
    pub(super) normal2: Room,
    /// Of the sum after the attention branch: `[batch, tokens, width]`.
    pub(super) middle: Room,
    /// Of queries, keys and values: `[batch, tokens, 3 · width]`.
    pub(super) qkv: Room,
    /// Of the output of the first normalisation: `[batch, tokens, width]`.
    pub(super) normal1: Room,
}

/// Lengths of the values of [`Upstream`] for some sequences, in the order of its fields.
pub(super) fn upstream_lengths(shape: &BlockShape, sequences: usize) -> [usize; 5] {
    let (rows, width) = (sequences * shape.tokens, shape.width());
    [rows * shape.hidden, rows * width, rows * width, 3 * rows * width, rows * width]
}

/// [`Upstream`] of one group of sequences, to be written.
pub(super) struct UpstreamMut<'a> {
    pub(super) hidden: &'a mut [f32],
    pub(super) normal2: &'a mut [f32],
    pub(super) middle: &'a mut [f32],
    pub(super) qkv: &'a mut [f32],
    pub(super) normal1: &'a mut [f32],
}

impl Upstream {
    /// Room for the whole batch.
    pub(super) fn new(shape: &BlockShape) -> Self {
        let [hidden, normal2, middle, qkv, normal1] =
            upstream_lengths(shape, shape.batch).map(Room::new);
        Self { hidden, normal2, middle, qkv, normal1 }
    }

    /// The parts of `group` sequences each, in order.
    pub(super) fn groups_mut(&mut self, shape: &BlockShape, group: usize) -> Vec<UpstreamMut<'_>> {
        let (rows, width) = (group * shape.tokens, shape.width());
        self.hidden
            .chunks_mut(rows * shape.hidden)
            .zip(self.normal2.chunks_mut(rows * width))
            .zip(self.middle.chunks_mut(rows * width))
            .zip(self.qkv.chunks_mut(3 * rows * width))
            .zip(self.normal1.chunks_mut(rows * width))
            .map(|((((hidden, normal2), middle), qkv), normal1)| UpstreamMut {
                hidden,
                normal2,
                middle,
                qkv,
                normal1,
            })
            .collect()
    }
}

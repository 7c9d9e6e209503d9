//! Intermediate values of a block, of the whole batch or of one group of sequences.

use super::weights::BlockShape;

/// What the backward pass needs from the forward pass, for the whole batch.
#[derive(Debug, Clone)]
pub(super) struct Saved {
    /// Queries, keys and values: `[batch, tokens, 3 · width]`.
    pub(super) qkv: Vec<f32>,
    /// Attention weights: `[batch, heads, tokens, tokens]`.
    pub(super) attention: Vec<f32>,
    /// Output of attention, before its projection: `[batch, tokens, width]`.
    pub(super) attended: Vec<f32>,
    /// Sum after the attention branch: `[batch, tokens, width]`.
    pub(super) middle: Vec<f32>,
    /// Perceptron before its activation: `[batch, tokens, hidden]`.
    pub(super) hidden: Vec<f32>,
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
    /// Room for `sequences` sequences.
    pub(super) fn zeros(shape: &BlockShape, sequences: usize) -> Self {
        let (rows, width) = (sequences * shape.tokens, shape.width());
        Self {
            qkv: vec![0.0; 3 * rows * width],
            attention: vec![0.0; sequences * shape.attention()],
            attended: vec![0.0; rows * width],
            middle: vec![0.0; rows * width],
            hidden: vec![0.0; rows * shape.hidden],
        }
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
    pub(super) hidden: Vec<f32>,
    /// Of the output of the second normalisation: `[batch, tokens, width]`.
    pub(super) normal2: Vec<f32>,
    /// Of the sum after the attention branch: `[batch, tokens, width]`.
    pub(super) middle: Vec<f32>,
    /// Of queries, keys and values: `[batch, tokens, 3 · width]`.
    pub(super) qkv: Vec<f32>,
    /// Of the output of the first normalisation: `[batch, tokens, width]`.
    pub(super) normal1: Vec<f32>,
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
    /// Room for `sequences` sequences.
    pub(super) fn zeros(shape: &BlockShape, sequences: usize) -> Self {
        let (rows, width) = (sequences * shape.tokens, shape.width());
        Self {
            hidden: vec![0.0; rows * shape.hidden],
            normal2: vec![0.0; rows * width],
            middle: vec![0.0; rows * width],
            qkv: vec![0.0; 3 * rows * width],
            normal1: vec![0.0; rows * width],
        }
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

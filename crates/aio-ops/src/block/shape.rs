//! The sizes of a block and its input, and how its work is divided.

use super::Activation;

/// The sizes of a block and its input.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockShape {
    pub(super) batch: usize,
    pub(super) tokens: usize,
    pub(super) heads: usize,
    pub(super) head_dim: usize,
    /// Hidden width of the perceptron.
    pub(super) hidden: usize,
    pub(super) activation: Activation,
    pub(super) epsilon: f32,
    /// Whether a query sees no later key.
    pub(super) causal: bool,
}

/// Rows that one thread takes through the block at a time, about: enough for efficient products,
/// few enough for the caches.
const ROWS: usize = 384;

impl BlockShape {
    pub(super) fn width(&self) -> usize {
        self.heads * self.head_dim
    }

    /// `1/√head_dim`.
    pub(super) fn attention_scale(&self) -> f32 {
        (self.head_dim as f32).powf(-0.5)
    }

    /// Sequences in this many values of the input.
    pub(super) fn sequences(&self, values: usize) -> usize {
        values / (self.tokens * self.width())
    }

    /// Keys that a query sees, from the first on.
    pub(super) fn keys_of(&self, query: usize) -> usize {
        if self.causal { query + 1 } else { self.tokens }
    }

    /// Values of the attention weights of one sequence.
    pub(super) fn attention(&self) -> usize {
        self.heads * self.tokens * self.tokens
    }

    /// Sequences that one thread takes through the block at a time.
    ///
    /// Every thread gets the same number of groups. No result depends on the groups, but for a group of one sequence of
    /// one token, whose products have a single row.
    pub(super) fn group(&self) -> usize {
        let threads = rayon::current_num_threads();
        let groups = (self.batch * self.tokens).div_ceil(ROWS).next_multiple_of(threads);
        self.batch.div_ceil(groups)
    }
}

//! Arithmetic that the kernels of several operations share.

use ndarray::{ArrayView2, ArrayViewMut2};
use rayon::prelude::*;

/// Elements that one thread processes at a time.
pub(crate) const CHUNK: usize = 16 * 1024;

/// Rows of `width` elements that one thread processes at a time.
pub(crate) fn rows_per_chunk(width: usize) -> usize {
    (CHUNK / width.max(1)).max(1)
}

/// `e^x` to about 2 ulp for x in [−87, 88], branch-free.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let n = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let p = 1.987_569_1e-4_f32;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let y = p * r * r + r + 1.0;
    y * f32::from_bits((((n as i32) + 127) << 23) as u32)
}

/// Sum in eight lanes, which the compiler holds in one register.
#[inline(always)]
pub(crate) fn sum(values: impl Iterator<Item = f32>) -> f32 {
    let mut lanes = [0.0f32; 8];
    for (i, value) in values.enumerate() {
        lanes[i % 8] += value;
    }
    lanes.iter().sum()
}

/// Adds `values` to `total`, element by element.
pub(crate) fn add(total: &mut [f32], values: &[f32]) {
    for (total, value) in total.iter_mut().zip(values) {
        *total += value;
    }
}

/// Gradients with respect to a scale γ and a shift β, one value per channel.
pub(crate) struct AffineGradients {
    pub(crate) gamma: Vec<f32>,
    pub(crate) beta: Vec<f32>,
}

impl AffineGradients {
    pub(crate) fn zeros(channels: usize) -> Self {
        Self { gamma: vec![0.0; channels], beta: vec![0.0; channels] }
    }

    /// Runs `block` on blocks of rows in parallel; it takes (x, dy, dx) of its rows, writes dx and returns the gradients of γ and β. Blocks
    /// are added in order, so that the sum does not depend on the number of threads.
    pub(crate) fn over_blocks(
        x: &[f32],
        dy: &[f32],
        dx: &mut [f32],
        channels: usize,
        block: impl Fn(&[f32], &[f32], &mut [f32]) -> Self + Sync,
    ) -> Self {
        let length = channels * rows_per_chunk(channels);
        let blocks: Vec<Self> = dx
            .par_chunks_mut(length)
            .zip(x.par_chunks(length))
            .zip(dy.par_chunks(length))
            .map(|((dx, x), dy)| block(x, dy, dx))
            .collect();
        let mut total = Self::zeros(channels);
        for block in &blocks {
            add(&mut total.gamma, &block.gamma);
            add(&mut total.beta, &block.beta);
        }
        total
    }
}

/// A slice as a matrix, row by row.
pub(crate) fn matrix(values: &[f32], rows: usize, columns: usize) -> ArrayView2<'_, f32> {
    ArrayView2::from_shape((rows, columns), values).expect("the slice has rows × columns values")
}

/// A mutable slice as a matrix, row by row.
pub(crate) fn matrix_mut(
    values: &mut [f32],
    rows: usize,
    columns: usize,
) -> ArrayViewMut2<'_, f32> {
    ArrayViewMut2::from_shape((rows, columns), values).expect("the slice has rows × columns values")
}

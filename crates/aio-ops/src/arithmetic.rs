//! Arithmetic that the kernels of several operations share.

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
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let p = 1.987_569_1e-4_f32;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let y = p * r * r + r + 1.0;
    // The lowest bits of `rounded` are n: in [2²³, 2²⁴] a step of the last bit is 1.
    y * f32::from_bits(rounded.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23)
}

/// Number of partial sums of [`sum`]: the 32-bit values of one AVX-512 register.
const LANES: usize = 16;

/// Sum of `term` over the elements of `N` slices of the same length, in sixteen lanes.
///
/// The order of the additions is the same on every processor.
#[inline(always)]
pub(crate) fn sum<const N: usize>(slices: [&[f32]; N], term: impl Fn([f32; N]) -> f32) -> f32 {
    let length = slices[0].len();
    let whole = length / LANES * LANES;
    let mut lanes = [0.0f32; LANES];
    for start in (0..whole).step_by(LANES) {
        let chunks = slices.map(|slice| &slice[start..start + LANES]);
        for (lane, total) in lanes.iter_mut().enumerate() {
            *total += term(chunks.map(|chunk| chunk[lane]));
        }
    }
    for i in whole..length {
        lanes[i - whole] += term(slices.map(|slice| slice[i]));
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

    /// Runs `block` on blocks of rows of `x` and `dy` in parallel and adds its results in order, so
    /// that the sum does not depend on the number of threads.
    pub(crate) fn over_blocks(
        x: &[f32],
        dy: &[f32],
        channels: usize,
        block: impl Fn(&[f32], &[f32]) -> Self + Sync,
    ) -> Self {
        let length = channels * rows_per_chunk(channels);
        let blocks: Vec<Self> =
            x.par_chunks(length).zip(dy.par_chunks(length)).map(|(x, dy)| block(x, dy)).collect();
        let mut total = Self::zeros(channels);
        for block in &blocks {
            add(&mut total.gamma, &block.gamma);
            add(&mut total.beta, &block.beta);
        }
        total
    }
}

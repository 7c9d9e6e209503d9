//! CPU kernels over slices: parallel over rows or sequences, branch-free inside so that the compiler vectorises them.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};
use rayon::prelude::*;

/// Elements handed to one thread at a time.
const CHUNK: usize = 16 * 1024;

/// `e^x` to about 2 ulp for x in [−87, 88], branch-free.
#[inline(always)]
fn exp(x: f32) -> f32 {
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

/// Φ(x) and φ(x) of the standard normal distribution.
///
/// Φ through erf by Abramowitz and Stegun 7.1.26, whose absolute error is below 1.5e-7; it shares the exponential with φ.
#[inline(always)]
fn normal(x: f32) -> (f32, f32) {
    let density = exp(-0.5 * x * x);
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let poly = t
        * (0.254_829_6
            + t * (-0.284_496_74 + t * (1.421_413_7 + t * (-1.453_152 + t * 1.061_405_4))));
    let tail = 0.5 * poly * density;
    let cdf = if x >= 0.0 { 1.0 - tail } else { tail };
    (cdf, density * 0.398_942_3)
}

pub(crate) fn gelu(x: &[f32], y: &mut [f32]) {
    y.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).for_each(|(y, x)| {
        for (y, x) in y.iter_mut().zip(x) {
            *y = x * normal(*x).0;
        }
    });
}

pub(crate) fn gelu_backward(x: &[f32], dy: &[f32], dx: &mut [f32]) {
    dx.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).zip(dy.par_chunks(CHUNK)).for_each(
        |((dx, x), dy)| {
            for ((dx, x), dy) in dx.iter_mut().zip(x).zip(dy) {
                let (cdf, density) = normal(*x);
                *dx = dy * (cdf + x * density);
            }
        },
    );
}

/// Sum in eight lanes, which the compiler keeps in one register.
#[inline(always)]
fn sum(values: impl Iterator<Item = f32>) -> f32 {
    let mut lanes = [0.0f32; 8];
    for (i, value) in values.enumerate() {
        lanes[i % 8] += value;
    }
    lanes.iter().sum()
}

fn moments(row: &[f32], epsilon: f32) -> (f32, f32) {
    let n = row.len() as f32;
    let mean = sum(row.iter().copied()) / n;
    let variance = sum(row.iter().map(|v| (v - mean) * (v - mean))) / n;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

/// Adds up the gradients of γ and β that the threads found, in a fixed order.
fn merged(partial: Vec<(Vec<f32>, Vec<f32>)>, width: usize) -> (Vec<f32>, Vec<f32>) {
    let mut total = (vec![0.0; width], vec![0.0; width]);
    for (gamma, beta) in partial {
        total.0.iter_mut().zip(gamma).for_each(|(t, v)| *t += v);
        total.1.iter_mut().zip(beta).for_each(|(t, v)| *t += v);
    }
    total
}

/// Rows handed to one thread at a time, for rows of `width`.
fn rows(width: usize) -> usize {
    (CHUNK / width.max(1)).max(1)
}

pub(crate) fn layer_norm(x: &[f32], gamma: &[f32], beta: &[f32], epsilon: f32, y: &mut [f32]) {
    let width = gamma.len();
    y.par_chunks_mut(width * rows(width)).zip(x.par_chunks(width * rows(width))).for_each(
        |(y, x)| {
            for (y, x) in y.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
                let (mean, scale) = moments(x, epsilon);
                for i in 0..width {
                    y[i] = (x[i] - mean) * scale * gamma[i] + beta[i];
                }
            }
        },
    );
}

/// Writes the gradient with respect to x and returns those with respect to γ and β.
pub(crate) fn layer_norm_backward(
    x: &[f32],
    gamma: &[f32],
    dy: &[f32],
    epsilon: f32,
    dx: &mut [f32],
) -> (Vec<f32>, Vec<f32>) {
    let width = gamma.len();
    let n = width as f32;
    let block = width * rows(width);
    let partial: Vec<(Vec<f32>, Vec<f32>)> = dx
        .par_chunks_mut(block)
        .zip(x.par_chunks(block))
        .zip(dy.par_chunks(block))
        .map(|((dx, x), dy)| {
            let (mut dgamma, mut dbeta) = (vec![0.0; width], vec![0.0; width]);
            for ((dx, x), dy) in
                dx.chunks_exact_mut(width).zip(x.chunks_exact(width)).zip(dy.chunks_exact(width))
            {
                let (mean, scale) = moments(x, epsilon);
                let total = sum((0..width).map(|i| dy[i] * gamma[i])) / n;
                let projected =
                    sum((0..width).map(|i| dy[i] * gamma[i] * (x[i] - mean))) * scale / n;
                for i in 0..width {
                    let unit = (x[i] - mean) * scale;
                    dx[i] = scale * (dy[i] * gamma[i] - total - unit * projected);
                    dgamma[i] += dy[i] * unit;
                    dbeta[i] += dy[i];
                }
            }
            (dgamma, dbeta)
        })
        .collect();
    merged(partial, width)
}

/// Rows of a matrix product handed to one thread at a time.
const ROWS: usize = 256;

/// `y = x·W + b` over rows.
pub(crate) fn linear(x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
    let out = bias.len();
    let width = weight.len() / out;
    let weight = matrix(weight, width, out);
    y.par_chunks_mut(ROWS * out).zip(x.par_chunks(ROWS * width)).for_each(|(y, x)| {
        y.chunks_exact_mut(out).for_each(|row| row.copy_from_slice(bias));
        let rows = x.len() / width;
        let mut y = ArrayViewMut2::from_shape((rows, out), y).expect("one row per input row");
        general_mat_mul(1.0, &matrix(x, rows, width), &weight, 1.0, &mut y);
    });
}

/// `dx = dy·Wᵀ` over rows.
pub(crate) fn linear_input_backward(weight: &[f32], dy: &[f32], out: usize, dx: &mut [f32]) {
    let width = weight.len() / out;
    let weight = matrix(weight, width, out);
    dx.par_chunks_mut(ROWS * width).zip(dy.par_chunks(ROWS * out)).for_each(|(dx, dy)| {
        let rows = dy.len() / out;
        let mut dx = ArrayViewMut2::from_shape((rows, width), dx).expect("one row per output row");
        general_mat_mul(1.0, &matrix(dy, rows, out), &weight.t(), 0.0, &mut dx);
    });
}

/// `dW = xᵀ·dy`, in blocks of input features so that no partial sums are needed.
pub(crate) fn linear_weight_backward(x: &[f32], dy: &[f32], out: usize, dw: &mut [f32]) {
    const BLOCK: usize = 64;
    let width = dw.len() / out;
    let rows = dy.len() / out;
    let (x, dy) = (matrix(x, rows, width), matrix(dy, rows, out));
    dw.par_chunks_mut(BLOCK * out).enumerate().for_each(|(i, dw)| {
        let features = dw.len() / out;
        let block = x.slice(ndarray::s![.., i * BLOCK..i * BLOCK + features]);
        let mut dw =
            ArrayViewMut2::from_shape((features, out), dw).expect("one row per input feature");
        general_mat_mul(1.0, &block.t(), &dy, 0.0, &mut dw);
    });
}

/// Sums over rows of `width` values.
pub(crate) fn column_sums(values: &[f32], width: usize) -> Vec<f32> {
    let mut total = vec![0.0; width];
    for row in values.chunks_exact(width) {
        total.iter_mut().zip(row).for_each(|(t, v)| *t += v);
    }
    total
}

/// Sizes of an attention.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heads {
    pub(crate) tokens: usize,
    pub(crate) heads: usize,
    pub(crate) depth: usize,
}

impl Heads {
    fn width(&self) -> usize {
        self.heads * self.depth
    }

    fn scale(&self) -> f32 {
        (self.depth as f32).powf(-0.5)
    }

    /// Queries (0), keys (1) or values (2) of one head as `[tokens, depth]`.
    fn part<'a>(&self, qkv: &'a [f32], part: usize, head: usize) -> ArrayView2<'a, f32> {
        let from = part * self.width() + head * self.depth;
        let strides = (3 * self.width(), 1);
        ArrayView2::from_shape((self.tokens, self.depth).strides(strides), &qkv[from..])
            .expect("qkv holds three parts per token")
    }

    fn part_mut<'a>(&self, qkv: &'a mut [f32], part: usize, head: usize) -> ArrayViewMut2<'a, f32> {
        let from = part * self.width() + head * self.depth;
        let strides = (3 * self.width(), 1);
        ArrayViewMut2::from_shape((self.tokens, self.depth).strides(strides), &mut qkv[from..])
            .expect("qkv holds three parts per token")
    }

    fn output<'a>(&self, y: &'a [f32], head: usize) -> ArrayView2<'a, f32> {
        ArrayView2::from_shape(
            (self.tokens, self.depth).strides((self.width(), 1)),
            &y[head * self.depth..],
        )
        .expect("one row per token")
    }

    fn output_mut<'a>(&self, y: &'a mut [f32], head: usize) -> ArrayViewMut2<'a, f32> {
        ArrayViewMut2::from_shape(
            (self.tokens, self.depth).strides((self.width(), 1)),
            &mut y[head * self.depth..],
        )
        .expect("one row per token")
    }

    fn square<'a>(&self, weights: &'a [f32], head: usize) -> ArrayView2<'a, f32> {
        let n = self.tokens;
        ArrayView2::from_shape((n, n), &weights[head * n * n..(head + 1) * n * n])
            .expect("one square per head")
    }
}

/// Writes the output `[batch, tokens, width]` and the attention weights `[batch, heads, tokens, tokens]`.
pub(crate) fn attention(
    qkv: &[f32],
    keep: &[f32],
    sizes: Heads,
    y: &mut [f32],
    weights: &mut [f32],
) {
    let (n, width) = (sizes.tokens, sizes.width());
    y.par_chunks_mut(n * width)
        .zip(weights.par_chunks_mut(sizes.heads * n * n))
        .zip(qkv.par_chunks(3 * n * width))
        .zip(keep.par_chunks(n))
        .for_each(|(((y, weights), qkv), keep)| {
            for head in 0..sizes.heads {
                let scores = &mut weights[head * n * n..(head + 1) * n * n];
                let mut view =
                    ArrayViewMut2::from_shape((n, n), &mut *scores).expect("one square per head");
                general_mat_mul(
                    sizes.scale(),
                    &sizes.part(qkv, 0, head),
                    &sizes.part(qkv, 1, head).t(),
                    0.0,
                    &mut view,
                );
                for row in scores.chunks_exact_mut(n) {
                    softmax(row, keep);
                }
                general_mat_mul(
                    1.0,
                    &sizes.square(weights, head),
                    &sizes.part(qkv, 2, head),
                    0.0,
                    &mut sizes.output_mut(y, head),
                );
            }
        });
}

fn softmax(row: &mut [f32], keep: &[f32]) {
    let mut top = f32::MIN;
    for (value, keep) in row.iter().zip(keep) {
        top = if *keep > 0.0 { top.max(*value) } else { top };
    }
    for (value, keep) in row.iter_mut().zip(keep) {
        *value = exp(*value - top) * keep;
    }
    let scale = 1.0 / sum(row.iter().copied());
    row.iter_mut().for_each(|v| *v *= scale);
}

pub(crate) fn attention_backward(
    qkv: &[f32],
    weights: &[f32],
    dy: &[f32],
    sizes: Heads,
    dqkv: &mut [f32],
) {
    let (n, width) = (sizes.tokens, sizes.width());
    dqkv.par_chunks_mut(3 * n * width)
        .zip(weights.par_chunks(sizes.heads * n * n))
        .zip(qkv.par_chunks(3 * n * width))
        .zip(dy.par_chunks(n * width))
        .for_each(|(((dqkv, weights), qkv), dy)| {
            let mut dscores = vec![0.0; n * n];
            for head in 0..sizes.heads {
                let p = sizes.square(weights, head);
                let d = sizes.output(dy, head);
                general_mat_mul(1.0, &p.t(), &d, 0.0, &mut sizes.part_mut(dqkv, 2, head));
                let mut view =
                    ArrayViewMut2::from_shape((n, n), &mut dscores[..]).expect("a square");
                general_mat_mul(1.0, &d, &sizes.part(qkv, 2, head).t(), 0.0, &mut view);
                for (ds, p) in
                    dscores.chunks_exact_mut(n).zip(weights[head * n * n..].chunks_exact(n))
                {
                    let mean = sum(ds.iter().zip(p).map(|(ds, p)| ds * p));
                    for (ds, p) in ds.iter_mut().zip(p) {
                        *ds = p * (*ds - mean);
                    }
                }
                let ds = ArrayView2::from_shape((n, n), &dscores[..]).expect("a square");
                general_mat_mul(
                    sizes.scale(),
                    &ds,
                    &sizes.part(qkv, 1, head),
                    0.0,
                    &mut sizes.part_mut(dqkv, 0, head),
                );
                general_mat_mul(
                    sizes.scale(),
                    &ds.t(),
                    &sizes.part(qkv, 0, head),
                    0.0,
                    &mut sizes.part_mut(dqkv, 1, head),
                );
            }
        });
}

/// Sizes of a convolution's input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
    pub(crate) window: crate::Window,
}

impl Grid {
    fn picture(&self) -> usize {
        self.height * self.width * self.channels
    }

    pub(crate) fn windows(&self) -> usize {
        self.window.count(self.height) * self.window.count(self.width)
    }

    pub(crate) fn patch(&self) -> usize {
        self.window.kernel * self.window.kernel * self.channels
    }

    /// Calls `copy(offset in the picture, offset in the windows, length)` for every run of pixels inside the picture.
    fn runs(&self, mut copy: impl FnMut(usize, usize, usize)) {
        let crate::Window { kernel, stride, padding } = self.window;
        let columns = self.window.count(self.width);
        for window in 0..self.windows() {
            let (top, left) = (
                (window / columns * stride) as isize - padding as isize,
                (window % columns * stride) as isize - padding as isize,
            );
            let first = (-left).max(0) as usize;
            let last = kernel.min((self.width as isize - left).max(0) as usize);
            if first >= last {
                continue;
            }
            for ky in 0..kernel {
                let y = top + ky as isize;
                if y >= 0 && (y as usize) < self.height {
                    let from = (y as usize * self.width + (left + first as isize) as usize)
                        * self.channels;
                    let to = window * self.patch() + (ky * kernel + first) * self.channels;
                    copy(from, to, (last - first) * self.channels);
                }
            }
        }
    }
}

/// Convolution of `[batch, height, width, channels]` with a kernel `[patch, out]`: one small matrix product per picture.
///
/// Cutting one picture at a time keeps the windows in cache; for a whole batch they would be the largest
/// tensor of a training step.
pub(crate) fn convolve(x: &[f32], kernel: &[f32], grid: Grid, y: &mut [f32]) {
    let (windows, patch) = (grid.windows(), grid.patch());
    let out = kernel.len() / patch;
    let kernel = matrix(kernel, patch, out);
    y.par_chunks_mut(windows * out).zip(x.par_chunks(grid.picture())).for_each_init(
        || vec![0.0; windows * patch],
        |cut, (y, x)| {
            grid.runs(|from, to, length| {
                cut[to..to + length].copy_from_slice(&x[from..from + length])
            });
            let mut y = ArrayViewMut2::from_shape((windows, out), y).expect("one row per window");
            general_mat_mul(1.0, &matrix(cut, windows, patch), &kernel, 0.0, &mut y);
        },
    );
}

fn matrix(values: &[f32], rows: usize, columns: usize) -> ArrayView2<'_, f32> {
    ArrayView2::from_shape((rows, columns), values).expect("the slice has rows × columns values")
}

/// Writes the gradient of a convolution with respect to x and returns that with respect to the kernel.
///
/// Pictures are summed in fixed groups, in order, so that the result does not depend on the number of threads.
pub(crate) fn convolve_backward(
    x: &[f32],
    kernel: &[f32],
    dy: &[f32],
    grid: Grid,
    dx: &mut [f32],
) -> Vec<f32> {
    const GROUP: usize = 8;
    let (windows, patch) = (grid.windows(), grid.patch());
    let out = kernel.len() / patch;
    let kernel_matrix = matrix(kernel, patch, out);
    let partial: Vec<Vec<f32>> = dx
        .par_chunks_mut(GROUP * grid.picture())
        .zip(x.par_chunks(GROUP * grid.picture()))
        .zip(dy.par_chunks(GROUP * windows * out))
        .map(|((dx, x), dy)| {
            let (mut cut, mut dcut, mut dkernel) =
                (vec![0.0; windows * patch], vec![0.0; windows * patch], vec![0.0; kernel.len()]);
            for ((dx, x), dy) in dx
                .chunks_mut(grid.picture())
                .zip(x.chunks(grid.picture()))
                .zip(dy.chunks(windows * out))
            {
                let dy = matrix(dy, windows, out);
                grid.runs(|from, to, length| {
                    cut[to..to + length].copy_from_slice(&x[from..from + length])
                });
                let mut sum =
                    ArrayViewMut2::from_shape((patch, out), &mut dkernel[..]).expect("a kernel");
                general_mat_mul(1.0, &matrix(&cut, windows, patch).t(), &dy, 1.0, &mut sum);
                let mut back = ArrayViewMut2::from_shape((windows, patch), &mut dcut[..])
                    .expect("one row per window");
                general_mat_mul(1.0, &dy, &kernel_matrix.t(), 0.0, &mut back);
                dx.fill(0.0);
                grid.runs(|from, to, length| {
                    for (dx, d) in dx[from..from + length].iter_mut().zip(&dcut[to..to + length]) {
                        *dx += d;
                    }
                });
            }
            dkernel
        })
        .collect();
    let mut total = vec![0.0; kernel.len()];
    for part in partial {
        total.iter_mut().zip(part).for_each(|(t, p)| *t += p);
    }
    total
}

/// Sizes of a standardisation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pixels {
    pub(crate) pixels: usize,
    pub(crate) channels: usize,
    pub(crate) instance: usize,
    pub(crate) epsilon: f32,
}

/// Per picture, the sums over pixels of `first` and of `second` for every channel.
fn channel_sums(
    pictures: usize,
    sizes: Pixels,
    value: impl Fn(usize, usize) -> (f32, f32) + Sync,
) -> Vec<(Vec<f64>, Vec<f64>)> {
    (0..pictures)
        .into_par_iter()
        .map(|b| {
            let (mut first, mut second) =
                (vec![0.0f64; sizes.channels], vec![0.0f64; sizes.channels]);
            for p in 0..sizes.pixels {
                let base = (b * sizes.pixels + p) * sizes.channels;
                for c in 0..sizes.channels {
                    let (a, s) = value(base + c, c);
                    first[c] += f64::from(a);
                    second[c] += f64::from(s);
                }
            }
            (first, second)
        })
        .collect()
}

/// Turns per-picture sums into means: per picture for the instance channels, over the batch for the others.
fn means(mut sums: Vec<(Vec<f64>, Vec<f64>)>, sizes: Pixels) -> Vec<(Vec<f64>, Vec<f64>)> {
    let pictures = sums.len();
    for c in 0..sizes.channels {
        let (total, squares) = sums.iter().fold((0.0, 0.0), |t, s| (t.0 + s.0[c], t.1 + s.1[c]));
        let n = sizes.pixels as f64;
        for s in &mut sums {
            (s.0[c], s.1[c]) = if c < sizes.instance {
                (s.0[c] / n, s.1[c] / n)
            } else {
                (total / (n * pictures as f64), squares / (n * pictures as f64))
            };
        }
    }
    sums
}

/// Writes the standardised values, and 1/√(var + ε) per picture and channel.
pub(crate) fn standardise(x: &[f32], sizes: Pixels, y: &mut [f32], scales: &mut [f32]) {
    let block = sizes.pixels * sizes.channels;
    let pictures = x.len() / block;
    let statistics = means(channel_sums(pictures, sizes, |i, _| (x[i], x[i] * x[i])), sizes);
    y.par_chunks_mut(block)
        .zip(scales.par_chunks_mut(sizes.channels))
        .zip(x.par_chunks(block))
        .zip(&statistics)
        .for_each(|(((y, scales), x), (mean, square))| {
            let mean32: Vec<f32> = mean.iter().map(|m| *m as f32).collect();
            for c in 0..sizes.channels {
                let variance = (square[c] - mean[c] * mean[c]).max(0.0) as f32;
                scales[c] = 1.0 / (variance + sizes.epsilon).sqrt();
            }
            for (y, x) in y.chunks_exact_mut(sizes.channels).zip(x.chunks_exact(sizes.channels)) {
                for c in 0..sizes.channels {
                    y[c] = (x[c] - mean32[c]) * scales[c];
                }
            }
        });
}

/// Gradient with respect to x, from the standardised values `y`.
pub(crate) fn standardise_backward(
    y: &[f32],
    scales: &[f32],
    dy: &[f32],
    sizes: Pixels,
    dx: &mut [f32],
) {
    let block = sizes.pixels * sizes.channels;
    let pictures = y.len() / block;
    let statistics = means(channel_sums(pictures, sizes, |i, _| (dy[i], dy[i] * y[i])), sizes);
    dx.par_chunks_mut(block)
        .zip(scales.par_chunks(sizes.channels))
        .zip(y.par_chunks(block))
        .zip(dy.par_chunks(block))
        .zip(&statistics)
        .for_each(|((((dx, scales), y), dy), (mean, projected))| {
            let (mean, projected): (Vec<f32>, Vec<f32>) =
                mean.iter().zip(projected).map(|(m, p)| (*m as f32, *p as f32)).unzip();
            let rows = dx
                .chunks_exact_mut(sizes.channels)
                .zip(y.chunks_exact(sizes.channels))
                .zip(dy.chunks_exact(sizes.channels));
            for ((dx, y), dy) in rows {
                for c in 0..sizes.channels {
                    dx[c] = scales[c] * (dy[c] - mean[c] - y[c] * projected[c]);
                }
            }
        });
}

pub(crate) fn affine_relu(x: &[f32], gamma: &[f32], beta: &[f32], y: &mut [f32]) {
    let width = gamma.len();
    let block = width * rows(width);
    y.par_chunks_mut(block).zip(x.par_chunks(block)).for_each(|(y, x)| {
        for (y, x) in y.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
            for c in 0..width {
                y[c] = (x[c] * gamma[c] + beta[c]).max(0.0);
            }
        }
    });
}

/// Writes the gradient with respect to x and returns those with respect to γ and β.
pub(crate) fn affine_relu_backward(
    x: &[f32],
    gamma: &[f32],
    beta: &[f32],
    dy: &[f32],
    dx: &mut [f32],
) -> (Vec<f32>, Vec<f32>) {
    let width = gamma.len();
    let block = width * rows(width);
    let partial: Vec<(Vec<f32>, Vec<f32>)> = dx
        .par_chunks_mut(block)
        .zip(x.par_chunks(block))
        .zip(dy.par_chunks(block))
        .map(|((dx, x), dy)| {
            let (mut dgamma, mut dbeta) = (vec![0.0; width], vec![0.0; width]);
            for ((dx, x), dy) in
                dx.chunks_exact_mut(width).zip(x.chunks_exact(width)).zip(dy.chunks_exact(width))
            {
                for c in 0..width {
                    let pass = if x[c] * gamma[c] + beta[c] > 0.0 { dy[c] } else { 0.0 };
                    dx[c] = pass * gamma[c];
                    dgamma[c] += pass * x[c];
                    dbeta[c] += pass;
                }
            }
            (dgamma, dbeta)
        })
        .collect();
    merged(partial, width)
}

//! Layer normalisation.

use crate::arithmetic::{AffineGradients, rows_per_chunk, sum};
use crate::bridge::{
    BackwardPass, buffer, contiguous, dims, on_cpu, record, tensor, values, vector,
};
use crate::room::zeros;
use aio_simd::wide;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use rayon::prelude::*;

/// Layer normalisation over the last axis: `γ·(x − mean)/√(var + ε) + β`, with the biased variance.
///
/// Ba, Kiros and Hinton, "Layer Normalization", 2016.
///
/// # Shapes
/// - x and output: `[batch, tokens, width]`
/// - gamma, beta: `[width]`
#[must_use]
pub fn layer_norm(x: Tensor<3>, gamma: Tensor<1>, beta: Tensor<1>, epsilon: f64) -> Tensor<3> {
    if !on_cpu(&x) {
        return portable(x, gamma, beta, epsilon);
    }
    let output = <Dispatch as LayerNormOp>::forward(
        x.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        epsilon as f32,
    );
    Tensor::from_dispatch(output)
}

/// See [`crate::layer_norm`].
#[must_use]
pub fn portable(x: Tensor<3>, gamma: Tensor<1>, beta: Tensor<1>, epsilon: f64) -> Tensor<3> {
    let centred = x.clone() - x.mean_dim(2);
    let variance = centred.clone().powi_scalar(2).mean_dim(2);
    centred / (variance + epsilon).sqrt() * gamma.unsqueeze::<3>() + beta.unsqueeze::<3>()
}

/// Scale γ and shift β of a normalisation, one value per channel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Affine<'a> {
    pub(crate) gamma: &'a [f32],
    pub(crate) beta: &'a [f32],
}

/// Mean of a row and 1/√(var + ε).
#[inline(always)]
fn mean_and_scale(row: &[f32], epsilon: f32) -> (f32, f32) {
    let n = row.len() as f32;
    let mean = sum([row], |[v]| v) / n;
    let variance = sum([row], |[v]| (v - mean) * (v - mean)) / n;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

/// Writes the normalised rows of `x` to `y`, on the calling thread.
pub(crate) fn normalise_rows(x: &[f32], affine: Affine<'_>, epsilon: f32, y: &mut [f32]) {
    let Affine { gamma, beta } = affine;
    let width = gamma.len();
    wide(
        #[inline(always)]
        || {
            for (y, x) in y.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
                let (mean, scale) = mean_and_scale(x, epsilon);
                for (((y, x), gamma), beta) in y.iter_mut().zip(x).zip(gamma).zip(beta) {
                    *y = (x - mean) * scale * gamma + beta;
                }
            }
        },
    );
}

/// Adds the gradient with respect to the rows of `x` to `dx`, on the calling thread.
///
/// With `s = 1/√(var + ε)` and `u = s·(x − mean)`, `dx = s·(γ·dy − mean(γ·dy) − u·mean(γ·dy·u))`.
pub(crate) fn add_row_gradients(
    x: &[f32],
    gamma: &[f32],
    dy: &[f32],
    epsilon: f32,
    dx: &mut [f32],
) {
    let width = gamma.len();
    let n = width as f32;
    wide(
        #[inline(always)]
        || {
            let rows =
                dx.chunks_exact_mut(width).zip(x.chunks_exact(width)).zip(dy.chunks_exact(width));
            for ((dx, x), dy) in rows {
                let (mean, scale) = mean_and_scale(x, epsilon);
                let total = sum([dy, gamma], |[dy, gamma]| dy * gamma) / n;
                let projected =
                    sum([dy, gamma, x], |[dy, gamma, x]| dy * gamma * (x - mean)) * scale / n;
                for (((dx, x), dy), gamma) in dx.iter_mut().zip(x).zip(dy).zip(gamma) {
                    *dx += scale * (dy * gamma - total - (x - mean) * scale * projected);
                }
            }
        },
    );
}

/// Gradients with respect to γ and β: `dγ = Σ dy·u` and `dβ = Σ dy` over all rows.
pub(crate) fn affine_gradients(
    x: &[f32],
    dy: &[f32],
    width: usize,
    epsilon: f32,
) -> AffineGradients {
    AffineGradients::over_blocks(x, dy, width, |x, dy| {
        let mut gradients = AffineGradients::zeros(width);
        let (dgamma, dbeta) = (&mut gradients.gamma[..], &mut gradients.beta[..]);
        wide(
            #[inline(always)]
            || {
                for (x, dy) in x.chunks_exact(width).zip(dy.chunks_exact(width)) {
                    let (mean, scale) = mean_and_scale(x, epsilon);
                    let sums = dgamma.iter_mut().zip(dbeta.iter_mut());
                    for ((x, dy), (dgamma, dbeta)) in x.iter().zip(dy).zip(sums) {
                        *dgamma += dy * (x - mean) * scale;
                        *dbeta += dy;
                    }
                }
            },
        );
        gradients
    })
}

/// [`normalise_rows`] on all threads.
pub(crate) fn normalise_all(x: &[f32], affine: Affine<'_>, epsilon: f32, y: &mut [f32]) {
    let block = affine.gamma.len() * rows_per_chunk(affine.gamma.len());
    y.par_chunks_mut(block)
        .zip(x.par_chunks(block))
        .for_each(|(y, x)| normalise_rows(x, affine, epsilon, y));
}

/// The gradient with respect to x, on all threads.
fn input_gradient(x: &[f32], gamma: &[f32], dy: &[f32], epsilon: f32) -> Vec<f32> {
    let block = gamma.len() * rows_per_chunk(gamma.len());
    let mut dx = zeros(x.len());
    dx.par_chunks_mut(block)
        .zip(x.par_chunks(block))
        .zip(dy.par_chunks(block))
        .for_each(|((dx, x), dy)| add_row_gradients(x, gamma, dy, epsilon, dx));
    dx
}

/// The operation as Burn's dispatch calls it.
#[backend_extension(Flex, Autodiff)]
trait LayerNormOp: Backend {
    fn forward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self>;
}

impl LayerNormOp for Flex {
    fn forward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        let (x, gamma, beta) = (contiguous(x), contiguous(gamma), contiguous(beta));
        let shape = dims::<3>(&x);
        let mut y = buffer(shape);
        let affine = Affine { gamma: values(&gamma), beta: values(&beta) };
        normalise_all(values(&x), affine, epsilon, &mut y);
        tensor(y, shape)
    }
}

impl<C: CheckpointStrategy> LayerNormOp for Autodiff<Flex, C> {
    fn forward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        let (x, x_node) = x.into_parts();
        let (gamma, gamma_node) = gamma.into_parts();
        let (beta, beta_node) = beta.into_parts();
        let y = Flex::forward(x.clone(), gamma.clone(), beta, epsilon);
        let saved = LayerNormBackward { x, gamma, epsilon };
        record::<C, _, 3>([x_node, gamma_node, beta_node], y, saved)
    }
}

#[derive(Debug, Clone)]
struct LayerNormBackward {
    x: FlexTensor,
    gamma: FlexTensor,
    epsilon: f32,
}

impl BackwardPass<3> for LayerNormBackward {
    fn gradients(self, dy: FlexTensor, [input, gamma, beta]: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let (x, dy) = (contiguous(self.x), contiguous(dy));
        let scale = contiguous(self.gamma);
        let shape = dims::<3>(&x);
        let [dgamma, dbeta] = if gamma || beta {
            let sums = affine_gradients(values(&x), values(&dy), shape[2], self.epsilon);
            [Some(vector(sums.gamma)), Some(vector(sums.beta))]
        } else {
            [None, None]
        };
        let dx = input.then(|| {
            tensor(input_gradient(values(&x), values(&scale), values(&dy), self.epsilon), shape)
        });
        [dx, dgamma.filter(|_| gamma), dbeta.filter(|_| beta)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parity::{check, random};

    #[test]
    fn agrees_with_the_portable_form() {
        check(
            2e-4,
            random([5, 11, 48], 4),
            [random([48], 2), random([48], 3)],
            |x, [gamma, beta]| layer_norm(x, gamma, beta, 1e-5),
            |x, [gamma, beta]| portable(x, gamma, beta, 1e-5),
        );
    }

    #[test]
    fn agrees_over_several_blocks_of_rows() {
        let [batch, tokens, width] = [5, 151, 48];
        assert!(batch * tokens > 2 * rows_per_chunk(width));
        check(
            5e-4,
            random([batch, tokens, width], 16),
            [random([width], 17), random([width], 18)],
            |x, [gamma, beta]| layer_norm(x, gamma, beta, 1e-5),
            |x, [gamma, beta]| portable(x, gamma, beta, 1e-5),
        );
    }
}

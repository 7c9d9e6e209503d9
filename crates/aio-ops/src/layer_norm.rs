//! Layer normalisation.

use crate::arithmetic::{AffineGradients, rows_per_chunk, sum};
use crate::bridge::{
    BackwardPass, buffer, contiguous, dims, on_cpu, record, tensor, values, vector,
};
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

/// Mean of a row and 1/√(var + ε).
fn mean_and_scale(row: &[f32], epsilon: f32) -> (f32, f32) {
    let n = row.len() as f32;
    let mean = sum(row.iter().copied()) / n;
    let variance = sum(row.iter().map(|v| (v - mean) * (v - mean))) / n;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

fn kernel(x: &[f32], gamma: &[f32], beta: &[f32], epsilon: f32, y: &mut [f32]) {
    let width = gamma.len();
    let block = width * rows_per_chunk(width);
    y.par_chunks_mut(block).zip(x.par_chunks(block)).for_each(|(y, x)| {
        for (y, x) in y.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
            let (mean, scale) = mean_and_scale(x, epsilon);
            for i in 0..width {
                y[i] = (x[i] - mean) * scale * gamma[i] + beta[i];
            }
        }
    });
}

/// Writes the gradient with respect to x and returns those with respect to γ and β.
///
/// With `s = 1/√(var + ε)` and `u = s·(x − mean)`, `dx = s·(γ·dy − mean(γ·dy) − u·mean(γ·dy·u))`.
fn kernel_backward(
    x: &[f32],
    gamma: &[f32],
    dy: &[f32],
    epsilon: f32,
    dx: &mut [f32],
) -> AffineGradients {
    AffineGradients::over_blocks(x, dy, dx, gamma.len(), |x, dy, dx| {
        block_backward(x, gamma, dy, epsilon, dx)
    })
}

/// [`kernel_backward`] for the rows of one thread.
fn block_backward(
    x: &[f32],
    gamma: &[f32],
    dy: &[f32],
    epsilon: f32,
    dx: &mut [f32],
) -> AffineGradients {
    let width = gamma.len();
    let n = width as f32;
    let mut gradients = AffineGradients::zeros(width);
    let (dgamma, dbeta) = (&mut gradients.gamma[..], &mut gradients.beta[..]);
    let rows = dx.chunks_exact_mut(width).zip(x.chunks_exact(width)).zip(dy.chunks_exact(width));
    for ((dx, x), dy) in rows {
        let (mean, scale) = mean_and_scale(x, epsilon);
        let total = sum((0..width).map(|i| dy[i] * gamma[i])) / n;
        let projected = sum((0..width).map(|i| dy[i] * gamma[i] * (x[i] - mean))) * scale / n;
        for i in 0..width {
            let unit = (x[i] - mean) * scale;
            dx[i] = scale * (dy[i] * gamma[i] - total - unit * projected);
            dgamma[i] += dy[i] * unit;
            dbeta[i] += dy[i];
        }
    }
    gradients
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
        kernel(values(&x), values(&gamma), values(&beta), epsilon, &mut y);
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
    fn gradients(self, dy: FlexTensor, _needed: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let (x, gamma, dy) = (contiguous(self.x), contiguous(self.gamma), contiguous(dy));
        let shape = dims::<3>(&x);
        let mut dx = buffer(shape);
        let affine =
            kernel_backward(values(&x), values(&gamma), values(&dy), self.epsilon, &mut dx);
        [Some(tensor(dx, shape)), Some(vector(affine.gamma)), Some(vector(affine.beta))]
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

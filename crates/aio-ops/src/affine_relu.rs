//! Scale and shift per channel, then ReLU: what follows a normalisation.

use crate::arithmetic::{AffineGradients, rows_per_chunk};
use crate::bridge::{
    BackwardPass, buffer, contiguous, dims, on_cpu, record, tensor, values, vector,
};
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Tensor, activation};
use rayon::prelude::*;

/// `max(0, γ·x + β)` with one γ and β per channel.
///
/// # Shapes
/// - x and output: `[batch, pixels, channels]`
/// - gamma, beta: `[channels]`
#[must_use]
pub fn affine_relu(x: Tensor<3>, gamma: Tensor<1>, beta: Tensor<1>) -> Tensor<3> {
    if !on_cpu(&x) {
        return portable(x, gamma, beta);
    }
    let output = <Dispatch as AffineReluOp>::forward(
        x.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
    );
    Tensor::from_dispatch(output)
}

/// See [`crate::affine_relu`].
#[must_use]
pub fn portable(x: Tensor<3>, gamma: Tensor<1>, beta: Tensor<1>) -> Tensor<3> {
    activation::relu(x * gamma.unsqueeze::<3>() + beta.unsqueeze::<3>())
}

fn kernel(x: &[f32], gamma: &[f32], beta: &[f32], y: &mut [f32]) {
    let channels = gamma.len();
    let block = channels * rows_per_chunk(channels);
    y.par_chunks_mut(block).zip(x.par_chunks(block)).for_each(|(y, x)| {
        for (y, x) in y.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
            for c in 0..channels {
                y[c] = (x[c] * gamma[c] + beta[c]).max(0.0);
            }
        }
    });
}

/// Writes the gradient with respect to x and returns those with respect to γ and β.
///
/// Where the output is positive `dx = γ·dy`, `dγ = Σ x·dy` and `dβ = Σ dy`; elsewhere 0.
fn kernel_backward(
    x: &[f32],
    gamma: &[f32],
    beta: &[f32],
    dy: &[f32],
    dx: &mut [f32],
) -> AffineGradients {
    AffineGradients::over_blocks(x, dy, dx, gamma.len(), |x, dy, dx| {
        block_backward(x, gamma, beta, dy, dx)
    })
}

/// [`kernel_backward`] for the rows of one thread.
fn block_backward(
    x: &[f32],
    gamma: &[f32],
    beta: &[f32],
    dy: &[f32],
    dx: &mut [f32],
) -> AffineGradients {
    let channels = gamma.len();
    let mut gradients = AffineGradients::zeros(channels);
    let (dgamma, dbeta) = (&mut gradients.gamma[..], &mut gradients.beta[..]);
    let rows =
        dx.chunks_exact_mut(channels).zip(x.chunks_exact(channels)).zip(dy.chunks_exact(channels));
    for ((dx, x), dy) in rows {
        for c in 0..channels {
            let passed = if x[c] * gamma[c] + beta[c] > 0.0 { dy[c] } else { 0.0 };
            dx[c] = passed * gamma[c];
            dgamma[c] += passed * x[c];
            dbeta[c] += passed;
        }
    }
    gradients
}

/// The operation as Burn's dispatch calls it.
#[backend_extension(Flex, Autodiff)]
trait AffineReluOp: Backend {
    fn forward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

impl AffineReluOp for Flex {
    fn forward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (x, gamma, beta) = (contiguous(x), contiguous(gamma), contiguous(beta));
        let shape = dims::<3>(&x);
        let mut y = buffer(shape);
        kernel(values(&x), values(&gamma), values(&beta), &mut y);
        tensor(y, shape)
    }
}

impl<C: CheckpointStrategy> AffineReluOp for Autodiff<Flex, C> {
    fn forward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (x, x_node) = x.into_parts();
        let (gamma, gamma_node) = gamma.into_parts();
        let (beta, beta_node) = beta.into_parts();
        let y = Flex::forward(x.clone(), gamma.clone(), beta.clone());
        let saved = AffineReluBackward { x, gamma, beta };
        record::<C, _, 3>([x_node, gamma_node, beta_node], y, saved)
    }
}

#[derive(Debug, Clone)]
struct AffineReluBackward {
    x: FlexTensor,
    gamma: FlexTensor,
    beta: FlexTensor,
}

impl BackwardPass<3> for AffineReluBackward {
    fn gradients(self, dy: FlexTensor, _needed: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let (x, dy) = (contiguous(self.x), contiguous(dy));
        let (gamma, beta) = (contiguous(self.gamma), contiguous(self.beta));
        let shape = dims::<3>(&x);
        let mut dx = buffer(shape);
        let affine =
            kernel_backward(values(&x), values(&gamma), values(&beta), values(&dy), &mut dx);
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
            1e-4,
            random([4, 10, 8], 10),
            [random([8], 8), random([8], 9)],
            |x, [gamma, beta]| affine_relu(x, gamma, beta),
            |x, [gamma, beta]| portable(x, gamma, beta),
        );
    }

    #[test]
    fn agrees_over_several_blocks_of_rows() {
        let [batch, pixels, channels] = [3, 333, 40];
        assert!(batch * pixels > 2 * rows_per_chunk(channels));
        check(
            5e-4,
            random([batch, pixels, channels], 19),
            [random([channels], 20), random([channels], 21)],
            |x, [gamma, beta]| affine_relu(x, gamma, beta),
            |x, [gamma, beta]| portable(x, gamma, beta),
        );
    }
}

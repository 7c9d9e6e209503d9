//! Scale and shift per channel, then ReLU: what follows a normalisation.

use crate::arithmetic::{AffineGradients, rows_per_chunk};
use crate::bridge::{
    BackwardPass, buffer, contiguous, dims, on_cpu, record, tensor, values, vector,
};
use aio_simd::wide;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Tensor, activation};
use rayon::prelude::*;

/// `max(0, γ·x + β)` with one γ and β per channel; NaN stays NaN, as in PyTorch.
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
        wide(
            #[inline(always)]
            || {
                for (y, x) in y.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
                    for (((y, x), gamma), beta) in y.iter_mut().zip(x).zip(gamma).zip(beta) {
                        *y = passed(*x, *gamma, *beta, x * gamma + beta);
                    }
                }
            },
        );
    });
}

/// What belongs to a value (itself, or its gradient) whose output is positive, else 0. `f32::max` would turn NaN into 0.
#[inline(always)]
fn passed(x: f32, gamma: f32, beta: f32, of_value: f32) -> f32 {
    if x * gamma + beta <= 0.0 { 0.0 } else { of_value }
}

/// Writes the gradient with respect to x: `γ·dy` where the output is positive, elsewhere 0.
fn kernel_backward(x: &[f32], gamma: &[f32], beta: &[f32], dy: &[f32], dx: &mut [f32]) {
    let channels = gamma.len();
    let block = channels * rows_per_chunk(channels);
    dx.par_chunks_mut(block).zip(x.par_chunks(block)).zip(dy.par_chunks(block)).for_each(
        |((dx, x), dy)| {
            wide(
                #[inline(always)]
                || {
                    let rows = dx
                        .chunks_exact_mut(channels)
                        .zip(x.chunks_exact(channels))
                        .zip(dy.chunks_exact(channels));
                    for ((dx, x), dy) in rows {
                        let affine = gamma.iter().zip(beta);
                        for (((dx, x), dy), (gamma, beta)) in
                            dx.iter_mut().zip(x).zip(dy).zip(affine)
                        {
                            *dx = passed(*x, *gamma, *beta, *dy) * gamma;
                        }
                    }
                },
            );
        },
    );
}

/// Gradients with respect to γ and β: `dγ = Σ x·dy` and `dβ = Σ dy` where the output is positive.
fn affine_gradients(x: &[f32], gamma: &[f32], beta: &[f32], dy: &[f32]) -> AffineGradients {
    let channels = gamma.len();
    AffineGradients::over_blocks(x, dy, channels, |x, dy| {
        let mut gradients = AffineGradients::zeros(channels);
        let (dgamma, dbeta) = (&mut gradients.gamma[..], &mut gradients.beta[..]);
        wide(
            #[inline(always)]
            || {
                for (x, dy) in x.chunks_exact(channels).zip(dy.chunks_exact(channels)) {
                    let (affine, sums) =
                        (gamma.iter().zip(beta), dgamma.iter_mut().zip(dbeta.iter_mut()));
                    for (((x, dy), (gamma, beta)), (dgamma, dbeta)) in
                        x.iter().zip(dy).zip(affine).zip(sums)
                    {
                        let passed = passed(*x, *gamma, *beta, *dy);
                        *dgamma += passed * x;
                        *dbeta += passed;
                    }
                }
            },
        );
        gradients
    })
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
    fn gradients(
        self,
        dy: FlexTensor,
        [input, gamma_needed, beta_needed]: [bool; 3],
    ) -> [Option<FlexTensor>; 3] {
        let (x, dy) = (contiguous(self.x), contiguous(dy));
        let (gamma, beta) = (contiguous(self.gamma), contiguous(self.beta));
        let (x_values, dy_values) = (values(&x), values(&dy));
        let [dgamma, dbeta] = if gamma_needed || beta_needed {
            let sums = affine_gradients(x_values, values(&gamma), values(&beta), dy_values);
            [Some(vector(sums.gamma)), Some(vector(sums.beta))]
        } else {
            [None, None]
        };
        let dx = input.then(|| {
            let shape = dims::<3>(&x);
            let mut dx = buffer(shape);
            kernel_backward(x_values, values(&gamma), values(&beta), dy_values, &mut dx);
            tensor(dx, shape)
        });
        [dx, dgamma.filter(|_| gamma_needed), dbeta.filter(|_| beta_needed)]
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

    #[test]
    fn what_is_no_number_stays_none() {
        let device = burn::tensor::Device::flex();
        let x = Tensor::<3>::from_floats([[[f32::NAN, -1.0, 2.0, f32::INFINITY]]], &device);
        let one = || Tensor::<1>::ones([4], &device);
        for found in [affine_relu(x.clone(), one(), one()), portable(x, one(), one())] {
            let values: Vec<f32> = found.into_data().iter::<f32>().collect();
            assert!(values[0].is_nan(), "{values:?}");
            assert_eq!(values[1..], [0.0, 3.0, f32::INFINITY]);
        }
    }
}

//! Gaussian error linear unit.

use crate::arithmetic::{CHUNK, exp};
use crate::bridge::{BackwardPass, buffer, contiguous, dims, on_cpu, record, tensor, values};
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Tensor, activation};
use rayon::prelude::*;

/// Gaussian error linear unit, exact form: `x·Φ(x)`, with the standard normal distribution function
/// Φ.
///
/// Hendrycks and Gimpel, "Gaussian Error Linear Units (GELUs)", 2016, section 2.
///
/// # Shapes
/// - input and output: `[batch, tokens, width]`
#[must_use]
pub fn gelu(x: Tensor<3>) -> Tensor<3> {
    if !on_cpu(&x) {
        return portable(x);
    }
    Tensor::from_dispatch(<Dispatch as GeluOp>::forward(x.into_dispatch()))
}

/// See [`crate::gelu`].
#[must_use]
pub fn portable(x: Tensor<3>) -> Tensor<3> {
    activation::gelu(x)
}

/// Φ(x) and φ(x) of the standard normal distribution.
///
/// Φ through erf by Abramowitz and Stegun 7.1.26, whose absolute error is below 1.5e-7; it shares
/// the exponential with φ.
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

fn kernel(x: &[f32], y: &mut [f32]) {
    y.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).for_each(|(y, x)| {
        for (y, x) in y.iter_mut().zip(x) {
            *y = x * normal(*x).0;
        }
    });
}

/// `dx = dy·(Φ(x) + x·φ(x))`.
fn kernel_backward(x: &[f32], dy: &[f32], dx: &mut [f32]) {
    dx.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).zip(dy.par_chunks(CHUNK)).for_each(
        |((dx, x), dy)| {
            for ((dx, x), dy) in dx.iter_mut().zip(x).zip(dy) {
                let (cdf, density) = normal(*x);
                *dx = dy * (cdf + x * density);
            }
        },
    );
}

/// The operation as Burn's dispatch calls it.
#[backend_extension(Flex, Autodiff)]
trait GeluOp: Backend {
    fn forward(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl GeluOp for Flex {
    fn forward(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let x = contiguous(x);
        let shape = dims::<3>(&x);
        let mut y = buffer(shape);
        kernel(values(&x), &mut y);
        tensor(y, shape)
    }
}

impl<C: CheckpointStrategy> GeluOp for Autodiff<Flex, C> {
    fn forward(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let (x, node) = x.into_parts();
        let y = Flex::forward(x.clone());
        record::<C, _, 1>([node], y, GeluBackward { x })
    }
}

#[derive(Debug, Clone)]
struct GeluBackward {
    x: FlexTensor,
}

impl BackwardPass<1> for GeluBackward {
    fn gradients(self, dy: FlexTensor, _needed: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let (x, dy) = (contiguous(self.x), contiguous(dy));
        let shape = dims::<3>(&x);
        let mut dx = buffer(shape);
        kernel_backward(values(&x), values(&dy), &mut dx);
        [Some(tensor(dx, shape))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parity::{check, random};
    use burn::tensor::{Device, TensorData};

    #[test]
    fn agrees_with_the_portable_form() {
        check(2e-6, random([3, 7, 33], 1), [], |x, []| gelu(x), |x, []| portable(x));
    }

    #[test]
    fn agrees_over_several_chunks() {
        let shape = [3, 150, 77];
        assert!(shape.iter().product::<usize>() > 2 * CHUNK);
        check(2e-6, random(shape, 15), [], |x, []| gelu(x), |x, []| portable(x));
    }

    #[test]
    fn matches_the_error_function_at_its_tails() {
        let x = [-30.0f32, -6.0, -3.0, -1.0, -1e-3, 0.0, 0.5, 2.0, 6.0, 30.0];
        // x·Φ(x) in double precision, from Python's math.erf.
        let expected = [
            0.0f32,
            -5.919526e-9,
            -0.00404969,
            -0.15865525,
            -0.00049960106,
            0.0,
            0.34573123,
            1.9544997,
            6.0,
            30.0,
        ];
        let x = Tensor::from_data(TensorData::new(x.to_vec(), [1, 1, 10]), &Device::flex());
        for (y, e) in gelu(x).into_data().iter::<f32>().zip(expected) {
            assert!((y - e).abs() < 1e-6, "{y} {e}");
        }
    }
}

//! Linear layer.

use crate::Precision;
use crate::arithmetic::{add, matrix, matrix_mut};
use crate::bridge::{
    BackwardPass, buffer, contiguous, dims, on_cpu, record, tensor, values, vector,
};
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use ndarray::linalg::general_mat_mul;
use rayon::prelude::*;

/// Linear map of every token: `x·W + b`.
///
/// # Shapes
/// - x: `[batch, tokens, in]`
/// - weight: `[in, out]`, bias: `[out]`
/// - output: `[batch, tokens, out]`
#[must_use]
pub fn linear(x: Tensor<3>, weight: Tensor<2>, bias: Tensor<1>, precision: Precision) -> Tensor<3> {
    if precision != Precision::F32 || !on_cpu(&x) {
        return portable(x, weight, bias, precision);
    }
    let output = <Dispatch as LinearOp>::forward(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
    );
    Tensor::from_dispatch(output)
}

/// See [`crate::linear`].
#[must_use]
pub fn portable(
    x: Tensor<3>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    precision: Precision,
) -> Tensor<3> {
    let weight = precision.cast_operand(weight).unsqueeze::<3>();
    let product = precision.cast_operand(x).matmul(weight);
    precision.cast_product(product) + bias.unsqueeze::<3>()
}

/// Rows of x or dy that one thread multiplies at a time.
const ROWS: usize = 256;

/// Rows of the weight's gradient that one thread computes at a time.
const WEIGHT_ROWS: usize = 64;

fn kernel(x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
    let out = bias.len();
    let width = weight.len() / out;
    let weight = matrix(weight, width, out);
    y.par_chunks_mut(ROWS * out).zip(x.par_chunks(ROWS * width)).for_each(|(y, x)| {
        for row in y.chunks_exact_mut(out) {
            row.copy_from_slice(bias);
        }
        let rows = x.len() / width;
        let mut y = matrix_mut(y, rows, out);
        general_mat_mul(1.0, &matrix(x, rows, width), &weight, 1.0, &mut y);
    });
}

/// `dx = dy·Wᵀ`.
fn kernel_backward_input(weight: &[f32], dy: &[f32], out: usize, dx: &mut [f32]) {
    let width = weight.len() / out;
    let weight = matrix(weight, width, out);
    dx.par_chunks_mut(ROWS * width).zip(dy.par_chunks(ROWS * out)).for_each(|(dx, dy)| {
        let rows = dy.len() / out;
        let mut dx = matrix_mut(dx, rows, width);
        general_mat_mul(1.0, &matrix(dy, rows, out), &weight.t(), 0.0, &mut dx);
    });
}

/// `dW = xᵀ·dy`, in blocks of input features so that no partial sums are needed.
fn kernel_backward_weight(x: &[f32], dy: &[f32], out: usize, dw: &mut [f32]) {
    let width = dw.len() / out;
    let rows = dy.len() / out;
    let (x, dy) = (matrix(x, rows, width), matrix(dy, rows, out));
    dw.par_chunks_mut(WEIGHT_ROWS * out).enumerate().for_each(|(i, dw)| {
        let features = dw.len() / out;
        let block = x.slice(ndarray::s![.., i * WEIGHT_ROWS..i * WEIGHT_ROWS + features]);
        let mut dw = matrix_mut(dw, features, out);
        general_mat_mul(1.0, &block.t(), &dy, 0.0, &mut dw);
    });
}

/// `db`: the sum of dy over rows.
fn kernel_backward_bias(dy: &[f32], out: usize) -> Vec<f32> {
    let mut total = vec![0.0; out];
    for row in dy.chunks_exact(out) {
        add(&mut total, row);
    }
    total
}

/// The operation as Burn's dispatch calls it.
#[backend_extension(Flex, Autodiff)]
trait LinearOp: Backend {
    fn forward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

impl LinearOp for Flex {
    fn forward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (x, weight, bias) = (contiguous(x), contiguous(weight), contiguous(bias));
        let ([batch, tokens, _], [_, out]) = (dims(&x), dims(&weight));
        let shape = [batch, tokens, out];
        let mut y = buffer(shape);
        kernel(values(&x), values(&weight), values(&bias), &mut y);
        tensor(y, shape)
    }
}

impl<C: CheckpointStrategy> LinearOp for Autodiff<Flex, C> {
    fn forward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let weight_is_trained = weight.is_tracked();
        let (x, x_node) = x.into_parts();
        let (weight, weight_node) = weight.into_parts();
        let (bias, bias_node) = bias.into_parts();
        let y = Flex::forward(x.clone(), weight.clone(), bias);
        let saved = LinearBackward { x: weight_is_trained.then_some(x), weight };
        record::<C, _, 3>([x_node, weight_node, bias_node], y, saved)
    }
}

#[derive(Debug, Clone)]
struct LinearBackward {
    /// Saved only if the weight is trained: no other gradient needs the input.
    x: Option<FlexTensor>,
    weight: FlexTensor,
}

impl LinearBackward {
    fn weight_gradient(x: FlexTensor, dy: FlexTensor) -> FlexTensor {
        let (x, dy) = (contiguous(x), contiguous(dy));
        let ([_, _, width], [_, _, out]) = (dims(&x), dims(&dy));
        let mut dw = buffer([width, out]);
        kernel_backward_weight(values(&x), values(&dy), out, &mut dw);
        tensor(dw, [width, out])
    }

    fn bias_gradient(dy: FlexTensor) -> FlexTensor {
        let dy = contiguous(dy);
        let [_, _, out] = dims(&dy);
        vector(kernel_backward_bias(values(&dy), out))
    }

    fn input_gradient(weight: FlexTensor, dy: FlexTensor) -> FlexTensor {
        let (weight, dy) = (contiguous(weight), contiguous(dy));
        let ([batch, tokens, out], [width, _]) = (dims(&dy), dims(&weight));
        let shape = [batch, tokens, width];
        let mut dx = buffer(shape);
        kernel_backward_input(values(&weight), values(&dy), out, &mut dx);
        tensor(dx, shape)
    }
}

impl BackwardPass<3> for LinearBackward {
    fn gradients(
        self,
        dy: FlexTensor,
        [input, weight, bias]: [bool; 3],
    ) -> [Option<FlexTensor>; 3] {
        let x = self.x.filter(|_| weight);
        let dw = x.map(|x| Self::weight_gradient(x, dy.clone()));
        let db = bias.then(|| Self::bias_gradient(dy.clone()));
        let dx = input.then(|| Self::input_gradient(self.weight, dy));
        [dx, dw, db]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parity::{check, random};

    fn check_sizes(tolerance: f32, [batch, tokens, width, out]: [usize; 4], seeds: [u64; 3]) {
        let shape = [width, out];
        check(
            tolerance,
            random([batch, tokens, width], seeds[0]),
            [random([width * out], seeds[1]), random([out], seeds[2])],
            |x, [weight, bias]| linear(x, weight.reshape(shape), bias, Precision::F32),
            |x, [weight, bias]| portable(x, weight.reshape(shape), bias, Precision::F32),
        );
    }

    #[test]
    fn agrees_with_the_portable_form() {
        check_sizes(5e-4, [5, 61, 70, 30], [14, 12, 13]);
    }

    #[test]
    fn agrees_over_several_blocks_of_rows_and_features() {
        let [batch, tokens, width] = [3, 171, 130];
        assert!(batch * tokens > 2 * ROWS && width > 2 * WEIGHT_ROWS);
        check_sizes(1e-3, [batch, tokens, width, 33], [22, 23, 24]);
    }

    #[test]
    fn agrees_on_whole_blocks() {
        check_sizes(1e-3, [2, ROWS, 2 * WEIGHT_ROWS, 8], [25, 26, 27]);
    }
}

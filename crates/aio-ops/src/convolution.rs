//! Convolution without bias over pictures whose channels come last.

use crate::arithmetic::{add, matrix, matrix_mut};
use crate::bridge::{BackwardPass, buffer, contiguous, dims, on_cpu, record, tensor, values};
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use ndarray::linalg::general_mat_mul;
use rayon::prelude::*;

/// Geometry of a convolution with a square kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Height and width of the kernel, in pixels.
    pub kernel: usize,
    /// Distance between neighbouring windows, in pixels.
    pub stride: usize,
    /// Zeros added on every side, in pixels.
    pub padding: usize,
}

impl Window {
    /// Number of windows along a side of `length` pixels.
    #[must_use]
    pub fn count(&self, length: usize) -> usize {
        (length + 2 * self.padding - self.kernel) / self.stride + 1
    }
}

/// Convolution without bias: for every window of the picture, its pixels times the kernel.
///
/// # Shapes
/// - x: `[batch, height, width, channels]`
/// - kernel: `[side · side · channels, out]`, kernel row before kernel column before channel
/// - output: `[batch, windows, out]`, windows row by row
#[must_use]
pub fn convolve(x: Tensor<4>, kernel: Tensor<2>, window: Window) -> Tensor<3> {
    if !on_cpu(&x) {
        return portable(x, kernel, window);
    }
    let output =
        <Dispatch as ConvolutionOp>::forward(x.into_dispatch(), kernel.into_dispatch(), window);
    Tensor::from_dispatch(output)
}

/// See [`crate::convolve`].
#[must_use]
pub fn portable(x: Tensor<4>, kernel: Tensor<2>, window: Window) -> Tensor<3> {
    let [batch, height, width, channels] = x.dims();
    let ([_, out], side) = (kernel.dims(), window.kernel);
    let weight = kernel.reshape([side, side, channels, out]).permute([3, 2, 0, 1]);
    let options = ConvOptions::new([window.stride; 2], [window.padding; 2], [1, 1], 1);
    let y = conv2d(x.permute([0, 3, 1, 2]), weight, None, options);
    let windows = window.count(height) * window.count(width);
    y.reshape([batch, out, windows]).swap_dims(1, 2)
}

/// The shape of one picture and the windows over it.
#[derive(Debug, Clone, Copy)]
struct ConvolutionShape {
    height: usize,
    width: usize,
    channels: usize,
    window: Window,
}

impl ConvolutionShape {
    fn of(x: &FlexTensor, window: Window) -> Self {
        let [_, height, width, channels] = dims(x);
        Self { height, width, channels, window }
    }

    /// Values of one picture.
    fn picture(&self) -> usize {
        self.height * self.width * self.channels
    }

    fn windows(&self) -> usize {
        self.window.count(self.height) * self.window.count(self.width)
    }

    /// Values of one window.
    fn patch(&self) -> usize {
        self.window.kernel * self.window.kernel * self.channels
    }

    /// Calls `copy(offset in the picture, offset in the patches, length)` for every run of values
    /// that lies in the picture; the rest of a patch is padding.
    fn for_each_run(&self, mut copy: impl FnMut(usize, usize, usize)) {
        let Window { kernel, stride, padding } = self.window;
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

    /// Copies the windows of a picture into the rows of `patches`, whose padding stays as it is.
    fn cut(&self, picture: &[f32], patches: &mut [f32]) {
        self.for_each_run(|from, to, length| {
            patches[to..to + length].copy_from_slice(&picture[from..from + length]);
        });
    }

    /// Writes for every pixel of a picture the sum over the windows that contain it.
    fn sum_patches(&self, patches: &[f32], picture: &mut [f32]) {
        picture.fill(0.0);
        self.for_each_run(|from, to, length| {
            add(&mut picture[from..from + length], &patches[to..to + length]);
        });
    }
}

/// One matrix product per picture.
///
/// The windows of one picture at a time stay in cache; those of a whole batch would be the largest
/// tensor of a training step.
fn forward_kernel(x: &[f32], kernel: &[f32], shape: ConvolutionShape, y: &mut [f32]) {
    let (windows, patch) = (shape.windows(), shape.patch());
    let out = kernel.len() / patch;
    let kernel = matrix(kernel, patch, out);
    y.par_chunks_mut(windows * out).zip(x.par_chunks(shape.picture())).for_each_init(
        || vec![0.0; windows * patch],
        |patches, (y, x)| {
            shape.cut(x, patches);
            let mut y = matrix_mut(y, windows, out);
            general_mat_mul(1.0, &matrix(patches, windows, patch), &kernel, 0.0, &mut y);
        },
    );
}

/// Pictures whose kernel gradients are summed by one thread.
const GROUP: usize = 8;

/// Writes the gradient with respect to x and returns that with respect to the kernel.
///
/// Pictures are summed in fixed groups, in order, so that the result does not depend on the number
/// of threads.
fn backward_kernel(
    x: &[f32],
    kernel: &[f32],
    dy: &[f32],
    shape: ConvolutionShape,
    dx: &mut [f32],
) -> Vec<f32> {
    let out = kernel.len() / shape.patch();
    let groups: Vec<Vec<f32>> = dx
        .par_chunks_mut(GROUP * shape.picture())
        .zip(x.par_chunks(GROUP * shape.picture()))
        .zip(dy.par_chunks(GROUP * shape.windows() * out))
        .map(|((dx, x), dy)| group_backward(x, kernel, dy, shape, dx))
        .collect();
    let mut total = vec![0.0; kernel.len()];
    for group in groups {
        add(&mut total, &group);
    }
    total
}

/// [`backward_kernel`] for the pictures of one group.
fn group_backward(
    x: &[f32],
    kernel: &[f32],
    dy: &[f32],
    shape: ConvolutionShape,
    dx: &mut [f32],
) -> Vec<f32> {
    let (windows, patch) = (shape.windows(), shape.patch());
    let out = kernel.len() / patch;
    let kernel = matrix(kernel, patch, out);
    let (mut patches, mut dpatches) = (vec![0.0; windows * patch], vec![0.0; windows * patch]);
    let mut dkernel = vec![0.0; patch * out];
    let pictures =
        dx.chunks_mut(shape.picture()).zip(x.chunks(shape.picture())).zip(dy.chunks(windows * out));
    for ((dx, x), dy) in pictures {
        let dy = matrix(dy, windows, out);
        shape.cut(x, &mut patches);
        let mut sum = matrix_mut(&mut dkernel, patch, out);
        general_mat_mul(1.0, &matrix(&patches, windows, patch).t(), &dy, 1.0, &mut sum);
        let mut back = matrix_mut(&mut dpatches, windows, patch);
        general_mat_mul(1.0, &dy, &kernel.t(), 0.0, &mut back);
        shape.sum_patches(&dpatches, dx);
    }
    dkernel
}

/// The operation as Burn's dispatch calls it.
#[backend_extension(Flex, Autodiff)]
trait ConvolutionOp: Backend {
    fn forward(
        x: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        window: Window,
    ) -> FloatTensor<Self>;
}

impl ConvolutionOp for Flex {
    fn forward(
        x: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        window: Window,
    ) -> FloatTensor<Self> {
        let (x, kernel) = (contiguous(x), contiguous(kernel));
        let shape = ConvolutionShape::of(&x, window);
        let ([batch, ..], [_, out]) = (dims::<4>(&x), dims::<2>(&kernel));
        let output_shape = [batch, shape.windows(), out];
        let mut y = buffer(output_shape);
        forward_kernel(values(&x), values(&kernel), shape, &mut y);
        tensor(y, output_shape)
    }
}

impl<C: CheckpointStrategy> ConvolutionOp for Autodiff<Flex, C> {
    fn forward(
        x: FloatTensor<Self>,
        kernel: FloatTensor<Self>,
        window: Window,
    ) -> FloatTensor<Self> {
        let (x, x_node) = x.into_parts();
        let (kernel, kernel_node) = kernel.into_parts();
        let y = Flex::forward(x.clone(), kernel.clone(), window);
        let saved = ConvolutionBackward { x, kernel, window };
        record::<C, _, 2>([x_node, kernel_node], y, saved)
    }
}

#[derive(Debug, Clone)]
struct ConvolutionBackward {
    x: FlexTensor,
    kernel: FlexTensor,
    window: Window,
}

impl BackwardPass<2> for ConvolutionBackward {
    fn gradients(self, dy: FlexTensor, _needed: [bool; 2]) -> [Option<FlexTensor>; 2] {
        let (x, kernel, dy) = (contiguous(self.x), contiguous(self.kernel), contiguous(dy));
        let (x_shape, kernel_shape) = (dims::<4>(&x), dims::<2>(&kernel));
        let shape = ConvolutionShape::of(&x, self.window);
        let mut dx = buffer(x_shape);
        let dkernel = backward_kernel(values(&x), values(&kernel), values(&dy), shape, &mut dx);
        [Some(tensor(dx, x_shape)), Some(tensor(dkernel, kernel_shape))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parity::{check, random};

    const WINDOWS: [Window; 3] = [
        Window { kernel: 3, stride: 1, padding: 1 },
        Window { kernel: 7, stride: 2, padding: 3 },
        Window { kernel: 4, stride: 4, padding: 0 },
    ];

    fn check_pictures(tolerance: f32, pictures: usize) {
        for window in WINDOWS {
            let shape = [window.kernel * window.kernel * 3, 5];
            check(
                tolerance,
                random([pictures, 12, 8, 3], 6),
                [random([shape[0] * shape[1]], 11)],
                |x, [kernel]| convolve(x, kernel.reshape(shape), window),
                |x, [kernel]| portable(x, kernel.reshape(shape), window),
            );
        }
    }

    #[test]
    fn agrees_with_the_portable_form() {
        check_pictures(2e-4, 10);
    }

    #[test]
    fn agrees_for_whole_groups_of_pictures() {
        check_pictures(2e-4, GROUP);
    }

    #[test]
    fn agrees_over_several_groups_of_pictures() {
        check_pictures(5e-4, 2 * GROUP + 1);
    }
}

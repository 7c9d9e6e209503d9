//! Convolution without bias over pictures whose channels come last.

use crate::arithmetic::add;
use crate::bridge::{BackwardPass, buffer, contiguous, dims, on_cpu, record, tensor, values};
use crate::product::{Destination, matrix, matrix_mut, product};
use crate::room::zeros;
use crate::scratch::with_scratch;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::Tensor;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use rayon::prelude::*;
use std::ops::Range;

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

    /// Windows whose patches are made at a time, so that they stay in the cache.
    fn block(&self) -> usize {
        (PATCH_VALUES / self.patch()).clamp(1, self.windows())
    }

    /// Calls `copy(offset in the picture, offset in the patches, length)` for every run of values of
    /// some windows that lies in the picture; the rest of a patch is padding.
    fn for_each_run(&self, windows: Range<usize>, mut copy: impl FnMut(usize, usize, usize)) {
        let Window { kernel, stride, padding } = self.window;
        let columns = self.window.count(self.width);
        for window in windows.clone() {
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
                    let to = (window - windows.start) * self.patch()
                        + (ky * kernel + first) * self.channels;
                    copy(from, to, (last - first) * self.channels);
                }
            }
        }
    }

    /// Copies windows of a picture into the rows of `patches`, padding included.
    fn cut(&self, picture: &[f32], windows: Range<usize>, patches: &mut [f32]) {
        if self.window.padding > 0 {
            patches.fill(0.0);
        }
        self.for_each_run(windows, |from, to, length| {
            patches[to..to + length].copy_from_slice(&picture[from..from + length]);
        });
    }

    /// Adds the values of windows to the pixels that they show.
    fn add_patches(&self, patches: &[f32], windows: Range<usize>, picture: &mut [f32]) {
        self.for_each_run(windows, |from, to, length| {
            add(&mut picture[from..from + length], &patches[to..to + length]);
        });
    }
}

/// Values of the patches that are made at a time, about: half of a common second-level cache.
const PATCH_VALUES: usize = 32 * 1024;

/// One matrix product per block of windows of a picture.
fn forward_kernel(x: &[f32], kernel: &[f32], shape: ConvolutionShape, y: &mut [f32]) {
    let (windows, patch, block) = (shape.windows(), shape.patch(), shape.block());
    let out = kernel.len() / patch;
    let kernel = matrix(kernel, patch, out);
    y.par_chunks_mut(windows * out).zip(x.par_chunks(shape.picture())).for_each(|(y, x)| {
        for (i, y) in y.chunks_mut(block * out).enumerate() {
            let count = y.len() / out;
            with_scratch([count * patch], |[patches]| {
                shape.cut(x, i * block..i * block + count, patches);
                let y = matrix_mut(y, count, out);
                product(1.0, matrix(patches, count, patch), kernel, Destination::Replace, y);
            });
        }
    });
}

/// The gradient with respect to x: for every pixel the sum over the windows that contain it.
fn input_gradient(kernel: &[f32], dy: &[f32], shape: ConvolutionShape) -> Vec<f32> {
    let (windows, patch, block) = (shape.windows(), shape.patch(), shape.block());
    let out = kernel.len() / patch;
    let kernel = matrix(kernel, patch, out).reversed_axes();
    let mut dx = zeros(dy.len() / (windows * out) * shape.picture());
    dx.par_chunks_mut(shape.picture()).zip(dy.par_chunks(windows * out)).for_each(|(dx, dy)| {
        for (i, dy) in dy.chunks(block * out).enumerate() {
            let count = dy.len() / out;
            with_scratch([count * patch], |[patches]| {
                let to = matrix_mut(patches, count, patch);
                product(1.0, matrix(dy, count, out), kernel, Destination::Replace, to);
                shape.add_patches(patches, i * block..i * block + count, dx);
            });
        }
    });
    dx
}

/// Pictures whose kernel gradients are summed by one thread.
const GROUP: usize = 8;

/// The gradient with respect to the kernel.
///
/// Pictures are summed in fixed groups, in order, so that the result does not depend on the number
/// of threads.
fn kernel_gradient(x: &[f32], dy: &[f32], out: usize, shape: ConvolutionShape) -> Vec<f32> {
    let groups: Vec<Vec<f32>> = x
        .par_chunks(GROUP * shape.picture())
        .zip(dy.par_chunks(GROUP * shape.windows() * out))
        .map(|(x, dy)| group_gradient(x, dy, out, shape))
        .collect();
    let mut total = vec![0.0; shape.patch() * out];
    for group in groups {
        add(&mut total, &group);
    }
    total
}

/// [`kernel_gradient`] of the pictures of one group.
fn group_gradient(x: &[f32], dy: &[f32], out: usize, shape: ConvolutionShape) -> Vec<f32> {
    let (windows, patch, block) = (shape.windows(), shape.patch(), shape.block());
    let mut gradient = vec![0.0; patch * out];
    for (x, dy) in x.chunks(shape.picture()).zip(dy.chunks(windows * out)) {
        for (i, dy) in dy.chunks(block * out).enumerate() {
            let count = dy.len() / out;
            with_scratch([count * patch], |[patches]| {
                shape.cut(x, i * block..i * block + count, patches);
                product(
                    1.0,
                    matrix(patches, count, patch).reversed_axes(),
                    matrix(dy, count, out),
                    Destination::Add,
                    matrix_mut(&mut gradient, patch, out),
                );
            });
        }
    }
    gradient
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
    fn gradients(
        self,
        dy: FlexTensor,
        [input, kernel_needed]: [bool; 2],
    ) -> [Option<FlexTensor>; 2] {
        let (x, kernel, dy) = (contiguous(self.x), contiguous(self.kernel), contiguous(dy));
        let ([_, out], shape) = (dims::<2>(&kernel), ConvolutionShape::of(&x, self.window));
        let dx =
            input.then(|| tensor(input_gradient(values(&kernel), values(&dy), shape), x.shape()));
        let dkernel = kernel_needed
            .then(|| tensor(kernel_gradient(values(&x), values(&dy), out, shape), kernel.shape()));
        [dx, dkernel]
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

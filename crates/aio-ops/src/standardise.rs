//! Standardisation of pixels as in IBN-Net: by picture for some channels, by batch for the others.

use crate::bridge::{BackwardPass, buffer, contiguous, dims, on_cpu, record, tensor, values};
use aio_simd::wide;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use rayon::prelude::*;

/// Which channels take their mean and variance from one picture, and which from the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IbnSplit {
    /// Number of leading channels with statistics per picture (instance normalisation); the
    /// others have statistics per batch (batch normalisation).
    pub instance_channels: usize,
}

/// Standardises every channel of pixels: `(x − mean)/√(var + ε)`, with the biased variance.
///
/// Mean and variance are those of one picture for the first channels and those of the whole batch
/// for the others. This is IBN-a without its affine map, for which [`crate::affine_relu`] follows.
///
/// Pan et al., "Two at Once: Enhancing Learning and Generalization Capacities via IBN-Net", ECCV
/// 2018.
///
/// # Shapes
/// - x and output: `[batch, pixels, channels]`
#[must_use]
pub fn standardise(x: Tensor<3>, split: IbnSplit, epsilon: f64) -> Tensor<3> {
    if !on_cpu(&x) {
        return portable(x, split, epsilon);
    }
    let output = <Dispatch as StandardiseOp>::forward(x.into_dispatch(), split, epsilon as f32);
    Tensor::from_dispatch(output)
}

/// See [`crate::standardise`].
#[must_use]
pub fn portable(x: Tensor<3>, split: IbnSplit, epsilon: f64) -> Tensor<3> {
    let [_, _, channels] = x.dims();
    let n = split.instance_channels;
    if n == 0 {
        return portable_part(x, mean_over_batch, epsilon);
    }
    if n == channels {
        return portable_part(x, mean_over_picture, epsilon);
    }
    let instance = portable_part(x.clone().narrow(2, 0, n), mean_over_picture, epsilon);
    let batch = portable_part(x.narrow(2, n, channels - n), mean_over_batch, epsilon);
    Tensor::cat(vec![instance, batch], 2)
}

fn portable_part(x: Tensor<3>, mean: fn(Tensor<3>) -> Tensor<3>, epsilon: f64) -> Tensor<3> {
    let centred = x.clone() - mean(x);
    let variance = mean(centred.clone().powi_scalar(2));
    centred / (variance + epsilon).sqrt()
}

fn mean_over_picture(x: Tensor<3>) -> Tensor<3> {
    x.mean_dim(1)
}

fn mean_over_batch(x: Tensor<3>) -> Tensor<3> {
    x.mean_dim(1).mean_dim(0)
}

/// The shape of one picture and the split of its channels.
#[derive(Debug, Clone, Copy)]
struct PictureShape {
    pixels: usize,
    channels: usize,
    split: IbnSplit,
}

impl PictureShape {
    fn of(x: &FlexTensor, split: IbnSplit) -> Self {
        let [_, pixels, channels] = dims(x);
        Self { pixels, channels, split }
    }

    /// Values of one picture.
    fn picture(&self) -> usize {
        self.pixels * self.channels
    }
}

/// Sums, later means, of two quantities for every channel of one picture.
struct ChannelSums {
    first: Vec<f64>,
    second: Vec<f64>,
}

/// Pixels whose sums are computed in 32 bits before they are added in 64.
const SHORT: usize = 64;

/// Sums of `a` and of `a·b` over the pixels of every picture.
fn sums_per_picture(a: &[f32], b: &[f32], shape: PictureShape) -> Vec<ChannelSums> {
    let channels = shape.channels;
    let of_picture = |a: &[f32], b: &[f32]| {
        let mut sums = ChannelSums { first: vec![0.0; channels], second: vec![0.0; channels] };
        let (mut first, mut second) = (vec![0.0f32; channels], vec![0.0f32; channels]);
        wide(
            #[inline(always)]
            || {
                for (a, b) in a.chunks(SHORT * channels).zip(b.chunks(SHORT * channels)) {
                    first.fill(0.0);
                    second.fill(0.0);
                    for (a, b) in a.chunks_exact(channels).zip(b.chunks_exact(channels)) {
                        let totals = first.iter_mut().zip(second.iter_mut());
                        for ((a, b), (first, second)) in a.iter().zip(b).zip(totals) {
                            *first += a;
                            *second += a * b;
                        }
                    }
                    for (total, part) in sums.first.iter_mut().zip(&first) {
                        *total += f64::from(*part);
                    }
                    for (total, part) in sums.second.iter_mut().zip(&second) {
                        *total += f64::from(*part);
                    }
                }
            },
        );
        sums
    };
    a.par_chunks(shape.picture())
        .zip(b.par_chunks(shape.picture()))
        .map(|(a, b)| of_picture(a, b))
        .collect()
}

/// Turns sums into means: per picture for the instance channels, over the batch for the others.
fn means(mut sums: Vec<ChannelSums>, shape: PictureShape) -> Vec<ChannelSums> {
    let pixels = shape.pixels as f64;
    let batch_pixels = pixels * sums.len() as f64;
    for c in 0..shape.split.instance_channels {
        for picture in &mut sums {
            picture.first[c] /= pixels;
            picture.second[c] /= pixels;
        }
    }
    for c in shape.split.instance_channels..shape.channels {
        let (mut first, mut second) = (0.0, 0.0);
        for picture in &sums {
            first += picture.first[c];
            second += picture.second[c];
        }
        for picture in &mut sums {
            picture.first[c] = first / batch_pixels;
            picture.second[c] = second / batch_pixels;
        }
    }
    sums
}

/// Writes the standardised values, and 1/√(var + ε) per picture and channel.
fn kernel(x: &[f32], shape: PictureShape, epsilon: f32, y: &mut [f32], scales: &mut [f32]) {
    let statistics = means(sums_per_picture(x, x, shape), shape);
    y.par_chunks_mut(shape.picture())
        .zip(scales.par_chunks_mut(shape.channels))
        .zip(x.par_chunks(shape.picture()))
        .zip(&statistics)
        .for_each(|(((y, scales), x), ChannelSums { first: mean, second: square })| {
            let mean32: Vec<f32> = mean.iter().map(|m| *m as f32).collect();
            for c in 0..shape.channels {
                let variance = (square[c] - mean[c] * mean[c]).max(0.0) as f32;
                scales[c] = 1.0 / (variance + epsilon).sqrt();
            }
            wide(
                #[inline(always)]
                || {
                    let rows =
                        y.chunks_exact_mut(shape.channels).zip(x.chunks_exact(shape.channels));
                    for (y, x) in rows {
                        let channels = mean32.iter().zip(scales.iter());
                        for ((y, x), (mean, scale)) in y.iter_mut().zip(x).zip(channels) {
                            *y = (x - mean) * scale;
                        }
                    }
                },
            );
        });
}

/// Writes the gradient with respect to x, from the standardised values `y`:
/// `dx = (dy − mean(dy) − y·mean(dy·y))/√(var + ε)`.
fn kernel_backward(y: &[f32], scales: &[f32], dy: &[f32], shape: PictureShape, dx: &mut [f32]) {
    let statistics = means(sums_per_picture(dy, y, shape), shape);
    dx.par_chunks_mut(shape.picture())
        .zip(scales.par_chunks(shape.channels))
        .zip(y.par_chunks(shape.picture()))
        .zip(dy.par_chunks(shape.picture()))
        .zip(&statistics)
        .for_each(|((((dx, scales), y), dy), statistics)| {
            let mean: Vec<f32> = statistics.first.iter().map(|m| *m as f32).collect();
            let projected: Vec<f32> = statistics.second.iter().map(|p| *p as f32).collect();
            wide(
                #[inline(always)]
                || {
                    let rows = dx
                        .chunks_exact_mut(shape.channels)
                        .zip(y.chunks_exact(shape.channels))
                        .zip(dy.chunks_exact(shape.channels));
                    for ((dx, y), dy) in rows {
                        let channels = scales.iter().zip(&mean).zip(&projected);
                        for (((dx, y), dy), ((scale, mean), projected)) in
                            dx.iter_mut().zip(y).zip(dy).zip(channels)
                        {
                            *dx = scale * (dy - mean - y * projected);
                        }
                    }
                },
            );
        });
}

/// The operation as Burn's dispatch calls it.
#[backend_extension(Flex, Autodiff)]
trait StandardiseOp: Backend {
    fn forward(x: FloatTensor<Self>, split: IbnSplit, epsilon: f32) -> FloatTensor<Self>;
}

impl StandardiseOp for Flex {
    fn forward(x: FloatTensor<Self>, split: IbnSplit, epsilon: f32) -> FloatTensor<Self> {
        forward_with_scales(x, split, epsilon).0
    }
}

/// Output and 1/√(var + ε) as `[batch, channels]`, which the backward pass needs.
fn forward_with_scales(x: FlexTensor, split: IbnSplit, epsilon: f32) -> (FlexTensor, FlexTensor) {
    let x = contiguous(x);
    let [batch, pixels, channels] = dims(&x);
    let (output_shape, scales_shape) = ([batch, pixels, channels], [batch, channels]);
    let (mut y, mut scales) = (buffer(output_shape), buffer(scales_shape));
    kernel(values(&x), PictureShape::of(&x, split), epsilon, &mut y, &mut scales);
    (tensor(y, output_shape), tensor(scales, scales_shape))
}

impl<C: CheckpointStrategy> StandardiseOp for Autodiff<Flex, C> {
    fn forward(x: FloatTensor<Self>, split: IbnSplit, epsilon: f32) -> FloatTensor<Self> {
        let (x, node) = x.into_parts();
        let (y, scales) = forward_with_scales(x, split, epsilon);
        let saved = StandardiseBackward { y: y.clone(), scales, split };
        record::<C, _, 1>([node], y, saved)
    }
}

#[derive(Debug, Clone)]
struct StandardiseBackward {
    y: FlexTensor,
    scales: FlexTensor,
    split: IbnSplit,
}

impl BackwardPass<1> for StandardiseBackward {
    fn gradients(self, dy: FlexTensor, _needed: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let Self { y, scales, split } = self;
        let dy = contiguous(dy);
        let shape = dims::<3>(&y);
        let mut dx = buffer(shape);
        let picture = PictureShape::of(&y, split);
        kernel_backward(values(&y), values(&scales), values(&dy), picture, &mut dx);
        [Some(tensor(dx, shape))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parity::{check, random};

    fn check_split(shape: [usize; 3], instance_channels: usize, seed: u64) {
        let split = IbnSplit { instance_channels };
        check(
            1e-4,
            random(shape, seed),
            [],
            |x, []| standardise(x, split, 1e-5),
            |x, []| portable(x, split, 1e-5),
        );
    }

    #[test]
    fn agrees_with_the_portable_form_for_instance_batch_and_both() {
        for instance_channels in [0, 3, 8] {
            check_split([4, 10, 8], instance_channels, 7);
        }
    }

    /// One picture is one block of work.
    #[test]
    fn agrees_for_one_and_for_many_pictures() {
        for instance_channels in [0, 5, 13] {
            check_split([1, 701, 13], instance_channels, 30);
            check_split([33, 67, 13], instance_channels, 31);
        }
    }
}

//! The sketch generator of informative-drawings, which makes missing sketches from photographs.

use crate::import;
use aio_encoder::weights::{Tensors, WeightsError};
use aio_types::Picture;
use burn::tensor::module::{conv_transpose2d, conv2d};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use burn::tensor::{Device, Tensor, TensorData, activation};
use std::path::Path;

/// Epsilon of PyTorch's `InstanceNorm2d`.
const EPSILON: f64 = 1e-5;

/// Pictures that are drawn at once.
const BATCH: usize = 16;

/// A convolution's weight and bias.
#[derive(Debug, Clone)]
struct Conv {
    weight: Tensor<4>,
    bias: Tensor<1>,
}

/// The generator of Chan, Durand and Isola, "Learning to generate line drawings that convey geometry and semantics" (CVPR 2022). That
/// the paper's "Lineart" is this generator is a reconstruction.
///
/// ```text
/// reflect 3, 7×7 → { 3×3 /2 } × 2 → { x + reflect 1, 3×3, reflect 1, 3×3 } × n → { 3×3 transposed ×2 } × 2 → reflect 3, 7×7 → sigmoid
/// ```
///
/// Every convolution but the last is followed by instance normalisation without parameters, and by ReLU where no sum follows. Source:
/// `Generator` of carolineec/informative-drawings; widths and the number of residual blocks follow from the tensors (64 and 3 in the
/// published ones).
#[derive(Debug, Clone)]
pub struct SketchGenerator {
    entry: Conv,
    down: Vec<Conv>,
    residual: Vec<[Conv; 2]>,
    up: Vec<Conv>,
    exit: Conv,
    device: Device,
}

/// Takes convolutions out of a checkpoint.
struct Layers<'a> {
    tensors: Tensors,
    device: &'a Device,
    problems: Vec<String>,
}

impl Layers<'_> {
    fn conv(&mut self, name: &str) -> Conv {
        let mut take =
            |part: &str, rank: usize| match self.tensors.remove(&format!("{name}.{part}")) {
                Some(tensor) if tensor.shape.len() == rank => {
                    TensorData::new(tensor.values, tensor.shape)
                }
                Some(tensor) => {
                    self.problems.push(format!(
                        "`{name}.{part}` has the shape {:?}, expected {rank} dimensions",
                        tensor.shape
                    ));
                    TensorData::zeros::<f32, _>(vec![1; rank])
                }
                None => {
                    self.problems.push(format!("`{name}.{part}` is missing"));
                    TensorData::zeros::<f32, _>(vec![1; rank])
                }
            };
        let (weight, bias) = (take("weight", 4), take("bias", 1));
        Conv {
            weight: Tensor::from_data(weight, self.device),
            bias: Tensor::from_data(bias, self.device),
        }
    }
}

/// Adds mirrored rows or columns `before` and `after`; the edge itself is not repeated.
fn reflect(x: Tensor<4>, axis: usize, before: usize, after: usize) -> Tensor<4> {
    let length = x.dims()[axis];
    let mut parts = vec![x.clone()];
    if before > 0 {
        parts.insert(0, x.clone().narrow(axis, 1, before).flip([axis as isize]));
    }
    if after > 0 {
        parts.push(x.narrow(axis, length - 1 - after, after).flip([axis as isize]));
    }
    Tensor::cat(parts, axis)
}

/// Adds `by` mirrored pixels on all four sides.
fn framed(x: Tensor<4>, by: usize) -> Tensor<4> {
    reflect(reflect(x, 2, by, by), 3, by, by)
}

fn convolve(x: Tensor<4>, conv: &Conv, stride: usize, padding: usize) -> Tensor<4> {
    conv2d(
        x,
        conv.weight.clone(),
        Some(conv.bias.clone()),
        ConvOptions::new([stride; 2], [padding; 2], [1, 1], 1),
    )
}

fn normalise(x: Tensor<4>) -> Tensor<4> {
    let mean = |t: Tensor<4>| t.mean_dim(2).mean_dim(3);
    let centred = x.clone() - mean(x);
    let variance = mean(centred.clone().powi_scalar(2));
    centred / (variance + EPSILON).sqrt()
}

impl SketchGenerator {
    /// Reads a checkpoint of informative-drawings (`.pth` or `.safetensors`).
    ///
    /// # Errors
    /// [`WeightsError`] naming the file and the tensors that are missing, left over or do not fit each other.
    pub fn open(path: &Path, device: &Device) -> Result<Self, WeightsError> {
        let tensors = import::read(path)?.tensors;
        let blocks = (0..)
            .take_while(|i| tensors.contains_key(&format!("model2.{i}.conv_block.1.weight")))
            .count();
        let mut layers = Layers { tensors, device, problems: Vec::new() };
        let entry = layers.conv("model0.1");
        let down = ["model1.0", "model1.3"].map(|name| layers.conv(name)).to_vec();
        let residual = (0..blocks)
            .map(|i| [1, 5].map(|layer| layers.conv(&format!("model2.{i}.conv_block.{layer}"))))
            .collect();
        let up = ["model3.0", "model3.3"].map(|name| layers.conv(name)).to_vec();
        let exit = layers.conv("model4.1");
        let mut problems = layers.problems;
        problems.extend(
            layers
                .tensors
                .keys()
                .map(|name| format!("`{name}` has no place in the sketch generator")),
        );
        let generator = Self { entry, down, residual, up, exit, device: device.clone() };
        if problems.is_empty() {
            problems.extend(generator.mismatch());
        }
        if problems.is_empty() {
            Ok(generator)
        } else {
            Err(WeightsError::Mismatch { origin: path.display().to_string(), problems })
        }
    }

    /// A sentence about the first convolution whose inputs are not the outputs of the one before it.
    fn mismatch(&self) -> Option<String> {
        let plain =
            |name: &'static str, conv: &Conv, side: usize| (name, conv.weight.dims(), side, false);
        let mut chain = vec![plain("model0.1", &self.entry, 7)];
        chain.extend(self.down.iter().map(|conv| plain("model1", conv, 3)));
        chain.extend(self.residual.iter().flatten().map(|conv| plain("model2", conv, 3)));
        chain.extend(self.up.iter().map(|conv| ("model3", conv.weight.dims(), 3, true)));
        chain.push(plain("model4.1", &self.exit, 7));
        let mut channels = 3;
        for (name, shape, side, transposed) in chain {
            let (from, to) = if transposed { (shape[0], shape[1]) } else { (shape[1], shape[0]) };
            if from != channels || shape[2..] != [side; 2] {
                return Some(format!(
                    "`{name}` has a weight of shape {shape:?}, expected {channels} inputs and a {side} × {side} kernel"
                ));
            }
            channels = to;
        }
        (channels != 1).then(|| format!("it draws {channels} channels, expected 1"))
    }

    /// Draws photographs.
    ///
    /// # Shapes
    /// - photographs: `[batch, 3, height, width]`, 0..1
    /// - output: `[batch, 1, height, width]`, 0 for ink and 1 for paper
    #[must_use]
    pub fn tones(&self, photographs: Tensor<4>) -> Tensor<4> {
        let [_, _, height, width] = photographs.dims();
        // Two halvings and two doublings give back multiples of four alone.
        let (below, beside) =
            (height.next_multiple_of(4) - height, width.next_multiple_of(4) - width);
        let x = reflect(reflect(photographs, 2, 0, below), 3, 0, beside);
        let mut x = activation::relu(normalise(convolve(framed(x, 3), &self.entry, 1, 0)));
        for conv in &self.down {
            x = activation::relu(normalise(convolve(x, conv, 2, 1)));
        }
        for [first, second] in &self.residual {
            let inner = activation::relu(normalise(convolve(framed(x.clone(), 1), first, 1, 0)));
            x = x + normalise(convolve(framed(inner, 1), second, 1, 0));
        }
        for conv in &self.up {
            let options = ConvTransposeOptions::new([2, 2], [1, 1], [1, 1], [1, 1], 1);
            x = activation::relu(normalise(conv_transpose2d(
                x,
                conv.weight.clone(),
                Some(conv.bias.clone()),
                options,
            )));
        }
        let drawn = activation::sigmoid(convolve(framed(x, 3), &self.exit, 1, 0));
        drawn.narrow(2, 0, height).narrow(3, 0, width)
    }

    /// Draws pictures of one size. The drawings are grey.
    #[must_use]
    pub fn draw(&self, pictures: &[&Picture]) -> Vec<Picture> {
        let mut drawn = Vec::with_capacity(pictures.len());
        for chunk in pictures.chunks(BATCH) {
            let size = chunk[0].size;
            let values: Vec<f32> =
                chunk.iter().flat_map(|p| p.pixels.iter().map(|v| f32::from(*v) / 255.0)).collect();
            let x = Tensor::<4>::from_data(
                TensorData::new(values, [chunk.len(), size.height, size.width, 3]),
                &self.device,
            );
            let tones: Vec<f32> =
                self.tones(x.permute([0, 3, 1, 2])).into_data().iter::<f32>().collect();
            let grey = |tone: &f32| [(255.0 * tone).round() as u8; 3];
            drawn.extend(
                tones
                    .chunks(size.height * size.width)
                    .map(|one| Picture { size, pixels: one.iter().flat_map(grey).collect() }),
            );
        }
        drawn
    }
}

use super::copies::Copies;
use super::ibn::Ibn;
use aio_ops::Window;
use burn::module::{Initializer, Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use rand::{Rng, RngExt};

/// A convolution whose weight has PyTorch's layout.
#[derive(Module, Debug)]
pub(super) struct Conv {
    /// `[out, in, kernel, kernel]`
    weight: Param<Tensor<4>>,
    #[module(skip)]
    window: Window,
}

impl Conv {
    pub(super) fn init(from: usize, to: usize, window: Window, device: &Device) -> Self {
        let fan_in = from * window.kernel * window.kernel;
        let weight = Initializer::Normal { mean: 0.0, std: (2.0 / fan_in as f64).sqrt() }
            .init([to, from, window.kernel, window.kernel], device);
        Self { weight, window }
    }

    /// `[batch, height, width, in]` to `[batch, windows, out]`.
    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<3> {
        let [out, channels, k, _] = self.weight.dims();
        let kernel = self.weight.val().permute([2, 3, 1, 0]).reshape([k * k * channels, out]);
        aio_ops::convolve(x, kernel, self.window)
    }

    /// The convolution between copied channels.
    pub(super) fn copied(
        &self,
        read: &Copies,
        written: &Copies,
        noise: f32,
        rng: &mut impl Rng,
    ) -> Self {
        let [_, inputs, height, width] = self.weight.dims();
        let window = height * width;
        let old: Vec<f32> = self.weight.val().into_data().iter::<f32>().collect();
        let mut new = Vec::with_capacity(written.of.len() * read.of.len() * window);
        for (output, share) in written.of.iter().zip(&written.share) {
            let start = new.len();
            for (input, part) in read.of.iter().zip(&read.share) {
                let from = (output * inputs + input) * window;
                new.extend(old[from..from + window].iter().map(|weight| weight * part));
            }
            if *share < 1.0 {
                let channel = &mut new[start..];
                let squares: f32 = channel.iter().map(|weight| weight * weight).sum();
                // The deviation of a uniform number between -a and a is a / √3.
                let largest = noise * (3.0 * squares / channel.len() as f32).sqrt();
                for weight in channel {
                    *weight += largest * rng.random_range(-1.0..1.0);
                }
            }
        }
        let shape = [written.of.len(), read.of.len(), height, width];
        let weight = Tensor::from_data(TensorData::new(new, shape), &self.weight.val().device());
        Self { weight: Param::from_tensor(weight), window: self.window }
    }
}

/// A convolution with its normalisation and ReLU.
#[derive(Module, Debug)]
pub(super) struct Layer {
    pub(super) conv: Conv,
    pub(super) norm: Ibn,
}

impl Layer {
    /// `[batch, height, width, in]` to `[batch, height/stride, width/stride, out]`.
    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, height, width, _] = x.dims();
        let (rows, columns) = (self.conv.window.count(height), self.conv.window.count(width));
        let x = self.norm.forward(self.conv.forward(x));
        let [_, _, channels] = x.dims();
        x.reshape([batch, rows, columns, channels])
    }
}

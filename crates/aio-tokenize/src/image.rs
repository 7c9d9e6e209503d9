use aio_ops::{IbnSplit, Window};
use burn::module::{Initializer, Module, ModuleMapper, Param, RunningState};
use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

/// Rows and columns of the token grid of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Rows of tokens.
    pub rows: usize,
    /// Columns of tokens.
    pub columns: usize,
}

/// Geometry of an image stem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StemConfig {
    /// Channels of the three convolutions; 64 in TransReID-SSL.
    pub channels: usize,
    /// Side of a token in pixels; even, since the first convolution halves the picture. 16 in TransReID-SSL.
    pub patch: usize,
}

/// Epsilon and momentum of the normalisations, PyTorch's defaults.
const EPSILON: f64 = 1e-5;
const MOMENTUM: f64 = 0.1;

/// A convolution whose weight has PyTorch's layout.
#[derive(Module, Debug)]
struct Conv {
    /// `[out, in, kernel, kernel]`
    weight: Param<Tensor<4>>,
    #[module(skip)]
    window: Window,
}

impl Conv {
    fn init(from: usize, to: usize, window: Window, device: &Device) -> Self {
        let fan_in = from * window.kernel * window.kernel;
        let weight = Initializer::Normal { mean: 0.0, std: (2.0 / fan_in as f64).sqrt() }.init([to, from, window.kernel, window.kernel], device);
        Self { weight, window }
    }

    /// `[batch, height, width, in]` to `[batch, windows, out]`.
    fn forward(&self, x: Tensor<4>) -> Tensor<3> {
        let [out, channels, k, _] = self.weight.dims();
        let kernel = self.weight.val().permute([2, 3, 1, 0]).reshape([k * k * channels, out]);
        aio_ops::convolve(x, kernel, self.window)
    }
}

/// Normalisation over pixels followed by ReLU: instance normalisation for the first channels, batch
/// normalisation for the others (IBN-a; all batch normalisation with `instance = 0`).
#[derive(Module, Debug)]
struct Ibn {
    weight: Param<Tensor<1>>,
    bias: Param<Tensor<1>>,
    running_mean: RunningState<Tensor<1>>,
    running_var: RunningState<Tensor<1>>,
    #[module(skip)]
    instance: usize,
}

impl Ibn {
    fn init(channels: usize, instance: usize, device: &Device) -> Self {
        Self {
            weight: Param::from_tensor(Tensor::ones([channels], device)),
            bias: Param::from_tensor(Tensor::zeros([channels], device)),
            running_mean: RunningState::new(Tensor::zeros([channels - instance], device)),
            running_var: RunningState::new(Tensor::ones([channels - instance], device)),
            instance,
        }
    }

    /// The same normalisation with running statistics of its own; a clone shares them with its origin.
    fn separate(self) -> Self {
        let copy = |state: &RunningState<Tensor<1>>| RunningState::new(state.value_sync());
        Self { running_mean: copy(&self.running_mean), running_var: copy(&self.running_var), ..self }
    }

    /// `[batch, pixels, channels]` to the same. With parameters on an autodiff device the batch's own statistics
    /// are used and the running ones updated; otherwise the running ones are used.
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let split = IbnSplit { instance: self.instance };
        let standard = if self.weight.val().device().is_autodiff() {
            self.track(x.clone().without_autodiff());
            aio_ops::standardise(x, split, EPSILON)
        } else {
            self.with_running(x, split)
        };
        aio_ops::affine_relu(standard, self.weight.val(), self.bias.val())
    }

    fn track(&self, x: Tensor<3>) {
        let [batch, pixels, channels] = x.dims();
        let shared = channels - self.instance;
        let n = (batch * pixels) as f64;
        let flat = x.narrow(2, self.instance, shared).reshape([batch * pixels, shared]);
        let mean = flat.clone().mean_dim(0);
        let variance = (flat.clone() * flat).mean_dim(0) - mean.clone() * mean.clone();
        let unbiased = variance * (n / (n - 1.0).max(1.0));
        let blend = |running: &RunningState<Tensor<1>>, new: Tensor<2>| {
            let old = running.value_sync().without_autodiff();
            running.update(old * (1.0 - MOMENTUM) + new.reshape([shared]) * MOMENTUM);
            // An update is only noted; without this it would be missing from a checkpoint written now.
            running.value_sync();
        };
        blend(&self.running_mean, mean);
        blend(&self.running_var, unbiased);
    }

    fn with_running(&self, x: Tensor<3>, split: IbnSplit) -> Tensor<3> {
        let [_, _, channels] = x.dims();
        let shared = channels - self.instance;
        let mean = self.running_mean.value().reshape([1, 1, shared]);
        let scale = (self.running_var.value() + EPSILON).sqrt().reshape([1, 1, shared]);
        let fixed = (x.clone().narrow(2, self.instance, shared) - mean) / scale;
        if self.instance == 0 {
            return fixed;
        }
        let own = aio_ops::standardise(x.narrow(2, 0, self.instance), IbnSplit { instance: split.instance }, EPSILON);
        Tensor::cat(vec![own, fixed], 2)
    }
}

/// The image stem of TransReID-SSL with learned positions: three convolutions with IBN, then one token per patch.
///
/// ```text
/// Conv 7×7 /2 → IBN → ReLU → Conv 3×3 → IBN → ReLU → Conv 3×3 → BN → ReLU → Conv (patch/2) /(patch/2) → + positions
/// ```
///
/// Source: TransReID-SSL `PatchEmbed(stem_conv=True)`; that the paper's "IBN-style" projectors are these layers is a
/// reconstruction.
#[derive(Module, Debug)]
pub struct ImageTokenizer {
    conv1: Conv,
    norm1: Ibn,
    conv2: Conv,
    norm2: Ibn,
    conv3: Conv,
    norm3: Ibn,
    proj: Conv,
    proj_bias: Param<Tensor<1>>,
    /// `[rows · columns, width]`
    positions: Param<Tensor<2>>,
    #[module(skip)]
    rows: usize,
    #[module(skip)]
    columns: usize,
}

impl StemConfig {
    /// The token grid of a picture of `height × width` pixels.
    #[must_use]
    pub fn grid(&self, height: usize, width: usize) -> Grid {
        Grid { rows: height / self.patch, columns: width / self.patch }
    }

    /// Builds a stem for pictures with `grid` tokens of `width`.
    #[must_use]
    pub fn init(&self, grid: Grid, width: usize, device: &Device) -> ImageTokenizer {
        let c = self.channels;
        let same = Window { kernel: 3, stride: 1, padding: 1 };
        let half = self.patch / 2;
        let positions = Initializer::Normal { mean: 0.0, std: 0.02 }.init([grid.rows * grid.columns, width], device);
        ImageTokenizer {
            conv1: Conv::init(3, c, Window { kernel: 7, stride: 2, padding: 3 }, device),
            norm1: Ibn::init(c, c / 2, device),
            conv2: Conv::init(c, c, same, device),
            norm2: Ibn::init(c, c / 2, device),
            conv3: Conv::init(c, c, same, device),
            norm3: Ibn::init(c, 0, device),
            proj: Conv::init(c, width, Window { kernel: half, stride: half, padding: 0 }, device),
            proj_bias: Param::from_tensor(Tensor::zeros([width], device)),
            positions,
            rows: grid.rows,
            columns: grid.columns,
        }
    }
}

impl ImageTokenizer {
    /// Turns normalised pictures into tokens.
    ///
    /// # Shapes
    /// - pictures: `[batch, height, width, 3]`
    /// - output: `[batch, rows · columns, width]`
    #[must_use]
    pub fn forward(&self, pictures: Tensor<4>) -> Tensor<3> {
        let [batch, height, width, _] = pictures.dims();
        let (h, w) = (self.conv1.window.count(height), self.conv1.window.count(width));
        let x = self.norm1.forward(self.conv1.forward(pictures));
        let square = |x: Tensor<3>| {
            let [_, _, channels] = x.dims();
            x.reshape([batch, h, w, channels])
        };
        let x = self.norm2.forward(self.conv2.forward(square(x)));
        let x = self.norm3.forward(self.conv3.forward(square(x)));
        let tokens = self.proj.forward(square(x)) + self.proj_bias.val().unsqueeze::<3>();
        tokens + self.positions.val().unsqueeze::<3>()
    }

    /// A copy that trains apart from this stem: parameters with identities of their own, running statistics of its own.
    #[must_use]
    pub fn separate(&self) -> Self {
        struct Fresh;
        impl ModuleMapper for Fresh {
            fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
                Param::from_tensor(param.val())
            }
        }
        let copy = self.clone();
        Self { norm1: copy.norm1.separate(), norm2: copy.norm2.separate(), norm3: copy.norm3.separate(), ..copy }.map(&mut Fresh)
    }

    /// The same stem for another token grid: positions are interpolated bicubically, everything else is kept.
    #[must_use]
    pub fn regridded(mut self, grid: Grid) -> Self {
        if (grid.rows, grid.columns) == (self.rows, self.columns) {
            return self;
        }
        let (rows, columns) = (self.rows, self.columns);
        self.positions = self.positions.map(|positions| {
            let [_, width] = positions.dims();
            let plane = positions.reshape([1, rows, columns, width]).permute([0, 3, 1, 2]);
            let plane = interpolate(plane, InterpolateOptions::new(InterpolateMode::Bicubic).with_output_size([grid.rows, grid.columns]));
            plane.permute([0, 2, 3, 1]).reshape([grid.rows * grid.columns, width])
        });
        (self.rows, self.columns) = (grid.rows, grid.columns);
        self
    }
}

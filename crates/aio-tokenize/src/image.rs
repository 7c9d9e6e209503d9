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

/// Which convolutions an image stem has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StemKind {
    /// One convolution per patch and nothing else: CLIP's and timm's vision transformers.
    Patch,
    /// Three convolutions at half the resolution, then one convolution per patch: `PatchEmbed(stem_conv=True)` of TransReID-SSL.
    TransreidSsl,
    /// Convolutions that halve the resolution step by step and double the channels down to one pixel per patch.
    ///
    /// After Xiao et al., "Early Convolutions Help Transformers See Better" (NeurIPS 2021), with the IBN of
    /// TransReID-SSL in its first two layers: a small transformer learns from few pictures what it hardly learns
    /// from patches (docs/fidelity.md has the numbers).
    Pyramid,
}

/// Geometry of an image stem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StemConfig {
    /// Which convolutions it has.
    pub kind: StemKind,
    /// Channels of the first convolution, and of all three in TransReID-SSL, where they are 64; without meaning in a patch stem.
    pub channels: usize,
    /// Side of a token in pixels; even in TransReID-SSL (16 there), a power of two in a pyramid.
    pub patch: usize,
    /// Whether half of the first two layers' channels are normalised picture by picture (IBN-a), as TransReID-SSL does; otherwise all of them over
    /// the batch.
    #[serde(default = "with_ibn", skip_serializing_if = "Clone::clone")]
    pub ibn: bool,
}

/// Weights files from before there was a choice.
fn with_ibn() -> bool {
    true
}

/// Epsilon and momentum of the normalisations, PyTorch's defaults.
const EPSILON: f64 = 1e-5;
const MOMENTUM: f64 = 0.1;

/// Which statistics batch normalisation uses in training.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Statistics {
    /// Those of the batch, and the running ones follow them.
    #[default]
    Batch,
    /// The running ones of pre-training, which stay as they are: what is trained is what is evaluated.
    Pretrained,
}

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
        let weight = Initializer::Normal { mean: 0.0, std: (2.0 / fan_in as f64).sqrt() }
            .init([to, from, window.kernel, window.kernel], device);
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
    #[module(skip)]
    statistics: Statistics,
}

impl Ibn {
    fn init(channels: usize, instance: usize, device: &Device) -> Self {
        Self {
            weight: Param::from_tensor(Tensor::ones([channels], device)),
            bias: Param::from_tensor(Tensor::zeros([channels], device)),
            running_mean: RunningState::new(Tensor::zeros([channels - instance], device)),
            running_var: RunningState::new(Tensor::ones([channels - instance], device)),
            instance,
            statistics: Statistics::Batch,
        }
    }

    /// The same normalisation with running statistics of its own; a clone shares them with its origin.
    fn separate(self) -> Self {
        let copy = |state: &RunningState<Tensor<1>>| RunningState::new(state.value_sync());
        Self {
            running_mean: copy(&self.running_mean),
            running_var: copy(&self.running_var),
            ..self
        }
    }

    /// `[batch, pixels, channels]` to the same. With parameters on an autodiff device and statistics of the batch, the
    /// running ones are updated; otherwise the running ones are used.
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        if self.statistics == Statistics::Batch && self.weight.val().device().is_autodiff() {
            self.track(x.clone().without_autodiff());
            let standard =
                aio_ops::standardise(x, IbnSplit { instance_channels: self.instance }, EPSILON);
            return aio_ops::affine_relu(standard, self.weight.val(), self.bias.val());
        }
        self.with_running(x)
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

    /// Normalisation by constants is an affine map, and so is what follows: the two are one.
    fn with_running(&self, x: Tensor<3>) -> Tensor<3> {
        let [_, _, channels] = x.dims();
        let mean = self.running_mean.value().without_autodiff();
        let inverse = (self.running_var.value().without_autodiff() + EPSILON).sqrt().recip();
        let shift = mean.neg() * inverse.clone();
        let (x, scale, shift) = if self.instance == 0 {
            (x, inverse, shift)
        } else {
            let device = inverse.device();
            let own = aio_ops::standardise(
                x.clone().narrow(2, 0, self.instance),
                IbnSplit { instance_channels: self.instance },
                EPSILON,
            );
            let shared = x.narrow(2, self.instance, channels - self.instance);
            (
                Tensor::cat(vec![own, shared], 2),
                Tensor::cat(vec![Tensor::ones([self.instance], &device), inverse], 0),
                Tensor::cat(vec![Tensor::zeros([self.instance], &device), shift], 0),
            )
        };
        let (gamma, beta) = (self.weight.val(), self.bias.val());
        aio_ops::affine_relu(x, gamma.clone() * scale, gamma * shift + beta)
    }
}

/// A convolution with its normalisation and ReLU.
#[derive(Module, Debug)]
struct Layer {
    conv: Conv,
    norm: Ibn,
}

impl Layer {
    /// `[batch, height, width, in]` to `[batch, height/stride, width/stride, out]`.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, height, width, _] = x.dims();
        let (rows, columns) = (self.conv.window.count(height), self.conv.window.count(width));
        let x = self.norm.forward(self.conv.forward(x));
        let [_, _, channels] = x.dims();
        x.reshape([batch, rows, columns, channels])
    }
}

/// An image stem with learned positions: convolutions with IBN and ReLU, then one token per patch.
///
/// ```text
/// patch           patch×patch /patch → + positions
/// transreid-ssl   7×7 /2 IBN → 3×3 IBN → 3×3 BN → (patch/2)×(patch/2) /(patch/2) → + positions
/// pyramid         3×3 /2 IBN → 3×3 /2 IBN → { 3×3 /2 BN → 3×3 BN } until one pixel per patch → 1×1 → + positions
/// ```
///
/// Source: TransReID-SSL `PatchEmbed(stem_conv=True)`; that the paper's "IBN-style" projectors are these layers is a
/// reconstruction.
#[derive(Module, Debug)]
pub struct ImageTokenizer {
    layers: Vec<Layer>,
    proj: Conv,
    proj_bias: Param<Tensor<1>>,
    /// `[rows · columns, width]`
    positions: Param<Tensor<2>>,
    #[module(skip)]
    rows: usize,
    #[module(skip)]
    columns: usize,
}

/// Output channels, window and instance-normalised channels of a layer.
struct LayerPlan {
    channels: usize,
    window: Window,
    instance: usize,
}

impl StemConfig {
    /// The token grid of a picture of `height × width` pixels.
    #[must_use]
    pub fn grid(&self, height: usize, width: usize) -> Grid {
        Grid { rows: height / self.patch, columns: width / self.patch }
    }

    /// Says what keeps this stem from pictures of `height × width` pixels, if anything does.
    ///
    /// # Errors
    /// A sentence that names the field.
    pub fn check(&self, height: usize, width: usize) -> Result<(), String> {
        let Self { kind, channels, patch, ibn: _ } = *self;
        if kind != StemKind::Patch && (channels == 0 || !channels.is_multiple_of(2)) {
            return Err(format!(
                "stem.channels is {channels}, expected an even number: half of them are instance-normalised"
            ));
        }
        if patch < 2
            || (kind != StemKind::Patch && !patch.is_multiple_of(2))
            || (kind == StemKind::Pyramid && !patch.is_power_of_two())
        {
            let expected =
                if kind == StemKind::Pyramid { "a power of two" } else { "an even number" };
            return Err(format!("stem.patch is {patch}, expected {expected}, at least 2"));
        }
        if height == 0
            || width == 0
            || !height.is_multiple_of(patch)
            || !width.is_multiple_of(patch)
        {
            return Err(format!(
                "pictures of {height} × {width} (height × width) do not divide into patches of {patch}"
            ));
        }
        Ok(())
    }

    /// Numbers that automatic differentiation keeps of one picture of `height × width` pixels between the passes.
    ///
    /// Every convolution keeps its input; every normalisation what it standardised, which with running statistics and instance
    /// normalisation are two things.
    #[must_use]
    pub fn kept(&self, height: usize, width: usize, statistics: Statistics) -> usize {
        let (mut pixels, mut kept) = (height * width, 3 * height * width);
        for layer in self.plan() {
            pixels /= layer.window.stride * layer.window.stride;
            let apart = if statistics == Statistics::Pretrained { layer.instance } else { 0 };
            kept += pixels * (2 * layer.channels + apart);
        }
        kept
    }

    fn plan(&self) -> Vec<LayerPlan> {
        let c = self.channels;
        let half = Window { kernel: 3, stride: 2, padding: 1 };
        let same = Window { kernel: 3, stride: 1, padding: 1 };
        let layer = |channels, window, instance| LayerPlan {
            channels,
            window,
            instance: if self.ibn { instance } else { 0 },
        };
        match self.kind {
            StemKind::Patch => Vec::new(),
            StemKind::TransreidSsl => {
                let first = Window { kernel: 7, stride: 2, padding: 3 };
                vec![layer(c, first, c / 2), layer(c, same, c / 2), layer(c, same, 0)]
            }
            StemKind::Pyramid => {
                let early =
                    (0..self.patch.ilog2().min(2)).map(|i| layer(c << i, half, (c << i) / 2));
                let late = (2..self.patch.ilog2())
                    .flat_map(|i| [layer(c << i, half, 0), layer(c << i, same, 0)]);
                early.chain(late).collect()
            }
        }
    }

    /// Builds a stem for pictures with `grid` tokens of `width`.
    #[must_use]
    pub fn init(&self, grid: Grid, width: usize, device: &Device) -> ImageTokenizer {
        let (mut channels, mut reduced, mut layers) = (3, 1, Vec::new());
        for layer in self.plan() {
            layers.push(Layer {
                conv: Conv::init(channels, layer.channels, layer.window, device),
                norm: Ibn::init(layer.channels, layer.instance, device),
            });
            (channels, reduced) = (layer.channels, reduced * layer.window.stride);
        }
        let side = self.patch / reduced;
        ImageTokenizer {
            layers,
            proj: Conv::init(
                channels,
                width,
                Window { kernel: side, stride: side, padding: 0 },
                device,
            ),
            proj_bias: Param::from_tensor(Tensor::zeros([width], device)),
            positions: Initializer::Normal { mean: 0.0, std: 0.02 }
                .init([grid.rows * grid.columns, width], device),
            rows: grid.rows,
            columns: grid.columns,
        }
    }
}

/// The same values outside any graph. A parameter must be a leaf of its own: made of another's tensor it would share that one's gradient,
/// and made of an operation's result it would have none.
fn leaf<const D: usize>(tensor: &Tensor<D>) -> Tensor<D> {
    let plain = tensor.clone().without_autodiff();
    if tensor.is_autodiff() { plain.autodiff() } else { plain }
}

impl ImageTokenizer {
    /// Turns normalised pictures into tokens.
    ///
    /// # Shapes
    /// - pictures: `[batch, height, width, 3]`
    /// - output: `[batch, rows · columns, width]`
    #[must_use]
    pub fn forward(&self, pictures: Tensor<4>) -> Tensor<3> {
        let pixels = self.layers.iter().fold(pictures, |x, layer| layer.forward(x));
        let tokens = self.proj.forward(pixels) + self.proj_bias.val().unsqueeze::<3>();
        tokens + self.positions.val().unsqueeze::<3>()
    }

    /// The token grid that this stem was made for.
    #[must_use]
    pub fn grid(&self) -> Grid {
        Grid { rows: self.rows, columns: self.columns }
    }

    /// A copy that trains apart from this stem: parameters with identities of their own, running statistics of its own.
    #[must_use]
    pub fn separate(&self) -> Self {
        struct Fresh;
        impl ModuleMapper for Fresh {
            fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
                Param::from_tensor(leaf(&param.val()))
            }
        }
        let copy = self.clone();
        let layers = copy
            .layers
            .into_iter()
            .map(|layer| Layer { norm: layer.norm.separate(), ..layer })
            .collect();
        Self { layers, ..copy }.map(&mut Fresh)
    }

    /// The same stem with the statistics that its batch normalisations use in training.
    #[must_use]
    pub fn with_statistics(self, statistics: Statistics) -> Self {
        let layers = self
            .layers
            .into_iter()
            .map(|layer| Layer { norm: Ibn { statistics, ..layer.norm }, ..layer })
            .collect();
        Self { layers, ..self }
    }

    /// The same stem for another token grid: positions are interpolated bicubically, everything else is kept.
    #[must_use]
    pub fn regridded(mut self, grid: Grid) -> Self {
        if (grid.rows, grid.columns) == (self.rows, self.columns) {
            return self;
        }
        let (rows, columns) = (self.rows, self.columns);
        let positions = self.positions.val();
        let [_, width] = positions.dims();
        let plane = positions.reshape([1, rows, columns, width]).permute([0, 3, 1, 2]);
        let options = InterpolateOptions::new(InterpolateMode::Bicubic)
            .with_align_corners(false)
            .with_output_size([grid.rows, grid.columns]);
        let positions = interpolate(plane, options)
            .permute([0, 2, 3, 1])
            .reshape([grid.rows * grid.columns, width]);
        self.positions = Param::from_tensor(leaf(&positions));
        (self.rows, self.columns) = (grid.rows, grid.columns);
        self
    }
}

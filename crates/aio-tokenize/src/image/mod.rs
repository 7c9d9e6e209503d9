//! Image stems: pictures to tokens.
//!
//! [`config`]: kinds and sizes; [`flops`]: their cost; [`layers`]: convolutions; [`ibn`]: their normalisation; [`positions`]: interpolation to another grid;
//! [`copies`]: channels that are copied; [`widen`]: more channels, the same function.

mod config;
mod copies;
mod flops;
mod ibn;
mod layers;
mod positions;
mod widen;

pub use config::{Grid, LARGEST_SIDE, StemConfig, StemKind};
pub use flops::StemFlops;
pub use ibn::BatchNormMode;

use aio_ops::Window;
use burn::module::{Initializer, Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor};
use ibn::Ibn;
use layers::{Conv, Layer};
use positions::interpolated;

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

impl StemConfig {
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

/// The same values as a new leaf of the autodiff graph. Every parameter must be one: a parameter that shares another's tensor would share its
/// gradient, and one that is the result of an operation would have none.
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

    /// What the first convolution gives for normalised pictures, before any normalisation: how local patterns respond.
    ///
    /// # Shapes
    /// - pictures: `[batch, height, width, 3]`
    /// - output: `[batch, windows, channels]`
    #[must_use]
    pub fn first_responses(&self, pictures: Tensor<4>) -> Tensor<3> {
        let first = self.layers.first().map_or(&self.proj, |layer| &layer.conv);
        first.forward(pictures)
    }

    /// The token grid that this stem was made for.
    #[must_use]
    pub fn grid(&self) -> Grid {
        Grid { rows: self.rows, columns: self.columns }
    }

    /// A copy that is trained independently: its parameters have ids of their own and its running statistics are not shared.
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

    /// The same stem with another mode of its batch normalisations.
    #[must_use]
    pub fn with_batch_norm_mode(self, mode: BatchNormMode) -> Self {
        let layers = self
            .layers
            .into_iter()
            .map(|layer| Layer { norm: layer.norm.with_mode(mode), ..layer })
            .collect();
        Self { layers, ..self }
    }

    /// The same stem for another token grid: positions are interpolated bicubically, everything else is unchanged.
    #[must_use]
    pub fn regridded(mut self, grid: Grid) -> Self {
        if grid == self.grid() {
            return self;
        }
        let positions = interpolated(self.positions.val(), self.grid(), grid);
        self.positions = Param::from_tensor(leaf(&positions));
        (self.rows, self.columns) = (grid.rows, grid.columns);
        self
    }
}

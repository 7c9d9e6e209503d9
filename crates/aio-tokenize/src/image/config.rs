use super::BatchNormMode;
use aio_ops::Window;
use serde::{Deserialize, Serialize};

/// Rows and columns of the token grid of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Rows of tokens.
    pub rows: usize,
    /// Columns of tokens.
    pub columns: usize,
}

/// Longest side of the pictures that a model takes, in pixels: the tokens of larger ones fit into no memory.
pub const LARGEST_SIDE: usize = 2048;

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

/// Sizes of an image stem.
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

/// Output channels, window and instance-normalised channels of a layer.
pub(super) struct LayerPlan {
    pub(super) channels: usize,
    pub(super) window: Window,
    pub(super) instance: usize,
}

impl StemConfig {
    /// The token grid of a picture of `height × width` pixels.
    #[must_use]
    pub fn grid(&self, height: usize, width: usize) -> Grid {
        Grid { rows: height / self.patch, columns: width / self.patch }
    }

    /// Checks that the stem fits pictures of `height × width` pixels.
    ///
    /// # Errors
    /// A sentence that names the field, its value and the expected one.
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
        if height.max(width) > LARGEST_SIDE {
            return Err(format!(
                "pictures of {height} × {width} (height × width) are too large, expected sides of at most {LARGEST_SIDE} pixels"
            ));
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

    /// Numbers that automatic differentiation stores between the passes for one picture of `height × width` pixels.
    ///
    /// Every convolution stores its input. Every normalisation stores its standardised output; with running statistics, instance
    /// normalisation stores one of its own.
    #[must_use]
    pub fn activations_per_picture(
        &self,
        height: usize,
        width: usize,
        batch_norm_mode: BatchNormMode,
    ) -> usize {
        let (mut pixels, mut stored) = (height * width, 3 * height * width);
        for layer in self.plan() {
            pixels /= layer.window.stride * layer.window.stride;
            let instance = match batch_norm_mode {
                BatchNormMode::Batch => 0,
                BatchNormMode::Pretrained => layer.instance,
            };
            stored += pixels * (2 * layer.channels + instance);
        }
        stored
    }

    pub(super) fn plan(&self) -> Vec<LayerPlan> {
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
}

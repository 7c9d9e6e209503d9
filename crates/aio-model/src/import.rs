//! A backbone from a checkpoint of another project: what it has is taken over, what it lacks starts fresh and is named.

use crate::{Backbone, BackboneConfig};
use aio_encoder::checkpoint::{self, Tensors};
use aio_encoder::import::{Coverage, Hints, Imported, Layout, import};
use aio_encoder::weights::{Preprocessing, Weights, WeightsError};
use aio_tokenize::{Grid, StemConfig, StemKind, TextConfig, Tokenizers, TokenizersConfig};
use aio_types::{Modality, ModalitySet};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Mutex;

/// Where image stems and text table start from.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Stems {
    /// From the checkpoint where it has them. Stems from scratch in front of frozen blocks are known to train poorly.
    #[default]
    FromCheckpoint,
    /// Stems, `[CLS]` and text table from scratch. The stem is TransReID-SSL's; the pyramid where the weights have one.
    Fresh,
    /// Stems alone from scratch, with IBN: TransReID-SSL's layers, which the paper's projectors are taken to be, over the weights' own patches; the
    /// pyramid where they have one.
    FreshIbn,
    /// The same with batch normalisation in the place of IBN: the plain stem of an ablation.
    FreshBatch,
    /// Stems alone from scratch, one convolution per patch.
    FreshPatch,
}

impl Stems {
    /// The stem to draw in the place of `known`.
    fn instead_of(self, known: StemConfig) -> StemConfig {
        let deep = match known.kind {
            StemKind::Patch => StemConfig { patch: known.patch, ..SSL },
            StemKind::TransreidSsl | StemKind::Pyramid => known,
        };
        match self {
            Self::FromCheckpoint => known,
            Self::Fresh if deep.kind == StemKind::TransreidSsl => SSL,
            Self::Fresh | Self::FreshIbn => StemConfig { ibn: true, ..deep },
            Self::FreshBatch => StemConfig { ibn: false, ..deep },
            Self::FreshPatch => StemConfig { kind: StemKind::Patch, channels: 0, ..known },
        }
    }

    /// Whether the tensor of this name is not taken over.
    fn redraws(self, name: &str) -> bool {
        let Some(part) = name.strip_prefix("tokenizers.") else { return false };
        match self {
            Self::FromCheckpoint => false,
            Self::Fresh => true,
            Self::FreshIbn | Self::FreshBatch | Self::FreshPatch => {
                IMAGES.iter().any(|stem| part.starts_with(stem))
            }
        }
    }
}

/// Key prefixes of the image stems.
const IMAGES: [&str; 4] = ["rgb.", "infrared.", "sketch.", "colour_pencil."];

/// Mean and standard deviation that pictures are normalised with.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Normalisation {
    /// As the layout tells: CLIP's for CLIP and Meta-Transformer, ImageNet's for DINOv2, 0.5 for the others. DINO, MAE and DeiT look like timm's
    /// own weights and need `imagenet`, which `aio` knows by the names of their published files.
    #[default]
    Auto,
    /// CLIP's.
    Clip,
    /// ImageNet's.
    Imagenet,
    /// 0.5 and 0.5.
    Half,
}

/// How a checkpoint becomes a backbone.
#[derive(Debug, Clone, Copy)]
pub struct ImportOptions {
    /// Rows of input pictures; positions are interpolated to them.
    pub height: usize,
    /// Columns of input pictures.
    pub width: usize,
    /// Where stems and text table start from.
    pub stems: Stems,
    /// What the tensors do not tell.
    pub hints: Hints,
    /// How pictures are normalised.
    pub normalisation: Normalisation,
    /// Seed of what starts fresh.
    pub seed: u64,
}

/// A checkpoint as a weights file of this project, and what became of its tensors.
#[derive(Debug, Clone)]
pub struct Converted {
    /// Whose names it had.
    pub layout: Layout,
    /// The weights file.
    pub weights: Weights,
    /// What became of every tensor.
    pub coverage: Coverage,
}

/// TransReID-SSL's stem.
const SSL: StemConfig =
    StemConfig { kind: StemKind::TransreidSsl, channels: 64, patch: 16, ibn: true };

/// CLIP's normalisation, ImageNet's, and that of most of timm's own weights and of TransReID-SSL.
const CLIP: ([f32; 3], [f32; 3]) =
    ([0.481_454_66, 0.457_827_5, 0.408_210_73], [0.268_629_54, 0.261_302_6, 0.275_777_1]);
const IMAGENET: ([f32; 3], [f32; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
const HALF: ([f32; 3], [f32; 3]) = ([0.5; 3], [0.5; 3]);

/// Reads a checkpoint and turns it into a weights file.
///
/// # Errors
/// [`WeightsError`] naming the file, its unknown or misshaped tensors, or why the pictures do not fit its patches.
pub fn convert(path: &Path, options: &ImportOptions) -> Result<Converted, WeightsError> {
    let origin = path.display().to_string();
    let problem = |problem: String| WeightsError::Checkpoint { origin: origin.clone(), problem };
    let imported = import(checkpoint::read(path)?, options.hints).map_err(&problem)?;
    if !imported.coverage.is_complete() {
        return Err(problem(format!("not every tensor is accounted for\n{}", imported.coverage)));
    }
    build(imported, options, &origin)
}

/// How its authors prepared pictures, as far as the layout tells.
fn normalisation(imported: &Imported, asked: Normalisation) -> ([f32; 3], [f32; 3]) {
    match asked {
        Normalisation::Clip => return CLIP,
        Normalisation::Imagenet => return IMAGENET,
        Normalisation::Half => return HALF,
        Normalisation::Auto => {}
    }
    let registers = imported.tensors.contains_key("tokenizers.registers");
    match imported.layout {
        Layout::Clip | Layout::MetaTransformer => CLIP,
        Layout::Timm if imported.encoder.pre_norm => CLIP,
        Layout::Timm if imported.encoder.layer_scale || registers => IMAGENET,
        Layout::Timm | Layout::TransreidSsl => HALF,
    }
}

fn build(
    mut imported: Imported,
    options: &ImportOptions,
    origin: &str,
) -> Result<Converted, WeightsError> {
    let problem = |problem: String| WeightsError::Checkpoint { origin: origin.to_owned(), problem };
    let width = imported.encoder.width;
    let channels = imported.tensors.get("tokenizers.rgb.layers.0.conv.weight").map(|t| t.shape[0]);
    let known = match (imported.patch, channels) {
        (Some(patch), Some(channels)) => {
            StemConfig { kind: StemKind::TransreidSsl, channels, patch, ibn: true }
        }
        (Some(patch), None) => StemConfig { kind: StemKind::Patch, channels: 0, patch, ibn: true },
        (None, _) => SSL,
    };
    let stem = options.stems.instead_of(known);
    stem.check(options.height, options.width).map_err(&problem)?;
    if options.stems != Stems::FromCheckpoint {
        let redrawn: Vec<String> =
            imported.tensors.keys().filter(|name| options.stems.redraws(name)).cloned().collect();
        imported.tensors.retain(|name, _| !options.stems.redraws(name));
        imported.coverage.loaded.retain(|(_, ours)| !options.stems.redraws(ours));
        imported.coverage.missing.extend(redrawn);
        imported.grid = None;
    }
    let grid = imported.grid.map_or_else(
        || stem.grid(options.height, options.width),
        |(rows, columns)| Grid { rows, columns },
    );
    let text = imported
        .tensors
        .get("tokenizers.text.embedding.weight")
        .map(|t| TextConfig { width: t.shape[1] });
    let registers = imported.tensors.get("tokenizers.registers").map_or(0, |t| t.shape[0]);
    let embedding = imported
        .tensors
        .get("projection.linear.weight")
        .map(|t| t.shape[0])
        .filter(|e| *e != width);
    let native = TokenizersConfig {
        modalities: [Modality::Rgb, Modality::Text].into_iter().collect::<ModalitySet>(),
        height: grid.rows * stem.patch,
        width: grid.columns * stem.patch,
        stem,
        text: text.unwrap_or(TextConfig { width }),
        registers,
    };
    let device = Device::flex();
    let config =
        BackboneConfig { tokenizers: native, encoder: imported.encoder.clone(), embedding };
    let (mean, std) = normalisation(&imported, options.normalisation);
    let preprocessing = Preprocessing {
        height: config.tokenizers.height,
        width: config.tokenizers.width,
        mean,
        std,
        interpolation: "bilinear, antialiased".into(),
    };
    let fresh = drawn(&device, options.seed, || {
        config.init(&device).to_bytes(&config, &preprocessing, &[])
    })?;
    let fresh = Weights::from_bytes(origin, fresh);
    let (tensors, missing) = overlay(fresh.tensors()?, imported.tensors).map_err(&problem)?;
    imported.coverage.missing.extend(missing);
    imported.coverage.missing.sort();
    imported.coverage.missing.dedup();
    let native = Weights::from_tensors(origin, &tensors, &fresh)?;
    // Positions are interpolated by the tokenizers themselves.
    let (backbone, config, preprocessing) = Backbone::load(&native, &device)?;
    let sized = TokenizersConfig {
        height: options.height,
        width: options.width,
        ..config.tokenizers.clone()
    };
    let tokenizers = Tokenizers::from_pretrained(&backbone.tokenizers, &sized);
    let config = BackboneConfig { tokenizers: sized, ..config };
    let preprocessing =
        Preprocessing { height: options.height, width: options.width, ..preprocessing };
    let card = [("origin", origin.into()), ("layout", imported.layout.name().into())];
    let bytes = Backbone { tokenizers, ..backbone }.to_bytes(&config, &preprocessing, &card)?;
    Ok(Converted {
        layout: imported.layout,
        weights: Weights::from_bytes(origin, bytes),
        coverage: imported.coverage,
    })
}

/// What `draw` makes of the device's random numbers after `seed`.
fn drawn<T>(device: &Device, seed: u64, draw: impl FnOnce() -> T) -> T {
    // A device has one stream of random numbers for the whole process: nobody else may draw from it meanwhile.
    static DRAWING: Mutex<()> = Mutex::new(());
    let _alone = DRAWING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    device.seed(seed);
    draw()
}

/// The same weights with an encoder that is drawn at random, uniformly within ±1/√inputs as PyTorch's `nn.Linear` starts.
///
/// # Errors
/// As [`Backbone::load`].
pub fn with_random_encoder(weights: &Weights, seed: u64) -> Result<Weights, WeightsError> {
    let device = Device::flex();
    let (backbone, config, preprocessing) = Backbone::load(weights, &device)?;
    let card = [("origin", "the encoder is random".into())];
    let bytes = drawn(&device, seed, || {
        let encoder = config.encoder.init(&device);
        Backbone { encoder, ..backbone }.to_bytes(&config, &preprocessing, &card)
    })?;
    Ok(Weights::from_bytes("a random encoder", bytes))
}

/// The same weights with image stems drawn anew, of the same kind or another; the weights themselves if none are asked for.
///
/// # Errors
/// As [`Backbone::load`].
pub fn with_stems(weights: Weights, stems: Stems, seed: u64) -> Result<Weights, WeightsError> {
    if stems == Stems::FromCheckpoint {
        return Ok(weights);
    }
    let device = Device::flex();
    let (_, mut config, preprocessing) = Backbone::load(&weights, &device)?;
    config.tokenizers.stem = stems.instead_of(config.tokenizers.stem);
    let fresh = drawn(&device, seed, || {
        config.init(&device).to_bytes(
            &config,
            &preprocessing,
            &[("origin", "the stems are random".into())],
        )
    })?;
    let fresh = Weights::from_bytes("fresh stems", fresh);
    let mut kept = weights.tensors()?;
    kept.retain(|name, _| !stems.redraws(name));
    let (tensors, _) = overlay(fresh.tensors()?, kept)
        .map_err(|problem| WeightsError::Checkpoint { origin: "fresh stems".into(), problem })?;
    Weights::from_tensors("fresh stems", &tensors, &fresh)
}

/// Puts the imported tensors in the place of fresh ones; returns all, and the names of those that stayed fresh.
fn overlay(mut fresh: Tensors, imported: Tensors) -> Result<(Tensors, Vec<String>), String> {
    let mut replaced = std::collections::BTreeSet::new();
    for (name, tensor) in imported {
        match fresh.get_mut(&name) {
            Some(place) if place.shape == tensor.shape => *place = tensor,
            Some(place) => {
                return Err(format!(
                    "`{name}` has the shape {:?}, expected {:?}",
                    tensor.shape, place.shape
                ));
            }
            None => return Err(format!("`{name}` has no place in the model")),
        }
        replaced.insert(name);
    }
    let missing = fresh.keys().filter(|name| !replaced.contains(*name)).cloned().collect();
    Ok((fresh, missing))
}

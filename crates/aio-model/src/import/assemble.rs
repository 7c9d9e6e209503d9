//! A checkpoint becomes a backbone: what it has is taken over, what it lacks starts fresh and is named.

use super::own::File;
use super::parts::{POSITIONS, PROJECTION, PROJECTION_BIAS, STEM_LAYERS, TOKEN_TABLE};
use super::redraw::{drawn, overlay};
use super::registry::normalisation_of;
use super::stems::TRANSREID_SSL;
use super::tokenizer_file::{self, TokenizerFile};
use super::{Coverage, Hints, Imported, Layout, Normalisation, Stems, import, read};
use crate::{AbsentUse, Backbone, BackboneConfig, FusionUse, PiecesConfig};
use aio_encoder::weights::{Contents, Preprocessing, RawTensor, Weights, WeightsError};
use aio_tokenize::bpe::CONTEXT;
use aio_tokenize::{
    SentenceTokenizer, StemConfig, StemKind, TextConfig, Tokenizers, TokenizersConfig,
};
use aio_types::{Modality, PictureSize};
use burn::tensor::Device;
use std::path::Path;
use std::sync::Arc;

/// How a checkpoint becomes a backbone.
#[derive(Debug, Clone, Copy)]
pub struct ImportOptions {
    /// Size of input pictures, to which positions are interpolated.
    pub size: PictureSize,
    /// Where stems and text table start from.
    pub stems: Stems,
    /// What the tensors do not show.
    pub hints: Hints,
    /// How pictures are normalised.
    pub normalisation: Normalisation,
    /// Seed of what starts fresh.
    pub seed: u64,
}

impl Default for ImportOptions {
    /// Pictures of 256 × 128 pixels, the usual size in re-identification; everything else as the checkpoint has it.
    fn default() -> Self {
        Self {
            size: PictureSize { height: 256, width: 128 },
            stems: Stems::FromCheckpoint,
            hints: Hints::default(),
            normalisation: Normalisation::Auto,
            seed: 0,
        }
    }
}

/// A checkpoint as a weights file of this project, with the account of its tensors.
#[derive(Debug, Clone)]
pub struct Converted {
    /// Whose names it had.
    pub layout: Layout,
    /// The weights file.
    pub weights: Weights,
    /// The account of every tensor.
    pub coverage: Coverage,
    /// SHA-256 of the `tokenizer.json` beside the checkpoint, if the text tower needs one. The weights file holds it.
    pub tokenizer: Option<String>,
}

/// Reads a checkpoint and turns it into a weights file.
///
/// # Errors
/// [`WeightsError`] naming the file, its unknown, lacking or misshaped tensors, or why the pictures do not fit its patches; also if it is a weights file
/// of this project already.
pub fn convert(path: &Path, options: &ImportOptions) -> Result<Converted, WeightsError> {
    match File::open(path)? {
        File::Own(..) => Err(WeightsError::Checkpoint {
            origin: path.display().to_string(),
            problem: "it is a weights file of this project already; use it as it is".into(),
        }),
        File::Foreign(Some(file)) => convert_contents(path, file.contents()?, options),
        File::Foreign(None) => convert_contents(path, read(path)?, options),
    }
}

/// As [`convert`], for a file that has been read.
pub(super) fn convert_contents(
    path: &Path,
    contents: Contents,
    options: &ImportOptions,
) -> Result<Converted, WeightsError> {
    let origin = path.display().to_string();
    let imported = import(&origin, contents, options.hints)?.complete(&origin)?;
    let normalisation = match (options.normalisation, normalisation_of(path)) {
        (Normalisation::Auto, Some(published)) => published,
        (wanted, _) => wanted,
    };
    let tokenizer = tokenizer_file::of(path, &imported)?;
    assemble(imported, tokenizer, &ImportOptions { normalisation, ..*options }, &origin)
}

fn assemble(
    mut imported: Imported,
    tokenizer: Option<TokenizerFile>,
    options: &ImportOptions,
    origin: &str,
) -> Result<Converted, WeightsError> {
    let unusable =
        |problem: String| WeightsError::Checkpoint { origin: origin.to_owned(), problem };
    let stem = options.stems.replacement(imported.stem());
    let PictureSize { height, width } = options.size;
    stem.check(height, width).map_err(unusable)?;
    imported.drop_redrawn(options.stems);

    let device = Device::flex();
    let mut config = imported.native_config(stem, options.size);
    let (sentences, tokenizer) = match tokenizer {
        Some(TokenizerFile { pieces, sha256 }) => {
            config.text_pieces = Some(PiecesConfig::of(&pieces));
            (Some(SentenceTokenizer::Pieces(Arc::new(pieces))), Some(sha256))
        }
        None => (None, None),
    };
    imported.add_zero_positions(&config, options.stems);
    let preprocessing = imported.preprocessing(&config, options.normalisation);
    let fresh = drawn(&device, options.seed, || {
        let fresh = config.init(&device);
        let fresh = match sentences {
            Some(sentences) => fresh.with_sentences(sentences),
            None => fresh,
        };
        fresh.to_bytes(&config, &preprocessing, &[])
    })?;
    let fresh = Weights::from_bytes(origin, fresh);
    let Imported { layout, tensors, mut coverage, .. } = imported;
    let (tensors, missing) = overlay(fresh.tensors()?, tensors).map_err(unusable)?;
    coverage.missing.extend(missing);
    coverage.missing.sort();
    coverage.missing.dedup();
    let native = Weights::from_tensors(origin, &tensors, &fresh)?;
    let weights = resized(&native, options.size, layout, origin)?;
    Ok(Converted { layout, weights, coverage, tokenizer })
}

/// The same weights for pictures of another size: [`Tokenizers::from_pretrained`] interpolates the positions.
fn resized(
    native: &Weights,
    size: PictureSize,
    layout: Layout,
    origin: &str,
) -> Result<Weights, WeightsError> {
    let (backbone, config, preprocessing) = Backbone::load(native, &Device::flex())?;
    let PictureSize { height, width } = size;
    let tokenizers_config = TokenizersConfig { height, width, ..config.tokenizers.clone() };
    let tokenizers = Tokenizers::from_pretrained(&backbone.tokenizers, &tokenizers_config);
    let config = BackboneConfig { tokenizers: tokenizers_config, ..config };
    let preprocessing = Preprocessing { height, width, ..preprocessing };
    let card = [("origin", origin.into()), ("layout", layout.name().into())];
    let bytes = Backbone { tokenizers, ..backbone }.to_bytes(&config, &preprocessing, &card)?;
    Ok(Weights::from_bytes(origin, bytes))
}

impl Imported {
    /// Names in the account what starts fresh where the checkpoint is taken over as it is, as [`convert`] does. A checkpoint that is refused for its
    /// tensors stays as it is.
    ///
    /// # Errors
    /// [`WeightsError::Format`] if a model of its sizes cannot be serialised.
    pub fn with_fresh_named(mut self) -> Result<Self, WeightsError> {
        let stem = self.stem();
        let size = PictureSize { height: 2 * stem.patch, width: stem.patch };
        if !self.coverage.is_complete() || stem.check(size.height, size.width).is_err() {
            return Ok(self);
        }
        let (device, options) = (Device::flex(), ImportOptions::default());
        let config = self.native_config(stem, size);
        self.add_zero_positions(&config, options.stems);
        let preprocessing = self.preprocessing(&config, options.normalisation);
        let fresh = drawn(&device, options.seed, || {
            config.init(&device).to_bytes(&config, &preprocessing, &[])
        })?;
        let names = Weights::from_bytes("a fresh model", fresh).shapes()?.into_keys();
        self.coverage.missing = names.filter(|name| !self.tensors.contains_key(name)).collect();
        Ok(self)
    }

    /// The stem of the checkpoint; TransReID-SSL's if it has none.
    fn stem(&self) -> StemConfig {
        let first = self.tensors.get(&format!("{STEM_LAYERS}.0.conv.weight"));
        match (self.patch, first.map(|tensor| tensor.shape[0])) {
            (Some(patch), Some(channels)) => {
                StemConfig { kind: StemKind::TransreidSsl, channels, patch, ibn: true }
            }
            (Some(patch), None) => {
                StemConfig { kind: StemKind::Patch, channels: 0, patch, ibn: true }
            }
            (None, _) => TRANSREID_SSL,
        }
    }

    /// Drops the tensors that start from scratch. What is dropped counts as missing.
    fn drop_redrawn(&mut self, stems: Stems) {
        if stems == Stems::FromCheckpoint {
            return;
        }
        let redrawn = self.tensors.keys().filter(|name| stems.redraws(name)).cloned();
        self.coverage.missing.extend(redrawn);
        self.tensors.retain(|name, _| !stems.redraws(name));
        self.coverage.loaded.retain(|(_, ours)| !stems.redraws(ours));
        self.grid = None;
    }

    /// A checkpoint whose positions are rotary alone has absolute ones of 0, from which training can go on.
    fn add_zero_positions(&mut self, config: &BackboneConfig, stems: Stems) {
        let is_rotary = self.encoder.rotary.is_some() && !self.tensors.contains_key(POSITIONS);
        if is_rotary && !stems.redraws(POSITIONS) {
            let (grid, width) = (config.tokenizers.grid(), self.encoder.embed_dim);
            let shape = vec![grid.rows * grid.columns, width];
            let values = vec![0.0; grid.rows * grid.columns * width];
            self.tensors.insert(POSITIONS.into(), RawTensor { shape, values });
        }
    }

    /// The sizes of the backbone for pictures of the checkpoint's own size, or of `size` if it has no positions.
    fn native_config(&self, stem: StemConfig, size: PictureSize) -> BackboneConfig {
        let width = self.encoder.embed_dim;
        let grid = self.grid.unwrap_or_else(|| stem.grid(size.height, size.width));
        let columns = |name: &str| self.tensors.get(name).map(|tensor| tensor.shape[1]);
        let tokenizers = TokenizersConfig {
            modalities: match self.text_tower {
                Some(_) => Modality::Rgb.into(),
                None => [Modality::Rgb, Modality::Text].into_iter().collect(),
            },
            height: grid.rows * stem.patch,
            width: grid.columns * stem.patch,
            stem,
            text: TextConfig { width: columns(TOKEN_TABLE).unwrap_or(width) },
            registers: self.registers(),
            class_token: self.class_token,
        };
        let embedding = self.tensors.get(PROJECTION).map(|tensor| tensor.shape[0]);
        BackboneConfig {
            tokenizers,
            encoder: self.encoder.clone(),
            embedding: embedding.filter(|embedding| *embedding != width),
            projection_bias: self.tensors.contains_key(PROJECTION_BIAS),
            pooling: self.pooling,
            text_tower: self.text_tower.clone(),
            text_context: self.tower_context().filter(|context| *context < CONTEXT),
            text_pieces: None,
            fusion: FusionUse::Sequence,
            absent: AbsentUse::None,
        }
    }

    fn preprocessing(
        &self,
        config: &BackboneConfig,
        normalisation: Normalisation,
    ) -> Preprocessing {
        let statistics = normalisation.statistics(self);
        Preprocessing {
            height: config.tokenizers.height,
            width: config.tokenizers.width,
            mean: statistics.mean,
            std: statistics.std,
            interpolation: Preprocessing::BILINEAR.into(),
        }
    }
}

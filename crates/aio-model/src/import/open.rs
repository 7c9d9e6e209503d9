//! Weights by name: the embedded ones, a weights file of this project, or a checkpoint of another one.

use super::assemble::convert_contents;
use super::own::{File, own_weights};
use super::parts::TOKEN_TABLE;
use super::tokenizer_file;
use super::{Converted, Coverage, Hints, ImportOptions, Layout, import, read, with_stems};
use crate::BackboneConfig;
use aio_encoder::EncoderConfig;
use aio_encoder::weights::{Shipped, Weights, WeightsError};
use std::path::Path;

/// Weights that were opened by name.
#[derive(Debug, Clone)]
pub struct Opened {
    /// A weights file of this project.
    pub weights: Weights,
    /// SHA-256 of the file that was named; none for a file that is read tensor by tensor (`.pth`, `.bpk`).
    pub sha256: Option<String>,
    /// SHA-256 of the `tokenizer.json` that was read beside a checkpoint of another project. A weights file of this project holds its tokenizer.
    pub tokenizer: Option<String>,
    /// How a checkpoint of another project was converted.
    pub conversion: Option<(Layout, Coverage)>,
}

impl Opened {
    /// Whether they are a checkpoint without any rows of words, which were drawn at random: sentences say nothing before a training.
    #[must_use]
    pub fn words_are_fresh(&self) -> bool {
        let coverage = self.conversion.as_ref().map(|(_, coverage)| coverage);
        coverage.is_some_and(|coverage| coverage.missing.iter().any(|name| name == TOKEN_TABLE))
    }
}

/// Opens weights that are compiled into the program ([`Shipped`]), a weights file of this project, or a checkpoint of another project, which is converted. A file is read once.
///
/// The result has the stems and the text tower that `options` ask for; size, other hints and normalisation apply to checkpoints of other projects only.
///
/// # Errors
/// [`WeightsError`] naming the file and the tensors that do not fit.
pub fn open(name: &str, options: &ImportOptions) -> Result<Opened, WeightsError> {
    let path = Path::new(name);
    let refused = |problem| WeightsError::Checkpoint { origin: name.to_owned(), problem };
    let own = |weights, sha256| -> Result<Opened, WeightsError> {
        let weights = with_stems(weights, options.stems, options.seed)?;
        Ok(Opened { weights, sha256: Some(sha256), tokenizer: None, conversion: None })
    };
    if let Some(shipped) = Shipped::named(name) {
        let weights = shipped.weights()?;
        BackboneConfig::of(&weights)?.check_text(options.hints.text).map_err(refused)?;
        return own(weights, shipped.sha256().to_owned());
    }
    let file = match File::open(path)? {
        File::Own(config, file) => {
            config.check_text(options.hints.text).map_err(refused)?;
            let sha256 = file.sha256();
            return own(file.unpacked()?, sha256);
        }
        File::Foreign(file) => file,
    };
    let sha256 = file.as_ref().map(Weights::sha256);
    let contents = file.map_or_else(|| read(path), |file| file.contents())?;
    let Converted { layout, weights, coverage, tokenizer } =
        convert_contents(path, contents, options)?;
    Ok(Opened { weights, sha256, tokenizer, conversion: Some((layout, coverage)) })
}

/// SHA-256 of the `tokenizer.json` beside a checkpoint that [`open()`] would read with these hints; none where it would read none.
///
/// # Errors
/// As [`open()`].
pub fn tokenizer_beside(path: &Path, hints: Hints) -> Result<Option<String>, WeightsError> {
    let is_read = !hints.leave_out_tower() && tokenizer_file::is_beside(path);
    if !is_read || own_weights(path)?.is_some() {
        return Ok(None);
    }
    let imported = import(&path.display().to_string(), read(path)?, hints)?;
    let tokenizer = tokenizer_file::of(path, &imported)?;
    Ok(tokenizer.map(|file| file.sha256))
}

/// Opens only the blocks of an encoder: its sizes and its tensors, under the names of [`aio_encoder::Encoder`].
///
/// `pre_norm` keeps the normalisation in front of the first block (CLIP's `ln_pre`), whoever has stored it.
///
/// # Errors
/// [`WeightsError`] naming the file and the tensors that do not fit, weights without the normalisation, or hints that weights of this project do not need.
pub fn open_encoder(
    name: &str,
    hints: Hints,
    pre_norm: bool,
) -> Result<(EncoderConfig, Weights), WeightsError> {
    let path = Path::new(name);
    let refused = |problem: &str| WeightsError::Checkpoint {
        origin: name.to_owned(),
        problem: problem.to_owned(),
    };
    let own = |weights: Weights| {
        if hints != Hints::default() {
            return Err(refused(OWN_HINTS));
        }
        Ok((BackboneConfig::of(&weights)?.encoder, weights.tensors()?))
    };
    let foreign = |contents| -> Result<_, WeightsError> {
        let imported = import(name, contents, hints)?.complete(name)?;
        Ok((imported.encoder, imported.tensors))
    };
    let (config, mut tensors) = match Shipped::named(name) {
        Some(shipped) => own(shipped.weights()?)?,
        None => match File::open(path)? {
            File::Own(_, file) => own(file.unpacked()?)?,
            File::Foreign(Some(file)) => foreign(file.contents()?)?,
            File::Foreign(None) => foreign(read(path)?)?,
        },
    };
    if pre_norm && !config.pre_norm {
        return Err(refused("it has no ln_pre; leave --pre-norm out"));
    }
    tensors.retain(|name, _| {
        name.starts_with("encoder.") && (pre_norm || !name.starts_with("encoder.norm_pre"))
    });
    let weights = Weights::from_tensors(name, &tensors, &Shipped::Embedded.weights()?)?;
    Ok((EncoderConfig { pre_norm, ..config }, weights.below("encoder.")?))
}

/// Why hints about tensors are refused beside weights of this project.
const OWN_HINTS: &str = "its metadata state its layout, heads, activation and text; leave --layout, --heads, --quick-gelu and --text-encoder out";

//! Weights by name: the embedded ones, a weights file of this project, or a checkpoint of another one.

use super::assemble::convert_tensors;
use super::files::tensors_of;
use super::tokenizer_file;
use super::{Converted, Coverage, Hints, ImportOptions, Layout, convert, import, read, with_stems};
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

/// Opens weights that are compiled into the program ([`Shipped`]), a weights file of this project, or a checkpoint of another project, which is converted. A file is read once.
///
/// The result has the stems and the text tower that `options` ask for; size, other hints and normalisation apply to checkpoints of other projects only.
///
/// # Errors
/// [`WeightsError`] naming the file and the tensors that do not fit.
pub fn open(name: &str, options: &ImportOptions) -> Result<Opened, WeightsError> {
    let path = Path::new(name);
    let refused = |problem| WeightsError::Checkpoint { origin: name.to_owned(), problem };
    let (converted, sha256) = if let Some(shipped) = Shipped::named(name) {
        let weights = shipped.weights()?;
        BackboneConfig::of(&weights)?.check_text(options.hints.text).map_err(refused)?;
        let weights = with_stems(weights, options.stems, options.seed)?;
        let sha256 = Some(shipped.sha256().to_owned());
        return Ok(Opened { weights, sha256, tokenizer: None, conversion: None });
    } else if is_safetensors(path) {
        let file = Weights::open(path)?;
        let sha256 = Some(file.sha256());
        if let Ok(config) = file.metadata::<BackboneConfig>("config") {
            config.check_text(options.hints.text).map_err(refused)?;
            let weights = with_stems(file.unpacked()?, options.stems, options.seed)?;
            return Ok(Opened { weights, sha256, tokenizer: None, conversion: None });
        }
        (convert_tensors(path, tensors_of(&file)?, options)?, sha256)
    } else {
        (convert(path, options)?, None)
    };
    let Converted { layout, weights, coverage, tokenizer } = converted;
    Ok(Opened { weights, sha256, tokenizer, conversion: Some((layout, coverage)) })
}

/// SHA-256 of the `tokenizer.json` beside a checkpoint that [`open()`] would read with these hints; none where it would read none.
///
/// # Errors
/// As [`open()`].
pub fn tokenizer_beside(path: &Path, hints: Hints) -> Result<Option<String>, WeightsError> {
    if !tokenizer_file::is_beside(path) || own_weights(path)?.is_some() {
        return Ok(None);
    }
    let imported = import(&path.display().to_string(), read(path)?, hints)?;
    let tokenizer = tokenizer_file::of(path, &imported)?;
    Ok(tokenizer.map(|file| file.sha256))
}

fn is_safetensors(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "safetensors")
}

/// A weights file of this project and the sizes in it; `None` for a file of another project.
///
/// # Errors
/// [`WeightsError::Io`] naming the file that cannot be read.
pub fn own_weights(path: &Path) -> Result<Option<(BackboneConfig, Weights)>, WeightsError> {
    if !is_safetensors(path) {
        return Ok(None);
    }
    let weights = Weights::open(path)?;
    Ok(weights.metadata("config").ok().map(|config| (config, weights)))
}

/// Opens only the blocks of an encoder: its sizes and its tensors, under the names of [`aio_encoder::Encoder`].
///
/// `pre_norm` keeps the normalisation in front of the first block (CLIP's `ln_pre`) of a checkpoint of another project.
///
/// # Errors
/// [`WeightsError`] naming the file and the tensors that do not fit, or a checkpoint without the normalisation.
pub fn open_encoder(
    name: &str,
    hints: Hints,
    pre_norm: bool,
) -> Result<(EncoderConfig, Weights), WeightsError> {
    let path = Path::new(name);
    let below = |weights: Weights| {
        let BackboneConfig { encoder, .. } = BackboneConfig::of(&weights)?;
        Ok((encoder, weights.below("encoder.")?))
    };
    let tensors = if let Some(shipped) = Shipped::named(name) {
        return below(shipped.weights()?);
    } else if is_safetensors(path) {
        let file = Weights::open(path)?;
        if file.metadata::<BackboneConfig>("config").is_ok() {
            return below(file.unpacked()?);
        }
        tensors_of(&file)?
    } else {
        read(path)?
    };
    let mut imported = import(name, tensors, hints)?;
    if pre_norm && !imported.encoder.pre_norm {
        let problem = "it has no ln_pre".to_owned();
        return Err(WeightsError::Checkpoint { origin: name.to_owned(), problem });
    }
    imported.tensors.retain(|name, _| {
        name.starts_with("encoder.") && (pre_norm || !name.starts_with("encoder.norm_pre"))
    });
    let weights = Weights::from_tensors(name, &imported.tensors, &Shipped::Embedded.weights()?)?;
    Ok((EncoderConfig { pre_norm, ..imported.encoder }, weights.below("encoder.")?))
}

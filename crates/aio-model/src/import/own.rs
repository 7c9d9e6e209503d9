//! Which files are weights files of this project.

use crate::BackboneConfig;
use aio_encoder::weights::{Weights, WeightsError};
use std::path::Path;

/// A file that weights are in, as far as it has to be read to say whose it is.
pub(super) enum File {
    /// A weights file of this project, and the sizes that it states.
    Own(Box<BackboneConfig>, Weights),
    /// A file of another project; its bytes if it is a safetensors file.
    Foreign(Option<Weights>),
}

impl File {
    /// Reads a safetensors file, and nothing of other files.
    ///
    /// # Errors
    /// [`WeightsError::Io`] naming the file that cannot be read, [`WeightsError::Metadata`] if it has metadata of this project that cannot be used: a file
    /// of this project is never read as one of another.
    pub(super) fn open(path: &Path) -> Result<Self, WeightsError> {
        if path.extension().is_none_or(|extension| extension != "safetensors") {
            return Ok(Self::Foreign(None));
        }
        let weights = Weights::open(path)?;
        if !weights.has_metadata() {
            return Ok(Self::Foreign(Some(weights)));
        }
        Ok(Self::Own(Box::new(BackboneConfig::stated(&weights)?), weights))
    }
}

/// A weights file of this project and the sizes in it; `None` for a file of another project.
///
/// # Errors
/// [`WeightsError::Io`] naming the file that cannot be read, [`WeightsError::Metadata`] if its sizes cannot be used.
pub fn own_weights(path: &Path) -> Result<Option<(BackboneConfig, Weights)>, WeightsError> {
    match File::open(path)? {
        File::Own(config, weights) => Ok(Some((*config, weights))),
        File::Foreign(_) => Ok(None),
    }
}

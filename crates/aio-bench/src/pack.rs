//! A small file of a trained model (`aio weights pack`).

use crate::error::Result;
use crate::overwrite;
use crate::run::weights_file;
use crate::weights;
use aio_data::fs;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A model that was packed.
#[derive(Debug, Clone, Serialize)]
pub struct Packed {
    output: PathBuf,
    /// Bytes of the file.
    bytes: usize,
    /// Of the file.
    sha256: String,
}

/// Writes a trained model with 16 bits per value and without the tensors that it shares with the embedded encoder. The file states `licence` as its
/// terms of use and `origin` as where it comes from; without them, what the model states.
///
/// # Errors
/// [`Error`](crate::error::Error) naming the file, if it is not a weights file of this project or has values that 16 bits cannot hold.
pub fn run(
    model: &Path,
    output: &Path,
    licence: Option<&str>,
    origin: Option<&str>,
) -> Result<Packed> {
    let path = weights_file(model);
    overwrite::check("--output", output, [path.as_path()])?;
    let stated = [("licence", licence), ("origin", origin)];
    let stated = stated.into_iter().filter_map(|(key, value)| Some((key, value?)));
    let packed = weights::own(&path)?.unpacked()?.packed(&stated.collect::<Vec<_>>())?;
    fs::write_output(output, packed.bytes())?;
    let (bytes, sha256) = (packed.bytes().len(), packed.sha256());
    Ok(Packed { output: output.to_path_buf(), bytes, sha256 })
}

impl Packed {
    /// What was written.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{} ({} bytes), sha256 {}\n", self.output.display(), self.bytes, self.sha256)
    }
}

//! A small file of a trained model (`aio weights pack`).

use crate::error::Result;
use crate::overwrite;
use crate::provenance::Provenance;
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

/// Writes a trained model with 16 bits per value and without the tensors that it shares with the embedded encoder. The file states what is `stated`, and
/// otherwise what the model states.
///
/// # Errors
/// [`Error`](crate::error::Error) naming the file, if it is not a weights file of this project or has values that are not finite or that 16 bits
/// cannot hold, or naming the output, if it is a file of another kind.
pub fn run(model: &Path, output: &Path, stated: &Provenance) -> Result<Packed> {
    let path = weights::named_file(model)?;
    overwrite::check("--output", output, [path.as_path()])?;
    overwrite::check_weights("--output", output)?;
    let stated: Vec<(&str, &str)> = stated.entries().collect();
    let packed = weights::own(&path)?.unpacked()?.packed(&stated)?;
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

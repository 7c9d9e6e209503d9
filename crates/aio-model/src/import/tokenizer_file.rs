//! The `tokenizer.json` beside a checkpoint whose text tower needs one.

use super::Imported;
use aio_encoder::weights::{WeightsError, regular_length, sha256};
use aio_tokenize::Pieces;
use std::path::{Path, PathBuf};

/// A tokenizer that lies beside a checkpoint.
pub(super) struct TokenizerFile {
    pub(super) pieces: Pieces,
    /// SHA-256 of the file.
    pub(super) sha256: String,
}

/// The files that may hold the tokenizer of a checkpoint: one with the checkpoint's name, for a folder with several, and one with the publisher's.
fn candidates(checkpoint: &Path) -> [PathBuf; 2] {
    let named = checkpoint.with_extension("tokenizer.json");
    [named, checkpoint.with_file_name("tokenizer.json")]
}

/// Whether a tokenizer lies beside a checkpoint.
pub(super) fn is_beside(checkpoint: &Path) -> bool {
    candidates(checkpoint).iter().any(|path| path.is_file())
}

/// Reads the tokenizer of the text tower that was taken over from a checkpoint; none if there is no tower, or it is CLIP's.
///
/// # Errors
/// [`WeightsError::Checkpoint`] naming the checkpoint, the tokenizer's file, and what was expected and found; [`WeightsError::Io`] if the file cannot be read.
pub(super) fn of(
    checkpoint: &Path,
    imported: &Imported,
) -> Result<Option<TokenizerFile>, WeightsError> {
    let sizes = imported.text_vocabulary.zip(imported.tower_context());
    sizes.map(|(rows, context)| beside(checkpoint, rows, context)).transpose()
}

fn beside(checkpoint: &Path, rows: usize, context: usize) -> Result<TokenizerFile, WeightsError> {
    let unusable = |problem: String| WeightsError::Checkpoint {
        origin: checkpoint.display().to_string(),
        problem,
    };
    let known = candidates(checkpoint);
    let Some(path) = known.iter().find(|path| path.exists()) else {
        let [named, plain] = known.each_ref().map(|path| path.display());
        return Err(unusable(format!(
            "its text tower needs its tokenizer, and there is neither `{named}` nor `{plain}`; copy the publisher's tokenizer.json there, or choose `table` (model.text, --text-encoder)"
        )));
    };
    let wrong = |problem: String| unusable(format!("`{}`: {problem}", path.display()));
    let length = regular_length(path)?;
    if length > Pieces::LARGEST_FILE as u64 {
        let most = Pieces::LARGEST_FILE;
        return Err(wrong(format!("it has {length} bytes, expected at most {most}")));
    }
    let json = std::fs::read(path).map_err(|source| WeightsError::Io {
        action: "read",
        path: path.clone(),
        source,
    })?;
    let sha256 = sha256(&json);
    let pieces = Pieces::from_json(json, context).map_err(wrong)?;
    if pieces.vocabulary() != rows {
        return Err(wrong(format!(
            "it has {} ids, expected {rows}, the rows of the checkpoint's token table; it belongs to another model",
            pieces.vocabulary()
        )));
    }
    Ok(TokenizerFile { pieces, sha256 })
}

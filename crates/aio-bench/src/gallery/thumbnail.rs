//! The small picture of a row.

use super::prepare::shrunk;
use crate::error::Result;
use aio_gallery::Gallery;
use std::path::Path;

/// Longer side of a small picture that is made because the gallery stores none, in pixels.
const LONGEST: usize = 128;

/// The stored thumbnail of a row (JPEG). Without one the row's picture is read from its path and made small, if it has `most_pixels` at most; a row
/// without a picture has none.
///
/// # Errors
/// [`crate::error::Error`] naming the row that is not there, or the picture that cannot be read or is too large.
pub(crate) fn thumbnail(gallery: &Gallery, row: u64, most_pixels: u64) -> Result<Option<Vec<u8>>> {
    let stored = gallery.thumbnail(row);
    if !stored.is_empty() {
        return Ok(Some(stored.to_vec()));
    }
    let record = gallery.row(row)?.record;
    let Some(path) = record.path else { return Ok(None) };
    shrunk(Path::new(&path), record.crop, LONGEST, most_pixels).map(Some)
}

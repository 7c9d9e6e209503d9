//! Parsers take paths: every target writes its input to a file of its own. `just fuzz` sets TMPDIR to a folder in memory, where the system has such a
//! place, and removes it afterwards: what is static is never dropped.

use aio_data::Undecodable;
use aio_data::picture::check_pixels;
use std::path::PathBuf;

/// Pixels of a picture that a target decodes. Programs decode more, but every one costs much more time while its code is observed, and a file of
/// some kilobytes can announce millions.
const MOST_PIXELS: u64 = 1 << 20;

/// Whether a target decodes a picture, or what is taken for one.
#[must_use]
pub fn is_small(picture: &[u8]) -> bool {
    !matches!(check_pixels(picture, MOST_PIXELS), Err(Undecodable::TooLarge { .. }))
}

/// A directory for the inputs of a target.
#[must_use]
pub fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

/// Writes the input to `directory` under `name`.
pub fn write(directory: &tempfile::TempDir, name: &str, input: &[u8]) -> PathBuf {
    let path = directory.path().join(name);
    std::fs::write(&path, input).expect("a small file");
    path
}

//! Parsers take paths: every target writes its input to a file of its own. `just fuzz` sets TMPDIR to a folder in memory, where the system has such a
//! place, and removes it afterwards: what is static is never dropped.

use std::path::PathBuf;

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

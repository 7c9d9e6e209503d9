//! Parsers take paths: every target writes its input to a file of its own, in memory where the system has such a place.

use std::path::PathBuf;

/// A directory that lives as long as the target runs.
#[must_use]
pub fn directory() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a temporary directory")
}

/// Writes the input to `directory` under `name`.
pub fn write(directory: &tempfile::TempDir, name: &str, input: &[u8]) -> PathBuf {
    let path = directory.path().join(name);
    std::fs::write(&path, input).expect("a small file");
    path
}

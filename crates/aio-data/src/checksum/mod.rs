//! Checksums of the files that the program writes, so that damage is found when a file is read.
//!
//! All are SHA-256, in two forms:
//!
//! - A file that states its own checksum ([`inside`]): `result.json`, `manifest.json`, feature files and indexes.
//! - A folder whose `SHA256SUMS` lists its files ([`folder`]): checkpoints and models. `sha256sum --check SHA256SUMS` reads it, too.
//!
//! A checksum finds damage and careless edits. It is no signature: whoever can edit a file can also write a new checksum. Files without
//! a checksum come from earlier versions or from other tools, and are read as before.

pub mod folder;
pub mod inside;

use crate::{DataError, Result};
use sha2::{Digest, Sha256};
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

/// A SHA-256, written as `sha256:` and 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checksum([u8; 32]);

/// What stands before the digits.
const PREFIX: &str = "sha256:";

/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

impl Checksum {
    /// Stands in a file where its own checksum will be written.
    pub const UNKNOWN: Self = Self([0; 32]);

    /// Of bytes in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Of a file, which is read in pieces.
    ///
    /// # Errors
    /// [`DataError::Io`] naming the file.
    pub fn of_file(path: &Path) -> Result<Self> {
        let unreadable =
            |source| DataError::Io { action: "read", path: path.to_path_buf(), source };
        let mut file = crate::fs::open(path)?;
        let (mut hasher, mut piece) = (Sha256::new(), vec![0; CHUNK]);
        loop {
            let count = file.read(&mut piece).map_err(unreadable)?;
            if count == 0 {
                return Ok(Self(hasher.finalize().into()));
            }
            hasher.update(&piece[..count]);
        }
    }

    /// The 64 digits alone, as `sha256sum` prints them.
    #[must_use]
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads 64 digits, as `sha256sum` prints them.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.hex())
    }
}

/// A text that is no checksum.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no checksum; expected `sha256:` and 64 hexadecimal digits")]
pub struct ParseChecksumError(String);

impl FromStr for Checksum {
    type Err = ParseChecksumError;

    fn from_str(text: &str) -> std::result::Result<Self, ParseChecksumError> {
        let digits = text.strip_prefix(PREFIX);
        digits.and_then(Self::from_hex).ok_or_else(|| ParseChecksumError(text.to_owned()))
    }
}

/// The error of a file that is not what was written.
fn damaged(path: &Path, problem: String) -> DataError {
    DataError::Damaged { path: path.to_path_buf(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_what_sha256sum_prints() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Checksum::of(b"").hex(), empty);
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("file");
        let bytes = vec![7; CHUNK + 3];
        std::fs::write(&path, &bytes).expect("write");
        let sum = Checksum::of_file(&path).expect("read");
        assert_eq!(sum, Checksum::of(&bytes));
        assert_eq!(sum.to_string().parse(), Ok(sum));
        assert_eq!(Checksum::from_hex(&sum.hex()), Some(sum));
    }

    #[test]
    fn other_texts_are_no_checksums() {
        let sum = Checksum::of(b"x").to_string();
        for text in ["", "sha256:", &sum[1..], &sum[..sum.len() - 1], &sum.replace(':', "-")] {
            assert!(text.parse::<Checksum>().is_err(), "{text}");
        }
        assert_eq!(Checksum::from_hex(&"+1".repeat(32)), None, "signs are no digits");
    }
}

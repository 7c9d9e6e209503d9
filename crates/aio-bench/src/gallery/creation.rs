//! Which call makes a gallery, until the gallery is filled: the same call may continue after it was stopped, and no other.

use crate::error::{Error, Result};
use aio_data::fs;
use std::fmt::Debug;
use std::path::{Path, PathBuf};

/// A file in the gallery with the hash of what the call was asked for. Its name is no part of what galleries are searched for.
pub(super) const CREATING: &str = "creating";

/// Whether a file was written by [`Creation::begin`]: it holds a hash.
pub(super) fn is_own(path: &Path) -> bool {
    const DIGITS: usize = 2 * blake3::OUT_LEN;
    let is_so_long = std::fs::metadata(path).is_ok_and(|found| found.len() == DIGITS as u64);
    is_so_long && std::fs::read(path).is_ok_and(|text| text.iter().all(u8::is_ascii_hexdigit))
}

/// A gallery that is being made.
pub(super) struct Creation {
    gallery: PathBuf,
    call: String,
}

impl Creation {
    /// By a call that was asked for this.
    pub(super) fn new(gallery: &Path, asked: impl Debug) -> Self {
        let call = blake3::hash(format!("{asked:?}").as_bytes()).to_hex().to_string();
        Self { gallery: gallery.to_path_buf(), call }
    }

    fn path(&self) -> PathBuf {
        self.gallery.join(CREATING)
    }

    /// Notes the call, before the gallery is made.
    pub(super) fn begin(&self) -> aio_gallery::Result<()> {
        Ok(fs::write_then_rename(&self.path(), self.call.as_bytes())?)
    }

    /// Refuses a gallery that this call did not begin, or that is filled.
    ///
    /// # Errors
    /// [`Error::User`] naming the gallery.
    pub(super) fn check(&self) -> Result<()> {
        let shown = self.gallery.display();
        match std::fs::read_to_string(self.path()) {
            Ok(call) if call == self.call => Ok(()),
            Ok(_) => Err(Error::user(
                format!(
                    "{shown} is a gallery that `aio gallery create` began with other inputs and did not finish"
                ),
                "repeat that command, or add to the gallery with `aio gallery add`",
            )),
            Err(_) => Err(Error::user(
                format!("{shown} is a gallery already"),
                "add to it with `aio gallery add`",
            )),
        }
    }

    /// Notes that the gallery is filled.
    pub(super) fn end(&self) {
        if let Err(error) = std::fs::remove_file(self.path()) {
            // The same call finds nothing more to do.
            log::warn!("{} stays: {error}", self.path().display());
        }
    }
}

//! Files mapped into memory. The only unsafe code of the crate.

use crate::error::{GalleryError, Result, io};
use memmap2::Mmap;
use std::path::Path;

/// The bytes of a file that is read in place.
#[derive(Debug)]
pub(crate) struct Mapped(Option<Mmap>);

impl Mapped {
    /// Maps a regular file of exactly `length` bytes.
    ///
    /// # Errors
    /// [`GalleryError::Data`] naming the file, if it cannot be opened or has another length.
    pub(crate) fn open(path: &Path, length: u64) -> Result<Self> {
        let file = aio_data::fs::open(path)?;
        let found = file.metadata().map_err(io("read", path))?.len();
        if found != length {
            let problem = format!("it has {found} bytes, and {length} were written");
            return Err(GalleryError::damaged(path, problem));
        }
        if length == 0 {
            // The system maps no empty file.
            return Ok(Self(None));
        }
        // SAFETY: The bytes must not change while they are borrowed. Files of a segment are written before they get their name and never
        // written again: this program only adds and removes them, and a removed file stays mapped. Plain numbers are read from them, for
        // which every byte is valid. A foreign program that cuts a file short ends this process with SIGBUS; docs/gallery.md says so.
        #[expect(unsafe_code, reason = "a mapping cannot be made without; see SAFETY")]
        let map = unsafe { Mmap::map(&file) };
        map.map(|map| Self(Some(map))).map_err(io("map", path))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }

    /// Gives the memory of what was read back. The system would do so only when it needs memory. What is read again comes from the file again. Nobody else
    /// may read meanwhile.
    pub(crate) fn release(&self) {
        #[cfg(unix)]
        if let Some(map) = &self.0 {
            // SAFETY: Nobody writes to the mapping, so that its pages are those of the file, also after they were given back, and nobody borrows them now.
            #[expect(unsafe_code, reason = "some mappings would lose bytes; see SAFETY")]
            let released = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
            // The pages are kept longer than they are needed then.
            _ = released;
        }
    }
}

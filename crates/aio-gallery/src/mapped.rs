//! Files mapped or read into memory. The only unsafe code of the crate.

use crate::error::{GalleryError, Result, io};
use memmap2::Mmap;
use std::io::Read;
use std::path::Path;

/// Shorter files are read. Linux allows a process 65,530 mappings, and a gallery that was filled by many small calls has several short files
/// in each of its segments.
const MAPPED_FROM: u64 = 64 << 10;

/// The bytes of a file: mapped, or in memory if it is short.
#[derive(Debug)]
pub(crate) struct Mapped(Bytes);

#[derive(Debug)]
enum Bytes {
    Mapped(Mmap),
    Read(Vec<u8>),
}

impl Mapped {
    /// Maps a regular file of exactly `length` bytes, or reads it if it is short.
    ///
    /// # Errors
    /// [`GalleryError::Data`] naming the file, if it cannot be opened or has another length.
    pub(crate) fn open(path: &Path, length: u64) -> Result<Self> {
        let mut file = aio_data::fs::open(path)?;
        let found = file.metadata().map_err(io("read", path))?.len();
        if found != length {
            let problem = format!("it has {found} bytes, and {length} were written");
            return Err(GalleryError::damaged(path, problem));
        }
        if length < MAPPED_FROM {
            let mut bytes = vec![0; length as usize];
            file.read_exact(&mut bytes).map_err(io("read", path))?;
            return Ok(Self(Bytes::Read(bytes)));
        }
        // SAFETY: The bytes must not change while they are borrowed. Files of a segment are written before they get their name and never
        // written again: this program only adds and removes them, and a removed file stays mapped. Plain numbers are read from them, for
        // which every byte is valid. A foreign program that cuts a file short ends this process with SIGBUS; docs/gallery.md says so.
        #[expect(unsafe_code, reason = "a mapping cannot be made without; see SAFETY")]
        let map = unsafe { Mmap::map(&file) };
        map.map(|map| Self(Bytes::Mapped(map))).map_err(io("map", path))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.0 {
            Bytes::Mapped(map) => map,
            Bytes::Read(bytes) => bytes,
        }
    }

    /// Gives the memory of what was read of a mapped file back. The system would do so only when it needs memory. What is read again comes from
    /// the file again. Nobody else may read meanwhile.
    pub(crate) fn release(&self) {
        #[cfg(unix)]
        if let Bytes::Mapped(map) = &self.0 {
            // SAFETY: Nobody writes to the mapping, so that its pages are those of the file, also after they were given back, and nobody borrows them now.
            #[expect(unsafe_code, reason = "some mappings would lose bytes; see SAFETY")]
            let released = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
            // The pages are kept longer than they are needed then.
            _ = released;
        }
    }
}

//! Checksums of files in chunks, so that damage has a place.

use crate::error::{GalleryError, Result, io};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Bytes that one checksum covers.
const CHUNK: usize = 1 << 20;

/// The first 128 bits of a BLAKE3, in hexadecimal digits.
pub(crate) fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..32].to_owned()
}

/// Length of a file and the checksum of every MiB of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileSum {
    /// Length in bytes.
    pub(crate) bytes: u64,
    /// Of each chunk; the last one may be shorter.
    chunks: Vec<String>,
}

impl FileSum {
    /// Of a file that was just written.
    pub(crate) fn of_file(path: &Path) -> Result<Self> {
        let mut sum = Self::default();
        read_chunks(path, |bytes| sum.add(bytes))?;
        Ok(sum)
    }

    /// Whether these are the bytes of the file.
    pub(crate) fn is_of(&self, bytes: &[u8]) -> bool {
        let mut found = Self::default();
        bytes.chunks(CHUNK).for_each(|chunk| found.add(chunk));
        *self == found
    }

    /// Refuses a file that is not as it was written.
    ///
    /// # Errors
    /// [`GalleryError::Data`] naming the file and the first bytes among which it differs.
    pub(crate) fn check(&self, path: &Path) -> Result<()> {
        match self.differences(path)?.first() {
            None => Ok(()),
            Some(range) => Err(GalleryError::damaged(path, not_as_written(range))),
        }
    }

    fn add(&mut self, chunk: &[u8]) {
        self.bytes += chunk.len() as u64;
        self.chunks.push(hash(chunk));
    }

    /// Byte ranges of a file that differ from what was written. One that is too short differs behind its end, one that is too long behind
    /// the end that it should have.
    pub(crate) fn differences(&self, path: &Path) -> Result<Vec<Range<u64>>> {
        let (mut at, mut found) = (0u64, Vec::new());
        let mut expected = self.chunks.iter();
        read_chunks(path, |bytes| {
            let end = at + bytes.len() as u64;
            if expected.next().is_none_or(|sum| *sum != hash(bytes)) {
                found.push(at..end);
            }
            at = end;
        })?;
        if at < self.bytes {
            found.push(at..self.bytes);
        }
        Ok(found)
    }
}

/// What is wrong with bytes of a file, in words.
pub(crate) fn not_as_written(range: &Range<u64>) -> String {
    format!("bytes {} to {} are not as written", range.start, range.end)
}

fn read_chunks(path: &Path, mut visit: impl FnMut(&[u8])) -> Result<()> {
    let mut file = aio_data::fs::open(path)?;
    let mut chunk = Vec::with_capacity(CHUNK);
    loop {
        chunk.clear();
        let limited = (&mut file).take(CHUNK as u64).read_to_end(&mut chunk);
        if limited.map_err(io("read", path))? == 0 {
            return Ok(());
        }
        visit(&chunk);
    }
}

/// A file that is written once, with its checksums.
#[derive(Debug)]
pub(crate) struct SummedFile {
    path: PathBuf,
    file: BufWriter<File>,
    sum: FileSum,
    chunk: Vec<u8>,
}

impl SummedFile {
    pub(crate) fn create(path: PathBuf) -> Result<Self> {
        let file = File::create_new(&path).map_err(io("write", &path))?;
        Ok(Self { path, file: BufWriter::new(file), sum: FileSum::default(), chunk: Vec::new() })
    }

    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(io("write", &self.path))?;
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.chunk.len()));
            self.chunk.extend_from_slice(now);
            if self.chunk.len() == CHUNK {
                self.sum.add(&self.chunk);
                self.chunk.clear();
            }
            bytes = later;
        }
        Ok(())
    }

    /// Bytes of it that the system has taken, after an attempt to hand over all of them.
    pub(crate) fn held(&mut self) -> Result<u64> {
        // A write has failed before, and this one may, too. What counts is what is there.
        _ = self.file.flush();
        Ok(self.file.get_ref().metadata().map_err(io("read", &self.path))?.len())
    }

    /// Takes everything behind the first `length` bytes back, which the system must have taken.
    pub(crate) fn cut(&mut self, length: u64) -> Result<()> {
        let failed = io("write", &self.path);
        let cut = || {
            let mut file = File::options().write(true).open(&self.path)?;
            file.set_len(length)?;
            file.seek(SeekFrom::End(0))?;
            Ok(file)
        };
        let file = cut().map_err(failed)?;
        // What the old writer still holds is not written.
        _ = std::mem::replace(&mut self.file, BufWriter::new(file)).into_parts();
        self.sum = FileSum::default();
        self.chunk.clear();
        let Self { path, sum, chunk, .. } = self;
        read_chunks(path, |bytes| {
            if bytes.len() == CHUNK { sum.add(bytes) } else { chunk.extend_from_slice(bytes) }
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn finish(mut self) -> Result<FileSum> {
        self.file.flush().map_err(io("write", &self.path))?;
        if !self.chunk.is_empty() {
            self.sum.add(&self.chunk);
        }
        Ok(self.sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_cut_goes_on_as_if_nothing_had_been_behind() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let bytes: Vec<u8> = (0..3 * CHUNK).map(|i| (i % 249) as u8).collect();
        // Inside a chunk, between two, and inside an earlier one.
        for length in [2 * CHUNK + 77, 2 * CHUNK, CHUNK - 1, 0] {
            let path = directory.path().join(length.to_string());
            let mut file = SummedFile::create(path.clone()).expect("created");
            file.write(&bytes[..length]).expect("written");
            file.write(&vec![255; 2 * CHUNK + 9]).expect("written");
            assert_eq!(file.held().expect("a length"), (length + 2 * CHUNK + 9) as u64);
            file.cut(length as u64).expect("cut");
            file.write(&bytes[length..]).expect("written");
            let sum = file.finish().expect("finished");
            assert!(std::fs::read(&path).expect("read") == bytes, "{length}");
            assert!(sum.is_of(&bytes) && !sum.is_of(&bytes[1..]), "{length}");
            assert_eq!(sum, FileSum::of_file(&path).expect("read"));
        }
    }

    #[test]
    fn damage_is_found_in_its_chunk() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("file");
        let bytes: Vec<u8> = (0..2 * CHUNK + 5).map(|i| (i % 251) as u8).collect();
        let mut file = SummedFile::create(path.clone()).expect("created");
        for part in bytes.chunks(700_001) {
            file.write(part).expect("written");
        }
        let sum = file.finish().expect("finished");
        assert_eq!(sum, FileSum::of_file(&path).expect("read"));
        assert_eq!((sum.bytes, sum.chunks.len()), (bytes.len() as u64, 3));
        assert!(sum.differences(&path).expect("read").is_empty());
        let chunk = CHUNK as u64;
        let changed = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = bytes.clone();
            change(&mut bytes);
            std::fs::write(&path, bytes).expect("written");
            let found = sum.differences(&path).expect("read");
            found.into_iter().map(|range| (range.start, range.end)).collect::<Vec<_>>()
        };
        assert_eq!(changed(&|b| b[CHUNK + 9] ^= 1), [(chunk, 2 * chunk)]);
        assert_eq!(changed(&|b| b.truncate(CHUNK)), [(chunk, 2 * chunk + 5)]);
        assert_eq!(changed(&|b| b.push(0)), [(2 * chunk, 2 * chunk + 6)]);
        assert_eq!(changed(&|b| b[2 * CHUNK + 4] ^= 128), [(2 * chunk, 2 * chunk + 5)]);
    }
}

//! Features that are being written: a directory beside the output with the values so far and which blocks of rows are done.
//!
//! A block counts as done for a later call if its rows and the files that they name are the same, if its values are as they were written, and if
//! the rows that it passes over still cannot be read. Others are embedded again.

use super::write::write;
use super::{BLOCK, Manifest, OnError, Row, SkippedRow, block};
use crate::error::{Error, Result};
use crate::lock::DirectoryLock;
use aio_data::checksum::inside;
use aio_data::{DataError, fs};
use aio_model::Extractor;
use aio_train::{Progress, StopFlag};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The values of the blocks that are done: little-endian f32, row by row. Every block has a place of [`BLOCK`] rows.
const VALUES: &str = "values";
/// Which blocks are done, as [`State`], with a checksum.
const STATE: &str = "state.json";

/// Time between two notes of what is done: a note names all blocks.
const BETWEEN_NOTES: Duration = Duration::from_secs(1);

/// Unfinished features in a directory that is removed once they are finished.
pub(super) struct PartialFile {
    lock: DirectoryLock,
    directory: PathBuf,
    /// Rows to be embedded.
    rows: usize,
    /// Columns of the features.
    width: usize,
    state: State,
}

#[derive(Debug, Serialize, Deserialize)]
struct State {
    /// Of the model.
    fingerprint: String,
    /// The blocks that are done, by number.
    blocks: BTreeMap<usize, Done>,
}

/// A block of rows that is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Done {
    /// Hash of the rows and of what the system notes about their pictures.
    sources: String,
    /// Hash of the values.
    values: String,
    /// Rows that are passed over, in order, counted from the start of the block.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<SkippedRow>,
}

impl Done {
    /// Whether a call would embed the same: the rows and their pictures are the same, and those that are passed over still cannot be read.
    fn fits(&self, rows: &[Row], extractor: &Extractor, on_error: OnError) -> bool {
        let is_unreadable = |skipped: &SkippedRow| {
            rows.get(skipped.row).is_some_and(|row| row.named_input(extractor).is_err())
        };
        let may_skip = self.skipped.is_empty() || on_error == OnError::Skip;
        may_skip && self.sources == sources(rows) && self.skipped.iter().all(is_unreadable)
    }
}

impl PartialFile {
    /// Where unfinished features lie.
    pub(super) fn directory(output: &Path) -> PathBuf {
        output.with_extension("unfinished")
    }

    /// Files of that directory beside those of its lock.
    pub(super) const FILES: [&'static str; 2] = [STATE, VALUES];

    /// What an earlier call left that is of use, or an empty one. `lock` is that of [`PartialFile::directory`]; `manifest` has all rows.
    pub(super) fn open(
        lock: DirectoryLock,
        output: &Path,
        manifest: &Manifest,
        extractor: &Extractor,
        on_error: OnError,
    ) -> Result<Self> {
        let directory = Self::directory(output);
        let fingerprint = manifest.model_hash()?;
        let path = directory.join(STATE);
        let known: Option<State> = fs::read_to_string(&path)
            .ok()
            .and_then(|text| inside::from_json(&path, &text).ok())
            .filter(|known: &State| known.fingerprint == fingerprint);
        let state = State { fingerprint, blocks: BTreeMap::new() };
        let (rows, width) = (manifest.rows.len(), manifest.width);
        let mut partial = Self { lock, directory, rows, width, state };
        let Some(known) = known else { return Ok(partial) };
        let Ok(mut file) = File::open(partial.directory.join(VALUES)) else { return Ok(partial) };
        for (number, done) in known.blocks {
            let Some(rows) = manifest.rows.chunks(BLOCK).nth(number) else { continue };
            if done.fits(rows, extractor, on_error)
                && partial.holds_values(number, &done, rows.len(), &mut file)
            {
                partial.state.blocks.insert(number, done);
            }
        }
        Ok(partial)
    }

    /// Whether the values of a block of `rows` rows are as they were written.
    fn holds_values(&self, number: usize, done: &Done, rows: usize, file: &mut File) -> bool {
        let Some(embedded) = rows.checked_sub(done.skipped.len()) else { return false };
        let (mut bytes, length) = (Vec::new(), self.bytes(embedded));
        let read = file.seek(SeekFrom::Start(self.place(number)));
        let read = read.and_then(|_| file.take(length).read_to_end(&mut bytes));
        read.is_ok() && bytes.len() as u64 == length && done.values == short_hash(&bytes)
    }

    /// Where the values of a block begin.
    fn place(&self, number: usize) -> u64 {
        number as u64 * self.bytes(BLOCK)
    }

    /// Rows of a block.
    fn rows_of(&self, number: usize) -> usize {
        self.rows.saturating_sub(number * BLOCK).min(BLOCK)
    }

    /// Bytes of the values of so many rows.
    fn bytes(&self, rows: usize) -> u64 {
        (rows * self.width * size_of::<f32>()) as u64
    }

    /// Embeds the rows that are not done.
    pub(super) fn fill(
        &mut self,
        rows: &[Row],
        extractor: &Extractor,
        on_error: OnError,
        stop: &StopFlag,
    ) -> Result<()> {
        let filled = self.fill_blocks(rows, extractor, on_error, stop);
        if stop.check_claim().is_err() {
            return filled;
        }
        // What is done is kept whatever stopped the rest.
        let noted = self.note();
        filled.and(noted)
    }

    fn fill_blocks(
        &mut self,
        rows: &[Row],
        extractor: &Extractor,
        on_error: OnError,
        stop: &StopFlag,
    ) -> Result<()> {
        let mut rows_done: usize = self.state.blocks.keys().map(|n| self.rows_of(*n)).sum();
        let bar = Progress::resumed("embedding", self.rows, "rows", rows_done);
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let opened = options.open(self.directory.join(VALUES));
        let mut file = opened.map_err(|source| self.write_error(source))?;
        let mut noted: Option<Instant> = None;
        for (number, rows) in rows.chunks(BLOCK).enumerate() {
            if self.state.blocks.contains_key(&number) {
                continue;
            }
            stop.check("embedding")?;
            // Before the pictures are read: one that changes meanwhile is embedded again by a later call.
            let sources = sources(rows);
            let (features, skipped) = block(rows, extractor, on_error)?;
            let bytes: Vec<u8> = features.iter().flatten().flat_map(|v| v.to_le_bytes()).collect();
            stop.check_claim()?;
            file.seek(SeekFrom::Start(self.place(number)))
                .and_then(|_| file.write_all(&bytes))
                .map_err(|source| self.write_error(source))?;
            for SkippedRow { problem, .. } in &skipped {
                log::warn!("skipped: {problem}");
            }
            let done = Done { sources, values: short_hash(&bytes), skipped };
            self.state.blocks.insert(number, done);
            if noted.is_none_or(|noted| noted.elapsed() > BETWEEN_NOTES) {
                self.note()?;
                noted = Some(Instant::now());
            }
            rows_done += rows.len();
            bar.set_position(rows_done);
        }
        bar.finish();
        Ok(())
    }

    /// The rows that are passed over, counted from the first of all rows.
    pub(super) fn skipped(&self) -> Vec<SkippedRow> {
        let of_block = |(number, done): (&usize, &Done)| {
            let first = number * BLOCK;
            let counted =
                |skipped: &SkippedRow| SkippedRow { row: first + skipped.row, ..skipped.clone() };
            done.skipped.iter().map(counted).collect::<Vec<_>>()
        };
        self.state.blocks.iter().flat_map(of_block).collect()
    }

    fn write_error(&self, source: io::Error) -> Error {
        Error::Data(DataError::Io { action: "write", path: self.directory.join(VALUES), source })
    }

    /// Writes down what is done, after the disk has the values.
    fn note(&self) -> Result<()> {
        let path = self.directory.join(VALUES);
        if path.exists() {
            let synced = File::open(&path).and_then(|file| file.sync_data());
            synced.map_err(|source| self.write_error(source))?;
        }
        let text = inside::to_json_line(&self.state).map_err(|e| Error::Failure(e.to_string()))?;
        Ok(fs::write_then_rename(&self.directory.join(STATE), text.as_bytes())?)
    }

    /// Writes the manifest and the feature file, which names the manifest by its hash, and removes the unfinished one. `manifest` has the rows
    /// that were embedded.
    pub(super) fn finish(self, output: &Path, manifest: &Manifest, stop: &StopFlag) -> Result<()> {
        stop.check_claim()?;
        write(output, manifest, |target| self.copy_values(target))?;
        self.lock.remove(&Self::FILES)
    }

    fn copy_values(&self, target: &mut dyn Write) -> io::Result<()> {
        let mut file = File::open(self.directory.join(VALUES))?;
        for (number, done) in &self.state.blocks {
            let length = self.bytes(self.rows_of(*number) - done.skipped.len());
            file.seek(SeekFrom::Start(self.place(*number)))?;
            if io::copy(&mut (&mut file).take(length), target)? != length {
                return Err(io::Error::other("the unfinished features were cut short"));
            }
        }
        Ok(())
    }
}

/// The hash of rows and of what the system notes about their pictures, without their labels, which no feature depends on.
fn sources(rows: &[Row]) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |part: &[u8]| {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    };
    for row in rows {
        add(&[row.pictures.len() as u8, u8::from(row.text.is_some())]);
        for (modality, path) in &row.pictures {
            add(modality.as_bytes());
            add(path.as_os_str().as_encoded_bytes());
            // What cannot be looked at is told from everything that can.
            add(std::fs::metadata(path)
                .map_or(String::new(), |found| fs::stamp(&found))
                .as_bytes());
        }
        add(row.text.as_deref().unwrap_or_default().as_bytes());
    }
    shortened(&hasher.finalize())
}

fn short_hash(bytes: &[u8]) -> String {
    shortened(&blake3::hash(bytes))
}

/// The first 128 bits: enough against chance, and a long list of blocks stays short.
fn shortened(hash: &blake3::Hash) -> String {
    hash.to_hex()[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_data::Label;

    #[test]
    fn sources_change_with_rows_and_with_files_and_not_with_labels() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let path = folder.path().join("a.png");
        let row = Row::picture(aio_types::Modality::Rgb, path.clone());
        let absent = sources(std::slice::from_ref(&row));
        std::fs::write(&path, "one").expect("write");
        let there = sources(std::slice::from_ref(&row));
        assert_eq!(sources(std::slice::from_ref(&row)), there);
        let labelled = Row { identity: Some(Label::Number(3)), ..row.clone() };
        assert_eq!(sources(&[labelled]), there);
        let sketch = Row::picture(aio_types::Modality::Sketch, path.clone());
        let described = Row { text: Some(String::new()), ..row.clone() };
        let others = [
            absent,
            sources(&[sketch]),
            sources(&[described]),
            sources(&[row.clone(), row.clone()]),
        ];
        assert!(others.iter().all(|other| *other != there), "{others:?}");
        std::fs::write(&path, "longer").expect("write");
        assert_ne!(sources(&[row]), there);
    }
}

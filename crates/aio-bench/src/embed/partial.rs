//! Features that are being written: a directory beside the output with the values so far and how many rows are done.

use super::{BLOCK, Manifest, OnError, Row, SkippedRow, block};
use crate::error::{Error, Result};
use crate::features;
use crate::lock::DirectoryLock;
use aio_data::{DataError, Label, fs};
use aio_model::Extractor;
use aio_train::{Progress, StopFlag};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The values of the rows that are done: little-endian f32, row by row.
const VALUES: &str = "values";
/// How many rows are done, as [`State`].
const STATE: &str = "state.json";

/// Unfinished features in a directory that is removed once they are finished.
pub(super) struct PartialFile {
    lock: DirectoryLock,
    directory: PathBuf,
    state: State,
}

#[derive(Debug, Serialize, Deserialize)]
struct State {
    /// Of the model and the rows.
    fingerprint: String,
    /// Rows that are embedded or passed over.
    rows: usize,
    /// Rows that are passed over, in order.
    skipped: Vec<SkippedRow>,
}

impl PartialFile {
    /// Where unfinished features lie.
    pub(super) fn directory(output: &Path) -> PathBuf {
        output.with_extension("unfinished")
    }

    /// What an earlier call left for the same model and rows, or an empty one. `lock` is that of [`PartialFile::directory`].
    pub(super) fn open(lock: DirectoryLock, output: &Path, fingerprint: &str) -> Self {
        let directory = Self::directory(output);
        let known = std::fs::read(directory.join(STATE)).ok();
        let known: Option<State> = known.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let state = known
            .filter(|known| known.fingerprint == fingerprint && directory.join(VALUES).is_file())
            .unwrap_or(State { fingerprint: fingerprint.to_owned(), rows: 0, skipped: Vec::new() });
        Self { lock, directory, state }
    }

    /// Embeds the rows that are not done.
    pub(super) fn fill(
        &mut self,
        manifest: &Manifest,
        extractor: &Extractor,
        on_error: OnError,
        stop: &StopFlag,
    ) -> Result<()> {
        let bar = Progress::resumed("embedding", manifest.rows.len(), "rows", self.state.rows);
        let mut file = self.continue_writing(manifest.width)?;
        for rows in manifest.rows[self.state.rows..].chunks(BLOCK) {
            if stop.is_raised() {
                return Err(Error::Interrupted { phase: "embedding" });
            }
            let (features, skipped) = block(rows, extractor, on_error)?;
            let bytes: Vec<u8> = features.iter().flatten().flat_map(|v| v.to_le_bytes()).collect();
            stop.check_claim()?;
            file.write_all(&bytes)
                .and_then(|()| file.sync_data())
                .map_err(|source| self.write_error(source))?;
            for mut skipped in skipped {
                skipped.row += self.state.rows;
                log::warn!("passed over: {}", skipped.problem);
                self.state.skipped.push(skipped);
            }
            self.state.rows += rows.len();
            self.note()?;
            bar.set_position(self.state.rows);
        }
        bar.finish();
        Ok(())
    }

    /// The rows that are passed over.
    pub(super) fn skipped(&self) -> &[SkippedRow] {
        &self.state.skipped
    }

    /// The file of values, cut to the rows that are noted as done: later ones may be incomplete.
    fn continue_writing(&self, width: usize) -> Result<File> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let embedded = self.state.rows.saturating_sub(self.state.skipped.len());
        let length = (embedded * width * size_of::<f32>()) as u64;
        let opened = options.open(self.directory.join(VALUES)).and_then(|mut file| {
            if file.metadata()?.len() < length {
                return Err(std::io::Error::other("it is shorter than the rows that are done"));
            }
            file.set_len(length)?;
            file.seek(SeekFrom::End(0))?;
            Ok(file)
        });
        opened.map_err(|source| self.write_error(source))
    }

    fn write_error(&self, source: std::io::Error) -> Error {
        Error::Data(DataError::Io { action: "write", path: self.directory.join(VALUES), source })
    }

    /// Writes down how many rows are done.
    fn note(&self) -> Result<()> {
        let text = serde_json::to_string(&self.state).map_err(|e| Error::Failure(e.to_string()))?;
        Ok(fs::write_then_rename(&self.directory.join(STATE), text.as_bytes())?)
    }

    /// Writes the manifest and the feature file, which names the manifest by its hash, and removes the unfinished one. `manifest` has the rows
    /// that were embedded.
    pub(super) fn finish(self, output: &Path, manifest: &Manifest, stop: &StopFlag) -> Result<()> {
        stop.check_claim()?;
        write(output, &self.directory.join(VALUES), manifest)?;
        self.lock.remove()
    }
}

/// Writes a feature file, which names its manifest by the hash, and the manifest beside it. `values` is a file of little-endian f32, row by row.
pub(crate) fn write(output: &Path, values: &Path, manifest: &Manifest) -> Result<()> {
    let text = manifest.to_json()?;
    fs::write_then_rename(&Manifest::path(output), text.as_bytes())?;
    let hash = [(Manifest::HASH, Manifest::hash(&text))];
    features::write(output, values, manifest.width, &labels(&manifest.rows), &hash)
}

/// The labels that every row has. A column that some rows lack is left out, with a warning: an invented label would be
/// scored as if it were true.
fn labels(rows: &[Row]) -> features::Labels {
    let column = |name: &str, label: fn(&Row) -> Option<i64>| {
        let known = rows.iter().filter(|row| label(row).is_some()).count();
        if 0 < known && known < rows.len() {
            log::warn!(
                "`{name}` is left out of the features: {} of {} rows have none",
                rows.len() - known,
                rows.len()
            );
        }
        rows.iter().map(label).collect()
    };
    features::Labels {
        rows: rows.len(),
        ids: column("ids", |row| row.identity.as_ref().map(Label::number)),
        cameras: column("cameras", |row| row.camera.as_ref().map(Label::number)),
        images: column("images", |row| row.image),
        clothes: column("clothes", |row| row.clothes.as_ref().map(Label::number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_that_some_rows_lack_is_left_out_and_none_is_invented() {
        let of = |rows: &[(Option<i64>, Option<i64>)]| {
            let row = |(identity, camera): &(Option<i64>, Option<i64>)| Row {
                identity: identity.map(Label::Number),
                camera: camera.map(Label::Number),
                ..Row::default()
            };
            labels(&rows.iter().map(row).collect::<Vec<_>>())
        };
        let nothing = features::Labels { rows: 2, ..features::Labels::default() };
        assert_eq!(of(&[(None, None), (None, None)]), nothing);
        let part = of(&[(Some(4), Some(1)), (None, Some(2))]);
        assert_eq!((part.ids, part.cameras), (None, Some(vec![1, 2])));
        assert_eq!(of(&[(Some(4), None), (Some(-1), None)]).ids, Some(vec![4, -1]));
    }
}

//! Features that are being written: the values so far, and how many rows are done.

use super::{BLOCK, Manifest, Row, embed};
use crate::error::{Error, Result};
use crate::features;
use aio_data::{DataError, fs};
use aio_model::Extractor;
use aio_train::Progress;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Unfinished features, in two files beside the output.
pub(super) struct PartialFile {
    /// The values of the rows that are done: little-endian f32, row by row.
    values: PathBuf,
    /// How many rows are done, as [`State`].
    progress: PathBuf,
    fingerprint: String,
    done: usize,
}

#[derive(Serialize, Deserialize)]
struct State {
    /// Of the model and the rows.
    fingerprint: String,
    rows: usize,
}

impl PartialFile {
    /// The files of unfinished features: values and progress.
    pub(super) fn paths(output: &Path) -> [PathBuf; 2] {
        [output.with_extension("partial"), output.with_extension("partial.json")]
    }

    /// What an earlier call left beside `output` for the same model and rows, or an empty one.
    pub(super) fn open(output: &Path, fingerprint: &str) -> Result<Self> {
        if let Some(parent) = output.parent().filter(|p| !p.as_os_str().is_empty()) {
            fs::create_dir_all(parent)?;
        }
        let [values, progress] = Self::paths(output);
        let known: Option<State> =
            std::fs::read(&progress).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let done = known
            .filter(|known| known.fingerprint == fingerprint && values.is_file())
            .map_or(0, |known| known.rows);
        Ok(Self { values, progress, fingerprint: fingerprint.to_owned(), done })
    }

    /// Embeds the rows that are not done.
    pub(super) fn fill(mut self, manifest: &Manifest, extractor: &Extractor) -> Result<Self> {
        let bar = Progress::resumed("embedding", manifest.rows.len(), "rows", self.done);
        let mut file = self.continue_writing(manifest.width)?;
        for block in manifest.rows[self.done..].chunks(BLOCK) {
            let features = embed(block, extractor)?;
            let bytes: Vec<u8> = features.iter().flatten().flat_map(|v| v.to_le_bytes()).collect();
            file.write_all(&bytes)
                .and_then(|()| file.sync_data())
                .map_err(|source| self.write_error(source))?;
            self.done += block.len();
            self.note()?;
            bar.set_position(self.done);
        }
        bar.finish();
        Ok(self)
    }

    /// The file of values, cut to the rows that are noted as done: later ones may be incomplete.
    fn continue_writing(&self, width: usize) -> Result<File> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let length = (self.done * width * size_of::<f32>()) as u64;
        let opened = options.open(&self.values).and_then(|mut file| {
            file.set_len(length)?;
            file.seek(SeekFrom::End(0))?;
            Ok(file)
        });
        opened.map_err(|source| self.write_error(source))
    }

    fn write_error(&self, source: std::io::Error) -> Error {
        Error::Data(DataError::Io { action: "write", path: self.values.clone(), source })
    }

    /// Writes down how many rows are done.
    fn note(&self) -> Result<()> {
        let state = State { fingerprint: self.fingerprint.clone(), rows: self.done };
        let text = serde_json::to_string(&state).map_err(|e| Error::Failure(e.to_string()))?;
        Ok(fs::write_then_rename(&self.progress, text.as_bytes())?)
    }

    /// Writes the feature file and removes the unfinished one.
    pub(super) fn finish(self, output: &Path, manifest: &Manifest) -> Result<()> {
        let labels = labels(&manifest.rows);
        features::write(output, &self.values, manifest.width, &labels, &[])?;
        for path in [self.values, self.progress] {
            std::fs::remove_file(&path).map_err(|source| DataError::Io {
                action: "remove",
                path,
                source,
            })?;
        }
        Ok(())
    }
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
        ids: column("ids", |row| row.identity),
        cameras: column("cameras", |row| row.camera),
        images: column("images", |row| row.image),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_that_some_rows_lack_is_left_out_and_none_is_invented() {
        let of = |rows: &[(Option<i64>, Option<i64>)]| {
            let row = |(identity, camera): &(Option<i64>, Option<i64>)| Row {
                identity: *identity,
                camera: *camera,
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

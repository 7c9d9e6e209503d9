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
        let rows = &manifest.rows;
        let labels = features::Labels {
            ids: identities(rows)?,
            cameras: rows.iter().map(|row| row.camera).collect(),
            images: rows.iter().map(|row| row.image).collect(),
        };
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

/// The identity of every row; unlabelled rows get unique ids above those of the labelled ones.
fn identities(rows: &[Row]) -> Result<Vec<i64>> {
    let largest = rows.iter().filter_map(|row| row.identity).max();
    let first = largest.map_or(0, |largest| largest.saturating_add(1).max(0));
    let mut ids = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let id = row.identity.or_else(|| first.checked_add(index as i64)).ok_or_else(|| {
            Error::user(
                format!("row {}: no identity is left above {first}", index + 1),
                "use smaller identities, or label every row",
            )
        })?;
        ids.push(id);
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unlabelled_rows_get_identities_of_their_own() {
        let labelled = |identity| Row { identity, ..Row::default() };
        let of = |ids: &[Option<i64>]| {
            identities(&ids.iter().copied().map(labelled).collect::<Vec<_>>())
        };
        assert_eq!(of(&[None, None]).expect("ids"), [0, 1]);
        assert_eq!(of(&[Some(4), Some(-1)]).expect("ids"), [4, -1]);
        assert_eq!(of(&[Some(1), None, Some(2), None]).expect("ids"), [1, 4, 2, 6]);
        assert!(of(&[Some(i64::MAX), None, None]).is_err());
    }
}

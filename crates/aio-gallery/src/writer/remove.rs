//! Removing rows: their numbers are listed, and a compaction drops them later.

use super::Writer;
use crate::error::{GalleryError, Result};
use crate::gallery::Gallery;
use crate::layout::REMOVED;
use crate::manifest::{Manifest, RemovedEntry};
use crate::step::Step;
use crate::sums::{FileSum, hash};
use aio_data::fs;
use std::collections::BTreeSet;

impl Writer {
    /// Removes rows by their numbers. Their content can be added again. Returns how many were removed.
    ///
    /// # Errors
    /// [`GalleryError::Request`] naming a row that is not there; then none is removed. Otherwise as [`Writer::commit`].
    pub fn remove(&mut self, rows: &[u64]) -> Result<usize> {
        self.commit()?;
        let gallery = self.gallery()?;
        let rows: BTreeSet<u64> = rows.iter().copied().collect();
        let mut contents = Vec::with_capacity(rows.len());
        for number in &rows {
            let (segment, position) = gallery.place(*number).ok_or_else(|| {
                GalleryError::request(
                    format!("{}: there is no row {number}", self.directory.display()),
                    "nothing was removed; `aio gallery export` lists the rows with their numbers",
                )
            })?;
            contents.extend(gallery.segments[segment].rows()?.content(position));
        }
        if rows.is_empty() {
            return Ok(0);
        }
        let mut manifest = self.manifest.clone();
        let all = gallery.removed.iter().copied().chain(rows.iter().copied()).collect();
        manifest.removed = self.write_removed(&manifest, &all)?;
        self.replace_manifest(manifest)?;
        for content in contents {
            self.contents.remove(&content);
        }
        self.clean()?;
        Ok(rows.len())
    }

    /// Removes the rows of a selection; see [`Gallery::select`].
    ///
    /// # Errors
    /// As [`Writer::remove`].
    pub fn remove_selected(
        &mut self,
        select: impl Fn(&Gallery) -> Result<Vec<u64>>,
    ) -> Result<usize> {
        self.commit()?;
        let rows = select(&self.gallery()?)?;
        self.remove(&rows)
    }

    /// Writes the list of removed rows for a manifest that replaces the present one.
    pub(super) fn write_removed(
        &self,
        manifest: &Manifest,
        rows: &BTreeSet<u64>,
    ) -> Result<Option<RemovedEntry>> {
        if rows.is_empty() {
            return Ok(None);
        }
        let bytes: Vec<u8> = rows.iter().flat_map(|number| number.to_le_bytes()).collect();
        // A name of its own for every content: the present list stays until the manifest names the new one.
        let file = format!("{:06}-{}.{REMOVED}", manifest.generation + 1, &hash(&bytes)[..12]);
        let path = self.directory.join(&file);
        fs::write_then_rename(&path, &bytes)?;
        self.reached(Step::Removed)?;
        Ok(Some(RemovedEntry { rows: rows.len(), sum: FileSum::of_file(&path)?, file }))
    }
}

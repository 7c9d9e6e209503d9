//! Removing rows: their numbers are listed, and a compaction drops them later.

use super::Writer;
use crate::error::{GalleryError, Result};
use crate::gallery::{Gallery, read_list};
use crate::layout::{REMOVED, REMOVED_CONTENTS, list_name};
use crate::manifest::{Manifest, RemovedEntry};
use crate::record::Content;
use crate::step::Step;
use crate::sums::{FileSum, hash};
use aio_data::fs;
use std::collections::BTreeSet;

impl Writer {
    /// Removes rows by their numbers. Their content can be added again with [`Writer::add`], and does not come back with [`Writer::merge`].
    /// Returns how many were removed.
    ///
    /// # Errors
    /// [`GalleryError::Request`] naming a row that is not there; then none is removed. Otherwise as [`Writer::commit`].
    pub fn remove(&mut self, rows: &[u64]) -> Result<usize> {
        self.commit()?;
        let gallery = self.gallery()?;
        let rows: BTreeSet<u64> = rows.iter().copied().collect();
        let mut places = Vec::with_capacity(rows.len());
        for number in &rows {
            let place = gallery.place(*number).ok_or_else(|| {
                GalleryError::request(
                    format!("{}: there is no row {number}", self.directory.display()),
                    "nothing was removed; `aio gallery export` lists the rows with their numbers",
                )
            })?;
            places.push(place);
        }
        if rows.is_empty() {
            return Ok(0);
        }
        let mut contents = BTreeSet::new();
        for of_segment in places.chunk_by(|a, b| a.0 == b.0) {
            let of_rows = gallery.segments[of_segment[0].0].contents()?;
            contents.extend(of_segment.iter().filter_map(|(_, position)| of_rows[*position]));
        }
        let mut manifest = self.manifest.clone();
        let all = gallery.removed.iter().copied().chain(rows.iter().copied()).collect();
        manifest.removed = self.write_removed(&manifest, &all)?;
        // Those that were added again since stand for rows that are there.
        let before = self.removed_contents()?.into_iter();
        let away = before.filter(|content| !self.contents.contains(content));
        let away: BTreeSet<Content> = away.chain(contents.iter().copied()).collect();
        let bytes: Vec<u8> = away.iter().flat_map(Content::bytes).copied().collect();
        manifest.removed_contents =
            Some(self.write_list(&manifest, REMOVED_CONTENTS, away.len(), &bytes)?);
        self.replace_manifest(manifest)?;
        self.forget(contents);
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
        self.write_list(manifest, REMOVED, rows.len(), &bytes).map(Some)
    }

    fn write_list(
        &self,
        manifest: &Manifest,
        ending: &str,
        rows: usize,
        bytes: &[u8],
    ) -> Result<RemovedEntry> {
        // A name of its own for every content: the present list stays until the manifest names the new one.
        let file = list_name(manifest.generation + 1, &hash(bytes), ending);
        let path = self.directory.join(&file);
        fs::write_then_rename(&path, bytes)?;
        self.reached(Step::Removed)?;
        Ok(RemovedEntry { rows, sum: FileSum::of_file(&path)?, file })
    }

    /// Contents of rows that were removed from this gallery; some may have been added again.
    ///
    /// # Errors
    /// [`GalleryError::Data`] naming the list, if it is damaged or gone.
    pub(super) fn removed_contents(&self) -> Result<BTreeSet<Content>> {
        let Some(entry) = &self.manifest.removed_contents else { return Ok(BTreeSet::new()) };
        let bytes = read_list(&self.directory, entry, Content::BYTES)?;
        Ok(Content::list(&bytes).collect())
    }
}

//! Adding rows: they are written into segments, which the next commit makes part of the gallery.

use super::Writer;
use crate::encode::{encode, unit};
use crate::error::Result;
use crate::manifest::{Manifest, SegmentEntry};
use crate::record::{Content, Record};
use crate::segment::SegmentWriter;

/// A row to be added.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// What it was embedded from.
    pub content: Content,
    /// Its features, of any length but 0.
    pub features: &'a [f32],
    /// What is known of it.
    pub record: Record,
    /// A thumbnail (JPEG), or nothing.
    pub thumbnail: &'a [u8],
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It has this number.
    Row(u64),
    /// The gallery has a row of the same content; nothing was added.
    Known,
}

/// Rows that were added and are not committed.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// Segments that can take no more text, in order.
    full: Vec<SegmentEntry>,
    /// Contents of their rows.
    contents: Vec<Content>,
    /// The segment of the rows behind them.
    open: Option<SegmentWriter>,
}

impl Writer {
    /// Rows that were added and are not committed.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.contents.len() + self.pending.open.as_ref().map_or(0, SegmentWriter::len)
    }

    /// Adds a row, which becomes part of the gallery with the next [`Writer::commit`].
    ///
    /// # Errors
    /// [`GalleryError::Request`] for features that cannot be compared or a column whose name is taken, [`GalleryError::Data`] naming what
    /// cannot be written. Then the row is not added, and of those that were added before, the last ones may be gone, too:
    /// [`Writer::contains`].
    ///
    /// [`GalleryError::Request`]: crate::GalleryError::Request
    /// [`GalleryError::Data`]: crate::GalleryError::Data
    pub fn add(&mut self, entry: Entry) -> Result<Added> {
        if self.contains(entry.content) {
            return Ok(Added::Known);
        }
        for column in entry.record.extra.keys() {
            Record::check_column(column)?;
        }
        let Manifest { width, storage, next_row, .. } = self.manifest;
        let features = unit("a row to be added", entry.features, width)?;
        let row = (entry.record, entry.content);
        if self.pending.open.as_ref().is_some_and(|segment| !segment.fits(&row)) {
            self.end_segment()?;
        }
        let number = next_row + self.pending() as u64;
        let mut segment = match self.pending.open.take() {
            Some(segment) => segment,
            None => SegmentWriter::create(&self.directory, width, storage, number)?,
        };
        let pushed = segment.push(number, &encode(storage, &features), row, entry.thumbnail);
        if let Err(error) = pushed {
            self.keep_whole_rows(segment);
            return Err(error);
        }
        self.pending.open = Some(segment);
        self.contents.insert(entry.content);
        Ok(Added::Row(number))
    }

    /// After a row that could not be written: keeps those before it that the files hold.
    fn keep_whole_rows(&mut self, mut segment: SegmentWriter) {
        match segment.cut() {
            Ok(lost) => {
                self.forget(lost);
                self.pending.open = Some(segment).filter(|segment| segment.len() > 0);
            }
            Err(_) => self.forget(segment.contents()),
        }
    }

    /// Takes the contents of rows out that are not part of the gallery.
    pub(super) fn forget(&mut self, contents: impl IntoIterator<Item = Content>) {
        for content in contents {
            self.contents.remove(&content);
        }
    }

    /// Writes the open segment to its end. After an error its rows are not added.
    fn end_segment(&mut self) -> Result<()> {
        let Some(segment) = self.pending.open.take() else { return Ok(()) };
        let contents: Vec<Content> = segment.contents().collect();
        match segment.finish(&|step| self.reached(step)) {
            Ok(entry) => {
                self.pending.full.push(entry);
                self.pending.contents.extend(contents);
                Ok(())
            }
            Err(error) => {
                self.forget(contents);
                Err(error)
            }
        }
    }

    /// Makes all added rows part of the gallery, or none of them.
    ///
    /// # Errors
    /// [`GalleryError::Data`] naming what cannot be written, [`GalleryError::Lost`] if another process took over. The rows can be added again.
    ///
    /// [`GalleryError::Data`]: crate::GalleryError::Data
    /// [`GalleryError::Lost`]: crate::GalleryError::Lost
    pub fn commit(&mut self) -> Result<()> {
        let ended = self.end_segment();
        let Pending { full, contents, .. } = std::mem::take(&mut self.pending);
        if full.is_empty() {
            return ended;
        }
        let before = self.manifest.generation;
        let mut manifest = self.manifest.clone();
        manifest.segments.extend(full);
        manifest.next_row += contents.len() as u64;
        let outcome = ended.and_then(|()| self.replace_manifest(manifest));
        if self.manifest.generation == before {
            self.forget(contents);
        }
        outcome
    }
}

//! The index of a gallery.

use super::Writer;
use crate::error::Result;
use crate::index::build;
use crate::manifest::IndexEntry;
use crate::step::Step;
use serde::Serialize;
use std::ops::ControlFlow;

/// What an index covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Indexed {
    /// Rows that are in it.
    pub rows: usize,
    /// Links that each of them was to have.
    pub links: usize,
    /// Bytes of its file.
    pub bytes: u64,
}

impl Writer {
    /// Makes an index of all rows, for [`Gallery::approximate_answers`](crate::Gallery::approximate_answers); it replaces the one that is there. Each row
    /// is linked with about `links` others. `tick` is called for every row, by several threads, and says whether to go on.
    ///
    /// Rows that are added later are not in the index, and are compared one by one. A compaction that writes segments of the index again drops it.
    ///
    /// # Errors
    /// As [`Writer::commit`]; [`GalleryError::Request`](crate::GalleryError::Request) for a gallery without rows, or with 2³² of them;
    /// [`aio_data::DataError::Interrupted`] if `tick` asks to stop. Then nothing is changed.
    pub fn index(
        &mut self,
        links: usize,
        tick: &(dyn Fn() -> ControlFlow<()> + Sync),
    ) -> Result<Indexed> {
        self.commit()?;
        let gallery = self.gallery()?;
        let is_removed = |row| gallery.is_removed(row);
        let graph = build(&self.directory, &gallery.segments, is_removed, links, tick)?;
        let mut manifest = self.manifest.clone();
        let (file, sum, slots) = graph.write(&self.directory, manifest.generation + 1)?;
        self.reached(Step::Index)?;
        let indexed = Indexed { rows: graph.rows, links, bytes: sum.bytes };
        let segments = manifest.segments.len();
        let of = manifest.hash_of_segments(segments).unwrap_or_default();
        let start = graph.start();
        manifest.index = Some(IndexEntry { file, sum, segments, of, links, slots, start });
        self.replace_manifest(manifest)?;
        self.clean()?;
        Ok(indexed)
    }
}

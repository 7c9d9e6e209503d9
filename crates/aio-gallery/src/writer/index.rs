//! The index of a gallery.

use super::Writer;
use crate::error::Result;
use crate::index::build;
use crate::manifest::IndexEntry;
use crate::segment::Segment;
use crate::step::Step;
use serde::Serialize;
use std::ops::ControlFlow;

/// What an index covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Indexed {
    /// Rows that are in it, removed ones as well.
    pub rows: usize,
    /// Links that each of them was to have.
    pub links: usize,
    /// Bytes of its file.
    pub bytes: u64,
}

impl Writer {
    /// Makes an index of all rows, for [`Gallery::approximate_answers`](crate::Gallery::approximate_answers); it replaces the one that is there. Each row
    /// is linked with about `links` others. `tick` is called for every row that is linked, by several threads,
    /// and says whether to go on.
    ///
    /// Rows that are added later are not in the index, and are compared one by one. A compaction that writes segments of the index again drops it.
    ///
    /// # Errors
    /// As [`Writer::commit`]; [`GalleryError::Request`](crate::GalleryError::Request) for a gallery without rows, or with 2³² of them;
    /// [`aio_data::DataError::Interrupted`] if `tick` asks to stop, and [`aio_data::DataError::Damaged`] naming a file of a segment that is not as it was
    /// written: then the index stays as it was.
    pub fn index(
        &mut self,
        links: usize,
        tick: &(dyn Fn() -> ControlFlow<()> + Sync),
    ) -> Result<Indexed> {
        self.commit()?;
        let gallery = self.gallery()?;
        // Links of damaged rows would look right.
        gallery.segments.iter().try_for_each(Segment::check_sums)?;
        let graph = build(&self.directory, &gallery.segments, links, tick)?;
        let mut manifest = self.manifest.clone();
        let (file, sum, slots) = graph.write(&self.directory, manifest.generation + 1)?;
        self.reached(Step::Index)?;
        let indexed = Indexed { rows: graph.rows(), links, bytes: sum.bytes };
        let segments = manifest.segments.len();
        let of = manifest.hash_of_segments(segments).unwrap_or_default();
        let start = graph.start();
        manifest.index = Some(IndexEntry { file, sum, segments, of, links, slots, start });
        self.replace_manifest(manifest)?;
        self.clean()?;
        Ok(indexed)
    }
}

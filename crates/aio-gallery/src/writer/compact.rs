//! Compaction: segments with removed rows, and small ones beside each other, are written again.

use super::Writer;
use crate::error::Result;
use crate::gallery::Gallery;
use crate::manifest::SegmentEntry;
use crate::segment::SegmentWriter;
use aio_data::DataError;
use serde::Serialize;
use std::collections::BTreeSet;
use std::ops::Range;

/// Most rows of a segment that a compaction writes. Their table is held in memory meanwhile.
const LARGEST: usize = 1 << 16;

/// What a compaction did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Compacted {
    /// Segments before it.
    pub segments_before: usize,
    /// Segments after it.
    pub segments_after: usize,
    /// Removed rows that are no longer stored.
    pub dropped: usize,
    /// Bytes of the segments before it.
    pub bytes_before: u64,
    /// Bytes of the segments after it.
    pub bytes_after: u64,
}

impl Writer {
    /// Drops removed rows and joins small segments. Numbers of rows stay as they are, and so do the stored features, bit by bit. Readers that
    /// have opened the gallery are not disturbed. `stop` is asked between segments.
    ///
    /// # Errors
    /// As [`Writer::commit`]; [`DataError::Interrupted`] if `stop` says so, and [`DataError::Damaged`] naming a file that is to be written again
    /// and is not as it was written: then nothing is changed.
    pub fn compact(&mut self, stop: &dyn Fn() -> bool) -> Result<Compacted> {
        self.commit()?;
        let gallery = self.gallery()?;
        let mut manifest = self.manifest.clone();
        manifest.segments = Vec::new();
        let plan = plan(&gallery);
        // Damaged bytes would get checksums that are right, and nobody would find them any more.
        for (range, _) in plan.iter().filter(|(_, is_kept)| !is_kept) {
            for segment in &gallery.segments[range.clone()] {
                go_on(stop)?;
                segment.check_sums()?;
            }
        }
        for (range, is_kept) in plan {
            if is_kept {
                manifest.segments.extend_from_slice(&self.manifest.segments[range]);
            } else {
                let old = &self.manifest.segments[range.clone()];
                let new = self.rewrite(&gallery, range, stop)?;
                // Segments that are full of text cannot be joined, and would be written again by every compaction.
                let is_gain = new.len() < old.len() || rows(&new) < rows(old);
                manifest.segments.extend_from_slice(if is_gain { &new } else { old });
            }
        }
        manifest.removed = None;
        if manifest != self.manifest {
            self.replace_manifest(manifest)?;
        }
        self.clean()?;
        let (segments_before, dropped) = (gallery.segments(), gallery.removed());
        let bytes_before = gallery.bytes();
        // A process may map a limited number of files.
        drop(gallery);
        let after = self.gallery()?;
        let (segments_after, bytes_after) = (after.segments(), after.bytes());
        Ok(Compacted { segments_before, segments_after, dropped, bytes_before, bytes_after })
    }

    /// Writes the rows of adjacent segments that are not removed into new ones.
    fn rewrite(
        &self,
        gallery: &Gallery,
        range: Range<usize>,
        stop: &dyn Fn() -> bool,
    ) -> Result<Vec<SegmentEntry>> {
        let (width, storage) = (self.manifest.width, self.manifest.storage);
        let mut entries = Vec::new();
        let mut open: Option<SegmentWriter> = None;
        for segment in &gallery.segments[range] {
            go_on(stop)?;
            let rows = segment.table()?;
            for position in 0..segment.len() {
                let number = segment.number(position);
                if gallery.is_removed(number) {
                    continue;
                }
                let content = rows.content(position).ok_or_else(|| segment.no_content(position))?;
                let row = (rows.record(position), content);
                let mut writer = match open.take() {
                    Some(writer) if writer.len() < LARGEST && writer.fits(&row) => writer,
                    full => {
                        if let Some(full) = full {
                            entries.push(full.finish(&|step| self.reached(step))?);
                        }
                        SegmentWriter::create(&self.directory, width, storage, number)?
                    }
                };
                writer.push(number, &segment.stored(position), row, segment.thumbnail(position))?;
                open = Some(writer);
            }
        }
        if let Some(writer) = open {
            entries.push(writer.finish(&|step| self.reached(step))?);
        }
        Ok(entries)
    }
}

fn rows(segments: &[SegmentEntry]) -> usize {
    segments.iter().map(|segment| segment.rows).sum()
}

fn go_on(stop: &dyn Fn() -> bool) -> Result<()> {
    if stop() { Err(DataError::Interrupted { phase: "compacting" }.into()) } else { Ok(()) }
}

/// Runs of segments in order, and whether each stays as it is.
fn plan(gallery: &Gallery) -> Vec<(Range<usize>, bool)> {
    let mut with_removed = BTreeSet::new();
    for number in &gallery.removed {
        with_removed.insert(gallery.segments.partition_point(|s| s.base <= *number) - 1);
    }
    let is_large = |index: usize| gallery.segments[index].len() >= LARGEST / 2;
    let mut runs: Vec<(Range<usize>, bool)> = Vec::new();
    for index in 0..gallery.segments.len() {
        let is_kept = is_large(index) && !with_removed.contains(&index);
        match runs.last_mut() {
            Some((run, kept)) if *kept == is_kept => run.end = index + 1,
            _ => runs.push((index..index + 1, is_kept)),
        }
    }
    for (run, kept) in &mut runs {
        // A small segment alone gains nothing.
        *kept |= run.len() == 1 && !with_removed.contains(&run.start);
    }
    runs
}

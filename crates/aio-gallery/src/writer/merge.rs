//! Merging: the segments of other galleries become segments of this one.

use super::Writer;
use crate::error::{GalleryError, Result, io};
use crate::gallery::Gallery;
use crate::layout::SEGMENTS;
use crate::manifest::SegmentEntry;
use crate::segment::{INFO, SegmentInfo};
use crate::step::Step;
use aio_data::fs;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;

/// What a merge did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Merged {
    /// Rows that were added.
    pub rows: usize,
    /// Rows whose content the gallery had already.
    pub known: usize,
    /// Rows that were removed from this gallery before, and stay away.
    pub removed: usize,
    /// Segments that were added.
    pub segments: usize,
    /// Segments without a new row.
    pub known_segments: usize,
    /// Files that share their bytes with the other gallery (hard links).
    pub linked: usize,
    /// Files that were copied, because they lie on another file system or it has no links.
    pub copied: usize,
}

impl Writer {
    /// Adds the segments of other galleries, all in one step. Their files are linked where that is possible and copied elsewhere. Rows get new
    /// numbers, in the order of the galleries and of their own numbers. Of a segment that is here already, rows that were removed from it before it came
    /// here get the numbers that they would have had. Rows whose content is there already, and rows that were removed from this
    /// gallery, are not added: [`Writer::add`] alone brings a removed one back. Calibrations that this gallery lacks are taken over.
    ///
    /// # Errors
    /// [`GalleryError::ForeignGallery`] or [`GalleryError::Request`] for a gallery of another model, width or storage; then nothing is changed.
    /// Otherwise as [`Writer::commit`].
    pub fn merge(&mut self, sources: &[Gallery]) -> Result<Merged> {
        self.commit()?;
        let own = self.gallery()?;
        for source in sources {
            self.check_other(source)?;
            own.check_same_kind(source)?;
        }
        let mut removed: BTreeSet<u64> = own.removed.iter().copied().collect();
        let mut manifest = self.manifest.clone();
        let mut contents = self.contents.clone();
        let away = self.removed_contents()?;
        let mut merged = Merged::default();
        for source in sources {
            for (entry, segment) in source.manifest.segments.iter().zip(source.segments.iter()) {
                // Another source may have had the same segment with other rows removed from it.
                let there = manifest.segments.iter().find(|own| own.id == entry.id);
                let (is_there, base) = (there.is_some(), there.map(|own| own.base));
                let base = base.unwrap_or(manifest.next_row);
                let (mut added, mut not_added) = (0, Vec::new());
                for (position, content) in segment.contents()?.into_iter().enumerate() {
                    let number = segment.number(position);
                    let content = content.ok_or_else(|| segment.no_content(position))?;
                    let number_here = base + (number - segment.base);
                    if !source.is_removed(number) {
                        if contents.contains(&content) {
                            merged.known += 1;
                        } else if away.contains(&content) {
                            merged.removed += 1;
                        } else {
                            contents.insert(content);
                            removed.remove(&number_here);
                            added += 1;
                            continue;
                        }
                    }
                    not_added.push(number_here);
                }
                merged.rows += added;
                if is_there || added == 0 {
                    merged.known_segments += usize::from(added == 0);
                    continue;
                }
                removed.extend(not_added);
                self.take_over(source.directory(), entry, &segment.info, &mut merged)?;
                merged.segments += 1;
                manifest.segments.push(SegmentEntry { base, ..entry.clone() });
                manifest.next_row += segment.info.span;
            }
            for (modalities, calibration) in source.calibrations() {
                let free = manifest.calibrations.entry(modalities.clone());
                free.or_insert_with(|| calibration.clone());
            }
        }
        if !removed.iter().eq(&own.removed) {
            manifest.removed = self.write_removed(&manifest, &removed)?;
        }
        if manifest != self.manifest {
            self.replace_manifest(manifest)?;
            self.contents = contents;
        }
        self.clean()?;
        Ok(merged)
    }

    /// Refuses this gallery as a source of its own.
    fn check_other(&self, source: &Gallery) -> Result<()> {
        let real = |path: &Path| std::fs::canonicalize(path).ok();
        if real(source.directory()) != real(&self.directory) {
            return Ok(());
        }
        let problem = format!("{} cannot be merged with itself", self.directory.display());
        Err(GalleryError::request(problem, "name other galleries"))
    }

    /// Links or copies the files of a segment into this gallery.
    fn take_over(
        &self,
        source: &Path,
        entry: &SegmentEntry,
        info: &SegmentInfo,
        merged: &mut Merged,
    ) -> Result<()> {
        let from = SegmentInfo::folder(source, &entry.id);
        let target = SegmentInfo::folder(&self.directory, &entry.id);
        let temporary = fs::temporary_beside(&self.directory.join(SEGMENTS).join("merged"));
        fs::create_dir_all(&temporary)?;
        for name in info.files.keys().map(String::as_str).chain([INFO]) {
            let (path, to) = (from.join(name), temporary.join(name));
            if std::fs::hard_link(&path, &to).is_ok() {
                merged.linked += 1;
            } else {
                std::fs::copy(&path, &to).map_err(io("copy", &path))?;
                merged.copied += 1;
            }
            self.reached(Step::Linked)?;
        }
        fs::replace_directory(&temporary, &target)?;
        self.reached(Step::Named)
    }
}

impl Gallery {
    /// Refuses a gallery whose segments cannot become those of one like this.
    ///
    /// # Errors
    /// [`GalleryError::ForeignGallery`] if it is of another model; [`GalleryError::Request`] naming both galleries if its features have another width or storage.
    pub fn check_same_kind(&self, source: &Self) -> Result<()> {
        if !self.model().fits(source.model()) {
            return Err(GalleryError::ForeignGallery {
                directory: self.directory().to_path_buf(),
                gallery: Box::new(self.model().clone()),
                storage: self.storage().name(),
                other: source.directory().to_path_buf(),
                found: Box::new(source.model().clone()),
            });
        }
        if source.width() != self.width() || source.storage() != self.storage() {
            let problem = format!(
                "{} holds features of {} values as {}, and {} of {} values as {}",
                source.directory().display(),
                source.width(),
                source.storage().name(),
                self.directory().display(),
                self.width(),
                self.storage().name()
            );
            return Err(GalleryError::request(problem, "make both with the same --storage"));
        }
        Ok(())
    }
}

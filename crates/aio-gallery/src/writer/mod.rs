//! Changing a gallery: one writer at a time.
//!
//! Every change writes new files first, waits until the disk has them, and then replaces the manifest in one step. Whatever the manifest does
//! not name is no part of the gallery; the next writer removes it.

mod compact;
mod merge;
mod remove;

pub use compact::Compacted;
pub use merge::Merged;

use crate::calibration::Calibration;
use crate::encode::{Storage, encode, unit};
use crate::error::{GalleryError, Result, io};
use crate::gallery::Gallery;
use crate::layout::{REMOVED, REMOVED_CONTENTS, SEGMENTS};
use crate::manifest::Manifest;
use crate::model::Model;
use crate::record::{Content, Record};
use crate::segment::{SegmentInfo, SegmentWriter};
use crate::step::Step;
use aio_data::fs;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// The right to change a gallery. A [`Writer`] asks before every step whether it still holds.
///
/// Whoever makes a writer must be the only one to do so; this crate has no lock of its own.
pub trait Claim {
    /// Whether this process may still write.
    fn holds(&self) -> bool;

    /// Called after each step of a change. An error stops the change as a crash at this point would.
    ///
    /// # Errors
    /// Whatever the caller wants to see.
    fn reached(&self, _step: Step) -> std::io::Result<()> {
        Ok(())
    }
}

/// A claim for galleries that no other process can reach.
#[derive(Debug, Clone, Copy)]
pub struct Unclaimed;

impl Claim for Unclaimed {
    fn holds(&self) -> bool {
        true
    }
}

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

/// Endings of the lists that a manifest names.
const LISTS: [&str; 2] = [REMOVED, REMOVED_CONTENTS];

/// Changes a gallery.
pub struct Writer {
    directory: PathBuf,
    manifest: Manifest,
    claim: Box<dyn Claim>,
    /// Of all rows that are not removed.
    contents: HashSet<Content>,
    pending: Option<SegmentWriter>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Writer {
    /// Makes an empty gallery of features with `width` values.
    ///
    /// # Errors
    /// [`GalleryError::Request`] if there is a gallery already, [`GalleryError::Data`] naming what cannot be written.
    pub fn create(
        directory: &Path,
        model: Model,
        width: usize,
        storage: Storage,
        claim: impl Claim + 'static,
    ) -> Result<Self> {
        if Manifest::path(directory).exists() {
            let problem = format!("{} is a gallery already", directory.display());
            return Err(GalleryError::request(problem, "add to it with `aio gallery add`"));
        }
        if width == 0 {
            return Err(GalleryError::request("features without values", "check the model"));
        }
        fs::create_dir_all(&directory.join(SEGMENTS))?;
        let mut writer = Self {
            directory: directory.to_path_buf(),
            manifest: Manifest::new(model, width, storage),
            claim: Box::new(claim),
            contents: HashSet::new(),
            pending: None,
        };
        let manifest = writer.manifest.clone();
        writer.replace_manifest(manifest)?;
        Ok(writer)
    }

    /// Opens a gallery for changes, and removes what an interrupted writer left.
    ///
    /// # Errors
    /// As [`Gallery::open`].
    pub fn open(directory: &Path, claim: impl Claim + 'static) -> Result<Self> {
        let manifest = Manifest::read(directory)?;
        let mut writer = Self {
            directory: directory.to_path_buf(),
            manifest,
            claim: Box::new(claim),
            contents: HashSet::new(),
            pending: None,
        };
        writer.clean()?;
        let gallery = writer.gallery()?;
        for segment in &gallery.segments {
            let contents = segment.contents()?.into_iter().enumerate();
            let live = contents.filter(|(p, _)| !gallery.is_removed(segment.number(*p)));
            writer.contents.extend(live.filter_map(|(_, content)| content));
        }
        Ok(writer)
    }

    /// The gallery with everything that is committed.
    ///
    /// # Errors
    /// As [`Gallery::open`].
    pub fn gallery(&self) -> Result<Gallery> {
        Gallery::of(&self.directory, self.manifest.clone())
    }

    /// Whether the gallery has a row of this content, so that it need not be embedded.
    #[must_use]
    pub fn contains(&self, content: Content) -> bool {
        self.contents.contains(&content)
    }

    /// The contents of all rows that are not removed.
    #[must_use]
    pub fn contents(&self) -> &HashSet<Content> {
        &self.contents
    }

    /// Rows that were added and are not committed.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.as_ref().map_or(0, SegmentWriter::len)
    }

    /// Adds a row, which becomes part of the gallery with the next [`Writer::commit`].
    ///
    /// # Errors
    /// [`GalleryError::Request`] for features that cannot be compared or a column whose name is taken, [`GalleryError::Data`] naming what
    /// cannot be written. Then the row is not added, and of those that were added before, the last ones may be gone, too:
    /// [`Writer::contains`].
    pub fn add(&mut self, entry: Entry) -> Result<Added> {
        if self.contains(entry.content) {
            return Ok(Added::Known);
        }
        for column in entry.record.extra.keys() {
            Record::check_column(column)?;
        }
        let Manifest { width, storage, next_row, .. } = self.manifest;
        let features = unit("a row to be added", entry.features, width)?;
        let number = next_row + self.pending() as u64;
        if self.pending.is_none() {
            self.pending = Some(SegmentWriter::create(&self.directory, width, storage, next_row)?);
        }
        if let Some(segment) = &mut self.pending {
            let row = (entry.record, entry.content);
            let pushed = segment.push(number, &encode(storage, &features), row, entry.thumbnail);
            if let Err(error) = pushed {
                self.keep_whole_rows();
                return Err(error);
            }
        }
        self.contents.insert(entry.content);
        Ok(Added::Row(number))
    }

    /// After a row that could not be written: keeps those before it that the files hold.
    fn keep_whole_rows(&mut self) {
        let Some(mut segment) = self.pending.take() else { return };
        match segment.cut() {
            Ok(lost) => {
                self.forget(lost);
                self.pending = Some(segment).filter(|segment| segment.len() > 0);
            }
            Err(_) => self.forget(segment.contents()),
        }
    }

    /// Takes the contents of rows out that are not part of the gallery.
    fn forget(&mut self, contents: impl IntoIterator<Item = Content>) {
        for content in contents {
            self.contents.remove(&content);
        }
    }

    /// Makes all added rows part of the gallery, or none of them.
    ///
    /// # Errors
    /// [`GalleryError::Data`] naming what cannot be written, [`GalleryError::Lost`] if another process took over. The rows can be added again.
    pub fn commit(&mut self) -> Result<()> {
        let Some(segment) = self.pending.take() else { return Ok(()) };
        let contents: Vec<Content> = segment.contents().collect();
        let before = self.manifest.generation;
        let outcome = self.name(segment);
        if self.manifest.generation == before {
            self.forget(contents);
        }
        outcome
    }

    /// Makes a segment part of the gallery.
    fn name(&mut self, segment: SegmentWriter) -> Result<()> {
        let added = segment.len() as u64;
        let entry = segment.finish(&|step| self.reached(step))?;
        let mut manifest = self.manifest.clone();
        manifest.segments.push(entry);
        manifest.next_row += added;
        self.replace_manifest(manifest)
    }

    /// Sets the calibration for queries of some modalities, or for any ([`Calibration::ANY`]).
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub fn set_calibration(&mut self, modalities: &str, calibration: Calibration) -> Result<()> {
        let mut manifest = self.manifest.clone();
        manifest.calibrations.insert(modalities.to_owned(), calibration);
        self.replace_manifest(manifest)
    }

    fn reached(&self, step: Step) -> Result<()> {
        if !self.claim.holds() {
            return Err(GalleryError::Lost { directory: self.directory.clone() });
        }
        self.claim.reached(step).map_err(io("write", &self.directory))
    }

    /// The one step that makes a change: before it the gallery is the old one, after it the new one.
    fn replace_manifest(&mut self, mut manifest: Manifest) -> Result<()> {
        if !self.claim.holds() {
            return Err(GalleryError::Lost { directory: self.directory.clone() });
        }
        manifest.generation += 1;
        let mut columns: Vec<String> = Vec::new();
        for entry in &manifest.segments {
            columns.extend(self.columns_of(&entry.id)?);
        }
        columns.sort();
        columns.dedup();
        manifest.columns = columns;
        let text = manifest.to_json()?;
        fs::write_then_rename(&Manifest::path(&self.directory), text.as_bytes())?;
        self.manifest = manifest;
        self.reached(Step::Manifest)
    }

    fn columns_of(&self, id: &str) -> Result<Vec<String>> {
        Ok(SegmentInfo::read(&SegmentInfo::folder(&self.directory, id), id)?.columns)
    }

    /// Removes what the manifest does not name. Readers that have opened it keep it. What cannot be removed stays, which a warning says: it is
    /// no part of the gallery and disturbs nobody.
    fn clean(&self) -> Result<()> {
        let stays = |error: &dyn std::fmt::Display| log::warn!("a leftover stays: {error}");
        if let Err(error) = fs::remove_temporaries(&self.directory, &[SEGMENTS]) {
            stays(&error);
        }
        let segments = self.directory.join(SEGMENTS);
        fs::create_dir_all(&segments)?;
        let mut unnamed = fs::sorted_entries(&segments)?;
        unnamed.extend(fs::sorted_entries(&self.directory)?.into_iter().filter(|path| {
            path.extension().is_some_and(|extension| LISTS.iter().any(|list| extension == *list))
        }));
        for path in unnamed {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if self.manifest.names(&name) {
                continue;
            }
            let remove = if path.is_dir() { std::fs::remove_dir_all } else { std::fs::remove_file };
            if let Err(error) = remove(&path).map_err(io("remove", &path)) {
                stays(&error);
                continue;
            }
            self.reached(Step::Cleaned)?;
        }
        Ok(())
    }
}

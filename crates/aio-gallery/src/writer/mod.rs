//! Changing a gallery: one writer at a time.
//!
//! Every change writes new files first, waits until the disk has them, and then replaces the manifest in one step. Whatever the manifest does
//! not name is no part of the gallery; the next writer removes it if a writer can have made it.

mod add;
mod compact;
mod index;
mod merge;
mod remove;

pub use add::{Added, Entry};
pub use compact::Compacted;
pub use index::Indexed;
pub use merge::Merged;

use crate::calibration::Calibration;
use crate::encode::Storage;
use crate::error::{GalleryError, Result, io};
use crate::gallery::Gallery;
use crate::layout::{SEGMENTS, is_list, is_segment};
use crate::manifest::Manifest;
use crate::model::Model;
use crate::record::Content;
use crate::segment::SegmentInfo;
use crate::step::Step;
use add::Pending;
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

/// Changes a gallery.
pub struct Writer {
    directory: PathBuf,
    manifest: Manifest,
    claim: Box<dyn Claim>,
    /// Of all rows that are not removed.
    contents: HashSet<Content>,
    pending: Pending,
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
    /// As [`Writer::check_new`]; [`GalleryError::Request`] for a width that no gallery has, [`GalleryError::Data`] naming what cannot be written.
    pub fn create(
        directory: &Path,
        model: Model,
        width: usize,
        storage: Storage,
        claim: impl Claim + 'static,
    ) -> Result<Self> {
        Self::check_new(directory)?;
        Manifest::check_width(width)
            .map_err(|problem| GalleryError::request(problem, "check the model"))?;
        fs::create_dir_all(&directory.join(SEGMENTS))?;
        let mut writer = Self {
            directory: directory.to_path_buf(),
            manifest: Manifest::new(model, width, storage),
            claim: Box::new(claim),
            contents: HashSet::new(),
            pending: Pending::default(),
        };
        let manifest = writer.manifest.clone();
        writer.replace_manifest(manifest)?;
        Ok(writer)
    }

    /// Refuses a directory that is a gallery, or whose folder of segments holds anything: a gallery removes from this folder what it does not
    /// name. An interrupted call leaves the folder empty, since the first segment comes after the manifest.
    ///
    /// # Errors
    /// [`GalleryError::Request`] naming what is there, [`GalleryError::Data`] if it cannot be listed.
    pub fn check_new(directory: &Path) -> Result<()> {
        if Manifest::path(directory).exists() {
            let problem = format!("{} is a gallery already", directory.display());
            return Err(GalleryError::request(problem, "add to it with `aio gallery add`"));
        }
        let segments = directory.join(SEGMENTS);
        if !segments.exists() {
            return Ok(());
        }
        let found = fs::names(&segments)?.into_iter().filter(|name| !fs::is_temporary(name)).min();
        let Some(name) = found else { return Ok(()) };
        let found = Path::new(SEGMENTS).join(name);
        Err(GalleryError::request(
            format!("{} is not empty: it holds {}", directory.display(), found.display()),
            "name a directory that does not exist, for the gallery alone",
        ))
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
            pending: Pending::default(),
        };
        writer.clean()?;
        let gallery = writer.gallery()?;
        for segment in gallery.segments.iter() {
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
        if manifest.index_is_outdated() {
            manifest.index = None;
            let directory = self.directory.display();
            log::warn!(
                "rows of the index were written again, so the index was removed; make a new one: aio gallery index {directory}"
            );
        }
        let text = manifest.to_json()?;
        fs::write_then_rename(&Manifest::path(&self.directory), text.as_bytes())?;
        self.manifest = manifest;
        self.reached(Step::Manifest)
    }

    fn columns_of(&self, id: &str) -> Result<Vec<String>> {
        Ok(SegmentInfo::read(&SegmentInfo::folder(&self.directory, id), id)?.columns)
    }

    /// Removes what a writer made and the manifest does not name. Readers that have opened it keep it. What cannot be removed stays, which a
    /// warning says: it is no part of the gallery and disturbs nobody. What no writer can have made stays, too.
    fn clean(&self) -> Result<()> {
        let stays = |error: &dyn std::fmt::Display| log::warn!("a leftover stays: {error}");
        if let Err(error) = fs::remove_temporaries(&self.directory, &[SEGMENTS]) {
            stays(&error);
        }
        let segments = self.directory.join(SEGMENTS);
        fs::create_dir_all(&segments)?;
        let mut made = Vec::new();
        for path in fs::sorted_entries(&segments)? {
            if path.is_dir() && is_segment(&name(&path)) {
                made.push(path);
            } else {
                log::warn!("{} is no segment of a gallery; it stays", path.display());
            }
        }
        let lists = fs::sorted_entries(&self.directory)?.into_iter();
        made.extend(lists.filter(|path| path.is_file() && is_list(&name(path))));
        for path in made {
            if self.manifest.names(&name(&path)) {
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

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

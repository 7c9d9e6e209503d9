//! Galleries opened for one writer, and their models.

use super::creation::{self, CREATING};
use crate::embed::{ImportSettings, Model, ModelSource};
use crate::error::{Error, Result};
use crate::lock::{self, DirectoryLock, Fence, WhenTaken};
use aio_data::fs;
use aio_encoder::weights::Preprocessing;
use aio_gallery::{Claim, Gallery, GalleryError, MANIFEST, Merged, SEGMENTS, Writer};
use aio_train::StopFlag;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The directory's lock, for the writer of a gallery.
pub(super) struct Locked(Fence);

impl Claim for Locked {
    fn holds(&self) -> bool {
        self.0.holds()
    }
}

/// A model as a gallery names it.
pub(super) fn model(
    name: &str,
    sha256: &str,
    import: ImportSettings,
    preprocessing: &Preprocessing,
) -> Result<aio_gallery::Model> {
    let value = |value: serde_json::Result<Value>| value.map_err(|e| Error::Failure(e.to_string()));
    let settings =
        if import.is_default() { Value::Null } else { value(serde_json::to_value(import))? };
    Ok(aio_gallery::Model {
        name: name.to_owned(),
        sha256: sha256.to_owned(),
        settings,
        description: json!({"preprocessing": value(serde_json::to_value(preprocessing))?}),
    })
}

/// An opened model as a gallery names it.
///
/// # Errors
/// [`Error::Failure`] if its settings cannot be written.
pub fn model_of(source: &ModelSource, opened: &Model) -> Result<aio_gallery::Model> {
    model(&source.name, &opened.sha256, source.import, opened.extractor.preprocessing())
}

/// Refuses a model that is not the gallery's. `what` is to be compared with its features, such as "the query".
///
/// # Errors
/// [`GalleryError::ForeignModel`] naming both models.
pub fn check_model(
    gallery: &Gallery,
    what: &'static str,
    found: &aio_gallery::Model,
) -> Result<()> {
    if gallery.model().fits(found) {
        return Ok(());
    }
    Err(Error::from(GalleryError::ForeignModel {
        directory: gallery.directory().to_path_buf(),
        gallery: Box::new(gallery.model().clone()),
        what,
        found: Box::new(found.clone()),
    }))
}

/// Changes a gallery as its only writer. `work` is given a flag that signals raise.
///
/// # Errors
/// [`Error::Taken`] if another process changes it; those of `work`.
pub fn with_writer<T>(
    directory: &Path,
    work: impl FnOnce(&mut Writer, &StopFlag) -> Result<T>,
) -> Result<T> {
    // Before anything is written into a directory of something else.
    Gallery::open(directory)?;
    let (stop, lock) = lock(directory)?;
    let mut writer = Writer::open(directory, Locked(lock.fence()))?;
    work(&mut writer, &stop)
}

fn lock(directory: &Path) -> Result<(StopFlag, DirectoryLock)> {
    let stop = StopFlag::on_signals()?;
    let lock = DirectoryLock::require(directory, WhenTaken::Refuse, &stop)?;
    Ok((lock.guard(stop), lock))
}

/// Makes a gallery and changes it as its only writer.
///
/// # Errors
/// [`Error::User`] if the directory holds anything; otherwise as [`with_writer`].
pub(super) fn with_new<T>(
    directory: &Path,
    make: impl FnOnce(Locked) -> aio_gallery::Result<Writer>,
    work: impl FnOnce(&mut Writer, &StopFlag) -> Result<T>,
) -> Result<T> {
    if directory.exists() {
        for entry in fs::sorted_entries(directory)? {
            let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // What an interrupted call may have left. Whether the folder of segments is empty is asked below.
            let is_left = match name.as_str() {
                CREATING => creation::is_own(&entry),
                name => [MANIFEST, SEGMENTS].contains(&name) || lock::is_own(name),
            };
            if !is_left {
                return Err(Error::user(
                    format!("{} is not empty: it holds {name}", directory.display()),
                    "name a directory that does not exist, for the gallery alone",
                ));
            }
        }
        Writer::check_new(directory)?;
    }
    let (stop, lock) = lock(directory)?;
    let mut writer = make(Locked(lock.fence()))?;
    let done = work(&mut writer, &stop);
    if done.as_ref().is_err_and(Error::is_user)
        && stop.check_claim().is_ok()
        && let Err(error) = take_back(directory, lock)
    {
        log::warn!("a gallery without rows stays: {error}");
    }
    done
}

/// Removes a new gallery that got no row, because what was given cannot be used: it would be of a model that nobody chose for it.
fn take_back(directory: &Path, lock: DirectoryLock) -> Result<()> {
    // A folder that holds a segment cannot be removed.
    if std::fs::remove_dir(directory.join(SEGMENTS)).is_err() {
        return Ok(());
    }
    lock.remove(&[MANIFEST, CREATING])
}

/// A merged gallery.
#[derive(Debug, Clone, Serialize)]
pub struct MergedGallery {
    /// The gallery.
    pub gallery: PathBuf,
    /// Rows of it that are not removed.
    pub total: usize,
    /// What was added.
    #[serde(flatten)]
    pub merged: Merged,
}

/// Adds the rows of other galleries to one, which is made if it does not exist.
///
/// # Errors
/// [`Error`] naming the gallery that does not fit; as [`with_writer`].
pub fn merge(directory: &Path, sources: &[PathBuf]) -> Result<MergedGallery> {
    let sources: Vec<Gallery> =
        sources.iter().map(|path| Gallery::open(path)).collect::<aio_gallery::Result<_>>()?;
    let Some(first) = sources.first() else {
        return Err(Error::user("no gallery to be merged", "name one or several"));
    };
    // Before a gallery is made for them, which would hold nothing, and be of the first one's model.
    sources.iter().try_for_each(|source| first.check_same_kind(source))?;
    let work = |writer: &mut Writer, _: &StopFlag| {
        let merged = writer.merge(&sources)?;
        let total = writer.gallery()?.len();
        Ok(MergedGallery { gallery: directory.to_path_buf(), total, merged })
    };
    if Gallery::is_at(directory) {
        return with_writer(directory, work);
    }
    let make = |claim| {
        let (model, width) = (first.model().clone(), first.width());
        Writer::create(directory, model, width, first.storage(), claim)
    };
    with_new(directory, make, work)
}

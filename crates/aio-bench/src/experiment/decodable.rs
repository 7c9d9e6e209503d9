//! Whether the pictures that a run opens after its first step can be decoded. Once there is a checkpoint, a damaged one cannot be mended: the run would
//! have other data than it began with.

use super::tested::Test;
use crate::config::Experiment;
use crate::error::Result;
use aio_data::picture;
use aio_data::task::GalleryItem;
use aio_train::{Library, Progress, StopFlag, pictures_after_the_first_step};
use aio_types::PictureSize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Decodes the pictures that are tested, and those that training does not decode before its first step.
///
/// # Errors
/// [`Error::Data`](crate::error::Error::Data) naming the first picture that cannot be decoded;
/// [`Error::Interrupted`](crate::error::Error::Interrupted) after a signal.
pub(super) fn check(
    experiment: &Experiment,
    library: &mut Library,
    tests: &[Test],
    size: PictureSize,
    stop: &StopFlag,
) -> Result<()> {
    let trained = pictures_after_the_first_step(&experiment.training(), library, size)?;
    let mut pictures: BTreeSet<&Path> = trained.iter().map(PathBuf::as_path).collect();
    for Test { data, .. } in tests {
        let views = data.queries.iter().flat_map(|query| &query.views);
        let asked = views.flat_map(|view| &view.pictures);
        pictures.extend(asked.map(|(_, picture)| picture.path.as_path()));
        pictures.extend(data.gallery.iter().filter_map(GalleryItem::path));
    }
    let pictures: Vec<&Path> = pictures.into_iter().collect();
    let progress = Progress::new("decoding what is opened later", pictures.len(), "pictures");
    picture::check_all(&pictures, &|| {
        progress.inc(1);
        stop.poll()
    })?;
    progress.finish();
    Ok(())
}

//! Answers as a picture: the queries and the thumbnails of the rows that they found.

use super::search::Answered;
use super::thumbnail;
use crate::error::{Error, Result};
use crate::report::{self, RankedList, Retrieved, ShownPicture};
use aio_data::picture::{decode, resized};
use aio_data::task::QueryPicture;
use aio_gallery::Gallery;
use aio_types::PictureSize;
use std::path::{Path, PathBuf};

/// Draws one line per query to a PNG file. Rows without a thumbnail are drawn from the part of their picture that they show, and
/// left out if it is gone.
///
/// # Errors
/// [`Error`] naming the picture of a query that cannot be read.
pub(super) fn draw(path: &Path, gallery: &Gallery, answers: &[Answered]) -> Result<()> {
    let list = |answered: &Answered| {
        let part = |(name, path): (&String, &PathBuf)| {
            Some(ShownPicture {
                modality: name.parse().ok()?,
                picture: QueryPicture::real(path.clone()),
            })
        };
        let drawn = answered.hits().iter().filter(|hit| {
            let exists = hit.record.path.as_ref().is_some_and(|path| Path::new(path).exists());
            !gallery.thumbnail(hit.row).is_empty() || exists
        });
        RankedList {
            pictures: answered.query.pictures.iter().filter_map(part).collect(),
            caption: answered.query.text.clone().or_else(|| answered.name.clone()),
            // The place of a picture in a gallery is the number of its row.
            retrieved: drawn
                .map(|hit| (Retrieved::Picture(PathBuf::from(hit.row.to_string())), None))
                .collect(),
            average_precision: 0.0,
        }
    };
    let lists: Vec<RankedList> = answers.iter().map(list).collect();
    report::picture_of(path, "search", &lists, &|place, size| shown(gallery, place, size))
}

fn shown(gallery: &Gallery, place: &Path, size: PictureSize) -> Result<aio_types::Picture> {
    let row = place.to_str().and_then(|text| text.parse().ok());
    let row: u64 = row.ok_or_else(|| Error::Failure("a place that is no row".into()))?;
    let wrong = |e: String| Error::Failure(format!("the thumbnail of row {row}: {e}"));
    // The picture is the user's own: the limits of the decoder are enough.
    let jpeg = thumbnail::thumbnail(gallery, row, u64::MAX)?;
    let jpeg = jpeg.ok_or_else(|| wrong("it has no picture".into()))?;
    let image = decode(&jpeg).map_err(wrong)?;
    resized(&image, size).map_err(wrong)
}

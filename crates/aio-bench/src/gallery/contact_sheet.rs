//! Answers as a picture: the queries and the thumbnails of the rows that they found.

use super::searched::Answered;
use super::thumbnail;
use crate::error::{Error, Result};
use crate::report::{self, RankedList, Retrieved};
use aio_data::picture::{decode, resized};
use aio_gallery::Gallery;
use aio_types::{Picture, PictureSize};
use std::path::Path;

/// Draws one line per query to a PNG file. Rows without a thumbnail are drawn from the part of their picture that they show, and
/// left out if it is gone.
///
/// # Errors
/// [`Error`] naming the picture of a query that cannot be read.
pub(super) fn draw(path: &Path, gallery: &Gallery, answers: &[Answered]) -> Result<()> {
    let list = |answered: &Answered| {
        let drawn = answered.hits().iter().filter(|hit| {
            let exists = hit.record.path.as_ref().is_some_and(|path| Path::new(path).exists());
            !gallery.thumbnail(hit.row).is_empty() || exists
        });
        Ok(RankedList {
            pictures: answered.query.shown_pictures()?,
            caption: answered.query.text.clone().or_else(|| answered.name.clone()),
            retrieved: drawn.map(|hit| (Retrieved::Picture(hit.row), None)).collect(),
            average_precision: 0.0,
        })
    };
    let lists: Vec<RankedList<u64>> = answers.iter().map(list).collect::<Result<_>>()?;
    report::picture_of(path, "search", &lists, |row, size| shown(gallery, *row, size))
}

fn shown(gallery: &Gallery, row: u64, size: PictureSize) -> Result<Picture> {
    let wrong = |e: String| Error::Failure(format!("the thumbnail of row {row}: {e}"));
    // The picture is the user's own: the limits of the decoder are enough.
    let jpeg = thumbnail::thumbnail(gallery, row, u64::MAX)?;
    let jpeg = jpeg.ok_or_else(|| wrong("it has no picture".into()))?;
    let image = decode(&jpeg).map_err(|e| wrong(e.to_string()))?;
    resized(&image, size).map_err(wrong)
}

//! Decoding: from items to what a model takes, in blocks, on threads of their own while the model computes.

use super::item::{Item, Origin};
use crate::embed::check_utf8;
use crate::error::{Error, Result};
use crate::report::jpeg;
use aio_data::picture::{self, check_pixels, resized};
use aio_data::{DataError, Undecodable};
use aio_gallery::{BoundingBox, Content, Record};
use aio_types::{Modality, Observation, Picture, PictureSize};
use image::{RgbImage, imageops};
use rayon::prelude::*;
use std::collections::HashSet;
use std::path::Path;

/// An item that can be embedded.
pub(super) struct Prepared {
    pub(super) item: Item,
    pub(super) content: Content,
    pub(super) observation: Observation<Picture>,
    /// JPEG; empty if there is none.
    pub(super) thumbnail: Vec<u8>,
}

/// What became of an item.
pub(super) enum Outcome {
    Ready(Box<Prepared>),
    /// The gallery has its content; what the item says beside it.
    Known(Content, Box<Record>),
    Failed(Error),
}

/// How pictures are prepared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// For the model.
    pub(super) input: PictureSize,
    /// Longer side of thumbnails; none are made if it is 0.
    pub(super) thumbnail: usize,
}

/// Opens and resizes the pictures of a block, in parallel. Items whose content is in `known` are not decoded; the others are added to it,
/// unless it is `None`.
pub(super) fn block(
    items: Vec<Item>,
    sizes: Sizes,
    mut known: Option<&mut HashSet<Content>>,
) -> Vec<Outcome> {
    let outcomes: Vec<Outcome> = {
        let known = known.as_deref();
        // Detections of one frame stand beside each other: it is read and decoded once.
        let jobs: Vec<&[Item]> = items.chunk_by(of_one_frame).collect();
        jobs.into_par_iter().flat_map_iter(|job| frame(job, sizes, known)).collect()
    };
    let mut seen = |outcome| match outcome {
        // Of two equal ones in a block the first is embedded.
        Outcome::Ready(ready) if known.as_mut().is_some_and(|k| !k.insert(ready.content)) => {
            Outcome::Known(ready.content, Box::new(ready.item.known))
        }
        other => other,
    };
    outcomes.into_iter().map(&mut seen).collect()
}

fn of_one_frame(a: &Item, b: &Item) -> bool {
    a.crop.is_some() && b.crop.is_some() && a.pictures == b.pictures && !a.pictures.is_empty()
}

/// A file in memory, decoded when it is first needed.
struct Opened<'a> {
    path: &'a Path,
    bytes: Vec<u8>,
    image: Option<RgbImage>,
}

impl<'a> Opened<'a> {
    fn read(path: &'a Path) -> Result<Self> {
        Ok(Self { path, bytes: picture::read(path)?, image: None })
    }

    fn wrong(&self, problem: Undecodable) -> Error {
        Error::Data(DataError::Image { path: self.path.to_path_buf(), problem })
    }

    fn damaged(&self, problem: String) -> Error {
        self.wrong(Undecodable::damaged(problem))
    }

    /// The error of a box that holds nothing of the picture: the picture is as it should be, and what named the box is not.
    fn outside(&self, crop: BoundingBox, size: (u32, u32), origin: Option<&Origin>) -> Error {
        let (path, (width, height)) = (self.path.display(), size);
        let meets =
            |from: f64, length: f64, limit: u32| from < f64::from(limit) && from + length > 0.0;
        // As those of programs that count in shares of the picture.
        let is_small = meets(crop.left, crop.width, width) && meets(crop.top, crop.height, height);
        let problem = if is_small { "holds no whole pixel of" } else { "lies outside" };
        let problem =
            format!("the box {crop} {problem} {path}, which has {height} × {width} pixels");
        Error::Data(match origin {
            Some(Origin { path, row }) => DataError::Row { path: path.clone(), row: *row, problem },
            None => {
                let hint = "a box is left,top,width,height in pixels of its picture".into();
                DataError::Request { problem, hint }
            }
        })
    }

    /// The whole picture or a part of it; `origin` is what named the part.
    fn part(&mut self, crop: Option<BoundingBox>, origin: Option<&Origin>) -> Result<RgbImage> {
        if self.image.is_none() {
            let image = picture::decode(&self.bytes).map_err(|e| self.wrong(e))?;
            self.image = Some(image);
        }
        let Some(image) = &self.image else { return Err(self.damaged("not decoded".into())) };
        let Some(crop) = crop else { return Ok(image.clone()) };
        let (width, height) = image.dimensions();
        let inside = |from: f64, length: f64, limit: u32| {
            let limit = f64::from(limit);
            let (start, end) = (from.round().clamp(0.0, limit), (from + length).round());
            (start as u32, end.clamp(0.0, limit) as u32)
        };
        let (left, right) = inside(crop.left, crop.width, width);
        let (top, bottom) = inside(crop.top, crop.height, height);
        if left >= right || top >= bottom {
            return Err(self.outside(crop, (width, height), origin));
        }
        Ok(imageops::crop_imm(image, left, top, right - left, bottom - top).to_image())
    }
}

/// Prepares the items of one frame, or a single item.
fn frame(items: &[Item], sizes: Sizes, known: Option<&HashSet<Content>>) -> Vec<Outcome> {
    let Some(first) = items.first() else { return Vec::new() };
    let opened: Result<Vec<Opened>> =
        first.pictures.iter().map(|(_, path)| Opened::read(path)).collect();
    match opened {
        Ok(mut opened) => items
            .iter()
            .map(|item| prepare(item, &mut opened, sizes, known).unwrap_or_else(Outcome::Failed))
            .collect(),
        Err(error) => {
            let path = first.shown().unwrap_or(Path::new("")).to_path_buf();
            let again =
                || DataError::Image { path: path.clone(), problem: Undecodable::damaged(&error) };
            let others: Vec<Outcome> =
                items[1..].iter().map(|_| Outcome::Failed(Error::Data(again()))).collect();
            std::iter::once(Outcome::Failed(error)).chain(others).collect()
        }
    }
}

fn prepare(
    item: &Item,
    opened: &mut [Opened],
    sizes: Sizes,
    known: Option<&HashSet<Content>>,
) -> Result<Outcome> {
    let content = content(item, opened);
    if known.is_some_and(|known| known.contains(&content)) {
        return Ok(Outcome::Known(content, Box::new(item.known.clone())));
    }
    item.pictures.iter().try_for_each(|(_, path)| check_utf8(path, "a gallery"))?;
    let mut pictures = Vec::with_capacity(opened.len());
    let mut thumbnail = Vec::new();
    for (opened, (modality, path)) in opened.iter_mut().zip(&item.pictures) {
        let part = opened.part(item.crop, item.origin.as_ref())?;
        pictures.push((*modality, resized(&part, sizes.input).map_err(|e| opened.damaged(e))?));
        if sizes.thumbnail > 0 && item.shown() == Some(path) {
            thumbnail = small(&part, sizes.thumbnail).map_err(|e| opened.damaged(e))?;
        }
    }
    let observation = Observation { pictures, caption: item.text.clone() };
    Ok(Outcome::Ready(Box::new(Prepared { item: item.clone(), content, observation, thumbnail })))
}

/// What an item is embedded from.
fn content(item: &Item, opened: &[Opened]) -> Content {
    let hashes = opened.iter().map(|opened| blake3::hash(&opened.bytes));
    let modalities = item.pictures.iter().map(|(modality, _)| *modality);
    let pictures: Vec<(Modality, blake3::Hash)> = modalities.zip(hashes).collect();
    content_of(&pictures, item.crop, item.text.as_deref())
}

/// Names what is embedded: the bytes of the pictures with their modalities, the box, and the sentence.
pub(super) fn content_of(
    pictures: &[(Modality, blake3::Hash)],
    crop: Option<BoundingBox>,
    text: Option<&str>,
) -> Content {
    let crop = crop.map(|crop| crop.to_string());
    let pictures = pictures.iter();
    let mut parts: Vec<(&str, &[u8])> =
        pictures.map(|(modality, hash)| (modality.name(), &hash.as_bytes()[..])).collect();
    parts.sort_unstable();
    parts.extend(crop.iter().map(|crop| ("crop", crop.as_bytes())));
    parts.extend(text.iter().map(|text| ("text", text.as_bytes())));
    Content::of(parts)
}

/// A file's picture, or the part of it that a box holds, as a JPEG whose longer side is `longest` pixels.
///
/// # Errors
/// [`Error::Data`] naming the file that cannot be read or decoded, or whose header announces more than `most_pixels`.
pub(super) fn shrunk(
    path: &Path,
    crop: Option<BoundingBox>,
    longest: usize,
    most_pixels: u64,
) -> Result<Vec<u8>> {
    let mut opened = Opened::read(path)?;
    check_pixels(&opened.bytes, most_pixels).map_err(|e| opened.wrong(e))?;
    let part = opened.part(crop, None)?;
    small(&part, longest).map_err(|e| opened.damaged(e))
}

/// A JPEG whose longer side is `longest` pixels; a smaller picture keeps its size.
fn small(image: &RgbImage, longest: usize) -> std::result::Result<Vec<u8>, String> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let factor = (longest as f64 / width.max(height).max(1) as f64).min(1.0);
    let scaled = |side: usize| ((side as f64 * factor).round() as usize).max(1);
    let size = PictureSize { height: scaled(height), width: scaled(width) };
    let Picture { size, pixels } = resized(image, size)?;
    let image = RgbImage::from_raw(size.width as u32, size.height as u32, pixels);
    jpeg(&image.ok_or("a picture has the wrong size")?).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_file_above_1_gib_is_refused_as_elsewhere() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("sparse.jpg");
        let file = std::fs::File::create(&path).expect("created");
        // Where the file system has no files of this length, there is nothing to test.
        if file.set_len((1 << 30) + 1).is_err() {
            return;
        }
        let input = PictureSize { height: 8, width: 4 };
        let items = vec![Item::picture(Modality::Rgb, path.clone())];
        let added = block(items, Sizes { input, thumbnail: 8 }, None).remove(0);
        let Outcome::Failed(added) = added else { panic!("it was read") };
        for error in [added, shrunk(&path, None, 8, u64::MAX).expect_err("too large")] {
            assert!(matches!(error, Error::Data(DataError::TooLarge { .. })), "{error}");
            assert!(error.to_string().contains("sparse.jpg holds 1073741825 bytes"), "{error}");
        }
    }

    #[test]
    fn a_format_that_is_not_read_is_the_same_error_for_a_gallery_and_for_a_thumbnail() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("anim.jpg");
        std::fs::write(&path, b"GIF89a\x01\0\x01\0\0\0\0").expect("written");
        let input = PictureSize { height: 8, width: 4 };
        let items = vec![Item::picture(Modality::Rgb, path.clone())];
        let added = block(items, Sizes { input, thumbnail: 8 }, None).remove(0);
        let Outcome::Failed(added) = added else { panic!("it was read") };
        for error in [added, shrunk(&path, None, 8, 50).expect_err("a GIF file")] {
            let said = error.to_string();
            assert!(said.contains("anim.jpg: its format is GIF, expected JPEG, PNG,"), "{said}");
            assert!(error.hint().is_some_and(|hint| hint.contains("convert")), "{said}");
        }
        RgbImage::new(8, 8).save_with_format(&path, image::ImageFormat::Png).expect("written");
        let error = shrunk(&path, None, 8, 63).expect_err("too large");
        assert!(error.to_string().ends_with("8 × 8 pixels, expected 63 at most"), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("smaller")), "{error}");
    }
}

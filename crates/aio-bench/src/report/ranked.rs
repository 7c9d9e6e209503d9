use crate::error::{Error, Result};
use crate::evaluate::{RankedList, ShownPicture};
use aio_data::picture;
use aio_eval::Relevance;
use aio_types::{Picture, PictureSize};
use image::{Rgb, RgbImage, imageops};
use plotters::prelude::*;
use std::path::Path;

const CELL: PictureSize = PictureSize { height: 128, width: 64 };
const GAP: u32 = 8;
const BORDER: u32 = 4;
const TEXT: u32 = 224;
const HEAD: u32 = 30;
/// Okabe–Ito bluish green and vermilion: the field's green and red, told apart by colour-blind readers too.
const RIGHT: Rgb<u8> = Rgb([0, 158, 115]);
const WRONG: Rgb<u8> = Rgb([213, 94, 0]);
const JUNK: Rgb<u8> = Rgb([190, 190, 190]);

/// Encodes a picture as PNG.
pub(super) fn png(picture: &RgbImage) -> Result<Vec<u8>> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, image::ImageFormat::Png)
        .map_err(|e| Error::Failure(format!("cannot encode a picture: {e}")))?;
    Ok(bytes.into_inner())
}

/// Encodes a picture as JPEG; the page would be several times as large with PNG, since photographs are noisy.
pub(super) fn jpeg(picture: &RgbImage) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 88);
    encoder
        .encode_image(picture)
        .map_err(|e| Error::Failure(format!("cannot encode a picture: {e}")))?;
    Ok(bytes)
}

fn open(path: &Path, prepared: impl Fn(Picture) -> Picture) -> Result<RgbImage> {
    let picture = prepared(picture::open(path, CELL)?);
    RgbImage::from_raw(CELL.width as u32, CELL.height as u32, picture.pixels)
        .ok_or_else(|| Error::Failure("a picture has the wrong size".into()))
}

fn paste(canvas: &mut RgbImage, picture: &RgbImage, x: u32, y: u32, border: Option<Rgb<u8>>) {
    if let Some(colour) = border {
        let frame = RgbImage::from_pixel(
            picture.width() + 2 * BORDER,
            picture.height() + 2 * BORDER,
            colour,
        );
        imageops::replace(canvas, &frame, i64::from(x - BORDER), i64::from(y - BORDER));
    }
    imageops::replace(canvas, picture, i64::from(x), i64::from(y));
}

/// Breaks a sentence into lines of at most `width` characters.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        if !lines[last].is_empty() && lines[last].chars().count() + 1 + word.chars().count() > width
        {
            lines.push(word.to_owned());
        } else {
            if !lines[last].is_empty() {
                lines[last].push(' ');
            }
            lines[last].push_str(word);
        }
    }
    lines
}

/// What the protocol hides, drawn pale and grey.
fn greyed(mut picture: RgbImage) -> RgbImage {
    for pixel in picture.pixels_mut() {
        let [r, g, b] = pixel.0.map(u16::from);
        let luminance = (77 * r + 150 * g + 29 * b) / 256;
        *pixel = Rgb([(150 + luminance / 3).min(255) as u8; 3]);
    }
    picture
}

/// Draws the ranked lists of a task: the query (pictures as the model sees them, then its sentence), then what it retrieved, with a green
/// border where the person is right and a red one where not. Junk, which the protocol hides, is greyed.
pub(super) fn draw(task: &str, lists: &[RankedList]) -> Result<RgbImage> {
    let (cell_w, cell_h) =
        (CELL.width as u32 + GAP + 2 * BORDER, CELL.height as u32 + GAP + 2 * BORDER);
    let parts = lists.iter().map(|l| l.pictures.len() as u32).max().unwrap_or(0);
    let texts = lists.iter().any(|l| l.caption.is_some());
    let shown = lists.iter().map(|l| l.retrieved.len() as u32).max().unwrap_or(0);
    let left = GAP + parts * cell_w + if texts { TEXT } else { 0 } + 2 * GAP;
    let (width, height) = (left + shown * cell_w + GAP, HEAD + lists.len() as u32 * cell_h + GAP);
    let mut canvas = RgbImage::from_pixel(width, height, Rgb([255; 3]));
    let mut labels: Vec<(String, i32, i32, i32)> =
        vec![(format!("{task}: query, then the nearest gallery pictures"), GAP as i32, 7, 15)];
    for (row, list) in lists.iter().enumerate() {
        let y = HEAD + row as u32 * cell_h + BORDER;
        for (i, ShownPicture { picture, .. }) in list.pictures.iter().enumerate() {
            let shown = open(&picture.path, |decoded| picture.prepared(decoded))?;
            paste(&mut canvas, &shown, GAP + i as u32 * cell_w + BORDER, y, None);
        }
        if let Some(caption) = &list.caption {
            for (line, text) in wrap(caption, 34).into_iter().take(9).enumerate() {
                labels.push((
                    text,
                    (GAP + parts * cell_w) as i32,
                    (y + 4) as i32 + 13 * line as i32,
                    11,
                ));
            }
        }
        for (i, (path, relevance)) in list.retrieved.iter().enumerate() {
            let picture = open(path, |decoded| decoded)?;
            let (picture, border) = match relevance {
                Some(Relevance::Match) => (picture, Some(RIGHT)),
                Some(Relevance::NonMatch) => (picture, Some(WRONG)),
                Some(Relevance::Junk) => (greyed(picture), Some(JUNK)),
                None => (picture, None),
            };
            paste(&mut canvas, &picture, left + i as u32 * cell_w + BORDER, y, border);
        }
    }
    let mut pixels = canvas.into_raw();
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        let failed =
            |e: String| Error::Failure(format!("cannot draw the ranked lists of {task}: {e}"));
        for (text, x, y, size) in labels {
            area.draw(&Text::new(text, (x, y), ("sans-serif", size).into_font().color(&BLACK)))
                .map_err(|e| failed(e.to_string()))?;
        }
        area.present().map_err(|e| failed(e.to_string()))?;
    }
    RgbImage::from_raw(width, height, pixels)
        .ok_or_else(|| Error::Failure("the canvas has the wrong size".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_only() {
        assert_eq!(wrap("a woman wearing a red coat", 10), ["a woman", "wearing a", "red coat"]);
        assert_eq!(wrap("incomprehensibilities", 10), ["incomprehensibilities"]);
    }
}

//! Pictures of a report: ranked lists and attention.

mod attention;
mod ranked;

pub(super) use attention::attention;
pub(super) use ranked::{DrawnLists, ListKind, from_file, ranked_lists, ranked_lists_of_task};

use crate::error::{Error, Result};
use image::RgbImage;
use plotters::prelude::*;

/// Encodes a picture as PNG.
///
/// # Errors
/// [`Error::Failure`] with the encoder's message.
pub(super) fn png(picture: &RgbImage) -> Result<Vec<u8>> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).map_err(cannot_encode)?;
    Ok(bytes.into_inner())
}

/// Encodes a picture as JPEG; with PNG the page would be several times as large, since photographs are noisy.
///
/// # Errors
/// [`Error::Failure`] with the encoder's message.
pub(crate) fn jpeg(picture: &RgbImage) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 88);
    encoder.encode_image(picture).map_err(cannot_encode)?;
    Ok(bytes)
}

fn cannot_encode(error: image::ImageError) -> Error {
    Error::Failure(format!("cannot encode a picture: {error}"))
}

fn wrong_size() -> Error {
    Error::Failure("a picture has the wrong size".into())
}

/// Text on a picture.
struct Label {
    text: String,
    /// Left and upper end, in pixels.
    at: (i32, i32),
    /// Height of the letters, in pixels.
    size: i32,
    colour: RGBColor,
}

/// Writes labels on a picture.
fn with_labels(picture: RgbImage, labels: Vec<Label>) -> Result<RgbImage> {
    let (width, height) = picture.dimensions();
    let mut pixels = picture.into_raw();
    let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
    let failed =
        |e: DrawingAreaErrorKind<_>| Error::Failure(format!("cannot write on a picture: {e}"));
    for Label { text, at, size, colour } in labels {
        let style = ("sans-serif", size).into_font().color(&colour);
        area.draw(&Text::new(text, at, style)).map_err(failed)?;
    }
    area.present().map_err(failed)?;
    // The area borrows the pixels.
    drop(area);
    RgbImage::from_raw(width, height, pixels).ok_or_else(wrong_size)
}

/// Breaks a sentence into lines of at most `width` characters; a longer word has a line of its own.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
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

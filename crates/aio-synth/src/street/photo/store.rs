//! From display values to the bytes that are stored: quantisation, JPEG, and the size that a reader asks for.

use super::film::Film;
use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, RgbImage};
use std::io::Cursor;

/// A picture before it is compressed, and how much its file is compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Display values at the size of the file.
    pub picture: RgbImage,
    /// JPEG quality.
    pub quality: u8,
}

impl Stored {
    /// The bytes of the JPEG file.
    #[must_use]
    pub fn file(&self) -> Vec<u8> {
        jpeg(&self.picture, self.quality)
    }

    /// The file as a reader sees it that asks for `size` (height, width).
    #[must_use]
    pub fn shown(&self, size: (usize, usize)) -> RgbImage {
        fitted(through_jpeg(&self.picture, self.quality), size.0 as u32, size.1 as u32)
    }
}

/// Display values as bytes; one channel becomes grey.
///
/// # Panics
/// Never: a film has as many pixels as its size says.
#[must_use]
pub fn quantised<const C: usize>(film: &Film<C>) -> RgbImage {
    let byte = |v: f32| (255.0 * v + 0.5).clamp(0.0, 255.0) as u8;
    let bytes = film
        .pixels
        .iter()
        .flat_map(|pixel| std::array::from_fn::<u8, 3, _>(|c| byte(pixel[c.min(C - 1)])))
        .collect();
    RgbImage::from_raw(film.width as u32, film.height as u32, bytes)
        .expect("three bytes for every pixel")
}

/// The picture as it comes back from a JPEG file of `quality`.
///
/// # Panics
/// Never: what was just encoded in memory can be decoded.
#[must_use]
pub fn through_jpeg(picture: &RgbImage, quality: u8) -> RgbImage {
    let bytes = jpeg(picture, quality);
    let decoder = JpegDecoder::new(Cursor::new(bytes)).expect("a JPEG that was just encoded");
    debug_assert_eq!(decoder.dimensions(), picture.dimensions());
    DynamicImage::from_decoder(decoder).expect("a JPEG that was just encoded").into_rgb8()
}

/// The picture at `height` × `width`, by the filter of [`Film::resized`].
#[must_use]
pub fn fitted(picture: RgbImage, height: u32, width: u32) -> RgbImage {
    if picture.dimensions() == (width, height) {
        return picture;
    }
    let pixels = picture.pixels().map(|p| p.0.map(|v| f32::from(v) / 255.0)).collect();
    let film = Film { height: picture.height() as usize, width: picture.width() as usize, pixels };
    quantised(&film.resized(height as usize, width as usize))
}

/// JPEG bytes of a picture at `quality` (1..100).
///
/// # Panics
/// Never: encoding to memory cannot fail.
fn jpeg(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .write_image(picture.as_raw(), picture.width(), picture.height(), ExtendedColorType::Rgb8)
        .expect("encoding to memory");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gradient() -> RgbImage {
        RgbImage::from_fn(32, 64, |x, y| image::Rgb([(x * 8) as u8, (y * 4) as u8, 90]))
    }

    fn error(a: &RgbImage, b: &RgbImage) -> f32 {
        let squares =
            a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| (f32::from(*a) - f32::from(*b)).powi(2));
        squares.sum::<f32>() / a.as_raw().len() as f32
    }

    #[test]
    fn quantisation_rounds_and_clips() {
        let film = Film { height: 1, width: 3, pixels: vec![[-0.5], [0.5], [1.7]] };
        assert_eq!(quantised(&film).as_raw(), &[0, 0, 0, 128, 128, 128, 255, 255, 255]);
    }

    #[test]
    fn lower_quality_loses_more_and_a_flat_picture_loses_next_to_nothing() {
        let picture = gradient();
        let (fine, coarse) = (
            error(&picture, &through_jpeg(&picture, 95)),
            error(&picture, &through_jpeg(&picture, 30)),
        );
        assert!(fine < coarse && fine < 4.0, "{fine} {coarse}");
        let flat = RgbImage::from_pixel(24, 48, image::Rgb([120, 121, 119]));
        assert!(error(&flat, &through_jpeg(&flat, 40)) < 9.0);
    }

    #[test]
    fn fitting_keeps_the_mean() {
        let mean = |p: &RgbImage| {
            p.as_raw().iter().map(|v| f64::from(*v)).sum::<f64>() / p.as_raw().len() as f64
        };
        let picture = gradient();
        let small = fitted(picture.clone(), 32, 16);
        assert_eq!(small.dimensions(), (16, 32));
        assert!((mean(&small) - mean(&picture)).abs() < 1.0);
    }
}

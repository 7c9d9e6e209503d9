//! Decoded pictures of one size, in memory.

use crate::{DataError, Result};
use fast_image_resize as fir;
use image::{ImageReader, Limits};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Height and width in pixels, always in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PictureSize {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

/// A picture of 8-bit RGB pixels, rows from the top, three bytes a pixel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Rows and columns.
    pub size: PictureSize,
    /// `height × width × 3` bytes.
    pub pixels: Vec<u8>,
}

/// Side length above which a file is refused before it is decoded.
const LARGEST_SIDE: u32 = 16_384;

impl Picture {
    /// Decodes an image file and resizes it with an antialiased bilinear filter; grey images get three equal channels.
    ///
    /// # Errors
    /// [`DataError::Io`] if the file cannot be opened, [`DataError::Image`] if it cannot be decoded.
    pub fn open(path: &Path, size: PictureSize) -> Result<Self> {
        let bytes = crate::fs::read(path)?;
        let image = decode(&bytes)
            .map_err(|problem| DataError::Image { path: path.to_path_buf(), problem })?;
        Self::resized(&image, size)
            .map_err(|problem| DataError::Image { path: path.to_path_buf(), problem })
    }

    /// Resizes a decoded image.
    ///
    /// # Errors
    /// The resizer's message, for an image without pixels.
    pub fn resized(
        image: &image::RgbImage,
        size: PictureSize,
    ) -> std::result::Result<Self, String> {
        let source = fir::images::ImageRef::new(
            image.width(),
            image.height(),
            image.as_raw(),
            fir::PixelType::U8x3,
        )
        .map_err(|e| e.to_string())?;
        let mut target =
            fir::images::Image::new(size.width as u32, size.height as u32, fir::PixelType::U8x3);
        let options = fir::ResizeOptions::new()
            .resize_alg(fir::ResizeAlg::Convolution(fir::FilterType::Bilinear));
        fir::Resizer::new().resize(&source, &mut target, &options).map_err(|e| e.to_string())?;
        Ok(Self { size, pixels: target.into_vec() })
    }

    /// The pixel at (`row`, `column`).
    #[must_use]
    pub fn at(&self, row: usize, column: usize) -> [u8; 3] {
        let i = 3 * (row * self.size.width + column);
        [self.pixels[i], self.pixels[i + 1], self.pixels[i + 2]]
    }

    /// Applies `map` to every pixel.
    pub fn map(&mut self, map: impl Fn([u8; 3]) -> [u8; 3]) {
        for pixel in self.pixels.chunks_exact_mut(3) {
            pixel.copy_from_slice(&map([pixel[0], pixel[1], pixel[2]]));
        }
    }

    /// Appends the picture to `values` as `[height, width, 3]`, scaled to 0..1 and normalised by `mean` and `std`.
    pub fn append_normalised(&self, mean: [f32; 3], std: [f32; 3], values: &mut Vec<f32>) {
        values.extend(
            self.pixels
                .iter()
                .enumerate()
                .map(|(i, v)| (f32::from(*v) / 255.0 - mean[i % 3]) / std[i % 3]),
        );
    }
}

fn decode(bytes: &[u8]) -> std::result::Result<image::RgbImage, String> {
    let mut reader = ImageReader::new(std::io::Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|e| e.to_string())?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST_SIDE);
    limits.max_image_height = Some(LARGEST_SIDE);
    reader.limits(limits);
    Ok(reader.decode().map_err(|e| e.to_string())?.to_rgb8())
}

/// Whether a file is one that [`Picture::open`] may read, by its name.
#[must_use]
pub fn is_picture(path: &Path) -> bool {
    path.extension().is_some_and(|e| {
        ["jpg", "jpeg", "png", "bmp"].iter().any(|known| e.eq_ignore_ascii_case(known))
    })
}

/// Opens many pictures in parallel, in order; `tick` is called after each.
///
/// # Errors
/// The first picture, in order, that cannot be opened.
pub fn open_all<P: AsRef<Path> + Sync>(
    paths: &[P],
    size: PictureSize,
    tick: &(dyn Fn() + Sync),
) -> Result<Vec<Picture>> {
    paths
        .par_iter()
        .map(|path| {
            let picture = Picture::open(path.as_ref(), size);
            tick();
            picture
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalised_values_keep_the_order_of_the_pixels() {
        let size = PictureSize { height: 1, width: 2 };
        let picture = Picture { size, pixels: vec![0, 51, 102, 255, 204, 153] };
        let mut values = Vec::new();
        picture.append_normalised([0.5; 3], [0.5, 0.5, 0.25], &mut values);
        let expected = [-1.0, -0.6, -0.4, 1.0, 0.6, 0.4];
        assert!(
            values.iter().zip(expected).all(|(a, b): (&f32, f32)| (a - b).abs() < 1e-6),
            "{values:?}"
        );
    }

    #[test]
    fn a_truncated_jpeg_is_an_error_that_names_the_file() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("0001_c1s1_000451_03.jpg");
        let whole = crate::synth::camera::jpeg(
            &image::RgbImage::from_pixel(32, 64, image::Rgb([90, 60, 30])),
            80,
        );
        std::fs::write(&path, &whole[..whole.len() / 4]).expect("write");
        let size = PictureSize { height: 64, width: 32 };
        let error = Picture::open(&path, size).expect_err("a quarter of a JPEG");
        assert!(error.to_string().contains("0001_c1s1_000451_03.jpg"), "{error}");
        std::fs::write(&path, &whole).expect("write");
        assert_eq!(Picture::open(&path, size).expect("whole").pixels.len(), 64 * 32 * 3);
    }
}

//! Random rectangles of random erasing.

use aio_types::{Picture, PictureSize};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;

/// Fraction of the picture's area that random erasing covers, and the limits of its aspect ratio (height / width).
///
/// Values of Zhong et al., "Random Erasing Data Augmentation" (AAAI 2020), reference implementation.
const ERASE_AREA: (f32, f32) = (0.02, 0.4);
const ERASE_ASPECT: f32 = 0.3;
const ERASE_ATTEMPTS: usize = 100;

/// Fills a [`rectangle`] with `fill`.
pub fn erase(picture: &mut Picture, fill: [u8; 3], rng: &mut ChaCha8Rng) {
    if let Some(area) = rectangle(picture.size, rng) {
        for i in area.pixels(picture.size) {
            picture.pixels[i..i + 3].copy_from_slice(&fill);
        }
    }
}

/// A rectangle within a picture.
pub(crate) struct Rectangle {
    rows: Range<usize>,
    columns: Range<usize>,
}

impl Rectangle {
    /// Where the values of each of its pixels begin in a picture of `size`.
    pub(crate) fn pixels(&self, size: PictureSize) -> impl Iterator<Item = usize> {
        let columns = self.columns.clone();
        self.rows.clone().flat_map(move |y| columns.clone().map(move |x| 3 * (y * size.width + x)))
    }
}

/// A random rectangle of random erasing.
///
/// Zhong et al. 2020: up to 100 attempts at an area `U(0.02, 0.4)` and an aspect `U(0.3, 1/0.3)`; a rectangle is
/// accepted only if it is strictly smaller than the picture.
pub(crate) fn rectangle(size: PictureSize, rng: &mut ChaCha8Rng) -> Option<Rectangle> {
    let PictureSize { height, width } = size;
    (0..ERASE_ATTEMPTS).find_map(|_| {
        let area = rng.random_range(ERASE_AREA.0..ERASE_AREA.1) * (height * width) as f32;
        let aspect = rng.random_range(ERASE_ASPECT..1.0 / ERASE_ASPECT);
        let h = (area * aspect).sqrt().round_ties_even() as usize;
        let w = (area / aspect).sqrt().round_ties_even() as usize;
        (h < height && w < width).then(|| {
            let (top, left) = (rng.random_range(0..=height - h), rng.random_range(0..=width - w));
            Rectangle { rows: top..top + h, columns: left..left + w }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_types::rng;

    #[test]
    fn erasing_covers_between_2_and_40_percent() {
        for i in 0..50 {
            let size = PictureSize { height: 32, width: 16 };
            let mut picture = Picture { size, pixels: vec![7; 3 * 32 * 16] };
            erase(&mut picture, [200, 201, 202], &mut rng(1, "erase", i));
            let erased = picture.pixels.chunks_exact(3).filter(|p| **p == [200, 201, 202]).count();
            let fraction = erased as f64 / 512.0;
            assert!((0.01..0.45).contains(&fraction), "{fraction}");
        }
    }
}

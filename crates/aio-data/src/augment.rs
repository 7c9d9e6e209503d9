//! Training-time augmentation of pictures: flip, shifted crop, colour jitter, random erasing.

use aio_types::Picture;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// What is done to a training picture, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Augmentation {
    /// Probability of a horizontal flip.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub flip: f64,
    /// Largest shift of the crop in pixels, in either direction (padding with the border's colour, then cropping).
    #[schemars(extend("x-unit" = "pixels"))]
    pub pad: usize,
    /// Strength of brightness, contrast and per-channel gain jitter; 0 leaves colours unchanged.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub jitter: f32,
    /// Probability of erasing a rectangle.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub erase: f64,
}

impl Default for Augmentation {
    fn default() -> Self {
        Self { flip: 0.5, pad: 4, jitter: 0.2, erase: 0.4 }
    }
}

/// Fraction of the picture's area that random erasing covers, and the limits of its aspect ratio (height / width).
///
/// Values of Zhong et al., "Random Erasing Data Augmentation" (AAAI 2020), reference implementation.
const ERASE_AREA: (f32, f32) = (0.02, 0.4);
const ERASE_ASPECT: f32 = 0.3;
const ERASE_ATTEMPTS: usize = 100;

impl Augmentation {
    /// Augments `picture` in place. Colour jitter is for photographs, so drawings ask for `jitter = false`.
    pub fn apply(
        &self,
        picture: &mut Picture,
        fill: [u8; 3],
        colours: Colours,
        rng: &mut ChaCha8Rng,
    ) {
        if rng.random_bool(self.flip) {
            flip(picture);
        }
        if self.pad > 0 {
            let pad = self.pad as i64;
            shift(picture, rng.random_range(-pad..=pad), rng.random_range(-pad..=pad));
        }
        if self.jitter > 0.0 && colours == Colours::Vary {
            jitter(picture, self.jitter, rng);
        }
        if rng.random_bool(self.erase) {
            erase(picture, fill, rng);
        }
    }
}

/// Whether colour jitter makes sense for a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// A photograph, whose colours depend on the camera.
    Vary,
    /// A drawing, whose tones mean something.
    Keep,
}

/// Mirrors left and right.
pub fn flip(picture: &mut Picture) {
    let width = picture.size.width;
    for row in picture.pixels.chunks_exact_mut(3 * width) {
        for x in 0..width / 2 {
            let (a, b) = (3 * x, 3 * (width - 1 - x));
            for c in 0..3 {
                row.swap(a + c, b + c);
            }
        }
    }
}

/// Moves the picture by (`down`, `right`) pixels; what comes in repeats the border.
pub fn shift(picture: &mut Picture, down: i64, right: i64) {
    let (height, width) = (picture.size.height as i64, picture.size.width as i64);
    let source = picture.clone();
    for y in 0..height {
        for x in 0..width {
            let from = source.at(
                (y - down).clamp(0, height - 1) as usize,
                (x - right).clamp(0, width - 1) as usize,
            );
            let i = 3 * (y * width + x) as usize;
            picture.pixels[i..i + 3].copy_from_slice(&from);
        }
    }
}

fn jitter(picture: &mut Picture, strength: f32, rng: &mut ChaCha8Rng) {
    let mut around_one = |s: f32| 1.0 + s * (2.0 * rng.random::<f32>() - 1.0);
    let brightness = around_one(strength);
    let contrast = around_one(strength);
    let gain: [f32; 3] = std::array::from_fn(|_| brightness * around_one(0.5 * strength));
    picture.map(|pixel| {
        std::array::from_fn(|c| {
            let value = (f32::from(pixel[c]) - 110.0) * contrast + 110.0;
            (value * gain[c]).clamp(0.0, 255.0) as u8
        })
    });
}

/// Fills a random rectangle with `fill`.
///
/// Zhong et al. 2020: up to 100 attempts at an area `U(0.02, 0.4)` and an aspect `U(0.3, 1/0.3)`; a rectangle is
/// accepted only if it is strictly smaller than the picture.
pub fn erase(picture: &mut Picture, fill: [u8; 3], rng: &mut ChaCha8Rng) {
    let (height, width) = (picture.size.height, picture.size.width);
    for _ in 0..ERASE_ATTEMPTS {
        let area = rng.random_range(ERASE_AREA.0..ERASE_AREA.1) * (height * width) as f32;
        let aspect = rng.random_range(ERASE_ASPECT..1.0 / ERASE_ASPECT);
        let h = (area * aspect).sqrt().round_ties_even() as usize;
        let w = (area / aspect).sqrt().round_ties_even() as usize;
        if h < height && w < width {
            let (top, left) = (rng.random_range(0..=height - h), rng.random_range(0..=width - w));
            for y in top..top + h {
                for x in left..left + w {
                    let i = 3 * (y * width + x);
                    picture.pixels[i..i + 3].copy_from_slice(&fill);
                }
            }
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_types::PictureSize;
    use aio_types::rng;

    fn ramp() -> Picture {
        let size = PictureSize { height: 32, width: 16 };
        Picture {
            size,
            pixels: (0..32 * 16)
                .flat_map(|i| [(i % 251) as u8, (i / 16) as u8, (i % 16) as u8])
                .collect(),
        }
    }

    #[test]
    fn two_flips_restore_the_picture() {
        let mut picture = ramp();
        flip(&mut picture);
        assert_eq!(picture.at(3, 0), ramp().at(3, 15));
        flip(&mut picture);
        assert_eq!(picture, ramp());
    }

    #[test]
    fn a_shift_moves_content_and_repeats_the_border() {
        let mut picture = ramp();
        shift(&mut picture, 2, -1);
        assert_eq!(picture.at(10, 4), ramp().at(8, 5));
        assert_eq!(picture.at(0, 15), ramp().at(0, 15));
    }

    #[test]
    fn erasing_covers_between_2_and_40_percent() {
        for i in 0..50 {
            let mut picture = ramp();
            picture.pixels.fill(7);
            erase(&mut picture, [200, 201, 202], &mut rng(1, "erase", i));
            let erased = picture.pixels.chunks_exact(3).filter(|p| **p == [200, 201, 202]).count();
            let fraction = erased as f64 / 512.0;
            assert!((0.01..0.45).contains(&fraction), "{fraction}");
        }
    }

    #[test]
    fn augmentation_is_a_pure_function_of_its_stream() {
        let augmented = |epoch| {
            let mut picture = ramp();
            Augmentation::default().apply(
                &mut picture,
                [0; 3],
                Colours::Vary,
                &mut rng(1, "augment", epoch),
            );
            picture
        };
        assert_eq!(augmented(3), augmented(3));
        assert_ne!(augmented(3), augmented(4));
    }
}

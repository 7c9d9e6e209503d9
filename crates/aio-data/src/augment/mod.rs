//! Training-time augmentation of pictures: flip, shifted crop, colour jitter, random erasing, and the randomisation of every picture on its own.
//!
//! `geometry`: rotation, scale, shift; `photometry`: light, colour, stains; `strokes`: pencil and paper; `sharpness`: resolution, blur,
//! noise, JPEG; `erasing`: random rectangles; `field`: pixels between these steps, and smooth noise; `dice`: what happens by chance.

mod dice;
mod erasing;
mod field;
mod geometry;
mod photometry;
mod sharpness;
mod strokes;

use aio_types::Picture;
use dice::Dice;
pub use erasing::erase;
pub(crate) use erasing::rectangle;
use field::Pixels;
use geometry::Affine;
use photometry::{Channels, Photometry};
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
    /// Largest shift of the crop in pixels, in either direction (padding with the border's colour, then cropping). Without effect where pictures
    /// are randomised: their shift is a part of that.
    #[schemars(extend("x-unit" = "pixels"))]
    pub pad: usize,
    /// Strength of brightness, contrast and per-channel gain jitter; 0 leaves colours unchanged. Without effect where pictures are randomised.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub jitter: f32,
    /// Probability of erasing a rectangle.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub erase: f64,
    /// Strength of the randomisation of every picture on its own, as if each had been taken by another camera in another light, or drawn with another
    /// pencil: rotation, scale and shift, brightness, contrast, colours and gamma, stains, resolution, blur, noise and JPEG. 0 does without; 1
    /// has the ranges of docs/fidelity.md.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub randomise: f32,
}

impl Default for Augmentation {
    fn default() -> Self {
        Self { flip: 0.5, pad: 4, jitter: 0.2, erase: 0.4, randomise: 0.0 }
    }
}

impl Augmentation {
    /// Augments `picture` in place.
    pub fn apply(&self, picture: &mut Picture, kind: Kind, rng: &mut ChaCha8Rng) {
        if rng.random_bool(self.flip) {
            flip(picture);
        }
        if self.randomise > 0.0 {
            *picture = randomised(picture, kind, self.randomise, rng);
        } else {
            if self.pad > 0 {
                let pad = self.pad as i64;
                shift(picture, rng.random_range(-pad..=pad), rng.random_range(-pad..=pad));
            }
            if self.jitter > 0.0 && kind.is_photograph() {
                jitter(picture, self.jitter, rng);
            }
        }
        if rng.random_bool(self.erase) {
            erase(picture, kind.fill(), rng);
        }
        if kind == Kind::Infrared {
            // Jitter, erasing and JPEG must not give infrared pictures a tint.
            picture.map(|[_, green, _]| [green; 3]);
        }
    }
}

/// What a picture is, which decides how it may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A photograph in visible light, whose colours depend on light and camera.
    Photograph,
    /// A photograph in infrared, which is grey.
    Infrared,
    /// A pencil drawing, whose tones mean something.
    Drawing,
    /// A drawing with colour pencils.
    ColourDrawing,
}

impl Kind {
    /// Whether a camera took it.
    fn is_photograph(self) -> bool {
        matches!(self, Self::Photograph | Self::Infrared)
    }

    /// What random erasing paints: a middle grey, or paper.
    fn fill(self) -> [u8; 3] {
        if self.is_photograph() { [128; 3] } else { [255; 3] }
    }
}

/// The picture as another camera, light or pencil would have made it.
///
/// `strength` scales ranges and probabilities; docs/fidelity.md lists them.
fn randomised(picture: &Picture, kind: Kind, strength: f32, rng: &mut ChaCha8Rng) -> Picture {
    let dice = &mut Dice { strength, rng };
    let affine = Affine::sample(picture.size, dice);
    let distortion = match kind {
        Kind::Photograph | Kind::Infrared => 0.0,
        Kind::Drawing | Kind::ColourDrawing => geometry::distortion(picture.size, dice),
    };
    let mut pixels = affine.apply(&Pixels::of(picture), distortion, dice.rng);
    let channels = match kind {
        Kind::Photograph | Kind::ColourDrawing => Channels::Colours,
        Kind::Infrared | Kind::Drawing => Channels::Grey,
    };
    if kind.is_photograph() {
        photometry::stain(&mut pixels, channels, dice);
        Photometry::sample(channels, dice).apply(&mut pixels);
        return sharpness::degrade(pixels, channels, sharpness::CAMERA_NOISE, dice);
    }
    strokes::redraw(&mut pixels, dice);
    if kind == Kind::ColourDrawing {
        let Photometry { saturation, .. } = Photometry::sample(channels, dice);
        let still = Photometry { gain: [1.0; 3], contrast: 1.0, saturation, gamma: 1.0 };
        still.apply(&mut pixels);
    }
    sharpness::degrade(pixels, channels, sharpness::SCANNER_NOISE, dice)
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
    fn augmentation_is_a_pure_function_of_its_stream() {
        let augmented = |epoch| {
            let mut picture = ramp();
            let stream = &mut rng(1, "augment", epoch);
            Augmentation::default().apply(&mut picture, Kind::Photograph, stream);
            picture
        };
        assert_eq!(augmented(3), augmented(3));
        assert_ne!(augmented(3), augmented(4));
    }

    fn digest(augmentation: Augmentation, kind: Kind) -> String {
        let mut hasher = blake3::Hasher::new();
        for number in 0..20 {
            let mut picture = ramp();
            augmentation.apply(&mut picture, kind, &mut rng(7, "augment", number));
            hasher.update(&picture.pixels);
        }
        hasher.finalize().to_hex()[..16].to_owned()
    }

    #[test]
    fn without_randomisation_pictures_are_those_of_earlier_versions() {
        // Printed by the code before there was a randomisation.
        assert_eq!(digest(Augmentation::default(), Kind::Photograph), "acb598d26c879777");
        assert_eq!(digest(Augmentation::default(), Kind::Drawing), "05d145de40bc635d");
    }

    #[test]
    fn a_randomised_picture_is_a_pure_function_of_its_stream_and_infrared_stays_grey() {
        let strong = Augmentation { randomise: 1.0, ..Augmentation::default() };
        assert_eq!(digest(strong, Kind::Photograph), digest(strong, Kind::Photograph));
        let mut grey = ramp();
        grey.map(|[_, green, _]| [green; 3]);
        for number in 0..40 {
            let mut picture = grey.clone();
            strong.apply(&mut picture, Kind::Infrared, &mut rng(3, "augment", number));
            assert!(picture.pixels.chunks_exact(3).all(|p| p[0] == p[1] && p[1] == p[2]));
        }
    }

    #[test]
    fn a_randomised_drawing_has_dark_strokes_on_light_paper() {
        let mut drawing = ramp();
        for (number, pixel) in drawing.pixels.chunks_exact_mut(3).enumerate() {
            pixel.fill(if number % 16 == 7 || number / 16 == 15 { 20 } else { 255 });
        }
        let strong = Augmentation { erase: 0.0, randomise: 1.0, ..Augmentation::default() };
        for number in 0..200 {
            let mut picture = drawing.clone();
            strong.apply(&mut picture, Kind::Drawing, &mut rng(3, "augment", number));
            let mut tones: Vec<u8> = picture.pixels.chunks_exact(3).map(|p| p[1]).collect();
            tones.sort_unstable();
            let mean = |part: &[u8]| {
                part.iter().map(|tone| f64::from(*tone)).sum::<f64>() / part.len() as f64
            };
            let (dark, light) = (mean(&tones[..16]), mean(&tones[256..]));
            assert!(light > 170.0 && dark < light - 10.0, "{number}: {dark} on {light}");
        }
    }

    #[test]
    fn a_weak_randomisation_changes_little_and_a_strong_one_much() {
        let distance = |randomise: f32| {
            let only = Augmentation { flip: 0.0, erase: 0.0, randomise, ..Augmentation::default() };
            let mut sum = 0.0;
            for number in 0..60 {
                let mut picture = ramp();
                only.apply(&mut picture, Kind::Photograph, &mut rng(3, "augment", number));
                let before = ramp().pixels;
                let differences = picture.pixels.iter().zip(&before);
                sum += differences.map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>();
            }
            sum / (60.0 * ramp().pixels.len() as f64)
        };
        let (weak, half, strong) = (distance(0.02), distance(0.5), distance(1.0));
        assert!(weak < 6.0 && weak < 0.5 * half && half < strong, "{weak} {half} {strong}");
    }
}

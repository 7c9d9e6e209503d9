//! Light, colour and contrast, and stains of smooth noise.

use super::dice::Dice;
use super::field::{Pixels, smooth_noise};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Ranges of the factors, and of the exponent.
const GAIN: (f32, f32) = (0.8, 1.2);
const BRIGHTNESS: (f32, f32) = (0.6, 1.45);
const CONTRAST: (f32, f32) = (0.6, 1.4);
const SATURATION: (f32, f32) = (0.3, 1.6);
const GAMMA: (f32, f32) = (0.6, 1.6);

/// Probability that a photograph loses its colour.
const GREY: f64 = 0.1;

/// Probabilities of smooth noise that is added or multiplied, and of a texture that is blended in.
const STAINS: f64 = 0.6;
const BLENDED: f64 = 0.2;

/// Largest amplitude of added noise, of multiplied noise, and largest share of a blended texture.
const ADDED: f32 = 50.0;
const MULTIPLIED: f32 = 0.5;
const SHARE: f32 = 0.5;

/// Rec. 709 luminance.
const LUMINANCE: [f32; 3] = [0.2126, 0.7152, 0.0722];

/// Whether a picture has colours to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channels {
    /// It has.
    Colours,
    /// All three channels are and stay equal.
    Grey,
}

/// A light and a camera that take a picture anew.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Photometry {
    /// Factor per channel.
    pub(super) gain: [f32; 3],
    /// Factor of the distance from the middle grey.
    pub(super) contrast: f32,
    /// Factor of the distance from the luminance.
    pub(super) saturation: f32,
    /// Exponent of the values in 0..1.
    pub(super) gamma: f32,
}

impl Photometry {
    pub(super) fn sample(channels: Channels, dice: &mut Dice) -> Self {
        let brightness = dice.around(1.0, BRIGHTNESS);
        let mut gain = [brightness; 3];
        let mut saturation = 1.0;
        if channels == Channels::Colours {
            gain = gain.map(|factor| factor * dice.around(1.0, GAIN));
            saturation = dice.around(1.0, SATURATION);
            if dice.happens(GREY) {
                saturation = 0.0;
            }
        }
        let contrast = dice.around(1.0, CONTRAST);
        Self { gain, contrast, saturation, gamma: dice.around(1.0, GAMMA) }
    }

    pub(super) fn apply(&self, pixels: &mut Pixels) {
        let curve: [f32; 256] =
            std::array::from_fn(|value| 255.0 * (value as f32 / 255.0).powf(self.gamma));
        for pixel in &mut pixels.values {
            let luminance: f32 = (0..3).map(|i| LUMINANCE[i] * pixel[i]).sum();
            *pixel = std::array::from_fn(|i| {
                let coloured = luminance + (pixel[i] - luminance) * self.saturation;
                let value = (coloured * self.gain[i] - 128.0) * self.contrast + 128.0;
                curve[value.round().clamp(0.0, 255.0) as usize]
            });
        }
    }
}

/// Smooth noise over a photograph: light and shade that was not there, or a texture that shines through.
pub(super) fn stain(pixels: &mut Pixels, channels: Channels, dice: &mut Dice) {
    if dice.happens(STAINS) {
        let field = field(pixels, channels, dice.rng);
        if dice.rng.random_bool(0.5) {
            let amplitude = dice.around(0.0, (0.0, ADDED));
            change(pixels, &field, |value, noise| value + amplitude * noise);
        } else {
            let amplitude = dice.around(0.0, (0.0, MULTIPLIED));
            change(pixels, &field, |value, noise| value * (1.0 + amplitude * noise));
        }
    }
    if dice.happens(BLENDED) {
        let field = field(pixels, channels, dice.rng);
        let share = dice.around(0.0, (0.0, SHARE));
        change(pixels, &field, |value, noise| value + share * (128.0 + 128.0 * noise - value));
    }
}

fn field(pixels: &Pixels, channels: Channels, rng: &mut ChaCha8Rng) -> Pixels {
    let mut field = smooth_noise(pixels.size, 5, rng);
    if channels == Channels::Grey {
        field.values.iter_mut().for_each(|pixel| *pixel = [pixel[0]; 3]);
    }
    field
}

fn change(pixels: &mut Pixels, field: &Pixels, with: impl Fn(f32, f32) -> f32) {
    for (pixel, noise) in pixels.values.iter_mut().zip(&field.values) {
        *pixel = std::array::from_fn(|i| with(pixel[i], noise[i]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_types::PictureSize;

    fn of(pixel: [f32; 3]) -> Pixels {
        Pixels { size: PictureSize { height: 1, width: 1 }, values: vec![pixel] }
    }

    fn changed(pixel: [f32; 3], by: Photometry) -> [f32; 3] {
        let mut pixels = of(pixel);
        by.apply(&mut pixels);
        pixels.values[0]
    }

    const STILL: Photometry =
        Photometry { gain: [1.0; 3], contrast: 1.0, saturation: 1.0, gamma: 1.0 };

    #[test]
    fn every_part_changes_a_pixel_as_computed_by_hand() {
        assert_eq!(changed([10.0, 200.0, 77.0], STILL), [10.0, 200.0, 77.0]);
        let near = |found: [f32; 3], expected: [f32; 3]| {
            let close = (0..3).all(|i| (found[i] - expected[i]).abs() < 0.51);
            assert!(close, "{found:?}, expected {expected:?}");
        };
        near(
            changed([100.0; 3], Photometry { gain: [0.5, 1.0, 2.0], ..STILL }),
            [50.0, 100.0, 200.0],
        );
        // (178 − 128) · 0.5 + 128
        near(changed([178.0; 3], Photometry { contrast: 0.5, ..STILL }), [153.0; 3]);
        // 0.2126 · 255
        near(changed([255.0, 0.0, 0.0], Photometry { saturation: 0.0, ..STILL }), [54.2; 3]);
        // 255 · (64 / 255)²
        near(changed([64.0; 3], Photometry { gamma: 2.0, ..STILL }), [16.06; 3]);
    }
}

//! What a picture loses on its way: resolution, sharpness, bits.

use super::dice::Dice;
use super::field::Pixels;
use super::photometry::Channels;
use aio_types::{Picture, PictureSize};
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageFormat};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::io::Cursor;

/// Probabilities of a lower resolution, of blur, and of JPEG compression.
const LOW_RESOLUTION: f64 = 1.0 / 3.0;
const BLURRED: f64 = 0.4;
const COMPRESSED: f64 = 0.3;

/// Range of a lower resolution, as a part of the picture's.
const RESOLUTION: (f32, f32) = (0.3, 0.6);

/// Range of the standard deviation of Gaussian blur in pixels, and longest motion in pixels.
const GAUSSIAN: (f32, f32) = (0.4, 1.4);
const MOTION: usize = 7;

/// Largest standard deviations of the noise of a camera and of a scanner.
pub(super) const CAMERA_NOISE: f32 = 14.0;
pub(super) const SCANNER_NOISE: f32 = 6.0;

/// Range of the quality of JPEG.
const QUALITY: (u8, u8) = (15, 75);

/// Lowers resolution and sharpness, adds noise, and compresses, each with its probability.
pub(super) fn degrade(
    pixels: Pixels,
    channels: Channels,
    most_noise: f32,
    dice: &mut Dice,
) -> Picture {
    let mut pixels = pixels;
    if dice.happens(BLURRED) {
        pixels = if dice.rng.random_bool(0.5) {
            gaussian(&pixels, dice.around(0.1, GAUSSIAN))
        } else {
            let direction = [[0, 1], [1, 0], [1, 1], [1, -1]][dice.rng.random_range(0..4)];
            moved(&pixels, direction, 1 + 2 * dice.rng.random_range(1..=MOTION / 2))
        };
    }
    if dice.happens(LOW_RESOLUTION) {
        pixels = coarse(&pixels, dice.around(1.0, RESOLUTION));
    }
    let deviation = dice.around(0.0, (0.0, most_noise));
    add_noise(&mut pixels, channels, deviation, dice.rng);
    let picture = pixels.rounded();
    if dice.happens(COMPRESSED) {
        return compressed(&picture, dice.rng.random_range(QUALITY.0..=QUALITY.1));
    }
    picture
}

/// Averages along a direction of (down, right), over an odd number of pixels.
fn moved(pixels: &Pixels, [down, right]: [i64; 2], length: usize) -> Pixels {
    let weights = vec![1.0 / length as f32; length];
    filtered(pixels, [down, right], &weights)
}

fn gaussian(pixels: &Pixels, deviation: f32) -> Pixels {
    let reach = (2.5 * deviation).ceil() as i64;
    let weight = |at: i64| (-0.5 * (at as f32 / deviation).powi(2)).exp();
    let weights: Vec<f32> = (-reach..=reach).map(weight).collect();
    let sum: f32 = weights.iter().sum();
    let weights: Vec<f32> = weights.into_iter().map(|weight| weight / sum).collect();
    filtered(&filtered(pixels, [0, 1], &weights), [1, 0], &weights)
}

/// The weighted sums of the pixels along a direction; the border is repeated.
fn filtered(pixels: &Pixels, [down, right]: [i64; 2], weights: &[f32]) -> Pixels {
    let PictureSize { height, width } = pixels.size;
    let reach = (weights.len() / 2) as i64;
    let inside = |place: i64, length: usize| place.clamp(0, length as i64 - 1) as usize;
    let mut values = Vec::with_capacity(pixels.values.len());
    for y in 0..height as i64 {
        for x in 0..width as i64 {
            let mut sum = [0.0; 3];
            for (weight, step) in weights.iter().zip(-reach..) {
                let (y, x) = (inside(y + step * down, height), inside(x + step * right, width));
                let pixel = pixels.values[y * width + x];
                (0..3).for_each(|i| sum[i] += weight * pixel[i]);
            }
            values.push(sum);
        }
    }
    Pixels { size: pixels.size, values }
}

/// The picture at a part of its resolution, enlarged again. Each coarse pixel is the mean of the fine ones in it.
fn coarse(pixels: &Pixels, part: f32) -> Pixels {
    let PictureSize { height, width } = pixels.size;
    let count = |length: usize| ((length as f32 * part).round() as usize).clamp(1, length);
    let size = PictureSize { height: count(height), width: count(width) };
    let mut sums = vec![([0.0; 3], 0.0_f32); size.height * size.width];
    for (number, pixel) in pixels.values.iter().enumerate() {
        let (y, x) = (number / width * size.height / height, number % width * size.width / width);
        let (sum, weight) = &mut sums[y * size.width + x];
        (0..3).for_each(|i| sum[i] += pixel[i]);
        *weight += 1.0;
    }
    let means = sums.into_iter().map(|(sum, weight)| sum.map(|value| value / weight.max(1.0)));
    let small = Pixels { size, values: means.collect() };
    let places = |from: usize, to: usize| -> Vec<f32> {
        (0..from).map(|at| (at as f32 + 0.5) * to as f32 / from as f32 - 0.5).collect()
    };
    small.on_grid(&places(height, size.height), &places(width, size.width))
}

/// Adds noise of a standard deviation: the sum of four uniform numbers, which is near enough to normal.
fn add_noise(pixels: &mut Pixels, channels: Channels, deviation: f32, rng: &mut ChaCha8Rng) {
    // A uniform number in 0..256 has the variance 256² / 12; four of them the deviation 256 / √3.
    let scale = deviation * 3.0_f32.sqrt() / 256.0;
    let of_bytes = |bits: u32| bits.to_le_bytes().map(f32::from).iter().sum::<f32>() - 510.0;
    for pixel in &mut pixels.values {
        match channels {
            Channels::Grey => {
                let noise = scale * of_bytes(rng.random());
                pixel.iter_mut().for_each(|value| *value += noise);
            }
            Channels::Colours => {
                pixel.iter_mut().for_each(|value| *value += scale * of_bytes(rng.random()));
            }
        }
    }
}

/// The picture after JPEG compression.
fn compressed(picture: &Picture, quality: u8) -> Picture {
    let PictureSize { height, width } = picture.size;
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
    let written =
        encoder.encode(&picture.pixels, width as u32, height as u32, ExtendedColorType::Rgb8);
    let decoded = written.ok().and_then(|()| {
        image::load(Cursor::new(&bytes), ImageFormat::Jpeg).ok().map(|image| image.to_rgb8())
    });
    // JPEG holds at most 65,535 pixels on a side; a larger picture stays as it is.
    decoded.map_or_else(
        || picture.clone(),
        |image| Picture { size: picture.size, pixels: image.into_raw() },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_types::rng;

    fn point() -> Pixels {
        let size = PictureSize { height: 11, width: 11 };
        let mut values = vec![[0.0; 3]; 121];
        values[5 * 11 + 5] = [90.0; 3];
        Pixels { size, values }
    }

    #[test]
    fn blur_spreads_a_point_and_keeps_its_sum() {
        let across = moved(&point(), [0, 1], 3);
        assert!([4, 5, 6].iter().all(|x| (across.values[5 * 11 + x][0] - 30.0).abs() < 1e-4));
        let round = gaussian(&point(), 1.0);
        let sum: f32 = round.values.iter().map(|pixel| pixel[1]).sum();
        assert!((sum - 90.0).abs() < 1e-3, "{sum}");
        let (middle, beside) = (round.values[5 * 11 + 5][0], round.values[5 * 11 + 6][0]);
        // exp(−1/2)
        assert!((beside / middle - 0.6065).abs() < 1e-3, "{}", beside / middle);
    }

    #[test]
    fn half_the_resolution_is_the_mean_of_four_pixels() {
        let size = PictureSize { height: 2, width: 2 };
        let pixels = Pixels { size, values: vec![[0.0; 3], [40.0; 3], [80.0; 3], [40.0; 3]] };
        assert_eq!(coarse(&pixels, 0.5).values, [[40.0; 3]; 4]);
        assert_eq!(coarse(&pixels, 1.0), pixels);
    }

    #[test]
    fn noise_has_the_deviation_that_was_asked_for() {
        let size = PictureSize { height: 100, width: 100 };
        let mut pixels = Pixels { size, values: vec![[100.0; 3]; 10_000] };
        add_noise(&mut pixels, Channels::Colours, 5.0, &mut rng(0, "test", 0));
        let all: Vec<f64> =
            pixels.values.iter().flatten().map(|value| f64::from(*value) - 100.0).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let variance = all.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / all.len() as f64;
        assert!(mean.abs() < 0.15 && (variance.sqrt() - 5.0).abs() < 0.1, "{mean} {variance}");
    }
}

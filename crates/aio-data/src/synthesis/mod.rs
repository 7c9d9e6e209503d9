//! Missing modalities made from photographs: infrared pictures in one of several ways, drawings by an edge filter.

mod infrared;

pub use infrared::{GreyFrom, MadeInfrared, channel_exchange};

use crate::picture::luminances;
use aio_types::Picture;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Parameters of the edge filter.
#[derive(Debug, Clone, Copy)]
struct LineFilter {
    /// Standard deviation of the finer Gaussian, in pixels.
    sigma: f32,
    /// Weight of the difference of Gaussians.
    sharpness: f32,
    /// Tone above which paper stays white, 0..1.
    threshold: f32,
    /// Steepness of the fall below the threshold.
    slope: f32,
}

/// Turns a photograph into dark lines on white.
///
/// The extended difference of Gaussians of Winnemöller et al., "XDoG" (2012):
/// `D = (1 + p)·G(σ) − p·G(1.6σ)`, white where `D ≥ ε`, else `1 + tanh(φ·(D − ε))`. It keeps dark areas grey,
/// as hatching does. The sketch generator of the paper needs weights of its own; this filter needs none.
pub fn line_drawing(picture: &mut Picture, rng: &mut ChaCha8Rng) {
    let filter = LineFilter {
        sigma: 0.6 + 0.3 * rng.random::<f32>(),
        sharpness: 6.0 + 8.0 * rng.random::<f32>(),
        threshold: 0.38 + 0.3 * rng.random::<f32>(),
        slope: 2.0 + 4.0 * rng.random::<f32>(),
    };
    let tones = tones(picture, filter);
    for (pixel, tone) in picture.pixels.chunks_exact_mut(3).zip(tones) {
        pixel.fill((255.0 * tone) as u8);
    }
}

/// Turns a photograph into a pale coloured drawing: the lines of [`line_drawing`] over lightened colours.
pub fn colour_pencil(picture: &mut Picture, rng: &mut ChaCha8Rng) {
    let mut lines = picture.clone();
    line_drawing(&mut lines, rng);
    shade(picture, &lines, rng);
}

/// Lightens a photograph's colours and puts lines, a picture of the same size, over them.
pub fn shade(picture: &mut Picture, lines: &Picture, rng: &mut ChaCha8Rng) {
    let fade = 0.35 + 0.25 * rng.random::<f32>();
    for (pixel, line) in picture.pixels.iter_mut().zip(&lines.pixels) {
        let pale = 255.0 - (255.0 - f32::from(*pixel)) * (1.0 - fade);
        *pixel = (pale * (0.35 + 0.65 * f32::from(*line) / 255.0)) as u8;
    }
}

fn tones(picture: &Picture, filter: LineFilter) -> Vec<f32> {
    let (height, width) = (picture.size.height, picture.size.width);
    let grey = luminances(picture);
    let fine = gaussian(&grey, height, width, filter.sigma);
    let coarse = gaussian(&grey, height, width, 1.6 * filter.sigma);
    fine.iter()
        .zip(&coarse)
        .map(|(fine, coarse)| {
            let d = (1.0 + filter.sharpness) * fine - filter.sharpness * coarse - filter.threshold;
            if d >= 0.0 { 1.0 } else { (1.0 + (filter.slope * d).tanh()).max(0.0) }
        })
        .collect()
}

fn gaussian(values: &[f32], height: usize, width: usize, sigma: f32) -> Vec<f32> {
    let radius = (2.5 * sigma).ceil() as i64;
    let kernel: Vec<f32> =
        (-radius..=radius).map(|i| (-((i * i) as f32) / (2.0 * sigma * sigma)).exp()).collect();
    let total: f32 = kernel.iter().sum();
    let pass = |source: &[f32], along: usize, across: usize, stride: usize, step: usize| {
        let mut result = vec![0.0; source.len()];
        for a in 0..across {
            for i in 0..along {
                let mut sum = 0.0;
                for (k, weight) in kernel.iter().enumerate() {
                    let j = (i as i64 + k as i64 - radius).clamp(0, along as i64 - 1) as usize;
                    sum += weight * source[a * step + j * stride];
                }
                result[a * step + i * stride] = sum / total;
            }
        }
        result
    };
    let rows = pass(values, width, height, 1, width);
    pass(&rows, height, width, width, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_types::PictureSize;
    use aio_types::rng;

    #[test]
    fn a_flat_bright_picture_stays_white_and_edges_turn_dark() {
        let size = PictureSize { height: 16, width: 16 };
        let mut flat = Picture { size, pixels: vec![240; 768] };
        line_drawing(&mut flat, &mut rng(0, "lines", 0));
        assert!(flat.pixels.iter().all(|p| *p == 255));
        let bright = |i: usize| if i % 16 < 8 { [250u8; 3] } else { [110u8; 3] };
        let mut edge = Picture { size, pixels: (0..256).flat_map(bright).collect() };
        line_drawing(&mut edge, &mut rng(0, "lines", 1));
        assert!(
            edge.at(8, 8)[0] < edge.at(8, 14)[0] && edge.at(8, 1)[0] == 255,
            "{:?} {:?}",
            edge.at(8, 8),
            edge.at(8, 1)
        );
    }
}

//! Wrong proportions and an unsteady hand: a smooth map of the relief to the sheet.

use super::Relief;
use super::artist::Artist;
use super::chains::Point;
use crate::street::photo::{Film, signed};
use rand_chacha::ChaCha8Rng;

/// Where head and torso end, as shares of the figure's height from the top.
const JOINTS: [f32; 2] = [0.135, 0.5];

/// Cells of the raster on which the inverse of the wobble is kept, in pixels.
const CELL: f32 = 8.0;

/// A map from points of a relief to points of a sheet of the same size.
#[derive(Debug, Clone, PartialEq)]
pub struct Warp {
    top: f32,
    tall: f32,
    centre: f32,
    /// Shares of the height at which head and torso end on the sheet.
    joints: [f32; 2],
    wide: f32,
    waves: Vec<Wave>,
    /// Displacement by the waves of what ends at a point of the sheet.
    back: Film<2>,
}

/// A sine wave over the sheet that moves points.
#[derive(Debug, Clone, PartialEq)]
struct Wave {
    frequency: (f32, f32),
    phase: f32,
    amplitude: (f32, f32),
}

impl Warp {
    /// The map of one drawing.
    #[must_use]
    pub fn sample(artist: &Artist, relief: &Relief, rng: &mut ChaCha8Rng) -> Self {
        let (top, bottom) = relief.rows();
        let (left, right) = relief.columns();
        let tall = (bottom - top).max(1.0);
        let mut own = |factor: f32| factor * (1.0 + artist.unsteadiness * signed(rng));
        let [legs, torso, head, wide] = artist.proportions.map(&mut own);
        let parts = [JOINTS[0] * head, (JOINTS[1] - JOINTS[0]) * torso, (1.0 - JOINTS[1]) * legs];
        let total: f32 = parts.iter().sum();
        let amplitude = artist.wobble * tall;
        let waves = (0..6)
            .map(|i| {
                let frequency = (1.5 + 2.5 * i as f32) * std::f32::consts::TAU / tall;
                let size = amplitude / (1.0 + 0.6 * i as f32);
                Wave {
                    frequency: (frequency * signed(rng), frequency * signed(rng)),
                    phase: 3.0 * signed(rng),
                    amplitude: (size * signed(rng), size * signed(rng)),
                }
            })
            .collect();
        let mut warp = Self {
            top,
            tall,
            centre: 0.5 * (left + right),
            joints: [parts[0] / total, (parts[0] + parts[1]) / total],
            wide,
            waves,
            back: Film::filled(1, 1, [0.0; 2]),
        };
        warp.back = warp.inverted(relief.height, relief.width);
        warp
    }

    /// The point of the sheet that belongs to a point of the relief.
    #[must_use]
    pub fn forward(&self, point: Point) -> Point {
        let t = bent((point.0 - self.top) / self.tall, JOINTS, self.joints);
        let row = self.top + t * self.tall;
        let column = self.centre + (point.1 - self.centre) * self.wide;
        let (dy, dx) = self.wobble(point);
        (row + dy, column + dx)
    }

    /// The point of the relief that belongs to a point of the sheet, within a small part of a pixel.
    #[must_use]
    pub fn backward(&self, point: Point) -> Point {
        let [dy, dx] = self.back.at(point.0 / CELL, point.1 / CELL);
        self.plain((point.0 - dy, point.1 - dx))
    }

    /// The inverse of the proportions alone.
    fn plain(&self, point: Point) -> Point {
        let t = bent((point.0 - self.top) / self.tall, self.joints, JOINTS);
        (self.top + t * self.tall, self.centre + (point.1 - self.centre) / self.wide)
    }

    /// The wobble that leads to points of the sheet, on a coarse raster: the waves are much longer than its cells.
    fn inverted(&self, height: usize, width: usize) -> Film<2> {
        let (rows, columns) = (height / CELL as usize + 2, width / CELL as usize + 2);
        let mut back = Film::filled(rows, columns, [0.0; 2]);
        for (i, moved) in back.pixels.iter_mut().enumerate() {
            let point = ((i / columns) as f32 * CELL, (i % columns) as f32 * CELL);
            for _ in 0..3 {
                let guess = self.plain((point.0 - moved[0], point.1 - moved[1]));
                let (dy, dx) = self.wobble(guess);
                *moved = [dy, dx];
            }
        }
        back
    }

    fn wobble(&self, point: Point) -> Point {
        self.waves.iter().fold((0.0, 0.0), |(dy, dx), wave| {
            let value =
                (wave.frequency.0 * point.0 + wave.frequency.1 * point.1 + wave.phase).sin();
            (dy + wave.amplitude.0 * value, dx + wave.amplitude.1 * value)
        })
    }
}

/// The piecewise linear map of 0..1 that takes the two inner points `from` to `to`.
fn bent(t: f32, from: [f32; 2], to: [f32; 2]) -> f32 {
    let line = |a: f32, b: f32, c: f32, d: f32| c + (t - a) * (d - c) / (b - a);
    if t < from[0] {
        line(0.0, from[0], 0.0, to[0])
    } else if t < from[1] {
        line(from[0], from[1], to[0], to[1])
    } else {
        line(from[1], 1.0, to[1], 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::block;
    use super::*;
    use aio_types::rng;

    #[test]
    fn there_and_back_is_the_same_point() {
        let relief = block(384, 192);
        for seed in 0..10 {
            let rng = &mut rng(seed, "warp", 0);
            let artist = Artist::sample(rng, 1.5);
            let warp = Warp::sample(&artist, &relief, rng);
            for point in [(80.0, 80.0), (202.0, 120.0), (320.0, 72.0)] {
                let back = warp.backward(warp.forward(point));
                assert!((back.0 - point.0).hypot(back.1 - point.1) < 0.5, "{point:?} {back:?}");
            }
        }
    }

    #[test]
    fn joints_go_to_joints() {
        assert_eq!(bent(0.0, [0.2, 0.5], [0.3, 0.6]), 0.0);
        assert!((bent(0.2, [0.2, 0.5], [0.3, 0.6]) - 0.3).abs() < 1e-6);
        assert!((bent(0.75, [0.2, 0.5], [0.3, 0.6]) - 0.8).abs() < 1e-6);
        assert!((bent(1.0, [0.2, 0.5], [0.3, 0.6]) - 1.0).abs() < 1e-6);
    }
}

//! A picture between two steps of its randomisation, and smooth random fields over it.

use aio_types::{Picture, PictureSize};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Pixels as floating-point numbers in 0..255, `[height, width, 3]`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pixels {
    pub(super) size: PictureSize,
    pub(super) values: Vec<[f32; 3]>,
}

impl Pixels {
    pub(super) fn of(picture: &Picture) -> Self {
        let pixel = |p: &[u8]| [f32::from(p[0]), f32::from(p[1]), f32::from(p[2])];
        Self { size: picture.size, values: picture.pixels.chunks_exact(3).map(pixel).collect() }
    }

    /// The same picture in whole numbers.
    pub(super) fn rounded(&self) -> Picture {
        let whole = |value: f32| value.round().clamp(0.0, 255.0) as u8;
        let pixels = self.values.iter().flat_map(|pixel| pixel.map(whole)).collect();
        Picture { size: self.size, pixels }
    }

    /// The value at a place between pixels; outside, the border is repeated.
    pub(super) fn at(&self, y: f32, x: f32) -> [f32; 3] {
        let PictureSize { height, width } = self.size;
        let ((top, bottom, down), (left, right, across)) = (between(y, height), between(x, width));
        let pixel = |y: usize, x: usize| self.values[y * width + x];
        let (a, b, c, d) =
            (pixel(top, left), pixel(top, right), pixel(bottom, left), pixel(bottom, right));
        std::array::from_fn(|i| {
            let upper = mixed(a[i], b[i], across);
            let lower = mixed(c[i], d[i], across);
            mixed(upper, lower, down)
        })
    }

    /// The values [`at`](Self::at) all places of a grid, given by its rows and columns: every row of pixels is interpolated once for all rows of the grid.
    pub(super) fn on_grid(&self, rows: &[f32], columns: &[f32]) -> Self {
        let PictureSize { height, width } = self.size;
        let columns: Vec<_> = columns.iter().map(|x| between(*x, width)).collect();
        let widened: Vec<_> = (self.values.chunks_exact(width))
            .flat_map(|row| {
                columns.iter().map(|(left, right, across)| {
                    let (left, right) = (row[*left], row[*right]);
                    std::array::from_fn::<_, 3, _>(|i| mixed(left[i], right[i], *across))
                })
            })
            .collect();
        let size = PictureSize { height: rows.len(), width: columns.len() };
        let mut values = Vec::with_capacity(size.height * size.width);
        for y in rows {
            let (top, bottom, down) = between(*y, height);
            let row = |y: usize| &widened[y * size.width..][..size.width];
            let pixels = row(top).iter().zip(row(bottom));
            values.extend(pixels.map(|(top, bottom)| {
                std::array::from_fn::<_, 3, _>(|i| mixed(top[i], bottom[i], down))
            }));
        }
        Self { size, values }
    }
}

/// `from` and `to` in the shares 1 − `share` and `share`.
fn mixed(from: f32, to: f32, share: f32) -> f32 {
    from + (to - from) * share
}

/// The whole places before and behind a place on an axis of `length`, and how far it is from the first to the second.
fn between(place: f32, length: usize) -> (usize, usize, f32) {
    let place = place.clamp(0.0, (length - 1) as f32);
    let first = place as usize;
    (first, (first + 1).min(length - 1), place - first as f32)
}

/// Grids of the coarsest octave and of each finer one have so many cells on the longer side.
const CELLS: [usize; 5] = [2, 4, 8, 16, 32];

/// Random fields of mean 0 whose amplitude falls with the frequency (1/f), one per channel: `[height, width, 3]`. Most values lie in −1..1.
///
/// Octaves of random grids are interpolated and added, each with half the amplitude of the one before it. `octaves` are at most [`CELLS`]' length.
pub(super) fn smooth_noise(size: PictureSize, octaves: usize, rng: &mut ChaCha8Rng) -> Pixels {
    let mut sum = Pixels { size, values: vec![[0.0; 3]; size.height * size.width] };
    let longer = size.height.max(size.width) as f32;
    let mut amplitude = 0.8;
    for cells in CELLS.into_iter().take(octaves) {
        let cell = longer / cells as f32;
        let count = |length: usize| (length as f32 / cell).ceil() as usize + 2;
        let grid_size = PictureSize { height: count(size.height), width: count(size.width) };
        let grid = Pixels {
            size: grid_size,
            values: (0..grid_size.height * grid_size.width)
                .map(|_| std::array::from_fn(|_| amplitude * (2.0 * rng.random::<f32>() - 1.0)))
                .collect(),
        };
        // Another offset for each octave, or their corners would meet.
        let (down, right): (f32, f32) = (rng.random(), rng.random());
        let places = |length: usize, offset: f32| -> Vec<f32> {
            (0..length).map(|place| place as f32 / cell + offset).collect()
        };
        let octave = grid.on_grid(&places(size.height, down), &places(size.width, right));
        for (sum, value) in sum.values.iter_mut().zip(&octave.values) {
            (0..3).for_each(|i| sum[i] += value[i]);
        }
        amplitude *= 0.5;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_types::rng;

    #[test]
    fn values_between_pixels_are_interpolated_and_the_border_is_repeated() {
        let size = PictureSize { height: 2, width: 2 };
        let pixels = Pixels { size, values: vec![[0.0; 3], [10.0; 3], [20.0; 3], [30.0; 3]] };
        assert_eq!(pixels.at(0.0, 1.0), [10.0; 3]);
        assert_eq!(pixels.at(0.5, 0.5), [15.0; 3]);
        assert_eq!(pixels.at(0.25, 0.0), [5.0; 3]);
        assert_eq!(pixels.at(-3.0, 9.0), [10.0; 3]);
    }

    #[test]
    fn a_grid_has_the_values_at_its_places() {
        let size = PictureSize { height: 5, width: 4 };
        let pixels = smooth_noise(size, 5, &mut rng(1, "test", 0));
        let (rows, columns) = ([-1.0, 0.3, 2.0, 3.9, 7.0], [2.6, 0.1, 9.0]);
        let grid = pixels.on_grid(&rows, &columns);
        let places = rows.iter().flat_map(|y| columns.iter().map(|x| pixels.at(*y, *x)));
        assert_eq!(grid.values, places.collect::<Vec<_>>());
        assert_eq!(grid.size, PictureSize { height: 5, width: 3 });
    }

    #[test]
    fn the_energy_of_smooth_noise_falls_with_the_frequency() {
        let size = PictureSize { height: 64, width: 64 };
        // Energy at 1, 4 and 16 waves per picture, along rows, by the discrete Fourier transform.
        let mut energy = [0.0_f64; 3];
        for number in 0..40 {
            let field = smooth_noise(size, 5, &mut rng(1, "test", number));
            for row in field.values.chunks_exact(64) {
                for (sum, waves) in energy.iter_mut().zip([1.0, 4.0, 16.0]) {
                    let (mut real, mut imaginary) = (0.0, 0.0);
                    for (x, pixel) in row.iter().enumerate() {
                        let angle = std::f64::consts::TAU * waves * x as f64 / 64.0;
                        real += f64::from(pixel[0]) * angle.cos();
                        imaginary += f64::from(pixel[0]) * angle.sin();
                    }
                    *sum += real * real + imaginary * imaginary;
                }
            }
        }
        assert!(energy[0] > 3.0 * energy[1] && energy[1] > 3.0 * energy[2], "{energy:?}");
    }
}

//! A fixed camera, its frame, and the window that a detector cuts out of it.

use super::space::{V3, add, dot, scale, sub, unit};
use crate::street::photo::signed;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A camera at a fixed place with a fixed direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Eye {
    /// Where it hangs, in metres.
    pub position: V3,
    /// Unit direction to the right of the picture.
    pub right: V3,
    /// Unit direction to the top of the picture.
    pub up: V3,
    /// Unit direction of view.
    pub forward: V3,
    /// Focal length in pixels of the frame.
    pub focal: f32,
    /// Rows and columns of the frame.
    pub frame: (f32, f32),
}

/// A window of the frame in pixels of the frame, and the raster it is sampled with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crop {
    /// First row.
    pub top: f32,
    /// First column.
    pub left: f32,
    /// Rows of the frame it covers.
    pub height: f32,
    /// Columns of the frame it covers.
    pub width: f32,
    /// Rows and columns of the raster.
    pub raster: (usize, usize),
}

impl Eye {
    /// A camera at `position` that looks at `target`, turned about its axis by `roll` radians.
    #[must_use]
    pub fn looking(position: V3, target: V3, roll: f32, focal: f32, frame: (f32, f32)) -> Self {
        let forward = unit(sub(target, position));
        let level = unit([forward[2], 0.0, -forward[0]]);
        let raised = cross(forward, level);
        let (sin, cos) = roll.sin_cos();
        let right = add(scale(level, cos), scale(raised, sin));
        Self { position, right, up: cross(forward, right), forward, focal, frame }
    }

    /// Row, column and depth of a point; the depth is measured along the direction of view.
    #[must_use]
    pub fn project(&self, point: V3) -> (f32, f32, f32) {
        let p = sub(point, self.position);
        let depth = dot(p, self.forward);
        let by = self.focal / depth.max(0.05);
        (
            0.5 * self.frame.0 - by * dot(p, self.up),
            0.5 * self.frame.1 + by * dot(p, self.right),
            depth,
        )
    }

    /// The direction of the ray through a pixel of the frame; its part along the direction of view is 1, so that a
    /// length along it is a depth.
    #[must_use]
    pub fn ray(&self, row: f32, column: f32) -> V3 {
        let u = (column - 0.5 * self.frame.1) / self.focal;
        let v = (0.5 * self.frame.0 - row) / self.focal;
        add(self.forward, add(scale(self.right, u), scale(self.up, v)))
    }
}

/// `a × b`.
fn cross(a: V3, b: V3) -> V3 {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// How detectors cut: the strength of shifts and the probability that a part of the person is missing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detector {
    /// Spread of scale and shift as a share of the box.
    pub jitter: f32,
    /// Probability that feet or head are cut off.
    pub truncation: f64,
}

/// Rows that a stored crop has at most and at least.
const ROWS: (f32, f32) = (48.0, 128.0);

impl Crop {
    /// The window around what `points` cover, as `detector` finds it.
    ///
    /// The window is about twice as high as wide. Its raster has the resolution of the frame, at most 128 rows.
    #[must_use]
    pub fn around(eye: &Eye, points: &[V3], detector: Detector, rng: &mut ChaCha8Rng) -> Self {
        let (mut low, mut high) = ((f32::MAX, f32::MAX), (f32::MIN, f32::MIN));
        for point in points {
            let (row, column, _) = eye.project(*point);
            low = (low.0.min(row), low.1.min(column));
            high = (high.0.max(row), high.1.max(column));
        }
        let j = detector.jitter;
        let tall = high.0 - low.0;
        let mut height = tall * (1.06 + 0.9 * j * rng.random::<f32>() + 0.3 * j * signed(rng));
        let mut top = low.0 - 0.5 * (height - tall) + 0.45 * j * tall * signed(rng);
        if rng.random_bool(detector.truncation) {
            let cut = (0.08 + 0.22 * rng.random::<f32>()) * height;
            if rng.random_bool(0.25) {
                top += 0.5 * cut;
                height -= 0.5 * cut;
            } else {
                height -= cut;
            }
        }
        let aspect = 0.46 * (1.0 + 1.2 * j * signed(rng));
        let needed = (high.1 - low.1) * (0.8 + 0.3 * rng.random::<f32>());
        let width = (aspect * height).max(needed.min(0.7 * height));
        let left = 0.5 * (low.1 + high.1) - 0.5 * width + 0.5 * j * width * signed(rng);
        let rows = height.clamp(ROWS.0, ROWS.1).round();
        let columns = (rows * width / height).clamp(20.0, 80.0).round();
        Self { top, left, height, width, raster: (rows as usize, columns as usize) }
    }

    /// The pixel of the frame at a fractional pixel of the raster.
    #[must_use]
    pub fn frame_pixel(&self, row: f32, column: f32) -> (f32, f32) {
        (
            self.top + row * self.height / self.raster.0 as f32,
            self.left + column * self.width / self.raster.1 as f32,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_types::rng;

    fn eye() -> Eye {
        Eye::looking([0.0, 3.0, -10.0], [0.0, 1.0, 0.0], 0.0, 800.0, (720.0, 1280.0))
    }

    #[test]
    fn the_target_is_in_the_middle_and_right_is_right() {
        let (row, column, depth) = eye().project([0.0, 1.0, 0.0]);
        assert!((row - 360.0).abs() < 1e-3 && (column - 640.0).abs() < 1e-3);
        assert!((depth - 104.0_f32.sqrt()).abs() < 1e-4);
        assert!(eye().project([1.0, 1.0, 0.0]).1 > 640.0);
        assert!(eye().project([0.0, 2.0, 0.0]).0 < 360.0, "up is towards the first row");
    }

    #[test]
    fn a_ray_goes_through_the_point_that_was_projected() {
        let (eye, point) = (eye(), [1.3, 0.4, 2.0]);
        let (row, column, depth) = eye.project(point);
        let back = add(eye.position, scale(eye.ray(row, column), depth));
        assert!((0..3).all(|i| (back[i] - point[i]).abs() < 1e-3), "{back:?}");
    }

    #[test]
    fn an_exact_detector_keeps_the_whole_person_in_the_window() {
        let person = [[0.3, 0.0, 0.0], [-0.3, 0.0, 0.0], [0.0, 1.8, 0.0]];
        for seed in 0..40 {
            let exact = Detector { jitter: 0.0, truncation: 0.0 };
            let crop = Crop::around(&eye(), &person, exact, &mut rng(seed, "crop", 0));
            for point in person {
                let (row, column, _) = eye().project(point);
                assert!(row >= crop.top && row <= crop.top + crop.height);
                assert!(column >= crop.left && column <= crop.left + crop.width);
            }
            assert!(crop.raster.0 <= 128 && crop.raster.1 <= 80);
        }
    }
}

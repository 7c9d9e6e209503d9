//! Rotation, scale, shift and a slight distortion of the whole picture.

use super::dice::Dice;
use super::field::{Pixels, smooth_noise};
use aio_types::PictureSize;
use rand_chacha::ChaCha8Rng;

/// Largest rotation in radians, range of the scales, and largest shift as a part of the side.
const ROTATION: f32 = 0.1;
const SCALE: (f32, f32) = (0.75, 1.15);
const SHIFT: f32 = 0.08;

/// Largest displacement of a drawing's parts, as a part of its width.
const DISTORTION: f32 = 0.03;

/// Where the pixels of the new picture are in the old one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Affine {
    /// Rotation in radians, anticlockwise as y points down.
    pub(super) angle: f32,
    /// Scales of height and width; above 1 the content becomes larger.
    pub(super) scale: [f32; 2],
    /// Shifts down and right in pixels.
    pub(super) shift: [f32; 2],
}

impl Affine {
    pub(super) fn sample(size: PictureSize, dice: &mut Dice) -> Self {
        let angle = dice.around(0.0, (-ROTATION, ROTATION));
        let scale = [(); 2].map(|()| dice.around(1.0, SCALE));
        let shift = [size.height, size.width].map(|side| {
            let most = SHIFT * side as f32;
            dice.around(0.0, (-most, most))
        });
        Self { angle, scale, shift }
    }

    /// The place in the old picture of a place in the new one; both are turned, by the angle of this sine and cosine, and scaled about the middle.
    fn source(
        &self,
        (sine, cosine): (f32, f32),
        size: PictureSize,
        [y, x]: [f32; 2],
    ) -> (f32, f32) {
        let middle = [size.height, size.width].map(|side| (side - 1) as f32 / 2.0);
        let down = y - middle[0] - self.shift[0];
        let right = x - middle[1] - self.shift[1];
        let turned = [cosine * down + sine * right, cosine * right - sine * down];
        (middle[0] + turned[0] / self.scale[0], middle[1] + turned[1] / self.scale[1])
    }

    /// The picture after the map and, with `distortion` above 0, a smooth random displacement of so many pixels at most about.
    pub(super) fn apply(&self, pixels: &Pixels, distortion: f32, rng: &mut ChaCha8Rng) -> Pixels {
        let size = pixels.size;
        let field = (distortion > 0.0).then(|| smooth_noise(size, 3, rng));
        let turn = self.angle.sin_cos();
        let mut values = Vec::with_capacity(pixels.values.len());
        for y in 0..size.height {
            for x in 0..size.width {
                let (mut from_y, mut from_x) = self.source(turn, size, [y as f32, x as f32]);
                if let Some(field) = &field {
                    let [down, right, _] = field.values[y * size.width + x];
                    from_y += distortion * down;
                    from_x += distortion * right;
                }
                values.push(pixels.at(from_y, from_x));
            }
        }
        Pixels { size, values }
    }
}

/// How far the parts of a drawing are displaced, in pixels.
pub(super) fn distortion(size: PictureSize, dice: &mut Dice) -> f32 {
    dice.around(0.0, (0.0, DISTORTION * size.width as f32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_types::rng;

    fn with_one_point(y: usize, x: usize) -> Pixels {
        let size = PictureSize { height: 41, width: 21 };
        let mut values = vec![[0.0; 3]; 41 * 21];
        values[y * 21 + x] = [200.0; 3];
        Pixels { size, values }
    }

    fn brightest(pixels: &Pixels) -> (usize, usize) {
        let best = (0..pixels.values.len())
            .max_by(|a, b| pixels.values[*a][0].total_cmp(&pixels.values[*b][0]));
        let best = best.expect("there are pixels");
        (best / pixels.size.width, best % pixels.size.width)
    }

    #[test]
    fn the_identity_leaves_the_picture_and_a_shift_moves_it() {
        let picture = with_one_point(7, 3);
        let still = Affine { angle: 0.0, scale: [1.0; 2], shift: [0.0; 2] };
        let rng = &mut rng(0, "test", 0);
        assert_eq!(still.apply(&picture, 0.0, rng), picture);
        let moved = Affine { shift: [2.0, -1.0], ..still }.apply(&picture, 0.0, rng);
        assert_eq!(moved, with_one_point(9, 2));
    }

    #[test]
    fn rotation_and_scale_move_points_as_computed_by_hand() {
        let rng = &mut rng(0, "test", 0);
        // 15 pixels above the middle (20, 10). The inverse of a turn by 0.1 with y down moves it by 15·sin 0.1 = 1.5 across.
        let turn = Affine { angle: 0.1, scale: [1.0; 2], shift: [0.0; 2] };
        let (y, x) = brightest(&turn.apply(&with_one_point(5, 10), 0.0, rng));
        assert!((y, x) == (5, 8) || (y, x) == (5, 9), "({y}, {x})");
        // 10 pixels below the middle, which become 8.
        let smaller = Affine { angle: 0.0, scale: [0.8, 1.0], shift: [0.0; 2] };
        assert_eq!(brightest(&smaller.apply(&with_one_point(30, 10), 0.0, rng)), (28, 10));
    }
}

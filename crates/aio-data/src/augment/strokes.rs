//! Another pencil and another paper for a drawing.

use super::dice::Dice;
use super::field::Pixels;
use aio_types::PictureSize;
use rand::RngExt;

/// Probability that strokes become thicker or thinner.
const OTHER_WIDTH: f64 = 0.5;

/// Largest share of the darkest, and of the brightest neighbour. A line of one pixel vanishes in its brightest neighbours.
const THICKER: f32 = 1.0;
const THINNER: f32 = 0.6;

/// Range of the factor of darkness, and darkest paper.
const DARKNESS: (f32, f32) = (0.6, 1.5);
const PAPER: (f32, f32) = (0.85, 1.0);

/// Changes the strokes' width and darkness and the paper's tone.
pub(super) fn redraw(pixels: &mut Pixels, dice: &mut Dice) {
    if dice.happens(OTHER_WIDTH) {
        let thicker = dice.rng.random_bool(0.5);
        let most = if thicker { THICKER } else { THINNER };
        let share = dice.around(0.0, (0.0, most));
        let extreme = neighbours(pixels, if thicker { f32::min } else { f32::max });
        for (pixel, other) in pixels.values.iter_mut().zip(extreme) {
            *pixel = std::array::from_fn(|i| pixel[i] + share * (other[i] - pixel[i]));
        }
    }
    let darkness = dice.around(1.0, DARKNESS);
    let tone = dice.around(1.0, PAPER);
    let tint = [(); 3].map(|()| tone * dice.around(1.0, (0.97, 1.0)));
    for pixel in &mut pixels.values {
        *pixel =
            std::array::from_fn(|i| (255.0 - (255.0 - pixel[i]) * darkness).max(0.0) * tint[i]);
    }
}

/// The darkest or brightest value of each pixel and its four neighbours, per channel.
fn neighbours(pixels: &Pixels, extreme: fn(f32, f32) -> f32) -> Vec<[f32; 3]> {
    let PictureSize { height, width } = pixels.size;
    let at = |y: usize, x: usize| pixels.values[y * width + x];
    let mut found = Vec::with_capacity(pixels.values.len());
    for y in 0..height {
        for x in 0..width {
            let beside = [
                at(y.saturating_sub(1), x),
                at((y + 1).min(height - 1), x),
                at(y, x.saturating_sub(1)),
                at(y, (x + 1).min(width - 1)),
            ];
            let start = at(y, x);
            found.push(
                beside.iter().fold(start, |a, b| std::array::from_fn(|i| extreme(a[i], b[i]))),
            );
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_darkest_neighbour_widens_a_stroke_and_the_brightest_removes_it() {
        let size = PictureSize { height: 3, width: 5 };
        let mut values = vec![[255.0; 3]; 15];
        (0..3).for_each(|y| values[5 * y + 2] = [0.0; 3]);
        let line = Pixels { size, values };
        let row = |found: Vec<[f32; 3]>| found[5..10].iter().map(|p| p[0]).collect::<Vec<_>>();
        assert_eq!(row(neighbours(&line, f32::min)), [255.0, 0.0, 0.0, 0.0, 255.0]);
        assert_eq!(row(neighbours(&line, f32::max)), [255.0; 5]);
    }
}

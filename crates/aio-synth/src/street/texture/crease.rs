//! Creases of cloth that are too fine for a surface: they turn its normal.

use super::Piece;
use crate::street::person::Fabric;
use crate::street::scene::noise::cell;

/// Depth of creases of a fabric against those of cotton.
pub(in crate::street) fn creases(fabric: Fabric) -> f32 {
    match fabric {
        Fabric::Cotton => 1.0,
        Fabric::Knit => 0.6,
        Fabric::Denim | Fabric::Leather => 0.9,
        Fabric::Nylon => 1.15,
        Fabric::Padded => 0.5,
    }
}

/// Slope along x and y of noise of period 1, and the value.
fn noise(x: f32, y: f32, seed: u32) -> (f32, [f32; 2]) {
    let floor = |t: f32| t as i32 - i32::from(t < t as i32 as f32);
    let (i, j) = (floor(x), floor(y));
    let (fx, fy) = (x - i as f32, y - j as f32);
    let (sx, sy) = (fx * fx * (3.0 - 2.0 * fx), fy * fy * (3.0 - 2.0 * fy));
    let (dx, dy) = (6.0 * fx * (1.0 - fx), 6.0 * fy * (1.0 - fy));
    let (a, b) = (cell(i, j, seed), cell(i + 1, j, seed));
    let (c, d) = (cell(i, j + 1, seed), cell(i + 1, j + 1, seed));
    let (upper, lower) = (a + sx * (b - a), c + sx * (d - c));
    let along = (b - a) + sy * ((d - c) - (b - a));
    (upper + sy * (lower - upper), [dx * along, dy * (lower - upper)])
}

/// Slope along u and v of ridges with sharp tops and wide valleys: 1 at the top and 0 between them. Rows of `axes` are
/// the directions across and along the ridges, in ridges per metre.
fn ridges([u, v]: [f32; 2], axes: [[f32; 2]; 2], seed: u32) -> [f32; 2] {
    let [x, y] = axes.map(|axis| axis[0] * u + axis[1] * v);
    let (value, slope) = noise(x, y, seed);
    let side = if value > 0.5 { -2.0 } else { 2.0 };
    [0, 1].map(|k| side * (slope[0] * axes[0][k] + slope[1] * axes[1][k]))
}

/// Slope along `u` and `v` of creases of loose cotton.
pub(in crate::street) fn slope(seed: u32, piece: Piece, at: [f32; 2]) -> [f32; 2] {
    let [u, v] = at;
    let near = |value: f32, middle: f32, width: f32| {
        let t = (value - middle) / width;
        1.0 / (1.0 + t * t)
    };
    let mut sum = [0.0; 2];
    // Adds ridges of a height in metres.
    let mut fold = |height: f32, axes: [[f32; 2]; 2], salt: u32| {
        let slope = ridges(at, axes, seed ^ salt);
        (0..2).for_each(|k| sum[k] += height * slope[k]);
    };
    match piece {
        Piece::Trunk { .. } => {
            // Cloth is dragged from the shoulders and the sides, and piles up at the waist. Both sides meet smoothly
            // at the back.
            let seam = ((0.487 - u.abs()) / 0.06).clamp(0.0, 1.0);
            let drag = 0.007 * (0.5 + near(u.abs(), 0.27, 0.08));
            fold(seam * drag, [[6.0, 4.5], [-2.5 * u.signum(), 5.0]], 0x11);
            fold(seam * 0.0035 * (0.4 + near(v, 0.38, 0.1)), [[4.0, 1.5], [2.0, 15.0]], 0x22);
        }
        Piece::Sleeve => {
            let bent = 0.45 + near(v, 0.32, 0.07) + 0.6 * near(v, 0.56, 0.05);
            fold(0.0038 * bent, [[7.0, 2.0], [-5.0, 21.0]], 0x33);
            fold(0.0018, [[15.0, 0.0], [0.0, 4.0]], 0x44);
        }
        Piece::Leg(side) => {
            let bent = 0.35 + near(v, 0.46, 0.08) + 1.1 * near(v, 0.84, 0.07);
            fold(0.0042 * bent, [[6.0, 3.0 * side], [4.0 * side, 17.0]], 0x55);
            fold(0.003, [[11.0, 0.0], [0.0, 3.0]], 0x66);
            let crotch = near(v, 0.02, 0.10);
            if crotch > 0.1 {
                fold(0.004 * crotch, [[-8.0 * side, 12.0], [5.0, 0.0]], 0x77);
            }
        }
        Piece::Skirt => {
            let seam = ((0.487 - u.abs()) / 0.06).clamp(0.0, 1.0);
            let hang = (v - 0.25).clamp(0.1, 0.6);
            fold(seam * 0.008 * hang, [[9.0, 0.0], [0.0, 1.2]], 0x88);
        }
        Piece::Trim => fold(0.002, [[9.0, 0.0], [0.0, 14.0]], 0x99),
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_of_the_noise() {
        for k in 0..200 {
            let (x, y) = (0.137 * k as f32 - 9.0, 0.071 * k as f32);
            let (here, slope) = noise(x, y, 5);
            assert!((here - crate::street::scene::noise::noise(x, y, 5)).abs() < 1e-5);
            let step = 0.002;
            let (right, down) = (noise(x + step, y, 5).0, noise(x, y + step, 5).0);
            assert!(((right - here) / step - slope[0]).abs() < 0.02, "{k}");
            assert!(((down - here) / step - slope[1]).abs() < 0.02, "{k}");
        }
    }

    #[test]
    fn creases_are_slopes_of_cloth_and_not_spikes() {
        let trunk = Piece::Trunk { opens: false };
        for piece in [trunk, Piece::Sleeve, Piece::Leg(1.0), Piece::Skirt, Piece::Trim] {
            let at = |k: i32| [0.0131 * (k % 40) as f32 - 0.26, 0.0173 * (k / 40) as f32];
            let all: Vec<f32> =
                (0..2000).map(|k| slope(9, piece, at(k))).map(|[a, b]| a.hypot(b)).collect();
            let mean = all.iter().sum::<f32>() / 2000.0;
            assert!((0.01..0.35).contains(&mean), "{piece:?} {mean}");
            assert!(all.iter().all(|s| *s < 1.2), "{piece:?}");
        }
    }
}

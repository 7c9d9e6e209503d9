//! Creases of cloth that are too fine for a surface: they turn its normal.

use super::Piece;
use crate::street::person::Fabric;
use crate::street::scene::noise::noise;

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

/// Height of the cloth in metres at `u` around and `v` along a piece.
fn height(seed: u32, piece: Piece, u: f32, v: f32) -> f32 {
    // Ridges are sharp and valleys wide.
    let ridge = |x: f32, y: f32, salt: u32| 1.0 - (2.0 * noise(x, y, seed ^ salt) - 1.0).abs();
    let near = |value: f32, middle: f32, width: f32| {
        let t = (value - middle) / width;
        1.0 / (1.0 + t * t)
    };
    match piece {
        Piece::Trunk { .. } => {
            // Cloth is dragged from the shoulders and the sides, and piles up at the waist.
            let drag = ridge(u * 6.0 + 4.5 * v, v * 5.0 - 2.5 * u.abs(), 0x11);
            let pile = ridge(u * 4.0 + 1.5 * v, v * 15.0 + 2.0 * u, 0x22);
            0.007 * drag * (0.5 + near(u.abs(), 0.27, 0.08))
                + 0.0035 * pile * (0.4 + near(v, 0.38, 0.1))
        }
        Piece::Sleeve => {
            let ring = ridge(u * 7.0 + 2.0 * v, v * 21.0 - 5.0 * u, 0x33);
            let long = ridge(u * 15.0, v * 4.0, 0x44);
            let where_bent = 0.45 + near(v, 0.32, 0.07) + 0.6 * near(v, 0.56, 0.05);
            0.0038 * ring * where_bent + 0.0018 * long
        }
        Piece::Leg(side) => {
            let ring = ridge(u * 6.0 + 3.0 * side * v, v * 17.0 + 4.0 * side * u, 0x55);
            let long = ridge(u * 11.0, v * 3.0, 0x66);
            let drag = ridge(v * 12.0 - 8.0 * side * u, u * 5.0, 0x77);
            0.0042 * ring * (0.35 + near(v, 0.46, 0.08) + 1.1 * near(v, 0.84, 0.07))
                + 0.003 * long
                + 0.004 * drag * near(v, 0.02, 0.10)
        }
        Piece::Skirt => 0.008 * ridge(u * 9.0, v * 1.2, 0x88) * (v - 0.25).clamp(0.1, 0.6),
        Piece::Trim => 0.002 * ridge(u * 9.0, v * 14.0, 0x99),
    }
}

/// Slope along `u` and `v` of creases of loose cotton.
pub(in crate::street) fn slope(seed: u32, piece: Piece, [u, v]: [f32; 2]) -> [f32; 2] {
    let step = 0.004;
    let here = height(seed, piece, u, v);
    [
        (height(seed, piece, u + step, v) - here) / step,
        (height(seed, piece, u, v + step) - here) / step,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

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

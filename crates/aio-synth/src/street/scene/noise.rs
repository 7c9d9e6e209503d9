//! Value noise: the texture of everything that is neither tiled nor painted.

/// A well-mixed hash of a lattice point.
#[must_use]
pub(in crate::street) fn hash(x: i32, y: i32, seed: u32) -> u32 {
    let mut h = (x as u32).wrapping_mul(0x9E37_79B1)
        ^ (y as u32).wrapping_mul(0x85EB_CA77)
        ^ seed.wrapping_mul(0xC2B2_AE3D);
    h = (h ^ (h >> 15)).wrapping_mul(0x2C1B_3C6D);
    h = (h ^ (h >> 12)).wrapping_mul(0x297A_2D39);
    h ^ (h >> 15)
}

/// A value in 0..1 that belongs to a lattice point.
#[must_use]
pub(in crate::street) fn cell(x: i32, y: i32, seed: u32) -> f32 {
    (hash(x, y, seed) >> 8) as f32 / 16_777_216.0
}

/// Smooth noise of period 1 in 0..1.
#[must_use]
pub(in crate::street) fn noise(u: f32, v: f32, seed: u32) -> f32 {
    // The floor of small numbers without a call of a library.
    let floor = |t: f32| t as i32 - i32::from(t < t as i32 as f32);
    let (i, j) = (floor(u), floor(v));
    let (fx, fy) = (u - i as f32, v - j as f32);
    let (sx, sy) = (fx * fx * (3.0 - 2.0 * fx), fy * fy * (3.0 - 2.0 * fy));
    let upper = cell(i, j, seed) + sx * (cell(i + 1, j, seed) - cell(i, j, seed));
    let lower = cell(i, j + 1, seed) + sx * (cell(i + 1, j + 1, seed) - cell(i, j + 1, seed));
    upper + sy * (lower - upper)
}

/// Noise of several scales around zero, of periods `period`, `period / 2`, …; what is finer than `footprint`, the
/// size of a sample, fades out. Amplitudes halve.
#[must_use]
pub(in crate::street) fn rough(
    u: f32,
    v: f32,
    period: f32,
    octaves: u32,
    footprint: f32,
    seed: u32,
) -> f32 {
    let (mut sum, mut amplitude, mut frequency) = (0.0, 1.0, 1.0 / period);
    for octave in 0..octaves {
        let seen = fade(1.0 / frequency, footprint);
        if seen <= 0.0 {
            break;
        }
        let value = noise(u * frequency, v * frequency, seed.wrapping_add(octave)) - 0.5;
        sum += seen * amplitude * value;
        amplitude *= 0.5;
        frequency *= 2.03;
    }
    sum
}

/// How much of a pattern of `period` survives samples of size `footprint`: 1 for fine samples, 0 from half a period.
#[must_use]
pub(in crate::street) fn fade(period: f32, footprint: f32) -> f32 {
    (2.0 - 4.0 * footprint / period).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_the_lattice_value_at_a_lattice_point_and_between_its_neighbours() {
        assert_eq!(noise(3.0, -2.0, 7), cell(3, -2, 7));
        let (a, b) = (cell(3, -2, 7), cell(4, -2, 7));
        let middle = noise(3.5, -2.0, 7);
        assert!((middle - 0.5 * (a + b)).abs() < 1e-6);
    }

    #[test]
    fn lattice_values_are_spread_evenly() {
        let mean = (0..10_000).map(|i| cell(i % 100, i / 100, 5)).sum::<f32>() / 10_000.0;
        // The standard error of 10 000 uniform values is 0.0029.
        assert!((mean - 0.5).abs() < 0.012, "{mean}");
    }

    #[test]
    fn what_is_finer_than_a_sample_disappears() {
        assert_eq!(rough(0.3, 0.8, 0.1, 4, 0.2, 1), 0.0);
        assert_ne!(rough(0.3, 0.8, 0.1, 4, 0.01, 1), 0.0);
    }
}

//! From light to electrons: exposure, shot noise and read noise.

use super::film::Film;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Noise of a sensor, in units of its full well: variance `shot · x + read²` at the linear value `x`.
///
/// Foi et al., "Practical Poissonian–Gaussian noise modeling and fitting for single-image raw-data", 2008.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Variance per unit of light.
    pub shot: f32,
    /// Standard deviation in the dark.
    pub read: f32,
}

impl Noise {
    /// The noise after amplification by `gain`: the same scene with a `gain`-th of the light.
    #[must_use]
    pub fn amplified(self, gain: f32) -> Self {
        Self { shot: self.shot * gain, read: self.read * gain }
    }
}

/// Scales linear light by 2^`stops`.
pub fn expose<const C: usize>(film: &mut Film<C>, stops: f32) {
    let factor = stops.exp2();
    film.each(|pixel| pixel.iter_mut().for_each(|v| *v *= factor));
}

/// Adds independent noise to every value; what the well cannot hold is lost, and what is below zero stays for the
/// tone curve to cut.
pub fn add_noise<const C: usize>(film: &mut Film<C>, noise: Noise, rng: &mut ChaCha8Rng) {
    let read = noise.read * noise.read;
    film.each(|pixel| {
        for value in pixel.iter_mut() {
            let deviation = (noise.shot * value.max(0.0) + read).sqrt();
            *value = (*value + deviation * normal(rng)).min(1.0);
        }
    });
}

/// A roughly normal variate: the sum of four uniform bytes, centred and scaled to unit variance.
pub(in crate::street) fn normal(rng: &mut ChaCha8Rng) -> f32 {
    let word = rng.next_u32();
    let pairs = (word & 0x00FF_00FF) + ((word >> 8) & 0x00FF_00FF);
    let sum = (pairs & 0xFFFF) + (pairs >> 16);
    // Four uniform bytes have the mean 510 and the variance 4 · (256² − 1) / 12 = 21845.
    (sum as f32 - 510.0) / 147.801
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_types::rng;

    #[test]
    fn a_stop_doubles_the_light() {
        let mut film = Film::filled(1, 1, [0.1, 0.2, 0.4]);
        expose(&mut film, 1.0);
        assert_eq!(film.pixels[0], [0.2, 0.4, 0.8]);
        expose(&mut film, -2.0);
        assert_eq!(film.pixels[0], [0.05, 0.1, 0.2]);
    }

    #[test]
    fn noise_has_the_variance_of_the_model_and_no_bias() {
        let noise = Noise { shot: 0.004, read: 0.01 };
        for (level, gain) in [(0.05_f32, 1.0_f32), (0.25, 1.0), (0.25, 2.0)] {
            let mut film = Film::filled(200, 200, [level]);
            add_noise(&mut film, noise.amplified(gain), &mut rng(3, "noise", 0));
            let mean = film.mean()[0];
            let variance = film.pixels.iter().map(|p| (p[0] - level).powi(2)).sum::<f32>()
                / film.pixels.len() as f32;
            let expected = 0.004 * gain * level + (0.01 * gain).powi(2);
            assert!((mean - level).abs() < 4.0 * (expected / 40_000.0).sqrt(), "{mean}");
            assert!((variance / expected - 1.0).abs() < 0.04, "{variance} for {expected}");
        }
    }
}

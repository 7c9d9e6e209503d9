//! Random choices that depend on the strength of the randomisation.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A random stream, and how strongly a picture is changed: from 0, not at all, to 1.
pub(super) struct Dice<'a> {
    pub(super) strength: f32,
    pub(super) rng: &'a mut ChaCha8Rng,
}

impl Dice<'_> {
    /// Whether something happens whose probability is `probability` at full strength.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.rng.random_bool(probability * f64::from(self.strength))
    }

    /// A number of the uniform distribution over a range that shrinks to `still` with the strength.
    pub(super) fn around(&mut self, still: f32, (low, high): (f32, f32)) -> f32 {
        let value = low + (high - low) * self.rng.random::<f32>();
        still + (value - still) * self.strength
    }
}

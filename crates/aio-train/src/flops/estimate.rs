//! Floating-point operations of a training step by part.

use std::fmt;
use std::ops::{Add, Mul};

/// Floating-point operations of an optimiser step by part. A multiplication and an addition are two.
///
/// Matrix products and convolutions count; what is linear in the numbers that it changes does not.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct FlopEstimate {
    /// Image stems, forward and backward.
    pub(crate) stems: f64,
    /// The text tokenizer or the text tower, forward and backward.
    pub(crate) text: f64,
    /// The encoder's forward passes.
    pub(crate) encoder_forward: f64,
    /// The encoder's backward passes: to its inputs, to its weights if they learn, and what is computed again.
    pub(crate) encoder_backward: f64,
    /// The output projection, the mixer, heads and losses, forward and backward.
    pub(crate) heads: f64,
}

impl FlopEstimate {
    /// All of it.
    pub(crate) fn total(&self) -> f64 {
        self.stems + self.text + self.encoder_forward + self.encoder_backward + self.heads
    }
}

impl Mul<f64> for FlopEstimate {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        Self {
            stems: self.stems * factor,
            text: self.text * factor,
            encoder_forward: self.encoder_forward * factor,
            encoder_backward: self.encoder_backward * factor,
            heads: self.heads * factor,
        }
    }
}

impl Add for FlopEstimate {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            stems: self.stems + other.stems,
            text: self.text + other.text,
            encoder_forward: self.encoder_forward + other.encoder_forward,
            encoder_backward: self.encoder_backward + other.encoder_backward,
            heads: self.heads + other.heads,
        }
    }
}

/// A number of operations with the prefix that leaves one to three digits before the point.
pub(crate) fn operations(number: f64) -> String {
    let prefixes = [(1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    match prefixes.into_iter().find(|(size, _)| number >= *size) {
        Some((size, prefix)) => format!("{:.1} {prefix}FLOP", number / size),
        None => format!("{number:.0} FLOP"),
    }
}

impl fmt::Display for FlopEstimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stems, text, encoder_forward, encoder_backward, heads } = *self;
        let parts = [
            ("stems", stems),
            ("text", text),
            ("encoder forward", encoder_forward),
            ("encoder backward", encoder_backward),
            ("heads", heads),
        ];
        let share = |part: f64| 100.0 * part / self.total().max(1.0);
        let listed: Vec<String> =
            parts.iter().map(|(name, part)| format!("{name} {:.0} %", share(*part))).collect();
        write!(f, "about {} per step ({})", operations(self.total()), listed.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_shown_as_shares_of_the_whole() {
        let estimate = FlopEstimate {
            stems: 1e9,
            text: 0.0,
            encoder_forward: 1e9,
            encoder_backward: 1.5e9,
            heads: 0.5e9,
        };
        assert_eq!(
            estimate.to_string(),
            "about 4.0 GFLOP per step (stems 25 %, text 0 %, encoder forward 25 %, encoder backward 38 %, heads 12 %)"
        );
        assert_eq!((estimate + estimate * 0.5).total(), 6e9);
        let shown = [999.0, 1.25e3, 2e13, 3.04e18].map(operations);
        assert_eq!(shown, ["999 FLOP", "1.2 kFLOP", "20.0 TFLOP", "3.0 EFLOP"]);
    }
}

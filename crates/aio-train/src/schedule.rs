//! Learning-rate schedule: linear warm-up, then a cosine to a fraction of the base rate.

/// A schedule over a known number of optimiser steps; the rate is a pure function of the step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WarmupCosine {
    /// Rate at the end of the warm-up.
    pub base: f64,
    /// Steps of the warm-up.
    pub warmup: usize,
    /// Steps in all.
    pub steps: usize,
    /// Fraction of the base rate at the last step.
    pub floor: f64,
}

impl WarmupCosine {
    /// The rate of `step`, counted from 0.
    #[must_use]
    pub fn at(&self, step: usize) -> f64 {
        if step < self.warmup {
            return self.base * (step + 1) as f64 / self.warmup as f64;
        }
        let length = (self.steps.saturating_sub(self.warmup)).max(1) as f64;
        let progress = ((step - self.warmup) as f64 / length).min(1.0);
        let cosine = 0.5 * (1.0 + (std::f64::consts::PI * progress).cos());
        self.base * (self.floor + (1.0 - self.floor) * cosine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_linearly_and_falls_as_a_cosine() {
        let schedule = WarmupCosine { base: 1.0, warmup: 4, steps: 12, floor: 0.1 };
        assert_eq!((0..4).map(|s| schedule.at(s)).collect::<Vec<_>>(), [0.25, 0.5, 0.75, 1.0]);
        assert!((schedule.at(4) - 1.0).abs() < 1e-12);
        assert!((schedule.at(8) - 0.55).abs() < 1e-12, "half way: the mean of 1 and 0.1");
        assert!((schedule.at(12) - 0.1).abs() < 1e-12);
    }
}

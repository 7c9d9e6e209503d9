//! Learning-rate schedule: linear warm-up, then a cosine to a fraction of the peak rate.

/// A schedule over a known number of optimiser steps. The rate is a pure function of the step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct WarmupCosine {
    /// Rate at the end of the warm-up.
    pub(crate) peak: f64,
    /// Steps of the warm-up.
    pub(crate) warmup_steps: usize,
    /// Steps in all.
    pub(crate) steps: usize,
    /// Fraction of the peak rate that the cosine reaches one step after the last.
    pub(crate) min_lr_ratio: f64,
}

impl WarmupCosine {
    /// The rate of `step`, counted from 0.
    pub(crate) fn at(&self, step: usize) -> f64 {
        if step < self.warmup_steps {
            return self.peak * (step + 1) as f64 / self.warmup_steps as f64;
        }
        let length = (self.steps.saturating_sub(self.warmup_steps)).max(1) as f64;
        let progress = ((step - self.warmup_steps) as f64 / length).min(1.0);
        let cosine = 0.5 * (1.0 + (std::f64::consts::PI * progress).cos());
        self.peak * (self.min_lr_ratio + (1.0 - self.min_lr_ratio) * cosine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_linearly_and_falls_as_a_cosine() {
        let schedule = WarmupCosine { peak: 1.0, warmup_steps: 4, steps: 12, min_lr_ratio: 0.1 };
        assert_eq!((0..4).map(|s| schedule.at(s)).collect::<Vec<_>>(), [0.25, 0.5, 0.75, 1.0]);
        assert!((schedule.at(4) - 1.0).abs() < 1e-12);
        assert!((schedule.at(8) - 0.55).abs() < 1e-12, "half way: the mean of 1 and 0.1");
        assert!((schedule.at(12) - 0.1).abs() < 1e-12);
    }
}

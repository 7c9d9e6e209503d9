//! Features of 64 bits, which are compared in 32.

use std::cell::Cell;
use std::path::Path;

/// Counts the float64 values that float32 cannot hold.
#[derive(Default)]
pub(super) struct Doubles {
    vanished: Cell<usize>,
    overflown: Cell<usize>,
}

impl Doubles {
    /// The value in 32 bits.
    pub(super) fn narrowed(&self, value: f64) -> f32 {
        let narrow = value as f32;
        if narrow == 0.0 && value != 0.0 {
            self.vanished.set(self.vanished.get() + 1);
        }
        if narrow.is_infinite() && value.is_finite() {
            self.overflown.set(self.overflown.get() + 1);
        }
        narrow
    }

    /// Says how many of the file's values became 0, and how many infinite, which the features may not be.
    pub(super) fn warn(&self, path: &Path, all: usize) {
        let (vanished, overflown) = (self.vanished.get(), self.overflown.get());
        if overflown > 0 {
            log::warn!(
                "{}: {overflown} of {all} values are larger than 32-bit floating point can hold and become infinite; scale the features before they are saved",
                path.display()
            );
        }
        if vanished > 0 {
            log::warn!(
                "{}: {vanished} of {all} values are smaller than 32-bit floating point can hold and count as 0; scale the features before they are saved",
                path.display()
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_vanish_or_overflow_in_32_bits_are_counted() {
        let doubles = Doubles::default();
        let narrowed = [1e-60, -1e-60, 0.0, 1e-30, 2.5].map(|value| doubles.narrowed(value));
        assert_eq!(narrowed, [0.0, 0.0, 0.0, 1e-30, 2.5]);
        assert_eq!((doubles.vanished.get(), doubles.overflown.get()), (2, 0));
        let narrowed = [1e60, f64::NEG_INFINITY, 1e30].map(|value| doubles.narrowed(value));
        assert_eq!(narrowed, [f32::INFINITY, f32::NEG_INFINITY, 1e30]);
        assert_eq!((doubles.vanished.get(), doubles.overflown.get()), (2, 1));
    }
}

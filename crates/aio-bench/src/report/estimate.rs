use polars::prelude::{ChunkAgg, ChunkVar, Float64Chunked, NewChunkedArray};
use std::fmt;

/// Mean and, of several values, sample standard deviation (over n − 1), in percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Estimate {
    pub(super) mean: f64,
    /// `None` of one value.
    pub(super) deviation: Option<f64>,
}

impl Estimate {
    /// `None` of no value.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        Self::of_column(&Float64Chunked::from_slice("value".into(), values))
    }

    /// `None` of an empty column.
    pub(super) fn of_column(values: &Float64Chunked) -> Option<Self> {
        let deviation = if values.len() > 1 { values.std(1) } else { None };
        Some(Self { mean: values.mean()?, deviation })
    }

    /// A value without a deviation.
    pub(super) fn single(mean: f64) -> Self {
        Self { mean, deviation: None }
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}", self.mean)?;
        match self.deviation {
            Some(deviation) => write!(f, " ± {deviation:.1}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviations_are_over_n_minus_one_and_need_two_values() {
        let estimate = Estimate::of(&[96.0, 97.0, 98.5]).expect("values");
        assert!((estimate.mean - 97.166_666_666_666_67).abs() < 1e-12);
        // √((1.1667² + 0.1667² + 1.3333²) / 2)
        assert!(
            (estimate.deviation.expect("three values") - 1.258_305_739_211_791_7).abs() < 1e-12
        );
        assert_eq!(estimate.to_string(), "97.2 ± 1.3");
        assert_eq!(Estimate::of(&[50.04]).expect("a value").to_string(), "50.0");
        assert_eq!(Estimate::of(&[]), None);
    }
}

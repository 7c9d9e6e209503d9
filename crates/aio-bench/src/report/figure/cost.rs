//! Costs against a size, with both axes logarithmic: a straight line of slope `s` is a cost that grows as the size to the power of `s`.

use super::{Figure, Line, LineChart, Point, Scale};
use crate::report::palette::COLOURS;
use serde::{Deserialize, Serialize};

/// A measured cost at several sizes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostCurve {
    /// What was measured.
    pub name: String,
    /// Sizes, ascending, and the cost at each; all above zero.
    pub points: Vec<(f64, f64)>,
}

impl CostCurve {
    /// The slope between neighbouring points on logarithmic axes: 0 where the cost does not depend on the size, 1 where it is proportional.
    #[must_use]
    pub fn slopes(&self) -> Vec<f64> {
        let slope = |pair: &[Point]| (pair[1].1 / pair[0].1).ln() / (pair[1].0 / pair[0].0).ln();
        self.points.windows(2).map(slope).collect()
    }

    /// The slope of the line of least squares through all points on logarithmic axes; `None` with fewer than two sizes.
    #[must_use]
    pub fn slope(&self) -> Option<f64> {
        let logarithms = || self.points.iter().map(|(x, y)| (x.ln(), y.ln()));
        let count = self.points.len() as f64;
        let (sum_x, sum_y) = logarithms().fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
        let (mean_x, mean_y) = (sum_x / count, sum_y / count);
        let square: f64 = logarithms().map(|(x, _)| (x - mean_x).powi(2)).sum();
        let product: f64 = logarithms().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
        (square > 0.0).then(|| product / square)
    }
}

/// Curves with their slopes in the key.
pub(in crate::report) fn costs(x: &'static str, y: &'static str, curves: &[CostCurve]) -> Figure {
    let line = |(number, curve): (usize, &CostCurve)| Line {
        name: Some(match curve.slope() {
            Some(slope) => format!("{}: slope {slope:.2}", curve.name),
            None => curve.name.clone(),
        }),
        points: curve.points.clone(),
        dashed: number >= COLOURS.len(),
        colour: number % COLOURS.len(),
    };
    let values = || curves.iter().flat_map(|curve| curve.points.iter().map(|(_, cost)| *cost));
    let (least, most) = (values().fold(f64::MAX, f64::min), values().fold(f64::MIN, f64::max));
    Figure::Lines(LineChart {
        x,
        y,
        lines: curves.iter().enumerate().map(line).collect(),
        heights: (least / 1.5, most * 1.5),
        scale: Scale::Logarithmic,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cost of `3 x²` has the slope 2 everywhere; one of `x` up to 4 and constant from there has 1 and then 0.
    #[test]
    fn slopes_are_the_powers_of_a_cost() {
        let curve = |points: &[Point]| CostCurve { name: String::new(), points: points.to_vec() };
        let square = curve(&[(1.0, 3.0), (2.0, 12.0), (8.0, 192.0)]);
        assert!(square.slopes().iter().all(|slope| (slope - 2.0).abs() < 1e-12));
        assert!(square.slope().is_some_and(|slope| (slope - 2.0).abs() < 1e-12));
        let bent = curve(&[(1.0, 1.0), (4.0, 4.0), (16.0, 4.0)]);
        assert_eq!(bent.slopes(), [1.0, 0.0]);
        assert!(bent.slope().is_some_and(|slope| (slope - 0.5).abs() < 1e-12));
        assert_eq!(curve(&[(1.0, 1.0)]).slope(), None);
    }
}

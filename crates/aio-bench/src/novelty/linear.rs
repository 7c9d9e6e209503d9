//! Small matrices: covariance, Cholesky factor and its inverse.

use serde::{Deserialize, Serialize};

/// A lower triangular matrix, row by row: 1, 2, 3, … values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Triangle(Vec<Vec<f32>>);

impl Triangle {
    pub(super) fn rows(&self) -> usize {
        self.0.len()
    }

    /// The same matrix for vectors whose entries were not divided by `scale` before.
    pub(super) fn dividing_by(self, scale: &[f64]) -> Self {
        let row = |row: Vec<f32>| {
            let scaled = row.iter().zip(scale).map(|(value, by)| (f64::from(*value) / by) as f32);
            scaled.collect()
        };
        Self(self.0.into_iter().map(row).collect())
    }

    /// The length of the product with a vector.
    pub(super) fn length_of(&self, vector: &[f64]) -> f64 {
        let product = self
            .0
            .iter()
            .map(|row| row.iter().zip(vector).map(|(a, b)| f64::from(*a) * b).sum::<f64>());
        product.map(|value| value * value).sum::<f64>().sqrt()
    }
}

/// Mean and covariance of rows, drawn towards a sphere.
pub(super) struct Covariance {
    pub(super) mean: Vec<f64>,
    /// How far it was drawn, from 0 to 1.
    pub(super) shrinkage: f64,
    values: Vec<Vec<f64>>,
}

impl Covariance {
    /// The estimate of Ledoit and Wolf, "A well-conditioned estimator for large-dimensional covariance matrices", Journal of Multivariate
    /// Analysis 88 (2004).
    pub(super) fn of(rows: &[&[f64]]) -> Self {
        let (n, width) = (rows.len() as f64, rows[0].len());
        let mut mean = vec![0.0; width];
        for row in rows {
            mean.iter_mut().zip(*row).for_each(|(sum, value)| *sum += value / n);
        }
        let mut values = vec![vec![0.0; width]; width];
        // The sum of the fourth powers of the lengths.
        let mut fourth = 0.0;
        for row in rows {
            let centred: Vec<f64> = row.iter().zip(&mean).map(|(v, mean)| v - mean).collect();
            fourth += centred.iter().map(|v| v * v).sum::<f64>().powi(2);
            for (line, a) in values.iter_mut().zip(&centred) {
                line.iter_mut().zip(&centred).for_each(|(sum, b)| *sum += a * b / n);
            }
        }
        let sphere = (0..width).map(|i| values[i][i]).sum::<f64>() / width as f64;
        let squares: f64 = values.iter().flatten().map(|v| v * v).sum();
        // |S − m I|² and the mean of |x xᵀ − S|² / n, both divided by the width.
        let distance = (squares - width as f64 * sphere * sphere) / width as f64;
        let error = (fourth / (n * n) - squares / n) / width as f64;
        let shrinkage = if distance > 0.0 { (error / distance).clamp(0.0, 1.0) } else { 1.0 };
        for (i, line) in values.iter_mut().enumerate() {
            line.iter_mut().for_each(|value| *value *= 1.0 - shrinkage);
            line[i] += shrinkage * sphere;
        }
        Self { mean, shrinkage, values }
    }

    /// The inverse of its Cholesky factor; none if it is not positive definite.
    pub(super) fn whitening(&self) -> Option<Triangle> {
        let width = self.values.len();
        let mut factor = vec![vec![0.0; width]; width];
        for i in 0..width {
            for j in 0..=i {
                let products: f64 = (0..j).map(|k| factor[i][k] * factor[j][k]).sum();
                let rest = self.values[i][j] - products;
                factor[i][j] = if i == j {
                    if rest <= 0.0 {
                        return None;
                    }
                    rest.sqrt()
                } else {
                    rest / factor[j][j]
                };
            }
        }
        // Column by column: factor · inverse = 1. A column begins at the diagonal.
        let column = |start: usize| {
            let mut values: Vec<f64> = Vec::with_capacity(width - start);
            for (row, line) in factor.iter().enumerate().skip(start) {
                let own = if row == start { 1.0 } else { 0.0 };
                let known: f64 = values.iter().zip(&line[start..]).map(|(v, f)| f * v).sum();
                values.push((own - known) / line[row]);
            }
            values
        };
        let columns: Vec<Vec<f64>> = (0..width).map(column).collect();
        let row = |i: usize| (0..=i).map(|start| columns[start][i - start] as f32).collect();
        Some(Triangle((0..width).map(row).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_covariance_is_that_of_scikit_learn() {
        // sklearn.covariance.LedoitWolf().fit(rows): scripts/golden/novelty.py.
        let rows: Vec<&[f64]> = GOLDEN_ROWS.iter().map(|row| &row[..]).collect();
        let found = Covariance::of(&rows);
        assert!((found.shrinkage - GOLDEN_SHRINKAGE).abs() < 1e-9, "{}", found.shrinkage);
        for (line, expected) in found.values.iter().zip(GOLDEN_COVARIANCE) {
            for (value, expected) in line.iter().zip(expected) {
                assert!((value - expected).abs() < 1e-9, "{value}, expected {expected}");
            }
        }
        let distance = found.whitening().expect("positive definite");
        for (row, expected) in rows.iter().zip(GOLDEN_DISTANCES) {
            let centred: Vec<f64> = row.iter().zip(&found.mean).map(|(v, m)| v - m).collect();
            let length = distance.length_of(&centred);
            assert!(
                (length * length - expected).abs() < 1e-5,
                "{}, expected {expected}",
                length * length
            );
        }
    }
    const GOLDEN_ROWS: [[f64; 3]; 7] = [
        [-0.802, -1.649, -1.124],
        [0.42, 3.272, -0.945],
        [-0.553, -0.57, -0.626],
        [1.635, 1.546, -1.617],
        [-0.958, 4.2, -0.899],
        [-1.732, 0.833, -1.582],
        [-0.629, 0.024, -1.357],
    ];
    const GOLDEN_SHRINKAGE: f64 = 0.32438512365981786;
    const GOLDEN_COVARIANCE: [[f64; 3]; 3] = [
        [1.21446918229, 0.282083081659, -0.0374014880318],
        [0.282083081659, 3.04530853223, 0.039182905216],
        [-0.0374014880318, 0.039182905216, 0.605877673232],
    ];
    const GOLDEN_DISTANCES: [f64; 7] = [
        2.50362168262,
        1.92761341583,
        1.42652561861,
        3.57649714517,
        3.87085525977,
        1.87015848476,
        0.452431149426,
    ];
}

//! Where the vectors of rendered pictures lie, and how far another one is from them.

use super::linear::{Covariance, Triangle};
use super::{Moments, wide};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Mean and covariance of vectors, and how far vectors of another style usually are from them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cloud {
    /// How much of the covariance is that of a sphere, by Ledoit and Wolf, after every column has the variance 1.
    shrinkage: f32,
    /// Mean and standard deviation of the distances of pictures of another style.
    distance: [f32; 2],
    /// The mean vector.
    mean: Vec<f32>,
    /// The inverse of the Cholesky factor of the covariance: it turns a difference from the mean into one whose length is the Mahalanobis distance.
    whitening: Triangle,
}

/// Fewest pictures of a style.
pub(super) const FEWEST_OF_STYLE: usize = 20;

/// Why nothing can be fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    /// The pictures are not of two styles or more.
    OneStyle,
    /// A style has fewer than [`FEWEST_OF_STYLE`] pictures.
    Few { style: usize, pictures: usize },
    /// The pictures do not differ.
    Alike,
    /// The flagged share leaves no threshold above the mean.
    NoThreshold,
}

impl Cloud {
    /// Fits vectors of two styles or more. The distances are those of the vectors of one style to the others, so that a style that was never seen does
    /// not count as far; mean and covariance are those of all. The second value has the distance of every vector, in standard deviations.
    ///
    /// # Errors
    /// What is missing.
    pub(super) fn fit(vectors: &[Vec<f64>], styles: &[usize]) -> Result<(Self, Vec<f64>), Unfit> {
        let different: BTreeSet<usize> = styles.iter().copied().collect();
        if different.len() < 2 {
            return Err(Unfit::OneStyle);
        }
        for style in different.iter().copied() {
            let pictures = styles.iter().filter(|of| **of == style).count();
            if pictures < FEWEST_OF_STYLE {
                return Err(Unfit::Few { style, pictures });
            }
        }
        let scale = deviations(vectors);
        let scaled: Vec<Vec<f64>> = vectors
            .iter()
            .map(|vector| vector.iter().zip(&scale).map(|(value, by)| value / by).collect())
            .collect();
        let of = |wanted: &dyn Fn(usize) -> bool| -> Vec<&[f64]> {
            let chosen = styles.iter().zip(&scaled).filter(|(style, _)| wanted(**style));
            chosen.map(|(_, vector)| &vector[..]).collect()
        };
        let mut distances = vec![0.0; vectors.len()];
        for style in different {
            let covariance = Covariance::of(&of(&|s| s != style));
            let whitening = covariance.whitening().ok_or(Unfit::Alike)?;
            for index in (0..scaled.len()).filter(|index| styles[*index] == style) {
                distances[index] = whitening.length_of(&less(&scaled[index], &covariance.mean));
            }
        }
        let moments = Moments::of(&distances);
        if moments.deviation <= 0.0 {
            return Err(Unfit::Alike);
        }
        let all = Covariance::of(&of(&|_| true));
        let whitening = all.whitening().ok_or(Unfit::Alike)?;
        let cloud = Self {
            shrinkage: all.shrinkage as f32,
            distance: moments.stored(),
            mean: all.mean.iter().zip(&scale).map(|(v, by)| (v * by) as f32).collect(),
            whitening: whitening.dividing_by(&scale),
        };
        Ok((cloud, distances.into_iter().map(|distance| moments.standard(distance)).collect()))
    }

    /// The distance of a vector in standard deviations of those of rendered pictures.
    pub(super) fn standard_distance(&self, vector: &[f64]) -> f64 {
        let distance = self.whitening.length_of(&less(vector, &wide(&self.mean)));
        Moments::read(self.distance).standard(distance)
    }

    /// Entries of a vector.
    pub(super) fn width(&self) -> usize {
        self.mean.len()
    }

    /// Whether mean and covariance have one size.
    pub(super) fn is_consistent(&self) -> bool {
        self.whitening.rows() == self.width()
    }
}

/// The standard deviation of every column; 1 where it is 0.
fn deviations(vectors: &[Vec<f64>]) -> Vec<f64> {
    let width = vectors.first().map_or(0, Vec::len);
    let column = |index: usize| vectors.iter().map(|vector| vector[index]).collect::<Vec<_>>();
    let deviation = |index: usize| Moments::of(&column(index)).deviation;
    (0..width).map(deviation).map(|value| if value > 0.0 { value } else { 1.0 }).collect()
}

fn less(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

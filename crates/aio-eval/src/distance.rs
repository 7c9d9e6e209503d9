use crate::EvalError;
use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView2, Axis, CowArray, Ix2, s};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How features are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// `1 − cos`.
    Cosine,
    /// Euclidean distance of the features as given.
    Euclidean,
}

/// A matrix of features, one row per sample, all values finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    values: Array2<f32>,
}

impl Features {
    /// Takes `rows × width` values; `what` names them in errors.
    ///
    /// # Errors
    /// [`EvalError::Shape`] or [`EvalError::NotFinite`] naming the row.
    pub fn new(what: &str, rows: usize, width: usize, values: Vec<f32>) -> Result<Self, EvalError> {
        let count = values.len();
        let values = Array2::from_shape_vec((rows, width), values)
            .map_err(|_| EvalError::Shape { what: what.to_owned(), values: count, rows, width })?;
        if let Some(((row, column), value)) = values.indexed_iter().find(|(_, v)| !v.is_finite()) {
            return Err(EvalError::NotFinite { what: what.to_owned(), row, column, value: *value });
        }
        Ok(Self { values })
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.values.nrows()
    }

    /// Number of columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.values.ncols()
    }

    /// The features as a matrix.
    #[must_use]
    pub fn view(&self) -> ArrayView2<'_, f32> {
        self.values.view()
    }

    /// The rows at `indices`, in that order.
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Self {
        Self { values: self.values.select(ndarray::Axis(0), indices) }
    }

    /// One row for every run of `counts` rows: the mean of their unit-length features (multi-query pooling).
    ///
    /// # Panics
    /// If the counts do not add up to the number of rows, or one is zero.
    #[must_use]
    pub fn pooled(&self, counts: &[usize]) -> Self {
        assert_eq!(counts.iter().sum::<usize>(), self.rows(), "counts of pooled rows");
        let unit = Measured::new(self, Metric::Cosine);
        let mut values = Array2::zeros((counts.len(), self.width()));
        let mut first = 0;
        for (mut row, count) in values.rows_mut().into_iter().zip(counts) {
            assert!(*count > 0, "a pooled row of nothing");
            (first..first + count).for_each(|i| row += &unit.row(i));
            row /= *count as f32;
            first += count;
        }
        Self { values }
    }
}

/// Squared length of every row.
fn squares(values: ArrayView2<f32>) -> Vec<f64> {
    values.rows().into_iter().map(|r| r.iter().map(|v| f64::from(*v).powi(2)).sum()).collect()
}

/// Distances of the first row of `query` to every row of `gallery`.
///
/// # Errors
/// [`EvalError::Width`] if they cannot be compared.
pub fn distances(
    query: &Features,
    gallery: &Features,
    metric: Metric,
) -> Result<Vec<f32>, EvalError> {
    if query.width() != gallery.width() {
        return Err(EvalError::Width { query: query.width(), gallery: gallery.width() });
    }
    let mut found = Vec::new();
    let first = query.select(&[0]);
    let (first, gallery) = Measured::pair(&first, gallery, metric)?;
    first.distances(&gallery, |_, block| found.extend(block));
    Ok(found)
}

/// Rows of a product that one thread computes.
const ROWS_AT_ONCE: usize = 32;

/// Query rows whose distances to `gallery` rows are held at once: at most 256, and 256 MiB of them.
fn block(gallery: usize) -> usize {
    ((64 << 20) / gallery.max(1)).clamp(1, 256)
}

/// Lengths of rows whose squares and products are far from the limits of 32-bit floating point, 2^-149 and 2^128, also where
/// thousands of them are added.
const SAFE: std::ops::RangeInclusive<f64> = 9.313_225_746_154_785e-10..=1.152_921_504_606_847e18;

/// Whether a row of this squared length is compared as it is.
fn is_safe(square: f64) -> bool {
    square == 0.0 || SAFE.contains(&square.sqrt())
}

/// Features with what a metric needs of them. No normalised copy is made, unless a row under the cosine metric would overflow.
pub(crate) struct Measured<'a> {
    values: CowArray<'a, f32, Ix2>,
    metric: Metric,
    /// Reciprocal length (cosine) or squared length (Euclidean) of every row.
    lengths: Vec<f32>,
}

impl<'a> Measured<'a> {
    /// Both sides of a comparison.
    ///
    /// # Errors
    /// [`EvalError::Length`] naming the row whose Euclidean distances would overflow, or the longest row if all would vanish.
    pub(crate) fn pair(
        queries: &'a Features,
        gallery: &'a Features,
        metric: Metric,
    ) -> Result<(Self, Self), EvalError> {
        let pair = (Self::new(queries, metric), Self::new(gallery, metric));
        if metric == Metric::Euclidean {
            let sides = [("queries", queries), ("gallery", gallery)];
            let lengths = sides.iter().flat_map(|(what, side)| {
                let rows = squares(side.view()).into_iter().enumerate();
                rows.map(move |(row, square)| (*what, row, square.sqrt()))
            });
            let longest = lengths.max_by(|a, b| a.2.total_cmp(&b.2));
            if let Some((what, row, length)) =
                longest.filter(|(_, _, length)| !is_safe(length * length))
            {
                return Err(EvalError::Length { what, row, length });
            }
        }
        Ok(pair)
    }

    /// Features of one side. Under the cosine metric rows of any length are safe; [`Measured::pair`] checks the others.
    pub(crate) fn new(features: &'a Features, metric: Metric) -> Self {
        let mut values = CowArray::from(features.values.view());
        let mut squared = squares(features.view());
        if metric == Metric::Cosine && squared.iter().any(|square| !is_safe(*square)) {
            let mut scaled = features.values.clone();
            for (mut row, square) in scaled.rows_mut().into_iter().zip(&mut squared) {
                if !is_safe(*square) {
                    // A power of two changes no digit.
                    let scale = 2f64.powi(-(square.sqrt().log2().floor() as i32));
                    row.mapv_inplace(|v| (f64::from(v) * scale) as f32);
                    *square *= scale * scale;
                }
            }
            values = CowArray::from(scaled);
        }
        let lengths = match metric {
            Metric::Cosine => {
                squared.into_iter().map(|s| 1.0 / (s as f32).sqrt().max(1e-12)).collect()
            }
            Metric::Euclidean => squared.into_iter().map(|s| s as f32).collect(),
        };
        Self { values, metric, lengths }
    }

    pub(crate) fn rows(&self) -> usize {
        self.values.nrows()
    }

    /// A row, of unit length under the cosine metric.
    pub(crate) fn row(&self, i: usize) -> Array1<f32> {
        let row = self.values.row(i);
        match self.metric {
            Metric::Cosine => &row * self.lengths[i],
            Metric::Euclidean => row.to_owned(),
        }
    }

    /// Squared Euclidean distances `[rows, other]` of the rows from `first` to `last`: of the features as given
    /// (Euclidean) or of unit length (cosine: 2 − 2 cos).
    pub(crate) fn squared(&self, first: usize, last: usize, other: &Measured) -> Array2<f32> {
        let mut squared = Array2::zeros((last - first, other.rows()));
        let mut parts: Vec<_> = squared.axis_chunks_iter_mut(Axis(0), ROWS_AT_ONCE).collect();
        parts.par_iter_mut().enumerate().for_each(|(number, part)| {
            let start = first + number * ROWS_AT_ONCE;
            let rows = self.values.slice(s![start..start + part.nrows(), ..]);
            general_mat_mul(1.0, &rows, &other.values.t(), 0.0, part);
            for (mut row, a) in part.rows_mut().into_iter().zip(&self.lengths[start..]) {
                for (value, b) in row.iter_mut().zip(&other.lengths) {
                    *value = match self.metric {
                        Metric::Cosine => 2.0 - 2.0 * *value * a * b,
                        Metric::Euclidean => a + b - 2.0 * *value,
                    }
                    .max(0.0);
                }
            }
        });
        squared
    }

    /// Squared Euclidean distance of two rows, as [`Self::squared`].
    pub(crate) fn squared_pair(&self, i: usize, other: &Measured, j: usize) -> f32 {
        let product = self.values.row(i).dot(&other.values.row(j));
        match self.metric {
            Metric::Cosine => 2.0 - 2.0 * product * self.lengths[i] * other.lengths[j],
            Metric::Euclidean => self.lengths[i] + other.lengths[j] - 2.0 * product,
        }
        .max(0.0)
    }

    /// Distances to every row of `gallery`, for blocks of rows: `visit(first row, distances [rows, gallery])`.
    pub(crate) fn distances(&self, gallery: &Measured, mut visit: impl FnMut(usize, Array2<f32>)) {
        let block = block(gallery.rows());
        for first in (0..self.rows()).step_by(block) {
            let mut distances = self.squared(first, (first + block).min(self.rows()), gallery);
            match self.metric {
                Metric::Cosine => distances.mapv_inplace(|d| 0.5 * d),
                Metric::Euclidean => distances.mapv_inplace(f32::sqrt),
            }
            visit(first, distances);
        }
    }
}

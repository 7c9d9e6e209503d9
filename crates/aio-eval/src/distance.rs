use crate::EvalError;
use ndarray::{Array2, ArrayView2};
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
        let values =
            Array2::from_shape_vec((rows, width), values).map_err(|_| EvalError::Shape { what: what.to_owned(), values: count, rows, width })?;
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

    fn normalised(&self) -> Array2<f32> {
        let mut values = self.values.clone();
        for mut row in values.rows_mut() {
            let length = row.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt().max(1e-12) as f32;
            row.mapv_inplace(|v| v / length);
        }
        values
    }

    /// Distances to every row of `gallery`, for blocks of query rows: `visit(first row, distances [rows, gallery])`.
    pub(crate) fn distances(&self, gallery: &Self, metric: Metric, block: usize, mut visit: impl FnMut(usize, Array2<f32>)) {
        let (queries, gallery) = match metric {
            Metric::Cosine => (self.normalised(), gallery.normalised()),
            Metric::Euclidean => (self.values.clone(), gallery.values.clone()),
        };
        let squares = |m: &Array2<f32>| m.rows().into_iter().map(|r| r.dot(&r)).collect::<Vec<f32>>();
        let (query_squares, gallery_squares) = (squares(&queries), squares(&gallery));
        for first in (0..queries.nrows()).step_by(block) {
            let last = (first + block).min(queries.nrows());
            let mut product = queries.slice(ndarray::s![first..last, ..]).dot(&gallery.t());
            for ((i, j), value) in product.indexed_iter_mut() {
                *value = match metric {
                    Metric::Cosine => 1.0 - *value,
                    Metric::Euclidean => (query_squares[first + i] + gallery_squares[j] - 2.0 * *value).max(0.0).sqrt(),
                };
            }
            visit(first, product);
        }
    }
}

use crate::EvalError;
use crate::product::Rows;
use aio_simd::wide;
use ndarray::iter::LanesMut;
use ndarray::{Array2, ArrayView2, Axis, Ix1};
use rayon::prelude::*;

/// Values of which one is looked at for being finite at a time.
const VALUES_AT_ONCE: usize = 1 << 16;

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
        let features = Self { values };
        let slice = features.as_slice();
        let are_finite = |values: &[f32]| {
            wide(
                #[inline(always)]
                || values.iter().fold(true, |all, value| all & value.is_finite()),
            )
        };
        if !slice.par_chunks(VALUES_AT_ONCE).all(are_finite)
            && let Some(place) = slice.iter().position(|value| !value.is_finite())
        {
            let (row, column) = (place / width, place % width);
            return Err(EvalError::NotFinite {
                what: what.to_owned(),
                row,
                column,
                value: slice[place],
            });
        }
        Ok(features)
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

    /// Takes finite values.
    pub(crate) fn of_finite(values: Array2<f32>) -> Self {
        Self { values }
    }

    /// All values, row by row.
    pub(crate) fn as_slice(&self) -> &[f32] {
        self.values.as_slice().expect("the values are in the order of rows")
    }

    pub(crate) fn rows_mut(&mut self) -> LanesMut<'_, f32, Ix1> {
        self.values.rows_mut()
    }

    pub(crate) fn as_rows(&self) -> Rows<'_> {
        Rows::new(self.as_slice(), self.rows(), self.width())
    }

    /// The rows at `indices`, in that order.
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Self {
        Self { values: self.values.select(Axis(0), indices) }
    }
}

/// Lanes of a sum of squares: their number fixes the order of summation.
const LANES: usize = 8;

/// Squared length of every row.
pub(crate) fn squares(features: &Features) -> Vec<f64> {
    let rows = features.as_rows();
    let square = |i: usize| {
        wide(
            #[inline(always)]
            || {
                let mut lanes = [0.0; LANES];
                for values in rows.row(i).chunks(LANES) {
                    for (sum, value) in lanes.iter_mut().zip(values) {
                        *sum += f64::from(*value) * f64::from(*value);
                    }
                }
                lanes.iter().sum()
            },
        )
    };
    (0..features.rows()).into_par_iter().with_min_len(256).map(square).collect()
}

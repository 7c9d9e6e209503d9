use crate::features::squares;
use crate::product::{Rows, products};
use crate::{EvalError, Features};
use aio_simd::wide;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut2, s};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// How features are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// `1 − cos`.
    Cosine,
    /// Euclidean distance of the features as given.
    Euclidean,
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
    first.distances(&gallery, |_, block| found.extend(block.iter().copied()));
    Ok(found)
}

/// Query rows whose distances to `gallery` rows are held at once: at most 256, and 256 MiB of them.
fn block(gallery: usize) -> usize {
    ((64 << 20) / gallery.max(1)).clamp(1, 256)
}

/// Bytes of the distances of `queries` to `gallery` rows that an evaluation holds at once.
#[must_use]
pub fn distance_bytes(queries: usize, gallery: usize) -> usize {
    size_of::<f32>() * block(gallery).min(queries) * gallery
}

/// Lengths of rows whose squares and products are far from the limits of 32-bit floating point, 2^-149 and 2^128, also where
/// thousands of them are added.
const SAFE: std::ops::RangeInclusive<f64> = 9.313_225_746_154_785e-10..=1.152_921_504_606_847e18;

/// Whether a row of this squared length is compared as it is.
fn is_safe(square: f64) -> bool {
    square == 0.0 || SAFE.contains(&square.sqrt())
}

/// What is computed from a product of two rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Squared Euclidean distance: of the features as given (Euclidean) or of unit length (cosine: 2 − 2 cos).
    Squared,
    /// The distance of the metric.
    Distance,
}

/// Values that are summed side by side.
const LANES: usize = 16;

/// Part of the sum of two squared lengths below which a squared distance is computed from differences. The difference `|a|² + |b|² − 2ab` has
/// lost too many digits there: features near 10⁴ that differ by 1 would be compared by their rounding.
const CANCELLED: f32 = 1.0 / 256.0;

/// Makes Euclidean distances of the products `values` of a row with other rows. `a` is the squared length of the row, `b` those of the others;
/// `difference` computes the squared distance of one of them from its differences.
fn euclidean(kind: Kind, a: f32, b: &[f32], values: &mut [f32], difference: impl Fn(usize) -> f32) {
    wide(
        #[inline(always)]
        || values.iter_mut().zip(b).for_each(|(v, b)| *v = a + b - 2.0 * *v),
    );
    for (j, (v, b)) in values.iter_mut().zip(b).enumerate() {
        if *v < CANCELLED * (a + b) {
            *v = difference(j);
        }
    }
    if kind == Kind::Distance {
        wide(
            #[inline(always)]
            || values.iter_mut().for_each(|v| *v = v.sqrt()),
        );
    }
}

/// Features with what a metric needs of them. No normalised copy is made, unless a row under the cosine metric would overflow.
pub(crate) struct Measured<'a> {
    features: Cow<'a, Features>,
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
        if metric == Metric::Euclidean {
            let sides = [("queries", queries), ("gallery", gallery)];
            let lengths = sides.iter().flat_map(|(what, side)| {
                let rows = squares(side).into_iter().enumerate();
                rows.map(move |(row, square)| (*what, row, square.sqrt()))
            });
            let longest = lengths.max_by(|a, b| a.2.total_cmp(&b.2));
            if let Some((what, row, length)) =
                longest.filter(|(_, _, length)| !is_safe(length * length))
            {
                return Err(EvalError::Length { what, row, length });
            }
        }
        Ok((Self::new(queries, metric), Self::new(gallery, metric)))
    }

    /// Features of one side. Under the cosine metric rows of any length are safe; [`Measured::pair`] checks the others.
    pub(crate) fn new(features: &'a Features, metric: Metric) -> Self {
        let mut squared = squares(features);
        let mut features = Cow::Borrowed(features);
        if metric == Metric::Cosine && squared.iter().any(|square| !is_safe(*square)) {
            let rows = features.to_mut().rows_mut();
            for (mut row, square) in rows.into_iter().zip(&mut squared) {
                if !is_safe(*square) {
                    // A power of two changes no digit.
                    let scale = 2f64.powi(-(square.sqrt().log2().floor() as i32));
                    row.mapv_inplace(|v| (f64::from(v) * scale) as f32);
                    *square *= scale * scale;
                }
            }
        }
        let lengths = match metric {
            Metric::Cosine => {
                squared.into_iter().map(|s| 1.0 / (s as f32).sqrt().max(1e-12)).collect()
            }
            Metric::Euclidean => squared.into_iter().map(|s| s as f32).collect(),
        };
        Self { features, metric, lengths }
    }

    pub(crate) fn rows(&self) -> usize {
        self.lengths.len()
    }

    fn values(&self) -> Rows<'_> {
        self.features.as_rows()
    }

    /// A row, of unit length under the cosine metric.
    pub(crate) fn row(&self, i: usize) -> Array1<f32> {
        let row = ArrayView1::from(self.values().row(i));
        match self.metric {
            Metric::Cosine => &row * self.lengths[i],
            Metric::Euclidean => row.to_owned(),
        }
    }

    /// Fills `out` `[rows, other]` with what `kind` says of the rows from `first` on and the rows of `other` from `first_of_other` on.
    ///
    /// A value is the same to the last bit with the sides exchanged.
    pub(crate) fn compare(
        &self,
        kind: Kind,
        first: usize,
        other: &Measured,
        first_of_other: usize,
        out: ArrayViewMut2<f32>,
    ) {
        let (rows, columns) = out.dim();
        let (a, b) = (&self.lengths[first..], &other.lengths[first_of_other..]);
        products(
            self.values().between(first, first + rows),
            other.values().between(first_of_other, first_of_other + columns),
            out,
            |row, column, values| {
                let (a, b) = (a[row], &b[column..]);
                if self.metric == Metric::Euclidean {
                    let i = first + row;
                    let difference =
                        |j| self.squared_difference(i, other, first_of_other + column + j);
                    euclidean(kind, a, b, values, difference);
                    return;
                }
                wide(
                    #[inline(always)]
                    || {
                        let values = values.iter_mut().zip(b);
                        match kind {
                            Kind::Squared => {
                                values.for_each(|(v, b)| *v = 2.0 * (1.0 - *v * (a * b)).max(0.0));
                            }
                            Kind::Distance => {
                                values.for_each(|(v, b)| *v = (1.0 - *v * (a * b)).max(0.0));
                            }
                        }
                    },
                );
            },
        );
    }

    /// Squared Euclidean distance of two rows, as [`Kind::Squared`] up to rounding.
    pub(crate) fn squared_pair(&self, i: usize, other: &Measured, j: usize) -> f32 {
        if self.metric == Metric::Euclidean {
            return self.squared_difference(i, other, j);
        }
        let (a, b) = (self.values().row(i), other.values().row(j));
        let product = ArrayView1::from(a).dot(&ArrayView1::from(b));
        (2.0 - 2.0 * product * (self.lengths[i] * other.lengths[j])).max(0.0)
    }

    /// The sum of the squared differences of two rows as given.
    fn squared_difference(&self, i: usize, other: &Measured, j: usize) -> f32 {
        let (a, b) = (self.values().row(i), other.values().row(j));
        let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
        wide(
            #[inline(always)]
            || {
                let mut sums = [0.0f32; LANES];
                for (a, b) in a.iter().zip(b) {
                    for (lane, sum) in sums.iter_mut().enumerate() {
                        *sum += (a[lane] - b[lane]) * (a[lane] - b[lane]);
                    }
                }
                let rest = rest_a.iter().zip(rest_b).map(|(a, b)| (a - b) * (a - b));
                sums.iter().sum::<f32>() + rest.sum::<f32>()
            },
        )
    }

    /// Distances to every row of `gallery`, for blocks of rows: `visit(first row, distances [rows, gallery])`.
    pub(crate) fn distances(
        &self,
        gallery: &Measured,
        mut visit: impl FnMut(usize, ArrayView2<f32>),
    ) {
        let block = block(gallery.rows()).min(self.rows());
        let mut distances = Array2::zeros((block, gallery.rows()));
        for first in (0..self.rows()).step_by(block.max(1)) {
            let rows = block.min(self.rows() - first);
            let mut distances = distances.slice_mut(s![..rows, ..]);
            self.compare(Kind::Distance, first, gallery, 0, distances.view_mut());
            visit(first, distances.view());
        }
    }
}

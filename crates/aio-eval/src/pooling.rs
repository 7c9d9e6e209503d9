use crate::Features;
use crate::distance::{Measured, Metric};
use crate::features::squares;
use ndarray::Array2;

impl Features {
    /// One row for every run of `counts` rows: the mean of their unit-length features (multi-query pooling).
    ///
    /// [`Metric::Cosine`] compares directions alone. For [`Metric::Euclidean`] the mean is multiplied by the mean length of the rows: entries of the
    /// gallery keep their lengths, and a query near the origin would find the shortest of them.
    ///
    /// # Panics
    /// If the counts do not add up to the number of rows, or one is zero.
    #[must_use]
    pub fn pooled(&self, counts: &[usize], metric: Metric) -> Self {
        assert_eq!(counts.iter().sum::<usize>(), self.rows(), "counts of pooled rows");
        let unit = Measured::new(self, Metric::Cosine);
        let squares = match metric {
            Metric::Cosine => None,
            Metric::Euclidean => Some(squares(self)),
        };
        let mut values = Array2::zeros((counts.len(), self.width()));
        let mut first = 0;
        for (mut row, count) in values.rows_mut().into_iter().zip(counts) {
            assert!(*count > 0, "a pooled row of nothing");
            let rows = first..first + count;
            rows.clone().for_each(|i| row += &unit.row(i));
            row /= *count as f32;
            if let Some(squares) = &squares {
                let length = squares[rows].iter().map(|s| s.sqrt()).sum::<f64>() / *count as f64;
                row *= length as f32;
            }
            first += count;
        }
        Self::of_finite(values)
    }
}

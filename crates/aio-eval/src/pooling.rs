use crate::Features;
use crate::distance::{Measured, Metric};
use ndarray::Array2;

impl Features {
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
        Self::of_finite(values)
    }
}

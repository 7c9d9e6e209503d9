//! Products of rows with rows, `A·Bᵀ`.
//!
//! Each value is summed from the first column to the last, one fused multiplication and addition after the other where the processor has
//! them. So it depends on its two rows alone: not on the rows beside them, on the size of a block, or on the number of threads.

use ndarray::{ArrayViewMut2, Axis};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Vectors of rows of `A` whose sums are in registers at once.
const VECTORS: usize = 2;
/// Rows of `B` whose sums are in registers at once: with [`VECTORS`], as many as 16 registers (AVX2) have room for.
const ROWS: usize = 6;
/// The same for 32 registers (AVX-512 and NEON): a panel is loaded half as often.
const MORE_ROWS: usize = 2 * ROWS;
/// Rows of `B` that a panel of `A` is multiplied with before the next panel is loaded; they stay in the second-level cache.
const ROWS_IN_CACHE: usize = 8 * ROWS;
/// Columns of the result that are one unit of work.
const COLUMNS_AT_ONCE: usize = 5 * ROWS_IN_CACHE;

const CONTIGUOUS: &str = "the values of a row follow each other";

/// A matrix whose rows follow each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a> {
    values: &'a [f32],
    count: usize,
    width: usize,
}

impl<'a> Rows<'a> {
    /// Takes `count` rows of `width` values.
    pub(crate) fn new(values: &'a [f32], count: usize, width: usize) -> Self {
        debug_assert_eq!(values.len(), count * width, "values of rows");
        Self { values, count, width }
    }

    pub(crate) fn len(self) -> usize {
        self.count
    }

    pub(crate) fn row(self, i: usize) -> &'a [f32] {
        &self.values[i * self.width..][..self.width]
    }

    /// The rows from `first` to `last`.
    pub(crate) fn between(self, first: usize, last: usize) -> Self {
        let values = &self.values[first * self.width..last * self.width];
        Self { values, count: last - first, ..self }
    }
}

/// Fills `out` `[a, b]` with the products of the rows of `a` and `b`, in parallel.
///
/// `finish(row, first column, values)` is called with each finished part of a row.
pub(crate) fn products(
    a: Rows,
    b: Rows,
    mut out: ArrayViewMut2<f32>,
    finish: impl Fn(usize, usize, &mut [f32]) + Sync,
) {
    assert_eq!((a.width, out.dim()), (b.width, (a.len(), b.len())), "shapes of a product");
    if a.width == 0 {
        for (row, mut values) in out.rows_mut().into_iter().enumerate() {
            values.fill(0.0);
            finish(row, 0, values.as_slice_mut().expect(CONTIGUOUS));
        }
        return;
    }
    let panels = &pulp::Arch::new().dispatch(Pack(a));
    let mut parts: Vec<_> = out.axis_chunks_iter_mut(Axis(1), COLUMNS_AT_ONCE).collect();
    parts.par_iter_mut().enumerate().for_each(|(number, out)| {
        let first = number * COLUMNS_AT_ONCE;
        let b = b.between(first, first + out.ncols());
        let finish = |row: usize, column: usize, values: &mut [f32]| {
            finish(row, first + column, values);
        };
        pulp::Arch::new().dispatch(Part { panels, b, out: out.view_mut(), finish });
    });
}

/// Rows by panels: the first values of the rows of a panel, then the second ones, and so on.
struct Panels {
    values: Vec<f32>,
    /// Values of a panel.
    size: usize,
}

/// Sorts rows into panels.
struct Pack<'a>(Rows<'a>);

impl WithSimd for Pack<'_> {
    type Output = Panels;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Panels {
        let (rows, lanes) = (self.0, VECTORS * S::F32_LANES);
        let size = lanes * rows.width;
        let mut values = vec![0.0; rows.len().div_ceil(lanes) * size];
        values.par_chunks_mut(size).enumerate().for_each(|(number, panel)| {
            let first = number * lanes;
            for lane in 0..lanes.min(rows.len() - first) {
                let row = rows.row(first + lane);
                for (to, value) in panel[lane..].iter_mut().step_by(lanes).zip(row) {
                    *to = *value;
                }
            }
        });
        Panels { values, size }
    }
}

/// Some columns of a product.
struct Part<'a, F> {
    panels: &'a Panels,
    b: Rows<'a>,
    out: ArrayViewMut2<'a, f32>,
    finish: F,
}

impl<F: Fn(usize, usize, &mut [f32])> WithSimd for Part<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::REGISTER_COUNT < 32 {
            self.by_groups_of::<S, ROWS>(simd);
        } else {
            self.by_groups_of::<S, MORE_ROWS>(simd);
        }
    }
}

impl<F: Fn(usize, usize, &mut [f32])> Part<'_, F> {
    #[inline(always)]
    fn by_groups_of<S: Simd, const N: usize>(self, simd: S) {
        let Self { panels, b, mut out, finish } = self;
        let lanes = VECTORS * S::F32_LANES;
        // One row of sums for each row of `b`; as long as the widest vectors need.
        let mut sums = vec![0.0; ROWS_IN_CACHE * lanes];
        for first in (0..b.len()).step_by(ROWS_IN_CACHE) {
            let count = ROWS_IN_CACHE.min(b.len() - first);
            for (number, panel) in panels.values.chunks_exact(panels.size).enumerate() {
                for (group, sums) in
                    sums.chunks_exact_mut(N * lanes).take(count.div_ceil(N)).enumerate()
                {
                    // Where rows are missing the last one is taken again; nobody reads its sums.
                    let row = |i: usize| b.row((first + group * N + i).min(b.len() - 1));
                    tile::<S, N>(simd, panel, std::array::from_fn(row), sums);
                }
                let rows = number * lanes..out.nrows().min((number + 1) * lanes);
                for (lane, row) in rows.enumerate() {
                    let mut values = out.row_mut(row);
                    let values = values.as_slice_mut().expect(CONTIGUOUS);
                    let values = &mut values[first..first + count];
                    for (value, sum) in values.iter_mut().zip(sums[lane..].iter().step_by(lanes)) {
                        *value = *sum;
                    }
                    finish(row, first, values);
                }
            }
        }
    }
}

/// The products of a panel with some rows: `sums` `[N, lanes]`.
#[inline(always)]
fn tile<S: Simd, const N: usize>(simd: S, panel: &[f32], rows: [&[f32]; N], sums: &mut [f32]) {
    let (panel, _) = S::as_simd_f32s(panel);
    let (panel, _) = panel.as_chunks::<VECTORS>();
    let depth = panel.len();
    let rows = rows.map(|row| &row[..depth]);
    let mut tile = [[simd.splat_f32s(0.0); VECTORS]; N];
    for (k, a) in panel.iter().enumerate() {
        for (sums, row) in tile.iter_mut().zip(rows) {
            let b = simd.splat_f32s(row[k]);
            for (sum, a) in sums.iter_mut().zip(a) {
                *sum = simd.mul_add_e_f32s(*a, b, *sum);
            }
        }
    }
    let (sums, _) = S::as_mut_simd_f32s(sums);
    for (to, from) in sums.iter_mut().zip(tile.as_flattened()) {
        *to = *from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::Random;
    use ndarray::{Array2, s};

    fn random(rows: usize, width: usize, seed: u32) -> Vec<f32> {
        let mut random = Random::new(seed);
        (0..rows * width).map(|_| (random.next_u32() >> 8) as f32 / 8_388_608.0 - 1.0).collect()
    }

    fn product(a: Rows, b: Rows) -> Array2<f32> {
        let mut out = Array2::from_elem((a.len(), b.len()), f32::NAN);
        products(a, b, out.view_mut(), |_, _, _| {});
        out
    }

    #[test]
    fn equals_sums_computed_in_double_precision() {
        for (m, n, width) in
            [(1, 1, 0), (1, 1, 1), (3, 5, 7), (17, 49, 130), (70, 2 * COLUMNS_AT_ONCE + 1, 3)]
        {
            let (a, b) = (random(m, width, 1), random(n, width, 2));
            let (a, b) = (Rows::new(&a, m, width), Rows::new(&b, n, width));
            for ((i, j), value) in product(a, b).indexed_iter() {
                let pairs = a.row(i).iter().zip(b.row(j));
                let expected: f64 = pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                assert!((f64::from(*value) - expected).abs() < 1e-4, "{value} {expected}");
            }
        }
    }

    #[test]
    fn a_value_depends_on_its_two_rows_alone() {
        let (m, n, width) = (37, 331, 200);
        let (a, b) = (random(m, width, 3), random(n, width, 4));
        let (a, b) = (Rows::new(&a, m, width), Rows::new(&b, n, width));
        let all = product(a, b);
        // Also with the sides exchanged.
        assert_eq!(product(b, a), all.t());
        for (first, last) in [(0, 1), (5, 7), (16, 37), (36, 37)] {
            let found = product(a.between(first, last), b);
            assert_eq!(found, all.slice(s![first..last, ..]), "rows {first} to {last}");
        }
        for (first, last) in [(0, 1), (1, 6), (7, 331), (330, 331)] {
            let found = product(a, b.between(first, last));
            assert_eq!(found, all.slice(s![.., first..last]), "columns {first} to {last}");
        }
    }

    #[test]
    fn every_value_is_finished_once_with_its_place() {
        let (a, b) = (random(19, 4, 5), random(300, 4, 6));
        let (a, b) = (Rows::new(&a, 19, 4), Rows::new(&b, 300, 4));
        let mut out = Array2::zeros((19, 300));
        products(a, b, out.view_mut(), |row, column, values| {
            for (i, value) in values.iter_mut().enumerate() {
                *value = (1000 * row + column + i) as f32;
            }
        });
        assert!(out.indexed_iter().all(|((row, column), v)| *v == (1000 * row + column) as f32));
    }
}

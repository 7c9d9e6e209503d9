//! Matrix products.

use gemm::{Parallelism, gemm};
use ndarray::{ArrayView2, ArrayViewMut2};
use rayon::prelude::*;

/// What a product does with the values of its destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Destination {
    /// They are replaced.
    Replace,
    /// The product is added to them.
    Add,
}

/// `out = scale·a·b`, or `out += scale·a·b`, on the calling thread.
///
/// The order in which an element is summed depends on the length of the sum alone, so that a row of
/// the result is the same to the last bit whatever other rows are computed with it. A product of a
/// single row is summed in another order.
#[allow(unsafe_code)]
pub(crate) fn product(
    scale: f32,
    a: ArrayView2<'_, f32>,
    b: ArrayView2<'_, f32>,
    destination: Destination,
    mut out: ArrayViewMut2<'_, f32>,
) {
    let ((rows, inner), (inner_of_b, columns)) = (a.dim(), b.dim());
    assert_eq!(inner, inner_of_b, "the inner sizes of a product differ");
    assert_eq!(out.dim(), (rows, columns), "the destination of a product has another shape");
    let ([a_row, a_column], [b_row, b_column]) = (strides(a.strides()), strides(b.strides()));
    let [out_row, out_column] = strides(out.strides());
    // SAFETY: every pointer comes with the shape and the strides of its own view, and the shapes
    // were compared above. `out` is borrowed mutably, so it overlaps neither `a` nor `b`.
    unsafe {
        gemm(
            rows,
            columns,
            inner,
            out.as_mut_ptr(),
            out_column,
            out_row,
            destination == Destination::Add,
            a.as_ptr(),
            a_column,
            a_row,
            b.as_ptr(),
            b_column,
            b_row,
            1.0,
            scale,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

fn strides(strides: &[isize]) -> [isize; 2] {
    strides.try_into().expect("a matrix has two strides")
}

/// A slice as a matrix, row by row.
pub(crate) fn matrix(values: &[f32], rows: usize, columns: usize) -> ArrayView2<'_, f32> {
    ArrayView2::from_shape((rows, columns), values).expect("the slice has rows × columns values")
}

/// A mutable slice as a matrix, row by row.
pub(crate) fn matrix_mut(
    values: &mut [f32],
    rows: usize,
    columns: usize,
) -> ArrayViewMut2<'_, f32> {
    ArrayViewMut2::from_shape((rows, columns), values).expect("the slice has rows × columns values")
}

/// Rows of a weight's gradient that one thread computes at a time, at least: with few rows, most of the time would go into packing the other matrix.
const WEIGHT_ROWS: usize = 64;

/// `aᵀ·b` of two matrices with the same rows: the gradient of a weight from its inputs `a` and the
/// gradient `b` of its outputs.
///
/// Parallel over blocks of columns of `a`, so that no partial sums are needed.
pub(crate) fn transposed_product(a: &[f32], b: &[f32], rows: usize) -> Vec<f32> {
    let (width, columns) = (a.len() / rows, b.len() / rows);
    let (a, b) = (matrix(a, rows, width), matrix(b, rows, columns));
    let mut out = vec![0.0; width * columns];
    let at_once = width.div_ceil(rayon::current_num_threads()).max(WEIGHT_ROWS);
    out.par_chunks_mut(at_once * columns).enumerate().for_each(|(i, out)| {
        let count = out.len() / columns;
        let block = a.slice(ndarray::s![.., i * at_once..i * at_once + count]);
        product(1.0, block.t(), b, Destination::Replace, matrix_mut(out, count, columns));
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parity::random;

    fn values(count: usize, seed: u64) -> Vec<f32> {
        random([count], seed).iter::<f32>().collect()
    }

    #[test]
    fn equals_sums_computed_in_double_precision() {
        for (rows, inner, columns) in [(1, 1, 1), (3, 5, 7), (37, 130, 19), (70, 700, 33)] {
            let (a, b) = (values(rows * inner, 1), values(inner * columns, 2));
            let before = values(rows * columns, 3);
            let mut out = before.clone();
            product(
                0.5,
                matrix(&a, rows, inner),
                matrix(&b, inner, columns),
                Destination::Add,
                matrix_mut(&mut out, rows, columns),
            );
            for (i, value) in out.iter().enumerate() {
                let (row, column) = (i / columns, i % columns);
                let sum: f64 = (0..inner)
                    .map(|k| f64::from(a[row * inner + k]) * f64::from(b[k * columns + column]))
                    .sum();
                let expected = f64::from(before[i]) + 0.5 * sum;
                assert!((f64::from(*value) - expected).abs() < 1e-3, "{value} {expected}");
            }
        }
    }

    #[test]
    fn a_row_does_not_depend_on_the_number_of_rows() {
        let (inner, columns) = (700, 96);
        let (a, b) = (values(300 * inner, 4), values(inner * columns, 5));
        let rows_of = |rows: usize| {
            let mut out = vec![0.0; rows * columns];
            product(
                1.0,
                matrix(&a[..rows * inner], rows, inner),
                matrix(&b, inner, columns),
                Destination::Replace,
                matrix_mut(&mut out, rows, columns),
            );
            out
        };
        let all = rows_of(300);
        for rows in [2, 3, 5, 17, 130, 257] {
            assert_eq!(rows_of(rows), all[..rows * columns], "{rows} rows");
        }
    }

    #[test]
    fn the_transposed_product_sums_over_rows() {
        let (rows, width, columns) = (31, 2 * WEIGHT_ROWS + 3, 5);
        let (a, b) = (values(rows * width, 6), values(rows * columns, 7));
        let out = transposed_product(&a, &b, rows);
        for (i, value) in out.iter().enumerate() {
            let expected: f64 = (0..rows)
                .map(|row| {
                    f64::from(a[row * width + i / columns])
                        * f64::from(b[row * columns + i % columns])
                })
                .sum();
            assert!((f64::from(*value) - expected).abs() < 1e-4, "{value} {expected}");
        }
    }
}

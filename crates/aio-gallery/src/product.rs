//! Products of queries with rows.
//!
//! The loops are compiled for several instruction sets, and the widest one that the processor has is taken when the program runs. Nothing is
//! fused, so the values are the same on every processor.

use std::ops::Range;

/// Sums that run beside each other.
const LANES: usize = 16;

/// Queries that a row is multiplied with before the next row is read: with AVX2, their sums fill half of the registers.
pub(crate) const QUERIES: usize = 4;

/// The product of two rows. The order of its additions depends on the width alone, so that a pair of rows has one similarity, wherever it
/// lies and whatever is computed beside it.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || beside([a], b)[0],
    )
}

/// Rows of `width` values that follow each other, and those of them that are multiplied.
pub(crate) struct Rows<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) width: usize,
    /// Which rows are multiplied.
    pub(crate) chosen: &'a [bool],
}

impl Rows<'_> {
    /// Calls `found` with the number of every chosen row and its products with the queries of a range, as many as [`QUERIES`] at a time. Each is that of
    /// [`dot`], to the last bit.
    ///
    /// `found(first query, row, products)`.
    pub(crate) fn multiply(&self, queries: &[&[f32]], mut found: impl FnMut(usize, usize, &[f32])) {
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                let whole = queries.len() / QUERIES * QUERIES;
                for first in (0..whole).step_by(QUERIES) {
                    let tile: [&[f32]; QUERIES] = std::array::from_fn(|i| queries[first + i]);
                    self.each_row(
                        #[inline(always)]
                        |row, values| found(first, row, &beside(tile, values)),
                    );
                }
                self.rest(queries, whole..queries.len(), &mut found);
            },
        );
    }

    /// The queries that fill no tile, each alone.
    #[inline(always)]
    fn rest(
        &self,
        queries: &[&[f32]],
        numbers: Range<usize>,
        found: &mut impl FnMut(usize, usize, &[f32]),
    ) {
        for number in numbers {
            self.each_row(
                #[inline(always)]
                |row, values| found(number, row, &beside([queries[number]], values)),
            );
        }
    }

    #[inline(always)]
    fn each_row(&self, mut work: impl FnMut(usize, &[f32])) {
        let rows = self.values.chunks_exact(self.width).zip(self.chosen).enumerate();
        for (row, (values, chosen)) in rows {
            if *chosen {
                work(row, values);
            }
        }
    }
}

/// The products of some queries with one row, which is read once.
#[inline(always)]
fn beside<const N: usize>(queries: [&[f32]; N], row: &[f32]) -> [f32; N] {
    let width = row.len();
    let mut sums = [[0f32; LANES]; N];
    let (row, row_rest) = row.as_chunks::<LANES>();
    let parts = queries.map(|query| query[..width].as_chunks::<LANES>());
    for (number, row) in row.iter().enumerate() {
        for (sums, (query, _)) in sums.iter_mut().zip(&parts) {
            for ((sum, a), b) in sums.iter_mut().zip(&query[number]).zip(row) {
                *sum += a * b;
            }
        }
    }
    for (sums, (_, rest)) in sums.iter_mut().zip(&parts) {
        for ((sum, a), b) in sums.iter_mut().zip(*rest).zip(row_rest) {
            *sum += a * b;
        }
    }
    sums.map(|mut sums| {
        let mut count = LANES;
        while count > 1 {
            count /= 2;
            let (low, high) = sums.split_at_mut(count);
            low.iter_mut().zip(high).for_each(|(low, high)| *low += *high);
        }
        sums[0]
    })
}

/// What rounding can add to the product of two rows of length 1: each of the additions of [`dot`] and of the scale, for both products of a
/// comparison, with a factor of two to spare.
pub(crate) fn rounding(width: usize) -> f32 {
    4.0 * (width.div_ceil(LANES) + 8) as f32 * f32::EPSILON
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn random(count: usize, seed: u64) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..count).map(|_| rng.random_range(-1.0f32..1.0)).collect()
    }

    /// 16 sums beside each other, added in halves: what galleries have computed since their first version.
    fn in_order(a: &[f32], b: &[f32]) -> f32 {
        let mut sums = [0f32; 16];
        for (number, (a, b)) in a.iter().zip(b).enumerate() {
            sums[number % 16] += a * b;
        }
        for half in [8, 4, 2, 1] {
            for lane in 0..half {
                sums[lane] += sums[lane + half];
            }
        }
        sums[0]
    }

    #[test]
    fn a_product_has_the_same_bits_alone_and_among_others() {
        for width in [1, 7, 16, 33, 128, 200] {
            let values = random(9 * width, 1);
            let queries: Vec<Vec<f32>> = (0..11).map(|seed| random(width, 2 + seed)).collect();
            let named: Vec<&[f32]> = queries.iter().map(Vec::as_slice).collect();
            let chosen = [true, false, true, true, false, false, true, true, true];
            let rows = Rows { values: &values, width, chosen: &chosen };
            let mut seen = vec![[None; 9]; named.len()];
            rows.multiply(&named, |first, row, products| {
                for (number, product) in products.iter().enumerate() {
                    assert_eq!(seen[first + number][row].replace(product.to_bits()), None);
                }
            });
            for (query, seen) in named.iter().zip(&seen) {
                for (row, (bits, chosen)) in seen.iter().zip(chosen).enumerate() {
                    let values = &values[row * width..][..width];
                    let expected = chosen.then(|| in_order(query, values).to_bits());
                    assert_eq!(*bits, expected, "width {width}, row {row}");
                    assert_eq!(dot(query, values).to_bits(), in_order(query, values).to_bits());
                }
            }
        }
    }

    #[test]
    fn products_are_those_of_arithmetic_for_every_width() {
        for width in [1, 15, 16, 17, 100] {
            let a: Vec<f32> = (0..width).map(|i| i as f32 - 3.0).collect();
            let b: Vec<f32> = (0..width).map(|i| 2.0 - i as f32).collect();
            let expected: i64 = (0..width as i64).map(|i| (i - 3) * (2 - i)).sum();
            assert_eq!(dot(&a, &b), expected as f32, "{width}");
        }
    }
}

//! Products of queries with rows.
//!
//! The loops are compiled for several instruction sets, and the widest one that the processor has is taken when the program runs. Nothing is
//! fused, so the values are the same on every processor.

use aio_simd::wide;

/// Sums that run beside each other.
const LANES: usize = 16;

/// Queries that a row is multiplied with before the next row is read: with AVX2, their sums fill half of the registers.
pub(crate) const QUERIES: usize = 4;

/// The product of two rows. The order of its additions depends on the width alone, so that a pair of rows has one similarity, wherever it
/// lies and whatever is computed beside it.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    wide(
        #[inline(always)]
        || beside([a], b)[0],
    )
}

/// The squared distance of two rows. Equal rows have none, whatever rounding does.
pub(crate) fn apart(a: &[f32], b: &[f32]) -> f32 {
    wide(
        #[inline(always)]
        || {
            let mut sums = [0f32; LANES];
            let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
            for (a, b) in a.iter().zip(b) {
                for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                    *sum += (a - b) * (a - b);
                }
            }
            for ((sum, a), b) in sums.iter_mut().zip(a_rest).zip(b_rest) {
                *sum += (a - b) * (a - b);
            }
            sums.iter().sum()
        },
    )
}

/// What a row of stored values of the type `T` is multiplied with.
pub(crate) trait Factor<T> {
    /// The products of some queries with one row.
    fn beside<const N: usize>(queries: [&Self; N], row: &[T]) -> [f32; N];
}

/// Rows of `width` values that follow each other, and those of them that are multiplied.
pub(crate) struct Rows<'a, T> {
    pub(crate) values: &'a [T],
    pub(crate) width: usize,
    /// Which rows are multiplied.
    pub(crate) chosen: &'a [bool],
}

impl<T> Rows<'_, T> {
    /// Fills `products` `[queries, rows]` with the products of queries and chosen rows; nothing is said of the other rows. Those with full values are those
    /// of [`dot`], to the last bit.
    pub(crate) fn multiply<Q: Factor<T> + ?Sized>(&self, queries: &[&Q], products: &mut Vec<f32>) {
        let rows = self.values.len() / self.width;
        products.resize(queries.len() * rows, 0.0);
        wide(
            #[inline(always)]
            || {
                let tiles = queries.chunks_exact(QUERIES);
                let rest = tiles.remainder().iter();
                let (of_tiles, of_rest) =
                    products.split_at_mut((queries.len() - rest.len()) * rows);
                for (tile, products) in tiles.zip(of_tiles.chunks_exact_mut(QUERIES * rows)) {
                    let tile: [&Q; QUERIES] = std::array::from_fn(|i| tile[i]);
                    self.each_row(
                        #[inline(always)]
                        |row, values| {
                            for (number, product) in Q::beside(tile, values).iter().enumerate() {
                                products[number * rows + row] = *product;
                            }
                        },
                    );
                }
                for (query, products) in rest.zip(of_rest.chunks_exact_mut(rows)) {
                    self.each_row(
                        #[inline(always)]
                        |row, values| [products[row]] = Q::beside([query], values),
                    );
                }
            },
        );
    }

    #[inline(always)]
    fn each_row(&self, mut work: impl FnMut(usize, &[T])) {
        let rows = self.values.chunks_exact(self.width).zip(self.chosen).enumerate();
        for (row, (values, chosen)) in rows {
            if *chosen {
                work(row, values);
            }
        }
    }
}

impl Factor<f32> for [f32] {
    #[inline(always)]
    fn beside<const N: usize>(queries: [&Self; N], row: &[f32]) -> [f32; N] {
        beside(queries, row)
    }
}

/// A query of length 1 in whole numbers, for products with rows of 8 bits. Sums of whole numbers are exact in every order.
pub(crate) struct Rounded {
    values: Vec<i16>,
    scale: f32,
    /// At least the length of what rounding took from the query.
    pub(crate) lost: f32,
}

impl Rounded {
    pub(crate) fn of(vector: &[f32]) -> Self {
        // No sum of `width` products with numbers of 8 bits leaves 32 bits.
        let most = i32::MAX as usize / (128 * vector.len().max(1));
        let most = i16::try_from(most).unwrap_or(i16::MAX);
        let largest = vector.iter().fold(0f32, |largest, value| largest.max(value.abs()));
        let scale = largest / f32::from(most);
        let values: Vec<i16> = vector.iter().map(|value| (value / scale).round() as i16).collect();
        Self { lost: lost(vector, scale, values.iter().copied()), values, scale }
    }
}

/// At least the length of the difference between a row and `scale` times the whole numbers that stand for it.
pub(crate) fn lost<T: Into<f64>>(row: &[f32], scale: f32, rounded: impl Iterator<Item = T>) -> f32 {
    let differences = row
        .iter()
        .zip(rounded)
        .map(|(value, rounded)| (f64::from(*value) - f64::from(scale) * rounded.into()).powi(2));
    (differences.sum::<f64>().sqrt() as f32).next_up()
}

impl Factor<u8> for Rounded {
    #[inline(always)]
    fn beside<const N: usize>(queries: [&Self; N], row: &[u8]) -> [f32; N] {
        let mut products = [0.0; N];
        for (product, query) in products.iter_mut().zip(queries) {
            let factors = query.values.iter().zip(row);
            let sum: i32 = factors.map(|(a, b)| i32::from(*a) * i32::from(b.cast_signed())).sum();
            *product = query.scale * sum as f32;
        }
        products
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
            let mut products = Vec::new();
            rows.multiply(&named, &mut products);
            assert_eq!(products.len(), 9 * named.len());
            for (query, products) in named.iter().zip(products.chunks(9)) {
                for (row, product) in products.iter().enumerate().filter(|(row, _)| chosen[*row]) {
                    let values = &values[row * width..][..width];
                    let expected = in_order(query, values).to_bits();
                    assert_eq!(product.to_bits(), expected, "width {width}, row {row}");
                    assert_eq!(dot(query, values).to_bits(), expected);
                }
            }
        }
    }

    #[test]
    fn products_with_rows_of_8_bits_differ_by_what_was_lost_at_most() {
        for width in [1, 7, 128, 2048, 1 << 20] {
            let query = crate::encode::unit("a query", &random(width, 3), width).expect("finite");
            let rounded = Rounded::of(&query);
            let rows: Vec<u8> = (0..2 * width).map(|i| ((i * 2_654_435_761) >> 7) as u8).collect();
            // The largest sums that there are.
            let extreme: Vec<u8> = query.iter().map(|v| if *v < 0.0 { 128 } else { 127 }).collect();
            for row in rows.chunks(width).chain([&extreme[..]]) {
                let numbers = row.iter().map(|value| f64::from(value.cast_signed()));
                let length = numbers.clone().map(|n| n * n).sum::<f64>().sqrt();
                let exact: f64 = query.iter().zip(numbers).map(|(a, b)| f64::from(*a) * b).sum();
                let [product] = Rounded::beside([&rounded], row);
                let most = f64::from(rounded.lost) * length + 1e-6 * length;
                assert!((f64::from(product) - exact).abs() <= most, "{width}: {product} {exact}");
            }
        }
    }

    #[test]
    fn distances_are_those_of_arithmetic_and_equal_rows_have_none() {
        for width in [1, 16, 17, 128] {
            let a: Vec<f32> = (0..width).map(|i| i as f32 - 3.0).collect();
            let b: Vec<f32> = (0..width).map(|i| 2.0 - i as f32).collect();
            let expected: i64 = (0..width as i64).map(|i| (2 * i - 5).pow(2)).sum();
            assert_eq!(apart(&a, &b), expected as f32, "{width}");
            let row = random(width, 7);
            assert_eq!(apart(&row, &row), 0.0);
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

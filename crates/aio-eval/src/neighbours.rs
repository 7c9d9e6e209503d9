use crate::distance::{Kind, Measured};
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Query and gallery as one collection, queries first.
pub(crate) struct All<'a> {
    pub(crate) queries: Measured<'a>,
    pub(crate) gallery: Measured<'a>,
}

impl All<'_> {
    pub(crate) fn len(&self) -> usize {
        self.queries.rows() + self.gallery.rows()
    }

    /// Squared distances of the queries from `first` on to the gallery: fills `out` `[queries, gallery]`.
    pub(crate) fn squared_to_gallery(&self, first: usize, out: ArrayViewMut2<f32>) {
        self.queries.compare(Kind::Squared, first, &self.gallery, 0, out);
    }

    pub(crate) fn squared_pair(&self, i: usize, j: usize) -> f32 {
        let part = |i: usize| {
            if i < self.queries.rows() {
                (&self.queries, i)
            } else {
                (&self.gallery, i - self.queries.rows())
            }
        };
        let ((a, i_in_a), (b, j_in_b)) = (part(i), part(j));
        if i == j { 0.0 } else { a.squared_pair(i_in_a, b, j_in_b) }
    }
}

/// Rows of distances that are held at once: at most 256, and 128 MiB of them.
pub(crate) fn block(columns: usize) -> usize {
    ((32 << 20) / columns.max(1)).clamp(1, 256)
}

/// Nearest neighbours of every sample, itself first, and the largest squared distance of each row.
pub(crate) struct Neighbours {
    /// `[all, k]`.
    nearest: Array2<u32>,
    pub(crate) furthest: Vec<f32>,
    /// Squared distances of the queries to the gallery, for blocks of queries; nothing if they were not to be kept.
    pub(crate) kept: Vec<Array2<f32>>,
}

impl Neighbours {
    /// Compares every sample with every other once: a distance counts for both.
    pub(crate) fn find(all: &All, k: usize, keep: bool, tick: &(dyn Fn(usize) + Sync)) -> Self {
        let (queries, gallery) = (all.queries.rows(), all.gallery.rows());
        let mut found = Found::new(all.len(), k);
        let mut kept = Vec::new();
        let mut memory = vec![0.0; block(all.len()) * queries.max(gallery)];
        for first in (0..queries).step_by(block(all.len())) {
            let rows = block(all.len()).min(queries - first);
            let columns = queries - first;
            let mut own = matrix(&mut memory, rows, columns);
            all.queries.compare(Kind::Squared, first, &all.queries, first, own.view_mut());
            // A sample is at distance 0 of itself, whatever rounding says.
            own.diag_mut().fill(0.0);
            found.add(own.view(), first, first);
            if keep {
                let mut others = Array2::zeros((rows, gallery));
                all.squared_to_gallery(first, others.view_mut());
                found.add(others.view(), first, queries);
                kept.push(others);
            } else {
                let mut others = matrix(&mut memory, rows, gallery);
                all.squared_to_gallery(first, others.view_mut());
                found.add(others.view(), first, queries);
            }
            tick(first + rows);
        }
        for first in (0..gallery).step_by(block(all.len())) {
            let rows = block(all.len()).min(gallery - first);
            let mut own = matrix(&mut memory, rows, gallery - first);
            all.gallery.compare(Kind::Squared, first, &all.gallery, first, own.view_mut());
            own.diag_mut().fill(0.0);
            found.add(own.view(), queries + first, queries + first);
            tick(queries + first + rows);
        }
        let (nearest, furthest) = found.finish();
        Self { nearest, furthest, kept }
    }

    pub(crate) fn of(&self, i: usize, k: usize) -> &[u32] {
        let row = self.nearest.row(i).to_slice().unwrap_or_default();
        &row[..k.min(row.len())]
    }

    /// Those among the first `k` neighbours of `i` that have `i` among their first `k`.
    fn reciprocal(&self, i: usize, k: usize) -> impl Iterator<Item = u32> {
        let is_mutual = move |j: &u32| self.of(*j as usize, k).contains(&(i as u32));
        self.of(i, k).iter().copied().filter(is_mutual)
    }

    /// The k-reciprocal set of `i`, grown by the sets of its members that mostly lie within it.
    pub(crate) fn expanded(&self, i: usize, k1: usize) -> Vec<u32> {
        let half = (k1 as f64 / 2.0).round_ties_even() as usize;
        let own: Vec<u32> = self.reciprocal(i, k1.saturating_add(1)).collect();
        let mut grown = own.clone();
        let mut theirs = Vec::with_capacity(self.of(i, half + 1).len());
        for candidate in &own {
            theirs.clear();
            theirs.extend(self.reciprocal(*candidate as usize, half + 1));
            let shared = theirs.iter().filter(|j| own.contains(j)).count();
            if shared as f64 > 2.0 / 3.0 * theirs.len() as f64 {
                grown.extend_from_slice(&theirs);
            }
        }
        grown.sort_unstable();
        grown.dedup();
        grown
    }
}

/// The beginning of `memory` as a matrix.
fn matrix(memory: &mut [f32], rows: usize, columns: usize) -> ArrayViewMut2<'_, f32> {
    ArrayViewMut2::from_shape((rows, columns), &mut memory[..rows * columns])
        .expect("a slice of rows × columns values")
}

/// What is found so far, a vector of each field for all samples.
struct Found {
    k: usize,
    lists: Vec<Vec<u64>>,
    /// Nothing further than this is among the `k` nearest.
    limits: Vec<f32>,
    furthest: Vec<f32>,
}

/// What is found so far of some samples.
struct Part<'a> {
    k: usize,
    lists: &'a mut [Vec<u64>],
    limits: &'a mut [f32],
    furthest: &'a mut [f32],
}

/// Columns whose nearest are updated by one thread.
const COLUMNS_AT_ONCE: usize = 512;
/// Distances of which is asked at once whether one is below the limit.
const DISTANCES_AT_ONCE: usize = 16;

impl Found {
    fn new(n: usize, k: usize) -> Self {
        let list = || Vec::with_capacity(2 * k);
        Self {
            k,
            lists: std::iter::repeat_with(list).take(n).collect(),
            limits: vec![f32::INFINITY; n],
            furthest: vec![0.0; n],
        }
    }

    /// Parts of `size` samples from `first` to `last`.
    fn parts(&mut self, first: usize, last: usize, size: usize) -> Vec<Part<'_>> {
        let lists = self.lists[first..last].chunks_mut(size);
        let limits = self.limits[first..last].chunks_mut(size);
        let furthest = self.furthest[first..last].chunks_mut(size);
        let parts = lists.zip(limits).zip(furthest);
        let part = |((lists, limits), furthest)| Part { k: self.k, lists, limits, furthest };
        parts.map(part).collect()
    }

    /// Takes the distances of the samples from `first_row` on to those from `first_column` on, each of them for both of its samples.
    /// The rows are the first columns, or none of them is.
    fn add(&mut self, distances: ArrayView2<f32>, first_row: usize, first_column: usize) {
        let (rows, columns) = distances.dim();
        self.parts(first_row, first_row + rows, 1)
            .into_par_iter()
            .enumerate()
            .for_each(|(row, mut part)| part.add_row(first_column, slice(&distances, row)));
        let known = if first_row == first_column { rows } else { 0 };
        let others = distances.slice(s![.., known..]);
        let mut parts = self.parts(first_column + known, first_column + columns, COLUMNS_AT_ONCE);
        let views: Vec<_> = others.axis_chunks_iter(Axis(1), COLUMNS_AT_ONCE).collect();
        parts.par_iter_mut().zip(views).for_each(|(part, distances)| {
            Arch::new().dispatch(AddColumns { part, first_row, distances });
        });
    }

    fn finish(mut self) -> (Array2<u32>, Vec<f32>) {
        let (n, k) = (self.lists.len(), self.k);
        let mut nearest = Array2::zeros((n, k));
        let rows: Vec<_> = nearest.outer_iter_mut().collect();
        rows.into_par_iter().zip(&mut self.lists).for_each(|(mut row, list)| {
            list.sort_unstable();
            for (to, key) in row.iter_mut().zip(list.iter()) {
                *to = (key & u64::from(u32::MAX)) as u32;
            }
        });
        (nearest, self.furthest)
    }
}

fn slice<'a>(distances: &'a ArrayView2<f32>, row: usize) -> &'a [f32] {
    distances.row(row).to_slice().expect("the values of a row follow each other")
}

/// Distances of some samples, the rows, to the samples of a part, which takes them.
struct AddColumns<'a, 'b> {
    part: &'a mut Part<'b>,
    first_row: usize,
    distances: ArrayView2<'a, f32>,
}

impl WithSimd for AddColumns<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { part, first_row, distances } = self;
        for row in 0..distances.nrows() {
            part.add_column(first_row + row, slice(&distances, row));
        }
    }
}

impl Part<'_> {
    /// Takes the distances of the first sample to those from `first` on.
    #[inline(always)]
    fn add_row(&mut self, first: usize, distances: &[f32]) {
        let mut furthest = [0.0f32; DISTANCES_AT_ONCE];
        let (chunks, rest) = distances.as_chunks::<DISTANCES_AT_ONCE>();
        for (number, chunk) in chunks.iter().enumerate() {
            let limit = self.limits[0];
            let mut is_near = false;
            for (largest, distance) in furthest.iter_mut().zip(chunk) {
                *largest = if distance > largest { *distance } else { *largest };
                is_near |= *distance <= limit;
            }
            if is_near {
                for (i, distance) in chunk.iter().enumerate() {
                    self.add(0, first + number * DISTANCES_AT_ONCE + i, *distance);
                }
            }
        }
        for (i, distance) in (distances.len() - rest.len()..).zip(rest) {
            furthest[0] = furthest[0].max(*distance);
            self.add(0, first + i, *distance);
        }
        self.furthest[0] = furthest.into_iter().fold(self.furthest[0], f32::max);
    }

    /// Takes the distance of every sample to `other`.
    #[inline(always)]
    fn add_column(&mut self, other: usize, distances: &[f32]) {
        let (chunks, rest) = distances.as_chunks::<DISTANCES_AT_ONCE>();
        for (number, chunk) in chunks.iter().enumerate() {
            let first = number * DISTANCES_AT_ONCE;
            let samples = first..first + DISTANCES_AT_ONCE;
            let mut is_near = false;
            let known = self.furthest[samples.clone()].iter_mut().zip(&self.limits[samples]);
            for ((largest, limit), distance) in known.zip(chunk) {
                *largest = if distance > largest { *distance } else { *largest };
                is_near |= distance <= limit;
            }
            if is_near {
                for (i, distance) in chunk.iter().enumerate() {
                    self.add(first + i, other, *distance);
                }
            }
        }
        for (sample, distance) in (distances.len() - rest.len()..).zip(rest) {
            self.furthest[sample] = self.furthest[sample].max(*distance);
            self.add(sample, other, *distance);
        }
    }

    #[inline]
    fn add(&mut self, sample: usize, other: usize, distance: f32) {
        if distance <= self.limits[sample] {
            self.insert(sample, other, distance);
        }
    }

    #[inline(never)]
    fn insert(&mut self, sample: usize, other: usize, distance: f32) {
        let list = &mut self.lists[sample];
        // Squared distances are not negative: their bits ascend with them. Equal ones stand in the order of the collection.
        list.push(u64::from(distance.to_bits()) << 32 | other as u64);
        if list.len() == 2 * self.k {
            let (_, last, _) = list.select_nth_unstable(self.k - 1);
            self.limits[sample] = f32::from_bits((*last >> 32) as u32);
            list.truncate(self.k);
        }
    }
}

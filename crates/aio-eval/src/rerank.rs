use crate::EvalError;
use crate::distance::{Features, Measured, Metric};
use ndarray::{Array2, s};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Re-ranking by k-reciprocal encoding (Zhong et al., "Re-ranking Person Re-identification with k-reciprocal
/// Encoding", CVPR 2017).
///
/// Follows the authors' `re_ranking_ranklist.py`: squared Euclidean distances (of unit-length features under
/// [`Metric::Cosine`]), each row over its maximum; `k1 + 1` neighbours counting the sample itself; halves rounded to even; the Jaccard
/// distance mixed with λ of the normalised squared distance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rerank {
    /// Neighbours that must be mutual.
    pub k1: usize,
    /// Neighbours over which encodings are averaged; 1 for none.
    pub k2: usize,
    /// Share of the original distance, 0..1.
    pub lambda: f32,
}

impl Default for Rerank {
    fn default() -> Self {
        Self { k1: 20, k2: 6, lambda: 0.3 }
    }
}

/// A sparse row: (index into queries then gallery, weight), ascending.
type Encoding = Vec<(u32, f32)>;

/// Query and gallery as one collection, queries first.
struct All<'a> {
    queries: Measured<'a>,
    gallery: Measured<'a>,
}

impl All<'_> {
    fn len(&self) -> usize {
        self.queries.rows() + self.gallery.rows()
    }

    /// Squared distances `[rows, all]` of the rows from `first` to `last`, all of them queries or none.
    fn squared(&self, first: usize, last: usize) -> Array2<f32> {
        let queries = self.queries.rows();
        let (part, offset) =
            if first < queries { (&self.queries, 0) } else { (&self.gallery, queries) };
        let mut all = Array2::zeros((last - first, self.len()));
        all.slice_mut(s![.., ..queries]).assign(&part.squared(
            first - offset,
            last - offset,
            &self.queries,
        ));
        all.slice_mut(s![.., queries..]).assign(&part.squared(
            first - offset,
            last - offset,
            &self.gallery,
        ));
        // A sample is at distance 0 of itself, whatever rounding says.
        for i in first..last {
            all[(i - first, i)] = 0.0;
        }
        all
    }

    fn squared_pair(&self, i: usize, j: usize) -> f32 {
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

/// Nearest neighbours of every sample, itself first, and the largest squared distance of each row.
struct Neighbours {
    /// `[all, k]`.
    nearest: Array2<u32>,
    furthest: Vec<f32>,
}

impl Neighbours {
    fn find(all: &All, k: usize, tick: &(dyn Fn(usize) + Sync)) -> Self {
        let (n, queries) = (all.len(), all.queries.rows());
        let block = ((32 << 20) / n.max(1)).clamp(1, 256);
        let mut nearest = Array2::zeros((n, k));
        let mut furthest = vec![0.0; n];
        let mut first = 0;
        while first < n {
            let last = (first + block).min(if first < queries { queries } else { n });
            let distances = all.squared(first, last);
            let found: Vec<(Vec<u32>, f32)> = (0..last - first)
                .into_par_iter()
                .map(|row| {
                    let values = distances.row(row);
                    // Squared distances are not negative: their bits ascend with them.
                    let mut keys: Vec<u64> = values
                        .iter()
                        .enumerate()
                        .map(|(j, d)| u64::from(d.to_bits()) << 32 | j as u64)
                        .collect();
                    if k < keys.len() {
                        keys.select_nth_unstable(k);
                        keys.truncate(k);
                    }
                    keys.sort_unstable();
                    (
                        keys.into_iter().map(|key| (key & u64::from(u32::MAX)) as u32).collect(),
                        values.iter().copied().fold(0.0, f32::max),
                    )
                })
                .collect();
            for (row, (indices, largest)) in (first..).zip(found) {
                nearest.row_mut(row).assign(&ndarray::ArrayView1::from(&indices));
                furthest[row] = largest;
            }
            tick(last);
            first = last;
        }
        Self { nearest, furthest }
    }

    fn of(&self, i: usize, k: usize) -> impl Iterator<Item = u32> {
        self.nearest
            .slice(s![i, ..k.min(self.nearest.ncols())])
            .iter()
            .copied()
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// Those among the first `k` neighbours of `i` that have `i` among their first `k`.
    fn reciprocal(&self, i: usize, k: usize) -> Vec<u32> {
        self.of(i, k).filter(|j| self.of(*j as usize, k).any(|back| back as usize == i)).collect()
    }

    /// The k-reciprocal set of `i`, grown by the sets of its members that mostly lie within it.
    fn expanded(&self, i: usize, k1: usize) -> Vec<u32> {
        let half = (k1 as f64 / 2.0).round_ties_even() as usize;
        let own = self.reciprocal(i, k1 + 1);
        let mut grown = own.clone();
        for candidate in &own {
            let theirs = self.reciprocal(*candidate as usize, half + 1);
            let shared = theirs.iter().filter(|j| own.contains(j)).count();
            if shared as f64 > 2.0 / 3.0 * theirs.len() as f64 {
                grown.extend(theirs);
            }
        }
        grown.sort_unstable();
        grown.dedup();
        grown
    }
}

impl Rerank {
    /// Refuses parameters without a meaning.
    ///
    /// # Errors
    /// [`EvalError::Rerank`] naming the parameter.
    pub fn check(&self) -> Result<(), EvalError> {
        let problem = if self.k1 == 0 {
            "k1 is 0; at least one neighbour is needed".to_owned()
        } else if self.k2 == 0 || self.k2 > self.k1 + 1 {
            format!("k2 is {}; it must lie between 1 and k1 + 1 = {}", self.k2, self.k1 + 1)
        } else if !(0.0..=1.0).contains(&self.lambda) {
            format!("lambda is {}; it must lie between 0 and 1", self.lambda)
        } else {
            return Ok(());
        };
        Err(EvalError::Rerank { problem })
    }

    /// Bytes that re-ranking holds at its peak beyond the features, estimated: neighbours, encodings before and after
    /// averaging, and one block of distances.
    #[must_use]
    pub fn memory(&self, queries: usize, gallery: usize) -> usize {
        let all = queries + gallery;
        // Sets grow by about half of their members; averaging joins k2 of them, which overlap.
        let encoding = (self.k1 + 1) * 3 / 2 * 8 + 24;
        let averaged = encoding * self.k2.div_ceil(2).max(1);
        let block = 3 * 4 * all * ((32 << 20) / all.max(1)).clamp(1, 256);
        all * (4 * (self.k1 + 1) + 4 + encoding + averaged) + block
    }

    /// Re-ranked distances of every query to the gallery, for blocks of queries: `visit(first query, distances
    /// [queries, gallery])`. `tick` is called with the number of queries and gallery entries whose
    /// neighbours are found.
    ///
    /// # Errors
    /// [`EvalError::Rerank`] for parameters without a meaning, [`EvalError::Length`] for features that would overflow.
    pub fn distances(
        &self,
        queries: &Features,
        gallery: &Features,
        metric: Metric,
        tick: &(dyn Fn(usize) + Sync),
        mut visit: impl FnMut(usize, Array2<f32>),
    ) -> Result<(), EvalError> {
        self.check()?;
        let (queries, gallery) = Measured::pair(queries, gallery, metric)?;
        let all = All { queries, gallery };
        let (n, count) = (all.len(), all.queries.rows());
        let neighbours = Neighbours::find(&all, (self.k1 + 1).min(n), tick);
        let encodings: Vec<Encoding> = (0..n)
            .into_par_iter()
            .map(|i| {
                let members = neighbours.expanded(i, self.k1);
                // Rows whose samples are all alike have no largest distance to divide by.
                let scale = neighbours.furthest[i].max(f32::MIN_POSITIVE);
                let weights: Vec<f32> = members
                    .iter()
                    .map(|j| (-all.squared_pair(i, *j as usize) / scale).exp())
                    .collect();
                let sum: f32 = weights.iter().sum();
                members.into_iter().zip(weights.into_iter().map(|w| w / sum)).collect()
            })
            .collect();
        let encodings: Vec<Encoding> = if self.k2 == 1 {
            encodings
        } else {
            (0..n)
                .into_par_iter()
                .map(|i| average(neighbours.of(i, self.k2).map(|j| &encodings[j as usize])))
                .collect()
        };
        // The gallery entries that have a share in each dimension.
        let mut holders: Vec<Encoding> = vec![Vec::new(); n];
        for (j, encoding) in encodings[count..].iter().enumerate() {
            for (dimension, weight) in encoding {
                holders[*dimension as usize].push((j as u32, *weight));
            }
        }
        let block = ((64 << 20) / all.gallery.rows().max(1)).clamp(1, 256);
        for first in (0..count).step_by(block) {
            let last = (first + block).min(count);
            let mut distances = all.queries.squared(first, last, &all.gallery);
            let mut rows: Vec<_> = distances.outer_iter_mut().collect();
            rows.par_iter_mut().enumerate().for_each(|(row, values)| {
                let query = first + row;
                let mut shared = vec![0.0f32; values.len()];
                for (dimension, weight) in &encodings[query] {
                    for (j, other) in &holders[*dimension as usize] {
                        shared[*j as usize] += weight.min(*other);
                    }
                }
                let scale = neighbours.furthest[query].max(f32::MIN_POSITIVE);
                for (value, shared) in values.iter_mut().zip(shared) {
                    let jaccard = 1.0 - shared / (2.0 - shared);
                    *value = (1.0 - self.lambda) * jaccard + self.lambda * *value / scale;
                }
            });
            visit(first, distances);
        }
        Ok(())
    }
}

/// The mean of sparse rows.
fn average<'a>(rows: impl Iterator<Item = &'a Encoding>) -> Encoding {
    let (mut members, mut count) = (Vec::new(), 0);
    for row in rows {
        members.extend_from_slice(row);
        count += 1;
    }
    members.sort_by_key(|(dimension, _)| *dimension);
    let mut mean: Encoding = Vec::with_capacity(members.len());
    for (dimension, weight) in members {
        let share = weight / count as f32;
        match mean.last_mut().filter(|(last, _)| *last == dimension) {
            Some((_, sum)) => *sum += share,
            None => mean.push((dimension, share)),
        }
    }
    mean.shrink_to_fit();
    mean
}

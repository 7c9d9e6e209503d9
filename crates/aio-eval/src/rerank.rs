use crate::distance::{Measured, Metric};
use crate::neighbours::{All, Neighbours, block};
use crate::{EvalError, Features};
use ndarray::{Array2, ArrayView2, ArrayViewMut1};
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

/// Bytes of the squared distances of the queries to the gallery up to which they are kept while neighbours are found, and not computed
/// again afterwards.
const KEPT: usize = 256 << 20;

/// Bytes of the distances of the queries to the gallery if they are kept, else 0.
fn kept(queries: usize, gallery: usize) -> usize {
    let bytes = 4 * queries * gallery;
    if bytes <= KEPT { bytes } else { 0 }
}

impl Rerank {
    /// Refuses parameters without a meaning.
    ///
    /// # Errors
    /// [`EvalError::Rerank`] naming the parameter.
    pub fn check(&self) -> Result<(), EvalError> {
        let problem = if self.k1 == 0 {
            "k1 is 0; at least one neighbour is needed".to_owned()
        } else if self.k2 == 0 || self.k2 > self.near() {
            format!("k2 is {}; it must lie between 1 and k1 + 1 = {}", self.k2, self.near())
        } else if !(0.0..=1.0).contains(&self.lambda) {
            format!("lambda is {}; it must lie between 0 and 1", self.lambda)
        } else {
            return Ok(());
        };
        Err(EvalError::Rerank { problem })
    }

    /// Neighbours of a sample, itself included.
    fn near(&self) -> usize {
        self.k1.saturating_add(1)
    }

    /// Bytes that re-ranking holds at its peak beyond the features, estimated: neighbours, encodings before and after
    /// averaging, one block of distances, and where they take at most 256 MiB those of all queries to the gallery.
    #[must_use]
    pub fn memory(&self, queries: usize, gallery: usize) -> usize {
        let all = queries + gallery;
        // There are no more neighbours than samples.
        let (near, joined) = (self.near().min(all), self.k2.min(all));
        // Sets grow by about half of their members; averaging joins k2 of them, which overlap.
        let encoding = near * 3 / 2 * 8 + 24;
        let averaged = encoding * joined.div_ceil(2).max(1);
        let distances = 4 * block(all) * queries.max(gallery) + kept(queries, gallery);
        all * (4 * near + 4 + encoding + averaged) + distances
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
        mut visit: impl FnMut(usize, ArrayView2<f32>),
    ) -> Result<(), EvalError> {
        self.check()?;
        let (queries, gallery) = Measured::pair(queries, gallery, metric)?;
        let all = All { queries, gallery };
        let (n, count) = (all.len(), all.queries.rows());
        let keep = kept(count, all.gallery.rows()) > 0;
        let mut neighbours = Neighbours::find(&all, self.near().min(n), keep, tick);
        let encodings = self.averaged(self.encodings(&all, &neighbours), &neighbours);
        let holders = holders(&encodings[count..], n);
        let mut kept = std::mem::take(&mut neighbours.kept).into_iter();
        let block = block(n);
        for first in (0..count).step_by(block) {
            let mut distances = kept.next().unwrap_or_else(|| {
                let rows = block.min(count - first);
                let mut distances = Array2::zeros((rows, all.gallery.rows()));
                all.squared_to_gallery(first, distances.view_mut());
                distances
            });
            let mut rows: Vec<_> = distances.outer_iter_mut().collect();
            rows.par_iter_mut().enumerate().for_each(|(row, values)| {
                let query = first + row;
                self.blend(values, &encodings[query], &holders, neighbours.furthest[query]);
            });
            visit(first, distances.view());
        }
        Ok(())
    }

    /// The k-reciprocal encoding of every sample: its mutual neighbours and theirs, with weights that fall with the distance and add up to 1.
    fn encodings(&self, all: &All, neighbours: &Neighbours) -> Vec<Encoding> {
        let encoding = |i: usize| {
            let members = neighbours.expanded(i, self.k1);
            let scale = divisor(neighbours.furthest[i]);
            let weights: Vec<f32> =
                members.iter().map(|j| (-all.squared_pair(i, *j as usize) / scale).exp()).collect();
            let sum: f32 = weights.iter().sum();
            members.into_iter().zip(weights.into_iter().map(|w| w / sum)).collect()
        };
        (0..all.len()).into_par_iter().map(encoding).collect()
    }

    /// Every encoding averaged over the sample's `k2` nearest neighbours, itself included (local query expansion).
    fn averaged(&self, encodings: Vec<Encoding>, neighbours: &Neighbours) -> Vec<Encoding> {
        if self.k2 == 1 {
            return encodings;
        }
        let nearest = |i| neighbours.of(i, self.k2).iter().map(|j| &encodings[*j as usize]);
        (0..encodings.len()).into_par_iter().map(|i| average(nearest(i))).collect()
    }

    /// Mixes the squared distances of a query to the gallery, `values`, with the Jaccard distances of its encoding to those of `holders`.
    fn blend(
        &self,
        values: &mut ArrayViewMut1<f32>,
        encoding: &Encoding,
        holders: &[Encoding],
        furthest: f32,
    ) {
        let mut shared = vec![0.0f32; values.len()];
        for (dimension, weight) in encoding {
            for (j, other) in &holders[*dimension as usize] {
                shared[*j as usize] += weight.min(*other);
            }
        }
        let scale = divisor(furthest);
        for (value, shared) in values.iter_mut().zip(shared) {
            let jaccard = 1.0 - shared / (2.0 - shared);
            *value = (1.0 - self.lambda) * jaccard + self.lambda * *value / scale;
        }
    }
}

/// What the distances of a row are divided by: rows whose samples are all alike have no largest distance.
fn divisor(furthest: f32) -> f32 {
    furthest.max(f32::MIN_POSITIVE)
}

/// The gallery entries that have a share in each of `dimensions`, with their shares.
fn holders(gallery: &[Encoding], dimensions: usize) -> Vec<Encoding> {
    let mut holders: Vec<Encoding> = vec![Vec::new(); dimensions];
    for (j, encoding) in gallery.iter().enumerate() {
        for (dimension, weight) in encoding {
            holders[*dimension as usize].push((j as u32, *weight));
        }
    }
    holders
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

//! The scan: all features of a gallery against a batch of queries, in parallel.

use super::nearest::{Candidate, Keep, Nearest};
use super::query::Query;
use crate::calibration::Calibration;
use crate::encode::Storage;
use crate::gallery::Gallery;
use crate::product::{Rounded, Rows, dot, rounding};
use crate::segment::{Searched, Segment};
use rayon::prelude::*;

/// What is compared with every row.
pub(super) struct Probe<'a> {
    /// Length 1.
    pub(super) vector: Vec<f32>,
    /// For every segment, which of its rows may be found.
    pub(super) chosen: &'a [Vec<bool>],
    /// For every segment, what is added to the similarities of its rows, if answers move them.
    pub(super) shifts: Option<Vec<Vec<f32>>>,
    /// Which of its rows are improbable, if that is not only seen at the end of a list.
    pub(super) cut: Option<Cut<'a>>,
    /// For every segment, the groups of its rows, if rows are grouped.
    pub(super) groups: Option<&'a [Vec<u32>]>,
    pub(super) keep: Keep,
    pub(super) top: usize,
}

impl Probe<'_> {
    /// What is added to the similarity of a candidate.
    pub(super) fn shift(&self, candidate: &Candidate) -> f32 {
        let (segment, position) = (candidate.segment as usize, candidate.position as usize);
        self.shifts.as_ref().map_or(0.0, |shifts| shifts[segment][position])
    }

    /// Whether a row is less probable than the query asks. Its similarity without answers lies within `slack` of `similarity`.
    #[inline]
    fn is_cut(&self, segment: &Segment, position: usize, similarity: f32, slack: f32) -> bool {
        let Some(cut) = &self.cut else { return false };
        if cut.is_below(similarity + slack) || slack == 0.0 {
            return cut.is_below(similarity + slack);
        }
        cut.is_below(similarity - slack)
            && cut.is_below(dot(&self.vector, &segment.features(position)))
    }
}

/// The least probability of a result.
#[derive(Clone, Copy)]
pub(super) struct Cut<'a> {
    calibration: &'a Calibration,
    least: f64,
}

impl<'a> Cut<'a> {
    /// Where answers move rows, improbable ones stand among the others: they must not take the places of those, nor stand for their groups. Elsewhere they
    /// are the end of every list, which is cut off when the list is known.
    pub(super) fn of(gallery: &'a Gallery, query: &Query, is_moved: bool) -> Option<Self> {
        let least = query.threshold.filter(|_| is_moved)?;
        Some(Self { calibration: query.calibration(gallery)?, least })
    }

    fn is_below(&self, similarity: f32) -> bool {
        self.calibration.probability(similarity) < self.least
    }
}

/// Rows that one task of the thread pool compares.
const TASK: usize = 4096;

/// Values that are read at once: they stay in the cache while every query is compared with them.
const AT_ONCE: usize = 1 << 14;

/// The candidates of every probe with their groups, best first by what is known, among the rows of the segments from the one at `first` on.
pub(super) fn scan(
    gallery: &Gallery,
    probes: &[Probe],
    first: usize,
) -> Vec<Vec<(u32, Candidate)>> {
    let mut tasks = Vec::new();
    for (index, segment) in gallery.segments.iter().enumerate().skip(first) {
        tasks.extend((0..segment.len()).step_by(TASK).map(|first| (index, first)));
    }
    let is_rounded = gallery.storage() == Storage::Int8;
    let rounded = probes.iter().filter(|_| is_rounded).map(|probe| Rounded::of(&probe.vector));
    let rounded: Vec<Rounded> = rounded.collect();
    let empty = || -> Vec<Nearest> {
        probes.iter().map(|probe| Nearest::new(probe.top, probe.keep)).collect()
    };
    let found = tasks
        .into_par_iter()
        .fold(empty, |mut nearest, (index, first)| {
            compare(&gallery.segments[index], index, first, (probes, &rounded), &mut nearest);
            nearest
        })
        .reduce(empty, |a, b| a.into_iter().zip(b).map(|(a, b)| a.merge(b)).collect());
    found.into_iter().map(Nearest::finish).collect()
}

/// Probes that may find the same rows, so that a row is read once for all of them.
struct Together<'a> {
    vectors: Vec<&'a [f32]>,
    /// The same in whole numbers, if the rows are.
    rounded: Vec<&'a Rounded>,
    chosen: &'a [Vec<bool>],
    found: Found<'a>,
}

impl<'a> Together<'a> {
    /// Neighbours with one selection of rows, and what each has found.
    fn of(
        probes: &'a [Probe<'a>],
        mut rounded: &'a [Rounded],
        mut nearest: &'a mut [Nearest],
    ) -> Vec<Self> {
        let mut groups = Vec::new();
        for probes in probes.chunk_by(|a, b| std::ptr::eq(a.chosen, b.chosen)) {
            let (own, rest) = nearest.split_at_mut(probes.len());
            nearest = rest;
            let (whole, rest) = rounded.split_at(probes.len().min(rounded.len()));
            rounded = rest;
            groups.push(Self {
                vectors: probes.iter().map(|probe| probe.vector.as_slice()).collect(),
                rounded: whole.iter().collect(),
                chosen: probes[0].chosen,
                found: Found { probes, rounded: whole, nearest: own },
            });
        }
        groups
    }
}

/// What some probes have found.
struct Found<'a> {
    probes: &'a [Probe<'a>],
    rounded: &'a [Rounded],
    nearest: &'a mut [Nearest],
}

impl Found<'_> {
    /// Takes the products of the probe at `number` with the rows of a block into account.
    fn take(&mut self, number: usize, products: &[f32], block: &Block) {
        let Block { segment, index, start, chosen, scales } = *block;
        let (probe, nearest) = (&self.probes[number], &mut self.nearest[number]);
        let query = self.rounded.get(number).map(|query| (query.lost, rounding(segment.width())));
        let rows = products.iter().zip(scales).zip(chosen).enumerate();
        for (row, ((product, (scale, lost)), _)) in rows.filter(|(_, (_, chosen))| **chosen) {
            let position = start + row;
            // By the inequality of Cauchy and Schwarz, what was lost of one row changes a product by its length times the length of the other row at most.
            let slack =
                query.map_or(0.0, |(of_query, rounding)| lost + of_query * (1.0 + lost) + rounding);
            let shift = probe.shifts.as_ref().map_or(0.0, |s| s[index][position]);
            let unmoved = scale * product;
            let similarity = unmoved + shift;
            if !nearest.may_keep(similarity + slack)
                || probe.is_cut(segment, position, unmoved, slack)
            {
                continue;
            }
            let candidate = Candidate {
                lower: similarity - slack,
                upper: similarity + slack,
                row: segment.number(position),
                segment: index as u32,
                position: position as u32,
            };
            let group = probe.groups.map_or(0, |groups| groups[index][position]);
            nearest.offer(candidate, group);
        }
    }
}

/// Rows of a segment that follow each other.
struct Block<'a> {
    segment: &'a Segment,
    index: usize,
    start: usize,
    chosen: &'a [bool],
    /// Of each row the scale of its values, and the length of what they lack.
    scales: &'a [(f32, f32)],
}

fn compare(
    segment: &Segment,
    index: usize,
    first: usize,
    (probes, rounded): (&[Probe], &[Rounded]),
    nearest: &mut [Nearest],
) {
    let width = segment.width();
    let at_once = (AT_ONCE / width).max(1);
    let mut groups = Together::of(probes, rounded, nearest);
    let (mut buffer, mut scales, mut products) = (Vec::new(), Vec::new(), Vec::new());
    let end = (first + TASK).min(segment.len());
    for start in (first..end).step_by(at_once) {
        let places = start..(start + at_once).min(end);
        if !groups.iter().any(|group| group.chosen[index][places.clone()].contains(&true)) {
            continue;
        }
        let searched = segment.searched(places.clone(), &mut buffer);
        scales.clear();
        scales.extend(segment.scales(places.clone()));
        for Together { vectors, rounded, chosen, found } in &mut groups {
            let chosen = &chosen[index][places.clone()];
            match searched {
                Searched::Full(values) => {
                    Rows { values, width, chosen }.multiply(vectors, &mut products);
                }
                Searched::Rounded(values) => {
                    Rows { values, width, chosen }.multiply(rounded, &mut products);
                }
            }
            let block = Block { segment, index, start, chosen, scales: &scales };
            for (number, products) in products.chunks_exact(chosen.len()).enumerate() {
                found.take(number, products, &block);
            }
        }
    }
}

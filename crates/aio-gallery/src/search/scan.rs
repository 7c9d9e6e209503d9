//! The scan: all features of a gallery against a batch of queries, in parallel.

use super::nearest::{Candidate, Keep, Nearest};
use super::query::Query;
use crate::calibration::Calibration;
use crate::encode::Storage;
use crate::gallery::Gallery;
use crate::product::{Rows, dot, rounding};
use crate::segment::Segment;
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

/// Values that are decoded at once: 64 KiB, which stay in the cache while every query is compared with them.
const DECODED: usize = 1 << 14;

/// The candidates of every probe with their groups, best first by what is known.
pub(super) fn scan(gallery: &Gallery, probes: &[Probe]) -> Vec<Vec<(u32, Candidate)>> {
    let mut tasks = Vec::new();
    for (index, segment) in gallery.segments.iter().enumerate() {
        tasks.extend((0..segment.len()).step_by(TASK).map(|first| (index, first)));
    }
    let empty = || -> Vec<Nearest> {
        probes.iter().map(|probe| Nearest::new(probe.top, probe.keep)).collect()
    };
    let found = tasks
        .into_par_iter()
        .fold(empty, |mut nearest, (index, first)| {
            compare(&gallery.segments[index], index, first, probes, &mut nearest);
            nearest
        })
        .reduce(empty, |a, b| a.into_iter().zip(b).map(|(a, b)| a.merge(b)).collect());
    found.into_iter().map(Nearest::finish).collect()
}

/// Probes that may find the same rows, so that a row is read once for all of them.
struct Together<'a> {
    probes: &'a [Probe<'a>],
    vectors: Vec<&'a [f32]>,
    nearest: &'a mut [Nearest],
}

impl<'a> Together<'a> {
    /// Neighbours with one selection of rows, and what each has found.
    fn of(probes: &'a [Probe<'a>], mut nearest: &'a mut [Nearest]) -> Vec<Self> {
        let mut groups = Vec::new();
        for probes in probes.chunk_by(|a, b| std::ptr::eq(a.chosen, b.chosen)) {
            let (own, rest) = nearest.split_at_mut(probes.len());
            nearest = rest;
            let vectors = probes.iter().map(|probe| probe.vector.as_slice()).collect();
            groups.push(Self { probes, vectors, nearest: own });
        }
        groups
    }

    /// Which of the rows of a segment may be found.
    fn chosen(&self, segment: usize) -> &'a [bool] {
        &self.probes[0].chosen[segment]
    }
}

fn compare(
    segment: &Segment,
    index: usize,
    first: usize,
    probes: &[Probe],
    nearest: &mut [Nearest],
) {
    let width = segment.info.width;
    let at_once = (DECODED / width).max(1);
    let slack = if segment.info.storage == Storage::Int8 { rounding(width) } else { 0.0 };
    let mut groups = Together::of(probes, nearest);
    let mut values = vec![0.0; at_once * width];
    let end = (first + TASK).min(segment.len());
    for start in (first..end).step_by(at_once) {
        let block = start..(start + at_once).min(end);
        if !groups.iter().any(|group| group.chosen(index)[block.clone()].contains(&true)) {
            continue;
        }
        let values = &mut values[..block.len() * width];
        segment.decode(start, values);
        for group in &mut groups {
            let rows = Rows { values, width, chosen: &group.chosen(index)[block.clone()] };
            rows.multiply(&group.vectors, |first, row, products| {
                let position = start + row;
                let (scale, lost) = segment.scale(position);
                // By the inequality of Cauchy and Schwarz what was lost changes the product with a row of length 1 by its length at most.
                let slack = lost + slack;
                for (number, product) in (first..).zip(products) {
                    let (probe, nearest) = (&group.probes[number], &mut group.nearest[number]);
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
            });
        }
    }
}

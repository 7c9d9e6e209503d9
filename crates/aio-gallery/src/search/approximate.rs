//! Searches along the links of an index.

use super::nearest::{Candidate, Keep};
use super::query::Query;
use super::scan::{Probe, scan};
use crate::encode::Storage;
use crate::error::{GalleryError, Result};
use crate::gallery::Gallery;
use crate::index::Index;
use crate::product::dot;
use rayon::prelude::*;
use std::sync::Arc;

/// Rows that a walk keeps for each that an index of a database would visit ([`Query::visited`]).
const KEPT: usize = 4;

/// How much longer it takes to compare a row that links lead to than one that lies behind the row before: measured with two threads for the latter, and a
/// million rows of 128 values of 32 bits.
const FAR: usize = 16;
/// The same for rows of 8 bits, of which a scan compares four times as many.
const FAR_OF_INT8: usize = 64;

/// What a probe found.
pub(super) struct Found {
    /// Candidates with their groups, best first by what is known.
    pub(super) candidates: Vec<(u32, Candidate)>,
    /// Whether every row that may be found was compared.
    pub(super) is_exact: bool,
}

/// The index of a gallery.
///
/// # Errors
/// [`GalleryError::Request`] if it has none; [`GalleryError::Data`] naming its file if it is gone or damaged.
pub(super) fn index_of(gallery: &Gallery) -> Result<Arc<Index>> {
    let directory = gallery.directory();
    let Some(entry) = &gallery.manifest.index else {
        return Err(GalleryError::request(
            format!("{} has no index for approximate searches", directory.display()),
            format!("make one: aio gallery index {}", directory.display()),
        ));
    };
    match &gallery.index {
        Some(index) => Ok(Arc::clone(index)),
        // This says what is wrong with the file.
        None => Index::open(directory, entry, &gallery.segments).map(Arc::new),
    }
}

/// The candidates of every probe. Where the index helps, its links lead to those among the rows that it covers; rows that were added since are all compared.
///
/// # Errors
/// [`crate::GalleryError::Failure`] if the index cannot be followed.
pub(super) fn candidates(
    gallery: &Gallery,
    index: Option<&Index>,
    queries: &[Query],
    probes: &[Probe],
) -> Result<Vec<Found>> {
    let far = if gallery.storage() == Storage::Int8 { FAR_OF_INT8 } else { FAR };
    let reach = |(query, probe)| index.and_then(|index| Reach::of(index, far, query, probe));
    let reaches: Vec<Option<Reach>> = queries.iter().zip(probes).map(reach).collect();
    let mut all = Vec::with_capacity(probes.len());
    let mut probes = probes;
    for run in reaches.chunk_by(|a, b| a.is_some() == b.is_some()) {
        let (own, rest) = probes.split_at(run.len());
        probes = rest;
        match index.filter(|_| run[0].is_some()) {
            Some(index) => all.extend(walked(gallery, index, own, run)?),
            None => all.extend(compared(gallery, own)),
        }
    }
    Ok(all)
}

/// What probes find among all rows.
fn compared(gallery: &Gallery, probes: &[Probe]) -> impl Iterator<Item = Found> {
    let found = scan(gallery, probes, 0).into_iter();
    found.map(|candidates| Found { candidates, is_exact: true })
}

/// How far a walk goes.
#[derive(Debug, Clone, Copy)]
struct Reach {
    /// Rows that it keeps.
    kept: usize,
    /// Rows that may be found, of which it has to keep so many to be trusted: a quarter of what it keeps if those that may be found lie anywhere, and at least
    /// the list.
    least: usize,
}

impl Reach {
    /// The reach of a walk that takes less time than to compare all rows that may be found. Groups and answers need all of them.
    fn of(index: &Index, far: usize, query: &Query, probe: &Probe) -> Option<Self> {
        if probe.keep != Keep::Rows || probe.shifts.is_some() {
            return None;
        }
        let covered = &probe.chosen[..index.segments()];
        let rows: usize = covered.iter().map(Vec::len).sum();
        let counts = covered.iter().map(|rows| rows.iter().filter(|chosen| **chosen).count());
        let among: usize = counts.sum();
        // A long list takes more than a walk keeps.
        let wanted = KEPT * query.visited();
        if among == 0 || wanted < 2 * probe.top {
            return None;
        }
        // So many that enough of them may be found.
        let kept = (wanted * rows).div_ceil(among);
        let is_less = index.compared(kept).saturating_mul(far) <= among;
        is_less.then(|| Self { kept, least: query.visited().max(probe.top).min(among) })
    }
}

/// What probes find along links, and among the rows that were added since.
fn walked(
    gallery: &Gallery,
    index: &Index,
    probes: &[Probe],
    reaches: &[Option<Reach>],
) -> Result<Vec<Found>> {
    let near: Vec<Vec<(u32, Candidate)>> = probes
        .par_iter()
        .zip(reaches)
        .map(|(probe, reach)| near(gallery, index, probe, reach.map_or(0, |reach| reach.kept)))
        .collect::<Result<_>>()?;
    let behind = scan(gallery, probes, index.segments());
    let mut all = Vec::with_capacity(probes.len());
    for (((probe, reach), mut candidates), behind) in
        probes.iter().zip(reaches).zip(near).zip(behind)
    {
        // Too few of these are near the query: the nearest of them may be anywhere else.
        if reach.is_none_or(|reach| candidates.len() < reach.least) {
            all.extend(compared(gallery, std::slice::from_ref(probe)));
            continue;
        }
        candidates.extend(behind);
        candidates.sort_by(|(_, a), (_, b)| a.order(b));
        all.push(Found { candidates, is_exact: false });
    }
    Ok(all)
}

/// The rows that a walk keeps, of those that may be found.
fn near(
    gallery: &Gallery,
    index: &Index,
    probe: &Probe,
    kept: usize,
) -> Result<Vec<(u32, Candidate)>> {
    let near = index.near(&probe.vector, kept)?.into_iter();
    let chosen = near.filter(|(segment, position)| probe.chosen[*segment][*position]);
    let candidate = |(index, position): (usize, usize)| {
        let segment = &gallery.segments[index];
        let similarity = dot(&probe.vector, &segment.features(position));
        let candidate = Candidate {
            lower: similarity,
            upper: similarity,
            row: segment.number(position),
            segment: index as u32,
            position: position as u32,
        };
        (0, candidate)
    };
    // A damaged row that is no number is like nothing.
    Ok(chosen.map(candidate).filter(|(_, candidate)| !candidate.lower.is_nan()).collect())
}

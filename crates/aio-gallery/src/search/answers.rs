//! The answers to queries: which rows each may find, one scan for all of them, and what of its candidates is a result.

use super::approximate::{Found, candidates, index_of};
use super::filter::{Filter, selection};
use super::nearest::{Candidate, Keep};
use super::query::{Answer, Query, Scan};
use super::replies::shifts;
use super::scan::{Cut, Probe};
use crate::encode::Storage;
use crate::error::Result;
use crate::gallery::Gallery;
use crate::product::dot;
use crate::segment::Segment;
use std::collections::{HashMap, HashSet};

/// Queries that are compared with the features at once.
const BATCH: usize = 64;

pub(crate) fn answers(gallery: &Gallery, queries: &[Query], scan: Scan) -> Result<Vec<Answer>> {
    let index = match scan {
        Scan::Exact => None,
        Scan::Approximate => Some(index_of(gallery)?),
    };
    let mut answers = Vec::with_capacity(queries.len());
    let mut groups = HashMap::new();
    for query in queries {
        query.check(gallery)?;
        if let Some(column) = &query.group_by
            && !groups.contains_key(column)
        {
            groups.insert(column.clone(), gallery.groups.by(column, &gallery.segments)?);
        }
    }
    for batch in queries.chunks(BATCH) {
        let mut selections: Vec<Selection> = Vec::new();
        let mut which = Vec::with_capacity(batch.len());
        for query in batch {
            let selection = Selection::of(gallery, query);
            let known = selections.iter().position(|known| known.is_as(&selection));
            which.push(known.unwrap_or_else(|| {
                selections.push(selection);
                selections.len() - 1
            }));
        }
        let chosen: Vec<Vec<Vec<bool>>> =
            selections.iter().map(|s| s.rows(gallery)).collect::<Result<_>>()?;
        let probes = batch.iter().zip(&which).map(|(query, which)| {
            let chosen = &chosen[*which];
            let shifts = shifts(gallery, &query.replies, chosen)?;
            let groups = query.group_by.as_ref().map(|column| groups[column].numbers());
            Ok(Probe {
                vector: query.vector(gallery)?,
                chosen,
                cut: Cut::of(gallery, query, shifts.is_some()),
                shifts,
                groups,
                keep: if groups.is_some() { Keep::BestOfGroups } else { Keep::Rows },
                // More than all rows are never found.
                top: query.top.min(gallery.len()).max(1),
            })
        });
        let probes: Vec<Probe> = probes.collect::<Result<_>>()?;
        let found = candidates(gallery, index.as_deref(), batch, &probes)?;
        for ((query, probe), found) in batch.iter().zip(&probes).zip(found) {
            answers.push(answer(gallery, query, probe, found)?);
        }
    }
    Ok(answers)
}

/// Rows that a query may find: those that pass its filter, without those that it names.
pub(super) struct Selection<'a> {
    filter: &'a Filter,
    named: Vec<(usize, usize)>,
}

impl<'a> Selection<'a> {
    pub(super) fn of(gallery: &Gallery, query: &'a Query) -> Self {
        let named = query.like.iter().chain(&query.unlike);
        Self { filter: &query.filter, named: named.filter_map(|row| gallery.place(*row)).collect() }
    }

    fn is_as(&self, other: &Self) -> bool {
        self.filter == other.filter && self.named == other.named
    }

    pub(super) fn rows(&self, gallery: &Gallery) -> Result<Vec<Vec<bool>>> {
        let mut chosen = selection(gallery, self.filter, Segment::rows)?;
        for (segment, position) in &self.named {
            chosen[*segment][*position] = false;
        }
        Ok(chosen)
    }
}

fn answer(
    gallery: &Gallery,
    query: &Query,
    probe: &Probe,
    Found { candidates: mut found, is_exact }: Found,
) -> Result<Answer> {
    let is_rounded = gallery.storage() == Storage::Int8;
    let rescored = is_rounded.then_some(found.len());
    if is_rounded {
        rescore(gallery, probe, &mut found);
    }
    if query.group_by.is_some() {
        let mut seen = HashSet::new();
        found.retain(|(group, _)| seen.insert(*group));
    }
    found.truncate(query.top);
    let mut hits = Vec::with_capacity(found.len());
    for (_, candidate) in found {
        let segment = &gallery.segments[candidate.segment as usize];
        let similarity = similarity(gallery, probe, &candidate);
        let record = || Ok(segment.rows()?.record(candidate.position as usize));
        hits.extend(query.hit(gallery, candidate.row, similarity, record)?);
    }
    let searched =
        is_exact.then(|| probe.chosen.iter().flatten().filter(|chosen| **chosen).count());
    Ok(Answer { searched, rescored, hits })
}

/// Compares candidates again with their full values, and sorts them by what is exact then.
pub(super) fn rescore(gallery: &Gallery, probe: &Probe, found: &mut [(u32, Candidate)]) {
    for (_, candidate) in &mut *found {
        let order = exact(gallery, probe, candidate) + probe.shift(candidate);
        (candidate.lower, candidate.upper) = (order, order);
    }
    found.sort_by(|(_, a), (_, b)| a.order(b));
}

/// The cosine of a candidate whose place in the order is exact.
pub(super) fn similarity(gallery: &Gallery, probe: &Probe, candidate: &Candidate) -> f32 {
    if probe.shifts.is_some() { exact(gallery, probe, candidate) } else { candidate.lower }
}

fn exact(gallery: &Gallery, probe: &Probe, candidate: &Candidate) -> f32 {
    let segment = &gallery.segments[candidate.segment as usize];
    dot(&probe.vector, &segment.features(candidate.position as usize))
}

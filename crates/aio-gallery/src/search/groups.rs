//! Further rows of the groups of a list.

use super::answers::{Selection, rescore, similarity};
use super::nearest::Keep;
use super::query::Query;
use super::replies::shifts;
use super::scan::{Cut, Probe, scan};
use crate::encode::Storage;
use crate::error::{GalleryError, Result};
use crate::gallery::Gallery;
use std::collections::HashMap;

/// A group that a row of a list stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The row of the list.
    pub row: u64,
    /// Rows of the group that the query may find: those that pass its filter and reach its threshold.
    pub rows: usize,
    /// The nearest of them beside the row of the list, in the order of a list.
    pub nearest: Vec<Near>,
}

/// A row of a group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    /// Its number.
    pub row: u64,
    /// Cosine of query and row.
    pub similarity: f32,
}

impl Gallery {
    /// Of the list of a grouped query, the groups that these rows stand for, each with its nearest rows, `most` at most. What they may be is what the query
    /// says; only the length of its list does not count. The rows of these groups are read once, all others not at all. A row without a value in the column,
    /// or one that is not there, is of no group.
    ///
    /// # Errors
    /// As [`Gallery::search`]; [`GalleryError::Request`] for a query that groups by no column.
    pub fn groups(&self, query: &Query, rows: &[u64], most: usize) -> Result<Vec<Group>> {
        query.check(self)?;
        let Some(column) = &query.group_by else {
            let hint = "name the column whose groups are wanted";
            return Err(GalleryError::request("the query groups by no column", hint));
        };
        let groups = self.groups.by(column, &self.segments)?;
        let mut wanted = Vec::with_capacity(rows.len());
        let mut is_wanted = vec![false; groups.count()];
        for row in rows {
            let Some((segment, position)) = self.place(*row) else { continue };
            let table = self.segments[segment].rows()?;
            let value = table.column(column).and_then(|place| table.text(place, position));
            if value.is_some() {
                let group = groups.numbers()[segment][position];
                is_wanted[group as usize] = true;
                wanted.push((*row, group));
            }
        }
        let mut chosen = Selection::of(self, query).rows(self)?;
        let mut counts: HashMap<u32, usize> = HashMap::new();
        for (chosen, numbers) in chosen.iter_mut().zip(groups.numbers()) {
            for (chosen, number) in chosen.iter_mut().zip(numbers) {
                *chosen = *chosen && is_wanted[*number as usize];
                if *chosen {
                    *counts.entry(*number).or_default() += 1;
                }
            }
        }
        let shifts = shifts(self, &query.replies, &chosen)?;
        let probe = Probe {
            vector: query.vector(self)?,
            chosen: &chosen,
            cut: Cut::of(self, query, true),
            shifts,
            groups: Some(groups.numbers()),
            keep: Keep::RowsOfGroups,
            // One of them is the row of the list. More than all rows are never found. How many are probable is known once all of them are compared.
            top: if query.threshold.is_some() { self.len() } else { most.min(self.len()) } + 1,
        };
        let nearest = self.nearest_of(query, &probe);
        let of_row = |(row, group): (u64, u32)| {
            let found = nearest.get(&group).map(Vec::as_slice).unwrap_or_default();
            let passing = counts.get(&group).copied().unwrap_or_default();
            let rows = if query.threshold.is_some() { found.len() } else { passing };
            let nearest = found.iter().filter(|near| near.row != row).take(most).copied();
            Group { row, rows, nearest: nearest.collect() }
        };
        Ok(wanted.into_iter().map(of_row).collect())
    }

    /// The probable ones among the rows that a probe finds, by their groups, nearest first.
    fn nearest_of(&self, query: &Query, probe: &Probe) -> HashMap<u32, Vec<Near>> {
        let mut found = scan(self, std::slice::from_ref(probe), 0).pop().unwrap_or_default();
        if self.storage() == Storage::Int8 {
            rescore(self, probe, &mut found);
        }
        let mut nearest: HashMap<u32, Vec<Near>> = HashMap::new();
        for (group, candidate) in found {
            let similarity = similarity(self, probe, &candidate);
            if !query.is_improbable(query.probability(self, similarity)) {
                nearest.entry(group).or_default().push(Near { row: candidate.row, similarity });
            }
        }
        nearest
    }
}

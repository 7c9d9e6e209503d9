//! Further pictures of the groups of a list: of one person, all that were found beside the best one.

use super::searcher::Prepared;
use crate::error::{Error, Result};
use crate::gallery::Searched;
use aio_gallery::{Group, Near};
use schemars::JsonSchema;
use serde::Serialize;

/// Groups of one answer.
pub(super) const MOST_GROUPS: usize = 60;
/// Further rows of a group.
pub(super) const FURTHER: usize = 6;

/// Further rows of the groups of a list.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(super) struct FurtherBody {
    /// One entry per group of the list, in its order, at most 60; rows without a value in the column have none.
    groups: Vec<GroupBody>,
}

/// Rows with the same value in the column of `group_by`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(super) struct GroupBody {
    /// The nearest of them, which is in the list.
    row: u64,
    /// All that pass the filter and reach the threshold.
    rows: usize,
    /// The next ones, nearest first, at most 6.
    further: Vec<NearBody>,
}

/// A row that is near.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(super) struct NearBody {
    /// Its number.
    row: u64,
    /// Cosine of query and row.
    similarity: f32,
}

/// Refuses a search that groups by no column.
///
/// # Errors
/// [`Error`] if it names none.
pub(super) fn check(prepared: &Prepared) -> Result<()> {
    if prepared.terms.group_by.is_some() {
        return Ok(());
    }
    Err(Error::user("`group_by` is missing", "name the column whose groups have further rows"))
}

/// The rows of a list, which stand for groups.
pub(super) fn rows(searched: &Searched) -> Vec<u64> {
    let hits = searched.answers.iter().flat_map(|answered| &answered.answer.hits);
    hits.take(MOST_GROUPS).map(|hit| hit.row).collect()
}

/// The answer, from the groups of [`rows`].
pub(super) fn body(groups: Vec<Group>) -> FurtherBody {
    let near = |Near { row, similarity }| NearBody { row, similarity };
    let group = |Group { row, rows, nearest }| {
        let further = nearest.into_iter().map(near).collect();
        GroupBody { row, rows, further }
    };
    FurtherBody { groups: groups.into_iter().map(group).collect() }
}

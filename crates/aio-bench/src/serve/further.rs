//! Further pictures of the groups of a list: of one person, all that were found beside the best one.

use super::searcher::Prepared;
use crate::error::{Error, Result};
use crate::gallery::Searched;
use aio_gallery::{Condition, Hit, Relation};
use schemars::JsonSchema;
use serde::Serialize;

/// Groups of one answer.
pub(super) const MOST_GROUPS: usize = 60;
/// Further rows of a group.
const FURTHER: usize = 6;

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
    /// All that pass the filter.
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

/// The column that a search groups by.
///
/// # Errors
/// [`Error`] if it names none.
pub(super) fn column(prepared: &Prepared) -> Result<String> {
    prepared.terms.group_by.clone().ok_or_else(|| {
        Error::user("`group_by` is missing", "name the column whose groups have further rows")
    })
}

/// One query per group of a list: the same one, among the rows of the group alone. The best row of each group is beside it.
pub(super) fn queries(prepared: &Prepared, searched: &Searched) -> Result<Vec<(u64, Prepared)>> {
    let column = column(prepared)?;
    let of_group = |hit: &Hit| {
        let value = hit.record.get(&column)?;
        let mut query = prepared.clone();
        let condition = Condition { column: column.clone(), relation: Relation::Equal, value };
        query.terms.filter.conditions.push(condition);
        query.terms.group_by = None;
        query.terms.top = FURTHER + 1;
        Some((hit.row, query))
    };
    let hits = searched.answers.iter().flat_map(|answered| &answered.answer.hits);
    Ok(hits.take(MOST_GROUPS).filter_map(of_group).collect())
}

/// The answer, from those of [`queries`].
pub(super) fn body(best: Vec<u64>, answers: Vec<Searched>) -> FurtherBody {
    let group = |(row, searched): (u64, Searched)| {
        let answer = searched.answers.into_iter().next().map(|answered| answered.answer);
        let (rows, hits) = answer.map_or((0, Vec::new()), |answer| (answer.searched, answer.hits));
        let others = hits.into_iter().filter(|hit| hit.row != row).take(FURTHER);
        let further =
            others.map(|Hit { row, similarity, .. }| NearBody { row, similarity }).collect();
        GroupBody { row, rows, further }
    };
    FurtherBody { groups: best.into_iter().zip(answers).map(group).collect() }
}

//! Filters: which rows a search may find.

use super::collection::check_column;
use crate::error::{GalleryError, Result};
use crate::gallery::Gallery;
use crate::segment::{Rows, Segment};
use crate::time::{Time, parse_time};
use rayon::prelude::*;

/// Which rows a search may find. All conditions must hold; an empty filter lets every row through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The row is of one of these cameras, unless the list is empty.
    pub cameras: Vec<String>,
    /// The row is of none of these cameras. A row without a camera is of none.
    pub not_cameras: Vec<String>,
    /// The row was taken at this time or later. A row without a time is not.
    pub after: Option<Time>,
    /// The row was taken before this time. A row without a time is not.
    pub before: Option<Time>,
    /// Conditions on any column.
    pub conditions: Vec<Condition>,
}

/// A condition on the value of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The column: one of every gallery, or one of the user's own.
    pub column: String,
    /// How the value is compared.
    pub relation: Relation,
    /// With what; texts are equal if all their characters are.
    pub value: String,
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The row has this value.
    Equal,
    /// The row has another value or none.
    NotEqual,
}

impl Filter {
    /// Whether it lets every row through.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A test of one column of a segment.
enum Check<'a> {
    /// The value is one of these.
    In(Option<usize>, Vec<&'a str>),
    /// The value is none of these.
    NotIn(Option<usize>, Vec<&'a str>),
    From(Time),
    Until(Time),
    /// The time is this one, or is not.
    At(Time, bool),
}

impl Check<'_> {
    fn holds(&self, rows: &Rows, position: usize) -> bool {
        let text = |column: &Option<usize>| column.and_then(|column| rows.text(column, position));
        let is_in = |column, values: &[&str]| text(column).is_some_and(|t| values.contains(&t));
        match self {
            Self::In(column, values) => is_in(column, values),
            Self::NotIn(column, values) => !is_in(column, values),
            Self::From(time) => rows.time(position).is_some_and(|found| found >= *time),
            Self::Until(time) => rows.time(position).is_some_and(|found| found < *time),
            Self::At(time, expected) => (rows.time(position) == Some(*time)) == *expected,
        }
    }
}

fn checks<'a>(filter: &'a Filter, rows: &Rows) -> Result<Vec<Check<'a>>> {
    let camera = || rows.column("camera");
    let texts = |values: &'a [String]| values.iter().map(String::as_str).collect();
    let mut checks = Vec::new();
    if !filter.cameras.is_empty() {
        checks.push(Check::In(camera(), texts(&filter.cameras)));
    }
    if !filter.not_cameras.is_empty() {
        checks.push(Check::NotIn(camera(), texts(&filter.not_cameras)));
    }
    checks.extend(filter.after.map(Check::From));
    checks.extend(filter.before.map(Check::Until));
    for Condition { column, relation, value } in &filter.conditions {
        let equal = *relation == Relation::Equal;
        checks.push(if column == "time" {
            Check::At(time_of(value)?, equal)
        } else if equal {
            Check::In(rows.column(column), vec![value.as_str()])
        } else {
            Check::NotIn(rows.column(column), vec![value.as_str()])
        });
    }
    Ok(checks)
}

/// The time that a condition on the column `time` compares with.
///
/// # Errors
/// [`GalleryError::Request`] if the value is no time.
pub fn time_of(value: &str) -> Result<Time> {
    parse_time(value).ok_or_else(|| {
        let problem = format!("`{value}` is no time");
        GalleryError::request(problem, "write 2026-11-28T06:41:45Z, a date, or seconds")
    })
}

/// For every segment, which of its rows are there and pass the filter.
///
/// # Errors
/// [`GalleryError::Request`] naming a column that the gallery does not have.
pub(crate) fn selection(gallery: &Gallery, filter: &Filter) -> Result<Vec<Vec<bool>>> {
    let columns = filter.conditions.iter().map(|condition| &condition.column);
    columns.into_iter().try_for_each(|column| check_column(gallery, column))?;
    let of_segment = |segment: &Segment| {
        let mut chosen = vec![true; segment.len()];
        if !gallery.removed.is_empty() {
            for (position, chosen) in chosen.iter_mut().enumerate() {
                *chosen = !gallery.is_removed(segment.number(position));
            }
        }
        if !filter.is_empty() {
            let rows = segment.rows()?;
            let checks = checks(filter, &rows)?;
            for (position, chosen) in chosen.iter_mut().enumerate() {
                *chosen = *chosen && checks.iter().all(|check| check.holds(&rows, position));
            }
        }
        Ok(chosen)
    };
    gallery.segments.par_iter().map(of_segment).collect()
}

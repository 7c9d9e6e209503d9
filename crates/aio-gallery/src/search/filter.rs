//! Filters: which rows a search may find.

use super::collection::check_column;
use crate::error::{GalleryError, Result};
use crate::gallery::Gallery;
use crate::segment::{Rows, Segment};
use crate::time::{TIME_FORMS, Time, parse_days, parse_time};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

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
    /// With what; texts are equal if all their characters are. Of the column `time`, a date stands for its whole day and a year for the whole year.
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

/// A test of a row: what a [`Filter`] says, in the fewest kinds. Galleries on disk carry it out, and databases get it in their own language, so that a
/// filter means one thing everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check<'a> {
    /// The row has one of these values in this column, which is not `time`.
    OneOf(&'a str, Vec<&'a str>),
    /// The row has none of these values in this column, which is not `time`. A row without a value has none of them.
    NoneOf(&'a str, Vec<&'a str>),
    /// The row was taken at this time or later. A row without a time was not.
    From(Time),
    /// The row was taken before this time. A row without a time was not.
    Until(Time),
    /// The row was taken at this time.
    At(Time),
    /// The row was taken at another time, or has none.
    NotAt(Time),
    /// The row was taken before or behind these times, or has none.
    Outside(Range<Time>),
}

impl Check<'_> {
    /// The column of its text; none for a test of the time.
    fn column(&self) -> Option<&str> {
        match self {
            Self::OneOf(column, _) | Self::NoneOf(column, _) => Some(column),
            Self::From(_) | Self::Until(_) | Self::At(_) | Self::NotAt(_) | Self::Outside(_) => {
                None
            }
        }
    }

    /// Whether a row of a segment passes; `column` is the place of the test's column in that segment.
    fn holds(&self, rows: &Rows, column: Option<usize>, position: usize) -> bool {
        let is_in = |values: &[&str]| {
            let text = column.and_then(|column| rows.text(column, position));
            text.is_some_and(|text| values.contains(&text))
        };
        let time = || rows.time(position);
        match self {
            Self::OneOf(_, values) => is_in(values),
            Self::NoneOf(_, values) => !is_in(values),
            Self::From(first) => time().is_some_and(|found| found >= *first),
            Self::Until(end) => time().is_some_and(|found| found < *end),
            Self::At(asked) => time() == Some(*asked),
            Self::NotAt(asked) => time() != Some(*asked),
            Self::Outside(days) => time().is_none_or(|found| !days.contains(&found)),
        }
    }
}

impl Filter {
    /// The tests that a row must pass, all of them.
    ///
    /// # Errors
    /// [`GalleryError::Request`] for a condition on the column `time` whose value is no time, and for an empty value: no row has one, so that it would let
    /// through no row or every row.
    pub fn checks(&self) -> Result<Vec<Check<'_>>> {
        fn texts(values: &[String]) -> Vec<&str> {
            values.iter().map(String::as_str).collect()
        }
        let conditions = self.conditions.iter().map(|of| (of.column.as_str(), &of.value));
        let cameras = self.cameras.iter().chain(&self.not_cameras).map(|of| ("camera", of));
        if let Some((column, _)) =
            conditions.chain(cameras).find(|(_, value)| value.trim().is_empty())
        {
            let problem = format!("the filter compares `{column}` with an empty value");
            let hint =
                "give a value: an empty one is none, and rows without a value cannot be asked for";
            return Err(GalleryError::request(problem, hint));
        }
        let mut checks = Vec::new();
        if !self.cameras.is_empty() {
            checks.push(Check::OneOf("camera", texts(&self.cameras)));
        }
        if !self.not_cameras.is_empty() {
            checks.push(Check::NoneOf("camera", texts(&self.not_cameras)));
        }
        checks.extend(self.after.map(Check::From));
        checks.extend(self.before.map(Check::Until));
        for Condition { column, relation, value } in &self.conditions {
            match (column.as_str(), relation) {
                ("time", _) => checks.extend(of_time(*relation, value)?),
                (column, Relation::Equal) => checks.push(Check::OneOf(column, vec![value])),
                (column, Relation::NotEqual) => checks.push(Check::NoneOf(column, vec![value])),
            }
        }
        Ok(checks)
    }
}

/// The tests of a condition on the column `time`.
///
/// # Errors
/// [`GalleryError::Request`] if the value is no time.
fn of_time(relation: Relation, value: &str) -> Result<Vec<Check<'static>>> {
    if let Some(days) = parse_days(value) {
        return Ok(match relation {
            Relation::Equal => vec![Check::From(days.start), Check::Until(days.end)],
            Relation::NotEqual => vec![Check::Outside(days)],
        });
    }
    let time = parse_time(value).ok_or_else(|| {
        let problem = format!("`{value}` is not a time");
        GalleryError::request(problem, format!("write {TIME_FORMS}"))
    })?;
    Ok(vec![match relation {
        Relation::Equal => Check::At(time),
        Relation::NotEqual => Check::NotAt(time),
    }])
}

/// For every segment, which of its rows are there and pass the filter. `read` gives the table of a segment, and keeps it where it will be needed
/// again.
///
/// # Errors
/// [`GalleryError::Request`] naming a column that the gallery does not have.
pub(crate) fn selection(
    gallery: &Gallery,
    filter: &Filter,
    read: impl Fn(&Segment) -> Result<Arc<Rows>> + Sync,
) -> Result<Vec<Vec<bool>>> {
    let columns = filter.conditions.iter().map(|condition| &condition.column);
    columns.into_iter().try_for_each(|column| check_column(gallery, column))?;
    let checks = filter.checks()?;
    let of_segment = |segment: &Segment| {
        let mut chosen = vec![true; segment.len()];
        if !gallery.removed.is_empty() {
            for (position, chosen) in chosen.iter_mut().enumerate() {
                *chosen = !gallery.is_removed(segment.number(position));
            }
        }
        if !checks.is_empty() {
            let rows = read(segment)?;
            let place = |check: &Check| check.column().and_then(|column| rows.column(column));
            let placed: Vec<_> = checks.iter().map(|check| (check, place(check))).collect();
            for (position, chosen) in chosen.iter_mut().enumerate() {
                let mut placed = placed.iter();
                *chosen =
                    *chosen && placed.all(|(check, column)| check.holds(&rows, *column, position));
            }
        }
        Ok(chosen)
    };
    gallery.segments.par_iter().map(of_segment).collect()
}

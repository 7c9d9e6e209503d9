//! Arguments that choose rows of a gallery, defined once.

use crate::gallery;
use aio_gallery::{Condition, Filter, Relation, TIME_FORMS, Time, parse_time};
use clap::Args;

/// Which rows of a gallery.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Rows of a gallery")]
pub(super) struct FilterArguments {
    /// Only rows of this camera; given several times, of one of them.
    #[arg(long, value_name = "CAMERA")]
    camera: Vec<String>,
    /// No rows of this camera; may be given several times. Rows without a camera stay.
    #[arg(long, value_name = "CAMERA")]
    not_camera: Vec<String>,
    /// Only rows taken at this time or later: 2026-11-28T06:41:45Z, 2026-11-28, 2026, or seconds since 1970 (whole seconds have 9 digits or more).
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    after: Option<Time>,
    /// Only rows taken before this time.
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    before: Option<Time>,
    /// Only rows with this value in this column, or with != only rows with another value or none. May be given several times. In `time`, a date means
    /// the whole day, and a year the whole year.
    #[arg(long = "where", value_name = "COLUMN=VALUE", value_parser = condition)]
    conditions: Vec<Condition>,
}

fn time(typed: &str) -> Result<Time, String> {
    parse_time(typed).ok_or_else(|| format!("expected {TIME_FORMS}"))
}

fn condition(typed: &str) -> Result<Condition, String> {
    let (left, value) =
        typed.split_once('=').ok_or("expected COLUMN=VALUE or COLUMN!=VALUE".to_owned())?;
    let (column, relation) = match left.strip_suffix('!') {
        Some(column) => (column, Relation::NotEqual),
        None => (left, Relation::Equal),
    };
    if column.is_empty() {
        return Err("expected the name of a column before `=`".to_owned());
    }
    gallery::condition(column.to_owned(), relation, value.to_owned()).map_err(|e| e.to_string())
}

impl From<FilterArguments> for Filter {
    fn from(typed: FilterArguments) -> Self {
        Self {
            cameras: typed.camera,
            not_cameras: typed.not_camera,
            after: typed.after,
            before: typed.before,
            conditions: typed.conditions,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read_at_their_first_sign() {
        for (typed, column, relation, value) in [
            ("floor=2", "floor", Relation::Equal, "2"),
            ("floor!=2", "floor", Relation::NotEqual, "2"),
            ("note=a!=b", "note", Relation::Equal, "a!=b"),
            ("note=", "note", Relation::Equal, ""),
        ] {
            let expected = Condition { column: column.into(), relation, value: value.into() };
            assert_eq!(condition(typed), Ok(expected));
        }
        let expected = Ok("rgb+text".to_owned());
        assert_eq!(condition("modality!=text+rgb").map(|found| found.value), expected);
        assert!(condition("modality=photo").is_err_and(|text| text.contains("`photo`")));
        assert!(
            condition("floor").is_err() && condition("=2").is_err() && condition("!=2").is_err()
        );
    }
}

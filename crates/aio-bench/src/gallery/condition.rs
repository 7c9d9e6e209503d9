//! Conditions on columns of a gallery, as users write them.

use crate::error::{Error, Result};
use aio_gallery::{BoundingBox, Condition, Relation};
use aio_types::{ModalitySet, ParseModalityError};

/// A condition on a column, whose value is spelled as rows have it: `text+rgb` is `rgb+text`, and the box `1.0,2,3,4` is `1,2,3,4`.
///
/// # Errors
/// [`Error::User`] naming the value of `modality` or `crop` that no row can have.
pub fn condition(column: String, relation: Relation, value: String) -> Result<Condition> {
    let value = match column.as_str() {
        "modality" => {
            let spelled = value.parse().map(|set: ModalitySet| set.to_string());
            spelled.map_err(|e: ParseModalityError| {
                Error::user(e.to_string(), "write one or several, such as rgb or sketch+text")
            })?
        }
        "crop" => {
            let spelled = value.parse().map(|crop: BoundingBox| crop.to_string());
            spelled.map_err(|problem| Error::user(problem, "write the box of a row"))?
        }
        _ => value,
    };
    Ok(Condition { column, relation, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_spelled_as_rows_have_them() {
        let spelled = |column: &str, value: &str| {
            condition(column.into(), Relation::NotEqual, value.into()).map(|found| found.value)
        };
        for (column, value, expected) in [
            ("modality", "text+rgb", "rgb+text"),
            ("modality", "sketch", "sketch"),
            ("crop", "1.0, 2,3,4", "1,2,3,4"),
            ("floor", "text+rgb", "text+rgb"),
        ] {
            assert_eq!(spelled(column, value).expect("a value"), expected);
        }
        for (column, value) in [("modality", "photo"), ("modality", ""), ("crop", "1,2,3")] {
            let error = spelled(column, value).expect_err(column);
            assert!(error.exit_code() == 2 && error.to_string().contains(value), "{error}");
        }
    }
}

//! Filters in Qdrant's form.

use super::payload::{NUMBER, PAIRS, SINCE, TIME, UNTIL, pair};
use aio_gallery::Check;
use qdrant_client::qdrant::{Condition, Filter, Range};

/// Lets the rows through that readers see after the push with this number.
pub(super) fn visible(generation: i64) -> Filter {
    Filter {
        must: vec![up_to(SINCE, generation)],
        // A point that has not gone has no `until`, and what is not there is in no range.
        must_not: vec![up_to(UNTIL, generation)],
        ..Filter::default()
    }
}

/// Lets the rows through that no reader has seen since the push with this number.
pub(super) fn gone(generation: i64) -> Filter {
    Filter::must([up_to(UNTIL, generation)])
}

/// Lets through visible rows that pass all tests, and are none of `named`.
pub(super) fn filter(checks: &[Check], named: &[u64], generation: i64) -> Filter {
    let mut filter = visible(generation);
    for check in checks {
        match check {
            Check::OneOf(column, values) => filter.must.push(one_of(column, values)),
            Check::NoneOf(column, values) => filter.must_not.push(one_of(column, values)),
            Check::From(time) => {
                let range = Range { gte: Some(number(*time)), ..Range::default() };
                filter.must.push(Condition::range(TIME, range));
            }
            Check::Until(time) => {
                let range = Range { lt: Some(number(*time)), ..Range::default() };
                filter.must.push(Condition::range(TIME, range));
            }
            Check::At(time) => filter.must.push(Condition::matches(TIME, *time)),
            Check::NotAt(time) => filter.must_not.push(Condition::matches(TIME, *time)),
            Check::Outside(days) => {
                let (gte, lt) = (Some(number(days.start)), Some(number(days.end)));
                let range = Range { gte, lt, ..Range::default() };
                filter.must_not.push(Condition::range(TIME, range));
            }
        }
    }
    if !named.is_empty() {
        filter.must_not.push(numbered(named));
    }
    filter
}

/// The row has one of these values in a column; those of the column `time` are microseconds.
pub(super) fn one_of<T: AsRef<str>>(column: &str, values: &[T]) -> Condition {
    let values = values.iter().map(AsRef::as_ref);
    match column {
        "path" | "identity" | "camera" | "crop" | "modality" | "caption" => {
            Condition::matches(column, values.map(str::to_owned).collect::<Vec<String>>())
        }
        TIME => {
            let times: Vec<i64> = values.filter_map(|value| value.parse().ok()).collect();
            Condition::matches(TIME, times)
        }
        own => Condition::matches(PAIRS, values.map(|value| pair(own, value)).collect::<Vec<_>>()),
    }
}

/// The row is one of these.
pub(super) fn numbered(numbers: &[u64]) -> Condition {
    let numbers: Vec<i64> = numbers.iter().map(|number| number.cast_signed()).collect();
    Condition::matches(NUMBER, numbers)
}

fn up_to(key: &str, generation: i64) -> Condition {
    Condition::range(key, Range { lte: Some(number(generation)), ..Range::default() })
}

/// A bound of a range, which Qdrant has in floating point. Beyond the year 2255 it is exact to some microseconds.
fn number(value: i64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use qdrant_client::qdrant::condition::ConditionOneOf;
    use qdrant_client::qdrant::r#match::MatchValue;

    /// A condition in words.
    fn said(condition: &Condition) -> String {
        let Some(ConditionOneOf::Field(field)) = &condition.condition_one_of else {
            panic!("{condition:?} is about no field");
        };
        let key = &field.key;
        if let Some(range) = &field.range {
            let bounds = [(">=", range.gte), ("<", range.lt), ("<=", range.lte), (">", range.gt)];
            let bounds = bounds.iter().filter_map(|(sign, at)| Some(format!("{sign}{}", (*at)?)));
            return format!("{key}{}", bounds.collect::<String>());
        }
        match field.r#match.as_ref().and_then(|value| value.match_value.as_ref()) {
            Some(MatchValue::Keywords(texts)) => format!("{key} in {:?}", texts.strings),
            Some(MatchValue::Integers(numbers)) => format!("{key} in {:?}", numbers.integers),
            Some(MatchValue::Integer(number)) => format!("{key} = {number}"),
            other => panic!("{key}: {other:?}"),
        }
    }

    #[test]
    fn every_test_becomes_one_condition() {
        let checks = [
            Check::OneOf("camera", vec!["gate", "door"]),
            Check::NoneOf("camera", vec!["yard"]),
            Check::From(5),
            Check::Until(9),
            Check::NoneOf("identity", vec!["42"]),
            Check::OneOf("floor\"; --", vec!["2"]),
            Check::At(7),
            Check::NotAt(8),
            Check::Outside(2..6),
        ];
        let filter = filter(&checks, &[3, u64::MAX], 6);
        let must: Vec<String> = filter.must.iter().map(said).collect();
        let must_not: Vec<String> = filter.must_not.iter().map(said).collect();
        assert_eq!(
            must,
            [
                "since<=6",
                r#"camera in ["gate", "door"]"#,
                "time>=5",
                "time<9",
                r#"pairs in ["[\"floor\\\"; --\",\"2\"]"]"#,
                "time = 7",
            ]
        );
        assert_eq!(
            must_not,
            [
                "until<=6",
                r#"camera in ["yard"]"#,
                r#"identity in ["42"]"#,
                "time = 8",
                "time>=2<6",
                "number in [3, -1]",
            ]
        );
        assert!(filter.should.is_empty() && filter.min_should.is_none());
        assert_eq!(said(&one_of("time", &["-5", "7"])), "time in [-5, 7]");
        assert_eq!(gone(6).must.iter().map(said).collect::<Vec<_>>(), ["until<=6"]);
    }
}

//! Tables whose rows are split into tables of their own, so that a filter reads only some of them.

use super::address::Address;
use super::failed::failed;
use crate::error::Result;
use crate::layout::Partition;
use aio_gallery::Record;
use chrono::{DateTime, Datelike, Days, Months, NaiveDate};
use postgres::Transaction;
use std::collections::BTreeSet;

/// What the rows of a part have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// Their camera.
    Camera(Option<String>),
    /// Their times, from one midnight to another.
    Times { first: NaiveDate, end: NaiveDate },
    /// They have no time, or one that no calendar has.
    NoTime,
}

/// The end of the statement that makes a table that is split.
pub(super) fn clause(partition: Partition) -> &'static str {
    match partition {
        Partition::Camera => "PARTITION BY LIST (camera)",
        Partition::Day | Partition::Month => "PARTITION BY RANGE (\"time\")",
    }
}

impl Part {
    /// The part that a row belongs to.
    pub(super) fn of(partition: Partition, record: &Record) -> Self {
        let day = || DateTime::from_timestamp_micros(record.time?).map(|time| time.date_naive());
        let times = |first: Option<NaiveDate>, end: fn(NaiveDate) -> Option<NaiveDate>| {
            let ends = first.and_then(end);
            first.zip(ends).map_or(Self::NoTime, |(first, end)| Self::Times { first, end })
        };
        match partition {
            Partition::Camera => Self::Camera(record.camera.clone()),
            Partition::Day => times(day(), |day| day.checked_add_days(Days::new(1))),
            Partition::Month => times(day().and_then(|day| day.with_day(1)), |first| {
                first.checked_add_months(Months::new(1))
            }),
        }
    }

    /// The name of its table: at most 11 bytes longer than that of the whole.
    fn table(&self, whole: &str) -> String {
        match self {
            Self::Camera(Some(camera)) => {
                format!("{whole}_{}", &blake3::hash(camera.as_bytes()).to_hex()[..10])
            }
            Self::Times { first, .. } => format!("{whole}_{}", first.format("%Y%m%d")),
            Self::Camera(None) | Self::NoTime => format!("{whole}_none"),
        }
    }

    /// Makes its table, if there is none.
    fn make(
        &self,
        transaction: &mut Transaction,
        whole: &str,
    ) -> std::result::Result<(), postgres::Error> {
        let table = self.table(whole);
        let begin = format!("CREATE TABLE IF NOT EXISTS {table} PARTITION OF {whole}");
        let sql = match self {
            Self::Camera(camera) => {
                // A statement that makes a table takes no parameters; the server quotes the name.
                let quoted = transaction.query_one("SELECT quote_nullable($1::text)", &[camera])?;
                format!("{begin} FOR VALUES IN ({})", quoted.get::<_, String>(0))
            }
            Self::Times { first, end } => {
                let [first, end] = [first, end]
                    .map(|day| day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros());
                format!("{begin} FOR VALUES FROM ({first}) TO ({end})")
            }
            Self::NoTime => format!("{begin} DEFAULT"),
        };
        transaction.batch_execute(&sql)
    }
}

/// Makes the tables of parts that are not there.
///
/// # Errors
/// [`StoreError::Database`](crate::StoreError::Database).
pub(super) fn make_parts(
    transaction: &mut Transaction,
    address: &Address,
    parts: &BTreeSet<Part>,
) -> Result<()> {
    let table = address.table();
    let mut make = |part: &Part| part.make(transaction, &table);
    let made = parts.iter().try_for_each(&mut make);
    made.map_err(failed(address, "write to"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_to_the_part_of_their_camera_or_time() {
        let row = |camera: Option<&str>, time: Option<i64>| Record {
            camera: camera.map(str::to_owned),
            time,
            ..Record::default()
        };
        let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).expect("a date");
        // 2024-02-29T23:59:59.999999Z and a microsecond later.
        let last = 1_709_251_199_999_999;
        let (leap, first) = (row(None, Some(last)), row(Some("gate"), Some(last + 1)));
        let times = |first, end| Part::Times { first, end };
        assert_eq!(Part::of(Partition::Month, &leap), times(day(2024, 2, 1), day(2024, 3, 1)));
        assert_eq!(Part::of(Partition::Month, &first), times(day(2024, 3, 1), day(2024, 4, 1)));
        assert_eq!(Part::of(Partition::Day, &leap), times(day(2024, 2, 29), day(2024, 3, 1)));
        assert_eq!(
            Part::of(Partition::Day, &row(None, Some(-1))),
            times(day(1969, 12, 31), day(1970, 1, 1))
        );
        assert_eq!(Part::of(Partition::Day, &row(None, Some(i64::MAX))), Part::NoTime);
        assert_eq!(Part::of(Partition::Month, &row(None, None)), Part::NoTime);
        assert_eq!(Part::of(Partition::Camera, &first), Part::Camera(Some("gate".into())));
        assert_eq!(Part::of(Partition::Camera, &leap), Part::Camera(None));
    }

    #[test]
    fn the_longest_name_of_a_table_is_one_that_postgresql_does_not_cut() {
        let whole = format!("aio_gallery_{}", "x".repeat(crate::name::LONGEST));
        let none = Part::NoTime.table(&whole);
        let cameras =
            ["a", "'; DROP", ""].map(|camera| Part::Camera(Some(camera.into())).table(&whole));
        for name in cameras.iter().chain([&none]) {
            assert!(name.len() <= 63 && name.starts_with(&whole), "{name}");
            assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{name}");
        }
        assert!(cameras[0] != cameras[1] && cameras[1] != cameras[2]);
    }
}

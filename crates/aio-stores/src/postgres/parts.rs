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
    /// They have no time, or one whose year has not four digits.
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
        let day = || {
            let day = DateTime::from_timestamp_micros(record.time?)?.date_naive();
            (0..=9999).contains(&day.year()).then_some(day)
        };
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

    /// The name of its table.
    fn table(&self, address: &Address) -> String {
        match self {
            Self::Camera(Some(camera)) => {
                address.part(&blake3::hash(camera.as_bytes()).to_hex()[..10])
            }
            Self::Times { first, .. } => address.part(&first.format("%Y%m%d").to_string()),
            Self::Camera(None) | Self::NoTime => address.part("none"),
        }
    }

    /// Makes its table. To make it as a part would lock out everybody who reads the whole until the transaction ends; a table of its own that becomes a part
    /// does not. Only rows without a time are locked then, since they could belong to a new part of a time.
    fn make(
        &self,
        transaction: &mut Transaction,
        address: &Address,
    ) -> std::result::Result<(), postgres::Error> {
        let (table, whole) = (self.table(address), address.table());
        let values = match self {
            Self::Camera(camera) => {
                // A statement that makes a table takes no parameters; the server quotes the name.
                let quoted = transaction.query_one("SELECT quote_nullable($1::text)", &[camera])?;
                format!("FOR VALUES IN ({})", quoted.get::<_, String>(0))
            }
            Self::Times { first, end } => {
                let [first, end] = [first, end]
                    .map(|day| day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros());
                format!("FOR VALUES FROM ({first}) TO ({end})")
            }
            Self::NoTime => "DEFAULT".to_owned(),
        };
        transaction.batch_execute(&format!(
            "CREATE TABLE {table} (LIKE {whole}); ALTER TABLE {whole} ATTACH PARTITION {table} {values}"
        ))
    }
}

/// Makes the tables of parts that are not there. Returns whether there were any.
///
/// # Errors
/// [`StoreError::Database`](crate::StoreError::Database).
pub(super) fn make_parts(
    transaction: &mut Transaction,
    address: &Address,
    parts: &BTreeSet<Part>,
) -> Result<bool> {
    let failed = failed(address, "write to");
    let sql = "SELECT relname::text FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = to_regclass($1)";
    let rows = transaction.query(sql, &[&address.table()]).map_err(&failed)?;
    let there: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let mut missing = parts.iter().filter(|part| !there.contains(&part.table(address))).peekable();
    let is_any = missing.peek().is_some();
    missing.try_for_each(|part| part.make(transaction, address)).map_err(&failed)?;
    Ok(is_any)
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
        // The year 10,000 begins 253,402,300,800 seconds after 1970.
        let year_10000 = row(None, Some(253_402_300_800_000_000));
        assert_eq!(Part::of(Partition::Day, &year_10000), Part::NoTime);
        assert_eq!(Part::of(Partition::Day, &row(None, Some(i64::MAX))), Part::NoTime);
        assert_eq!(Part::of(Partition::Month, &row(None, None)), Part::NoTime);
        assert_eq!(Part::of(Partition::Camera, &first), Part::Camera(Some("gate".into())));
        assert_eq!(Part::of(Partition::Camera, &leap), Part::Camera(None));
    }

    #[test]
    fn tables_of_parts_have_names_of_their_own_that_postgresql_does_not_cut() {
        let address = format!("postgres://host/db#{}", "x".repeat(crate::name::LONGEST));
        let address: Address = address.parse().expect("an address");
        let none = Part::NoTime.table(&address);
        let cameras =
            ["a", "'; DROP", ""].map(|camera| Part::Camera(Some(camera.into())).table(&address));
        for name in cameras.iter().chain([&none]) {
            assert!(name.len() <= 63 && name.starts_with("aio_part_x"), "{name}");
            assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{name}");
        }
        assert!(cameras[0] != cameras[1] && cameras[1] != cameras[2]);
    }
}

//! What a gallery's columns hold, for filters.

use super::wire::AboutColumn;
use crate::error::Result;
use aio_gallery::{Gallery, Record, Time};
use std::collections::BTreeMap;

/// Columns with more values than this are not listed.
const MOST_VALUES: usize = 100;

/// What a gallery's columns hold.
#[derive(Debug, Clone)]
pub(super) struct Summary {
    /// In the order of the gallery.
    pub(super) columns: Vec<AboutColumn>,
    /// Least and largest time.
    pub(super) times: Option<[String; 2]>,
}

impl Summary {
    /// Reads every row once, with the texts of one segment in memory at a time.
    ///
    /// # Errors
    /// [`crate::error::Error`] naming the table that is damaged.
    pub(super) fn of(gallery: &Gallery) -> Result<Self> {
        let names: Vec<String> = gallery.columns().into_iter().map(str::to_owned).collect();
        let mut counts: Vec<Counts> = names.iter().map(|_| Counts::default()).collect();
        let mut times: Option<(Time, Time)> = None;
        for found in gallery.records() {
            let (_, record) = found?;
            for (name, counts) in names.iter().zip(&mut counts) {
                counts.add(record.get(name));
            }
            if let Some(time) = record.time {
                let (first, last) = times.unwrap_or((time, time));
                times = Some((first.min(time), last.max(time)));
            }
        }
        let text = |time| Record { time: Some(time), ..Record::default() }.get("time");
        let times = times.and_then(|(first, last)| Some([text(first)?, text(last)?]));
        let columns = names.into_iter().zip(counts).filter(|(_, counts)| counts.rows > 0);
        let columns = columns.map(|(name, counts)| AboutColumn {
            name,
            rows: counts.rows,
            values: counts.values(),
        });
        Ok(Self { columns: columns.collect(), times })
    }
}

#[derive(Default)]
struct Counts {
    rows: usize,
    values: BTreeMap<String, usize>,
}

impl Counts {
    fn add(&mut self, value: Option<String>) {
        let Some(value) = value else { return };
        self.rows += 1;
        if let Some(count) = self.values.get_mut(&value) {
            *count += 1;
        } else if self.values.len() <= MOST_VALUES {
            self.values.insert(value, 1);
        }
    }

    fn values(self) -> Option<BTreeMap<String, usize>> {
        (self.values.len() <= MOST_VALUES).then_some(self.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_until_there_are_too_many() {
        let mut few = Counts::default();
        for value in [Some("a"), None, Some("b"), Some("a")] {
            few.add(value.map(str::to_owned));
        }
        assert_eq!(few.rows, 3);
        assert_eq!(few.values(), Some([("a".to_owned(), 2), ("b".to_owned(), 1)].into()));
        let mut many = Counts::default();
        (0..1000).for_each(|number| many.add(Some(number.to_string())));
        assert_eq!(many.rows, 1000);
        assert!(many.values.len() <= MOST_VALUES + 1, "memory is bounded");
        assert_eq!(many.values(), None);
    }
}

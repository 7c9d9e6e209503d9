//! What a gallery's columns hold, for filters.

use super::wire::AboutColumn;
use crate::error::Result;
use aio_gallery::{Gallery, Record, Time};
use std::collections::BTreeMap;

/// The values of columns with more than this are not counted.
const MOST_VALUES: usize = 100;
/// The values of columns with more than this are not listed.
const MOST_NAMES: usize = 2000;

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
        let columns = columns.map(|(name, counts)| counts.about(name)).collect();
        Ok(Self { columns, times })
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
        } else if self.values.len() <= MOST_NAMES {
            self.values.insert(value, 1);
        }
    }

    fn about(self, name: String) -> AboutColumn {
        let Self { rows, values } = self;
        // Paths and captions are as many as rows, and nobody chooses one from a list.
        let is_listed = values.len() <= MOST_NAMES && !["path", "caption"].contains(&name.as_str());
        if values.len() <= MOST_VALUES {
            AboutColumn { name, rows, values: Some(values), names: None }
        } else {
            let names = is_listed.then(|| values.into_keys().collect());
            AboutColumn { name, rows, values: None, names }
        }
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
        let few = few.about("camera".into());
        assert_eq!((few.rows, few.names), (3, None));
        assert_eq!(few.values, Some([("a".to_owned(), 2), ("b".to_owned(), 1)].into()));
        let of = |count: u32, name: &str| {
            let mut counts = Counts::default();
            (0..count).for_each(|number| counts.add(Some(format!("{number:05}"))));
            assert_eq!(counts.rows, count as usize);
            assert!(counts.values.len() <= MOST_NAMES + 1, "memory is bounded");
            counts.about(name.to_owned())
        };
        let many = of(101, "camera");
        let names = many.names.expect("names");
        assert!(many.values.is_none() && names.len() == 101 && names[100] == "00100");
        let paths = of(101, "path");
        assert!(paths.values.is_none() && paths.names.is_none());
        let more = of(2001, "camera");
        assert!(more.values.is_none() && more.names.is_none());
    }
}

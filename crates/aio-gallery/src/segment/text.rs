//! How much text the rows of one segment may hold.

use crate::record::{COLUMNS, Content, Record};
use aio_parquet::most_unpacked;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// Most digits of a time.
const TIME_DIGITS: usize = 20;

/// The text of the rows of a segment that is being written. A table with far more text than bytes is refused when it is read, because a file
/// of others can name one long text in many rows; a label that many rows share is such a text.
#[derive(Debug, Default)]
pub(super) struct Text {
    lengths: Lengths,
    /// Hashes of the texts of every column.
    known: HashSet<u64>,
    hasher: RandomState,
}

/// Bytes of text.
#[derive(Debug, Default, Clone, Copy)]
struct Lengths {
    /// Of all rows.
    all: u64,
    /// That the table has at least: every text of a column once.
    stored: u64,
}

impl Text {
    /// Of these rows.
    pub(super) fn of(rows: &[(Record, Content)]) -> Self {
        let mut text = Self::default();
        rows.iter().for_each(|row| text.add(row));
        text
    }

    /// Whether a table with one more row can be read. One of a single row always can.
    pub(super) fn fits(&self, row: &(Record, Content)) -> bool {
        let (Lengths { all, stored }, _) = self.with(row);
        all <= most_unpacked(stored)
    }

    /// Counts a row.
    pub(super) fn add(&mut self, row: &(Record, Content)) {
        let (lengths, new) = self.with(row);
        self.lengths = lengths;
        self.known.extend(new);
    }

    /// The lengths with one more row, and the hashes of its texts that no row before it has.
    fn with(&self, row: &(Record, Content)) -> (Lengths, Vec<u64>) {
        let (mut lengths, mut new) = (self.lengths, Vec::new());
        lengths.all += TIME_DIGITS as u64;
        for (column, text) in texts(row) {
            let (length, hash) = (text.len() as u64, self.hasher.hash_one((column, &text)));
            lengths.all += length;
            if !self.known.contains(&hash) {
                lengths.stored += length;
                new.push(hash);
            }
        }
        (lengths, new)
    }
}

/// The texts of a row by their columns, without its time, which the table holds as a number.
fn texts((record, content): &(Record, Content)) -> impl Iterator<Item = (&str, String)> {
    let own = record.extra.keys().map(String::as_str);
    let columns = COLUMNS.iter().copied().chain(own).filter(|column| *column != "time");
    let content = (COLUMNS[COLUMNS.len() - 1], content.to_string());
    columns.filter_map(|column| Some((column, record.get(column)?))).chain([content])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: usize, label: &str) -> (Record, Content) {
        let mut record = Record { modality: "text".into(), ..Record::default() };
        record.extra.insert("meta".into(), label.to_owned());
        (record, Content::of([("text", number.to_string().as_bytes())]))
    }

    #[test]
    fn a_long_label_that_rows_share_fills_a_table_and_labels_of_their_own_do_not() {
        let mut shared = Text::default();
        let label = "x".repeat(8000);
        let first = (0..).find(|number| {
            let row = row(*number, &label);
            let is_full = !shared.fits(&row);
            shared.add(&row);
            is_full
        });
        // A row has 8,000 bytes of the label, 4 of its modality, 32 of its content and 20 of a time, and 2,082 of them have 16 MiB or less.
        assert_eq!(first, Some((1 << 24) / (8000 + 4 + 32 + 20)));
        let own = |number: usize| row(number, &format!("{number}{label}"));
        let mut text = Text::of(&(0..3000).map(own).collect::<Vec<_>>());
        assert!(text.lengths.all > 1 << 24 && text.fits(&own(3000)));
        text.add(&own(3000));
        assert_eq!(text.lengths.all - text.lengths.stored, 3001 * 20 + 3000 * 4);
    }
}

//! What inputs say of rows that the gallery has already. It is not taken over, and not lost without a word.

use crate::error::Result;
use aio_gallery::{Content, Gallery, Record};
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Columns of a list that say something of a row beside what is embedded.
const LABELS: [&str; 4] = ["identity", "camera", "time", "caption"];

/// The values of inputs whose content the gallery has, by the columns that they fill. The inputs of a call fill few sets of columns, and of their values a
/// hash is kept, so that memory holds little for each.
#[derive(Default)]
pub(super) struct Told(BTreeMap<Vec<String>, HashMap<Content, u64>>);

impl Told {
    /// Notes an input whose content the gallery has.
    pub(super) fn note(&mut self, content: Content, known: &Record) {
        let labels = LABELS.into_iter().filter(|column| known.get(column).is_some());
        let labels = labels.map(str::to_owned);
        let columns: Vec<String> = labels.chain(known.extra.keys().cloned()).collect();
        if !columns.is_empty() {
            let values = hash(known, &columns);
            self.0.entry(columns).or_default().insert(content, values);
        }
    }

    /// The number of rows that do not have what was said of them.
    ///
    /// # Errors
    /// [`crate::error::Error`] naming the table that is damaged.
    pub(super) fn differing(&self, gallery: &Gallery) -> Result<usize> {
        if self.0.is_empty() {
            return Ok(0);
        }
        let is_told = |content: &Content| self.0.values().any(|of| of.contains_key(content));
        let mut rows = 0;
        for found in gallery.records_of(is_told) {
            let (content, record) = found?;
            let mut told =
                self.0.iter().filter_map(|(columns, of)| Some((columns, of.get(&content)?)));
            rows += usize::from(told.any(|(columns, values)| *values != hash(&record, columns)));
        }
        Ok(rows)
    }
}

/// A hash of the values in some columns.
fn hash(record: &Record, columns: &[String]) -> u64 {
    let mut hasher = DefaultHasher::new();
    columns.iter().for_each(|column| record.get(column).hash(&mut hasher));
    hasher.finish()
}

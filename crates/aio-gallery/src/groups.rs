//! Groups: rows with the same value in a column.

use crate::error::Result;
use crate::segment::Segment;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The groups of all rows of a gallery by the values of a column: 4 bytes a row.
#[derive(Debug)]
pub(crate) struct Groups {
    column: String,
    numbers: Vec<Vec<u32>>,
    count: usize,
}

impl Groups {
    fn of(column: &str, segments: &[Segment]) -> Result<Self> {
        let tables: Vec<_> = segments.iter().map(Segment::rows).collect::<Result<_>>()?;
        let mut known: HashMap<&str, u32> = HashMap::new();
        let mut count = 0;
        let mut numbers = Vec::with_capacity(tables.len());
        for (segment, rows) in segments.iter().zip(&tables) {
            let place = rows.column(column);
            let number = |position| {
                let value = place.and_then(|place| rows.text(place, position));
                let next = count as u32;
                let found = value.map_or(next, |value| *known.entry(value).or_insert(next));
                count += usize::from(found == next);
                found
            };
            numbers.push((0..segment.len()).map(number).collect());
        }
        Ok(Self { column: column.to_owned(), numbers, count })
    }

    /// For every segment, the numbers of its rows' groups. A row without a value is a group of its own.
    pub(crate) fn numbers(&self) -> &[Vec<u32>] {
        &self.numbers
    }

    /// How many groups there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }
}

/// The groups that a gallery was last asked for: most searches of one gallery group by one column.
#[derive(Debug, Default)]
pub(crate) struct LastGroups(Mutex<Option<Arc<Groups>>>);

impl LastGroups {
    /// The groups of all rows by the values of a column.
    ///
    /// # Errors
    /// [`crate::GalleryError::Data`] naming the table that is damaged.
    pub(crate) fn by(&self, column: &str, segments: &[Segment]) -> Result<Arc<Groups>> {
        let last = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = last().as_ref().filter(|known| known.column == column) {
            return Ok(Arc::clone(known));
        }
        let groups = Arc::new(Groups::of(column, segments)?);
        *last() = Some(Arc::clone(&groups));
        Ok(groups)
    }
}

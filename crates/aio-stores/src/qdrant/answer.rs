//! A gallery in Qdrant, opened for questions.

use super::address::Address;
use super::collection::Collection;
use super::filter::{filter, numbered, one_of, visible};
use super::payload::{NUMBER, TIME, integer, record};
use super::state::State;
use crate::answer::{Asked, Engine, Found, Near, sort};
use crate::description::Description;
use crate::error::{Result, StoreError};
use aio_gallery::Record;
use qdrant_client::qdrant::vector_output::Vector;
use qdrant_client::qdrant::{Filter, ScoredPoint};
use std::collections::BTreeSet;

struct Copy {
    address: Address,
    collection: Collection,
    /// The number of the push whose rows it has.
    generation: i64,
}

/// Opens the gallery at an address; `None` if there is none.
///
/// # Errors
/// [`StoreError::Request`] if the first push has not ended; [`StoreError::Database`].
pub(crate) fn open(address: &Address) -> Result<Option<(Description, Box<dyn Engine>)>> {
    let collection = Collection::connect(address)?;
    if !collection.exists()? {
        return Ok(None);
    }
    let Some(State { generation, description, .. }) = State::read(&collection, address)? else {
        return Ok(None);
    };
    if generation == 0 {
        return Err(StoreError::request(
            format!("the first push to {address} has not ended, and its rows are not all there"),
            "wait for it, or run it again if it was stopped: it goes on where it was",
        ));
    }
    let copy = Copy { address: address.clone(), collection, generation };
    Ok(Some((description, Box::new(copy))))
}

impl Engine for Copy {
    fn rows(&self) -> Result<usize> {
        let state = State::read(&self.collection, &self.address)?;
        let generation = state.map_or(self.generation, |state| state.generation);
        self.collection.count(visible(generation))
    }

    fn features_of(&self, row: u64) -> Result<Option<Vec<f32>>> {
        let mut filter = visible(self.generation);
        filter.must.push(numbered(&[row]));
        let found = self.collection.any(filter)?;
        Ok(match found.and_then(|point| point.vectors?.get_vector()) {
            Some(Vector::Dense(features)) => Some(features.data),
            _ => None,
        })
    }

    /// The rows of one push stay as they are until the next one has ended. If none has ended while they were read, they were those of one push.
    fn found(&self, asked: &[Asked]) -> Result<Vec<Found>> {
        let found = asked.iter().map(|asked| self.found_by_one(asked)).collect();
        let state = State::read(&self.collection, &self.address)?;
        if state.is_some_and(|state| state.generation == self.generation) {
            found
        } else {
            Err(StoreError::Changed { place: self.address.to_string() })
        }
    }
}

impl Copy {
    fn found_by_one(&self, asked: &Asked) -> Result<Found> {
        let filter = filter(&asked.checks, &asked.named, self.generation);
        let searched = self.collection.count(filter.clone())?;
        // No request may ask for nothing, or for more than there is.
        let top = asked.top.min(searched);
        let rows = match asked.group_by {
            _ if top == 0 => Vec::new(),
            None => self.nearest(asked, filter, top)?,
            Some(column) => self.nearest_of_groups(asked, filter, top, column)?,
        };
        Ok(Found::new(searched, rows))
    }

    fn nearest(&self, asked: &Asked, filter: Filter, top: usize) -> Result<Vec<Near>> {
        let points = self.collection.nearest(&asked.vector, filter, top, asked.visited)?;
        let near = |point: &ScoredPoint| {
            let number = integer(&point.payload, NUMBER)?.cast_unsigned();
            let record = record(&point.payload);
            Some(Near { number, similarity: point.score, record })
        };
        Ok(points.iter().filter_map(near).collect())
    }

    /// The nearest row of each of the nearest groups, exactly. The server groups a bounded number of the nearest rows, and leaves out those without a value; so it is
    /// asked for rows, again and again without those whose group has been found.
    fn nearest_of_groups(
        &self,
        asked: &Asked,
        filter: Filter,
        top: usize,
        column: &str,
    ) -> Result<Vec<Near>> {
        let (mut found, mut alone) = (Vec::new(), Vec::new());
        let mut values: BTreeSet<String> = BTreeSet::new();
        loop {
            let mut others = filter.clone();
            if !values.is_empty() {
                let values: Vec<&String> = values.iter().collect();
                others.must_not.push(one_of(column, &values));
            }
            if !alone.is_empty() {
                others.must_not.push(numbered(&alone));
            }
            let mut rows = self.nearest(asked, others, top)?;
            let is_last = rows.len() < top;
            sort(&mut rows);
            for row in rows {
                if let Some(value) = group(&row.record, column) {
                    if !values.insert(value) {
                        continue;
                    }
                } else {
                    alone.push(row.number);
                }
                found.push(row);
                if found.len() == top {
                    return Ok(found);
                }
            }
            if is_last {
                return Ok(found);
            }
        }
    }
}

/// What a row has in common with the others of its group, as [`one_of`] takes it; nothing if it stands for itself.
fn group(record: &Record, column: &str) -> Option<String> {
    match column {
        TIME => record.time.map(|time| time.to_string()),
        text => record.get(text),
    }
}

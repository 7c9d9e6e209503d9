//! A gallery in Qdrant, opened for questions.

use super::address::Address;
use super::collection::Collection;
use super::filter::{filter, numbered, one_of, visible};
use super::payload::{NUMBER, TIME, integer, record};
use super::state::State;
use crate::answer::{Asked, Connection, Found, Near, sort};
use crate::description::Description;
use crate::error::{Result, StoreError};
use aio_gallery::Record;
use qdrant_client::qdrant::point_id::PointIdOptions;
use qdrant_client::qdrant::vector_output::Vector;
use qdrant_client::qdrant::{Filter, ScoredPoint};
use std::collections::BTreeSet;

struct Copy {
    address: Address,
    collection: Collection,
    /// The number of the push whose rows it has.
    generation: i64,
    /// How many they are.
    rows: usize,
}

/// Opens the gallery at an address; `None` if there is none.
///
/// # Errors
/// [`StoreError::Request`] if the first push has not ended; [`StoreError::Database`].
pub(crate) fn open(address: &Address) -> Result<Option<(Description, Box<dyn Connection>)>> {
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
    let rows = description.rows;
    let copy = Copy { address: address.clone(), collection, generation, rows };
    Ok(Some((description, Box::new(copy))))
}

impl Connection for Copy {
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
        // To count the rows would read all of them, which is what an index saves.
        let searched = match asked.visited {
            Some(_) => None,
            None => Some(self.collection.count(filter.clone())?),
        };
        // No request may ask for nothing, or for more than there is.
        let most = searched.unwrap_or(self.rows);
        let top = asked.top.min(most);
        let rows = match asked.group_by {
            _ if top == 0 => Vec::new(),
            None => self.nearest(asked, filter, top, most)?,
            Some(column) => self.nearest_of_groups(asked, filter, top, most, column)?,
        };
        Ok(Found::new(searched, rows))
    }

    /// The nearest rows that pass a filter, of `most` at most. The server does not say which of equally near points it leaves out. For an exact
    /// search it is asked for more, until a farther one is among them, and those with the smallest numbers are taken.
    fn nearest(&self, asked: &Asked, filter: Filter, top: usize, most: usize) -> Result<Vec<Near>> {
        let is_exact = asked.visited.is_none();
        let mut limit = if is_exact { most.min(top + 1) } else { top };
        let points = loop {
            let filter = filter.clone();
            let points = self.collection.nearest(&asked.vector, filter, limit, asked.visited)?;
            let is_cut = is_exact
                && limit < most
                && points.len() == limit
                && points[limit - 1].score.total_cmp(&points[top - 1].score).is_eq();
            if !is_cut {
                break points;
            }
            limit = most.min(2 * limit);
        };
        let near = |point: &ScoredPoint| {
            let number = integer(&point.payload, NUMBER).ok_or_else(|| self.foreign(point))?;
            let record = record(&point.payload);
            Ok(Near { number: number.cast_unsigned(), similarity: point.score, record })
        };
        let mut rows = points.iter().map(near).collect::<Result<Vec<Near>>>()?;
        sort(&mut rows);
        rows.truncate(top);
        Ok(rows)
    }

    /// The error of a point that is no row: a list without it would lack a row that may be there.
    fn foreign(&self, point: &ScoredPoint) -> StoreError {
        let id = point.id.as_ref().and_then(|id| id.point_id_options.as_ref());
        let id = match id {
            Some(PointIdOptions::Uuid(id)) => id.clone(),
            Some(PointIdOptions::Num(id)) => id.to_string(),
            None => "without an identifier".into(),
        };
        StoreError::Database {
            place: self.address.to_string(),
            action: "search",
            problem: format!("its point {id} has no row number"),
            hint: Some("remove the point, and push the gallery again".into()),
        }
    }

    /// The nearest row of each of the nearest groups, exactly. The server groups a bounded number of the nearest rows, and leaves out those without a value; so it is
    /// asked for rows, again and again without those whose group has been found.
    fn nearest_of_groups(
        &self,
        asked: &Asked,
        filter: Filter,
        top: usize,
        most: usize,
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
            let rows = self.nearest(asked, others, top, most)?;
            let is_last = rows.len() < top;
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

//! Search: every row that a filter lets through is compared with the query, or those that an index leads to.

mod answers;
mod approximate;
mod collection;
mod filter;
mod groups;
mod nearest;
mod query;
mod replies;
mod scan;

pub use collection::Collection;
pub use filter::{Check, Condition, Filter, Relation};
pub use groups::{Group, Near};
pub use query::{Answer, Hit, Query, Scan};

use crate::error::Result;
use crate::gallery::Gallery;
use crate::segment::Segment;

impl Gallery {
    /// Numbers of the rows that a filter lets through.
    ///
    /// # Errors
    /// [`GalleryError::Request`](crate::GalleryError::Request) naming a column that the gallery does not have.
    pub fn select(&self, filter: &Filter) -> Result<Vec<u64>> {
        let chosen = filter::selection(self, filter, Segment::table)?;
        let of_segment = |(segment, chosen): (&Segment, Vec<bool>)| {
            let positions = chosen.into_iter().enumerate().filter(|(_, chosen)| *chosen);
            positions.map(|(position, _)| segment.number(position)).collect::<Vec<_>>()
        };
        Ok(self.segments.iter().zip(chosen).flat_map(of_segment).collect())
    }

    /// Whether a row that is not removed has a value in a column.
    ///
    /// # Errors
    /// [`crate::GalleryError::Request`] naming a column that the gallery does not have.
    pub fn has_values(&self, column: &str) -> Result<bool> {
        collection::check_column(self, column)?;
        for segment in self.segments.iter() {
            let rows = segment.table()?;
            let Some(place) = rows.column(column) else { continue };
            let is_there = |position| !self.is_removed(segment.number(position));
            let mut values = (0..segment.len()).filter(|row| rows.text(place, *row).is_some());
            if values.any(is_there) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The rows nearest to a query, nearest first.
    ///
    /// # Errors
    /// [`GalleryError::ForeignModel`](crate::GalleryError::ForeignModel) for features of another model; [`GalleryError::Request`](crate::GalleryError::Request) naming what the query asks in vain: a row, a
    /// column, or a probability without a calibration.
    pub fn search(&self, query: &Query) -> Result<Vec<Hit>> {
        let mut answers = self.answers(std::slice::from_ref(query))?;
        Ok(answers.pop().map(|answer| answer.hits).unwrap_or_default())
    }

    /// The answers to many queries, in their order; the features are read once for all of them.
    ///
    /// # Errors
    /// As [`Gallery::search`].
    pub fn answers(&self, queries: &[Query]) -> Result<Vec<Answer>> {
        answers::answers(self, queries, Scan::Exact)
    }

    /// As [`Gallery::answers`], along the links of the gallery's index ([`Writer::index`](crate::Writer::index)) where that compares fewer rows: not with
    /// answers to questions, groups, or filters that few rows pass, nor in small galleries. Some of the nearest rows may be missing then.
    ///
    /// # Errors
    /// As [`Gallery::search`]; [`GalleryError::Request`](crate::GalleryError::Request) for a gallery without an index,
    /// [`GalleryError::Data`](crate::GalleryError::Data) naming an index that is gone or damaged.
    pub fn approximate_answers(&self, queries: &[Query]) -> Result<Vec<Answer>> {
        answers::answers(self, queries, Scan::Approximate)
    }
}

//! What a database is asked, and what it answers.

use crate::error::Result;
use aio_gallery::{Answer, Check, Collection, Query, Record, Scan};

/// An open connection to a gallery in a database.
pub(crate) trait Connection {
    /// Lets all that is asked until [`end`](Self::end) be answered from one state of the gallery, where the database keeps one.
    ///
    /// # Errors
    /// [`StoreError::Database`](crate::StoreError::Database).
    fn begin(&self) -> Result<()> {
        Ok(())
    }

    /// Ends what [`begin`](Self::begin) began, whatever the answers were.
    ///
    /// # Errors
    /// [`StoreError::Database`](crate::StoreError::Database).
    fn end(&self) -> Result<()> {
        Ok(())
    }

    /// Features of a row; `None` if it is not there.
    ///
    /// # Errors
    /// [`StoreError::Database`](crate::StoreError::Database).
    fn features_of(&self, row: u64) -> Result<Option<Vec<f32>>>;

    /// The rows nearest to each query, all from one state of the gallery.
    ///
    /// # Errors
    /// [`StoreError::Database`](crate::StoreError::Database); [`StoreError::Changed`](crate::StoreError::Changed) if the gallery is no longer the one that was opened.
    fn found(&self, asked: &[Asked]) -> Result<Vec<Found>>;
}

/// A query as a database needs it.
pub(crate) struct Asked<'a> {
    /// What rows are compared with, of length 1.
    pub(crate) vector: Vec<f32>,
    /// What rows must pass.
    pub(crate) checks: Vec<Check<'a>>,
    /// Numbers of rows that are no results.
    pub(crate) named: Vec<u64>,
    pub(crate) top: usize,
    /// A column; of rows with the same value the nearest alone is found.
    pub(crate) group_by: Option<&'a str>,
    /// For an approximate search, how many entries of the index are visited.
    pub(crate) visited: Option<usize>,
}

impl<'a> Asked<'a> {
    /// # Errors
    /// [`GalleryError`](aio_gallery::GalleryError) as [`Query::vector`] and [`aio_gallery::Filter::checks`].
    pub(crate) fn new(
        query: &'a Query,
        of: &impl Collection,
        scan: Scan,
    ) -> aio_gallery::Result<Self> {
        let approximate = scan == Scan::Approximate && query.group_by.is_none();
        Ok(Self {
            vector: query.vector(of)?,
            checks: query.filter.checks()?,
            named: query.like.iter().chain(&query.unlike).copied().collect(),
            top: query.top,
            group_by: query.group_by.as_deref(),
            visited: approximate.then(|| query.visited()),
        })
    }
}

/// A row that was found.
pub(crate) struct Near {
    pub(crate) number: u64,
    pub(crate) similarity: f32,
    pub(crate) record: Record,
}

/// Rows that were found, nearest first; equal ones in the order of their numbers.
pub(crate) struct Found {
    searched: Option<usize>,
    rows: Vec<Near>,
}

impl Found {
    /// Of the rows that were compared, those that were nearest, in any order. How many were compared is known of exact searches.
    pub(crate) fn new(searched: Option<usize>, mut rows: Vec<Near>) -> Self {
        sort(&mut rows);
        Self { searched, rows }
    }

    /// The answer of a gallery to the query.
    ///
    /// # Errors
    /// [`GalleryError`](aio_gallery::GalleryError) as [`Query::hit`].
    pub(crate) fn answer(self, of: &impl Collection, query: &Query) -> aio_gallery::Result<Answer> {
        let mut hits = Vec::with_capacity(self.rows.len());
        for Near { number, similarity, record } in self.rows {
            hits.extend(query.hit(of, number, similarity, || Ok(record))?);
        }
        Ok(Answer { searched: self.searched, rescored: None, hits })
    }
}

/// Sorts rows as a gallery lists them.
pub(crate) fn sort(rows: &mut [Near]) {
    rows.sort_by(|a, b| b.similarity.total_cmp(&a.similarity).then(a.number.cmp(&b.number)));
}

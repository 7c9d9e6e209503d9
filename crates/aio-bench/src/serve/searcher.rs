//! What the server needs of a gallery and its model. The routes know no more, so that tests need neither.

use super::pictures;
use super::wire::{About, RowBody, SearchBody};
use crate::error::Result;
use crate::gallery::{Embedded, NamedQuery, Searched, Terms};
use aio_gallery::Group;
use aio_types::{Observation, Picture, PictureSize};
use std::sync::{Arc, OnceLock};

/// A query whose pictures are decoded.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    /// What the answer repeats.
    pub(super) query: NamedQuery,
    /// Pictures of [`Searcher::input_size`] and a sentence; empty for a query that only names rows.
    pub(super) observation: Arc<Observation<Picture>>,
    /// What the model says of it, once that is known; copies share it.
    pub(super) embedded: Arc<OnceLock<Embedded>>,
    /// What the list may hold.
    pub(super) terms: Terms,
}

impl Prepared {
    /// Reads a search and decodes its pictures to `size`.
    ///
    /// # Errors
    /// [`crate::error::Error`] naming the key whose value is out of range or the picture that cannot be decoded.
    pub(super) fn of(body: &SearchBody, size: PictureSize) -> Result<Self> {
        let (query, terms) = body.read()?;
        let observation = Arc::new(pictures::observation(body, size)?);
        Ok(Self { query, observation, embedded: Arc::default(), terms })
    }
}

/// A gallery with its model.
pub(super) trait Searcher: Send + Sync + 'static {
    /// What the gallery holds.
    ///
    /// # Errors
    /// [`crate::error::Error`] naming the file that is damaged.
    fn about(&self) -> Result<About>;

    /// Size of the pictures of a query.
    fn input_size(&self) -> PictureSize;

    /// The answer to each query, in order. Called on one thread alone.
    fn search(&self, queries: &[Prepared]) -> Vec<Result<Searched>>;

    /// The groups that rows of the list of a query stand for, each with its nearest rows, `most` at most. The features of the query are known.
    ///
    /// # Errors
    /// [`crate::error::Error`] as the search that gave the list.
    fn groups(&self, query: &Prepared, rows: &[u64], most: usize) -> Result<Vec<Group>>;

    /// What is known of a row; nothing if it is not there.
    ///
    /// # Errors
    /// [`crate::error::Error`] naming the file that is damaged.
    fn row(&self, number: u64) -> Result<Option<RowBody>>;

    /// A small picture of a row (JPEG); nothing if it has none or is not there.
    ///
    /// # Errors
    /// [`crate::error::Error`] naming the file that is damaged.
    fn thumbnail(&self, number: u64) -> Result<Option<Vec<u8>>>;
}

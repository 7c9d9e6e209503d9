//! A gallery in a database, opened for questions.

use crate::address::{Address, AnyAddress};
use crate::answer::{Asked, Connection, Found};
use crate::description::Description;
use crate::error::{Result, StoreError};
use crate::postgres;
#[cfg(feature = "qdrant")]
use crate::qdrant;
use aio_gallery::{Answer, Calibration, Collection, GalleryError, Model, Query, Scan};
use std::collections::BTreeMap;

/// A gallery in a database.
#[allow(missing_debug_implementations)]
pub struct Store {
    address: Address,
    description: Description,
    connection: Box<dyn Connection>,
}

/// How often queries are asked of a gallery that changes meanwhile.
const ATTEMPTS: usize = 5;

impl Store {
    /// Opens a gallery that was pushed.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database cannot be reached; [`StoreError::Request`] if it holds no such gallery.
    pub fn open(address: &Address) -> Result<Self> {
        let opened = match &address.0 {
            AnyAddress::Postgres(address) => postgres::open(address)?,
            #[cfg(feature = "qdrant")]
            AnyAddress::Qdrant(address) => qdrant::open(address)?,
        };
        let (description, connection) = opened.ok_or_else(|| {
            StoreError::request(
                format!("there is no gallery at {address}"),
                "copy one there with `aio gallery push GALLERY ADDRESS`, or run a push again that was stopped; the end of the address is the name of the gallery",
            )
        })?;
        Ok(Self { address: address.clone(), description, connection })
    }

    /// Rows of the gallery, as the push counted them that this was opened after.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.description.rows
    }

    /// The answers to queries, in their order, all from one state of the gallery.
    ///
    /// # Errors
    /// [`StoreError::Gallery`] as [`aio_gallery::Gallery::answers`]; [`StoreError::Request`] for queries with replies, which only a gallery on disk
    /// ranks by; [`StoreError::Database`]; [`StoreError::Changed`] if the gallery changes again and again meanwhile.
    pub fn answers(&self, queries: &[Query], scan: Scan) -> Result<Vec<Answer>> {
        let mut answers = self.answers_of_this_state(queries, scan);
        for _ in 1..ATTEMPTS {
            if !matches!(answers, Err(StoreError::Changed { .. })) {
                break;
            }
            answers = Self::open(&self.address)?.answers_of_this_state(queries, scan);
        }
        answers
    }

    fn answers_of_this_state(&self, queries: &[Query], scan: Scan) -> Result<Vec<Answer>> {
        self.connection.begin()?;
        let found = self.found(queries, scan);
        let ended = self.connection.end();
        // After a question that failed, the end may fail for the same reason.
        let found = found?;
        ended?;
        let answers =
            found.into_iter().zip(queries).map(|(found, query)| found.answer(self, query));
        Ok(answers.collect::<aio_gallery::Result<_>>()?)
    }

    fn found(&self, queries: &[Query], scan: Scan) -> Result<Vec<Found>> {
        let mut asked = Vec::with_capacity(queries.len());
        for query in queries {
            query.check(self)?;
            if !query.replies.is_empty() {
                return Err(StoreError::request(
                    format!("{}: a database does not rank by answers to questions", self.address),
                    "search the gallery on disk with them",
                ));
            }
            asked.push(Asked::new(query, self, scan)?);
        }
        self.connection.found(&asked)
    }
}

impl Collection for Store {
    fn place(&self) -> String {
        self.address.to_string()
    }

    fn model(&self) -> &Model {
        &self.description.model
    }

    fn width(&self) -> usize {
        self.description.width
    }

    fn columns(&self) -> Vec<&str> {
        self.description.columns.iter().map(String::as_str).collect()
    }

    fn calibrations(&self) -> &BTreeMap<String, Calibration> {
        &self.description.calibrations
    }

    fn features_of(&self, row: u64) -> aio_gallery::Result<Vec<f32>> {
        let found = self.connection.features_of(row).map_err(|e| match e {
            StoreError::Gallery(error) => error,
            other => GalleryError::Failure { problem: other.to_string(), hint: other.hint() },
        })?;
        found.ok_or_else(|| GalleryError::NoRow { place: self.address.to_string(), row })
    }
}

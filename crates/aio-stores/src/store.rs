//! A gallery in a database, opened for questions.

use crate::address::Address;
use crate::answer::{self, Scan};
use crate::description::Description;
use crate::error::{Result, StoreError, said};
use aio_gallery::{Answer, Calibration, Collection, GalleryError, Model, Query};
use pgvector::Vector;
use postgres::{Client, IsolationLevel};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// A gallery in a database.
#[allow(missing_debug_implementations)]
pub struct Store {
    address: Address,
    description: Description,
    /// Questions change the state of a connection.
    client: RefCell<Client>,
}

impl Store {
    /// Opens a gallery that was pushed.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database cannot be reached; [`StoreError::Request`] if it holds no such gallery.
    pub fn open(address: &Address) -> Result<Self> {
        let mut client = address.connect()?;
        let description = Description::read(&mut client, address)?.ok_or_else(|| {
            StoreError::request(
                format!("there is no gallery at {address}"),
                "copy one there with `aio gallery push GALLERY ADDRESS`; the name after # is that of the gallery",
            )
        })?;
        Ok(Self { address: address.clone(), description, client: RefCell::new(client) })
    }

    /// Rows of the gallery.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn rows(&self) -> Result<usize> {
        let sql = format!("SELECT count(*) FROM {}", self.address.table());
        let counted = self.client.borrow_mut().query_one(&sql, &[]);
        let counted = counted.map_err(|e| StoreError::database(&self.address, "read", &e))?;
        Ok(counted.get::<_, i64>(0) as usize)
    }

    /// The answers to queries, in their order, all from one state of the gallery.
    ///
    /// # Errors
    /// [`StoreError::Gallery`] as [`aio_gallery::Gallery::answers`]; [`StoreError::Request`] for queries with replies, which only a gallery on disk
    /// ranks by; [`StoreError::Database`].
    pub fn answers(&self, queries: &[Query], scan: Scan) -> Result<Vec<Answer>> {
        let mut vectors = Vec::with_capacity(queries.len());
        for query in queries {
            query.check(self)?;
            if !query.replies.is_empty() {
                return Err(StoreError::request(
                    format!("{}: a database does not rank by answers to questions", self.address),
                    "search the gallery on disk with them",
                ));
            }
            vectors.push(Vector::from(query.vector(self)?));
        }
        let failed = |e| StoreError::database(&self.address, "search", &e);
        let mut client = self.client.borrow_mut();
        let mut transaction = client
            .build_transaction()
            .read_only(true)
            .isolation_level(IsolationLevel::RepeatableRead)
            .start()
            .map_err(failed)?;
        let mut answers = Vec::with_capacity(queries.len());
        for (query, vector) in queries.iter().zip(vectors) {
            let found = answer::found(&mut transaction, &self.address, query, vector, scan)?;
            answers.push(found.answer(self, query)?);
        }
        transaction.commit().map_err(failed)?;
        Ok(answers)
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
        let sql = format!("SELECT features FROM {} WHERE number = $1", self.address.table());
        let found = self.client.borrow_mut().query_opt(&sql, &[&row.cast_signed()]);
        let request =
            |problem: String, hint: &str| GalleryError::Request { problem, hint: hint.to_owned() };
        let found = found.map_err(|e| {
            request(format!("cannot read {}: {}", self.address, said(&e)), "is the database there?")
        })?;
        let row = found.ok_or_else(|| {
            let hint = "the lists of `aio search` have the numbers of rows";
            request(format!("{}: there is no row {row}", self.address), hint)
        })?;
        Ok(row.get::<_, Vector>(0).to_vec())
    }
}

//! A gallery in PostgreSQL, opened for questions.

use super::address::Address;
use super::answer::found;
use super::description;
use super::failed::failed;
use crate::answer::{Asked, Connection, Found};
use crate::description::Description;
use crate::error::Result;
use pgvector::Vector;
use postgres::Client;
use std::cell::RefCell;

struct Copy {
    address: Address,
    /// Questions change the state of a connection.
    client: RefCell<Client>,
}

/// Opens the gallery at an address; `None` if there is none.
///
/// # Errors
/// [`StoreError::Database`](crate::StoreError::Database), and as [`description::read`].
pub(crate) fn open(address: &Address) -> Result<Option<(Description, Box<dyn Connection>)>> {
    let mut client = address.connect()?;
    let description = description::read(&mut client, address)?;
    Ok(description.map(|description| {
        let copy = Copy { address: address.clone(), client: RefCell::new(client) };
        (description, Box::new(copy) as Box<dyn Connection>)
    }))
}

impl Connection for Copy {
    fn begin(&self) -> Result<()> {
        self.execute("START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    }

    fn end(&self) -> Result<()> {
        // Nothing was written, and the questions may have failed.
        self.execute("ROLLBACK")
    }

    fn features_of(&self, row: u64) -> Result<Option<Vec<f32>>> {
        let sql = format!("SELECT features FROM {} WHERE number = $1", self.address.table());
        let found = self.client.borrow_mut().query_opt(&sql, &[&row.cast_signed()]);
        let found = found.map_err(failed(&self.address, "read"))?;
        Ok(found.map(|row| row.get::<_, Vector>(0).to_vec()))
    }

    fn found(&self, asked: &[Asked]) -> Result<Vec<Found>> {
        let mut client = self.client.borrow_mut();
        asked.iter().map(|asked| found(&mut client, &self.address, asked)).collect()
    }
}

impl Copy {
    fn execute(&self, sql: &str) -> Result<()> {
        let executed = self.client.borrow_mut().batch_execute(sql);
        executed.map_err(failed(&self.address, "search"))
    }
}

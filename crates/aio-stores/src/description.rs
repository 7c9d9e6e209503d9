//! What a database knows of a gallery beside its rows.

use crate::address::Address;
use crate::error::{Result, StoreError};
use crate::partition::Partition;
use aio_gallery::{Calibration, Collection, Gallery, Model};
use postgres::GenericClient;
use postgres::types::Json;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the tables.
const FORMAT: u32 = 1;

/// What a database knows of a gallery beside its rows: a row of the table `aio_galleries`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Description {
    format: u32,
    pub(crate) model: Model,
    /// Values per row.
    pub(crate) width: usize,
    /// Names of all columns, the user's own last.
    pub(crate) columns: Vec<String>,
    /// By the modalities of the query, or `any`.
    pub(crate) calibrations: BTreeMap<String, Calibration>,
    /// By what the rows are split into tables of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) partition: Option<Partition>,
}

impl Description {
    pub(crate) fn of(gallery: &Gallery, partition: Option<Partition>) -> Self {
        Self {
            format: FORMAT,
            model: gallery.model().clone(),
            width: gallery.width(),
            columns: Collection::columns(gallery).into_iter().map(str::to_owned).collect(),
            calibrations: gallery.calibrations().clone(),
            partition,
        }
    }

    /// That of the gallery at an address; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError::Request`] if it is of a later version; [`StoreError::Database`].
    pub(crate) fn read(client: &mut impl GenericClient, address: &Address) -> Result<Option<Self>> {
        let failed = |e| StoreError::database(address, "read", &e);
        let exists: bool = client
            .query_one("SELECT to_regclass('aio_galleries') IS NOT NULL", &[])
            .map_err(failed)?
            .get(0);
        if !exists {
            return Ok(None);
        }
        let sql = "SELECT description FROM aio_galleries WHERE name = $1";
        let Some(row) = client.query_opt(sql, &[&address.name()]).map_err(failed)? else {
            return Ok(None);
        };
        let found: std::result::Result<Json<Self>, _> = row.try_get(0);
        let found = found.ok().map(|Json(description)| description);
        found.filter(|description| description.format == FORMAT).map(Some).ok_or_else(|| {
            StoreError::request(
                format!("{address} was written by another version of this program"),
                "push the gallery under another name",
            )
        })
    }

    /// Writes it in the place of that which is there.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub(crate) fn write(&self, client: &mut impl GenericClient, address: &Address) -> Result<()> {
        let sql = "INSERT INTO aio_galleries (name, description) VALUES ($1, $2) \
                   ON CONFLICT (name) DO UPDATE SET description = excluded.description";
        let written = client.execute(sql, &[&address.name(), &Json(self)]);
        written.map(|_| ()).map_err(|e| StoreError::database(address, "write to", &e))
    }
}

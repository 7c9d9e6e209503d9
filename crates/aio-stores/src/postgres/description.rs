//! Where PostgreSQL keeps what is known of a gallery beside its rows: a row of the table `aio_galleries`.

use super::address::Address;
use super::failed::failed;
use crate::description::{Description, of_another_version};
use crate::error::Result;
use postgres::GenericClient;
use postgres::types::Json;

/// The description of the gallery at an address; `None` if there is none.
///
/// # Errors
/// [`StoreError::Request`](crate::StoreError::Request) if it is of a later version; [`StoreError::Database`](crate::StoreError::Database).
pub(super) fn read(
    client: &mut impl GenericClient,
    address: &Address,
) -> Result<Option<Description>> {
    let failed = failed(address, "read");
    let sql = "SELECT to_regclass('aio_galleries') IS NOT NULL";
    let exists: bool = client.query_one(sql, &[]).map_err(&failed)?.get(0);
    if !exists {
        return Ok(None);
    }
    let sql = "SELECT description FROM aio_galleries WHERE name = $1";
    let Some(row) = client.query_opt(sql, &[&address.name()]).map_err(&failed)? else {
        return Ok(None);
    };
    let found: std::result::Result<Json<Description>, _> = row.try_get(0);
    let found = found.ok().map(|Json(description)| description);
    let known = found.filter(Description::is_known);
    known.map(Some).ok_or_else(|| of_another_version(address, &address.drop_statements()))
}

/// Writes a description in the place of that which is there.
///
/// # Errors
/// [`StoreError::Database`](crate::StoreError::Database).
pub(super) fn write(
    client: &mut impl GenericClient,
    address: &Address,
    description: &Description,
) -> Result<()> {
    let sql = "INSERT INTO aio_galleries (name, description) VALUES ($1, $2) \
               ON CONFLICT (name) DO UPDATE SET description = excluded.description";
    let written = client.execute(sql, &[&address.name(), &Json(description)]);
    written.map(|_| ()).map_err(failed(address, "write to"))
}

//! Makes a place in a database the copy of a gallery.

use crate::address::{Address, AnyAddress};
use crate::error::Result;
use crate::layout::{Layout, Pushed};
use crate::postgres;
#[cfg(feature = "qdrant")]
use crate::qdrant;
use aio_gallery::Gallery;

/// Makes the gallery at an address the copy of one on disk. Readers see the old rows until it ends; if it is stopped they still do, and the next one goes on.
/// `progress` is called with the number of rows that were added.
///
/// PostgreSQL: one transaction. Qdrant: the rows of a push have its number, and readers look for those of the last one that ended.
///
/// # Errors
/// [`StoreError::Request`](crate::StoreError::Request) if a gallery of another model has the name, the copy is laid out in another way, or another push took its
/// place; [`StoreError::Gallery`](crate::StoreError::Gallery) if the gallery is damaged; [`StoreError::Database`](crate::StoreError::Database).
pub fn push(
    gallery: &Gallery,
    address: &Address,
    layout: Layout,
    progress: &dyn Fn(usize),
) -> Result<Pushed> {
    match &address.0 {
        AnyAddress::Postgres(address) => postgres::push(gallery, address, layout, progress),
        #[cfg(feature = "qdrant")]
        AnyAddress::Qdrant(address) => qdrant::push(gallery, address, layout, progress),
    }
}

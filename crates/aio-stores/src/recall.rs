//! How much of exact search the index of a copy finds.

use crate::address::Address;
use crate::error::Result;
use crate::store::Store;
use aio_gallery::{Gallery, Recall, Scan};

/// Compares approximate searches in a copy with exact ones in its gallery ([`aio_gallery::recall`]).
///
/// # Errors
/// As [`Store::open`] and [`Store::answers`].
pub fn recall(gallery: &Gallery, address: &Address) -> Result<Option<Recall>> {
    let store = Store::open(address)?;
    aio_gallery::recall(gallery, |queries| store.answers(queries, Scan::Approximate))
}

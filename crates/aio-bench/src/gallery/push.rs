//! Copies of galleries in databases.

use crate::error::Result;
use aio_gallery::Gallery;
use aio_stores::{Address, Layout, Pushed};
use aio_train::Progress;
use std::path::Path;

/// Makes the gallery at an address in a database the copy of one on disk.
///
/// # Errors
/// [`Error::Gallery`](crate::error::Error::Gallery) if the gallery is damaged, [`Error::Store`](crate::error::Error::Store) naming the database.
pub fn push(directory: &Path, address: &Address, layout: Layout) -> Result<Pushed> {
    let gallery = Gallery::open(directory)?;
    let bar = Progress::new("pushing", gallery.len(), "rows");
    let pushed = aio_stores::push(&gallery, address, layout, &|rows| bar.inc(rows))?;
    bar.finish();
    Ok(pushed)
}

//! Copies of galleries in databases.

use crate::error::Result;
use aio_gallery::{Gallery, Recall};
use aio_stores::{Address, Index, Layout, Pushed};
use aio_train::Progress;
use serde::Serialize;
use std::path::Path;

/// What became of a copy.
#[derive(Debug, Clone, Serialize)]
pub struct PushedGallery {
    /// Its rows.
    #[serde(flatten)]
    pub pushed: Pushed,
    /// How much of exact search its index finds, if the push asked for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recall: Option<Recall>,
}

/// Makes the gallery at an address in a database the copy of one on disk. If an index is asked for, its recall is measured then.
///
/// # Errors
/// [`Error::Gallery`](crate::error::Error::Gallery) if the gallery is damaged, [`Error::Store`](crate::error::Error::Store) naming the database.
pub fn push(directory: &Path, address: &Address, layout: Layout) -> Result<PushedGallery> {
    let gallery = Gallery::open(directory)?;
    if layout.index == Index::Hnsw {
        log::info!(
            "{address}: when all rows have arrived, the database makes the index; that takes long for many rows"
        );
    }
    let bar = Progress::new("pushing", gallery.len(), "rows");
    let pushed = aio_stores::push(&gallery, address, layout, &|rows| bar.inc(rows))?;
    bar.finish();
    let recall = match layout.index {
        Index::Hnsw => aio_stores::recall(&gallery, address)?,
        Index::Keep => None,
    };
    Ok(PushedGallery { pushed, recall })
}

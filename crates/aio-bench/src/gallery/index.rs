//! Indexes of galleries on disk.

use super::open::with_writer;
use crate::error::Result;
use aio_gallery::{Gallery, Indexed, Recall, recall};
use aio_train::Progress;
use serde::Serialize;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

/// An index that was made.
#[derive(Debug, Clone, Serialize)]
pub struct IndexedGallery {
    /// What it covers.
    #[serde(flatten)]
    pub indexed: Indexed,
    /// How much of exact search it finds; nothing for a gallery of one row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recall: Option<Recall>,
    /// By the length of the list: searches of this comparison that followed links. The others compared every row, because that takes less time.
    pub followed: BTreeMap<usize, usize>,
}

/// Makes an index of all rows of a gallery, each linked with about `links` others, and measures what it finds.
///
/// # Errors
/// [`Error::Gallery`](crate::error::Error::Gallery) for a gallery that is damaged or has no rows, and if a signal stops it; then nothing is changed.
pub fn index(directory: &Path, links: usize) -> Result<IndexedGallery> {
    let indexed = with_writer(directory, |writer, stop| {
        let bar = Progress::new("indexing", writer.contents().len(), "rows");
        let indexed = writer.index(links, &|| {
            bar.inc(1);
            if stop.is_raised() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        bar.finish();
        Ok(indexed)
    })?;
    let gallery = Gallery::open(directory)?;
    let followed = RefCell::new(BTreeMap::new());
    let recall = recall(&gallery, |queries| {
        let answers = gallery.approximate_answers(queries)?;
        let along_links = answers.iter().filter(|answer| answer.searched.is_none());
        let top = queries.first().map_or(0, |query| query.top);
        followed.borrow_mut().insert(top, along_links.count());
        aio_gallery::Result::Ok(answers)
    })?;
    Ok(IndexedGallery { indexed, recall, followed: followed.into_inner() })
}

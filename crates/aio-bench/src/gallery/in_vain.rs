//! What a search asks for although no row has it.

use super::queries::NamedQuery;
use super::searched::Terms;
use crate::error::Result;
use aio_gallery::{Filter, Gallery};
use std::collections::BTreeSet;

/// A sentence for every camera that no row is of, for a column that groups nothing, and for answers where no row has a caption. An unknown camera is no error,
/// since a gallery may not have pictures of it yet; a column that is not there is one.
///
/// # Errors
/// [`crate::error::Error`] naming the table that is damaged.
pub(super) fn in_vain(
    gallery: &Gallery,
    terms: &Terms,
    queries: &[NamedQuery],
) -> Result<Vec<String>> {
    let place = gallery.directory().display();
    let mut warnings = Vec::new();
    if gallery.is_empty() {
        return Ok(warnings);
    }
    let Filter { cameras, not_cameras, .. } = &terms.filter;
    for (option, cameras) in [("--camera", cameras), ("--not-camera", not_cameras)] {
        for camera in cameras.iter().collect::<BTreeSet<_>>() {
            let of_camera = Filter { cameras: vec![camera.clone()], ..Filter::default() };
            if gallery.select(&of_camera)?.is_empty() {
                warnings.push(format!("{option} {camera}: no row of {place} has this camera"));
            }
        }
    }
    if let Some(column) = &terms.group_by
        && !gallery.has_values(column)?
    {
        warnings.push(format!(
            "--group-by {column}: no row of {place} has a value in this column, and nothing is grouped"
        ));
    }
    if queries.iter().any(|query| !query.replies.is_empty()) && !gallery.has_values("caption")? {
        warnings.push(format!(
            "no row of {place} has a caption, and the answers of the queries change nothing"
        ));
    }
    Ok(warnings)
}

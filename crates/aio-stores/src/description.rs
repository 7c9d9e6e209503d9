//! What a database knows of a gallery beside its rows.

use crate::error::{Result, StoreError};
use crate::layout::Partition;
use aio_gallery::{Calibration, Collection, Gallery, Model};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Display;

/// Version of what copies look like. Version 1 had no number of rows, and names of parts that could be those of other galleries.
const FORMAT: u32 = 2;

/// What a database knows of a gallery beside its rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Description {
    format: u32,
    pub(crate) model: Model,
    /// Rows of the gallery.
    pub(crate) rows: usize,
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
            rows: gallery.len(),
            width: gallery.width(),
            columns: Collection::columns(gallery).into_iter().map(str::to_owned).collect(),
            calibrations: gallery.calibrations().clone(),
            partition,
        }
    }

    /// Whether this version of the program can read it.
    pub(crate) fn is_known(&self) -> bool {
        self.format == FORMAT
    }

    /// Refuses a gallery whose features cannot take the place of those that are there. `hint` says how to make room.
    ///
    /// # Errors
    /// [`StoreError::Request`] naming both models.
    pub(crate) fn check_fits(
        &self,
        new: &Self,
        place: &impl Display,
        hint: impl FnOnce() -> String,
    ) -> Result<()> {
        if self.model.fits(&new.model) && self.width == new.width {
            return Ok(());
        }
        let (old, new) = (&self.model, &new.model);
        let problem = format!("{place} holds features of {old}, and the gallery's are of {new}");
        Err(StoreError::request(problem, hint()))
    }
}

/// The error about a description that this version cannot read. `drop` says how to drop the copy.
pub(crate) fn of_another_version(place: &impl Display, drop: &str) -> StoreError {
    StoreError::request(
        format!("{place} was written by another version of this program"),
        format!("use that version; or drop this copy, and push the gallery again: {drop}"),
    )
}

//! What queries are asked of.

use crate::calibration::Calibration;
use crate::error::{GalleryError, Result};
use crate::gallery::Gallery;
use crate::model::Model;
use std::collections::BTreeMap;

/// Rows that queries are asked of: a gallery on disk, or its copy in a database. What a query may ask and what it means is the same for all
/// ([`Query::check`](super::Query::check), [`Query::vector`](super::Query::vector)).
pub trait Collection {
    /// Where it is, for messages.
    fn place(&self) -> String;

    /// What made its features.
    fn model(&self) -> &Model;

    /// Values per row.
    fn width(&self) -> usize;

    /// Names of all columns.
    fn columns(&self) -> Vec<&str>;

    /// Calibrations by the modalities of the query, or `any`.
    fn calibrations(&self) -> &BTreeMap<String, Calibration>;

    /// Features of a row.
    ///
    /// # Errors
    /// [`GalleryError::NoRow`] if it is not there.
    fn features_of(&self, row: u64) -> Result<Vec<f32>>;
}

impl Collection for Gallery {
    fn place(&self) -> String {
        self.directory().display().to_string()
    }

    fn model(&self) -> &Model {
        self.model()
    }

    fn width(&self) -> usize {
        self.width()
    }

    fn columns(&self) -> Vec<&str> {
        self.columns()
    }

    fn calibrations(&self) -> &BTreeMap<String, Calibration> {
        self.calibrations()
    }

    fn features_of(&self, row: u64) -> Result<Vec<f32>> {
        self.row_features(row)
    }
}

/// Refuses a column that is not there.
///
/// # Errors
/// [`GalleryError::Request`] naming it and those that are.
pub(crate) fn check_column(of: &impl Collection, column: &str) -> Result<()> {
    let known = of.columns();
    if known.contains(&column) {
        return Ok(());
    }
    let problem = format!("{} has no column `{column}`", of.place());
    Err(GalleryError::request(problem, format!("it has {}", known.join(", "))))
}

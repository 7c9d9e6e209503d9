//! The manifest beside a feature file: which model made it, and what each row is.

use super::{ImportSettings, Row};
use crate::error::{Error, Result};
use aio_data::fs;
use aio_encoder::weights::Preprocessing;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Contents of a manifest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// The model, as the user named it.
    pub model: String,
    /// SHA-256 of its weights.
    pub weights: String,
    /// How pictures were prepared.
    pub preprocessing: Preprocessing,
    /// How the model's checkpoint was read, if not with the default settings.
    #[serde(default, skip_serializing_if = "ImportSettings::is_default")]
    pub import: ImportSettings,
    /// Columns of the features.
    pub width: usize,
    /// What each row is.
    pub rows: Vec<Row>,
}

impl Manifest {
    /// Where the manifest of a feature file lies.
    #[must_use]
    pub fn path(features: &Path) -> PathBuf {
        features.with_extension("json")
    }

    /// Reads the manifest of a feature file of `rows` rows.
    ///
    /// # Errors
    /// [`Error`] naming the manifest, if it is missing, damaged or describes another number of rows.
    pub fn read(features: &Path, rows: usize) -> Result<Self> {
        let path = Self::path(features);
        let text = fs::read_to_string(&path)?;
        let manifest: Self =
            serde_json::from_str(&text).map_err(|e| unusable(features, &e.to_string()))?;
        if manifest.rows.len() != rows {
            let named = manifest.rows.len();
            let problem = format!("it names {named} rows, the feature file has {rows}");
            return Err(unusable(features, &problem));
        }
        Ok(manifest)
    }
}

/// The error of features whose manifest cannot be used.
pub(crate) fn unusable(features: &Path, problem: &str) -> Error {
    Error::user(
        format!("{}: {problem}", Manifest::path(features).display()),
        "embed the gallery again with `aio embed`",
    )
}

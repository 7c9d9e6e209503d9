//! The manifest beside a feature file: which model made it, and what each row is.

use super::{ImportSettings, Row};
use crate::error::{Error, Result};
use aio_data::{DataError, fs};
use aio_encoder::weights::Preprocessing;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
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
    /// Rows that were asked for and passed over (`--on-error skip`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<SkippedRow>,
}

/// A row that could not be embedded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedRow {
    /// Its number among all rows that were asked for, from 0.
    pub row: usize,
    /// What was wrong, with the name of the file.
    pub problem: String,
}

impl Manifest {
    /// Where the manifest of a feature file lies.
    #[must_use]
    pub fn path(features: &Path) -> PathBuf {
        features.with_extension("json")
    }

    /// Key of the entry in the header of a feature file that holds the hash of its manifest.
    pub(crate) const HASH: &str = "manifest";

    /// The manifest that a file holds.
    pub(super) fn at(path: &Path) -> Result<Self> {
        let parse = |e: serde_json::Error| {
            let problem = e.to_string();
            Error::Data(DataError::Parse { path: path.to_path_buf(), problem })
        };
        serde_json::from_str(&fs::read_to_string(path)?).map_err(parse)
    }

    /// Takes rows out of the manifest and lists them as passed over.
    pub(super) fn pass_over(&mut self, skipped: Vec<SkippedRow>) {
        let numbers: BTreeSet<usize> = skipped.iter().map(|skipped| skipped.row).collect();
        let mut number = 0;
        self.rows.retain(|_| {
            number += 1;
            !numbers.contains(&(number - 1))
        });
        self.skipped = skipped;
    }

    /// The hash by which a feature file names its manifest.
    pub(super) fn hash(text: &str) -> String {
        blake3::hash(text.as_bytes()).to_hex().to_string()
    }

    /// The hash of what decides the features of a row beside the row itself.
    pub(super) fn model_hash(&self) -> Result<String> {
        let model = (&self.model, &self.weights, &self.preprocessing, &self.import, self.width);
        let text = serde_json::to_string(&model).map_err(|e| Error::Failure(e.to_string()))?;
        Ok(Self::hash(&text))
    }

    /// The manifest as its file holds it.
    pub(super) fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string(self).map_err(|e| Error::Failure(e.to_string()))? + "\n")
    }

    /// Reads the manifest of a feature file of `rows` rows. `hash` is what the feature file says of it; those of earlier versions and other
    /// tools say nothing.
    ///
    /// # Errors
    /// [`Error`] naming the manifest, if it is missing, damaged, of other features, or describes another number of rows.
    pub fn read(features: &Path, rows: usize, hash: Option<&str>) -> Result<Self> {
        let path = Self::path(features);
        let text = fs::read_to_string(&path)?;
        if hash.is_some_and(|hash| hash != Self::hash(&text)) {
            return Err(unusable(features, "it was changed, or is that of other features"));
        }
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

/// Which model made features.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Maker {
    /// The model, as the user named it.
    pub(crate) model: String,
    weights: String,
    #[serde(default)]
    import: ImportSettings,
}

impl Maker {
    /// What the manifest of a feature file says, which the file names by its `hash`; nothing where that manifest is not there any more.
    pub(crate) fn noted(features: &Path, hash: &str) -> Option<Self> {
        let text = fs::read_to_string(&Manifest::path(features)).ok()?;
        let is_own = Manifest::hash(&text) == hash;
        is_own.then(|| serde_json::from_str(&text).ok()).flatten()
    }

    /// Whether both have the same weights, read in the same way; what they were called does not matter.
    pub(crate) fn is_same_model(&self, other: &Self) -> bool {
        (&self.weights, self.import) == (&other.weights, other.import)
    }
}

/// The error of features whose manifest cannot be used.
pub(crate) fn unusable(features: &Path, problem: &str) -> Error {
    Error::user(
        format!("{}: {problem}", Manifest::path(features).display()),
        "embed the rows again with `aio embed`",
    )
}

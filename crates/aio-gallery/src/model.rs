//! The model of a gallery.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// What made the features of a gallery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The name that its user gave it.
    pub name: String,
    /// SHA-256 of its weights.
    pub sha256: String,
    /// Settings that change its features beyond the weights; null if there are none.
    #[serde(default)]
    pub settings: Value,
    /// What else is known of it: how pictures are prepared.
    #[serde(default)]
    pub description: Value,
}

impl Model {
    /// Whether its features can be compared with those of `other`. The same weights may have several names.
    #[must_use]
    pub fn fits(&self, other: &Self) -> bool {
        self.is_read_as(other) && !self.is_described_otherwise(other)
    }

    /// Whether nothing but the preparation of pictures sets it apart from `other`.
    pub(crate) fn is_prepared_otherwise(&self, other: &Self) -> bool {
        self.is_read_as(other) && self.is_described_otherwise(other)
    }

    fn is_read_as(&self, other: &Self) -> bool {
        self.sha256 == other.sha256 && self.settings == other.settings
    }

    fn is_described_otherwise(&self, other: &Self) -> bool {
        // Who makes a gallery may know nothing more of its model.
        let is_known = !self.description.is_null() && !other.description.is_null();
        is_known && self.description != other.description
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` (sha256 {}", self.name, self.sha256)?;
        if !self.settings.is_null() {
            write!(f, ", settings {}", self.settings)?;
        }
        f.write_str(")")
    }
}

//! How a copy is laid out in a database, and what a push did.

use serde::{Deserialize, Serialize};

/// Whether features get an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Index {
    /// None is made; one that is there stays, and is kept up to date by the database.
    #[default]
    Keep,
    /// HNSW, for approximate searches.
    Hnsw,
}

/// By what the rows of a table are split. Every part has an index of its own, so that an approximate search among the rows of one camera, or
/// of one day, does not lose people to those of others; and old parts can be dropped whole. PostgreSQL alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Partition {
    /// One part for every camera, and one for rows without a camera.
    Camera,
    /// One part for every day (UTC), and one for rows without a time.
    Day,
    /// One part for every month (UTC), and one for rows without a time.
    Month,
}

impl Partition {
    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

/// How a copy is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layout {
    /// Whether features get an index.
    pub index: Index,
    /// By what the rows of a new table are split. None for one table; a table that is there stays as it is.
    pub partition: Option<Partition>,
}

/// What became of the rows of a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pushed {
    /// Where, without a password.
    pub store: String,
    /// Rows of the gallery, and now of the copy.
    pub rows: usize,
    /// Rows that were not there or differed.
    pub added: usize,
    /// Rows that the gallery does not have.
    pub removed: usize,
}

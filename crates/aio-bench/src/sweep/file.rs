//! The sweep file as it is written (docs/sweeps.md).

use super::slurm;
use crate::error::{Error, Result};
use crate::report::Quoted;
use aio_data::fs;
use aio_types::{Measure, TaskId};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A sweep file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SweepFile {
    /// The experiment that is varied, relative to the sweep file.
    pub(super) base: PathBuf,
    /// Seeds of every cell.
    #[serde(default = "one_seed")]
    pub(super) seeds: Vec<u64>,
    /// Lists of values by key, of which every combination is a cell.
    #[serde(default)]
    pub(super) axes: toml::Table,
    /// Lists of values by key, of which the first values are used together, then the second ones, ….
    #[serde(default)]
    pub(super) zip: Vec<toml::Table>,
    /// Values by key; a cell that has all of them is removed.
    #[serde(default)]
    pub(super) exclude: Vec<toml::Table>,
    #[serde(default)]
    pub(super) report: ReportSection,
    #[serde(default)]
    pub(super) slurm: slurm::Settings,
}

fn one_seed() -> Vec<u64> {
    vec![0]
}

/// `[report]` of a sweep file: what its table shows.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportSection {
    /// Tasks, one column each; all tasks of the base experiment if empty.
    #[serde(default)]
    pub tasks: Vec<TaskId>,
    /// `map`, `minp`, `rank1`, `rank5` or `rank10`; `map` if absent.
    pub metric: Option<Measure>,
    /// Rows with published numbers of others.
    #[serde(default)]
    pub quoted: Vec<Quoted>,
}

impl SweepFile {
    /// Reads and validates a sweep file.
    ///
    /// # Errors
    /// [`Error`] naming the file and what is wrong in it.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)?;
        let file: Self = toml::from_str(&text).map_err(|e| wrong(path, &e.to_string()))?;
        if file.seeds.is_empty() {
            return Err(wrong(path, "`seeds` is empty"));
        }
        Ok(file)
    }

    /// The base experiment's file, for the sweep file at `path`.
    pub(super) fn base(&self, path: &Path) -> PathBuf {
        path.parent().unwrap_or(Path::new(".")).join(&self.base)
    }
}

/// The error of a sweep file that is wrong.
pub(super) fn wrong(path: &Path, problem: &str) -> Error {
    Error::user(format!("{}: {problem}", path.display()), "docs/sweeps.md describes sweep files")
}

//! One run: an experiment with one configuration and one seed.
//!
//! - [`RunIdentity`] (`identity.rs`): which run a directory or a result is of.
//! - [`Run`] (`layout.rs`): where every file of a run lies.
//! - [`RunResult`] (`result.rs`): what `result.json` contains, who writes it and when.
//! - [`TaskQueries`] (`queries.rs`): what `queries.json` contains: the scores of single queries.
//! - [`Meter`] (`meter.rs`): what a run takes.
//! - [`Manifest`] (`manifest.rs`): what `manifest.json` contains: program, machine, data, cost.

mod identity;
mod layout;
mod manifest;
mod meter;
mod queries;
mod result;
#[cfg(test)]
mod tests;

pub use identity::{RunIdentity, seed_of};
pub use layout::{Run, WEIGHTS};
pub use manifest::{Manifest, RunFacts};
pub(crate) use manifest::{peak_memory, version};
pub use meter::Meter;
pub use queries::{QUERIES, TaskQueries};
pub use result::{RunResult, TaskIntervals, TaskSummary, WithoutModality};

use std::path::{Path, PathBuf};

/// The weights in a model directory; another path as it is.
pub(crate) fn weights_file(model: &Path) -> PathBuf {
    let inside = model.join(WEIGHTS);
    if inside.is_file() { inside } else { model.to_path_buf() }
}

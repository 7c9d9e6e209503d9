//! One run: an experiment with one configuration and one seed.
//!
//! - [`Run`] (`layout.rs`): where every file of a run lies.
//! - [`RunResult`] (`result.rs`): what `result.json` contains, who writes it and when.
//! - [`Manifest`] (`manifest.rs`): what `manifest.json` contains: program, machine, data, cost.

mod layout;
mod manifest;
mod result;

pub(crate) use layout::weights_file;
pub use layout::{Run, WEIGHTS};
pub(crate) use manifest::peak_memory;
pub use manifest::{Manifest, RunFacts};
pub use result::{RunResult, TaskIntervals, TaskSummary};

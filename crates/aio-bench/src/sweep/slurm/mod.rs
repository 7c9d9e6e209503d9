//! `aio sweep slurm`: a sweep as a job array, one element per run.
//!
//! An element is `aio sweep run FILE --shard i/n --wait`. Before its time is up, Slurm signals the batch script, which
//! signals the run. The run writes a checkpoint and exits with 75; the script puts the element back into the queue, and
//! it continues where it stopped. If a node fails, Slurm puts its elements back, and each waits until the lock of the
//! dead process is free.

mod queue;
mod script;
mod settings;

pub use queue::ArrayElement;
pub(super) use queue::{SubmittedRun, states};
pub(super) use settings::Settings;

use super::{Job, Sweep};
use crate::error::{Error, Result};
use crate::lock::{DirectoryLock, WhenTaken};
use aio_train::StopFlag;
use script::JobArray;
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};

/// What [`Sweep::submit`] did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "submission", rename_all = "kebab-case")]
pub enum Submission {
    /// Every run is done, so nothing was submitted.
    AllDone,
    /// Only the batch script was wanted.
    DryRun {
        /// The batch script.
        script: String,
    },
    /// A job array was submitted.
    Submitted {
        /// Job number of the array.
        job: u64,
        /// Number of submitted runs.
        runs: usize,
        /// Number of all runs.
        total: usize,
        /// Directory of the logs.
        logs: PathBuf,
    },
}

impl fmt::Display for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllDone => f.write_str("every run is done\n"),
            Self::DryRun { script } => f.write_str(script),
            Self::Submitted { job, runs, total, logs } => {
                writeln!(f, "job array {job}: {runs} of {total} runs; logs in {}", logs.display())
            }
        }
    }
}

impl Sweep {
    /// Submits what is not done as a job array, or only makes its script if `dry_run` is set. Waits while another call submits one.
    ///
    /// # Errors
    /// [`Error`] with the message of Slurm; [`Error::Interrupted`] after a signal while it waits.
    pub fn submit(&self, runs: &Path, dry_run: bool) -> Result<Submission> {
        let is_open = |job: &Job<'_>| !self.run_of(runs, job.cell, job.seed).is_done();
        let open: Vec<Job<'_>> = self.jobs().filter(is_open).collect();
        if open.is_empty() {
            return Ok(Submission::AllDone);
        }
        let program = std::env::current_exe()
            .map_err(|e| Error::Failure(format!("cannot find the path of this program: {e}")))?;
        let directory = std::env::current_dir()
            .map_err(|e| Error::Failure(format!("cannot find the working directory: {e}")))?;
        let total = self.total();
        let array = JobArray {
            program: &program,
            file: &self.file,
            runs,
            directory: &directory,
            open: &open.iter().map(|job| job.number).collect::<Vec<_>>(),
            count: total,
        };
        let script = script::script(&self.slurm, &array);
        if dry_run {
            return Ok(Submission::DryRun { script });
        }
        // Two calls at once would each write a record without the array of the other.
        let stop = StopFlag::on_signals()?;
        let _lock = DirectoryLock::require(&queue::directory(runs), WhenTaken::Wait, &stop)?;
        let submitted = states(runs, &self.file)?;
        let element = |job: &Job<'_>| submitted.get(&SubmittedRun::of(*job));
        let again = open.iter().filter_map(element).filter(|element| element.is_open()).count();
        if again > 0 {
            log::warn!(
                "{again} of the {} runs are in an earlier array that has not ended, so that one element waits for the other: `aio sweep status` names them, and scancel removes them",
                open.len()
            );
        }
        let job = queue::submit(&script, runs, &self.file, &open)?;
        Ok(Submission::Submitted { job, runs: open.len(), total, logs: queue::directory(runs) })
    }
}

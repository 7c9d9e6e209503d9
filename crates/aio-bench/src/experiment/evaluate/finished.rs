//! Tasks whose evaluation is finished, kept in a file so that a stopped evaluation continues with the next task.

use super::TaskEvaluation;
use crate::error::Result;
use crate::run::Run;
use aio_data::{DataError, fs};
use aio_types::TaskId;
use serde::{Deserialize, Serialize};

/// Name of the file in the directory of a run.
const FILE: &str = "evaluation.json";

#[derive(Debug, Default, Serialize, Deserialize)]
struct Stored {
    /// Of the weights, the data and the settings that the scores depend on.
    fingerprint: String,
    tasks: Vec<TaskEvaluation>,
}

/// The tasks that are finished, in the order in which they were evaluated.
pub(super) struct FinishedTasks<'a> {
    run: &'a Run,
    stored: Stored,
}

impl<'a> FinishedTasks<'a> {
    /// What an earlier call finished with the same weights, data and settings.
    ///
    /// # Errors
    /// [`Error::Data`](crate::error::Error::Data) if the file cannot be read. A damaged one counts for nothing, with a warning.
    pub(super) fn open(run: &'a Run, fingerprint: String) -> Result<Self> {
        let found = match run.read_sealed::<Stored>(FILE) {
            Err(crate::error::Error::Data(
                error @ (DataError::Damaged { .. } | DataError::Parse { .. }),
            )) => {
                log::warn!("{error}; the evaluation starts again");
                None
            }
            found => found?,
        };
        let stored = found.filter(|stored| stored.fingerprint == fingerprint);
        let stored = stored.unwrap_or_else(|| Stored { fingerprint, tasks: Vec::new() });
        if !stored.tasks.is_empty() {
            log::info!("evaluation: {} tasks were finished by an earlier call", stored.tasks.len());
        }
        Ok(Self { run, stored })
    }

    /// Whether a task is finished.
    pub(super) fn contains(&self, task: &TaskId) -> bool {
        self.stored.tasks.iter().any(|finished| finished.task == *task)
    }

    /// Adds a task.
    ///
    /// # Errors
    /// [`Error::Data`](crate::error::Error::Data) if the file cannot be written.
    pub(super) fn push(&mut self, task: TaskEvaluation) -> Result<()> {
        self.stored.tasks.push(task);
        self.run.write_line(FILE, &self.stored)
    }

    /// All finished tasks.
    pub(super) fn into_tasks(self) -> Vec<TaskEvaluation> {
        self.stored.tasks
    }
}

/// Whether the file is there.
pub(in crate::experiment) fn is_kept(run: &Run) -> bool {
    run.directory().join(FILE).is_file()
}

/// Removes the file, which nothing reads once the run is finished.
///
/// # Errors
/// [`Error::Data`](crate::error::Error::Data) naming the file; [`Error::Lost`](crate::error::Error::Lost) if another process has taken the run over.
pub(in crate::experiment) fn forget(run: &Run) -> Result<()> {
    run.check_claim()?;
    Ok(fs::remove_file(&run.directory().join(FILE))?)
}

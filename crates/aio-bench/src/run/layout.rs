//! Where everything of a run lies. Files are written whole or not at all, except those that grow line by line. Every JSON file states its
//! own checksum, which is compared when it is read.
//!
//! ```text
//! runs/
//!   slurm/                    notes and logs of job arrays
//!   <experiment>/<config id>/
//!     prediction.json         time and memory, as `aio sweep check` predicts them
//!     seed-<k>/
//!       config.toml           resolved configuration
//!       metrics.jsonl         losses and learning rate, one line per optimiser step
//!       tensorboard/          the same as TensorBoard events
//!       checkpoint/           newest training states
//!       checkpoint-best/      best training state by validation, if the experiment selects it
//!       model/                trained weights, their configuration and their card
//!       queries.json          scores of every query (queries.rs)
//!       rankings.json         ranked lists for the report
//!       embeddings.json       embeddings of a few people for the report
//!       attention.json        attention roll-out for the report
//!       data.json             configuration, seed and fingerprints of the data with which it began (data.rs)
//!       evaluation.json       scores of the tasks that are done, until all are
//!       manifest.json         program, machine, data (manifest.rs)
//!       result.json           scores (result.rs); its presence means that the run is done
//!       report/               figures, tables and the page, drawn from the files above
//!       failed.txt            why the last attempt of a sweep failed
//!       lock, lock-<n>.json   which process works on the run, or was the last one (lock/)
//! ```

use super::{RunIdentity, RunResult};
use crate::error::{Error, Result};
use aio_data::checksum::inside;
use aio_data::{DataError, fs};
use aio_train::{StopFlag, TrainingPaths};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Name of the scores in the directory of a run.
const RESULT: &str = "result.json";

/// Name of the manifest in the directory of a run.
pub(super) const MANIFEST: &str = "manifest.json";

/// The directory of a run.
#[derive(Debug, Clone)]
pub struct Run {
    directory: PathBuf,
    /// What the directory stands for, where that is known.
    identity: Option<RunIdentity>,
    /// Says before every write whether the directory is still this process's.
    claim: StopFlag,
}

/// Name of the weights in a model directory.
pub const WEIGHTS: &str = "weights.safetensors";

impl Run {
    /// A run below `runs`; its directory is created.
    ///
    /// # Errors
    /// [`Error::Data`] if the directory cannot be created.
    pub fn open(runs: &Path, identity: RunIdentity) -> Result<Self> {
        let run = Self::of(runs, identity);
        fs::create_dir_all(&run.directory)?;
        Ok(run)
    }

    /// A run below `runs`, which need not exist.
    #[must_use]
    pub fn of(runs: &Path, identity: RunIdentity) -> Self {
        let directory = runs.join(identity.to_string());
        Self { identity: Some(identity), ..Self::at(directory) }
    }

    /// Where the runs of one configuration lie, one directory per seed.
    #[must_use]
    pub fn seeds(runs: &Path, experiment: &str, config_id: &str) -> PathBuf {
        runs.join(experiment).join(config_id)
    }

    /// The run in a directory, which need not exist. Whose results lie in it is not known.
    #[must_use]
    pub fn at(directory: PathBuf) -> Self {
        Self { directory, identity: None, claim: StopFlag::default() }
    }

    /// The same run, into which nothing is written once another process has taken it over, as `stop` tells.
    #[must_use]
    pub(crate) fn claimed_by(self, stop: &StopFlag) -> Self {
        Self { claim: stop.clone(), ..self }
    }

    /// Called before anything is written into the directory.
    ///
    /// # Errors
    /// [`Error::Lost`] if another process has taken the run over.
    pub(crate) fn check_claim(&self) -> Result<()> {
        Ok(self.claim.check_claim()?)
    }

    /// The directory itself.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The resolved configuration.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.directory.join("config.toml")
    }

    /// Why the last attempt of a sweep failed.
    #[must_use]
    pub fn failure(&self) -> PathBuf {
        self.directory.join("failed.txt")
    }

    /// Removes what an earlier attempt left in [`Run::failure`]: it says nothing about this one.
    pub(crate) fn forget_failure(&self) {
        let _ = std::fs::remove_file(self.failure());
    }

    /// Whether the run is done: its `result.json` exists.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.directory.join(RESULT).is_file()
    }

    /// The scores, if the run is done.
    ///
    /// # Errors
    /// [`Error::Data`] naming the file that cannot be parsed, is damaged, or holds numbers that no evaluation gives; [`Error::User`] if it is the result
    /// of another run.
    pub fn result(&self) -> Result<Option<RunResult>> {
        let Some(text) = self.text(RESULT)? else { return Ok(None) };
        let path = self.directory.join(RESULT);
        let result: RunResult = inside::from_json(&path, &text)?;
        let is_sealed = inside::stated(&text).is_some();
        result
            .check(is_sealed)
            .map_err(|problem| DataError::Damaged { path: path.clone(), problem })?;
        match &self.identity {
            Some(expected) if *expected != result.identity() => Err(Error::user(
                format!(
                    "{} is the result of {}; expected the result of {expected}",
                    path.display(),
                    result.identity()
                ),
                format!(
                    "it was copied or renamed; move {} out of the directory of runs",
                    self.directory.display()
                ),
            )),
            _ => Ok(Some(result)),
        }
    }

    /// Where checkpoints lie.
    #[must_use]
    pub fn checkpoints(&self) -> PathBuf {
        self.directory.join("checkpoint")
    }

    /// Where the best checkpoint by validation lies.
    #[must_use]
    pub fn best(&self) -> PathBuf {
        self.directory.join("checkpoint-best")
    }

    /// The trained model, for `aio embed` and `aio search`: weights, configuration and card.
    #[must_use]
    pub fn model(&self) -> PathBuf {
        self.directory.join("model")
    }

    /// Where the report is written.
    #[must_use]
    pub fn report(&self) -> PathBuf {
        self.directory.join("report")
    }

    /// Where TensorBoard's event files lie.
    #[must_use]
    pub fn events(&self) -> PathBuf {
        self.directory.join("tensorboard")
    }

    /// Where training writes.
    #[must_use]
    pub fn training_paths(&self) -> TrainingPaths {
        TrainingPaths {
            checkpoints: self.checkpoints(),
            best_checkpoint: self.best(),
            metrics: self.metrics(),
            events: self.events(),
            directory: self.directory.clone(),
        }
    }

    /// The error of a failed write to the event files.
    #[must_use]
    pub fn events_error(&self, source: std::io::Error) -> Error {
        Error::Data(DataError::Io { action: "write", path: self.events(), source })
    }

    /// Losses and learning rate of training, one JSON line per optimiser step.
    #[must_use]
    pub fn metrics(&self) -> PathBuf {
        self.directory.join("metrics.jsonl")
    }

    /// Writes a JSON file of the run, with its checksum.
    ///
    /// # Errors
    /// [`Error::Data`] naming the path.
    pub fn write<T: Serialize>(&self, name: &str, value: &T) -> Result<()> {
        self.write_text(name, &inside::to_json(value).map_err(unserialisable)?)
    }

    /// As [`Run::write`], on one line: for files with thousands of numbers.
    ///
    /// # Errors
    /// [`Error::Data`] naming the path.
    pub fn write_line<T: Serialize>(&self, name: &str, value: &T) -> Result<()> {
        self.write_text(name, &inside::to_json_line(value).map_err(unserialisable)?)
    }

    /// Writes a text file of the run.
    ///
    /// # Errors
    /// [`Error::Data`] naming the path, [`Error::Lost`] if another process has taken the run over.
    pub fn write_text(&self, name: &str, text: &str) -> Result<()> {
        self.check_claim()?;
        Ok(fs::write_then_rename(&self.directory.join(name), text.as_bytes())?)
    }

    /// Reads a JSON file of the run; `None` if it does not exist.
    ///
    /// # Errors
    /// [`Error::Data`] naming the file that cannot be parsed or is damaged.
    pub fn read<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        Ok(Some(inside::from_json(&self.directory.join(name), &text)?))
    }

    /// As [`Run::read`], for a file that must state its checksum.
    ///
    /// # Errors
    /// As [`Run::read`]; [`Error::Data`] naming the file also if it states none.
    pub fn read_sealed<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let path = self.directory.join(name);
        let value = inside::from_json(&path, &text)?;
        if inside::stated(&text).is_none() {
            let problem = format!("its key `{}` is gone", inside::KEY);
            return Err(DataError::Damaged { path, problem }.into());
        }
        Ok(Some(value))
    }

    /// Reads a JSON file that was written with `result`: it states its checksum if results of that version do.
    ///
    /// # Errors
    /// As [`Run::read_sealed`].
    pub fn read_with<T: serde::de::DeserializeOwned>(
        &self,
        result: &RunResult,
        name: &str,
    ) -> Result<Option<T>> {
        if result.must_state_checksum() { self.read_sealed(name) } else { self.read(name) }
    }

    fn text(&self, name: &str) -> Result<Option<String>> {
        let path = self.directory.join(name);
        if !path.exists() {
            return Ok(None);
        }
        Ok(Some(fs::read_to_string(&path)?))
    }
}

fn unserialisable(error: serde_json::Error) -> Error {
    Error::Failure(format!("cannot serialise a file of a run: {error}"))
}

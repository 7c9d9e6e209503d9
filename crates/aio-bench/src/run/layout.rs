//! Where everything of a run lies. Files are written whole or not at all, except those that grow line by line.
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
//!       rankings.json         ranked lists for the report
//!       embeddings.json       embeddings of a few people for the report
//!       attention.json        attention roll-out for the report
//!       manifest.json         program, machine, data (manifest.rs)
//!       result.json           scores (result.rs); its presence means that the run is done
//!       report/               figures, tables and the page, drawn from the files above
//!       failed.txt            why the last attempt of a sweep failed
//!       lock, lock.json       which process works on the run (lock.rs)
//! ```

use super::RunResult;
use crate::error::{Error, Result};
use aio_data::{DataError, fs};
use aio_train::TrainingPaths;
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
}

/// Name of the weights in a model directory.
pub const WEIGHTS: &str = "weights.safetensors";

fn to_json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string_pretty(value)
        .map(|t| t + "\n")
        .map_err(|e| Error::Failure(format!("cannot serialise a result: {e}")))
}

impl Run {
    /// The run of (`experiment`, `config_id`, `seed`) below `runs`; its directory is created.
    ///
    /// # Errors
    /// [`Error::Data`] if the directory cannot be created.
    pub fn open(runs: &Path, experiment: &str, config_id: &str, seed: u64) -> Result<Self> {
        let run = Self::of(runs, experiment, config_id, seed);
        fs::create_dir_all(&run.directory)?;
        Ok(run)
    }

    /// The run of (`experiment`, `config_id`, `seed`) below `runs`, which need not exist.
    #[must_use]
    pub fn of(runs: &Path, experiment: &str, config_id: &str, seed: u64) -> Self {
        let seeds = Self::seeds(runs, experiment, config_id);
        Self { directory: seeds.join(format!("seed-{seed}")) }
    }

    /// Where the runs of one configuration lie, one directory per seed.
    #[must_use]
    pub fn seeds(runs: &Path, experiment: &str, config_id: &str) -> PathBuf {
        runs.join(experiment).join(config_id)
    }

    /// The run in a directory, which need not exist.
    #[must_use]
    pub fn at(directory: PathBuf) -> Self {
        Self { directory }
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

    /// Whether the run is done: its `result.json` exists.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.directory.join(RESULT).is_file()
    }

    /// The scores, if the run is done.
    ///
    /// # Errors
    /// [`Error::Data`] naming the file that cannot be parsed.
    pub fn result(&self) -> Result<Option<RunResult>> {
        self.read(RESULT)
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

    /// Writes a file of the run.
    ///
    /// # Errors
    /// [`Error::Data`] naming the path.
    pub fn write<T: Serialize>(&self, name: &str, value: &T) -> Result<()> {
        Ok(fs::write_then_rename(&self.directory.join(name), to_json(value)?.as_bytes())?)
    }

    /// Writes a text file of the run.
    ///
    /// # Errors
    /// [`Error::Data`] naming the path.
    pub fn write_text(&self, name: &str, text: &str) -> Result<()> {
        Ok(fs::write_then_rename(&self.directory.join(name), text.as_bytes())?)
    }

    /// Reads a JSON file of the run; `None` if it does not exist.
    ///
    /// # Errors
    /// [`Error::Data`] naming the file that cannot be parsed.
    pub fn read<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let path = self.directory.join(name);
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path)?;
        let parsed = serde_json::from_str(&text)
            .map_err(|e| DataError::Parse { path, problem: e.to_string() })?;
        Ok(Some(parsed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> (tempfile::TempDir, Run) {
        let directory = tempfile::tempdir().expect("temporary directory");
        let run = Run::open(directory.path(), "paper/zero-shot", "0123456789ab", 7).expect("run");
        (directory, run)
    }

    #[test]
    fn a_run_lies_below_its_experiment_configuration_and_seed() {
        let run = Run::of(Path::new("runs"), "paper/zero-shot", "0123456789ab", 7);
        let expected = Path::new("runs/paper/zero-shot/0123456789ab/seed-7");
        assert_eq!(run.directory(), expected);
        assert_eq!(
            Run::seeds(Path::new("runs"), "paper/zero-shot", "0123456789ab"),
            Path::new("runs/paper/zero-shot/0123456789ab")
        );
        for (path, name) in [
            (run.config(), "config.toml"),
            (run.metrics(), "metrics.jsonl"),
            (run.events(), "tensorboard"),
            (run.checkpoints(), "checkpoint"),
            (run.best(), "checkpoint-best"),
            (run.model(), "model"),
            (run.report(), "report"),
            (run.failure(), "failed.txt"),
        ] {
            assert_eq!(path, expected.join(name));
        }
    }

    #[test]
    fn a_run_is_done_when_its_result_exists_and_a_damaged_result_is_named() {
        let (_directory, run) = run();
        assert!(!run.is_done());
        assert_eq!(run.result().expect("nothing to read"), None);
        std::fs::write(run.directory().join("result.json"), "{").expect("write");
        assert!(run.is_done());
        let error = run.result().expect_err("damaged").to_string();
        assert!(error.contains("seed-7/result.json"), "{error}");
    }
}

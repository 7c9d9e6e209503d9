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
//!       data.json             fingerprints of the data (data.rs)
//!       evaluation.json       scores of the tasks that are done, until all are
//!       manifest.json         program, machine, data (manifest.rs)
//!       result.json           scores (result.rs); its presence means that the run is done
//!       report/               figures, tables and the page, drawn from the files above
//!       failed.txt            why the last attempt of a sweep failed
//!       lock, lock-<n>.json   which process works on the run, or was the last one (lock/)
//! ```

use super::RunResult;
use crate::error::{Error, Result};
use aio_data::checksum::inside;
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
    /// [`Error::Data`] naming the file that cannot be parsed, is damaged, or holds numbers that no evaluation gives.
    pub fn result(&self) -> Result<Option<RunResult>> {
        let Some(text) = self.text(RESULT)? else { return Ok(None) };
        let path = self.directory.join(RESULT);
        let result: RunResult = inside::from_json(&path, &text)?;
        let is_sealed = inside::stated(&text).is_some();
        result.check(is_sealed).map_err(|problem| DataError::Damaged { path, problem })?;
        Ok(Some(result))
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
    /// [`Error::Data`] naming the path.
    pub fn write_text(&self, name: &str, text: &str) -> Result<()> {
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

    #[test]
    fn edited_results_are_refused() {
        let (_directory, run) = run();
        let path = run.directory().join("result.json");
        run.write("result.json", &example()).expect("written");
        assert_eq!(run.result().expect("whole"), Some(example()));
        let text = std::fs::read_to_string(&path).expect("read");
        for (from, to) in
            [("0.7947", "0.8947"), ("\"steps\": 7", "\"steps\": 8"), ("0.25", "0.255")]
        {
            std::fs::write(&path, text.replace(from, to)).expect("write");
            let error = run.result().expect_err(to);
            assert!(error.to_string().contains("result.json is damaged or was changed"), "{error}");
            assert!(error.exit_code() == 2 && error.hint().is_some());
        }
        let without = text.replace(",\n  \"checksum\"", ",\n  \"note\"");
        std::fs::write(&path, without).expect("write");
        assert!(run.result().is_err(), "a renamed checksum");
        let (before, _) = text.rsplit_once(",\n  \"checksum\"").expect("the last key");
        std::fs::write(&path, format!("{before}\n}}\n")).expect("write");
        let error = run.result().expect_err("no checksum").to_string();
        assert!(error.contains("has a checksum"), "{error}");
    }

    #[test]
    fn numbers_outside_their_range_are_refused_in_results_of_earlier_versions_too() {
        let (_directory, run) = run();
        let path = run.directory().join("result.json");
        let old = RunResult { schema: 1, ..example() };
        let text = serde_json::to_string(&old).expect("JSON");
        std::fs::write(&path, &text).expect("write");
        assert_eq!(run.result().expect("no checksum, and none is needed"), Some(old));
        for (from, to, named) in [
            ("0.7947", "7.947", "metrics.market1501.rgb-rgb.map"),
            ("0.25", "-0.25", "baseline.market1501.rgb-rgb.map"),
            ("[0.5,1.0]", "[0.5,1.5]", "tasks.market1501.rgb-rgb.cmc"),
            ("[0.5,1.0]", "[0.5,0.25]", "tasks.market1501.rgb-rgb.cmc"),
            ("\"train_seconds\":1.5", "\"train_seconds\":-1.5", "train_seconds"),
        ] {
            assert!(text.contains(from), "{from} in {text}");
            std::fs::write(&path, text.replace(from, to)).expect("write");
            let error = run.result().expect_err(to).to_string();
            assert!(error.contains(named) && error.contains("expected"), "{error}");
        }
    }

    fn example() -> RunResult {
        let text = r#"{
            "schema": 2, "experiment": "e", "claim": "c", "cell": "0123456789ab", "seed": 3,
            "metrics": {"market1501.rgb-rgb.map": 0.7947},
            "baseline": {"market1501.rgb-rgb.map": 0.25},
            "chance": {"market1501.rgb-rgb.map": 0.1}, "order": ["market1501.rgb-rgb"],
            "tasks": {"market1501.rgb-rgb": {"queries": 2, "skipped": 0, "gallery": 4, "trials": 1,
                "protocol": "none", "cmc": [0.5, 1.0], "cmc_baseline": [0.0, 1.0]}},
            "train_seconds": 1.5, "steps": 7
        }"#;
        serde_json::from_str(text).expect("a result")
    }
}

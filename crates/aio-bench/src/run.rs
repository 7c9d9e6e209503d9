//! The directory of a run: `runs/<experiment>/<cell>/seed-<k>/`. Everything is written whole or not at all.

use crate::error::{Error, Result};
use aio_data::{DataError, fs};
use aio_eval::{Spread, Unmatched};
use aio_types::{MetricId, TaskId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A run directory.
#[derive(Debug, Clone)]
pub struct Run {
    directory: PathBuf,
}

/// Scores of a task as `result.json` lists them beside the flat metrics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskSummary {
    /// Queries evaluated.
    pub queries: usize,
    /// Queries without a match after the protocol's rule, in the first trial.
    pub skipped: usize,
    /// The same by the reason.
    #[serde(default)]
    pub unmatched: Unmatched,
    /// Standard deviations over the trials, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<Spread>,
    /// Gallery entries, in the first trial.
    pub gallery: usize,
    /// Trials averaged.
    pub trials: usize,
    /// The protocol's name.
    pub protocol: String,
    /// CMC of the trained model.
    pub cmc: Vec<f64>,
    /// CMC of the encoder before any training.
    pub cmc_baseline: Vec<f64>,
    /// ROC of the trained model over the pairs that the protocol lets queries see, in the first trial: false and true accept rates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roc: Vec<(f64, f64)>,
}

/// `result.json`; its presence means that the run is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// Version of this format.
    pub schema: u32,
    /// Name of the experiment.
    pub experiment: String,
    /// What it is to show.
    pub claim: String,
    /// Content hash of its configuration.
    pub cell: String,
    /// Its seed.
    pub seed: u64,
    /// `<task>.<metric>` of the trained model, fractions in 0..1.
    pub metrics: BTreeMap<MetricId, f64>,
    /// The same of the frozen encoder before any training.
    pub baseline: BTreeMap<MetricId, f64>,
    /// The same of random rankings.
    pub chance: BTreeMap<MetricId, f64>,
    /// Tasks in the order of the experiment.
    pub order: Vec<TaskId>,
    /// Details by task.
    pub tasks: BTreeMap<TaskId, TaskSummary>,
    /// Seconds of training.
    pub train_seconds: f64,
    /// Optimiser steps.
    pub steps: usize,
}

/// Name of the weights in a model directory.
pub const WEIGHTS: &str = "weights.safetensors";

fn to_json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string_pretty(value)
        .map(|t| t + "\n")
        .map_err(|e| Error::Failure(format!("cannot serialise a result: {e}")))
}

impl Run {
    /// The run of (`experiment`, `cell`, `seed`) below `root`; its directory is created.
    ///
    /// # Errors
    /// [`Error::Data`] if the directory cannot be created.
    pub fn open(root: &Path, experiment: &str, cell: &str, seed: u64) -> Result<Self> {
        let directory = Self::path(root, experiment, cell, seed);
        fs::create_dir_all(&directory)?;
        Ok(Self { directory })
    }

    /// Where the run of (`experiment`, `cell`, `seed`) lies below `root`.
    #[must_use]
    pub fn path(root: &Path, experiment: &str, cell: &str, seed: u64) -> PathBuf {
        root.join(experiment).join(cell).join(format!("seed-{seed}"))
    }

    /// The run in a directory, which need not be there.
    #[must_use]
    pub fn at(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// The directory itself.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
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

    /// The trained model: weights, configuration and card, as `aio embed` and `aio search` take it.
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

    /// The error of a failed write to the event files.
    #[must_use]
    pub fn events_error(&self, source: std::io::Error) -> Error {
        Error::Data(DataError::Io { action: "write", path: self.events(), source })
    }

    /// Where the metrics of training lie.
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

    /// Reads a JSON file of the run, or `None` where it is not there.
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

    /// Drops metric lines of steps from `step` on, which a killed call wrote after its last checkpoint.
    ///
    /// # Errors
    /// [`Error::Data`] naming the path.
    pub fn truncate_metrics(&self, step: usize) -> Result<()> {
        let path = self.metrics();
        if !path.exists() {
            return Ok(());
        }
        let text = fs::read_to_string(&path)?;
        let before = |line: &&str| {
            serde_json::from_str::<serde_json::Value>(line)
                .ok()
                .and_then(|v| v["step"].as_u64())
                .is_some_and(|s| s < step as u64)
        };
        let kept: String = text.lines().filter(before).flat_map(|l| [l, "\n"]).collect();
        Ok(fs::write_then_rename(&path, kept.as_bytes())?)
    }

    /// Opens the metrics for appending.
    ///
    /// # Errors
    /// [`Error::Data`] naming the path.
    pub fn append_metrics(&self) -> Result<std::io::BufWriter<std::fs::File>> {
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.metrics())
            .map_err(|e| self.metrics_error(e))?;
        Ok(std::io::BufWriter::new(file))
    }

    /// The error of a failed write to the metrics.
    #[must_use]
    pub fn metrics_error(&self, source: std::io::Error) -> Error {
        Error::Data(DataError::Io { action: "write", path: self.metrics(), source })
    }
}

/// The command line; where the program lies, and under which name, is nobody's business.
fn command() -> Vec<String> {
    std::iter::once("aio".to_owned()).chain(std::env::args().skip(1)).collect()
}

/// Where a number comes from: written beside every result.
#[derive(Debug, Serialize)]
pub struct Manifest {
    /// Version of the program.
    pub version: &'static str,
    /// Commit of the source, where the program runs inside its repository.
    pub commit: Option<String>,
    /// BLAKE3 of what differs from that commit; none if nothing does.
    pub changes: Option<String>,
    /// BLAKE3 of the `Cargo.lock` that the program was built with.
    pub lock: String,
    /// Cargo features that it was built with.
    pub features: Vec<&'static str>,
    /// Command line.
    pub command: Vec<String>,
    /// Operating system and architecture.
    pub platform: String,
    /// Processor.
    pub processor: Option<String>,
    /// Memory of the machine in MiB.
    pub memory: Option<u64>,
    /// Threads used.
    pub threads: usize,
    /// Largest resident memory in MiB.
    pub peak_memory: Option<u64>,
    /// What only the run knows.
    #[serde(flatten)]
    pub known: Known,
}

/// What a manifest is told.
#[derive(Debug, Serialize)]
pub struct Known {
    /// Device that computed.
    pub device: String,
    /// Seed.
    pub seed: u64,
    /// Content hash of the synthetic benchmark, where that is what was used.
    pub benchmark: Option<String>,
    /// Fingerprint of every data set that was read ([`aio_data::Dataset::fingerprint`]).
    pub data: BTreeMap<String, String>,
    /// SHA-256 of the pre-trained weights.
    pub weights: String,
    /// What the peak memory was predicted to be before training, in MiB; 0 if nothing was left to train.
    pub predicted_memory: usize,
    /// Seconds of this call.
    pub seconds: f64,
}

/// What `git` says, where the program runs inside a repository.
fn git(arguments: &[&str]) -> Option<Vec<u8>> {
    std::process::Command::new("git")
        .args(arguments)
        .output()
        .ok()
        .filter(|o| o.status.success())
        .map(|o| o.stdout)
}

impl Manifest {
    /// Collects what the machine tells.
    #[must_use]
    pub fn collect(known: Known) -> Self {
        let line = |path: &str, key: &str| {
            let text = std::fs::read_to_string(path).ok()?;
            text.lines()
                .find(|l| l.starts_with(key))
                .and_then(|l| l.split_once(':'))
                .map(|(_, v)| v.trim().to_owned())
        };
        let mebibytes = |path: &str, key: &str| {
            line(path, key)
                .and_then(|v| v.split_whitespace().next()?.parse::<u64>().ok())
                .map(|kib| kib / 1024)
        };
        let hash = |bytes: &[u8]| blake3::hash(bytes).to_hex()[..16].to_owned();
        let features = [("wgpu", cfg!(feature = "wgpu")), ("cuda", cfg!(feature = "cuda"))];
        Self {
            version: env!("CARGO_PKG_VERSION"),
            commit: git(&["rev-parse", "HEAD"])
                .map(|o| String::from_utf8_lossy(&o).trim().to_owned()),
            changes: git(&["diff", "HEAD"]).filter(|o| !o.is_empty()).map(|o| hash(&o)),
            lock: hash(include_bytes!("../../../Cargo.lock")),
            features: features.into_iter().filter_map(|(name, on)| on.then_some(name)).collect(),
            command: command(),
            platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            processor: line("/proc/cpuinfo", "model name"),
            memory: mebibytes("/proc/meminfo", "MemTotal"),
            threads: rayon::current_num_threads(),
            peak_memory: mebibytes("/proc/self/status", "VmHWM"),
            known,
        }
    }
}

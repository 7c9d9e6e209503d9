//! Sweeps: many configurations of one experiment, from a TOML file to a table.
//!
//! A sweep file (`file.rs`) names a base experiment and what is varied. `expansion.rs` makes the cells of the grid from
//! it; every cell runs with every seed. The configuration id of a cell is the content hash of its resolved experiment
//! (`identity.rs`), so that a cell which two sweeps share runs once.
//!
//! `state.rs` finds the state of a run, `cost.rs` its time and memory, `plan.rs` prints both, `runner.rs` runs what is
//! not done, `slurm/` submits it as a job array, and `finished.rs` collects the results for tables.

mod cost;
mod expansion;
mod file;
mod finished;
mod identity;
mod plan;
mod runner;
mod slurm;
mod state;

pub use cost::{CheckedCell, Cost, CostCheck};
pub use file::ReportSection;
pub use finished::{FinishedCell, FinishedSweep};
pub use plan::{Plan, PlannedRun, RunEntry, RunStatus, Status};
pub use runner::{RunOptions, Shard};
pub use slurm::{ArrayElement, Submission};
pub use state::RunState;

use crate::config::{Experiment, ExperimentFile};
use crate::error::{Error, Result};
use crate::run::{Run, RunIdentity};
use expansion::Point;
use file::SweepFile;
use identity::ConfigIds;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A sweep with its cells.
#[derive(Debug, Clone)]
pub struct Sweep {
    file: PathBuf,
    base: PathBuf,
    /// Name of the base experiment, below which the runs lie.
    experiment: String,
    seeds: Vec<u64>,
    cells: Vec<Cell>,
    slurm: slurm::Settings,
}

/// A point of the grid: the base experiment with one value of everything that is varied.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cell {
    /// Content hash of the resolved experiment without its seed.
    config_id: String,
    /// What is varied, in the form of `--set`.
    settings: Vec<String>,
    /// Name in tables: the labels of the file, or else what is varied.
    label: String,
}

impl Cell {
    /// What is varied and the seed, in the form of `--set`.
    fn settings_with(&self, seed: u64) -> Vec<String> {
        let mut settings = self.settings.clone();
        settings.push(format!("seed={seed}"));
        settings
    }
}

/// A cell with a seed: what one process runs.
#[derive(Debug, Clone, Copy)]
struct Job<'a> {
    /// Position in the order in which a sweep runs, from 0 on.
    number: usize,
    cell: &'a Cell,
    seed: u64,
}

/// Name of a sweep in the queue and of its files: that of its file.
#[must_use]
pub fn name(file: &Path) -> String {
    file.file_stem().map_or_else(|| "sweep".into(), |stem| stem.to_string_lossy().into_owned())
}

/// The file of a sweep that is called by its name, in the folder of this repository's sweeps.
#[must_use]
pub fn usual_path(name: &str) -> PathBuf {
    Path::new("experiments/sweeps").join(format!("{name}.toml"))
}

/// The file that a path stands for: itself, or that of the sweep of this name.
fn resolved(path: &Path) -> PathBuf {
    let of_name = path.to_str().filter(|_| !path.exists()).map(usual_path);
    of_name.filter(|file| file.is_file()).unwrap_or_else(|| path.to_path_buf())
}

/// The experiment of a point of the grid of a sweep file.
///
/// # Errors
/// [`Error::User`] naming the file and the cell: the layers of the experiment alone do not say which file is wrong.
fn experiment_of(file: &Path, base: &Path, point: &Point) -> Result<Experiment> {
    Experiment::load(base, &point.settings).map_err(|error| match error {
        Error::User { message, hint } => {
            let message = format!("{}, cell `{}`: {message}", file.display(), point.label);
            Error::User { message, hint }
        }
        other => other,
    })
}

impl Sweep {
    /// Reads a sweep file, or that of a name in `experiments/sweeps`, and resolves every cell.
    ///
    /// # Errors
    /// [`Error::User`] naming the file and the key or cell that is wrong.
    pub fn load(path: &Path) -> Result<Self> {
        let path = &*resolved(path);
        let file = SweepFile::read(path)?;
        let base = file.base(path)?;
        let mut ids = ConfigIds::default();
        let mut cells: Vec<Cell> = Vec::new();
        let mut tasks = BTreeSet::new();
        for point in expansion::points(path, &file)? {
            let experiment = experiment_of(path, &base, &point)?;
            tasks.extend(experiment.tasks()?.iter().map(|task| task.id().clone()));
            let config_id = ids.of(&experiment)?;
            let known = cells.iter().map(|cell| (cell.config_id.as_str(), cell.label.as_str()));
            identity::refuse_twin(path, &config_id, &point.label, known)?;
            cells.push(Cell { config_id, settings: point.settings, label: point.label });
        }
        file.report.check(path, &tasks)?;
        Ok(Self {
            file: path.to_path_buf(),
            experiment: ExperimentFile::at(&base).name().to_owned(),
            base,
            seeds: file.seeds,
            cells,
            slurm: file.slurm,
        })
    }

    /// Every cell with every seed, in the order in which they run.
    fn jobs(&self) -> impl Iterator<Item = Job<'_>> {
        let pairs = self.seeds.iter().flat_map(|seed| self.cells.iter().map(|cell| (cell, *seed)));
        pairs.enumerate().map(|(number, (cell, seed))| Job { number, cell, seed })
    }

    /// Number of runs.
    fn total(&self) -> usize {
        self.cells.len() * self.seeds.len()
    }

    fn run_of(&self, runs: &Path, cell: &Cell, seed: u64) -> Run {
        let (experiment, config_id) = (self.experiment.clone(), cell.config_id.clone());
        Run::of(runs, RunIdentity { experiment, config_id, seed })
    }
}

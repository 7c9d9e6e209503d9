//! The results of a sweep, for tables.

use super::file::{ReportSection, SweepFile};
use super::identity::{self, ConfigIds};
use super::{expansion, experiment_of};
use crate::config::ExperimentFile;
use crate::error::Result;
use crate::experiment;
use crate::run::{Run, RunIdentity, RunResult};
use std::collections::BTreeSet;
use std::path::Path;

/// A sweep as a table shows it.
#[derive(Debug, Clone)]
pub struct FinishedSweep {
    /// What the table shows.
    pub report: ReportSection,
    /// Cells in the order of the file.
    pub cells: Vec<FinishedCell>,
}

/// The results of a cell.
#[derive(Debug, Clone)]
pub struct FinishedCell {
    /// Name in tables.
    pub label: String,
    /// Results of the seeds that are done.
    pub results: Vec<RunResult>,
    /// The runs of these results.
    pub runs: Vec<Run>,
}

impl FinishedSweep {
    /// Reads a sweep file and the results of its cells below `runs`.
    ///
    /// No weights are necessary: where they are missing, cells are recognised by the configurations that their runs
    /// have written.
    ///
    /// # Errors
    /// As [`Sweep::load`](super::Sweep::load); [`Error::User`](crate::error::Error::User) if a cell was run with
    /// several files of one name; an error naming a result that is damaged.
    pub fn load(path: &Path, runs: &Path) -> Result<Self> {
        let file = SweepFile::read(path)?;
        let base = file.base(path)?;
        let name = ExperimentFile::at(&base).name().to_owned();
        let mut ids = ConfigIds::default();
        let mut known: Vec<(String, String)> = Vec::new();
        let mut tasks = BTreeSet::new();
        let mut cells = Vec::new();
        for point in expansion::points(path, &file)? {
            let experiment = experiment_of(path, &base, &point)?;
            tasks.extend(experiment.tasks()?.iter().map(|task| task.id().clone()));
            let config_id = if experiment::missing_weights(&experiment).is_empty() {
                Some(ids.of(&experiment)?)
            } else {
                identity::recognise(&runs.join(&name), &experiment)?
            };
            let (mut results, mut finished) = (Vec::new(), Vec::new());
            if let Some(config_id) = config_id {
                let before = known.iter().map(|(id, label)| (id.as_str(), label.as_str()));
                identity::refuse_twin(path, &config_id, &point.label, before)?;
                for seed in &file.seeds {
                    let (experiment, config_id) = (name.clone(), config_id.clone());
                    let run = Run::of(runs, RunIdentity { experiment, config_id, seed: *seed });
                    if let Some(result) = run.result()? {
                        results.push(result);
                        finished.push(run);
                    }
                }
                known.push((config_id, point.label.clone()));
            }
            cells.push(FinishedCell { label: point.label, results, runs: finished });
        }
        file.report.check(path, &tasks)?;
        Ok(Self { report: file.report, cells })
    }
}

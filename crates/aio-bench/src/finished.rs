//! The finished runs that tables are made of: those of an experiment by configuration, or those of a sweep.

use crate::error::{Error, Result};
use crate::report::{self, Format, SweepResults, SweepRow};
use crate::run::RunResult;
use crate::sweep::{self, FinishedSweep};
use aio_data::fs;
use aio_types::Measure;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Finished runs that share a table.
#[derive(Debug, Clone, Serialize)]
pub struct Finished {
    #[serde(flatten)]
    results: Results,
    /// Directories of the runs.
    runs: Vec<PathBuf>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Results {
    /// Runs of one configuration of an experiment, one per seed.
    Cell { experiment: String, config_id: String, results: Vec<RunResult> },
    /// Runs of a sweep.
    Sweep {
        file: PathBuf,
        #[serde(flatten)]
        results: SweepResults,
    },
}

/// The finished runs of experiments and sweep files (`.toml`) below `runs`.
///
/// # Errors
/// [`Error::User`] naming the experiment without a finished run, or the result or sweep file that is wrong.
pub fn collect(names: &[String], runs: &Path) -> Result<Vec<Finished>> {
    let mut found = Vec::new();
    for name in names {
        if name.ends_with(".toml") {
            found.push(of_sweep(Path::new(name), runs)?);
        } else {
            found.extend(of_experiment(name, runs)?);
        }
    }
    Ok(found)
}

fn of_experiment(name: &str, runs: &Path) -> Result<Vec<Finished>> {
    let cells = fs::sorted_entries(&runs.join(name)).map_err(|_| {
        Error::user(
            format!("no runs of `{name}` below {}", runs.display()),
            "run the experiment first: just experiment NAME",
        )
    })?;
    let mut found = Vec::new();
    for cell in cells {
        let (mut results, mut finished): (Vec<RunResult>, Vec<PathBuf>) = Default::default();
        for run in fs::sorted_entries(&cell).unwrap_or_default() {
            let path = run.join("result.json");
            if path.is_file() {
                results.push(read_result(&path)?);
                finished.push(run);
            }
        }
        if let Some(first) = results.first() {
            let (experiment, config_id) = (first.experiment.clone(), first.config_id.clone());
            let results = Results::Cell { experiment, config_id, results };
            found.push(Finished { results, runs: finished });
        }
    }
    if found.is_empty() {
        return Err(Error::user(
            format!("no finished run of `{name}` below {}", runs.display()),
            "a run is finished when its result.json is there",
        ));
    }
    Ok(found)
}

fn read_result(path: &Path) -> Result<RunResult> {
    serde_json::from_str(&fs::read_to_string(path)?).map_err(|e| {
        Error::user(
            format!("{}: {e}", path.display()),
            "the file is damaged; remove it and run again",
        )
    })
}

fn of_sweep(file: &Path, runs: &Path) -> Result<Finished> {
    let FinishedSweep { report: section, cells } = FinishedSweep::load(file, runs)?;
    let (mut rows, mut finished) = (Vec::new(), Vec::new());
    for cell in cells {
        rows.push(SweepRow { label: cell.label, results: cell.results });
        finished.extend(cell.runs.iter().map(|run| run.directory().to_path_buf()));
    }
    let mut tasks = section.tasks;
    if tasks.is_empty() {
        let first = rows.iter().flat_map(|row| &row.results).next();
        tasks = first.map(|result| result.order.clone()).unwrap_or_default();
    }
    let results = SweepResults {
        title: file.display().to_string(),
        rows,
        quoted: section.quoted,
        tasks,
        measure: section.metric.unwrap_or(Measure::Map),
    };
    Ok(Finished { results: Results::Sweep { file: file.to_path_buf(), results }, runs: finished })
}

impl Finished {
    /// The table, in percent.
    ///
    /// # Errors
    /// [`Error::User`] if the runs cannot share a table.
    pub fn table(&self, format: Format) -> Result<String> {
        match &self.results {
            Results::Cell { results, .. } => Ok(report::results(results, format)? + "\n"),
            Results::Sweep { results, .. } => report::sweep_table(results, format),
        }
    }

    /// Draws a sweep as bars with error bars into a directory, as SVG and PNG. An experiment has its own figures.
    ///
    /// # Errors
    /// [`Error`] naming the file that cannot be written.
    pub fn draw(&self, directory: &Path) -> Result<()> {
        match &self.results {
            Results::Cell { .. } => Ok(()),
            Results::Sweep { file, results } => {
                report::sweep_bars(directory, &sweep::name(file), results)
            }
        }
    }

    /// Draws the report directory of every run again.
    ///
    /// # Errors
    /// [`Error`] naming the file that cannot be read or written.
    pub fn redraw(&self) -> Result<()> {
        self.runs.iter().try_for_each(|run| report::redraw(run))
    }
}

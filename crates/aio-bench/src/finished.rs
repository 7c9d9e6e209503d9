//! The finished runs that tables are made of: those of an experiment by cell, or those of a sweep.

use crate::error::{Error, Result};
use crate::report::{self, Format, Quoted};
use crate::run::RunResult;
use crate::sweep::{self, FinishedSweep};
use aio_data::fs;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Finished runs that share a table.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Finished {
    /// Runs of one configuration of an experiment.
    Cell(CellReport),
    /// Runs of a sweep.
    Sweep(SweepReport),
}

/// Runs of one configuration of an experiment, one per seed.
#[derive(Debug, Clone, Serialize)]
pub struct CellReport {
    experiment: String,
    config_id: String,
    runs: Vec<RunResult>,
}

/// Runs of a sweep.
#[derive(Debug, Clone, Serialize)]
pub struct SweepReport {
    /// The sweep file.
    file: PathBuf,
    /// What the table shows.
    metric: String,
    tasks: Vec<String>,
    rows: Vec<SweepRow>,
    /// Numbers that others published.
    quoted: Vec<Quoted>,
}

/// A cell of a sweep with its finished runs.
#[derive(Debug, Clone, Serialize)]
pub struct SweepRow {
    label: String,
    runs: Vec<RunResult>,
}

/// The finished runs of experiments and sweep files (`.toml`) below `runs`.
///
/// # Errors
/// [`Error::User`] naming the experiment without a finished run, or the result or sweep file that is wrong.
pub fn collect(names: &[String], runs: &Path) -> Result<Vec<Finished>> {
    let mut found = Vec::new();
    for name in names {
        if name.ends_with(".toml") {
            found.push(Finished::Sweep(of_sweep(Path::new(name), runs)?));
        } else {
            found.extend(of_experiment(name, runs)?.into_iter().map(Finished::Cell));
        }
    }
    Ok(found)
}

fn of_experiment(name: &str, runs: &Path) -> Result<Vec<CellReport>> {
    let cells = fs::sorted_entries(&runs.join(name)).map_err(|_| {
        Error::user(
            format!("no runs of `{name}` below {}", runs.display()),
            "run the experiment first: just experiment NAME",
        )
    })?;
    let mut found = Vec::new();
    for cell in cells {
        let mut finished = Vec::new();
        for seed in fs::sorted_entries(&cell).unwrap_or_default() {
            let path = seed.join("result.json");
            if path.is_file() {
                finished.push(read_result(&path)?);
            }
        }
        if let Some(first) = finished.first() {
            let (experiment, config_id) = (first.experiment.clone(), first.config_id.clone());
            found.push(CellReport { experiment, config_id, runs: finished });
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

fn of_sweep(file: &Path, runs: &Path) -> Result<SweepReport> {
    let FinishedSweep { report: section, cells } = FinishedSweep::load(file, runs)?;
    let mut rows = Vec::new();
    for cell in cells {
        rows.push(SweepRow { label: cell.label, runs: cell.results });
    }
    let mut tasks = section.tasks;
    if tasks.is_empty() {
        let first = rows.iter().flat_map(|row| &row.runs).next();
        tasks = first.map(|result| result.order.clone()).unwrap_or_default();
    }
    Ok(SweepReport {
        file: file.to_path_buf(),
        metric: section.metric.unwrap_or_else(|| "map".to_owned()),
        tasks,
        rows,
        quoted: section.quoted,
    })
}

impl Finished {
    /// The table, in percent.
    ///
    /// # Errors
    /// [`Error::User`] if the runs cannot share a table.
    pub fn table(&self, format: Format) -> Result<String> {
        match self {
            Self::Cell(cell) => Ok(report::results(&cell.runs, format)? + "\n"),
            Self::Sweep(report) => report::sweep(
                &report.file.display().to_string(),
                &report.labelled(),
                &report.quoted,
                &report.tasks,
                &report.metric,
                format,
            ),
        }
    }

    /// Draws a sweep as bars with error bars into a directory, as SVG and PNG. An experiment has its own figures.
    ///
    /// # Errors
    /// [`Error`] naming the file that cannot be written.
    pub fn draw(&self, directory: &Path) -> Result<()> {
        match self {
            Self::Cell(_) => Ok(()),
            Self::Sweep(report) => report::bars(
                directory,
                &sweep::name(&report.file),
                &report.labelled(),
                &report.tasks,
                &report.metric,
            ),
        }
    }
}

impl SweepReport {
    /// The runs by label of their cell.
    fn labelled(&self) -> Vec<(String, Vec<RunResult>)> {
        self.rows.iter().map(|row| (row.label.clone(), row.runs.clone())).collect()
    }
}

//! The finished runs that tables are made of: those of an experiment by configuration, or those of a sweep.

mod unknown;

use crate::config::{Experiment, ExperimentFile, plain};
use crate::error::{Error, Result};
use crate::report::{
    self, CellQueries, ChosenTasks, ComparedCell, Format, PairedDifferences, SweepResults, SweepRow,
};
use crate::run::{self, Run, RunIdentity, RunResult, seed_of};
use crate::sweep::{self, FinishedSweep};
use aio_data::fs;
use aio_types::{Measure, TaskId};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Finished runs that share a table.
#[derive(Debug, Clone)]
pub struct Finished {
    /// What the table shows.
    pub table: Table,
    /// The runs of every row.
    runs: Vec<Vec<Run>>,
}

/// The results that a table shows.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Table {
    /// Runs of one configuration of an experiment.
    Cell(CellResults),
    /// Runs of a sweep.
    Sweep(SweepResults),
}

/// Results of one configuration of an experiment, one per seed.
#[derive(Debug, Clone, Serialize)]
pub struct CellResults {
    experiment: String,
    config_id: String,
    results: Vec<RunResult>,
}

/// The finished runs of experiments, by name or file, and of sweep files below `runs`.
///
/// # Errors
/// [`Error::User`] naming the experiment without a finished run, the result or sweep file that is wrong, or two runs that were measured on different
/// data.
pub fn collect(names: &[String], runs: &Path) -> Result<Vec<Finished>> {
    let mut found = Vec::new();
    for name in names {
        let file = Path::new(name);
        if !name.ends_with(".toml") {
            let typed = plain(file);
            let name = match unknown::experiment_at(&typed, runs) {
                Some((experiment, inner)) if inner.as_os_str().is_empty() => experiment,
                Some(_) => return Err(unknown::without_runs(name, runs)),
                None => typed.display().to_string(),
            };
            found.extend(of_experiment(&name, runs)?);
        } else if Experiment::read(file).is_ok() {
            found.extend(of_experiment(ExperimentFile::at(file).name(), runs)?);
        } else {
            found.push(of_sweep(file, runs)?);
        }
    }
    Ok(found)
}

fn of_experiment(name: &str, runs: &Path) -> Result<Vec<Finished>> {
    // The end of an absolute path may be the name of an experiment; the whole of it is none.
    if Path::new(name).is_absolute() {
        return Err(unknown::without_runs(name, runs));
    }
    let configurations = fs::sorted_entries(&runs.join(name));
    let configurations = configurations.map_err(|_| unknown::without_runs(name, runs))?;
    let mut found = Vec::new();
    for directory in configurations {
        let config_id = directory.file_name().unwrap_or_default().to_string_lossy();
        let (mut finished, mut results) = (Vec::new(), Vec::new());
        for run in seeds(runs, name, &config_id) {
            if let Some(result) = run.result()? {
                results.push(result);
                finished.push(run);
            }
        }
        report::check_data([results.as_slice()])?;
        if let Some(first) = results.first() {
            let (experiment, config_id) = (first.experiment.clone(), first.config_id.clone());
            let table = Table::Cell(CellResults { experiment, config_id, results });
            found.push(Finished { table, runs: vec![finished] });
        }
    }
    if found.is_empty() {
        return Err(Error::user(
            format!("no finished run of `{name}` below {}", runs.display()),
            format!(
                "run the experiment first: aio experiment {name}; a run is finished when its result.json exists"
            ),
        ));
    }
    Ok(found)
}

/// The runs of a configuration, in the order of the names of their directories. Other directories with a result are named and passed over: nobody
/// knows of which seed a copy is.
fn seeds(runs: &Path, experiment: &str, config_id: &str) -> Vec<Run> {
    let mut found = Vec::new();
    let directory = Run::seeds(runs, experiment, config_id);
    for entry in fs::sorted_entries(&directory).unwrap_or_default() {
        match seed_of(&entry.file_name().unwrap_or_default().to_string_lossy()) {
            Some(seed) => {
                let (experiment, config_id) = (experiment.to_owned(), config_id.to_owned());
                found.push(Run::of(runs, RunIdentity { experiment, config_id, seed }));
            }
            None if Run::at(entry.clone()).is_done() => {
                let entry = entry.display();
                log::warn!("{entry} is passed over: runs lie in directories called seed-<number>");
            }
            None => {}
        }
    }
    found
}

fn of_sweep(file: &Path, runs: &Path) -> Result<Finished> {
    let FinishedSweep { report: section, cells } = FinishedSweep::load(file, runs)?;
    if cells.iter().all(|cell| cell.results.is_empty()) {
        return Err(Error::user(
            format!("no finished runs of {} below {}", file.display(), runs.display()),
            format!(
                "run the sweep first: aio sweep run {}; committed runs: --runs results",
                file.display()
            ),
        ));
    }
    let (mut rows, mut finished) = (Vec::new(), Vec::new());
    for cell in cells {
        rows.push(SweepRow { label: cell.label, results: cell.results });
        finished.push(cell.runs);
    }
    report::check_data(rows.iter().map(|row| row.results.as_slice()))?;
    let tasks = if section.tasks.is_empty() { tasks_of(&rows) } else { section.tasks };
    let results = SweepResults {
        title: file.display().to_string(),
        rows,
        quoted: section.quoted,
        tasks,
        measure: section.metric.unwrap_or(Measure::Map),
    };
    Ok(Finished { table: Table::Sweep(results), runs: finished })
}

/// The tasks of all results, each where it comes first.
fn tasks_of(rows: &[SweepRow]) -> Vec<TaskId> {
    let mut tasks = Vec::new();
    for task in rows.iter().flat_map(|row| &row.results).flat_map(|result| &result.order) {
        if !tasks.contains(task) {
            tasks.push(task.clone());
        }
    }
    tasks
}

impl Finished {
    /// The cells of a sweep, or the configuration of an experiment.
    #[must_use]
    pub fn methods(&self) -> Vec<SweepRow> {
        match &self.table {
            Table::Cell(CellResults { experiment, config_id, results }) => {
                let label = format!("{experiment} {config_id}");
                vec![SweepRow { label, results: results.clone() }]
            }
            Table::Sweep(results) => results.rows.clone(),
        }
    }

    /// The same runs with these tasks alone, also those that the file of a sweep does not name; nothing if no run has one of them.
    #[must_use]
    pub fn with_tasks(mut self, tasks: &ChosenTasks) -> Option<Self> {
        let mut rows = tasks.of(&self.methods())?;
        match &mut self.table {
            Table::Cell(cell) => cell.results = rows.swap_remove(0).results,
            Table::Sweep(sweep) => {
                sweep.tasks = tasks_of(&rows);
                sweep.rows = rows;
            }
        }
        Some(self)
    }

    /// The same sweep with another score of every task.
    ///
    /// # Errors
    /// [`Error::User`] for an experiment, whose table shows several.
    pub fn with_metric(mut self, metric: Measure) -> Result<Self> {
        match &mut self.table {
            Table::Sweep(sweep) => {
                if metric != sweep.measure && !sweep.quoted.is_empty() {
                    let (title, measure) = (&sweep.title, sweep.measure.title());
                    log::warn!("{title}: quoted numbers are {measure}, and are left out");
                    sweep.quoted.clear();
                }
                sweep.measure = metric;
            }
            Table::Cell(cell) => {
                let name = &cell.experiment;
                return Err(Error::user(
                    format!("`{name}` is an experiment, whose table shows several scores"),
                    format!("choose columns: --columns {metric}; --metric is for sweeps"),
                ));
            }
        }
        Ok(self)
    }

    /// The table, in percent; `columns` are the keys of an experiment's columns, separated by commas.
    ///
    /// # Errors
    /// [`Error::User`] if the runs cannot share a table, a column is not known, or columns are chosen for a sweep, which has one per task.
    pub fn table(&self, format: Format, columns: Option<&str>) -> Result<String> {
        let between = if format == Format::Csv { "" } else { "\n" };
        let mut table = match (&self.table, columns) {
            (Table::Cell(cell), _) => report::results(&cell.results, columns, format)? + between,
            (Table::Sweep(results), None) => report::sweep_table(results, format)?,
            (Table::Sweep(results), Some(_)) => {
                return Err(Error::user(
                    format!("{} is a sweep, whose table has one column per task", results.title),
                    "choose tasks and a score: --tasks market1501,orbench.text --metric rank1; --columns is for experiments",
                ));
            }
        };
        if let Some(note) = self.note_of_versions() {
            match format {
                Format::Markdown => table += &format!("\n{note}\n"),
                Format::Csv | Format::Html | Format::Latex => log::warn!("{note}"),
            }
        }
        Ok(table)
    }

    /// What every modality adds to queries of several, in percent; nothing if no run says it.
    ///
    /// # Errors
    /// [`Error::User`] if the runs cannot share a table.
    pub fn additions(&self, format: Format) -> Result<Option<String>> {
        let title = match &self.table {
            Table::Cell(cell) => &cell.experiment,
            Table::Sweep(results) => &results.title,
        };
        report::additions(title, &self.methods(), format)
    }

    /// Says which versions of the program computed the runs, if there are several.
    fn note_of_versions(&self) -> Option<String> {
        let mut versions = BTreeMap::<String, usize>::new();
        for run in self.runs.iter().flatten() {
            let version = run::version(run).unwrap_or_else(|| "unknown".to_owned());
            *versions.entry(version).or_default() += 1;
        }
        let counts = versions.iter().map(|(version, runs)| format!("{version} ({runs})"));
        let counts = counts.collect::<Vec<_>>().join(", ");
        (versions.len() > 1).then(|| format!("Versions of the program, with their runs: {counts}."))
    }

    /// How the cells of a sweep differ from the one with a label, with intervals over people.
    ///
    /// # Errors
    /// As [`report::paired_differences`]; [`Error::User`] for an experiment, which has one cell; [`Error::Data`] naming a file of queries that is
    /// damaged.
    pub fn against(&self, label: &str) -> Result<PairedDifferences> {
        let Table::Sweep(results) = &self.table else {
            return Err(Error::user(
                "--against compares the cells of a sweep, and an experiment has no cells",
                "name a sweep file: aio report experiments/sweeps/heads.toml --against LABEL",
            ));
        };
        let mut cells = Vec::new();
        for (row, runs) in results.rows.iter().zip(&self.runs) {
            let mut queries = CellQueries::new();
            for (result, run) in row.results.iter().zip(runs) {
                if let Some(of_run) = run.queries()? {
                    queries.insert(result.seed, of_run);
                }
            }
            cells.push(ComparedCell { label: row.label.clone(), queries });
        }
        let SweepResults { title, tasks, measure, .. } = results;
        report::paired_differences(title, &cells, label, tasks, *measure)
    }

    /// Draws a sweep as bars with error bars into a directory, as SVG and PNG. The report of a run has its own figures.
    ///
    /// # Errors
    /// [`Error`] naming the file that cannot be written.
    pub fn draw(&self, directory: &Path) -> Result<()> {
        match &self.table {
            Table::Cell(of_cell) => {
                log::warn!(
                    "{}: only sweeps are drawn; the figures of a run are in its directory `report`",
                    of_cell.experiment
                );
                Ok(())
            }
            Table::Sweep(results) => {
                let name = sweep::name(Path::new(&results.title));
                report::sweep_bars(directory, &name, results)
            }
        }
    }

    /// Draws the report of every run again.
    ///
    /// # Errors
    /// [`Error`] naming the file that cannot be read or written.
    pub fn redraw(&self) -> Result<()> {
        for run in self.runs.iter().flatten() {
            report::redraw(run)?;
        }
        Ok(())
    }
}

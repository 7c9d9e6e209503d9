//! Sweeps: many cells of one experiment, from a TOML file to a table.
//!
//! A sweep file names a `base` experiment and what is varied: `[axes]` are multiplied out, the lists of a `[[zip]]` go in step, `[[exclude]]` drops
//! cells, and every cell runs with every seed. A cell's id is the content hash of its resolved experiment, so that cells which several sweeps share
//! run once. Lock files with a heartbeat let several terminals and hosts work on one sweep.

use crate::checkpoint::Checkpoints;
use crate::config::{Checksums, Experiment, ExperimentFile};
use crate::error::{Error, Result};
use crate::experiment::{self, Request};
use crate::report::Quoted;
use crate::run::{Run, RunResult};
use crate::slurm;
use crate::train;
use aio_data::{DataError, fs};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use toml::Value;

/// A sweep file as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The experiment that is varied, relative to the sweep file.
    base: PathBuf,
    #[serde(default = "one_seed")]
    seeds: Vec<u64>,
    #[serde(default)]
    axes: toml::Table,
    #[serde(default)]
    zip: Vec<toml::Table>,
    #[serde(default)]
    exclude: Vec<toml::Table>,
    #[serde(default)]
    report: Report,
    #[serde(default)]
    slurm: slurm::Settings,
}

fn one_seed() -> Vec<u64> {
    vec![0]
}

/// What the table of a sweep shows.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Tasks, one column each; all of the base experiment's if empty.
    #[serde(default)]
    pub tasks: Vec<String>,
    /// `map`, `minp`, `rank1`, `rank5` or `rank10`; `map` if absent.
    pub metric: Option<String>,
    /// Rows of numbers that others published.
    #[serde(default)]
    pub quoted: Vec<Quoted>,
}

/// A sweep with its cells.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// The base experiment's file.
    pub base: PathBuf,
    /// Seeds of every cell.
    pub seeds: Vec<u64>,
    /// Cells in the order of the file.
    pub cells: Vec<Cell>,
    /// What the table shows.
    pub report: Report,
    /// How Slurm runs it.
    pub slurm: slurm::Settings,
    file: PathBuf,
}

/// One setting of everything that is varied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// Content hash of the resolved experiment; empty where a report cannot know it ([`Sweep::finished`]).
    pub id: String,
    /// What is varied, as `--set` takes it.
    pub settings: Vec<String>,
    /// What it is called in tables: the labels of the file, or else what is varied.
    pub label: String,
}

/// What a run of a cell takes.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Cost {
    /// Seconds of training.
    seconds: f64,
    /// Memory in MiB.
    memory: u64,
    /// Whether nobody has seen it yet.
    predicted: bool,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = if self.predicted { "~" } else { "" };
        write!(f, "{about}{:.1} | {about}{}", self.seconds / 60.0, self.memory)
    }
}

/// How far a cell has come with a seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Its result is there.
    Done,
    /// A process works on it.
    Running {
        /// Where.
        host: String,
        /// Seconds since its last sign of life.
        age: u64,
    },
    /// It failed; the message says why.
    Failed(String),
    /// It was stopped and has a checkpoint.
    Resumable {
        /// Optimiser steps done.
        step: usize,
    },
    /// It was stopped, and its configuration has changed since: key, what it was, what it is.
    Incompatible(String),
    /// Nothing is there yet.
    Fresh,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Running { host, age } => write!(f, "running ({host}, {age} s ago)"),
            Self::Failed(message) => write!(f, "failed ({message})"),
            Self::Resumable { step } => write!(f, "resumable (step {step})"),
            Self::Incompatible(what) => write!(f, "incompatible ({what})"),
            Self::Fresh => f.write_str("fresh"),
        }
    }
}

/// The list of a `[[zip]]` that names its cells and sets nothing.
const LABEL: &str = "label";

/// `key=value` pairs of one choice.
type Choice = Vec<(String, Value)>;

fn list<'a>(path: &Path, key: &str, value: &'a Value) -> Result<&'a [Value]> {
    let values = value.as_array().filter(|values| !values.is_empty()).map(Vec::as_slice);
    values.ok_or_else(|| {
        Error::user(
            format!("{}: `{key}` is not a list of values", path.display()),
            "write \"losses.binding\" = [1.0, 0.0]",
        )
    })
}

/// Multiplies axes and zipped lists out, in the order of the file.
fn expand(path: &Path, file: &File) -> Result<Vec<Choice>> {
    let mut dimensions: Vec<Vec<Choice>> = Vec::new();
    for (key, values) in &file.axes {
        dimensions.push(
            list(path, key, values)?.iter().map(|v| vec![(key.clone(), v.clone())]).collect(),
        );
    }
    for zipped in &file.zip {
        let lists = zipped
            .iter()
            .map(|(key, values)| Ok((key, list(path, key, values)?)))
            .collect::<Result<Vec<_>>>()?;
        let length = lists.first().map_or(0, |(_, values)| values.len());
        if let Some((key, values)) = lists.iter().find(|(_, values)| values.len() != length) {
            let problem = format!(
                "{}: `{key}` of a [[zip]] has {} values, the first list has {length}",
                path.display(),
                values.len()
            );
            return Err(Error::user(
                problem,
                "lists of one [[zip]] go in step and are equally long",
            ));
        }
        dimensions.push(
            (0..length)
                .map(|i| {
                    lists.iter().map(|(key, values)| ((*key).clone(), values[i].clone())).collect()
                })
                .collect(),
        );
    }
    let mut cells: Vec<Choice> = vec![Vec::new()];
    for dimension in dimensions {
        cells = cells
            .iter()
            .flat_map(|cell| {
                dimension.iter().map(move |choice| [cell.clone(), choice.clone()].concat())
            })
            .collect();
    }
    let excluded = |cell: &Choice| {
        let matches = |rule: &toml::Table| {
            rule.iter().all(|(key, value)| cell.iter().any(|(k, v)| k == key && v == value))
        };
        file.exclude.iter().any(|rule| !rule.is_empty() && matches(rule))
    };
    for rule in &file.exclude {
        if let Some(key) =
            rule.keys().find(|key| !cells.iter().any(|cell| cell.iter().any(|(k, _)| k == *key)))
        {
            return Err(Error::user(
                format!("{}: `{key}` of an [[exclude]] is not varied", path.display()),
                "name keys of [axes] or [[zip]]",
            ));
        }
    }
    cells.retain(|cell| !excluded(cell));
    Ok(cells)
}

impl Sweep {
    /// Reads a sweep file and resolves every cell.
    ///
    /// # Errors
    /// [`Error::User`] naming the file and the key or cell that is wrong.
    pub fn load(path: &Path) -> Result<Self> {
        Self::resolve(path, None)
    }

    /// The same for a report, which needs no weights: where they are not there, cells are known by the configurations that their runs below `runs`
    /// have written, and those without a run have no id.
    ///
    /// # Errors
    /// As [`Sweep::load`]; [`Error::User`] if a cell was run with several files of one name.
    pub fn finished(path: &Path, runs: &Path) -> Result<Self> {
        Self::resolve(path, Some(runs))
    }

    fn resolve(path: &Path, finished: Option<&Path>) -> Result<Self> {
        let wrong = |problem: String| {
            Error::user(
                format!("{}: {problem}", path.display()),
                "docs/sweeps.md describes sweep files",
            )
        };
        let file: File =
            toml::from_str(&fs::read_to_string(path)?).map_err(|e| wrong(e.to_string()))?;
        if file.seeds.is_empty() {
            return Err(wrong("`seeds` is empty".into()));
        }
        let base = path.parent().unwrap_or(Path::new(".")).join(&file.base);
        let labelled: BTreeSet<&String> = file
            .zip
            .iter()
            .filter(|zip| zip.contains_key(LABEL))
            .flat_map(toml::Table::keys)
            .collect();
        // Cells that name the same files share their checksums: files are large, and cells are many.
        let mut known: BTreeMap<(String, Option<PathBuf>), Checksums> = BTreeMap::new();
        let mut cells: Vec<Cell> = Vec::new();
        for choice in expand(path, &file)? {
            let settings: Vec<String> = choice
                .iter()
                .filter(|(key, _)| key != LABEL)
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            let words = choice.iter().filter_map(|(key, value)| {
                match (key == LABEL, labelled.contains(key)) {
                    (true, _) => {
                        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                    }
                    (false, true) => None,
                    (false, false) => Some(format!("{key}={value}")),
                }
            });
            let label = words.collect::<Vec<_>>().join(" ");
            let label = if label.is_empty() { "base".to_owned() } else { label };
            let experiment = Experiment::load(&base, &settings)?;
            let id = match finished.filter(|_| !experiment::missing_weights(&experiment).is_empty())
            {
                Some(runs) => recognise(&runs.join(ExperimentFile::at(&base).name()), &experiment)?
                    .unwrap_or_default(),
                None => {
                    let files = (
                        experiment.model.weights.clone(),
                        experiment.data.sketch_generator.weights().map(PathBuf::from),
                    );
                    let checksums = match known.entry(files) {
                        Entry::Occupied(found) => found.into_mut(),
                        Entry::Vacant(place) => place.insert(experiment::checksums(&experiment)?),
                    };
                    experiment.config_id(checksums)
                }
            };
            if let Some(twin) = cells.iter().find(|c| c.id == id && !id.is_empty()) {
                return Err(wrong(format!(
                    "the cells `{}` and `{label}` are the same experiment",
                    twin.label
                )));
            }
            cells.push(Cell { id, settings, label });
        }
        if cells.is_empty() {
            return Err(wrong("no cell is left".into()));
        }
        Ok(Self {
            base,
            seeds: file.seeds,
            cells,
            report: file.report,
            slurm: file.slurm,
            file: path.to_path_buf(),
        })
    }

    /// Every cell with every seed, in the order in which they run.
    fn jobs(&self) -> impl Iterator<Item = (&Cell, u64)> {
        self.seeds.iter().flat_map(|seed| self.cells.iter().map(|cell| (cell, *seed)))
    }

    fn directory(&self, runs: &Path, cell: &Cell, seed: u64) -> PathBuf {
        Run::path(runs, ExperimentFile::at(&self.base).name(), &cell.id, seed)
    }

    /// How far a cell has come.
    #[must_use]
    pub fn state(&self, runs: &Path, cell: &Cell, seed: u64) -> State {
        let directory = self.directory(runs, cell, seed);
        if directory.join("result.json").is_file() {
            return State::Done;
        }
        if let Some(lock) = Lock::read(&directory).filter(Lock::is_alive) {
            return State::Running { age: lock.age(), host: lock.host };
        }
        if let Ok(message) = fs::read_to_string(&directory.join(FAILED)) {
            return State::Failed(message.lines().next().unwrap_or_default().to_owned());
        }
        match Checkpoints::new(directory.join("checkpoint"), 1).steps().last() {
            Some(step) => match self.changed(&directory.join("config.toml"), cell) {
                Some(what) => State::Incompatible(what),
                None => State::Resumable { step: *step },
            },
            None => State::Fresh,
        }
    }

    /// The first key whose value in a run's configuration is not the cell's, with both values.
    fn changed(&self, written: &Path, cell: &Cell) -> Option<String> {
        let (was, is) = (Experiment::read(written), Experiment::load(&self.base, &cell.settings));
        match (was, is) {
            (Ok(was), Ok(is)) => was.difference(&is),
            (Err(error), _) => Some(error.to_string()),
            // What is wrong with the cell itself is said when it is run.
            (_, Err(_)) => None,
        }
    }

    /// What a run of each cell takes, by id: as its finished runs took it, or else as `check` has predicted it.
    fn costs(&self, runs: &Path) -> BTreeMap<&str, Cost> {
        fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
            serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()
        }
        let of = |cell: &Cell| {
            let directories = self.seeds.iter().map(|seed| self.directory(runs, cell, *seed));
            let finished: Vec<(f64, u64)> = directories
                .filter_map(|run| {
                    let seconds = read::<RunResult>(&run.join("result.json"))?.train_seconds;
                    let manifest =
                        read::<serde_json::Value>(&run.join("manifest.json")).unwrap_or_default();
                    Some((seconds, manifest["peak_memory"].as_u64().unwrap_or_default()))
                })
                .collect();
            if finished.is_empty() {
                return read(&self.prediction(runs, cell));
            }
            let seconds =
                finished.iter().map(|(seconds, _)| seconds).sum::<f64>() / finished.len() as f64;
            Some(Cost {
                seconds,
                memory: finished.iter().map(|(_, memory)| *memory).max().unwrap_or_default(),
                predicted: false,
            })
        };
        self.cells.iter().filter_map(|cell| Some((cell.id.as_str(), of(cell)?))).collect()
    }

    /// Where `check` leaves what it predicts for a cell.
    fn prediction(&self, runs: &Path, cell: &Cell) -> PathBuf {
        runs.join(ExperimentFile::at(&self.base).name()).join(&cell.id).join("prediction.json")
    }

    /// Numbers of the runs that are not done.
    fn open(&self, runs: &Path) -> Vec<usize> {
        self.jobs()
            .enumerate()
            .filter(|(_, (cell, seed))| self.state(runs, cell, *seed) != State::Done)
            .map(|(number, _)| number)
            .collect()
    }

    /// Submits what is not done as a job array, or returns its script.
    ///
    /// # Errors
    /// [`Error`] with what Slurm says.
    pub fn submit(&self, runs: &Path, dry: bool) -> Result<String> {
        let open = self.open(runs);
        if open.is_empty() {
            return Ok("every run is done\n".into());
        }
        let failed = |e: std::io::Error| {
            Error::Failure(format!("cannot find out where this program lies: {e}"))
        };
        let (program, directory) =
            (std::env::current_exe().map_err(failed)?, std::env::current_dir().map_err(failed)?);
        let count = self.cells.len() * self.seeds.len();
        let job = slurm::Job {
            program: &program,
            file: &self.file,
            runs,
            directory: &directory,
            open: &open,
            count,
        };
        let script = slurm::script(&self.slurm, &job);
        if dry {
            return Ok(script);
        }
        let number = slurm::submit(&script, runs, &self.file)?;
        Ok(format!(
            "job array {number}: {} of {count} runs; logs in {}\n",
            open.len(),
            runs.join("slurm").display()
        ))
    }

    /// Cells, ids, states, what Slurm says of them, time and memory of each, and the training time that is left.
    ///
    /// # Errors
    /// [`Error`] naming the note of Slurm's jobs that cannot be read.
    pub fn plan(&self, runs: &Path) -> Result<String> {
        let costs = self.costs(runs);
        let usual = (!costs.is_empty())
            .then(|| costs.values().map(|cost| cost.seconds).sum::<f64>() / costs.len() as f64);
        let in_queue = slurm::states(runs, &self.file)?;
        let column =
            |text: &str| if in_queue.is_empty() { String::new() } else { format!(" {text} |") };
        let mut text = format!(
            "| cell | what is varied | seed | state |{} minutes of training | MiB at the peak |\n|---|---|--:|---|{}--:|--:|\n",
            column("slurm"),
            if in_queue.is_empty() { "" } else { "---|" }
        );
        let mut left = 0.0;
        let mut open = 0;
        for (number, (cell, seed)) in self.jobs().enumerate() {
            let state = self.state(runs, cell, seed);
            let cost = costs.get(cell.id.as_str());
            if state != State::Done {
                open += 1;
                left += cost.map(|cost| cost.seconds).or(usual).unwrap_or(0.0);
            }
            let queued = column(in_queue.get(&number).map_or("", String::as_str));
            let cost = cost.map_or_else(|| "– | –".to_owned(), Cost::to_string);
            text +=
                &format!("| {} | {} | {seed} | {state} |{queued} {cost} |\n", cell.id, cell.label);
        }
        let total = self.cells.len() * self.seeds.len();
        let many = |count: usize, what: &str| {
            format!("{count} {what}{}", if count == 1 { "" } else { "s" })
        };
        text += &format!(
            "\n{}, {}: {} of {total} runs done",
            many(self.cells.len(), "cell"),
            many(self.seeds.len(), "seed"),
            total - open
        );
        match usual {
            None => text += "; `aio sweep check` predicts time and memory",
            Some(_) if open > 0 => {
                text += &format!("; about {:.0} minutes of training left", left / 60.0)
            }
            Some(_) => {}
        }
        let note = if costs.values().any(|cost| cost.predicted) {
            "; ~ is a prediction of `aio sweep check`\n"
        } else {
            "\n"
        };
        Ok(text + note)
    }

    /// Tries every cell: its configuration, its data, and one step forward and backward. What it predicts shows in the plan from then on.
    ///
    /// # Errors
    /// The first [`Error`], naming the cell.
    pub fn check(&self, runs: &Path, device: &str) -> Result<String> {
        let mut text =
            "| cell | what is varied | steps | seconds a step | minutes of training | MiB at the peak |\n|---|---|--:|--:|--:|--:|\n".to_owned();
        for cell in &self.cells {
            let experiment = Experiment::load(&self.base, &cell.settings)?;
            let named = |e: Error| {
                Error::user(
                    format!("cell {} ({}): {e}", cell.id, cell.label),
                    e.hint().unwrap_or_default(),
                )
            };
            let train::Probe { steps, seconds, memory } =
                experiment::probe(&experiment, device).map_err(named)?;
            let cost = Cost {
                seconds: seconds * steps as f64,
                memory: (memory.total() >> 20) as u64,
                predicted: true,
            };
            let json = serde_json::to_string(&cost).map_err(|e| Error::Failure(e.to_string()))?;
            fs::write_then_rename(&self.prediction(runs, cell), json.as_bytes())?;
            text +=
                &format!("| {} | {} | {steps} | {seconds:.2} | {cost} |\n", cell.id, cell.label);
        }
        Ok(text)
    }

    /// Runs what is not done.
    ///
    /// # Errors
    /// [`Error::Stopped`] after a signal; what failed, at once or, with [`Choose::keep_going`], at the end.
    pub fn run(&self, runs: &Path, device: &str, choose: &Choose) -> Result<String> {
        let mut failures = Vec::new();
        let (index, count) = choose.shard;
        let jobs: Vec<(&Cell, u64)> = self.jobs().collect();
        for (cell, seed) in
            jobs.into_iter().enumerate().filter(|(i, _)| i % count == index).map(|(_, job)| job)
        {
            if choose.only.as_ref().is_some_and(|id| *id != cell.id)
                || choose.seed.is_some_and(|wanted| wanted != seed)
            {
                continue;
            }
            let directory = self.directory(runs, cell, seed);
            let mut told = false;
            let lock = loop {
                if self.state(runs, cell, seed) == State::Done {
                    break None;
                }
                if let Some(lock) = Lock::take(&directory)? {
                    break Some(lock);
                }
                if !told {
                    let what = if choose.wait { "; waiting for it" } else { "" };
                    eprintln!("{} seed {seed}: another process works on it{what}", cell.id);
                    told = true;
                }
                if !choose.wait {
                    break None;
                }
                std::thread::sleep(PATIENCE);
            };
            let Some(lock) = lock else { continue };
            eprintln!("{} seed {seed}: {}", cell.id, cell.label);
            let failed = directory.join(FAILED);
            let _ = std::fs::remove_file(&failed);
            let settings = cell.settings.iter().cloned().chain([format!("seed={seed}")]).collect();
            let request = Request {
                name: self.base.display().to_string(),
                settings,
                device: device.to_owned(),
                runs: runs.to_path_buf(),
            };
            let outcome = experiment::run(&request);
            drop(lock);
            match outcome {
                Ok(_) => {}
                Err(stopped @ Error::Stopped { .. }) => return Err(stopped),
                Err(error) => {
                    fs::write_then_rename(&failed, format!("{error}\n").as_bytes())?;
                    if !choose.keep_going {
                        return Err(error);
                    }
                    eprintln!("error: {error}");
                    failures.push(format!("{} seed {seed}", cell.id));
                }
            }
        }
        if failures.is_empty() {
            self.plan(runs)
        } else {
            Err(Error::Failure(format!("{} runs failed: {}", failures.len(), failures.join(", "))))
        }
    }

    /// The results of every cell, missing ones as such.
    ///
    /// # Errors
    /// [`Error`] naming a result that is damaged.
    pub fn results(&self, runs: &Path) -> Result<Vec<(Cell, Vec<RunResult>)>> {
        let of = |cell: &Cell| {
            let mut results = Vec::new();
            for seed in &self.seeds {
                results.extend(
                    Run::at(self.directory(runs, cell, *seed)).read::<RunResult>("result.json")?,
                );
            }
            Ok((cell.clone(), results))
        };
        self.cells.iter().map(of).collect()
    }
}

/// The id of the cell whose runs below `directory` were configured as `experiment` is.
fn recognise(directory: &Path, experiment: &Experiment) -> Result<Option<String>> {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let mut found = BTreeSet::new();
    for cell in fs::sorted_entries(directory).unwrap_or_default() {
        let runs = fs::sorted_entries(&cell).unwrap_or_default();
        let same = |run: &PathBuf| {
            Experiment::read(&run.join("config.toml"))
                .is_ok_and(|was| was.difference(experiment).is_none())
        };
        if runs.iter().any(same) {
            found.extend(name(&cell));
        }
    }
    if found.len() > 1 {
        let cells = found.into_iter().collect::<Vec<_>>().join(" and ");
        let problem = format!(
            "{}: {cells} have the same configuration and different weights",
            directory.display()
        );
        return Err(Error::user(
            problem,
            "put the weights in their place, so that their checksums tell which of them is meant",
        ));
    }
    Ok(found.pop_first())
}

/// Which runs of a sweep a call takes, and what it does about those that it cannot have.
#[derive(Debug, Clone)]
pub struct Choose {
    /// (i, n): every n-th run from the i-th on.
    pub shard: (usize, usize),
    /// The cell with this id alone.
    pub only: Option<String>,
    /// Runs with this seed alone.
    pub seed: Option<u64>,
    /// Whether to wait for a run that another process works on, and to take it over if that process dies.
    pub wait: bool,
    /// Whether to go on after a failure.
    pub keep_going: bool,
}

/// Time between two looks at a run that another process works on.
const PATIENCE: Duration = Duration::from_secs(5);

/// Name of the file that says why a run failed.
const FAILED: &str = "failed.txt";

/// A process's claim on a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Lock {
    host: String,
    process: u32,
    /// Seconds since 1970 of its last sign of life.
    beat: u64,
}

const LOCK: &str = "lock.json";
const BEAT: Duration = Duration::from_secs(15);
/// A claim without a sign of life for so many seconds is no claim.
const STALE: u64 = 120;

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

/// A lock that is held: a thread shows signs of life until it is dropped.
struct Held {
    path: PathBuf,
    done: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Lock {
    fn own() -> Self {
        let host = std::fs::read_to_string("/etc/hostname")
            .or_else(|_| std::env::var("HOSTNAME").or_else(|_| std::env::var("COMPUTERNAME")));
        Self {
            host: host.map_or_else(|_| "unknown host".into(), |h| h.trim().to_owned()),
            process: std::process::id(),
            beat: now(),
        }
    }

    fn read(directory: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(directory.join(LOCK)).ok()?).ok()
    }

    fn age(&self) -> u64 {
        now().saturating_sub(self.beat)
    }

    /// Whether somebody still works on it: a process of this host that is gone is gone at once, whatever it said last.
    fn is_alive(&self) -> bool {
        let here = Self::own().host == self.host && Path::new("/proc/self").exists();
        self.age() < STALE && (!here || Path::new("/proc").join(self.process.to_string()).exists())
    }

    fn text(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Claims a run, or `None` if somebody else holds it.
    fn take(directory: &Path) -> Result<Option<Held>> {
        fs::create_dir_all(directory)?;
        let path = directory.join(LOCK);
        if Self::read(directory).is_some_and(|lock| !lock.is_alive()) {
            // Whoever held it is gone.
            let _ = std::fs::remove_file(&path);
        }
        let failed =
            |source| Error::Data(DataError::Io { action: "write", path: path.clone(), source });
        match std::fs::OpenOptions::new().write(true).create_new(true).open(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => return Ok(None),
            Err(e) => return Err(failed(e)),
            Ok(mut file) => file.write_all(&Self::own().text()).map_err(failed)?,
        }
        let done = Arc::new(AtomicBool::new(false));
        let (flag, beating) = (Arc::clone(&done), path.clone());
        let thread = std::thread::spawn(move || {
            while !flag.load(Ordering::Relaxed) {
                std::thread::park_timeout(BEAT);
                if !flag.load(Ordering::Relaxed) {
                    // A beat that cannot be written makes the claim lapse, which is right if the disk is gone.
                    let _ = fs::write_then_rename(&beating, &Lock::own().text());
                }
            }
        });
        Ok(Some(Held { path, done, thread: Some(thread) }))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<Vec<String>> {
        let file: File = toml::from_str(text).expect("TOML");
        let cells = expand(Path::new("sweep.toml"), &file)?;
        Ok(cells
            .iter()
            .map(|c| c.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" "))
            .collect())
    }

    #[test]
    fn axes_are_multiplied_zips_go_in_step_and_exclusions_drop() {
        let text = "base = \"x\"\n[axes]\n\"a.b\" = [1, 2]\nc = [true, false]\n[[zip]]\n\"m.height\" = [96, 192]\n\"m.width\" = [48, 96]\n[[exclude]]\n\"a.b\" = 2\nc = false\n";
        assert_eq!(
            expanded(text).expect("cells"),
            [
                "a.b=1 c=true m.height=96 m.width=48",
                "a.b=1 c=true m.height=192 m.width=96",
                "a.b=1 c=false m.height=96 m.width=48",
                "a.b=1 c=false m.height=192 m.width=96",
                "a.b=2 c=true m.height=96 m.width=48",
                "a.b=2 c=true m.height=192 m.width=96",
            ]
        );
        assert_eq!(expanded("base = \"x\"\n").expect("the base alone"), [""]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            ("base = \"x\"\n[axes]\na = 3\n", "`a` is not a list"),
            ("base = \"x\"\n[[zip]]\na = [1, 2]\nb = [1]\n", "`b` of a [[zip]] has 1 values"),
            (
                "base = \"x\"\n[axes]\na = [1]\n[[exclude]]\nb = 1\n",
                "`b` of an [[exclude]] is not varied",
            ),
        ] {
            assert!(expanded(text).expect_err(text).to_string().contains(expected), "{expected}");
        }
    }

    #[test]
    fn a_run_is_claimed_once_and_a_dead_claim_lapses() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let held = Lock::take(directory.path()).expect("taken").expect("free");
        assert!(Lock::take(directory.path()).expect("looked").is_none());
        drop(held);
        assert!(Lock::read(directory.path()).is_none(), "released");
        let silent = Lock { beat: now() - STALE - 1, host: "elsewhere".into(), ..Lock::own() };
        let gone = Lock { process: u32::MAX, ..Lock::own() };
        let elsewhere = Lock { host: "elsewhere".into(), ..gone.clone() };
        for (lock, lapses) in
            [(silent, true), (gone, cfg!(target_os = "linux")), (elsewhere, false)]
        {
            std::fs::write(directory.path().join(LOCK), lock.text()).expect("write");
            assert_eq!(Lock::take(directory.path()).expect("looked").is_some(), lapses, "{lock:?}");
        }
    }
}

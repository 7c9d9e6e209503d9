//! Talking to Slurm: submitting an array, and asking what became of it.

use crate::error::{Error, Result};
use crate::sweep::{self, Job};
use aio_data::fs;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A submitted array, as `runs/slurm/<sweep>.json` lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SubmittedArray {
    /// Its job number.
    job: u64,
    /// The run of every element, by its number. Records of earlier versions have none, so that it is not known what their elements ran.
    #[serde(default)]
    runs: BTreeMap<usize, SubmittedRun>,
}

/// A cell with a seed, whatever its number is when the sweep file is changed later.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::sweep) struct SubmittedRun {
    /// Content hash of its configuration.
    config_id: String,
    seed: u64,
}

impl SubmittedRun {
    pub(in crate::sweep) fn of(job: Job<'_>) -> Self {
        Self { config_id: job.cell.config_id.clone(), seed: job.seed }
    }
}

/// An element of an array, and its state in Slurm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArrayElement {
    /// Job number of the array.
    pub job: u64,
    /// Number of the element, which was the number of its run when it was submitted.
    pub element: usize,
    /// State, such as `running`.
    pub state: String,
    /// Node on which it runs or ran.
    pub node: Option<String>,
}

impl ArrayElement {
    /// Whether it runs, or waits for it.
    pub(super) fn is_open(&self) -> bool {
        let open = ["pending", "configuring", "running", "suspended", "requeued"];
        open.contains(&self.state.as_str())
    }
}

impl fmt::Display for ArrayElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { job, element, state, node } = self;
        write!(f, "{job}_{element} {state}")?;
        match node {
            Some(node) => write!(f, " on {node}"),
            None => Ok(()),
        }
    }
}

/// Where logs and the records of submitted arrays lie.
pub(super) fn directory(runs: &Path) -> PathBuf {
    runs.join("slurm")
}

fn record(runs: &Path, file: &Path) -> PathBuf {
    directory(runs).join(format!("{}.json", sweep::name(file)))
}

/// Submits a script and records its job number, which it returns, with the runs of its elements.
///
/// # Errors
/// [`Error`] with the message of `sbatch`.
pub(super) fn submit(
    script: &str,
    runs: &Path,
    file: &Path,
    submitted_runs: &[Job<'_>],
) -> Result<u64> {
    fs::create_dir_all(&directory(runs))?;
    // Before anything is submitted: of an array that no record names, nobody would see the states.
    let mut submitted = submissions(runs, file)?;
    let job = sbatch(script)?;
    let runs_of_elements = submitted_runs.iter().map(|job| (job.number, SubmittedRun::of(*job)));
    submitted.push(SubmittedArray { job, runs: runs_of_elements.collect() });
    let text = serde_json::to_string(&submitted).map_err(|e| Error::Failure(e.to_string()))?;
    fs::write_then_rename(&record(runs, file), text.as_bytes())?;
    Ok(job)
}

fn sbatch(script: &str) -> Result<u64> {
    let mut child = Command::new("sbatch")
        .arg("--parsable")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| {
            Error::user(
                format!("sbatch cannot be started: {error}"),
                "run this on a machine that can submit Slurm jobs, or print the script with --dry-run",
            )
        })?;
    let failed = |e: std::io::Error| Error::Failure(format!("sbatch: {e}"));
    let written = child.stdin.take().expect("it is piped").write_all(script.as_bytes());
    let output = child.wait_with_output().map_err(failed)?;
    let printed = String::from_utf8_lossy(&output.stdout);
    // `--parsable` prints the number, and the cluster behind a semicolon where there are several.
    let number = printed.trim().split(';').next().and_then(|number| number.parse::<u64>().ok());
    let number = number.filter(|_| output.status.success()).ok_or_else(|| {
        let message = String::from_utf8_lossy(&output.stderr);
        Error::user(
            format!("sbatch refuses the job array: {}{}", printed.trim(), message.trim()),
            "[slurm] of the sweep file sets partition, gres, time and further options",
        )
    })?;
    // An sbatch that refuses its options may end before it has read the script: what it says comes first.
    written.map_err(failed)?;
    Ok(number)
}

/// The submitted arrays of a sweep, oldest first.
fn submissions(runs: &Path, file: &Path) -> Result<Vec<SubmittedArray>> {
    let path = record(runs, file);
    if !path.exists() {
        return Ok(Vec::new());
    }
    serde_json::from_str(&fs::read_to_string(&path)?).map_err(|e| {
        Error::user(
            format!("{}: {e}", path.display()),
            "the file is damaged; without it, the states of submitted jobs are not shown",
        )
    })
}

/// The elements of one array: from the accounting database, or else from the queue, which forgets what has ended.
fn elements(job: u64) -> Vec<ArrayElement> {
    let accounting = ["-n", "-P", "-X", "-o", "JobID,State,NodeList", "-j"];
    let queue = ["-h", "-r", "-o", "%i|%T|%N", "-j"];
    for (program, arguments) in [("sacct", &accounting[..]), ("squeue", &queue[..])] {
        // Otherwise Slurm cuts the numbers of elements that wait together at 64 characters.
        let output = Command::new(program)
            .env("SLURM_BITSTR_LEN", "0")
            .args(arguments)
            .arg(job.to_string())
            .output();
        let Some(output) = output.ok().filter(|output| output.status.success()) else { continue };
        let found = parse(job, &String::from_utf8_lossy(&output.stdout));
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// Reads lines such as `12_3|RUNNING|node1`. Elements that wait together have one line (`12_[4-9%2]`).
fn parse(job: u64, text: &str) -> Vec<ArrayElement> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut fields = line.split('|');
        let (Some(id), Some(state)) = (fields.next(), fields.next()) else { continue };
        let Some((_, elements)) = id.split_once('_') else { continue };
        let node = fields.next().filter(|node| !node.is_empty() && !node.starts_with("None"));
        for element in numbers(elements) {
            let (state, node) = (state.to_lowercase(), node.map(str::to_owned));
            found.push(ArrayElement { job, element, state, node });
        }
    }
    found
}

/// The numbers of elements as Slurm writes them: `3`, or `[4-6,9%2]` for several that wait, of which two may run at the same time.
fn numbers(text: &str) -> Vec<usize> {
    let listed = text.trim_start_matches('[').trim_end_matches(']');
    let listed = listed.split_once('%').map_or(listed, |(listed, _)| listed);
    let range = |part: &str| {
        let (range, step) = part.split_once(':').unwrap_or((part, "1"));
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        let step = step.parse::<usize>().ok().filter(|step| *step > 0)?;
        Some((first..=last).step_by(step))
    };
    listed.split(',').filter_map(range).flatten().collect()
}

/// What Slurm says of the runs of a sweep; the newest array with a run counts.
///
/// # Errors
/// [`Error`] naming the record of submitted arrays, if it is damaged.
pub(in crate::sweep) fn states(
    runs: &Path,
    file: &Path,
) -> Result<BTreeMap<SubmittedRun, ArrayElement>> {
    let mut states = BTreeMap::new();
    for SubmittedArray { job, runs } in submissions(runs, file)? {
        let of_run = |element: ArrayElement| Some((runs.get(&element.element)?.clone(), element));
        states.extend(elements(job).into_iter().filter_map(of_run));
    }
    Ok(states)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_slurm_prints_is_read() {
        let found = parse(
            12,
            "12_3|RUNNING|node1\n12_[4-5,9%2]|PENDING|None assigned\n12_0|TIMEOUT|\nnonsense\n",
        );
        let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
        let waiting = ["12_4 pending", "12_5 pending", "12_9 pending"];
        assert_eq!(shown, [&["12_3 running on node1"][..], &waiting, &["12_0 timeout"]].concat());
        assert_eq!(found[0].element, 3);
        let open: Vec<bool> = found.iter().map(ArrayElement::is_open).collect();
        assert_eq!(open, [true, true, true, true, false]);
        assert_eq!(numbers("[0-6:3,...]"), [0, 3, 6]);
        assert!(numbers("3.batch").is_empty());
    }

    #[test]
    fn a_damaged_record_of_submissions_is_named() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let (runs, file) = (directory.path(), Path::new("sweeps/heads.toml"));
        assert!(submissions(runs, file).expect("none").is_empty());
        std::fs::create_dir(runs.join("slurm")).expect("directory");
        std::fs::write(runs.join("slurm/heads.json"), "[{\"job\":12}]").expect("write");
        let of_version_0_1 = SubmittedArray { job: 12, runs: BTreeMap::new() };
        assert_eq!(submissions(runs, file).expect("one"), [of_version_0_1]);
        std::fs::write(runs.join("slurm/heads.json"), "[{").expect("write");
        let error = states(runs, file).expect_err("damaged").to_string();
        assert!(error.contains("slurm/heads.json"), "{error}");
    }
}

//! `aio sweep slurm`: a sweep as a job array, one element per run.
//!
//! An element is `aio sweep run FILE --shard i/n --wait`. Before its time is up Slurm signals the batch script, which passes that on; the run writes
//! a checkpoint and exits with 75, the element is put back into the queue and continues where it stopped. An element that is killed outright (a node that
//! fails) is put back by Slurm itself and waits until the dead process's claim on the run has lapsed.

use crate::error::{Error, Result};
use aio_data::fs;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// `[slurm]` of a sweep file. What is empty or absent is left to the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// `--partition`.
    pub partition: String,
    /// `--account`.
    pub account: String,
    /// `--gres`, as in `gpu:1`.
    pub gres: String,
    /// `--time`, as in `04:00:00`.
    pub time: String,
    /// `--cpus-per-task`; 0 leaves it to the cluster.
    pub cpus: usize,
    /// `--mem`, as in `16G`.
    pub memory: String,
    /// Elements that run at once; 0 does not limit them.
    pub parallel: usize,
    /// Seconds before the end of the time at which a checkpoint is written.
    pub notice: usize,
    /// Further options of `sbatch`, as in `--qos=long`.
    pub options: Vec<String>,
    /// Shell lines that set the environment up, as in `module load cuda`.
    pub setup: Vec<String>,
    /// `--device` of the runs.
    pub device: String,
}

impl Default for Settings {
    fn default() -> Self {
        let none = String::new;
        Self {
            partition: none(),
            account: none(),
            gres: none(),
            time: none(),
            cpus: 0,
            memory: none(),
            parallel: 0,
            notice: 120,
            options: Vec::new(),
            setup: Vec::new(),
            device: "auto".into(),
        }
    }
}

/// What a script is made from beside the settings.
#[derive(Debug, Clone)]
pub struct Job<'a> {
    /// The program.
    pub program: &'a Path,
    /// The sweep file.
    pub file: &'a Path,
    /// Directory of runs.
    pub runs: &'a Path,
    /// Directory in which the runs start.
    pub directory: &'a Path,
    /// Numbers of the runs that are not done, rising.
    pub open: &'a [usize],
    /// Number of all runs.
    pub count: usize,
}

/// Text that the shell takes as one word.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn quoted_path(path: &Path) -> String {
    quoted(&path.display().to_string())
}

/// Rising numbers as Slurm writes them: `0-3,7`.
fn ranges(numbers: &[usize]) -> String {
    let mut parts: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => parts.push((*number, *number)),
        }
    }
    let written =
        parts.iter().map(
            |(first, last)| {
                if first == last { first.to_string() } else { format!("{first}-{last}") }
            },
        );
    written.collect::<Vec<_>>().join(",")
}

/// Name of a sweep in the queue and of its files: that of its file.
#[must_use]
pub fn name(file: &Path) -> String {
    file.file_stem().map_or_else(|| "sweep".into(), |stem| stem.to_string_lossy().into_owned())
}

/// The batch script of a sweep.
#[must_use]
pub fn script(settings: &Settings, job: &Job) -> String {
    let Settings {
        partition,
        account,
        gres,
        time,
        cpus,
        memory,
        parallel,
        notice,
        options,
        setup,
        device,
    } = settings;
    let mut text = "#!/bin/bash\n".to_owned();
    let mut option = |value: String| text += &format!("#SBATCH {value}\n");
    option(format!("--job-name=aio-{}", name(job.file)));
    let at_once = if *parallel > 0 { format!("%{parallel}") } else { String::new() };
    option(format!("--array={}{at_once}", ranges(job.open)));
    let logs = job.runs.join("slurm").join("%x-%A_%a.log");
    option(format!("--output={}", logs.display()));
    option("--open-mode=append".into());
    option("--requeue".into());
    option(format!("--signal=B:USR1@{notice}"));
    for (key, value) in [
        ("partition", partition),
        ("account", account),
        ("gres", gres),
        ("time", time),
        ("mem", memory),
    ] {
        if !value.is_empty() {
            option(format!("--{key}={value}"));
        }
    }
    if *cpus > 0 {
        option(format!("--cpus-per-task={cpus}"));
    }
    options.iter().for_each(|more| option(more.clone()));
    text += &format!("\ncd {} || exit 1\n", quoted_path(job.directory));
    if *cpus > 0 {
        text += &format!("export RAYON_NUM_THREADS={cpus}\n");
    }
    setup.iter().for_each(|line| text += &format!("{line}\n"));
    let command = format!(
        "{} sweep run {} --runs {} --device {}",
        quoted_path(job.program),
        quoted_path(job.file),
        quoted_path(job.runs),
        quoted(device)
    );
    text += &format!(
        r#"
# Slurm's notice goes to the run, which writes a checkpoint and exits with 75; then this element is put back into the queue.
again=
trap 'again=1; kill -USR1 "$run"' USR1
{command} --shard "$SLURM_ARRAY_TASK_ID/{count}" --wait &
run=$!
wait "$run"
code=$?
# A trapped signal ends the wait before the run has ended.
while kill -0 "$run" 2>/dev/null; do
    wait "$run"
    code=$?
done
if [ "$code" -eq 75 ] && [ -n "$again" ]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
"#,
        count = job.count
    );
    text
}

/// A submitted array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// Its number.
    pub job: u64,
}

/// Where the arrays of a sweep are noted.
fn record(runs: &Path, file: &Path) -> PathBuf {
    runs.join("slurm").join(format!("{}.json", name(file)))
}

fn missing(program: &str, error: &std::io::Error) -> Error {
    Error::user(
        format!("{program} cannot be started: {error}"),
        "run this on a machine that can submit Slurm jobs, or look at --dry-run",
    )
}

/// Submits a script and notes its number; returns it.
///
/// # Errors
/// [`Error`] with what `sbatch` says.
pub fn submit(script: &str, runs: &Path, file: &Path) -> Result<u64> {
    fs::create_dir_all(&runs.join("slurm"))?;
    let mut child = Command::new("sbatch")
        .arg("--parsable")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| missing("sbatch", &e))?;
    let failed = |e: std::io::Error| Error::Failure(format!("sbatch: {e}"));
    child.stdin.take().expect("it is piped").write_all(script.as_bytes()).map_err(failed)?;
    let output = child.wait_with_output().map_err(failed)?;
    let said = String::from_utf8_lossy(&output.stdout);
    // `--parsable` prints the number, and the cluster behind a semicolon where there are several.
    let job = said
        .trim()
        .split(';')
        .next()
        .and_then(|number| number.parse().ok())
        .filter(|_| output.status.success());
    let Some(job) = job else {
        let problem = format!(
            "sbatch refuses the job array: {}{}",
            said.trim(),
            String::from_utf8_lossy(&output.stderr).trim()
        );
        return Err(Error::user(
            problem,
            "[slurm] of the sweep file sets partition, gres, time and further options",
        ));
    };
    let mut submitted = submissions(runs, file)?;
    submitted.push(Submitted { job });
    let text = serde_json::to_string(&submitted).map_err(|e| Error::Failure(e.to_string()))?;
    fs::write_then_rename(&record(runs, file), text.as_bytes())?;
    Ok(job)
}

/// The arrays of a sweep, oldest first.
///
/// # Errors
/// [`Error`] naming the note that cannot be read.
pub fn submissions(runs: &Path, file: &Path) -> Result<Vec<Submitted>> {
    let path = record(runs, file);
    if !path.exists() {
        return Ok(Vec::new());
    }
    serde_json::from_str(&fs::read_to_string(&path)?).map_err(|e| {
        Error::user(
            format!("{}: {e}", path.display()),
            "the file is damaged; remove it, and what was submitted is no longer shown",
        )
    })
}

/// State and node of the elements of one array, by number: from the accounting data base, or else from the queue, which forgets what has ended.
fn elements(job: u64) -> BTreeMap<usize, String> {
    let accounting = ["-n", "-P", "-X", "-o", "JobID,State,NodeList", "-j"];
    let queue = ["-h", "-r", "-o", "%i|%T|%N", "-j"];
    for (program, arguments) in [("sacct", &accounting[..]), ("squeue", &queue[..])] {
        let output = Command::new(program).args(arguments).arg(job.to_string()).output();
        let Some(output) = output.ok().filter(|o| o.status.success()) else { continue };
        let found = parse(&String::from_utf8_lossy(&output.stdout));
        if !found.is_empty() {
            return found;
        }
    }
    BTreeMap::new()
}

/// Lines `12_3|RUNNING|node1`. Elements that wait together (`12_[4-9%2]`) are not told apart.
fn parse(text: &str) -> BTreeMap<usize, String> {
    let of = |line: &str| {
        let mut fields = line.split('|');
        let (id, state, node) = (fields.next()?, fields.next()?, fields.next().unwrap_or_default());
        let element = id.split_once('_')?.1.parse().ok()?;
        let node = if node.is_empty() || node.starts_with("None") {
            String::new()
        } else {
            format!(" on {node}")
        };
        Some((element, format!("{}{node}", state.to_lowercase())))
    };
    text.lines().filter_map(of).collect()
}

/// What Slurm says of the runs of a sweep, by number; the newest array that knows a run counts.
///
/// # Errors
/// As [`submissions`].
pub fn states(runs: &Path, file: &Path) -> Result<BTreeMap<usize, String>> {
    let mut all = BTreeMap::new();
    for Submitted { job } in submissions(runs, file)? {
        all.extend(
            elements(job)
                .into_iter()
                .map(|(element, state)| (element, format!("{job}_{element} {state}"))),
        );
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_this_one() {
        let settings = Settings {
            partition: "gpu".into(),
            gres: "gpu:1".into(),
            time: "04:00:00".into(),
            cpus: 8,
            parallel: 4,
            options: vec!["--qos=long".into()],
            setup: vec!["module load cuda".into()],
            device: "cuda".into(),
            ..Settings::default()
        };
        let job = Job {
            program: Path::new("/opt/aio's/aio"),
            file: Path::new("experiments/sweeps/heads.toml"),
            runs: Path::new("runs"),
            directory: Path::new("/home/me/aio"),
            open: &[0, 1, 2, 5],
            count: 6,
        };
        let expected = r#"#!/bin/bash
#SBATCH --job-name=aio-heads
#SBATCH --array=0-2,5%4
#SBATCH --output=runs/slurm/%x-%A_%a.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR1@120
#SBATCH --partition=gpu
#SBATCH --gres=gpu:1
#SBATCH --time=04:00:00
#SBATCH --cpus-per-task=8
#SBATCH --qos=long

cd '/home/me/aio' || exit 1
export RAYON_NUM_THREADS=8
module load cuda

# Slurm's notice goes to the run, which writes a checkpoint and exits with 75; then this element is put back into the queue.
again=
trap 'again=1; kill -USR1 "$run"' USR1
'/opt/aio'\''s/aio' sweep run 'experiments/sweeps/heads.toml' --runs 'runs' --device 'cuda' --shard "$SLURM_ARRAY_TASK_ID/6" --wait &
run=$!
wait "$run"
code=$?
# A trapped signal ends the wait before the run has ended.
while kill -0 "$run" 2>/dev/null; do
    wait "$run"
    code=$?
done
if [ "$code" -eq 75 ] && [ -n "$again" ]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
"#;
        assert_eq!(script(&settings, &job), expected);
    }

    #[test]
    fn what_slurm_prints_is_read() {
        let found = parse(
            "12_3|RUNNING|node1\n12_[4-9%2]|PENDING|None assigned\n12_0|TIMEOUT|\nnonsense\n",
        );
        assert_eq!(found, BTreeMap::from([(0, "timeout".into()), (3, "running on node1".into())]));
        assert_eq!(ranges(&[]), "");
        assert_eq!(ranges(&[2, 3, 4, 9]), "2-4,9");
    }
}

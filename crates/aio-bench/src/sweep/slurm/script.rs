//! The batch script of a job array.

use super::{Settings, queue};
use crate::sweep;
use std::path::Path;

/// What a script is made from beside the settings.
#[derive(Debug, Clone)]
pub(super) struct JobArray<'a> {
    /// The program.
    pub(super) program: &'a Path,
    /// The sweep file.
    pub(super) file: &'a Path,
    /// Directory of runs.
    pub(super) runs: &'a Path,
    /// Directory in which the runs start.
    pub(super) directory: &'a Path,
    /// Numbers of the runs that are not done, rising.
    pub(super) open: &'a [usize],
    /// Number of all runs.
    pub(super) count: usize,
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
    let mut ranges: Vec<std::ops::RangeInclusive<usize>> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some(last) if last.end() + 1 == *number => *last = *last.start()..=*number,
            _ => ranges.push(*number..=*number),
        }
    }
    let mut written = Vec::new();
    for range in ranges {
        let (first, last) = range.into_inner();
        written.push(if first == last { first.to_string() } else { format!("{first}-{last}") });
    }
    written.join(",")
}

/// An option with a value that holds a name of the user's. `sbatch` splits its options at blanks and takes # for a comment, but not within quotation marks.
fn option(key: &str, value: &str) -> String {
    if value.contains([' ', '\t', '\n', '\r', '#', '\'', '"', '\\']) {
        format!("--{key}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        format!("--{key}={value}")
    }
}

/// The `#SBATCH` options of a job array.
fn options(settings: &Settings, job: &JobArray<'_>) -> Vec<String> {
    let limit = settings.parallel.map(|parallel| format!("%{parallel}")).unwrap_or_default();
    let logs = queue::directory(job.runs).join("%x-%A_%a.log");
    let mut options = vec![
        option("job-name", &format!("aio-{}", sweep::name(job.file))),
        format!("--array={}{limit}", ranges(job.open)),
        option("output", &logs.display().to_string()),
        "--open-mode=append".into(),
        "--requeue".into(),
        format!("--signal=B:USR1@{}", settings.notice),
    ];
    for (key, value) in [
        ("partition", &settings.partition),
        ("account", &settings.account),
        ("gres", &settings.gres),
        ("time", &settings.time),
        ("mem", &settings.memory),
    ] {
        options.extend(value.as_ref().map(|value| format!("--{key}={value}")));
    }
    options.extend(settings.cpus.map(|cpus| format!("--cpus-per-task={cpus}")));
    options.extend(settings.options.iter().cloned());
    options
}

/// The batch script of a sweep.
pub(super) fn script(settings: &Settings, job: &JobArray<'_>) -> String {
    let mut text = "#!/bin/bash\n".to_owned();
    for option in options(settings, job) {
        // The name of a sweep file may hold the end of a line, behind which the shell would run the rest.
        text += &format!("#SBATCH {}\n", option.replace(['\n', '\r'], " "));
    }
    text += &format!("\ncd {} || exit 1\n", quoted_path(job.directory));
    if let Some(cpus) = settings.cpus {
        text += &format!("export RAYON_NUM_THREADS={cpus}\n");
    }
    for line in &settings.setup {
        text += &format!("{line}\n");
    }
    let command = format!(
        "{} sweep run {} --runs {} --device {}",
        quoted_path(job.program),
        quoted_path(job.file),
        quoted_path(job.runs),
        quoted(&settings.device)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_with_a_blank_is_one_word() {
        assert_eq!(option("output", "runs/%x.log"), "--output=runs/%x.log");
        assert_eq!(option("output", "my runs/%x.log"), "--output=\"my runs/%x.log\"");
        assert_eq!(option("output", "a\"b #1.log"), "--output=\"a\\\"b #1.log\"");
    }

    #[test]
    fn the_script_is_this_one() {
        let settings = Settings {
            partition: Some("gpu".into()),
            gres: Some("gpu:1".into()),
            time: Some("04:00:00".into()),
            cpus: Some(8),
            parallel: Some(4),
            options: vec!["--qos=long".into()],
            setup: vec!["module load cuda".into()],
            device: "cuda".into(),
            ..Settings::default()
        };
        let job = JobArray {
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
    fn a_name_with_the_end_of_a_line_adds_no_line() {
        let settings = Settings { partition: Some("a\nrm -r /".into()), ..Settings::default() };
        let job = JobArray {
            program: Path::new("aio"),
            file: Path::new("x\nrm -r ~; $(y) 'z'\r.toml"),
            runs: Path::new("runs"),
            directory: Path::new("/home"),
            open: &[0],
            count: 1,
        };
        let text = script(&settings, &job);
        let head = text.lines().skip(1).take_while(|line| !line.is_empty());
        assert!(head.clone().all(|line| line.starts_with("#SBATCH --")), "{text}");
        assert!(text.contains("#SBATCH --job-name=\"aio-x rm -r ~; $(y) 'z' \"\n"), "{text}");
        assert!(text.contains("'x\nrm -r ~; $(y) '\\''z'\\''\r.toml'"), "one word: {text}");
    }

    #[test]
    fn numbers_are_written_as_ranges() {
        assert_eq!(ranges(&[]), "");
        assert_eq!(ranges(&[2, 3, 4, 9]), "2-4,9");
    }
}

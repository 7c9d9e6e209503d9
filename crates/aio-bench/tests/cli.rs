//! The program as a user meets it: one experiment end to end, resume, and every kind of bad input.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A working directory with the repository's experiments, and nothing else.
struct Desk {
    directory: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("temporary directory");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
        let target = directory.path().join("experiments");
        std::fs::create_dir_all(target.join("paper")).expect("create");
        for (from, to) in [(source.clone(), target.clone()), (source.join("paper"), target.join("paper"))] {
            for entry in std::fs::read_dir(from).expect("list").flatten().filter(|e| e.path().is_file()) {
                std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copy");
            }
        }
        Self { directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aio"));
        command.args(arguments).current_dir(self.directory.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program starts")
    }

    fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// What a refused call printed on stderr; its exit code must be `code`, and it must not have panicked.
    fn refused(&self, code: i32, arguments: &[&str]) -> String {
        refused(code, &self.run(arguments))
    }

    /// The run directory of the only cell of `experiment`.
    fn cell(&self, runs: &str, experiment: &str) -> PathBuf {
        let cells: Vec<PathBuf> = std::fs::read_dir(self.path(runs).join(experiment)).expect("runs").flatten().map(|e| e.path()).collect();
        assert_eq!(cells.len(), 1, "{cells:?}");
        cells[0].join("seed-0")
    }
}

fn refused(code: i32, output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains("error: ") && !text.contains("panicked"), "{text}");
    text
}

/// Files and folders below `path` whose names look temporary.
fn leftovers(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().ends_with(".tmp") {
            found.push(entry.path());
        }
        found.extend(leftovers(&entry.path()));
    }
    found
}

#[test]
fn smoke_runs_to_its_report_and_a_second_call_reprints_it_at_once() {
    let desk = Desk::new();
    let table = desk.succeed(&["experiment", "smoke"]);
    for task in ["market1501.rgb-rgb", "sysu-mm01.infrared-rgb.all", "pku-sketch.sketch-rgb", "tri-cuhk-pedes.sketch+text-rgb"] {
        assert!(table.contains(task), "{table}");
    }
    let run = desk.cell("runs", "smoke");
    for file in [
        "config.toml",
        "manifest.json",
        "metrics.jsonl",
        "result.json",
        "model.safetensors",
        "report/index.html",
        "report/table.md",
        "report/cmc.svg",
        "report/cmc.png",
        "report/loss.svg",
    ] {
        assert!(run.join(file).is_file(), "{file}");
    }
    let page = std::fs::read_to_string(run.join("report/index.html")).expect("page");
    assert!(!page.contains("http://www.") || page.contains("http://www.w3.org"), "the page needs no network");
    assert!(page.matches("data:image/jpeg;base64,").count() >= 6);
    let begun = Instant::now();
    assert_eq!(desk.succeed(&["experiment", "smoke"]), table);
    assert!(begun.elapsed() < Duration::from_secs(5));
    let json: serde_json::Value = serde_json::from_str(&desk.succeed(&["experiment", "smoke", "--json"])).expect("one JSON document");
    for part in ["metrics", "baseline", "chance"] {
        let value = json[part]["cuhk-pedes.text-rgb.map"].as_f64().expect(part);
        assert!((0.0..=1.0).contains(&value));
    }
    let csv = desk.succeed(&["report", "smoke", "--format", "csv"]);
    assert!(csv.lines().filter(|l| !l.is_empty()).count() == 7 && csv.starts_with("task,seed,"), "{csv}");
    assert!(leftovers(&desk.path("runs")).is_empty());
}

/// A short training without evaluation to speak of.
const SHORT: [&str; 4] = ["--set", "evaluation.tasks=[\"market1501.rgb-rgb\"]", "--set", "data.validation=0.0"];

#[cfg(unix)]
#[test]
fn a_stopped_run_continues_to_bit_identical_weights() {
    let desk = Desk::new();
    let arguments = |runs: &'static str| [&["experiment", "smoke", "--runs", runs][..], &SHORT].concat();
    desk.succeed(&arguments("whole"));
    let expected = std::fs::read(desk.cell("whole", "smoke").join("model.safetensors")).expect("weights");
    let mut child = desk.command(&arguments("parts")).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("starts");
    let begun = Instant::now();
    loop {
        let lines = std::fs::read_dir(desk.path("parts").join("smoke")).into_iter().flatten().flatten().next();
        let metrics = lines.map(|c| c.path().join("seed-0/metrics.jsonl")).and_then(|p| std::fs::read_to_string(p).ok()).unwrap_or_default();
        if metrics.lines().count() >= 3 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(300), "no step within five minutes");
        std::thread::sleep(Duration::from_millis(5));
    }
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill");
    assert!(killed.success());
    assert_eq!(child.wait().expect("exits").code(), Some(75), "stopped with a checkpoint, to be run again");
    assert!(!desk.cell("parts", "smoke").join("result.json").exists());
    desk.succeed(&arguments("parts"));
    let run = desk.cell("parts", "smoke");
    assert!(std::fs::read(run.join("model.safetensors")).expect("weights") == expected, "the weights differ");
    let steps: Vec<u64> = std::fs::read_to_string(run.join("metrics.jsonl"))
        .expect("metrics")
        .lines()
        .map(|l| serde_json::from_str::<serde_json::Value>(l).expect("JSON")["step"].as_u64().expect("step"))
        .collect();
    assert_eq!(steps, (0..steps.len() as u64).collect::<Vec<_>>(), "every step is logged once");
}

#[cfg(unix)]
#[test]
fn a_full_disk_while_writing_a_checkpoint_leaves_nothing_half_written() {
    let desk = Desk::new();
    desk.succeed(&["experiment", "smoke", "--runs", "first", SHORT[0], SHORT[1], SHORT[2], SHORT[3]]);
    // Files are limited to 1 MiB, less than a checkpoint; with the signal ignored, writing fails as on a full disk.
    let script = format!(
        "trap '' XFSZ; ulimit -f 2048; exec {} experiment smoke --runs limited {} '{}' {} {}",
        env!("CARGO_BIN_EXE_aio"),
        SHORT[0],
        SHORT[1],
        SHORT[2],
        SHORT[3]
    );
    let output = Command::new("sh").args(["-c", &script]).current_dir(desk.path("")).output().expect("sh");
    let text = refused(1, &output);
    assert!(text.contains("checkpoint"), "{text}");
    let run = desk.cell("limited", "smoke");
    assert!(leftovers(&run).is_empty(), "{:?}", leftovers(&run));
    assert!(std::fs::read_dir(run.join("checkpoint")).map_or(true, |mut d| d.next().is_none()));
    desk.succeed(&["experiment", "smoke", "--runs", "limited", SHORT[0], SHORT[1], SHORT[2], SHORT[3]]);
}

#[test]
fn bad_requests_name_what_is_wrong() {
    let desk = Desk::new();
    let text = desk.refused(2, &["experiment", "zero-shto"]);
    assert!(text.contains("did you mean `zero-shot`?"), "{text}");
    let text = desk.refused(2, &["experiment", "smoke", "--set", "train.identites=4"]);
    assert!(text.contains("unknown key `train.identites`") && text.contains("train.identities"), "{text}");
    let text = desk.refused(2, &["experiment", "smoke", "--device", "cuda"]);
    assert!(text.contains("--features cuda"), "{text}");
    let text = desk.refused(2, &["experiment", "smoke", "--set", "train.tuples=many"]);
    assert!(text.contains("tuples"), "{text}");
    let text = desk.refused(2, &["experiment", "smoke", "--set", "model.weights=nowhere.safetensors"]);
    assert!(text.contains("nowhere.safetensors"), "{text}");
    std::fs::write(desk.path("occupied"), "a file").expect("write");
    let text = desk.refused(2, &["experiment", "smoke", "--runs", "occupied/runs"]);
    assert!(text.contains("occupied"), "{text}");
    let text = desk.refused(2, &["report", "never-run"]);
    assert!(text.contains("no runs of `never-run`"), "{text}");
    assert!(desk.run(&["experiment", "smoke", "--frobnicate"]).status.code() == Some(2));
}

#[test]
fn the_papers_experiment_names_every_file_it_misses() {
    let text = Desk::new().refused(2, &["experiment", "paper/zero-shot"]);
    for part in ["weights/vit-b-16.safetensors", "datasets/SYNTH-PEDES", "bounding_box_train/", "imgs-sketch2/", "exp/test_id.txt", "idx/{train_vis"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_damaged_picture_is_named_before_anything_is_trained_on_it() {
    let desk = Desk::new();
    desk.succeed(&["experiment", "smoke", "--runs", "first", SHORT[0], SHORT[1], SHORT[2], SHORT[3]]);
    let picture = desk.path("datasets/synthetic-smoke/SYNTH-PEDES/Part1/0/0.jpg");
    let whole = std::fs::read(&picture).expect("rendered");
    std::fs::write(&picture, &whole[..200]).expect("truncate");
    let text = desk.refused(2, &["experiment", "smoke", "--runs", "second", SHORT[0], SHORT[1], SHORT[2], SHORT[3]]);
    assert!(text.contains("Part1/0/0.jpg"), "{text}");
    assert!(!desk.path("second").join("smoke").read_dir().expect("runs").flatten().any(|c| c.path().join("seed-0/result.json").exists()));
}

#[test]
fn captions_become_77_ids_a_line() {
    let desk = Desk::new();
    let mut child = desk.command(&["tokenize", "--json"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("starts");
    std::io::Write::write_all(&mut child.stdin.take().expect("stdin"), "a man in a red coat\n\n".as_bytes()).expect("write");
    let output = child.wait_with_output().expect("exits");
    let lines: Vec<Vec<u32>> = String::from_utf8(output.stdout).expect("UTF-8").lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert!(lines.len() == 2 && lines.iter().all(|l| l.len() == 77));
    assert_eq!(lines[0][..8], [49406, 320, 786, 530, 320, 736, 7356, 49407]);
    assert_eq!(lines[1][..3], [49406, 49407, 0]);
}

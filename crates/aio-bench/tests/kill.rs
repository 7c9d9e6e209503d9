//! Commands that are killed and stopped at random moments, over and over, leave the same bytes as undisturbed ones.
//!
//! `just kill-test 50` sends 50 signals of each kind to each command. Without a number there are few. A phase of the command is drawn for each signal,
//! which is sent a random time after that phase has begun.

#![cfg(unix)]

use aio_types::rng;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Number of signals of each kind that each command gets.
const SIGNALS: &str = "AIO_KILLS";
const FEW: usize = 2;

/// Time between two looks at a command.
const LOOK: Duration = Duration::from_millis(1);

/// A command, and what it must write.
struct Case {
    name: &'static str,
    arguments: &'static [&'static str],
    /// Where it writes; everything below counts but what differs from call to call.
    output: &'static str,
    /// Files whose presence says how far it is, with the phase that they begin; the last one counts.
    phases: &'static [(&'static str, &'static str)],
}

const CASES: [Case; 4] = [
    Case {
        name: "experiment",
        arguments: &["experiment", "kill.toml"],
        output: "runs",
        phases: &[
            ("", "preparing"),
            ("metrics.jsonl", "training"),
            ("model/SHA256SUMS", "evaluating"),
            ("queries.json", "finishing"),
            ("result.json", "drawing"),
        ],
    },
    Case {
        name: "sweep",
        arguments: &["sweep", "run", "sweep.toml"],
        output: "runs",
        phases: &[
            ("", "preparing"),
            ("metrics.jsonl", "in a first run"),
            ("result.json", "after a first run"),
        ],
    },
    Case {
        name: "pretrain",
        arguments: &[
            "pretrain",
            "--steps",
            "6",
            "--pictures-first",
            "2",
            "--company-steps",
            "2",
            "--corpus",
            "24",
            "--batch",
            "8",
            "--depth",
            "1",
            "--width",
            "32",
            "--output",
            "pretrained",
        ],
        output: "pretrained",
        phases: &[
            ("", "rendering"),
            ("loss.csv", "training"),
            ("embedded.safetensors", "finishing"),
        ],
    },
    Case {
        name: "embed",
        arguments: &["embed", "pictures", "--output", "features/f.safetensors"],
        output: "features",
        phases: &[("", "opening"), ("state.json", "embedding"), ("f.json", "finishing")],
    },
];

/// A directory in which a command runs.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().expect("temporary directory"));
        let stage = "[[train.stages]]\nname = \"a\"\ndatasets = [\"synth-pedes\"]\nepochs = 3\nreal = [\"text\"]\nlearning_rate = 1e-3\nwarmup_steps = 1\nmin_lr_ratio = 0.1\n";
        let experiment = format!(
            "[data]\nroot = \"data\"\nsize = {{ synth_pedes = 12, llcm = 4, market_sketch = 4, market = 4, test = 4, pku = 20, development = 2 }}\n[train]\nidentities = 4\ncheckpoint_every = 1\n{stage}[evaluation]\ntasks = [\"market1501.rgb-rgb\", \"pku-sketch.sketch-rgb\", \"cuhk-pedes.text-rgb\", \"sysu-mm01.infrared-rgb.all\"]\nranked_lists = 2\nchance_draws = 3\n"
        );
        desk.write("kill.toml", &experiment);
        desk.write("sweep.toml", "base = \"kill.toml\"\n[axes]\n\"losses.binding\" = [1.0, 0.5]\n");
        std::fs::create_dir(desk.path("pictures")).expect("created");
        for number in 0..700u32 {
            let pixel = |x: u32, y: u32| image::Rgb([number as u8, (3 * y) as u8, (5 * x) as u8]);
            let path = desk.path(&format!("pictures/{number:04}.png"));
            image::RgbImage::from_fn(32, 64, pixel).save(path).expect("written");
        }
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("written");
    }

    fn start(&self, case: &Case) -> Child {
        Command::new(env!("CARGO_BIN_EXE_aio"))
            .args(case.arguments)
            .current_dir(self.0.path())
            .env_remove("AIO_RUNS")
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(self.path("stderr")).expect("created"))
            .spawn()
            .expect("starts")
    }

    fn stderr(&self) -> String {
        std::fs::read_to_string(self.path("stderr")).unwrap_or_default()
    }

    /// Runs a command to its end.
    fn finish(&self, case: &Case) {
        let status = self.start(case).wait().expect("ended");
        assert!(status.success(), "{}: {}", case.name, self.stderr());
    }

    /// Runs a command to its end; returns how long each phase took.
    fn time(&self, case: &Case) -> Vec<Duration> {
        let mut child = self.start(case);
        let mut lengths = vec![Duration::ZERO; case.phases.len()];
        let mut since = (0, Instant::now());
        loop {
            let status = child.try_wait().expect("waited");
            let reached = self.reached(case);
            if reached != since.0 || status.is_some() {
                lengths[since.0] += since.1.elapsed();
                since = (reached, Instant::now());
            }
            if let Some(status) = status {
                assert!(status.success(), "{}: {}", case.name, self.stderr());
                return lengths;
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Every file below `directory` that must not differ, by its name.
    fn contents(&self, directory: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut contents = BTreeMap::new();
        collect(self.0.path(), &self.path(directory), &mut contents);
        contents
    }

    /// The number of the phase that a command has reached.
    fn reached(&self, case: &Case) -> usize {
        let mut names = Vec::new();
        list(&self.path(case.output), &mut names);
        let is_there = |file: &str| names.iter().any(|name| name.ends_with(file));
        case.phases.iter().rposition(|(file, _)| is_there(file)).unwrap_or(0)
    }
}

fn list(directory: &Path, names: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        names.push(entry.path());
        if entry.path().is_dir() {
            list(&entry.path(), names);
        }
    }
}

/// What says when, by whom and how often something was done, and therefore differs. The page and the table of a report state the seconds of training.
fn differs(name: &str) -> bool {
    name.starts_with("lock")
        || name.starts_with("events.out")
        || ["index.html", "table.md"].contains(&name)
}

/// Keys of JSON files that depend on times, on the memory of a call, on what a call had left to do, or on the places of files on the disk.
const TIMES: [(&str, &[&str]); 3] = [
    ("result.json", &["train_seconds"]),
    (
        "manifest.json",
        &[
            "peak_memory",
            "predicted_memory",
            "predicted_flops",
            "predicted_seconds",
            "waiting_for_data",
            "seconds",
        ],
    ),
    ("data.json", &[]),
];

/// What must be the same in a file, of which the times are left out.
fn without_times(name: &str, bytes: Vec<u8>) -> Vec<u8> {
    let Some((_, times)) = TIMES.iter().find(|(file, _)| *file == name) else { return bytes };
    let mut document: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
    let object = document.as_object_mut().expect("an object");
    for key in times.iter().chain(&["checksum"]) {
        object.remove(*key);
    }
    let data = object.get_mut("data").and_then(serde_json::Value::as_object_mut);
    for of_dataset in data.into_iter().flatten().filter_map(|(_, value)| value.as_object_mut()) {
        of_dataset.remove("files");
    }
    document.to_string().into_bytes()
}

fn collect(root: &Path, directory: &Path, contents: &mut BTreeMap<PathBuf, Vec<u8>>) {
    let mut names = Vec::new();
    list(directory, &mut names);
    for path in names.into_iter().filter(|path| path.is_file()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        assert!(!name.ends_with(".tmp"), "{} is left", path.display());
        // The optimiser's file holds its entries in any order.
        let is_checkpoint = path
            .components()
            .any(|part| part.as_os_str().to_string_lossy().starts_with("checkpoint"));
        if differs(&name) || is_checkpoint {
            continue;
        }
        let bytes = without_times(&name, std::fs::read(&path).expect("read"));
        contents.insert(path.strip_prefix(root).expect("below").to_path_buf(), bytes);
    }
}

/// Waits until a command has reached a phase, then for a while. Returns its status if it ends before.
fn wait_for(
    desk: &Desk,
    case: &Case,
    child: &mut Child,
    phase: usize,
    wait: Duration,
) -> Option<ExitStatus> {
    let mut end = None;
    loop {
        if let Some(status) = child.try_wait().expect("waited") {
            return Some(status);
        }
        match end {
            None if desk.reached(case) >= phase => end = Some(Instant::now() + wait),
            Some(end) if Instant::now() >= end => return None,
            _ => std::thread::sleep(LOOK),
        }
    }
}

/// SIGKILL without another program in between, which takes longer than some phases.
fn send(signal: &str, child: &mut Child) {
    if signal == "-KILL" {
        child.kill().expect("killed");
    } else {
        let kill = Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(kill.expect("kill").success());
    }
}

/// The phases in which signals come: all in random order, then again.
fn phases(case: &Case, count: usize, random: &mut ChaCha8Rng) -> Vec<usize> {
    let mut drawn = Vec::new();
    while drawn.len() < count {
        let mut left: Vec<usize> = (0..case.phases.len()).collect();
        while !left.is_empty() && drawn.len() < count {
            drawn.push(left.swap_remove(random.random_range(0..left.len())));
        }
    }
    drawn
}

/// What became of the signals that a command got.
#[derive(Default)]
struct Report {
    /// By phase and signal.
    signals: BTreeMap<(&'static str, &'static str), usize>,
    /// Calls that ended with the expected bytes.
    finished: usize,
}

/// Compares what a command wrote with what it must write, and removes it.
fn check(desk: &Desk, case: &Case, expected: &BTreeMap<PathBuf, Vec<u8>>, report: &mut Report) {
    let found = desk.contents(case.output);
    for (name, bytes) in expected {
        assert!(found.get(name) == Some(bytes), "{}: {} differs", case.name, name.display());
    }
    assert_eq!(found.len(), expected.len(), "{}: other files", case.name);
    report.finished += 1;
    for directory in [case.output, "data"] {
        let _ = std::fs::remove_dir_all(desk.path(directory));
    }
}

/// Disturbs a command until it has got `count` signals of a kind, and compares what it wrote every time it comes to its end. Where the drawn phase is
/// over, the command first comes to its end: otherwise most signals would meet calls that only have to finish.
fn disturb(
    case: &Case,
    signal: &'static str,
    count: usize,
    random: &mut ChaCha8Rng,
    report: &mut Report,
) {
    let reference = Desk::new();
    let lengths = reference.time(case);
    let expected = reference.contents(case.output);
    assert!(!expected.is_empty(), "{}: nothing was written", case.name);
    let desk = Desk::new();
    let mut drawn = phases(case, count, random);
    while let Some(phase) = drawn.last().copied() {
        if desk.reached(case) > phase {
            desk.finish(case);
            check(&desk, case, &expected, report);
        }
        let mut child = desk.start(case);
        let before = desk.reached(case);
        // A call that continues must first come back to where the one before it was.
        let most = if before == phase && phase > 0 {
            lengths[0] + lengths[before]
        } else {
            lengths[phase]
        };
        let wait = most.mul_f64(random.random_range(0.0..1.0));
        let status = match wait_for(&desk, case, &mut child, phase, wait) {
            Some(status) => status,
            None => {
                let phase = case.phases[desk.reached(case)].1;
                send(signal, &mut child);
                drawn.pop();
                *report.signals.entry((phase, signal)).or_default() += 1;
                child.wait().expect("ended")
            }
        };
        match (status.code(), status.signal()) {
            (Some(0), _) => {
                check(&desk, case, &expected, report);
            }
            (Some(75), _) => {
                let text = desk.stderr();
                assert!(text.contains("stopped by a signal"), "{}: {text}", case.name);
            }
            // SIGKILL, and SIGTERM before the program watches for it.
            (None, Some(9 | 15)) => {}
            _ => panic!("{}: {status}: {}", case.name, desk.stderr()),
        }
    }
    desk.finish(case);
    check(&desk, case, &expected, report);
}

fn test(name: &str) {
    let number = std::env::var(SIGNALS).ok().map(|text| text.parse().expect("a number"));
    let count: usize = number.unwrap_or(FEW);
    let case = CASES.iter().find(|case| case.name == name).expect("a case");
    let mut random = rng(count as u64, name, 0);
    let mut report = Report::default();
    for signal in ["-KILL", "-TERM"] {
        disturb(case, signal, count, &mut random, &mut report);
    }
    eprintln!("{name}: {} calls came to their end with the same bytes", report.finished);
    for ((phase, signal), count) in report.signals {
        eprintln!("  {count} × SIG{} while {phase}", &signal[1..]);
    }
}

#[test]
fn a_killed_experiment_leaves_the_same_bytes() {
    test("experiment");
}

#[test]
fn a_killed_sweep_leaves_the_same_bytes() {
    test("sweep");
}

#[test]
fn a_killed_pre_training_leaves_the_same_bytes() {
    test("pretrain");
}

#[test]
fn a_killed_embedding_leaves_the_same_bytes() {
    test("embed");
}

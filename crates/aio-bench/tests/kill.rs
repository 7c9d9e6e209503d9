//! Commands that are killed and stopped at random moments, over and over, leave the same bytes as undisturbed ones.
//!
//! `just kill-test 50` sends 50 signals of each kind to each command. Without a number there are few.

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
            ("manifest.json", "finishing"),
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

    /// Every file below `directory` that must not differ, by its name.
    fn contents(&self, directory: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut contents = BTreeMap::new();
        collect(self.0.path(), &self.path(directory), &mut contents);
        contents
    }

    /// The phase that a command has reached.
    fn phase(&self, case: &Case) -> &'static str {
        let mut names = Vec::new();
        list(&self.path(case.output), &mut names);
        let reached = |file: &str| names.iter().any(|name| name.ends_with(file));
        let begun = case.phases.iter().rev().find(|(file, _)| reached(file));
        begun.map_or(case.phases[0].1, |(_, phase)| *phase)
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

/// What says when, by whom and how often something was done, and therefore differs.
fn differs(name: &str) -> bool {
    name.starts_with("lock")
        || name.starts_with("events.out")
        || ["manifest.json", "data.json", "index.html", "table.md"].contains(&name)
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
        let mut bytes = std::fs::read(&path).expect("read");
        if name == "result.json" {
            let mut result: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
            for key in ["train_seconds", "checksum"] {
                result.as_object_mut().expect("an object").remove(key);
            }
            bytes = result.to_string().into_bytes();
        }
        contents.insert(path.strip_prefix(root).expect("below").to_path_buf(), bytes);
    }
}

fn wait_until(child: &mut Child, end: Instant) -> Option<ExitStatus> {
    while Instant::now() < end {
        if let Some(status) = child.try_wait().expect("waited") {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    None
}

/// What became of the signals that a command got.
#[derive(Default)]
struct Report {
    /// By phase and signal.
    signals: BTreeMap<(&'static str, &'static str), usize>,
    /// Calls that ended with the expected bytes.
    finished: usize,
}

/// Disturbs a command until it has got `count` signals of a kind, and compares what it wrote every time it comes to its end.
fn disturb(
    case: &Case,
    signal: &'static str,
    count: usize,
    random: &mut ChaCha8Rng,
    report: &mut Report,
) {
    let reference = Desk::new();
    let begun = Instant::now();
    reference.finish(case);
    let duration = begun.elapsed();
    let expected = reference.contents(case.output);
    assert!(!expected.is_empty(), "{}: nothing was written", case.name);
    let desk = Desk::new();
    let mut sent = 0;
    while sent < count {
        let mut child = desk.start(case);
        let end = Instant::now() + duration.mul_f64(random.random_range(0.0..0.7));
        let status = match wait_until(&mut child, end) {
            Some(status) => status,
            None => {
                let phase = desk.phase(case);
                let kill = Command::new("kill").args([signal, &child.id().to_string()]).status();
                assert!(kill.expect("kill").success());
                sent += 1;
                *report.signals.entry((phase, signal)).or_default() += 1;
                child.wait().expect("ended")
            }
        };
        match (status.code(), status.signal()) {
            (Some(0), _) => {
                assert!(desk.contents(case.output) == expected, "{}: other bytes", case.name);
                report.finished += 1;
                for directory in [case.output, "data"] {
                    let _ = std::fs::remove_dir_all(desk.path(directory));
                }
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
    let found = desk.contents(case.output);
    for (name, bytes) in &expected {
        assert!(found.get(name) == Some(bytes), "{}: {} differs", case.name, name.display());
    }
    assert_eq!(found.len(), expected.len(), "{}: other files", case.name);
    report.finished += 1;
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

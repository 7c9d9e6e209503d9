//! The program as a user meets it: one experiment end to end, resume, and every kind of bad input.

use aio_data::picture;
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
        for folder in ["", "paper", "sweeps"] {
            let (from, to) = (source.join(folder), target.join(folder));
            std::fs::create_dir_all(&to).expect("create");
            for entry in
                std::fs::read_dir(from).expect("list").flatten().filter(|e| e.path().is_file())
            {
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
        let cells: Vec<PathBuf> = std::fs::read_dir(self.path(runs).join(experiment))
            .expect("runs")
            .flatten()
            .map(|e| e.path())
            .collect();
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
    for task in [
        "market1501.rgb-rgb",
        "sysu-mm01.infrared-rgb.all",
        "pku-sketch.sketch-rgb",
        "tri-cuhk-pedes.sketch+text-rgb",
    ] {
        assert!(table.contains(task), "{table}");
    }
    let run = desk.cell("runs", "smoke");
    for file in [
        "config.toml",
        "manifest.json",
        "metrics.jsonl",
        "result.json",
        "model/weights.safetensors",
        "model/README.md",
        "report/index.html",
        "report/table.md",
        "report/cmc.svg",
        "report/cmc.png",
        "report/loss.svg",
        "report/roc.svg",
        "report/tsne-identity.svg",
        "report/tsne-modality.png",
        "report/attention.png",
    ] {
        assert!(run.join(file).is_file(), "{file}");
    }
    let page = std::fs::read_to_string(run.join("report/index.html")).expect("page");
    assert!(
        !page.contains("http://www.") || page.contains("http://www.w3.org"),
        "the page needs no network"
    );
    assert!(page.matches("data:image/jpeg;base64,").count() >= 6);
    for kind in ["chosen", "best", "worst"] {
        assert!(
            page.contains(&format!("data-task=\"pku-sketch.sketch-rgb\" data-kind=\"{kind}\"")),
            "{kind}"
        );
    }
    let manifest: serde_json::Value = serde_json::from_str(
        &std::fs::read_to_string(run.join("manifest.json")).expect("manifest"),
    )
    .expect("JSON");
    for key in [
        "lock",
        "features",
        "seed",
        "data",
        "weights",
        "predicted_memory",
        "peak_memory",
        "threads",
    ] {
        assert!(!manifest[key].is_null(), "{key}");
    }
    assert_eq!(
        manifest["data"].as_object().map(serde_json::Map::len),
        Some(9),
        "every data set that was read has a fingerprint"
    );
    assert!(std::fs::read_dir(run.join("tensorboard")).expect("events").count() >= 1);
    let begun = Instant::now();
    assert_eq!(desk.succeed(&["experiment", "smoke"]), table);
    assert!(begun.elapsed() < Duration::from_secs(5));
    let json: serde_json::Value =
        serde_json::from_str(&desk.succeed(&["experiment", "smoke", "--json"]))
            .expect("one JSON document");
    for part in ["metrics", "baseline", "chance"] {
        let value = json[part]["cuhk-pedes.text-rgb.map"].as_f64().expect(part);
        assert!((0.0..=1.0).contains(&value));
    }
    let csv = desk.succeed(&["report", "smoke", "--format", "csv"]);
    assert!(
        csv.lines().filter(|l| !l.is_empty()).count() == 10 && csv.starts_with("task,seed,"),
        "{csv}"
    );
    assert!(leftovers(&desk.path("runs")).is_empty());
}

/// A short training without evaluation to speak of.
const SHORT: [&str; 4] =
    ["--set", "evaluation.tasks=[\"market1501.rgb-rgb\"]", "--set", "data.validation=0.0"];

#[cfg(unix)]
#[test]
fn a_stopped_run_continues_to_bit_identical_weights() {
    let desk = Desk::new();
    let arguments =
        |runs: &'static str| [&["experiment", "smoke", "--runs", runs][..], &SHORT].concat();
    desk.succeed(&arguments("whole"));
    let expected = std::fs::read(desk.cell("whole", "smoke").join("model/weights.safetensors"))
        .expect("weights");
    let mut child = desk
        .command(&arguments("parts"))
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("starts");
    let begun = Instant::now();
    loop {
        let lines = std::fs::read_dir(desk.path("parts").join("smoke"))
            .into_iter()
            .flatten()
            .flatten()
            .next();
        let metrics = lines
            .map(|c| c.path().join("seed-0/metrics.jsonl"))
            .and_then(|p| std::fs::read_to_string(p).ok())
            .unwrap_or_default();
        if metrics.lines().count() >= 3 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(300), "no step within five minutes");
        std::thread::sleep(Duration::from_millis(5));
    }
    let killed =
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill");
    assert!(killed.success());
    assert_eq!(
        child.wait().expect("exits").code(),
        Some(75),
        "stopped with a checkpoint, to be run again"
    );
    assert!(!desk.cell("parts", "smoke").join("result.json").exists());
    desk.succeed(&arguments("parts"));
    let run = desk.cell("parts", "smoke");
    assert!(
        std::fs::read(run.join("model/weights.safetensors")).expect("weights") == expected,
        "the weights differ"
    );
    let steps: Vec<u64> = std::fs::read_to_string(run.join("metrics.jsonl"))
        .expect("metrics")
        .lines()
        .map(|l| {
            serde_json::from_str::<serde_json::Value>(l).expect("JSON")["step"]
                .as_u64()
                .expect("step")
        })
        .collect();
    assert_eq!(steps, (0..steps.len() as u64).collect::<Vec<_>>(), "every step is logged once");
}

#[cfg(unix)]
#[test]
fn a_full_disk_while_writing_a_checkpoint_leaves_nothing_half_written() {
    let desk = Desk::new();
    desk.succeed(&[
        "experiment",
        "smoke",
        "--runs",
        "first",
        SHORT[0],
        SHORT[1],
        SHORT[2],
        SHORT[3],
    ]);
    // Files are limited to 1 MiB, less than a checkpoint; with the signal ignored, writing fails as on a full disk.
    let script = format!(
        "trap '' XFSZ; ulimit -f 2048; exec {} experiment smoke --runs limited {} '{}' {} {}",
        env!("CARGO_BIN_EXE_aio"),
        SHORT[0],
        SHORT[1],
        SHORT[2],
        SHORT[3]
    );
    let output =
        Command::new("sh").args(["-c", &script]).current_dir(desk.path("")).output().expect("sh");
    let text = refused(1, &output);
    assert!(text.contains("checkpoint"), "{text}");
    let run = desk.cell("limited", "smoke");
    assert!(leftovers(&run).is_empty(), "{:?}", leftovers(&run));
    assert!(std::fs::read_dir(run.join("checkpoint")).map_or(true, |mut d| d.next().is_none()));
    desk.succeed(&[
        "experiment",
        "smoke",
        "--runs",
        "limited",
        SHORT[0],
        SHORT[1],
        SHORT[2],
        SHORT[3],
    ]);
}

#[test]
fn bad_requests_name_what_is_wrong() {
    let desk = Desk::new();
    let text = desk.refused(2, &["experiment", "zero-shto"]);
    assert!(text.contains("did you mean `zero-shot`?"), "{text}");
    let text = desk.refused(2, &["experiment", "smoke", "--set", "train.identites=4"]);
    assert!(
        text.contains("unknown key `train.identites`") && text.contains("train.identities"),
        "{text}"
    );
    let text = desk.refused(2, &["experiment", "smoke", "--device", "cuda"]);
    assert!(text.contains("--features cuda"), "{text}");
    let text = desk.refused(2, &["experiment", "smoke", "--set", "train.tuples=many"]);
    assert!(text.contains("tuples"), "{text}");
    let text =
        desk.refused(2, &["experiment", "smoke", "--set", "model.weights=nowhere.safetensors"]);
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
    for part in [
        "weights/Meta-Transformer_base_patch16_encoder.pth",
        "datasets/SYNTH-PEDES",
        "bounding_box_train/",
        "imgs-sketch2/",
        "exp/test_id.txt",
        "idx/{train_vis",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_damaged_picture_is_named_before_anything_is_trained_on_it() {
    let desk = Desk::new();
    desk.succeed(&[
        "experiment",
        "smoke",
        "--runs",
        "first",
        SHORT[0],
        SHORT[1],
        SHORT[2],
        SHORT[3],
    ]);
    let picture = desk.path("datasets/synthetic-smoke/SYNTH-PEDES/Part1/0/0.jpg");
    let whole = std::fs::read(&picture).expect("rendered");
    std::fs::write(&picture, &whole[..200]).expect("truncate");
    let text = desk.refused(
        2,
        &["experiment", "smoke", "--runs", "second", SHORT[0], SHORT[1], SHORT[2], SHORT[3]],
    );
    assert!(text.contains("Part1/0/0.jpg"), "{text}");
    assert!(
        !desk
            .path("second")
            .join("smoke")
            .read_dir()
            .expect("runs")
            .flatten()
            .any(|c| c.path().join("seed-0/result.json").exists())
    );
}

#[test]
fn captions_become_77_ids_a_line() {
    let desk = Desk::new();
    let mut child = desk
        .command(&["tokenize", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let text = format!("a man in a red coat\n\n{}\n", "word ".repeat(100));
    std::io::Write::write_all(&mut child.stdin.take().expect("stdin"), text.as_bytes())
        .expect("write");
    let output = child.wait_with_output().expect("exits");
    let lines: Vec<Vec<u32>> = String::from_utf8(output.stdout)
        .expect("UTF-8")
        .lines()
        .map(|l| serde_json::from_str(l).expect("JSON"))
        .collect();
    assert!(lines.len() == 3 && lines.iter().all(|l| l.len() == 77));
    assert_eq!(lines[0][..8], [49406, 320, 786, 530, 320, 736, 7356, 49407]);
    assert_eq!(lines[1][..3], [49406, 49407, 0]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("3 captions, 1 cut off at 77 ids"), "{stderr}");
}

#[test]
fn a_sweep_runs_what_is_not_done_and_reports_what_is_missing() {
    let desk = Desk::new();
    let tasks = "tasks = [\"market1501.rgb-rgb\", \"cuhk-pedes.text-rgb\"]";
    let stage = "[[train.stages]]\nname = \"a\"\ndatasets = [\"synth-pedes\"]\nepochs = 1\nreal = [\"text\"]\nrate = 1e-3\nwarmup = 1\nfloor = 0.1\n";
    let smoke = "[data]\nroot = \"datasets/tiny\"\nsize = { synth_pedes = 12, llcm = 4, market_sketch = 4, test = 4, pku = 20 }\n[train]\nidentities = 4\n";
    std::fs::write(desk.path("tiny.toml"), format!("{smoke}{stage}[evaluation]\n{tasks}\n"))
        .expect("write");
    let sweep = format!(
        "base = \"tiny.toml\"\nseeds = [0, 1]\n[axes]\n\"losses.binding\" = [1.0, 0.5]\n[report]\n{tasks}\n"
    );
    std::fs::write(desk.path("sweep.toml"), &sweep).expect("write");
    let plan = desk.succeed(&["sweep", "plan", "sweep.toml"]);
    assert!(
        plan.matches("| fresh |").count() == 4
            && plan.contains("2 cells, 2 seeds: 0 of 4 runs done"),
        "{plan}"
    );
    let checked = desk.succeed(&["sweep", "check", "sweep.toml"]);
    assert!(checked.lines().count() == 4 && checked.contains("losses.binding=0.5"), "{checked}");
    // Minutes and memory: predicted for every run now, and measured of what has run.
    let predicted = checked
        .lines()
        .nth(2)
        .and_then(|row| row.split(" | ").skip(4).collect::<Vec<_>>().join(" | ").into())
        .expect("a row");
    let plan = desk.succeed(&["sweep", "plan", "sweep.toml"]);
    assert!(
        predicted.starts_with('~') && plan.contains(&predicted) && plan.matches('~').count() == 9,
        "{plan}"
    );
    let half = desk.succeed(&["sweep", "run", "sweep.toml", "--shard", "0/2"]);
    assert!(half.contains("2 of 4 runs done") && half.matches('~').count() == 5, "{half}");
    let table = desk.succeed(&["report", "sweep.toml"]);
    assert!(
        table.contains("| losses.binding=1.0 | 2 | ")
            && table.contains("| losses.binding=0.5 | 0 | – | – |"),
        "{table}"
    );
    assert!(
        table.contains("| untrained encoder |  | ") && table.contains("| chance |  | "),
        "{table}"
    );
    let id = plan
        .lines()
        .find(|l| l.contains("binding=0.5"))
        .and_then(|l| l.split(' ').nth(1))
        .expect("an id")
        .to_owned();
    let done = desk.succeed(&["sweep", "run", "sweep.toml", "--only", &id]);
    assert!(done.contains("4 of 4 runs done"), "{done}");
    let latex = desk.succeed(&["report", "sweep.toml", "--format", "latex"]);
    assert!(
        latex.contains("\\begin{tabular}{lrrr}")
            && latex.contains("\\textbf{")
            && latex.contains("$\\pm$"),
        "{latex}"
    );
    let named = sweep.replace(
        "[axes]\n\"losses.binding\"",
        "[[zip]]\nlabel = [\"with, all\", \"half\"]\n\"losses.binding\"",
    );
    let quoted = "\n[[report.quoted]]\nname = \"Somebody\"\ncitation = \"Some paper\"\nvalues = { \"market1501.rgb-rgb\" = 99.9 }\n[slurm]\npartition = \"gpu\"\n";
    std::fs::write(desk.path("named.toml"), named + quoted).expect("write");
    let table = desk.succeed(&["report", "named.toml", "--plots", "figures"]);
    assert!(
        table.contains("| with, all | 2 | ")
            && table.contains("| Somebody † |  | 99.9 | – |")
            && table.contains("Somebody: Some paper"),
        "{table}"
    );
    assert!(
        !table.contains("**99.9**")
            && desk.path("figures/named.svg").is_file()
            && desk.path("figures/named.png").is_file()
    );
    assert_eq!(desk.succeed(&["sweep", "slurm", "named.toml"]), "every run is done\n");
    let csv = desk.succeed(&["report", "named.toml", "--format", "csv"]);
    assert!(csv.contains("\"with, all\",2,"), "{csv}");
    // What is not done goes into the array; a checkpoint of another configuration is no start for a run.
    let run = desk.path(&format!("runs/tiny/{id}/seed-1"));
    std::fs::remove_file(run.join("result.json")).expect("remove");
    let script = desk.succeed(&["sweep", "slurm", "named.toml", "--dry-run"]);
    assert!(
        script.contains("#SBATCH --array=3\n")
            && script.contains("#SBATCH --partition=gpu\n")
            && script.contains("--shard \"$SLURM_ARRAY_TASK_ID/4\""),
        "{script}"
    );
    let config = std::fs::read_to_string(run.join("config.toml")).expect("config");
    std::fs::write(run.join("config.toml"), config.replace("binding = 0.5", "binding = 0.25"))
        .expect("write");
    let status = desk.succeed(&["sweep", "status", "named.toml"]);
    assert!(status.contains("| incompatible (losses.binding: 0.25 → 0.5) |"), "{status}");
    let html = desk.succeed(&["report", "tiny", "--format", "html"]);
    assert!(html.contains("<td>market1501.rgb-rgb</td>"), "{html}");

    std::fs::write(desk.path("sweep.toml"), sweep.replace("losses.binding", "losses.bindng"))
        .expect("write");
    assert!(
        desk.refused(2, &["sweep", "plan", "sweep.toml"]).contains("unknown key `losses.bindng`")
    );
    std::fs::write(desk.path("sweep.toml"), sweep.replace("[1.0, 0.5]", "[1.0, 1.0]"))
        .expect("write");
    assert!(desk.refused(2, &["sweep", "plan", "sweep.toml"]).contains("are the same experiment"));
    // A cell that fails says why, and stays failed until it is run again.
    std::fs::write(
        desk.path("sweep.toml"),
        sweep.replace("\"losses.binding\" = [1.0, 0.5]", "\"train.identities\" = [4, 12]"),
    )
    .expect("write");
    assert!(
        desk.refused(2, &["sweep", "check", "sweep.toml"])
            .contains("train.identities=12): cannot sample batches")
    );
    desk.refused(2, &["sweep", "run", "sweep.toml"]);
    let status = desk.succeed(&["sweep", "status", "sweep.toml"]);
    assert!(status.contains("failed (cannot sample batches"), "{status}");
}

#[test]
fn what_ablations_switch_runs_and_counts() {
    let desk = Desk::new();
    let tasks = "evaluation.tasks=[\"market1501.rgb-rgb\", \"sysu-mm01.infrared-rgb.all\", \"pku-sketch.sketch-rgb\"]";
    let base = ["experiment", "smoke", "--json", "--set", tasks];
    let stage = |more: &str| {
        format!(
            "train.stages=[{{ name = \"a\", datasets = [\"synth-pedes\", \"market-sketch-1k\"], epochs = 1, real = [\"text\", \"sketch\"], rate = 1e-3, warmup = 1, floor = 0.1{more} }}]"
        )
    };
    let result = |settings: &[&str]| -> serde_json::Value {
        let settings = settings.iter().flat_map(|s| ["--set", s]);
        serde_json::from_str(&desk.succeed(&base.into_iter().chain(settings).collect::<Vec<_>>()))
            .expect("JSON")
    };
    let plain = result(&[&stage("")]);
    let steps = |result: &serde_json::Value| result["steps"].as_u64().expect("steps");
    let metrics = |settings: &[&str]| result(settings)["metrics"].clone();
    // Blocks computed again are the same cell, so the first result is what comes back.
    assert_eq!(result(&[&stage(""), "train.recompute=true"])["cell"], plain["cell"]);
    let random = result(&[&stage(""), "model.encoder=random"]);
    assert_ne!(random["baseline"], plain["baseline"], "a random encoder");
    assert_ne!(
        metrics(&[&stage(""), "model.encoder=trained", "train.recompute=true"]),
        plain["metrics"],
        "a trained encoder"
    );
    assert!(
        steps(&result(&[&stage(""), "data.fraction=0.5"])) < steps(&plain),
        "half of the people"
    );
    assert_ne!(
        metrics(&[&stage(", synthesise = [\"infrared\"]")]),
        plain["metrics"],
        "sketches that are not made"
    );
    let whole = "train.stages=[{ name = \"a\", datasets = [\"market1501\"], epochs = 1, real = [], rate = 1e-3, warmup = 1, floor = 0.1, whole = true }]";
    // Held-out people of a data set whose photographs stand alone are validated on, too.
    let other = whole.replace("market1501", "llcm");
    let best = result(&[&other, "data.validation=0.3", "train.select=best"]);
    assert!(best["metrics"]["market1501.rgb-rgb.map"].as_f64().is_some_and(|map| map > 0.0));
    let refused = desk.refused(2, &base.into_iter().chain(["--set", whole]).collect::<Vec<_>>());
    assert!(refused.contains("market1501 as a whole shows people of market1501"), "{refused}");
    let refused = desk.refused(
        2,
        &base.into_iter().chain(["--set", &stage(", synthesise = [\"text\"]")]).collect::<Vec<_>>(),
    );
    assert!(refused.contains("holds text, which cannot be made from a photograph"), "{refused}");
    let refused = desk.refused(
        2,
        &base
            .into_iter()
            .chain(["--set", "data.lines=weights/contour_style.pth"])
            .collect::<Vec<_>>(),
    );
    assert!(
        refused.contains("line generator: weights/contour_style.pth")
            && refused.contains("carolineec/informative-drawings"),
        "{refused}"
    );
    std::fs::create_dir_all(desk.path("weights")).expect("create");
    let generator =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../aio-model/tests/golden/lines.pth");
    std::fs::copy(generator, desk.path("weights/small.pth")).expect("copy");
    let drawn = result(&[&stage(""), "data.lines=weights/small.pth"]);
    assert!(
        drawn["cell"] != plain["cell"] && drawn["metrics"] != plain["metrics"],
        "sketches drawn by another hand"
    );
}

#[test]
fn encoders_of_other_sizes_and_stems_are_pre_trained_and_compared() {
    let desk = Desk::new();
    let short = [
        "pretrain",
        "--steps",
        "2",
        "--pictures-first",
        "1",
        "--company-steps",
        "1",
        "--corpus",
        "8",
        "--batch",
        "4",
    ];
    // Every form that the sweeps name, none at its size.
    for (name, recipe) in [
        ("reference", &["--depth", "1", "--width", "32"][..]),
        ("small", &["--depth", "1", "--width", "64"]),
        ("large", &["--depth", "2", "--width", "32"]),
        ("batch", &["--depth", "1", "--width", "32", "--stem", "batch"]),
        ("patch", &["--depth", "1", "--width", "32", "--stem", "patch"]),
    ] {
        desk.succeed(&[&short[..], recipe, &["--out", &format!("runs/pretrain/{name}")]].concat());
    }
    for name in ["size", "stem"] {
        let file = format!("experiments/sweeps/{name}.toml");
        let plan = desk.succeed(&["sweep", "plan", &file]);
        assert!(plan.contains(" of ") && plan.contains("| fresh |"), "{plan}");
    }
    let short_run =
        "\"evaluation.tasks\" = [[\"market1501.rgb-rgb\"]]\n\"data.validation\" = [0.0]\n";
    let weights = "\"model.weights\" = [\"runs/pretrain/patch/embedded.safetensors\", \"runs/pretrain/small/embedded.safetensors\"]\n";
    let two = format!(
        "base = \"experiments/smoke.toml\"\n[[zip]]\nlabel = [\"patch\", \"small\"]\n{weights}[axes]\n{short_run}"
    );
    std::fs::write(desk.path("two.toml"), two).expect("write");
    assert!(
        desk.succeed(&["sweep", "run", "two.toml", "--shard", "0/2"]).contains("1 of 2 runs done")
    );
    let with_weights = desk.succeed(&["report", "two.toml"]);
    assert!(
        with_weights.contains(" patch | 1 | ") && with_weights.contains(" small | 0 | – |"),
        "{with_weights}"
    );
    let other = desk.refused(
        2,
        &[&short[..], &["--depth", "1", "--width", "96", "--out", "runs/pretrain/small"]].concat(),
    );
    assert!(other.contains("runs/pretrain/small holds checkpoints of another recipe"), "{other}");
    let odd = desk.refused(2, &[&short[..], &["--width", "100", "--out", "runs/odd"]].concat());
    assert!(odd.contains("4 blocks of width 100"), "{odd}");
    // A report needs results and the configurations beside them, and no weights; everything else names what is not there.
    std::fs::remove_dir_all(desk.path("runs/pretrain")).expect("remove");
    assert_eq!(desk.succeed(&["report", "two.toml"]), with_weights);
    let missing = desk.refused(2, &["sweep", "plan", "experiments/sweeps/size.toml"]);
    assert!(
        missing.contains("weights: runs/pretrain/small/embedded.safetensors")
            && missing.contains("docs/weights.md"),
        "{missing}"
    );
}

/// Pictures of one colour each, named by number.
fn coloured(desk: &Desk, folder: &str, count: u8) -> Vec<PathBuf> {
    std::fs::create_dir_all(desk.path(folder)).expect("create");
    (0..count)
        .map(|i| {
            let path = desk.path(&format!("{folder}/{i:03}.png"));
            let pixel = |x: u32, y: u32| {
                image::Rgb([
                    i.wrapping_mul(53),
                    (4 * y) as u8,
                    i.wrapping_mul(17).wrapping_add(3 * x as u8),
                ])
            };
            image::RgbImage::from_fn(48, 96, pixel).save(&path).expect("a picture");
            path
        })
        .collect()
}

/// The features of a feature file.
fn features(desk: &Desk, name: &str) -> Vec<f32> {
    let bytes = std::fs::read(desk.path(name)).expect("features");
    let file = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
    let view = file.tensor("features").expect("features");
    view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

#[test]
fn embedding_is_what_the_library_gives_and_continues_after_an_error() {
    use aio_model::Extractor;
    use aio_types::Observation;
    let desk = Desk::new();
    let files = coloured(&desk, "gallery", 5);
    std::fs::write(
        desk.path("captions.txt"),
        "A woman in a red coat.\n\nA man with a black backpack.\n",
    )
    .expect("write");
    let embed = ["embed", "gallery", "--captions", "captions.txt", "--output", "out/f.safetensors"];
    assert!(desk.succeed(&embed).contains("out/f.safetensors [7, 128]"));
    let extractor = Extractor::embedded(&burn::tensor::Device::flex()).expect("embedded");
    let size = extractor.preprocessing().size();
    let pictures = files.iter().map(|f| Observation {
        pictures: vec![(aio_types::Modality::Rgb, picture::open(f, size).expect("a picture"))],
        caption: None,
    });
    let captions = ["A woman in a red coat.", "A man with a black backpack."]
        .map(|c| Observation { caption: Some(c.into()), ..Observation::default() });
    let expected: Vec<f32> = extractor
        .embed(&pictures.chain(captions).collect::<Vec<_>>())
        .expect("embedded")
        .into_iter()
        .flatten()
        .collect();
    let found = features(&desk, "out/f.safetensors");
    assert!(
        found.len() == expected.len()
            && found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-5)
    );
    assert!(leftovers(&desk.path("out")).is_empty() && !desk.path("out/f.partial").exists());

    // 300 pictures are two blocks; one of the second is damaged.
    let files = coloured(&desk, "many", 255);
    let more = coloured(&desk, "many/more", 45);
    let whole = std::fs::read(&more[9]).expect("read");
    std::fs::write(&more[9], &whole[..30]).expect("write");
    let embed = ["embed", "many", "--output", "many.safetensors"];
    assert!(desk.refused(2, &embed).contains("009.png"));
    assert!(
        desk.path("many.partial").metadata().expect("what was done is kept").len() > 0
            && !desk.path("many.safetensors").exists()
    );
    std::fs::write(&more[9], whole).expect("write");
    desk.succeed(&embed);
    assert_eq!(features(&desk, "many.safetensors").len(), (files.len() + more.len()) * 128);
    desk.succeed(&["embed", "many/more", "--output", "part.safetensors"]);
    let (all, part) = (features(&desk, "many.safetensors"), features(&desk, "part.safetensors"));
    assert!(
        all[255 * 128..].iter().zip(&part).all(|(a, b)| (a - b).abs() < 1e-5),
        "what is embedded beside does not matter"
    );
}

#[test]
fn lists_of_people_carry_their_labels_into_scores() {
    let desk = Desk::new();
    coloured(&desk, "p", 4);
    let rows = "rgb,sketch,text,identity,camera\np/000.png,p/001.png,A man.,1,1\np/002.png,,,1,2\n,,A tall woman.,2,1\np/003.png,,A tall woman.,2,2\n";
    std::fs::write(desk.path("people.csv"), rows).expect("write");
    desk.succeed(&["embed", "--list", "people.csv", "--output", "f.safetensors"]);
    let json = desk.succeed(&[
        "score",
        "--query",
        "f.safetensors",
        "--gallery",
        "f.safetensors",
        "--protocol",
        "market1501",
        "--json",
    ]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((json["queries"].as_u64(), json["skipped"].as_u64()), (Some(4), Some(0)));
    for (text, expected) in [
        ("rgb,age\np/000.png,3\n", "row 1: unknown column `age`"),
        ("rgb,identity\np/000.png,x\n", "row 2: `identity` is `x`"),
        ("rgb,identity\n,4\n", "row 2: holds neither a picture nor a text"),
        ("rgb\np/009.png\n", "p/009.png"),
    ] {
        std::fs::write(desk.path("people.csv"), text).expect("write");
        let refused =
            desk.refused(2, &["embed", "--list", "people.csv", "--output", "g.safetensors"]);
        assert!(refused.contains(expected), "{refused}");
    }
    assert!(desk.refused(2, &["embed", "--output", "g.safetensors"]).contains("nothing to embed"));
}

#[test]
fn a_gallery_is_searched_with_any_combination() {
    let desk = Desk::new();
    let files = coloured(&desk, "gallery", 6);
    let same = files[3].display().to_string();
    let search = |more: &[&str]| desk.succeed(&[&["search", "gallery", "--json"], more].concat());
    let json: serde_json::Value =
        serde_json::from_str(&search(&["--rgb", &same, "--top", "3"])).expect("JSON");
    assert_eq!(json["results"].as_array().map(Vec::len), Some(3));
    assert_eq!(json["results"][0]["path"], "gallery/003.png");
    assert!((json["results"][0]["similarity"].as_f64().expect("a number") - 1.0).abs() < 1e-4);
    let mixed = search(&[
        "--sketch",
        &same,
        "--text",
        "A man in a yellow shirt.",
        "--infrared",
        &same,
        "--picture",
        "list.png",
    ]);
    assert!(
        mixed.contains("\"text\": \"A man in a yellow shirt.\"")
            && mixed.contains("\"gallery\": 6"),
        "{mixed}"
    );
    assert!(image::open(desk.path("list.png")).is_ok_and(|p| p.width() > 400));
    desk.succeed(&["embed", "gallery", "--output", "g.safetensors"]);
    let stored = desk.succeed(&["search", "g.safetensors", "--rgb", &same]);
    assert!(stored.contains("| 1 | 1.0000 | gallery/003.png |"), "{stored}");
    assert!(desk.refused(2, &["search", "gallery"]).contains("nothing to look for"));
    let weights = checkpoint("open-clip.safetensors");
    desk.succeed(&[
        "weights",
        "convert",
        &weights,
        "--output",
        "own.safetensors",
        "--height",
        "64",
        "--width",
        "32",
        "--heads",
        "2",
    ]);
    let other =
        desk.refused(2, &["search", "g.safetensors", "--rgb", &same, "--model", "own.safetensors"]);
    assert!(other.contains("the gallery was embedded with `embedded`"), "{other}");
}

/// A checkpoint of another project, from the tests of aio-model.
fn checkpoint(name: &str) -> String {
    format!("{}/../aio-model/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn blocks_of_another_project_encode_tokens_as_its_own_code_does() {
    // scripts/golden/checkpoints.py
    let desk = Desk::new();
    let golden = std::fs::read(checkpoint("expected.safetensors")).expect("golden");
    let golden = safetensors::SafeTensors::deserialize(&golden).expect("safetensors");
    let tokens = golden.tensor("tokens").expect("tokens");
    std::fs::write(
        desk.path("tokens.safetensors"),
        safetensors::serialize([("tokens", tokens)], None).expect("serialise"),
    )
    .expect("write");
    let weights = checkpoint("meta-transformer.pth");
    let encode = [
        "encode",
        "--weights",
        &weights,
        "--input",
        "tokens.safetensors",
        "--output",
        "features.safetensors",
        "--heads",
    ];
    assert!(desk.succeed(&[&encode[..], &["2"]].concat()).contains("[2, 5, 32], 2 blocks"));
    let written = std::fs::read(desk.path("features.safetensors")).expect("features");
    let written = safetensors::SafeTensors::deserialize(&written).expect("safetensors");
    let floats = |bytes: &[u8]| {
        bytes
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect::<Vec<f32>>()
    };
    let (ours, theirs) = (
        written.tensor("features").expect("features"),
        golden.tensor("meta-transformer").expect("output"),
    );
    assert_eq!(ours.shape(), theirs.shape());
    assert!(
        floats(ours.data()).iter().zip(floats(theirs.data())).all(|(a, b)| (a - b).abs() < 1e-4)
    );
    assert!(
        desk.refused(2, &[&encode[..], &["5"]].concat())
            .contains("5 heads do not divide a width of 32")
    );
    let embedded = [
        "encode",
        "--weights",
        "embedded",
        "--input",
        "tokens.safetensors",
        "--output",
        "x.safetensors",
    ];
    assert!(desk.refused(2, &embedded).contains("has tokens of width 32"));
}

#[test]
fn weights_are_listed_inspected_and_converted_and_calls_are_refused() {
    let desk = Desk::new();
    let list = desk.succeed(&["weights", "list"]);
    assert!(
        list.contains("Meta-Transformer_base_patch16_encoder.pth: not there")
            && list.contains("Apache-2.0"),
        "{list}"
    );
    // A published name tells what no tensor tells: DINO's pictures have ImageNet's statistics, and timm's, of the same layout, have others.
    std::fs::create_dir_all(desk.path("weights")).expect("create");
    std::fs::copy(checkpoint("dino.pth"), desk.path("weights/dino_vitbase16_pretrain.pth"))
        .expect("copy");
    let bytes = std::fs::read(desk.path("weights/dino_vitbase16_pretrain.pth")).expect("bytes");
    let listed = desk.succeed(&["weights", "list"]);
    assert!(
        listed.contains("dino_vitbase16_pretrain.pth: there")
            && listed.contains(&aio_encoder::weights::sha256(&bytes)),
        "{listed}"
    );
    for (file, mean) in
        [("weights/dino_vitbase16_pretrain.pth".to_owned(), 0.485), (checkpoint("dino.pth"), 0.5)]
    {
        desk.succeed(&[
            "weights",
            "convert",
            &file,
            "--output",
            "dino.safetensors",
            "--height",
            "32",
            "--width",
            "32",
            "--heads",
            "2",
        ]);
        let converted =
            aio_encoder::weights::Weights::open(&desk.path("dino.safetensors")).expect("weights");
        let preprocessing: aio_encoder::weights::Preprocessing =
            converted.metadata("preprocessing").expect("preprocessing");
        assert_eq!(preprocessing.mean[0], mean, "{file}");
    }
    let inspected =
        desk.succeed(&["weights", "inspect", &checkpoint("open-clip.safetensors"), "--heads", "2"]);
    for expected in [
        "layout clip",
        "2 blocks of width 32, 2 heads, MLP 128",
        "ln_pre true",
        "visual.conv1.weight → tokenizers.rgb.proj.weight",
        "unused     logit_scale",
    ] {
        assert!(inspected.contains(expected), "{inspected}\nlacks {expected}");
    }
    let convert = [
        "weights",
        "convert",
        &checkpoint("dinov2.safetensors"),
        "--output",
        "own.safetensors",
        "--height",
        "64",
        "--width",
        "32",
        "--heads",
        "2",
    ];
    assert!(desk.succeed(&convert).contains("fresh"));
    assert!(
        desk.succeed(&["weights", "inspect", "own.safetensors"])
            .contains("a weights file of this project")
    );
    let call = desk.refused(2, &["weights", "inspect", &checkpoint("call.pth")]);
    assert!(
        call.contains("print`, which is no part of a state dict")
            && !call.contains("must never be printed"),
        "{call}"
    );
    let wrong = desk.refused(
        2,
        &[
            "weights",
            "convert",
            &checkpoint("dino.pth"),
            "--output",
            "x.safetensors",
            "--height",
            "60",
            "--width",
            "32",
        ],
    );
    assert!(wrong.contains("60 × 32") && !desk.path("x.safetensors").exists(), "{wrong}");
    let weights = checkpoint("open-clip.safetensors");
    let plain = [
        "weights",
        "convert",
        &weights,
        "--output",
        "plain.safetensors",
        "--height",
        "64",
        "--width",
        "32",
        "--heads",
        "2",
        "--stems",
    ];
    assert!(
        desk.succeed(&[&plain[..], &["fresh-batch"]].concat())
            .contains("fresh      tokenizers.rgb.layers.0.norm.running_mean")
    );
    assert!(
        desk.refused(2, &[&plain[..], &["fresh-bath"]].concat())
            .contains("unknown variant `fresh-bath`, expected one of `from-checkpoint`")
    );
}

#[test]
fn an_experiment_starts_from_a_checkpoint_of_another_project() {
    let desk = Desk::new();
    let weights = format!("model.weights={}", checkpoint("open-clip.safetensors"));
    let settings = [
        "--set",
        &weights,
        "--set",
        "model.heads=2",
        "--set",
        "model.height=64",
        "--set",
        "model.width=32",
    ];
    let output = desk.run(&[&["experiment", "smoke"][..], &SHORT, &settings].concat());
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("layout clip") && text.contains("fresh      tokenizers.text.positions"),
        "{text}"
    );
    let wrong = desk.refused(
        2,
        &[&["experiment", "smoke"][..], &settings, &["--set", "model.width=30"]].concat(),
    );
    assert!(wrong.contains("64 × 30"), "{wrong}");
}

/// Writes small pictures.
fn pictures(desk: &Desk, names: &[&str]) {
    for name in names {
        let path = desk.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("create");
        image::RgbImage::from_pixel(8, 16, image::Rgb([90, 60, 30])).save(path).expect("a picture");
    }
}

#[test]
fn a_data_set_is_compared_with_what_was_published() {
    let desk = Desk::new();
    let market = "datasets/Market-1501-v15.09.15";
    let files = [
        "bounding_box_train/0002_c1s1_1_0.jpg",
        "bounding_box_test/0001_c1s1_1_0.jpg",
        "query/0001_c1s1_1_0.jpg",
        "query/0009_c1s1_1_0.jpg",
    ];
    pictures(
        &desk,
        &files.each_ref().map(|f| format!("{market}/{f}")).each_ref().map(String::as_str),
    );
    let broken = desk.path(&format!("{market}/bounding_box_test/0003_c1s1_1_0.jpg"));
    let whole = std::fs::read(desk.path(&format!("{market}/{}", files[1]))).expect("read");
    std::fs::write(&broken, &whole[..whole.len() / 2]).expect("write");
    let output = desk.run(&["data", "check", "market1501"]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stdout);
    for expected in [
        "| query | rgb | 2 | 3368 | 2 | 750 |",
        "query rgb: 2 samples of 2 people; published are 3368 of 750 people",
        "1 of 5 pictures cannot be decoded",
        "0003_c1s1_1_0.jpg",
        "2 of 2 queries have no match and count nowhere: 1 show people whom the gallery does not show; of 1 the protocol `market1501` hides every match (entries of the same identity and camera)",
        "market-sketch-1k",
    ] {
        assert!(text.contains(expected), "{text}\nlacks {expected}");
    }
    let json: serde_json::Value =
        serde_json::from_slice(&desk.run(&["data", "check", "market1501", "--json"]).stdout)
            .expect("JSON");
    assert_eq!(json["unreadable"].as_array().map(Vec::len), Some(1));
    std::fs::rename(desk.path(&format!("{market}/query")), desk.path(&format!("{market}/querry")))
        .expect("rename");
    let missing = desk.refused(2, &["data", "check", "market1501"]);
    assert!(
        missing.contains("found in")
            && missing.contains("querry/")
            && missing.contains("rename it to query"),
        "{missing}"
    );
    assert!(
        desk.refused(2, &["data", "check", "market1502"]).contains("did you mean `market1501`?")
    );
    assert!(desk.succeed(&["data", "list"]).contains("Market-1501-v15.09.15"));
}

#[test]
fn one_s_own_table_is_a_data_set_like_any_other() {
    let desk = Desk::new();
    pictures(&desk, &["datasets/shop/a.jpg", "datasets/shop/b.jpg"]);
    let table = "path,identity,camera,modality,split\na.jpg,1,1,rgb,query\nb.jpg,1,2,rgb,gallery\n";
    std::fs::write(desk.path("datasets/shop/shop.csv"), table).expect("write");
    let text = desk.succeed(&["data", "check", "table:shop"]);
    assert!(
        text.contains("| gallery | rgb | 1 | – | 1 | – |") && text.contains("nothing is wrong"),
        "{text}"
    );
    std::fs::write(desk.path("datasets/shop/shop.csv"), table.replace("b.jpg,1", "b.jpg,one"))
        .expect("write");
    assert!(
        desk.refused(2, &["data", "check", "table:shop"])
            .contains("shop.csv, row 3: `identity` is `one`")
    );
}

#[test]
fn testing_on_people_of_the_training_data_is_refused_unless_it_is_wanted() {
    let desk = Desk::new();
    let file = "[data]\nsynthetic = false\n[[train.stages]]\nname = \"a\"\ndatasets = [\"market-sketch-1k\"]\nepochs = 1\nreal = []\nrate = 1e-3\nwarmup = 1\nfloor = 0.1\n[evaluation]\ntasks = [\"market1501.rgb-rgb\"]\n";
    std::fs::write(desk.path("leak.toml"), file).expect("write");
    let refused = desk.refused(2, &["experiment", "leak.toml"]);
    assert!(
        refused.contains("market-sketch-1k shows people of market1501")
            && refused.contains("data.allow_leakage = true"),
        "{refused}"
    );
    let allowed = desk.refused(2, &["experiment", "leak.toml", "--set", "data.allow_leakage=true"]);
    assert!(
        allowed.contains("warning: data.allow_leakage is set")
            && allowed.contains("Market-1501-v15.09.15"),
        "{allowed}"
    );
}

#[test]
fn ties_and_open_sets_are_scored_on_request() {
    let desk = Desk::new();
    let (query, gallery) = (golden("query.safetensors"), golden("gallery.safetensors"));
    let base =
        ["score", "--query", &query, "--gallery", &gallery, "--protocol", "market1501", "--json"];
    let score = |more: &[&str]| {
        serde_json::from_str::<serde_json::Value>(&desk.succeed(&[&base[..], more].concat()))
            .expect("JSON")
    };
    assert!(score(&[]).get("open_set").is_none());
    let found = score(&["--open-set", "0.01,0.1"]);
    let at =
        |i: usize| found["open_set"]["verification"][i]["true_accepts"].as_f64().expect("a rate");
    assert!(0.0 < at(0) && at(0) < at(1) && at(1) <= 1.0, "{found}");
    assert_eq!(found["open_set"]["impostor_queries"], 0);
    // No two distances are equal there: the bounds meet.
    assert_eq!(score(&["--ties", "optimistic"])["map"], score(&["--ties", "pessimistic"])["map"]);
    assert!(
        desk.refused(2, &[&base[..], &["--open-set", "2"]].concat())
            .contains("false accept rate 2")
    );
}

/// A file of the golden feature files.
fn golden(name: &str) -> String {
    format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn scores_agree_with_the_reference_evaluators() {
    // scripts/golden/score.py wrote the features and what torchreid and the published definitions say of them.
    let desk = Desk::new();
    let text = std::fs::read_to_string(golden("score.json")).expect("golden scores");
    let expected: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&text).expect("JSON");
    assert_eq!(expected.len(), 12);
    let (query, gallery) = (golden("query.safetensors"), golden("gallery.safetensors"));
    for (case, expected) in &expected {
        let words: Vec<&str> = case.split(' ').collect();
        let mut arguments = vec![
            "score",
            "--query",
            &query,
            "--gallery",
            &gallery,
            "--json",
            "--protocol",
            words[0],
            "--metric",
            words[1],
        ];
        for word in &words[2..] {
            arguments.extend(if *word == "trapezoid" {
                ["--ap", "trapezoid"]
            } else {
                ["--rerank", *word]
            });
        }
        let found: serde_json::Value =
            serde_json::from_str(&desk.succeed(&arguments)).expect("JSON");
        assert_eq!(found["protocol"], words[0]);
        for count in ["queries", "skipped", "gallery"] {
            assert_eq!(found[count], expected[count], "{case}: {count}");
        }
        let tolerance = if case.contains("k1") { 1e-5 } else { 1e-6 };
        let near = |a: &serde_json::Value, b: &serde_json::Value, what: &str| {
            let (a, b) = (a.as_f64().expect("a number"), b.as_f64().expect("a number"));
            assert!((a - b).abs() < tolerance, "{case}: {what} is {a}, expected {b}");
        };
        near(&found["map"], &expected["map"], "map");
        near(&found["minp"], &expected["minp"], "minp");
        for k in ["1", "5", "10", "20"] {
            near(&found["rank"][k], &expected["rank"][k], k);
        }
    }
}

#[test]
fn feature_files_of_numpy_score_like_those_of_safetensors() {
    let desk = Desk::new();
    let values: Vec<f32> = (0..30).map(|i| (i as f32 * 1.7).sin()).collect();
    let ids: Vec<i64> = (0..10).map(|i| i % 3).collect();
    let features = ndarray::Array2::from_shape_vec((10, 3), values.clone()).expect("shape");
    ndarray_npy::write_npy(desk.path("single.npy"), &features).expect("write");
    ndarray_npy::write_npy(desk.path("double.npy"), &features.mapv(f64::from)).expect("write");
    for name in ["single.ids.npy", "double.ids.npy"] {
        ndarray_npy::write_npy(desk.path(name), &ndarray::Array1::from(ids.clone()))
            .expect("write");
    }
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let id_bytes: Vec<u8> = ids.iter().flat_map(|v| v.to_le_bytes()).collect();
    let view = |dtype, shape: &[usize], bytes| {
        safetensors::tensor::TensorView::new(dtype, shape.to_vec(), bytes).expect("a tensor")
    };
    let tensors = [
        ("features", view(safetensors::Dtype::F32, &[10, 3], &bytes)),
        ("ids", view(safetensors::Dtype::I64, &[10], &id_bytes)),
    ];
    let serialised = safetensors::serialize(tensors, None).expect("serialise");
    std::fs::write(desk.path("single.safetensors"), &serialised).expect("write");
    let score = |file: &str| {
        desk.succeed(&["score", "--query", file, "--gallery", file, "--protocol", "none", "--json"])
    };
    assert_eq!(score("single.npy"), score("single.safetensors"));
    assert_eq!(score("double.npy"), score("single.safetensors"));

    let refused = |file: &str, protocol: &str| {
        desk.refused(2, &["score", "--query", file, "--gallery", file, "--protocol", protocol])
    };
    assert!(refused("nowhere.safetensors", "none").contains("nowhere.safetensors"));
    assert!(
        refused("single.safetensors", "market1501")
            .contains("has no `cameras`, which the protocol `market1501` compares")
    );
    assert!(refused("single.npy", "tri").contains("has no `images`"));
    std::fs::write(desk.path("short.safetensors"), &serialised[..serialised.len() - 7])
        .expect("write");
    assert!(
        refused("short.safetensors", "none")
            .contains("its header speaks of 200 bytes of tensors, it holds 193")
    );
    std::fs::write(desk.path("huge.safetensors"), u64::MAX.to_le_bytes()).expect("write");
    assert!(refused("huge.safetensors", "none").contains("it announces a header of"));
    std::fs::write(desk.path("text.npy"), "id,feature\n1,0.5\n").expect("write");
    assert!(
        refused("text.npy", "none").contains("is not float32 or float64 of shape [rows, width]")
    );
    ndarray_npy::write_npy(
        desk.path("nan.npy"),
        &features.mapv(|v| if v == values[4] { f32::NAN } else { v }),
    )
    .expect("write");
    std::fs::copy(desk.path("single.ids.npy"), desk.path("nan.ids.npy")).expect("copy");
    assert!(refused("nan.npy", "none").contains("row 1 holds NaN at column 1"));
    std::fs::copy(desk.path("single.npy"), desk.path("long.npy")).expect("copy");
    ndarray_npy::write_npy(desk.path("long.ids.npy"), &ndarray::Array1::from(vec![1i64; 11]))
        .expect("write");
    assert!(refused("long.npy", "none").contains("has 11 `ids` for 10 rows of features"));
}

#[test]
fn queries_are_listed_one_by_one_and_expansion_says_where_it_makes_no_sense() {
    let desk = Desk::new();
    let (query, gallery) = (golden("query.safetensors"), golden("gallery.safetensors"));
    let files = ["score", "--query", &query, "--gallery", &gallery, "--protocol"];
    let table = desk.succeed(
        &[&files[..], &["market1501", "--per-query", "queries.csv", "--ranks", "1,3"]].concat(),
    );
    assert!(table.contains("| Rank-1 | Rank-3 | mAP | mINP |"), "{table}");
    let lines = std::fs::read_to_string(desk.path("queries.csv")).expect("the file");
    let precision: Vec<f64> = lines
        .lines()
        .skip(1)
        .map(|l| l.split(',').nth(2).and_then(|v| v.parse().ok()).expect("a number"))
        .collect();
    assert_eq!(precision.len(), 60);
    let mean = 100.0 * precision.iter().sum::<f64>() / 60.0;
    assert!(table.contains(&format!("| {mean:.2} |")), "{mean} {table}");
    let expanded = desk.succeed(&[&files[..], &["market1501", "--expand", "2"]].concat());
    assert_ne!(expanded, desk.succeed(&[&files[..], &["market1501"]].concat()));
    assert!(
        desk.refused(2, &[&files[..], &["tri", "--expand", "2"]].concat())
            .contains("the photograph that the query was made from")
    );
    assert!(
        desk.refused(2, &[&files[..], &["none", "--expand", "261"]].concat())
            .contains("261 entries of a gallery of 260")
    );
    assert!(
        desk.refused(2, &[&files[..], &["none", "--rerank", "k2=90"]].concat())
            .contains("k2 is 90")
    );
}

#[test]
fn trials_are_those_of_cpython_and_of_the_authors_permutations() {
    // scripts/golden/trials.py drew both with CPython's `random` and wrote the permutations with SciPy.
    let desk = Desk::new();
    let expected: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(golden("trials.json")).expect("golden"))
            .expect("JSON");
    for row in expected["counts"].as_array().expect("rows") {
        let value = |i: usize| row[i].as_u64().expect("a number");
        let folder = desk.path(&format!("SYSU-MM01/cam{}/{:04}", value(1), value(0)));
        if value(2) > 0 {
            std::fs::create_dir_all(&folder).expect("create");
        }
        for n in 1..=value(2) {
            std::fs::write(folder.join(format!("{n:04}.jpg")), []).expect("write");
        }
    }
    std::fs::create_dir_all(desk.path("SYSU-MM01/exp")).expect("create");
    std::fs::write(desk.path("SYSU-MM01/exp/test_id.txt"), "2,3,7,11\n").expect("write");
    let base = ["data", "trials", "sysu-mm01", "--root", "SYSU-MM01", "--json", "--mode"];
    let trials = |more: &[&str]| {
        serde_json::from_str::<serde_json::Value>(&desk.succeed(&[&base[..], more].concat()))
            .expect("JSON")
    };
    let missing = desk.refused(2, &[&base[..], &["all", "--source", "official"]].concat());
    assert!(missing.contains("no rand_perm_cam.mat below SYSU-MM01"), "{missing}");
    std::fs::copy(golden("rand_perm_cam.mat"), desk.path("SYSU-MM01/exp/rand_perm_cam.mat"))
        .expect("copy");
    for mode in ["all", "indoor"] {
        assert_eq!(trials(&[mode, "--source", "python"]), expected[format!("python {mode}")]);
        assert_eq!(trials(&[mode, "--source", "official"]), expected[format!("official {mode} 1")]);
        assert_eq!(
            trials(&[mode, "--source", "official", "--shots", "10"]),
            expected[format!("official {mode} 10")]
        );
    }
    assert!(
        desk.refused(2, &[&base[..], &["all", "--shots", "10"]].concat()).contains("single-shot")
    );
    std::fs::write(desk.path("SYSU-MM01/cam1/0002/9999.jpg"), []).expect("write");
    let more = desk.refused(2, &[&base[..], &["all", "--source", "official"]].concat());
    assert!(more.contains("camera 1, identity 2: permutations [10, "), "{more}");
    let bytes = std::fs::read(golden("rand_perm_cam.mat")).expect("read");
    std::fs::write(desk.path("short.mat"), &bytes[..bytes.len() / 2]).expect("write");
    let short = desk.refused(
        2,
        &[&base[..], &["all", "--source", "official", "--permutations", "short.mat"]].concat(),
    );
    assert!(short.contains("short.mat") && short.contains("cut short"), "{short}");
}

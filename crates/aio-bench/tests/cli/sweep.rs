//! `aio sweep` and `aio report`.

use crate::harness::{Desk, refused};
#[cfg(unix)]
use std::fs::File;
#[cfg(unix)]
use std::io::{BufRead, BufReader};
use std::path::Path;
#[cfg(unix)]
use std::process::Stdio;

#[test]
fn a_sweep_runs_what_is_not_done_and_reports_what_is_missing() {
    let desk = Desk::new();
    let tasks = "tasks = [\"market1501.rgb-rgb\", \"cuhk-pedes.text-rgb\"]";
    let stage = "[[train.stages]]\nname = \"a\"\ndatasets = [\"synth-pedes\"]\nepochs = 1\nreal = [\"text\"]\nrate = 1e-3\nwarmup = 1\nfloor = 0.1\n";
    let smoke = "[data]\nroot = \"datasets/tiny\"\nsize = { synth_pedes = 12, llcm = 4, market_sketch = 4, market = 4, test = 4, pku = 20, development = 2 }\n[train]\nidentities = 4\n";
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
        .and_then(|row| row.split(" | ").skip(5).collect::<Vec<_>>().join(" | ").into())
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
    let status = desk.succeed(&["sweep", "status", "named.toml"]);
    assert!(status.contains("3 of 4 runs done; 1 resumable"), "{status}");
    std::fs::remove_dir_all(&run).expect("removed");
    std::fs::rename(desk.path(&format!("runs/tiny/{id}/seed-0")), &run).expect("renamed");
    std::fs::remove_file(run.join("result.json")).expect("remove");
    let status = desk.succeed(&["sweep", "status", "named.toml"]);
    assert!(status.contains("| incompatible (seed: 0 → 1) |"), "{status}");
    let html = desk.succeed(&["report", "tiny", "--format", "html"]);
    assert!(html.contains("<td>market1501.rgb-rgb</td>"), "{html}");

    std::fs::write(desk.path("sweep.toml"), sweep.replace("losses.binding", "losses.bindng"))
        .expect("write");
    assert!(
        desk.refused(2, &["sweep", "plan", "sweep.toml"]).contains("unknown key `losses.bindng`")
    );
    std::fs::write(desk.path("sweep.toml"), sweep.replace("[1.0, 0.5]", "[1.0, 1.0]"))
        .expect("write");
    let twice = desk.refused(2, &["sweep", "plan", "sweep.toml"]);
    assert!(twice.contains("two cells are called `losses.binding=1.0`"), "{twice}");
    // Other words for the same configuration.
    let same = sweep
        .replace("[1.0, 0.5]", "[1.0, 1.0]")
        .replace("[axes]", "[[zip]]\nlabel = [\"a\", \"b\"]");
    std::fs::write(desk.path("sweep.toml"), same).expect("write");
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
    // A thousandth of the people is nobody, rounded down: one is held out all the same, so that there is a best checkpoint.
    let best = result(&[&stage(""), "data.validation=0.001", "train.select=best"]);
    let cell = best["cell"].as_str().expect("a cell");
    let log = desk.path(&format!("runs/smoke/{cell}/seed-0/metrics.jsonl"));
    let log = std::fs::read_to_string(log).expect("metrics");
    let validated = log.lines().filter_map(|line| {
        serde_json::from_str::<serde_json::Value>(line).expect("JSON")["validation"].as_f64()
    });
    let validated: Vec<f64> = validated.collect();
    assert!(
        !validated.is_empty() && validated.iter().all(|map| 0.0 < *map && *map <= 1.0),
        "{validated:?}"
    );
    assert_ne!(best["metrics"], plain["metrics"], "other people are trained on");
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
        refused.contains("sketch generator: weights/contour_style.pth")
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

/// Programs in place of Slurm's: this `sbatch`, and a `sacct` that says that every element failed. Returns the path that finds them.
#[cfg(unix)]
fn slurm(desk: &Desk, sbatch: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let programs = desk.path("slurm");
    std::fs::create_dir_all(&programs).expect("create");
    let sacct =
        "for last; do :; done\nfor i in 0 1 2 3 4 5; do echo \"${last}_$i|FAILED|node1\"; done\n";
    for (name, body) in [("sbatch", sbatch), ("sacct", sacct)] {
        let program = programs.join(name);
        std::fs::write(&program, format!("#!/bin/sh\n{body}")).expect("write");
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("executable");
    }
    format!("{}:{}", programs.display(), std::env::var("PATH").expect("a path"))
}

/// What a call prints where `sbatch` numbers every array 77.
#[cfg(unix)]
fn with_slurm(desk: &Desk, arguments: &[&str]) -> String {
    let path = slurm(desk, "cat > /dev/null\necho 77\n");
    let output = desk.command(arguments).env("PATH", path).output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
#[cfg(unix)]
fn states_of_slurm_stay_with_their_runs_when_the_sweep_changes() {
    let desk = Desk::new();
    let write = |values: &str| {
        let axis =
            format!("base = \"experiments/smoke.toml\"\n[axes]\n\"losses.binding\" = {values}\n");
        std::fs::write(desk.path("sweep.toml"), axis).expect("write");
    };
    let rows = || -> Vec<(String, bool)> {
        let status = with_slurm(&desk, &["sweep", "status", "sweep.toml", "--json"]);
        let status: serde_json::Value = serde_json::from_str(&status).expect("JSON");
        let runs = status["runs"].as_array().expect("runs").clone();
        let row = |run: &serde_json::Value| {
            (run["label"].as_str().expect("a label").to_owned(), run["slurm"].is_object())
        };
        runs.iter().map(row).collect()
    };
    write("[1.0, 0.5]");
    let submitted = with_slurm(&desk, &["sweep", "slurm", "sweep.toml"]);
    assert!(submitted.contains("job array 77: 2 of 2 runs"), "{submitted}");
    // Another value in front of the submitted ones: the runs have other numbers now.
    write("[0.25, 1.0, 0.5]");
    let of = |value: &str, is_submitted| (format!("losses.binding={value}"), is_submitted);
    assert_eq!(rows(), [of("0.25", false), of("1.0", true), of("0.5", true)]);
}

#[test]
#[cfg(unix)]
fn what_sbatch_says_comes_first_and_nothing_is_submitted_beside_a_damaged_record() {
    let desk = Desk::new();
    // More than a pipe holds: an `sbatch` that reads no script has ended before all of it is written.
    let setup = "x".repeat(500_000);
    let sweep = format!(
        "base = \"experiments/smoke.toml\"\n[axes]\n\"losses.binding\" = [0.5]\n[slurm]\nsetup = [\"# {setup}\"]\n"
    );
    std::fs::write(desk.path("sweep.toml"), sweep).expect("write");
    let submit = |sbatch: &str| {
        let path = slurm(&desk, sbatch);
        let mut command = desk.command(&["sweep", "slurm", "sweep.toml"]);
        refused(2, &command.env("PATH", path).output().expect("the program starts"))
    };
    let said = submit("echo 'invalid partition' >&2\nexit 1\n");
    assert!(said.contains("sbatch refuses the job array: invalid partition"), "{said}");
    std::fs::write(desk.path("runs/slurm/sweep.json"), "[{").expect("write");
    let said = submit("cat > /dev/null\ntouch submitted\necho 77\n");
    assert!(said.contains("sweep.json"), "{said}");
    assert!(!desk.path("submitted").exists(), "{said}");
}

#[test]
#[cfg(unix)]
fn arrays_that_two_calls_submit_at_once_are_both_recorded() {
    let desk = Desk::new();
    let sweep = "base = \"experiments/smoke.toml\"\n[axes]\n\"losses.binding\" = [0.5]\n";
    std::fs::write(desk.path("sweep.toml"), sweep).expect("write");
    std::fs::create_dir_all(desk.path("runs/slurm")).expect("create");
    let lock = File::create(desk.path("runs/slurm/lock")).expect("created");
    lock.lock().expect("locked");
    let path = slurm(&desk, "cat > /dev/null\necho 77\n");
    let mut command = desk.command(&["sweep", "slurm", "sweep.toml"]);
    let command = command.env("PATH", path).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut second = command.spawn().expect("the program starts");
    let mut messages = BufReader::new(second.stderr.take().expect("a pipe")).lines();
    let is_waiting = |line: String| line.contains("waiting for");
    assert!(messages.by_ref().map_while(Result::ok).any(is_waiting), "it did not wait");
    let record = desk.path("runs/slurm/sweep.json");
    std::fs::write(&record, "[{\"job\":12}]").expect("the record of the first call");
    drop(lock);
    assert!(second.wait().expect("ends").success());
    let text = std::fs::read_to_string(record).expect("read");
    let submitted: Vec<serde_json::Value> = serde_json::from_str(&text).expect("JSON");
    let jobs: Vec<_> = submitted.iter().map(|array| array["job"].as_u64()).collect();
    assert_eq!(jobs, [Some(12), Some(77)]);
}

#[test]
#[cfg(unix)]
fn runs_that_wait_in_an_earlier_array_are_counted_when_they_are_submitted_again() {
    let desk = Desk::new();
    let sweep =
        "base = \"experiments/smoke.toml\"\n[axes]\n\"losses.binding\" = [0.25, 0.5, 1.0]\n";
    std::fs::write(desk.path("sweep.toml"), sweep).expect("write");
    let path = slurm(&desk, "cat > /dev/null\necho 77\n");
    let sacct = "#!/bin/sh\necho '77_[1-2%1]|PENDING|None assigned'\n";
    std::fs::write(desk.path("slurm/sacct"), sacct).expect("write");
    let said = |words: &[&str]| {
        let output = desk.command(words).env("PATH", &path).output().expect("the program starts");
        let [out, err] = [output.stdout, output.stderr].map(String::from_utf8);
        assert!(output.status.success(), "{err:?}");
        (out.expect("UTF-8"), err.expect("UTF-8"))
    };
    let (_, messages) = said(&["sweep", "slurm", "sweep.toml"]);
    assert!(!messages.contains("earlier array"), "{messages}");
    let (status, _) = said(&["sweep", "status", "sweep.toml"]);
    assert!(status.contains("| 77_1 pending |") && status.contains("| 77_2 pending |"), "{status}");
    let (_, messages) = said(&["sweep", "slurm", "sweep.toml"]);
    assert!(messages.contains("2 of the 3 runs are in an earlier array"), "{messages}");
}

#[test]
fn sweeps_of_one_name_are_not_drawn_over_one_another() {
    let desk = Desk::new();
    let results = concat!(env!("CARGO_MANIFEST_DIR"), "/../../results");
    let sweep = "experiments/sweeps/heads.toml";
    std::fs::copy(desk.path(sweep), desk.path("experiments/heads.toml")).expect("copied");
    let text = std::fs::read_to_string(desk.path("experiments/heads.toml")).expect("read");
    let beside = text.replace("\"../ablation.toml\"", "\"ablation.toml\"");
    std::fs::write(desk.path("experiments/heads.toml"), beside).expect("written");
    let both = ["report", sweep, "experiments/heads.toml", "--runs", results];
    let tables = desk.succeed(&both);
    assert!(tables.contains("|\n\nexperiments/heads.toml · map · percent\n\n|"), "{tables}");
    let said = desk.refused(2, &[&both[..], &["--plots", "figures"]].concat());
    assert!(said.contains("two sweeps are called `heads`"), "{said}");
    assert!(!desk.path("figures").exists(), "{said}");
}

#[test]
fn a_report_takes_the_file_of_an_experiment() {
    let desk = Desk::new();
    let results = concat!(env!("CARGO_MANIFEST_DIR"), "/../../results");
    let of = |name: &str| desk.succeed(&["report", name, "--runs", results]);
    assert!(of("zero-shot").contains("market1501.rgb-rgb"));
    for same in ["experiments/zero-shot.toml", "zero-shot/", "./zero-shot", ".//zero-shot"] {
        assert_eq!(of("zero-shot"), of(same), "{same}");
    }
}

#[test]
fn a_folder_of_runs_is_told_from_the_name_of_an_experiment() {
    let desk = Desk::new();
    for folder in ["runs/slurm", "runs/smoke/0123456789ab/seed-0"] {
        std::fs::create_dir_all(desk.path(folder)).expect("create");
    }
    let whole = desk.path("runs/smoke").canonicalize().expect("created").display().to_string();
    // As a shell completes it.
    for name in ["smoke", "runs/smoke", "./runs/smoke/", &whole] {
        let text = desk.refused(2, &["report", name]);
        assert!(text.contains("no finished run of `smoke` below runs"), "{text}");
    }
    let inside = format!("{whole}/0123456789ab");
    for name in ["runs/smoke/0123456789ab/seed-0", "smoke/0123456789ab", &inside] {
        let text = desk.refused(2, &["report", name]);
        assert!(text.contains("below runs\nhint: name the experiment and not a folder"), "{text}");
        assert!(text.trim_end().ends_with(": aio report smoke"), "{text}");
    }
    // A folder without runs is no experiment.
    let text = desk.refused(2, &["report", "slurn"]);
    assert!(!text.contains("did you mean"), "{text}");
    assert!(desk.refused(2, &["report", "smokes"]).contains("did you mean `smoke`?"));
}

#[test]
fn a_table_without_the_wanted_tasks_is_left_out() {
    let desk = Desk::new();
    let results = concat!(env!("CARGO_MANIFEST_DIR"), "/../../results");
    // Its configurations were evaluated on different tasks.
    let report = ["report", "ablation", "--runs", results];
    let with = |more: &[&'static str]| [&report[..], more].concat();
    let csv = desk.succeed(&with(&["--tasks", "orbench.sketch", "--format", "csv"]));
    let mut rows = csv.lines().skip(1).peekable();
    assert!(rows.peek().is_some(), "{csv}");
    assert!(rows.all(|row| row.starts_with("orbench.sketch-rgb,")), "{csv}");
    let added = desk.succeed(&with(&["--added", "--format", "csv"]));
    assert!(added.starts_with("name,cell,task,without,") && added.lines().count() > 1, "{added}");
    // The configurations of the experiment follow each other in one table.
    let of_what = |row: &str| row.split(',').take(4).map(str::to_owned).collect::<Vec<_>>();
    let rows: std::collections::BTreeSet<_> = added.lines().map(of_what).collect();
    assert_eq!(rows.len(), added.lines().count(), "one row of each: {added}");
    assert!(added.lines().skip(1).all(|row| row.starts_with("ablation,ablation ")), "{added}");
    let sweeps = ["experiments/sweeps/adapters.toml", "experiments/sweeps/encoder.toml"];
    let both = [&["report", "--runs", results, "--format", "csv"][..], &sweeps].concat();
    let csv = desk.succeed(&both);
    // Both have a cell of this name, and the same columns.
    for sweep in sweeps {
        let rows = csv.lines().filter(|row| row.starts_with(&format!("{sweep},frozen,3,")));
        assert_eq!(rows.count(), 1, "{csv}");
    }
    assert_eq!(csv.lines().filter(|row| row.starts_with("name,cell,seeds,")).count(), 1, "{csv}");
    let text = desk.refused(2, &with(&["--tasks", "msmt17"]));
    assert!(text.contains("no task begins with `msmt17`"), "{text}");
    for task in ["market1501.rgb-rgb", "tri-cuhk-pedes.rgb+sketch-rgb"] {
        assert!(text.contains(task), "the tasks of all tables: {text}");
    }
    let text = desk.refused(2, &with(&["--tasks", "market1501", "--added"]));
    assert!(text.contains("ablation: no finished run says what a modality adds"), "{text}");
    assert!(text.contains("or leave out --tasks"), "{text}");
    let against = ["report", "experiments/sweeps/heads.toml", "--runs", results];
    let asked = ["--metric", "rank20", "--against", "binding"];
    let text = desk.refused(2, &[&against[..], &asked].concat());
    assert!(text.contains("name map, rank1 or minp, with --metric"), "{text}");
}

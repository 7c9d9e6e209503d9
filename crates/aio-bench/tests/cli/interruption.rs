//! Runs that are stopped, that two processes want, and whose data change.

#![cfg(unix)]

use crate::harness::{Desk, SHORT};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn a_stopped_run_continues_to_bit_identical_weights() {
    continues_to_bit_identical_weights(&[]);
}

#[test]
fn a_stopped_run_that_searches_behind_the_normalisation_continues_to_bit_identical_weights() {
    // The running statistics of the head are a part of the model then.
    continues_to_bit_identical_weights(&["--set", "losses.neck=after"]);
}

fn continues_to_bit_identical_weights(settings: &[&'static str]) {
    let desk = Desk::new();
    let arguments = |runs: &'static str| {
        [&["experiment", "smoke", "--runs", runs][..], &SHORT, settings].concat()
    };
    desk.succeed(&arguments("whole"));
    let expected = std::fs::read(desk.cell("whole", "smoke").join("model/weights.safetensors"))
        .expect("weights");
    let mut child = start(&desk, &arguments("parts"));
    wait_for("the third step", || {
        let metrics = run_below(&desk, "parts").map(|run| run.join("metrics.jsonl"));
        let metrics = metrics.and_then(|path| std::fs::read_to_string(path).ok());
        metrics.is_some_and(|text| text.lines().count() >= 3)
    });
    signal(&child, "-TERM");
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

/// Waits until a condition holds.
fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(300), "{what}: not within five minutes");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Starts the program, whose messages nobody reads.
fn start(desk: &Desk, arguments: &[&str]) -> Child {
    let mut command = desk.command(arguments);
    command.stderr(Stdio::null()).stdout(Stdio::null()).spawn().expect("starts")
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status();
    assert!(sent.expect("kill").success());
}

/// The only run below a directory, once it is there.
fn run_below(desk: &Desk, runs: &str) -> Option<std::path::PathBuf> {
    let mut cells = std::fs::read_dir(desk.path(runs).join("smoke")).ok()?.flatten();
    Some(cells.next()?.path().join("seed-0"))
}

#[test]
fn a_signal_during_the_evaluation_keeps_the_tasks_that_are_done() {
    let desk = Desk::new();
    let arguments = |runs: &'static str| ["experiment", "smoke", "--runs", runs];
    desk.succeed(&arguments("whole"));
    for name in ["-TERM", "-USR1", "-HUP", "-INT"] {
        let mut child = start(&desk, &arguments("parts"));
        wait_for("the first task", || {
            run_below(&desk, "parts").is_some_and(|run| run.join("evaluation.json").is_file())
        });
        signal(&child, name);
        let code = child.wait().expect("ends").code();
        let run = desk.cell("parts", "smoke");
        assert_eq!(code, Some(75), "{name}");
        assert!(!run.join("result.json").exists());
        let kept = std::fs::read_to_string(run.join("evaluation.json")).expect("kept");
        let kept: serde_json::Value = serde_json::from_str(&kept).expect("JSON");
        let done = kept["tasks"].as_array().expect("tasks").len();
        assert!((1..9).contains(&done), "{done} tasks");
        let output = desk.run(&[&arguments("parts")[..], &["--verbose"]].concat());
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        assert!(text.contains(&format!("{done} tasks were finished by an earlier call")), "{text}");
        assert!(!run.join("evaluation.json").exists());
        for file in ["queries.json", "rankings.json", "embeddings.json", "attention.json"] {
            let of = |runs| std::fs::read(desk.cell(runs, "smoke").join(file)).expect("written");
            assert!(of("whole") == of("parts"), "{file}");
        }
        let of = |runs| {
            let path = desk.cell(runs, "smoke").join("result.json");
            let text = std::fs::read_to_string(path).expect("a result");
            let mut result: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            for key in ["train_seconds", "checksum"] {
                result.as_object_mut().expect("an object").remove(key);
            }
            result
        };
        assert_eq!(of("whole"), of("parts"));
        std::fs::remove_file(run.join("result.json")).expect("removed");
    }
}

#[test]
fn a_second_experiment_on_the_same_run_names_the_first() {
    let desk = Desk::new();
    let arguments = [&["experiment", "smoke"][..], &SHORT].concat();
    let mut first = start(&desk, &arguments);
    wait_for("the lock", || {
        run_below(&desk, "runs").is_some_and(|run| run.join("lock-000001.json").is_file())
    });
    let text = desk.refused(1, &arguments);
    assert!(text.contains(&format!("process {} on ", first.id())), "{text}");
    assert!(text.contains("is in use"), "{text}");
    assert!(first.wait().expect("ends").success());
    let run = desk.cell("runs", "smoke");
    let metrics = std::fs::read_to_string(run.join("metrics.jsonl")).expect("metrics");
    let steps: Vec<u64> = metrics
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()?["step"].as_u64())
        .collect();
    assert_eq!(steps, (0..steps.len() as u64).collect::<Vec<_>>(), "no line of another process");
    desk.succeed(&arguments);
}

#[test]
fn a_signal_ends_a_sweep_and_not_only_its_current_run() {
    let desk = Desk::new();
    let tasks = "\"evaluation.tasks\" = [[\"market1501.rgb-rgb\"]]\n";
    let sweep = format!(
        "base = \"experiments/smoke.toml\"\n[axes]\n\"losses.binding\" = [1.0, 0.5]\n{tasks}"
    );
    std::fs::write(desk.path("sweep.toml"), sweep).expect("write");
    let mut child = start(&desk, &["sweep", "run", "sweep.toml"]);
    // During the evaluation, in which earlier versions did not look at signals.
    wait_for("the model", || {
        run_below(&desk, "runs").is_some_and(|run| run.join("model/SHA256SUMS").is_file())
    });
    signal(&child, "-TERM");
    assert_eq!(child.wait().expect("ends").code(), Some(75));
    let cells = std::fs::read_dir(desk.path("runs/smoke")).expect("cells").count();
    assert_eq!(cells, 1, "the second run was not begun");
    assert!(desk.succeed(&["sweep", "run", "sweep.toml"]).contains("2 of 2 runs done"));
}

#[test]
fn a_signal_ends_the_check_of_a_sweep() {
    let desk = Desk::new();
    let values: Vec<String> = (1..60).map(|value| format!("0.{value:02}")).collect();
    let sweep = format!(
        "base = \"experiments/smoke.toml\"\n[axes]\n\"losses.binding\" = [{}]\n",
        values.join(", ")
    );
    std::fs::write(desk.path("sweep.toml"), sweep).expect("write");
    let mut child = start(&desk, &["sweep", "check", "sweep.toml"]);
    let predictions = || std::fs::read_dir(desk.path("runs/smoke")).map_or(0, Iterator::count);
    wait_for("the first cell", || predictions() > 0);
    signal(&child, "-TERM");
    assert_eq!(child.wait().expect("ends").code(), Some(75));
    assert!(predictions() < 59, "{} cells were checked", predictions());
}

#[test]
fn a_run_whose_data_changed_is_neither_reprinted_nor_continued() {
    let desk = Desk::new();
    let arguments = [&["experiment", "smoke"][..], &SHORT].concat();
    let table = desk.succeed(&arguments);
    assert_eq!(desk.succeed(&arguments), table);
    let picture = desk.path("datasets/synthetic-smoke/SYNTH-PEDES/Part1/0/0.jpg");
    let other = desk.path("datasets/synthetic-smoke/SYNTH-PEDES/Part1/1/0.jpg");
    let bytes = std::fs::read(&picture).expect("a picture");
    std::fs::copy(&other, &picture).expect("copied");
    let text = desk.refused(2, &arguments);
    assert!(text.contains("the contents of synth-pedes have changed"), "{text}");
    std::fs::remove_file(desk.cell("runs", "smoke").join("result.json")).expect("removed");
    let text = desk.refused(2, &arguments);
    assert!(text.contains("the contents of synth-pedes have changed"), "{text}");
    std::fs::write(&picture, bytes).expect("restored");
    assert_eq!(desk.succeed(&arguments), table);
    // Results are kept longer than data sets.
    std::fs::remove_dir_all(desk.path("datasets")).expect("removed");
    let output = desk.run(&arguments);
    assert_eq!(String::from_utf8_lossy(&output.stdout), table);
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be compared"));
}

#[test]
fn a_gallery_whose_creation_was_stopped_is_whole_when_the_call_is_repeated() {
    let desk = Desk::new();
    crate::harness::coloured(&desk, "g", 250);
    let create = ["gallery", "create", "people", "g"];
    let mut child = start(&desk, &create);
    wait_for("a gallery", || desk.path("people/gallery.json").exists());
    signal(&child, "-TERM");
    assert_eq!(child.wait().expect("ends").code(), Some(75));
    let mut child = start(&desk, &create);
    std::thread::sleep(Duration::from_millis(200));
    signal(&child, "-KILL");
    child.wait().expect("ends");
    // On a fast machine the second call was faster than the signal.
    if desk.path("people/creating").exists() {
        desk.succeed(&create);
    }
    let info = desk.json(&["gallery", "info", "people", "--json"]);
    assert_eq!(info["rows"], 250);
    assert!(desk.succeed(&["gallery", "verify", "people"]).contains("as written"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_that_keeps_nothing_does_not_promise_to_continue() {
    let desk = Desk::new();
    let pictures = crate::harness::coloured(&desk, "place", 250);
    let row = |path: &std::path::PathBuf| format!("{},rgb\n", path.display());
    for (list, pictures) in ["a.csv", "b.csv"].into_iter().zip(pictures.chunks(125)) {
        let rows: String = pictures.iter().map(row).collect();
        std::fs::write(desk.path(list), format!("path,modality\n{rows}")).expect("written");
    }
    let lists = ["--list", "a.csv", "--list", "b.csv"];
    for (arguments, output, phase) in [
        (&["weights", "adapt", "place", "--output"][..], "a.safetensors", "adapting"),
        (&[&["weights", "novelty"][..], &lists, &["--output"]].concat(), "n.json", "measuring"),
        (&["search", "place", "--text", "a man", "--picture"], "list.png", "searching"),
    ] {
        let mut command = desk.command(&[arguments, &[output]].concat());
        let child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("starts");
        // Once the program catches SIGTERM (15), the work begins: a model is opened, and hundreds of pictures pass through it.
        let status = format!("/proc/{}/status", child.id());
        wait_for("the handler", || {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let caught = text.lines().find_map(|line| line.strip_prefix("SigCgt:"));
            let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
            caught.is_some_and(|mask| mask & (1 << 14) != 0)
        });
        signal(&child, "-TERM");
        let ended = child.wait_with_output().expect("ends");
        let text = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(75), "{text}");
        let expected = format!("stopped by a signal while {phase}; nothing is kept");
        assert!(text.contains(&expected) && !text.contains("to continue"), "{text}");
        assert!(!desk.path(output).exists(), "{phase}");
    }
}

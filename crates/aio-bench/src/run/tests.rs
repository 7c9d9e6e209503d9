//! Where a run lies, and what is read of it.

use super::{Run, RunIdentity, RunResult};
use crate::run::QUERIES;
use serde_json::Value;
use std::path::Path;

/// A file that is written with a result.
const RANKINGS: &str = "rankings.json";

fn identity(experiment: &str, config_id: &str, seed: u64) -> RunIdentity {
    RunIdentity { experiment: experiment.to_owned(), config_id: config_id.to_owned(), seed }
}

fn run() -> (tempfile::TempDir, Run) {
    let directory = tempfile::tempdir().expect("temporary directory");
    let run = Run::open(directory.path(), identity("e", "0123456789ab", 3)).expect("run");
    (directory, run)
}

#[test]
fn a_run_lies_below_its_experiment_configuration_and_seed() {
    let run = Run::of(Path::new("runs"), identity("paper/zero-shot", "0123456789ab", 7));
    let expected = Path::new("runs/paper/zero-shot/0123456789ab/seed-7");
    assert_eq!(run.directory(), expected);
    assert_eq!(
        Run::seeds(Path::new("runs"), "paper/zero-shot", "0123456789ab"),
        Path::new("runs/paper/zero-shot/0123456789ab")
    );
    for (path, name) in [
        (run.config(), "config.toml"),
        (run.metrics(), "metrics.jsonl"),
        (run.events(), "tensorboard"),
        (run.checkpoints(), "checkpoint"),
        (run.best(), "checkpoint-best"),
        (run.model(), "model"),
        (run.report(), "report"),
        (run.failure(), "failed.txt"),
    ] {
        assert_eq!(path, expected.join(name));
    }
}

#[test]
fn a_run_is_done_when_its_result_exists_and_a_damaged_result_is_named() {
    let (_directory, run) = run();
    assert!(!run.is_done());
    assert_eq!(run.result().expect("nothing to read"), None);
    std::fs::write(run.directory().join("result.json"), "{").expect("write");
    assert!(run.is_done());
    let error = run.result().expect_err("damaged").to_string();
    assert!(error.contains("seed-3/result.json"), "{error}");
}

#[test]
fn edited_results_are_refused() {
    let (_directory, run) = run();
    let path = run.directory().join("result.json");
    run.write("result.json", &example()).expect("written");
    assert_eq!(run.result().expect("whole"), Some(example()));
    let text = std::fs::read_to_string(&path).expect("read");
    for (from, to) in [("0.7947", "0.8947"), ("\"steps\": 7", "\"steps\": 8"), ("0.25", "0.255")] {
        std::fs::write(&path, text.replace(from, to)).expect("write");
        let error = run.result().expect_err(to);
        assert!(error.to_string().contains("result.json is damaged or was changed"), "{error}");
        assert!(error.exit_code() == 2 && error.hint().is_some());
    }
    let without = text.replace(",\n  \"checksum\"", ",\n  \"note\"");
    std::fs::write(&path, without).expect("write");
    assert!(run.result().is_err(), "a renamed checksum");
    let (before, _) = text.rsplit_once(",\n  \"checksum\"").expect("the last key");
    std::fs::write(&path, format!("{before}\n}}\n")).expect("write");
    let error = run.result().expect_err("no checksum").to_string();
    assert!(error.contains("has a checksum"), "{error}");
}

#[test]
fn numbers_outside_their_range_are_refused_in_results_of_earlier_versions_too() {
    let (_directory, run) = run();
    let path = run.directory().join("result.json");
    let old = RunResult { schema: 1, ..example() };
    let text = serde_json::to_string(&old).expect("JSON");
    std::fs::write(&path, &text).expect("write");
    assert_eq!(run.result().expect("no checksum, and none is needed"), Some(old));
    for (from, to, named) in [
        ("0.7947", "7.947", "metrics.market1501.rgb-rgb.map"),
        ("0.25", "-0.25", "baseline.market1501.rgb-rgb.map"),
        ("[0.5,1.0]", "[0.5,1.5]", "tasks.market1501.rgb-rgb.cmc"),
        ("[0.5,1.0]", "[0.5,0.25]", "tasks.market1501.rgb-rgb.cmc"),
        ("\"map\":0.375", "\"map\":3.75", "tasks.market1501.rgb-rgb.without.text.map"),
        ("\"low\":-0.125", "\"low\":-1.125", "tasks.market1501.rgb-rgb.without.text.map_gain"),
        ("\"train_seconds\":1.5", "\"train_seconds\":-1.5", "train_seconds"),
    ] {
        assert!(text.contains(from), "{from} in {text}");
        std::fs::write(&path, text.replace(from, to)).expect("write");
        let error = run.result().expect_err(to).to_string();
        assert!(error.contains(named) && error.contains("expected"), "{error}");
    }
}

fn example() -> RunResult {
    let text = r#"{
        "schema": 2, "experiment": "e", "claim": "c", "cell": "0123456789ab", "seed": 3,
        "metrics": {"market1501.rgb-rgb.map": 0.7947},
        "baseline": {"market1501.rgb-rgb.map": 0.25},
        "chance": {"market1501.rgb-rgb.map": 0.1}, "order": ["market1501.rgb-rgb"],
        "tasks": {"market1501.rgb-rgb": {"queries": 2, "skipped": 0, "gallery": 4, "trials": 1,
            "without": {"text": {"rank1": 0.5, "map": 0.375, "map_gain": {"mean": 0.0, "low": -0.125, "high": 0.0625}}},
            "protocol": "none", "cmc": [0.5, 1.0], "cmc_baseline": [0.0, 1.0]}},
        "train_seconds": 1.5, "steps": 7
    }"#;
    serde_json::from_str(text).expect("a result")
}

#[test]
fn a_result_at_another_place_is_refused() {
    let (directory, run) = run();
    run.write("result.json", &example()).expect("written");
    for (experiment, config_id, seed) in
        [("e", "0123456789ab", 5), ("e", "ba9876543210", 3), ("other", "0123456789ab", 3)]
    {
        let copy = identity(experiment, config_id, seed);
        let copy = Run::open(directory.path(), copy).expect("run");
        std::fs::copy(run.directory().join("result.json"), copy.directory().join("result.json"))
            .expect("copied");
        let error = copy.result().expect_err("another run's");
        let text = error.to_string();
        assert!(text.contains("is the result of e/0123456789ab/seed-3"), "{text}");
        assert!(text.contains(&format!("{experiment}/{config_id}/seed-{seed}")), "{text}");
        assert!(error.exit_code() == 2 && error.hint().is_some());
    }
    assert!(run.result().is_ok());
}

#[test]
fn files_of_a_run_with_checksums_are_refused_without_them() {
    let (_directory, run) = run();
    let list = serde_json::json!({"market1501.rgb-rgb": {"chosen": [], "best": [], "worst": []}});
    let read = |schema| {
        let result = RunResult { schema, ..example() };
        run.read_with::<Value>(&result, RANKINGS)
    };
    run.write(RANKINGS, &list).expect("written");
    assert!(read(2).expect("whole").is_some());
    let text = serde_json::to_string(&list).expect("JSON");
    std::fs::write(run.directory().join(RANKINGS), text).expect("write");
    assert!(read(1).expect("a run of version 0.1 has none").is_some());
    let error = read(2).expect_err("no checksum").to_string();
    assert!(error.contains("rankings.json") && error.contains("`checksum` is gone"), "{error}");
    run.write("result.json", &example()).expect("written");
    std::fs::write(run.directory().join(QUERIES), "{}").expect("write");
    assert!(run.queries().expect_err("no checksum").to_string().contains("queries.json"));
}

#[test]
fn nothing_is_written_into_a_run_that_another_process_has_taken_over() {
    let (_directory, run) = run();
    let run = run.claimed_by(&aio_train::StopFlag::default().with_claim(|| false));
    let error = run.write_text("config.toml", "").expect_err("lost");
    assert!(matches!(error, crate::error::Error::Lost), "{error}");
    assert!(run.write("result.json", &example()).is_err() && !run.is_done());
    assert!(!run.config().exists());
}

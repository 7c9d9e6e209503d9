//! Reports are drawn from the files of a run, after the run is finished.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const EXPERIMENT: &str = r#"
[data]
root = "datasets/tiny"
size = { synth_pedes = 12, llcm = 4, market_sketch = 4, market = 4, test = 4, pku = 20, development = 2 }
[train]
identities = 4
[[train.stages]]
name = "a"
datasets = ["synth-pedes"]
epochs = 1
real = ["text"]
rate = 1e-3
warmup = 1
floor = 0.1
[evaluation]
tasks = ["market1501.rgb-rgb", "sysu-mm01.infrared-rgb.all", "tri-cuhk-pedes.sketch+text-rgb"]
"#;

fn aio(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aio"));
    command.args(arguments).current_dir(directory).output().expect("the program starts")
}

fn succeed(directory: &Path, arguments: &[&str]) -> Output {
    let output = aio(directory, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// The files of a directory by name.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(directory).expect("a directory").flatten();
    entries
        .map(|entry| {
            let name = entry.file_name().into_string().expect("UTF-8");
            (name, std::fs::read(entry.path()).expect("read"))
        })
        .collect()
}

fn json(path: PathBuf) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).expect("read")).expect("JSON")
}

/// Names of the files that differ.
fn differing(a: &BTreeMap<String, Vec<u8>>, b: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let names = a.keys().chain(b.keys());
    let mut names: Vec<String> =
        names.filter(|name| a.get(*name) != b.get(*name)).cloned().collect();
    names.dedup();
    names
}

#[test]
fn a_report_is_drawn_again_from_files_and_its_failure_fails_no_run() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let desk = directory.path();
    std::fs::write(desk.join("tiny.toml"), EXPERIMENT).expect("write");
    let table = succeed(desk, &["experiment", "tiny.toml"]).stdout;
    let cell = std::fs::read_dir(desk.join("runs/tiny")).expect("runs").flatten().next();
    let run = cell.expect("one configuration").path().join("seed-0");
    let report = run.join("report");
    let first = files(&report);
    for name in [
        "index.html",
        "table.md",
        "table.csv",
        "added.md",
        "added.csv",
        "cmc.svg",
        "tsne-identity.svg",
        "tsne-modality.png",
        "ranked-tri-cuhk-pedes-sketch-text-rgb.png",
        "attention.png",
    ] {
        assert!(first.contains_key(name), "{name}");
    }
    let attention = json(run.join("attention.json"));
    assert_eq!(attention["task"], "tri-cuhk-pedes.sketch+text-rgb");
    let embeddings = json(run.join("embeddings.json"));
    assert_eq!(embeddings["dataset"], "sysu-mm01", "the data set with the most modalities");
    for sample in embeddings["samples"].as_array().expect("samples") {
        let values = sample["values"].as_array().expect("values").iter();
        let length: f64 = values.map(|v| v.as_f64().expect("a number").powi(2)).sum();
        assert!((length - 1.0).abs() < 1e-5, "{length}");
    }

    // The same files give the same report.
    std::fs::remove_dir_all(&report).expect("remove");
    let printed = succeed(desk, &["report", "tiny", "--redraw"]).stdout;
    assert_eq!(String::from_utf8_lossy(&printed).trim(), String::from_utf8_lossy(&table).trim());
    assert_eq!(differing(&files(&report), &first), Vec::<String>::new());

    // Whoever draws it at the same time waits for the other.
    let lock = File::options().write(true).open(run.join("lock")).expect("the lock of the run");
    lock.lock().expect("locked");
    let mut second = Command::new(env!("CARGO_BIN_EXE_aio"));
    let second = second.args(["report", "tiny", "--redraw"]).current_dir(desk);
    let second = second.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut second = second.expect("the program starts");
    let mut messages = BufReader::new(second.stderr.take().expect("a pipe")).lines();
    let is_waiting = |line: String| line.contains("waiting for");
    assert!(messages.by_ref().map_while(Result::ok).any(is_waiting), "it did not wait");
    drop(lock);
    assert!(second.wait().expect("ends").success());
    assert_eq!(differing(&files(&report), &first), Vec::<String>::new());

    // Where no report can be written, the run is finished all the same.
    let result = json(run.join("result.json"));
    std::fs::remove_file(run.join("result.json")).expect("remove");
    std::fs::remove_dir_all(&report).expect("remove");
    std::fs::write(&report, "not a directory").expect("write");
    let output = succeed(desk, &["experiment", "tiny.toml"]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("the run is finished, but its report cannot be drawn"), "{text}");
    assert_eq!(output.stdout, table);
    for part in ["metrics", "baseline", "chance", "tasks"] {
        assert_eq!(json(run.join("result.json"))[part], result[part], "{part}");
    }
    let refused = aio(desk, &["report", "tiny", "--redraw"]);
    let text = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && text.contains("report"), "{text}");
    std::fs::remove_file(&report).expect("remove");
    succeed(desk, &["report", "tiny", "--redraw"]);
    // The page states the seconds of training.
    let mut again = files(&report);
    again.insert("index.html".into(), first["index.html"].clone());
    assert_eq!(differing(&again, &first), Vec::<String>::new());

    // Runs of version 0.1 have neither embeddings nor attention.
    for name in ["embeddings.json", "attention.json"] {
        std::fs::remove_file(run.join(name)).expect("remove");
    }
    std::fs::remove_dir_all(&report).expect("remove");
    succeed(desk, &["report", "tiny", "--redraw"]);
    let older = files(&report);
    let lacking: Vec<&String> = first.keys().filter(|name| !older.contains_key(*name)).collect();
    assert_eq!(
        lacking,
        [
            "attention.png",
            "tsne-identity.png",
            "tsne-identity.svg",
            "tsne-modality.png",
            "tsne-modality.svg"
        ]
    );
}

//! Files of a run, configuration and sweeps.

use crate::trial::{Content, Kind, Seal};
use aio_bench::config::Experiment;
use aio_bench::report::{
    ATTENTION, AttentionExample, EMBEDDINGS, EmbeddingExample, RANKINGS, RankedLists,
};
use aio_bench::run::{QUERIES, Run, RunResult, TaskQueries};
use aio_bench::sweep::{Cost, Sweep};
use aio_synth::benchmark;
use aio_types::TaskId;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::{Path, PathBuf};

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("temporary directory")
}

/// A value or error as a trial compares it.
pub(crate) fn content<T: Debug, E: std::fmt::Display>(read: Result<T, E>) -> Content {
    read.map(|value| format!("{value:?}")).map_err(|e| e.to_string())
}

pub(crate) fn kinds() -> Vec<Kind> {
    vec![
        result(),
        of_run::<Value>(
            "`manifest.json`",
            "manifest.json",
            &json!({"version": "0.1.0", "commit": "cefb7d60", "command": ["aio", "experiment", "smoke"], "threads": 2, "seed": 0, "data": {"market1501": "0123456789abcdef"}, "weights": "2b9be39d", "seconds": 79.25}),
        ),
        of_run::<BTreeMap<TaskId, TaskQueries>>("`queries.json`", QUERIES, &queries()),
        of_run::<BTreeMap<TaskId, RankedLists>>("`rankings.json`", RANKINGS, &rankings()),
        of_run::<EmbeddingExample>("`embeddings.json`", EMBEDDINGS, &embeddings()),
        of_run::<AttentionExample>("`attention.json`", ATTENTION, &attention()),
        of_run::<Cost>(
            "`prediction.json`",
            "prediction.json",
            &json!({"seconds": 151.5, "memory": 700, "predicted": true}),
        ),
        of_unfinished("`data.json`", "data.json", &data()),
        of_unfinished("`evaluation.json`", "evaluation.json", &evaluation()),
        metrics(),
        config(),
        experiment(),
        sweep(),
        benchmark_manifest(),
    ]
}

/// A committed result, as this version writes it.
fn result() -> Kind {
    let cells = std::fs::read_dir(repository().join("results/zero-shot")).expect("committed");
    let cells: Vec<PathBuf> = cells.map(|cell| cell.expect("entry").path()).collect();
    let committed = cells.iter().map(|cell| cell.join("seed-0")).find(|run| run.is_dir());
    let committed = committed.expect("a committed run");
    let mut result = Run::at(committed).result().expect("committed").expect("finished");
    result.schema = RunResult::SCHEMA;
    let kept = folder();
    let run = Run::at(kept.path().to_path_buf());
    run.write("result.json", &result).expect("written");
    let file = kept.path().join("result.json");
    let read = Box::new(move || content(run.result()));
    Kind { name: "`result.json`", seal: Seal::Checksum, file, read, _kept: kept }
}

/// A JSON file of a run with its checksum, read as a `T`.
fn of_run<T: DeserializeOwned + Debug + 'static>(
    name: &'static str,
    file: &'static str,
    value: &Value,
) -> Kind {
    let kept = folder();
    let run = Run::at(kept.path().to_path_buf());
    run.write(file, value).expect("written");
    let read = Box::new(move || content(run.read::<T>(file)));
    Kind { name, seal: Seal::Checksum, file: kept.path().join(file), read, _kept: kept }
}

/// A JSON file of a run that is not finished, which must state its checksum.
fn of_unfinished(name: &'static str, file: &'static str, value: &Value) -> Kind {
    let kept = folder();
    let run = Run::at(kept.path().to_path_buf());
    run.write(file, value).expect("written");
    let read = Box::new(move || content(run.read_sealed::<Value>(file)));
    Kind { name, seal: Seal::Checksum, file: kept.path().join(file), read, _kept: kept }
}

fn data() -> Value {
    let hash = |byte: &str| format!("2:{}", byte.repeat(32));
    json!({"data": {"llcm": {"files": hash("0a"), "content": hash("1b")}, "table:own": {"files": hash("2c"), "content": hash("3d")}}})
}

fn evaluation() -> Value {
    let scores = json!({"queries": 4, "skipped": 1, "gallery": 9, "map": 0.5, "minp": 0.25, "cmc": [0.5, 1.0], "by_query": [], "spread": null});
    json!({"fingerprint": "0a1b2c3d".repeat(8), "tasks": [{"task": "market1501.rgb-rgb", "scores": {"trained": scores, "untrained": scores},
        "queries": queries()["market1501.rgb-rgb"], "lists": rankings()["market1501.rgb-rgb"], "embeddings": []}]})
}

fn shown(path: &str) -> Value {
    json!({"modality": "infrared", "path": path, "synthesised": null})
}

fn queries() -> Value {
    json!({"market1501.rgb-rgb": {"query": [0, 1, 3], "identity": [7, 7, 12], "average_precision": [0.5, 0.123457, 1.0],
        "rank1": [0.0, 0.0, 1.0], "inverse_negative_penalty": [0.25, 0.1, 1.0]}})
}

fn rankings() -> Value {
    let list = |query: &str, precision: f64| json!({"pictures": [shown(query)], "caption": "A man in red.", "retrieved": [["gallery/1.jpg", "right"], ["gallery/2.jpg", null]], "average_precision": precision});
    json!({"market1501.rgb-rgb": {"chosen": [list("query/1.jpg", 0.5)], "best": [list("query/2.jpg", 1.0)], "worst": []}})
}

fn embeddings() -> Value {
    let sample = |identity: i64| json!({"identity": identity, "modality": "rgb", "values": [0.6, -0.8, 0.0, 1e-7]});
    json!({"dataset": "market1501", "samples": (1..9).map(sample).collect::<Vec<_>>()})
}

fn attention() -> Value {
    json!({"task": "market1501.rgb-rgb", "size": {"height": 4, "width": 2}, "queries": [{
        "pictures": [{"picture": shown("query/1.jpg"), "relevance": [0.25, 0.125, 0.5]}],
        "caption": {"text": "A man in red.", "relevance": [0.5, 0.5]}
    }]})
}

fn metrics() -> Kind {
    let kept = folder();
    let run = Run::at(kept.path().to_path_buf());
    let lines: String = (0..12)
        .map(|step| format!("{{\"step\":{step},\"stage\":\"one\",\"epoch\":0,\"rate\":0.0005,\"terms\":{{\"binding\":{}.5,\"triplet\":0.25}}}}\n", 12 - step))
        .collect();
    std::fs::write(run.metrics(), lines).expect("write");
    let file = run.metrics();
    let read = Box::new(move || content(aio_bench::report::training_log(&run)));
    Kind { name: "`metrics.jsonl`", seal: Seal::None, file, read, _kept: kept }
}

/// The resolved configuration of a run, and of a model.
fn config() -> Kind {
    let kept = folder();
    let file = kept.path().join("config.toml");
    let path = repository().join("experiments/smoke.toml");
    let smoke = Experiment::load(&path, &[]).expect("an experiment");
    std::fs::write(&file, smoke.to_toml().expect("TOML")).expect("write");
    let path = file.clone();
    let read = Box::new(move || content(Experiment::read(&path)));
    Kind { name: "`config.toml` of a run", seal: Seal::None, file, read, _kept: kept }
}

fn experiment() -> Kind {
    let kept = folder();
    let file = kept.path().join("smoke.toml");
    std::fs::copy(repository().join("experiments/smoke.toml"), &file).expect("copy");
    let path = file.clone();
    let read = Box::new(move || content(Experiment::load(&path, &[])));
    Kind { name: "experiment (TOML)", seal: Seal::None, file, read, _kept: kept }
}

fn sweep() -> Kind {
    let kept = folder();
    let file = kept.path().join("two.toml");
    std::fs::copy(repository().join("experiments/smoke.toml"), kept.path().join("smoke.toml"))
        .expect("copy");
    let text = "base = \"smoke.toml\"\nseeds = [0, 1]\n\n[axes]\n\"losses.binding\" = [0.0, 1.0]\n\n[report]\ntasks = [\"market1501.rgb-rgb\"]\nmetric = \"map\"\n\n[[report.quoted]]\nname = \"another\"\ncitation = \"a paper\"\nvalues = { \"market1501.rgb-rgb\" = 79.4 }\n";
    std::fs::write(&file, text).expect("write");
    let path = file.clone();
    let read = Box::new(move || content(Sweep::load(&path)));
    Kind { name: "sweep (TOML)", seal: Seal::None, file, read, _kept: kept }
}

fn benchmark_manifest() -> Kind {
    let kept = folder();
    let file = kept.path().join(benchmark::MANIFEST);
    let manifest = benchmark::Manifest {
        version: 3,
        seed: 7,
        size: benchmark::Size::default(),
        files: 9_120,
        content: "066399ca424827de5080b953b89ebe653f77ca426676b5b01e01eb2f68efc475".into(),
    };
    std::fs::write(&file, serde_json::to_string_pretty(&manifest).expect("JSON")).expect("write");
    let root = kept.path().to_path_buf();
    let read = Box::new(move || content(benchmark::manifest(&root)));
    Kind { name: "manifest of the rendered benchmark", seal: Seal::None, file, read, _kept: kept }
}

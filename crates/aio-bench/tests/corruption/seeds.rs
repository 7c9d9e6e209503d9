//! The seeds of the fuzz targets: whole files of every kind, small and made here.
//!
//! `AIO_WRITE_SEEDS=1 cargo test --locked --profile quick -p aio-bench --test corruption seeds` writes them.

use crate::runs::repository;
use crate::trial::Kind;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Largest seed: libFuzzer makes inputs as long as the longest.
const LARGEST: u64 = 64 << 10;

/// The target that takes a kind of file, and what stands in front of its bytes.
fn target(kind: &Kind) -> Option<(&'static str, Vec<u8>)> {
    let plain = |target| Some((target, Vec::new()));
    match kind.name {
        "`result.json`" | "`SHA256SUMS` of a model directory" => None,
        name if name.ends_with(".json`") || name.ends_with(".jsonl`") => plain("results"),
        "manifest of the rendered benchmark" => plain("results"),
        "experiment (TOML)" | "`config.toml` of a run" => plain("config"),
        "sweep (TOML)" => plain("sweeps"),
        "sketch generator (.pth)" | "checkpoint of Burn (.bpk)" => plain("checkpoints"),
        name if name.starts_with("features (") || name.starts_with("features of") => {
            plain("features")
        }
        "own data (CSV)" | "own data (Parquet)" => plain("tables"),
        "list of people (CSV)" | "manifest of features" => plain("people"),
        "MATLAB file" => plain("matlab"),
        "index (Parquet)" => plain("index"),
        // The first byte is the number of the data set in `targets/lists.rs`.
        "annotations (JSON)" => Some(("lists", vec![9])),
        "list of pictures (text)" => Some(("lists", vec![11])),
        name if name.starts_with("picture (") => plain("pictures"),
        name if name.starts_with("boxes of") => plain("detections"),
        "queries (JSON lines)" => plain("queries"),
        // The first byte is the number of the file in `targets/galleries.rs`.
        "manifest of a gallery" => Some(("galleries", vec![0])),
        "description of a segment" => Some(("galleries", vec![1])),
        "rows of a segment (Parquet)" => Some(("galleries", vec![2])),
        _ => None,
    }
}

fn seeds() -> PathBuf {
    repository().join("crates/aio-bench/fuzz/seeds")
}

/// The names of the targets, as the manifest of the fuzz crate lists them.
fn targets() -> BTreeSet<String> {
    let text = std::fs::read_to_string(repository().join("crates/aio-bench/fuzz/Cargo.toml"));
    let manifest: toml::Table = toml::from_str(&text.expect("a manifest")).expect("TOML");
    let targets = manifest["bin"].as_array().expect("targets").iter();
    targets.map(|target| target["name"].as_str().expect("a name").to_owned()).collect()
}

/// The annotations that the index of the seed was built from, and the copy that the target of indexes uses.
fn annotations(kinds: &[Kind]) -> (PathBuf, PathBuf) {
    let index = kinds.iter().find(|kind| kind.name == "index (Parquet)").expect("a kind");
    let copy = repository().join("crates/aio-bench/fuzz/targets/annotations.json");
    (index.file.with_file_name("synthpedes_dataset.json"), copy)
}

fn write(kinds: &[Kind]) {
    let (original, copy) = annotations(kinds);
    std::fs::copy(original, copy).expect("copy");
    for kind in kinds {
        let Some((target, mut bytes)) = target(kind) else { continue };
        let whole = std::fs::read(&kind.file).expect("the whole file");
        // The target of MATLAB files writes their header itself.
        bytes.extend_from_slice(if target == "matlab" { &whole[128..] } else { &whole });
        let name: String =
            kind.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let folder = seeds().join(target);
        std::fs::create_dir_all(&folder).expect("create");
        std::fs::write(folder.join(name.trim_matches('-')), bytes).expect("write");
    }
}

#[test]
fn every_fuzz_target_has_seeds() {
    let kinds = crate::kinds();
    if std::env::var_os("AIO_WRITE_SEEDS").is_some() {
        write(&kinds);
        return;
    }
    let (original, copy) = annotations(&kinds);
    assert_eq!(std::fs::read(original).expect("read"), std::fs::read(copy).expect("read"));
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for folder in std::fs::read_dir(seeds()).expect("seeds").flatten() {
        let name = folder.file_name().into_string().expect("UTF-8");
        for seed in std::fs::read_dir(folder.path()).expect("a folder").flatten() {
            let length = seed.metadata().expect("metadata").len();
            assert!(length > 0 && length <= LARGEST, "{}: {length} bytes", seed.path().display());
            *found.entry(name.clone()).or_default() += 1;
        }
    }
    assert_eq!(found.keys().cloned().collect::<BTreeSet<_>>(), targets());
    for kind in &kinds {
        if let Some((target, _)) = target(kind) {
            assert!(found.contains_key(target), "{}", kind.name);
        }
    }
}

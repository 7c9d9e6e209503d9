//! ARCHITECTURE.md states facts about the source tree. These tests keep them true.

use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Longest application file, in lines. Tests in the same file count.
const LONGEST_FILE: usize = 330;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Every Rust file below `directory`.
fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The crates of the workspace by name, with their source directories.
fn crates() -> BTreeMap<String, PathBuf> {
    let folders = std::fs::read_dir(repository().join("crates")).expect("crates").flatten();
    folders
        .map(|folder| {
            let name = folder.file_name().into_string().expect("UTF-8");
            (name, folder.path().join("src"))
        })
        .collect()
}

/// Source text without comments and without the tests at its end.
fn code(path: &Path) -> String {
    let text = read(path);
    let application = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
    let line_comment = Regex::new(r"(?m)^\s*//.*$").expect("a pattern");
    line_comment.replace_all(application, "").into_owned()
}

/// Dependencies between the crates of the workspace, as Cargo sees them.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(repository())
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let mut found = BTreeMap::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let of_package = package["dependencies"].as_array().expect("dependencies");
        let normal = of_package.iter().filter(|d| d["kind"].is_null());
        let names = normal.map(|d| d["name"].as_str().expect("a name").to_owned());
        let ours = names.filter(|name| name.starts_with("aio-")).collect();
        found.insert(package["name"].as_str().expect("a name").to_owned(), ours);
    }
    found
}

#[test]
fn the_dependency_graph_is_the_one_that_cargo_sees() {
    let text = read(&repository().join("ARCHITECTURE.md"));
    let graph = text
        .split("<!-- dependency graph -->")
        .nth(1)
        .and_then(|rest| rest.split("```").nth(1))
        .expect("ARCHITECTURE.md has a block after `<!-- dependency graph -->`");
    let mut drawn: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in graph.lines().skip(1).filter(|line| !line.trim().is_empty()) {
        let (name, needed) = line.split_once("->").unwrap_or((line, ""));
        let needed = needed.split_whitespace().map(str::to_owned).collect();
        drawn.insert(name.trim().to_owned(), needed);
    }
    assert_eq!(drawn, dependencies());
}

#[test]
fn rankings_need_neither_tensors_nor_pictures() {
    for (name, forbidden) in [
        ("aio-eval", &["burn", "image", "polars"][..]),
        ("aio-types", &["burn", "image", "polars"]),
        ("aio-data", &["burn"]),
        ("aio-tokenize", &["polars", "image"]),
        ("aio-model", &["polars", "image", "csv"]),
    ] {
        let manifest = read(&repository().join("crates").join(name).join("Cargo.toml"));
        let manifest: toml::Table = toml::from_str(&manifest).expect("TOML");
        let needed = manifest["dependencies"].as_table().expect("dependencies");
        for dependency in forbidden {
            assert!(!needed.contains_key(*dependency), "{name} depends on {dependency}");
        }
    }
}

#[test]
fn tokenizers_encoder_and_heads_do_no_input_or_output() {
    let outside = Regex::new(
        r"std::(fs|env|process|net)\b|std(in|out|err)\(|\be?print(ln)?!|toml::|Command::new",
    )
    .expect("a pattern");
    for name in ["aio-tokenize", "aio-encoder", "aio-heads", "aio-ops", "aio-eval", "aio-types"] {
        for path in rust_files(&crates()[name]) {
            // The one module of the encoder that reads a file: its weights.
            let weights = path.file_stem().is_some_and(|stem| stem == "weights")
                || path.parent().is_some_and(|folder| folder.ends_with("weights"));
            if name == "aio-encoder" && weights {
                continue;
            }
            let code = code(&path);
            let found = outside.find(&code).map(|m| m.as_str());
            assert_eq!(found, None, "{}", path.display());
        }
    }
}

#[test]
fn no_file_is_too_long_to_read_at_once() {
    for directory in crates().into_values() {
        for path in rust_files(&directory) {
            let lines = read(&path).lines().count();
            assert!(lines <= LONGEST_FILE, "{} has {lines} lines", path.display());
        }
    }
}

/// Which top-level modules of a crate each top-level module names.
fn module_graph(source: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let room = |path: &Path| {
        let inside = path.strip_prefix(source).expect("a file of the crate");
        let first = inside.components().next().expect("a name").as_os_str();
        first.to_string_lossy().trim_end_matches(".rs").to_owned()
    };
    let files: Vec<PathBuf> = rust_files(source);
    let rooms: BTreeSet<String> = files.iter().map(|path| room(path)).collect();
    // What the crate's root exports belongs to the module that it comes from.
    let exports = Regex::new(r"(?s)pub(?:\(crate\))? use (\w+)::([^;]+);").expect("a pattern");
    let word = Regex::new(r"\w+").expect("a pattern");
    let mut exported: BTreeMap<String, String> = BTreeMap::new();
    for found in exports.captures_iter(&code(&source.join("lib.rs"))) {
        for name in word.find_iter(&found[2]) {
            exported.insert(name.as_str().to_owned(), found[1].to_owned());
        }
    }
    let group = Regex::new(r"(?s)use crate::\{(.*?)\};").expect("a pattern");
    let single = Regex::new(r"crate::(\w+)").expect("a pattern");
    let first_words = Regex::new(r"(?:^|,)\s*(\w+)").expect("a pattern");
    let nested = Regex::new(r"\{[^{}]*\}").expect("a pattern");
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    // Files of tests may name what they like.
    let is_source = |path: &&PathBuf| {
        !["lib.rs", "main.rs", "tests.rs"].iter().any(|name| path.ends_with(name))
    };
    for path in files.iter().filter(is_source) {
        let (own, code) = (room(path), code(path));
        let mut names: Vec<String> =
            single.captures_iter(&code).map(|found| found[1].to_owned()).collect();
        for found in group.captures_iter(&code) {
            let flat = nested.replace_all(&found[1], "");
            names.extend(first_words.captures_iter(&flat).map(|found| found[1].to_owned()));
        }
        let targets = names.into_iter().filter_map(|name| {
            let target = exported.get(&name).cloned().unwrap_or(name);
            (rooms.contains(&target) && target != own).then_some(target)
        });
        graph.entry(own.clone()).or_default().extend(targets);
    }
    graph
}

/// A circle in a graph, if there is one.
fn circle(graph: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn visit(
        graph: &BTreeMap<String, BTreeSet<String>>,
        node: &str,
        path: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> Option<Vec<String>> {
        if let Some(start) = path.iter().position(|seen| seen == node) {
            return Some(path[start..].to_vec());
        }
        if done.contains(node) {
            return None;
        }
        path.push(node.to_owned());
        for next in graph.get(node).into_iter().flatten() {
            if let Some(found) = visit(graph, next, path, done) {
                return Some(found);
            }
        }
        path.pop();
        done.insert(node.to_owned());
        None
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|node| visit(graph, node, &mut Vec::new(), &mut done))
}

#[test]
fn no_crate_imports_in_a_circle() {
    let mut edges = 0;
    for (name, source) in crates() {
        let graph = module_graph(&source);
        edges += graph.values().map(BTreeSet::len).sum::<usize>();
        assert_eq!(circle(&graph), None, "{name}");
    }
    assert!(edges > 50, "only {edges} imports were recognised");
}

#[test]
fn a_circle_is_found() {
    let of = |edges: &[(&str, &str)]| {
        let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, to) in edges {
            graph.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        circle(&graph)
    };
    assert_eq!(of(&[("a", "b"), ("b", "c"), ("a", "c")]), None);
    assert_eq!(
        of(&[("a", "b"), ("b", "c"), ("c", "b")]),
        Some(vec!["b".to_owned(), "c".to_owned()])
    );
}

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

/// The path of a module in its crate: that of `report/table/mod.rs` is `report`, `table`.
type Module = Vec<String>;

fn module(source: &Path, file: &Path) -> Module {
    let inside = file.strip_prefix(source).expect("a file of the crate").with_extension("");
    let names = inside.iter().map(|name| name.to_string_lossy().into_owned());
    let mut module: Module = names.collect();
    if module.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        module.pop();
    }
    module
}

/// Reads the names of a path, of which groups in braces make several, from behind a `::` on. Adds them below `module`.
fn expand(text: &str, module: &[String], paths: &mut Vec<Module>) -> usize {
    let blanks = text.len() - text.trim_start().len();
    let rest = &text[blanks..];
    if rest.starts_with('{') {
        let mut at = 1;
        loop {
            at += expand(&rest[at..], module, paths);
            at += rest[at..].len() - rest[at..].trim_start().len();
            match rest[at..].chars().next() {
                Some(',') => at += 1,
                Some('}') | None => return blanks + (at + 1).min(rest.len()),
                Some(other) => at += other.len_utf8(),
            }
        }
    }
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    if end == 0 {
        return blanks;
    }
    let path = [module, &[rest[..end].to_owned()]].concat();
    match rest[end..].strip_prefix("::") {
        Some(further) if !further.starts_with('<') => {
            blanks + end + 2 + expand(further, &path, paths)
        }
        _ => {
            paths.push(path);
            blanks + end
        }
    }
}

/// What a file names in its crate, from the root of the crate on.
fn named(code: &str, own: &[String]) -> Vec<Module> {
    let beginning = Regex::new(r"\b(crate|super(?:::super)*)::").expect("a pattern");
    let mut paths = Vec::new();
    for found in beginning.captures_iter(code) {
        let above = found[1].matches("super").count();
        let from = if above == 0 { &[][..] } else { &own[..own.len().saturating_sub(above)] };
        expand(&code[found.get(0).expect("a match").end()..], from, &mut paths);
    }
    paths
}

/// Which files and folders of each folder of a crate name which others in the same folder.
fn neighbours(source: &Path) -> BTreeMap<Module, BTreeMap<String, BTreeSet<String>>> {
    let files: Vec<PathBuf> = rust_files(source);
    let modules: BTreeSet<Module> = files.iter().map(|path| module(source, path)).collect();
    // What a folder hands on belongs to the module that it comes from.
    let hands_on =
        Regex::new(r"(?s)pub(?:\([^)]*\))? use (?:self::)?([a-z]\w*::[^;]+);").expect("a pattern");
    let mut origins: BTreeMap<Module, Module> = BTreeMap::new();
    for path in &files {
        let own = module(source, path);
        for found in hands_on.captures_iter(&code(path)) {
            let mut paths = Vec::new();
            expand(&found[1], &own, &mut paths);
            for path in paths {
                let name = path.last().expect("a name").clone();
                origins.insert([own.clone(), vec![name]].concat(), path);
            }
        }
    }
    let origin = |mut path: Module| {
        for _ in 0..4 {
            let Some(at) = (1..=path.len()).find(|end| origins.contains_key(&path[..*end])) else {
                break;
            };
            path = [&origins[&path[..at]], &path[at..]].concat();
        }
        while !modules.contains(&path) && !path.is_empty() {
            path.pop();
        }
        path
    };
    let mut graphs: BTreeMap<Module, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    // Files of tests may name what they like.
    let is_source = |path: &&PathBuf| {
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned());
        !name.is_some_and(|name| name == "tests" || name == "for_tests")
            && !path.components().any(|part| part.as_os_str() == "tests")
    };
    for path in files.iter().filter(is_source) {
        let own = module(source, path);
        for target in named(&code(path), &own).into_iter().map(&origin) {
            let shared = own.iter().zip(&target).take_while(|(a, b)| a == b).count();
            if let (Some(from), Some(to)) = (own.get(shared), target.get(shared)) {
                let graph = graphs.entry(own[..shared].to_vec()).or_default();
                graph.entry(from.clone()).or_default().insert(to.clone());
            }
        }
    }
    graphs
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
fn no_files_or_folders_beside_each_other_import_in_a_circle() {
    let mut edges = 0;
    let mut circles = Vec::new();
    for (name, source) in crates() {
        for (folder, graph) in neighbours(&source) {
            edges += graph.values().map(BTreeSet::len).sum::<usize>();
            circles.extend(circle(&graph).map(|found| format!("{name} {folder:?}: {found:?}")));
        }
    }
    assert!(circles.is_empty(), "{circles:#?}");
    assert!(edges > 500, "only {edges} imports were recognised");
}

#[test]
fn paths_are_read_with_their_groups() {
    let own = ["a", "b", "c"].map(str::to_owned);
    let code =
        "use super::d::{E, f::{G, h}};\nuse super::super::i;\nlet x = crate::j::k::<u8>(super::L);";
    let found: Vec<String> = named(code, &own).iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["a::b::d::E", "a::b::d::f::G", "a::b::d::f::h", "a::i", "j::k", "a::b::L"]);
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

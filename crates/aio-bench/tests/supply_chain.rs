//! Where the program comes from: pinned and locked dependencies, the minimum Rust version, unsafe code, and the bill of materials.

#[path = "../examples/sbom/bill.rs"]
mod bill;

use regex::Regex;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(repository().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Text files of the repository, without those of builds and runs.
fn files(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            let passed_over = ["target", "runs", "results", ".git", "corpus", "artifacts"];
            if !passed_over.contains(&name.as_str()) {
                files(&path, found);
            }
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            found.push((path, text));
        }
    }
}

fn all_files() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    files(&repository(), &mut found);
    found
}

/// Calls of Cargo in a text that could change or ignore the lock file: the line from `cargo` on, up to the end of the command.
fn unlocked(text: &str) -> Vec<String> {
    let call = Regex::new(
        r"\bcargo\s+(\+\S+\s+)?(run|build|test|check|clippy|doc|install|bench|metadata|deny (?:check|fetch)|rustc|tree|miri)\b[^`|;&\n]*",
    )
    .expect("a pattern");
    call.find_iter(text)
        .map(|found| found.as_str().to_owned())
        .filter(|command| !command.contains("--locked"))
        .collect()
}

#[test]
fn a_call_without_the_lock_file_is_found() {
    assert_eq!(unlocked("cargo test --locked --workspace\ncargo fmt --all --check"), [""; 0]);
    assert_eq!(unlocked("a `cargo build --release` b --locked"), ["cargo build --release"]);
    assert_eq!(unlocked("cargo +1.95 check && cargo doc --locked"), ["cargo +1.95 check "]);
}

#[test]
fn every_call_of_cargo_takes_the_versions_of_the_lock_file() {
    let (mut calls, mut missing) = (0, Vec::new());
    for (path, text) in all_files() {
        let inside = path.strip_prefix(repository()).expect("below").to_path_buf();
        let name = inside.to_string_lossy();
        // Scripts and instructions; source files are no commands, and the change log tells of earlier ones.
        let is_script = ["justfile", ".ci/run", "scripts/just"].contains(&&*name)
            || name.starts_with("scripts/")
            || name.starts_with(".ci/")
            || name.contains("Dockerfile")
            || name.starts_with(".github/")
            || [".md", ".sh", ".sbatch", ".yml", ".yaml"].iter().any(|end| name.ends_with(end));
        if !is_script || name == "CHANGELOG.md" {
            continue;
        }
        calls += text.matches("cargo ").count();
        missing.extend(unlocked(&text).into_iter().map(|call| format!("{name}: {call}")));
    }
    assert!(calls > 20, "{calls} calls");
    assert!(missing.is_empty(), "without --locked:\n{}", missing.join("\n"));
}

#[test]
fn every_dependency_is_pinned_and_comes_from_crates_io() {
    let manifest: toml::Table = toml::from_str(&read("Cargo.toml")).expect("TOML");
    let dependencies = manifest["workspace"]["dependencies"].as_table().expect("dependencies");
    assert!(dependencies.len() > 40);
    for (name, dependency) in dependencies {
        let version = dependency.as_str().or_else(|| dependency.get("version")?.as_str());
        match version {
            Some(version) => assert!(version.starts_with('='), "{name} = {version}"),
            None => assert!(dependency.get("path").is_some(), "{name} has no version"),
        }
    }
    for lock in ["Cargo.lock", "crates/aio-bench/fuzz/Cargo.lock"] {
        let lock: toml::Table = toml::from_str(&read(lock)).expect("TOML");
        for package in lock["package"].as_array().expect("packages") {
            let Some(source) = package.get("source") else { continue };
            let from = "registry+https://github.com/rust-lang/crates.io-index";
            assert_eq!(source.as_str(), Some(from), "{package}");
            assert!(package.get("checksum").is_some(), "{package}");
        }
    }
}

#[test]
fn members_of_the_workspace_take_the_versions_of_the_workspace() {
    for entry in std::fs::read_dir(repository().join("crates")).expect("crates").flatten() {
        let path = entry.path().join("Cargo.toml");
        let text = std::fs::read_to_string(&path).expect("a manifest");
        let manifest: toml::Table = toml::from_str(&text).expect("TOML");
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(dependencies) = manifest.get(section).and_then(|s| s.as_table()) else {
                continue;
            };
            for (name, dependency) in dependencies {
                let inherited = dependency.get("workspace").and_then(toml::Value::as_bool);
                assert_eq!(inherited, Some(true), "{}: {name}", path.display());
            }
        }
    }
}

#[test]
fn the_minimum_rust_version_is_one_number() {
    let manifest: toml::Table = toml::from_str(&read("Cargo.toml")).expect("TOML");
    let minimum = manifest["workspace"]["package"]["rust-version"].as_str().expect("a version");
    let clippy: toml::Table = toml::from_str(&read("clippy.toml")).expect("TOML");
    assert_eq!(clippy["msrv"].as_str(), Some(minimum), "clippy.toml");
    assert!(read(".ci/run").contains(&format!("\nminimum={minimum}\n")), ".ci/run");
    let named = Regex::new(r"Rust (\d+\.\d+)").expect("a pattern");
    let mut count = 0;
    for name in
        ["README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/tutorial.md", "docs/reliability.md"]
    {
        for found in named.captures_iter(&read(name)) {
            assert_eq!(&found[1], minimum, "{name}");
            count += 1;
        }
    }
    assert!(count >= 2, "README.md and SECURITY.md name the minimum: {count}");
    for entry in std::fs::read_dir(repository().join("crates")).expect("crates").flatten() {
        let text = std::fs::read_to_string(entry.path().join("Cargo.toml")).expect("a manifest");
        assert!(text.contains("rust-version.workspace = true"), "{}", entry.path().display());
    }
}

/// Crates that the program is built from on any system, each with its features.
fn built_from(features: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--workspace", "--target", "all"])
        .args(["--edges", "normal,build", "--prefix", "none", "--format", "{p} {f}"])
        .args(features)
        .current_dir(repository())
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect()
}

#[test]
fn a_usual_build_has_no_http_client_and_no_tls() {
    let foreign = |crates: &BTreeSet<String>| -> Vec<String> {
        let is_foreign = |line: &&String| {
            let mut words = line.split([' ', ',']);
            let name = words.next().expect("a name");
            let clients = ["h2", "reqwest", "tonic", "ureq", "curl", "qdrant-client"];
            let tls = ["native-tls", "openssl", "ring", "rustls", "tokio-rustls"];
            clients.contains(&name)
                || tls.contains(&name)
                || (name.starts_with("hyper") && words.any(|feature| feature == "client"))
        };
        crates.iter().filter(is_foreign).cloned().collect()
    };
    let usual = built_from(&[]);
    assert!(usual.len() > 300, "{}", usual.len());
    assert_eq!(foreign(&usual), [""; 0]);
    let gpu = built_from(&["--features", "aio-bench/cuda,aio-bench/wgpu"]);
    assert!(gpu.len() > usual.len());
    assert_eq!(foreign(&gpu), [""; 0]);
    // The feature that deny.toml makes an exception for; it shows that the above would be found.
    let with_qdrant = foreign(&built_from(&["--features", "aio-bench/qdrant"]));
    for name in ["qdrant-client", "tonic", "rustls", "hyper"] {
        assert!(with_qdrant.iter().any(|line| line.starts_with(&format!("{name} v"))), "{name}");
    }
}

/// Lines of code, not of comments, that open an unsafe block, function or implementation.
fn unsafe_lines(text: &str) -> Vec<usize> {
    let opens = Regex::new(r"\bunsafe\s*(\{|fn\b|impl\b|extern\b|trait\b)").expect("a pattern");
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| !line.trim_start().starts_with("//") && opens.is_match(line))
        .map(|(number, _)| number)
        .collect()
}

#[test]
fn every_unsafe_block_says_why_it_is_sound() {
    let mut blocks = Vec::new();
    for (path, text) in all_files() {
        let is_this = path.ends_with("tests/supply_chain.rs");
        if is_this || path.extension().is_none_or(|e| e != "rs") {
            continue;
        }
        let lines: Vec<&str> = text.lines().collect();
        for number in unsafe_lines(&text) {
            // Attributes and further lines of the comment may stand between.
            let above = lines[number.saturating_sub(4)..number].iter();
            let justified = above.clone().any(|line| line.trim_start().starts_with("// SAFETY: "));
            assert!(justified, "{}, line {}", path.display(), number + 1);
            blocks.push(path.clone());
        }
    }
    // The lint of the workspace refuses others; whoever adds one changes this list.
    blocks.sort();
    let expected = [
        "aio-bench/src/allocator.rs",
        "aio-bench/src/allocator.rs",
        "aio-gallery/src/mapped.rs",
        "aio-gallery/src/mapped.rs",
        "aio-ops/src/product.rs",
    ];
    assert_eq!(blocks.len(), expected.len(), "{blocks:?}");
    for (block, file) in blocks.iter().zip(expected) {
        assert!(block.ends_with(file), "{blocks:?}");
    }
    assert!(read("Cargo.toml").contains("unsafe_code = \"deny\""));
    // The blocks of the program itself set options of the allocator and empty it, which AddressSanitizer replaces.
    let justfile = read("justfile");
    let sanitize = justfile.lines().find(|line| line.contains("-Zsanitizer=address"));
    for file in expected.iter().filter(|file| !file.starts_with("aio-bench/")) {
        let package = format!("-p {} ", file.split('/').next().expect("a crate"));
        assert!(sanitize.is_some_and(|line| line.contains(&package)), "{package}");
    }
}

#[test]
fn unsafe_code_is_recognised() {
    let text = "unsafe { a() }\n// unsafe { b() }\nunsafe fn c() {}\nlet unsafe_name = 1;\nunsafe impl Send for D {}\n";
    assert_eq!(unsafe_lines(text), [0, 2, 4]);
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--format-version", "1", "--all-features"])
        .current_dir(repository())
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn the_bill_of_materials_lists_every_crate_with_version_licence_and_checksum() {
    let bill = bill::bill(&metadata(), &read("Cargo.lock")).expect("a bill");
    assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&"CycloneDX".into(), &"1.6".into()));
    assert_eq!(bill["metadata"]["component"]["name"], "aio-bench");
    let components = bill["components"].as_array().expect("components");
    let lock: toml::Table = toml::from_str(&read("Cargo.lock")).expect("TOML");
    let locked = lock["package"].as_array().expect("packages").len();
    assert!(components.len() > 300 && components.len() < locked, "{}", components.len());
    let (mut references, mut texts_alone) = (BTreeSet::new(), Vec::new());
    for component in components {
        let name = component["name"].as_str().expect("a name");
        assert!(references.insert(component["bom-ref"].as_str().expect("a reference")), "{name}");
        let licence = &component["licenses"][0];
        if !licence["expression"].is_string() {
            assert!(licence["license"]["name"].is_string(), "{name} has no licence");
            texts_alone.push(name);
        }
        let own = name.starts_with("aio-") || name == "cubecl-llvm";
        let digits = component["hashes"][0]["content"].as_str().map(str::len);
        assert_eq!(digits, if own { None } else { Some(64) }, "{name}");
    }
    // Its file is the text of Apache-2.0; Cargo resolves it and builds it for no target.
    assert_eq!(texts_alone, ["cfg_block"]);
    let of = |name: &str| components.iter().find(|c| c["name"] == name).expect("listed");
    assert_eq!(of("serde")["scope"], "required");
    assert_eq!(of("serde")["version"], "1.0.229");
    assert_eq!(of("ndarray-npy")["scope"], "excluded", "only tests need it");
    let program = bill["metadata"]["component"]["bom-ref"].as_str().expect("a reference");
    let dependencies = bill["dependencies"].as_array().expect("dependencies");
    assert_eq!(dependencies.len(), components.len() + 1);
    for dependency in dependencies {
        for on in dependency["dependsOn"].as_array().expect("a list") {
            let on = on.as_str().expect("a reference");
            assert!(references.contains(on) || on == program, "{on} is not listed");
        }
    }
}

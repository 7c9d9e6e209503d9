//! Writes down what this build is made of, so that every manifest can name it (`run/manifest.rs`).
//!
//! * `Cargo.lock`, with the versions of all dependencies. A packaged crate carries its own file; in the repository the file is at the root of
//!   the workspace. Without either the copy is empty, and manifests say that the versions are unknown.
//! * The commit of the sources and the hash of what was changed since, where Git knows them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a program is compiled from, from the root of the workspace.
const SOURCES: [&str; 8] = [
    "crates",
    "patches",
    "Cargo.toml",
    "Cargo.lock",
    // The experiments that `config/files.rs` includes; those of sweeps are read from their files.
    "experiments/*.toml",
    "experiments/paper",
    "experiments/recipes",
    ":!experiments/sweeps",
];

fn main() {
    let directory = |variable: &str| PathBuf::from(env::var_os(variable).expect("Cargo sets it"));
    let package = directory("CARGO_MANIFEST_DIR");
    println!("cargo::rerun-if-changed=build.rs");
    let candidates = [package.join("Cargo.lock"), package.join("../../Cargo.lock")];
    let lock_file = candidates.iter().find(|path| path.is_file());
    let contents = lock_file.map_or_else(Vec::new, |path| {
        println!("cargo::rerun-if-changed={}", path.display());
        std::fs::read(path).expect("the Cargo.lock of this build is readable")
    });
    std::fs::write(directory("OUT_DIR").join("Cargo.lock"), contents)
        .expect("the build's output directory is writable");
    sources(&package.join("../.."));
}

fn rerun_if_changed(path: &Path) {
    if path.exists() {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}

/// Sets `AIO_COMMIT` and `AIO_CHANGES`, the blob that Git would make of the changes. Both are asked anew only when a source changes: a commit of
/// the same sources compiles nothing, and the commit and the changes of the build still describe them.
fn sources(root: &Path) {
    let git = |arguments: &[&str]| -> Option<Vec<u8>> {
        let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
        output.status.success().then_some(output.stdout)
    };
    let line = |output: Vec<u8>| String::from_utf8_lossy(&output).trim().to_owned();
    // A packaged crate may lie inside another repository.
    let tracked = ["ls-files", "--error-unmatch", "crates/aio-bench/build.rs"];
    let (mut commit, mut changes) = (String::new(), String::new());
    if git(&tracked).is_some() {
        commit = git(&["rev-parse", "HEAD"]).map(line).unwrap_or_default();
        let sources = SOURCES.iter().copied();
        let arguments: Vec<&str> = ["diff", "HEAD", "--"].into_iter().chain(sources).collect();
        if let Some(found) = git(&arguments).filter(|found| !found.is_empty()) {
            let path =
                env::var_os("OUT_DIR").map(PathBuf::from).expect("Cargo sets it").join("changes");
            std::fs::write(&path, found).expect("the build's output directory is writable");
            let path = path.display().to_string();
            changes = git(&["hash-object", "--no-filters", &path]).map(line).unwrap_or_default();
        }
        for entry in std::fs::read_dir(root.join("crates")).into_iter().flatten().flatten() {
            for source in ["src", "assets", "templates", "weights", "Cargo.toml", "build.rs"] {
                rerun_if_changed(&entry.path().join(source));
            }
        }
        rerun_if_changed(&root.join("patches"));
        // File by file: an experiment of the user's own changes nothing here.
        let list = git(&["ls-files", "experiments"]).map(line).unwrap_or_default();
        for file in list.lines().filter(|file| !file.starts_with("experiments/sweeps/")) {
            rerun_if_changed(&root.join(file));
        }
    }
    println!("cargo::rustc-env=AIO_COMMIT={commit}");
    println!("cargo::rustc-env=AIO_CHANGES={changes}");
}

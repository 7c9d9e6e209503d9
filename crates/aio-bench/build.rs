//! Copies the `Cargo.lock` of this build to where `run/manifest.rs` includes it, so that every manifest can name the
//! versions of all dependencies. A packaged crate carries its own file; in the repository the file is at the root of
//! the workspace. Without either the copy is empty, and manifests say that the versions are unknown.

use std::env;
use std::path::PathBuf;

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
}

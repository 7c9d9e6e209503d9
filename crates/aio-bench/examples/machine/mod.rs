//! The machine that a benchmark runs on, for the files of `results/bench/`.

use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of benchmarks, and the name of the processor in the form of the names of its files.
pub(crate) fn results() -> std::io::Result<(PathBuf, String)> {
    let folder = Path::new("results/bench");
    std::fs::create_dir_all(folder)?;
    let name = processor()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    Ok((folder.to_path_buf(), name))
}

/// Processor, threads, commit and compiler.
pub(crate) fn description() -> std::io::Result<Map<String, Value>> {
    let mut about = Map::new();
    about.insert("processor".into(), json!(processor()));
    about.insert("threads".into(), json!(std::thread::available_parallelism()?.get()));
    about.insert("commit".into(), json!(said("git", &["rev-parse", "--short", "HEAD"])));
    about.insert("rustc".into(), json!(said("rustc", &["--version"])));
    Ok(about)
}

/// What a program prints, or nothing.
pub(crate) fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned()).unwrap_or_default()
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    name.unwrap_or(std::env::consts::ARCH).to_owned()
}

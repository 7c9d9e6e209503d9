//! The machine that a benchmark runs on, for the files of `results/bench/`.

use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of benchmarks, and the name of the processor in the form of the names of its files.
pub(crate) fn results() -> std::io::Result<(PathBuf, String)> {
    let folder = Path::new("results/bench");
    std::fs::create_dir_all(folder)?;
    let processor = processor().to_ascii_lowercase();
    let words = processor.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    Ok((folder.to_path_buf(), words.join("-")))
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

/// The processor and its widest vectors: machines of one name can have different ones.
fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let flags = text.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
    let has = |flag: &str| flags.split_whitespace().any(|found| found == flag);
    let vectors = if has("avx512f") {
        ", AVX-512"
    } else if has("avx2") {
        ", AVX2"
    } else {
        ""
    };
    format!("{}{vectors}", name.unwrap_or(std::env::consts::ARCH))
}

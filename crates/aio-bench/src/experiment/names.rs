//! Names of experiments and the files that they stand for.

use crate::error::{Error, Result};
use aio_data::fs;
use std::path::{Path, PathBuf};

/// The file that a name or path stands for.
///
/// # Errors
/// [`Error::User`] listing the experiments there are.
pub fn locate(name: &str) -> Result<PathBuf> {
    let direct = PathBuf::from(name);
    if direct.extension().is_some_and(|e| e == "toml") {
        return Ok(direct);
    }
    let path = Path::new("experiments").join(format!("{name}.toml"));
    if path.is_file() {
        return Ok(path);
    }
    let mut known = Vec::new();
    for folder in ["experiments", "experiments/paper"] {
        for entry in fs::sorted_entries(folder.as_ref()).unwrap_or_default() {
            if entry.extension().is_some_and(|e| e == "toml") {
                let stem = entry.with_extension("");
                known.push(stem.strip_prefix("experiments").unwrap_or(&stem).display().to_string());
            }
        }
    }
    let near = crate::config::nearest(name, known.iter().map(String::as_str))
        .map(|n| format!("did you mean `{n}`? "))
        .unwrap_or_default();
    Err(Error::user(
        format!("no experiment `{name}`: {} does not exist", path.display()),
        format!("{near}known experiments: {}", known.join(", ")),
    ))
}

/// The name of an experiment, under which its runs lie: its path below `experiments`, or else the file's own name.
#[must_use]
pub fn name(path: &Path) -> String {
    let stem = path.with_extension("");
    // `experiments/sweeps/../zero-shot` is `experiments/zero-shot`.
    let mut plain = PathBuf::new();
    for part in stem.components() {
        match part {
            std::path::Component::ParentDir if plain.file_name().is_some() => _ = plain.pop(),
            std::path::Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
        .strip_prefix("experiments")
        .unwrap_or_else(|_| plain.file_name().map_or(&*plain, Path::new))
        .display()
        .to_string()
}

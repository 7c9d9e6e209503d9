//! The mean of the weights of several models (`aio weights average`).

use crate::error::{Error, Result};
use crate::overwrite;
use crate::provenance::Provenance;
use crate::weights;
use aio_data::fs;
use aio_encoder::weights::Weights;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// What was written.
#[derive(Debug, Clone, Serialize)]
pub struct Averaged {
    output: PathBuf,
    /// Models whose weights were added.
    models: usize,
    /// Of the file.
    sha256: String,
}

/// Writes the mean of the weights of models of one architecture, running statistics included (Wortsman et al., "Model soups", ICML 2022). Models that
/// started from the same weights can be averaged; means of others are useless. The file states what is `stated`, and otherwise what all models state.
///
/// # Errors
/// [`Error`] naming the file that is no weights file of this project, that has other sizes or another preprocessing than the first one or values that are
/// not finite, or what the models state differently.
pub fn run(models: &[PathBuf], output: &Path, stated: &Provenance) -> Result<Averaged> {
    let paths: Vec<PathBuf> =
        models.iter().map(|model| weights::named_file(model)).collect::<Result<_>>()?;
    overwrite::check("--output", output, paths.iter().map(PathBuf::as_path))?;
    overwrite::check_weights("--output", output)?;
    let (of_first, of_others) = match paths.as_slice() {
        [first, others @ ..] if !others.is_empty() => (first, others),
        _ => return Err(Error::user("one model has no mean", "name two models or more")),
    };
    let (mut checksums, mut provenances) = (Vec::new(), Vec::new());
    let mut opened = |path: &Path| -> Result<Weights> {
        let weights = weights::own(path)?;
        checksums.push(weights.sha256());
        provenances.push(Provenance::of(&weights));
        Ok(weights.unpacked()?)
    };
    let first = opened(of_first)?;
    let mut others = Vec::with_capacity(of_others.len());
    for path in of_others {
        let weights = opened(path)?;
        check_alike(of_first, &first, path, &weights)?;
        others.push(weights);
    }
    let names = endings(&paths);
    stated.check_covers(&names, &provenances)?;
    let parts = names.iter().zip(&checksums);
    let parts = parts.map(|(name, sha256)| json!({ "name": name, "sha256": sha256 }));
    let mut entries = vec![("averaged", Value::from_iter(parts))];
    entries.extend(stated.entries().map(|(key, value)| (key, value.into())));
    let mean = first.mean(&others, &entries)?;
    fs::write_output(output, mean.bytes())?;
    Ok(Averaged { output: output.to_path_buf(), models: paths.len(), sha256: mean.sha256() })
}

/// The ends of paths, just long enough to tell the files apart: the weights of runs all have one name.
fn endings(paths: &[PathBuf]) -> Vec<String> {
    let ending = |path: &PathBuf, parts: usize| -> PathBuf {
        let all: Vec<Component> = path.components().collect();
        all[all.len().saturating_sub(parts)..].iter().collect()
    };
    let longest = paths.iter().map(|path| path.components().count()).max().unwrap_or(0);
    let files: BTreeSet<&PathBuf> = paths.iter().collect();
    let are_apart = |parts: &usize| {
        let different: BTreeSet<PathBuf> = paths.iter().map(|path| ending(path, *parts)).collect();
        different.len() == files.len()
    };
    let parts = (1..longest).find(are_apart).unwrap_or(longest);
    paths.iter().map(|path| ending(path, parts).to_string_lossy().into_owned()).collect()
}

/// Refuses a model that has other sizes or takes other pictures than the first one.
fn check_alike(of_first: &Path, first: &Weights, path: &Path, weights: &Weights) -> Result<()> {
    for (key, hint) in [
        ("config", "models can be averaged whose sizes are equal"),
        ("preprocessing", "models can be averaged that take pictures of one size, mean and std"),
    ] {
        let (expected, found): (Value, Value) = (first.metadata(key)?, weights.metadata(key)?);
        if expected != found {
            return Err(Error::user(
                format!(
                    "`{}` has another {key} than `{}`: {found}, expected {expected}",
                    path.display(),
                    of_first.display()
                ),
                hint,
            ));
        }
    }
    Ok(())
}

impl Averaged {
    /// What was written.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { output, models, sha256 } = self;
        format!("{} (the mean of {models} models), sha256 {sha256}\n", output.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_apart_by_the_ends_of_their_paths() {
        let of = |paths: &[&str]| endings(&paths.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(
            of(&["a/one.safetensors", "two.safetensors"]),
            ["one.safetensors", "two.safetensors"]
        );
        let runs = ["runs/a/0f/seed-0/w", "runs/b/1e/seed-0/w", "runs/a/0f/seed-0/w"];
        assert_eq!(of(&runs), ["0f/seed-0/w", "1e/seed-0/w", "0f/seed-0/w"], "one of them twice");
        assert_eq!(of(&["w", "b/w"]), ["w", "b/w"]);
    }

    #[test]
    fn a_hint_is_about_what_differs() {
        let of = |metadata: serde_json::Value| {
            let metadata = [("aio".to_owned(), metadata.to_string())].into();
            let tensors = std::iter::empty::<(String, safetensors::tensor::TensorView)>();
            let bytes = safetensors::serialize(tensors, Some(metadata)).expect("serialised");
            Weights::from_bytes("a test", bytes)
        };
        let first = of(json!({ "config": 1, "preprocessing": 1 }));
        let check = |other: serde_json::Value| {
            let error = check_alike(Path::new("a"), &first, Path::new("b"), &of(other));
            error.expect_err("differs").hint().expect("a hint")
        };
        assert!(check(json!({ "config": 2, "preprocessing": 1 })).contains("sizes are equal"));
        assert!(check(json!({ "config": 1, "preprocessing": 2 })).contains("take pictures"));
    }
}

//! The mean of the weights of several models (`aio weights average`).

use crate::error::{Error, Result};
use crate::overwrite;
use crate::run::weights_file;
use crate::weights;
use aio_data::fs;
use aio_encoder::weights::Weights;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

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
/// started from the same weights can be averaged; means of others are useless.
///
/// # Errors
/// [`Error`] naming the file that is no weights file of this project, or that has other sizes or another preprocessing than the first one.
pub fn run(models: &[PathBuf], output: &Path) -> Result<Averaged> {
    let paths: Vec<PathBuf> = models.iter().map(|model| weights_file(model)).collect();
    overwrite::check("--output", output, paths.iter().map(PathBuf::as_path))?;
    if paths.len() < 2 {
        return Err(Error::user("one model has no mean", "name two models or more"));
    }
    let mut files: Vec<Weights> = Vec::with_capacity(paths.len());
    let mut parts = Vec::with_capacity(paths.len());
    for path in &paths {
        let weights = weights::own(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        parts.push(json!({ "name": name, "sha256": weights.sha256() }));
        let weights = weights.unpacked()?;
        if let Some(first) = files.first() {
            check_alike(&paths[0], first, path, &weights)?;
        }
        files.push(weights);
    }
    let mean = Weights::mean(&files, &[("averaged", parts.into())])?;
    let mean = mean.ok_or_else(|| Error::Failure("no weights to average".into()))?;
    fs::write_output(output, mean.bytes())?;
    let (models, sha256) = (files.len(), mean.sha256());
    Ok(Averaged { output: output.to_path_buf(), models, sha256 })
}

/// Refuses a model that has other sizes or takes other pictures than the first one.
fn check_alike(of_first: &Path, first: &Weights, path: &Path, weights: &Weights) -> Result<()> {
    for key in ["config", "preprocessing"] {
        let (expected, found): (Value, Value) = (first.metadata(key)?, weights.metadata(key)?);
        if expected != found {
            return Err(Error::user(
                format!(
                    "`{}` has another {key} than `{}`: {found}, expected {expected}",
                    path.display(),
                    of_first.display()
                ),
                "models can be averaged whose sizes are equal",
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

//! What a pre-training writes beside its checkpoints.

use super::recipe::Recipe;
use super::start::Start;
use crate::error::{Result, TrainError, io_error};
use aio_data::checksum::folder;
use aio_data::fs;
use aio_encoder::weights::Weights;
use aio_model::Backbone;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Name of the weights in the directory of a pre-training.
pub const WEIGHTS: &str = "embedded.safetensors";

/// Name of the loss curve in the directory of a pre-training.
pub const LOSS_CURVE: &str = "loss.csv";

/// First line of the loss curve.
pub const LOSS_CURVE_HEADER: &str = "step,words,views,contrastive";

/// Where the loss curve lies.
pub(super) fn loss_curve_path(directory: &Path) -> PathBuf {
    directory.join(LOSS_CURVE)
}

/// Opens the loss curve for appending. What it holds beyond the first `steps` is cut off: a killed call has logged more than it has saved.
///
/// # Errors
/// [`TrainError::Data`] naming the file; [`TrainError::Invalid`] if the lines of the first `steps` are not all there.
pub(super) fn open_loss_curve(directory: &Path, steps: usize) -> Result<File> {
    let path = loss_curve_path(directory);
    let old = if path.exists() { fs::read_to_string(&path)? } else { String::new() };
    let mut kept = format!("{LOSS_CURVE_HEADER}\n");
    let mut lines = old.lines().skip(1);
    for step in 0..steps {
        let line = lines.next().filter(|line| line.starts_with(&format!("{step},")));
        kept += line.ok_or_else(|| {
            TrainError::invalid(
                format!(
                    "{} has lost the line of step {step}; the checkpoint was written after {steps} steps",
                    path.display()
                ),
                "restore the file from a copy, or remove the directory; the pre-training then starts from its beginning",
            )
        })?;
        kept.push('\n');
    }
    fs::write_then_rename(&path, kept.as_bytes())?;
    File::options().append(true).open(&path).map_err(|e| io_error("write", &path, e))
}

/// Writes the weights, 16 bits per value, with their recipe, licence and origin, and their checksum beside them. Weights that started from a file have the
/// licence that the file states, if it states one, and sizes that are those of the file.
///
/// # Errors
/// [`TrainError::Data`] naming the file.
pub(super) fn write_weights(
    directory: &Path,
    backbone: &Backbone,
    start: &Start,
    recipe: &Recipe,
) -> Result<PathBuf> {
    let Start { config, preprocessing, weights } = start;
    let failed = |e| TrainError::Failure(format!("cannot serialise the recipe: {e}"));
    let mut recipe = serde_json::to_value(recipe).map_err(failed)?;
    let card = match weights {
        None => vec![
            ("recipe", recipe),
            ("licence", "MIT OR Apache-2.0".into()),
            ("origin", "aio pretrain, rendered data only".into()),
        ],
        Some(weights) => {
            recipe["stem"] = serde_json::to_value(config.tokenizers.stem).map_err(failed)?;
            recipe["depth"] = config.encoder.depth.into();
            recipe["width"] = config.encoder.embed_dim.into();
            let (name, sha256) = (weights.name(), weights.sha256());
            let origin = format!("aio pretrain, rendered data, started from {name} ({sha256})");
            let licence = weights.licence().map(|licence| ("licence", licence.into()));
            let entries = [("recipe", recipe), ("origin", origin.into()), weights.entry()];
            entries.into_iter().chain(licence).collect()
        }
    };
    let bytes = backbone.to_bytes(config, preprocessing, &card)?;
    let path = directory.join(WEIGHTS);
    let halved = Weights::from_bytes(path.display().to_string(), bytes).halved()?;
    folder::forget(directory)?;
    fs::write_then_rename(&path, halved.bytes())?;
    folder::write(directory, &[WEIGHTS])?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn the_loss_curve_continues_after_the_saved_steps() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let mut file = open_loss_curve(directory.path(), 0).expect("a new curve");
        write!(file, "0,1.5,3,\n1,1.25,2,\n2,1,2,0.5\n").expect("writes");
        let mut file = open_loss_curve(directory.path(), 2).expect("continues");
        writeln!(file, "2,1,2,0.75").expect("writes");
        let text = std::fs::read_to_string(loss_curve_path(directory.path())).expect("reads");
        assert_eq!(text, "step,words,views,contrastive\n0,1.5,3,\n1,1.25,2,\n2,1,2,0.75\n");
        for (steps, lost) in [(4, 3), (9, 3)] {
            let error = open_loss_curve(directory.path(), steps).expect_err("lost lines");
            let expected = format!("loss.csv has lost the line of step {lost}");
            assert!(error.to_string().contains(&expected), "{error}");
        }
    }
}

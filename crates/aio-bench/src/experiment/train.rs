//! The second step: trains the model, or continues its training, and writes the model directory.

use super::model_card::model_card;
use super::prepare::Prepared;
use crate::error::Result;
use crate::run::WEIGHTS;
use aio_data::checksum::folder;
use aio_data::fs;
use aio_train::{TrainedModel, TrainingSetup};

/// Trains all stages and writes `model/`: weights, configuration and card, and their checksums.
///
/// # Errors
/// [`Error::Stopped`](crate::error::Error::Stopped) after a signal; otherwise what failed.
pub(super) fn train(prepared: &mut Prepared) -> Result<TrainedModel> {
    let Prepared { experiment, run, start, library, device, stop, .. } = prepared;
    let config = experiment.training();
    let setup = TrainingSetup { config: &config, start, device };
    let trained = aio_train::train(&setup, &run.training_paths(), library, stop)?;
    write_model(prepared, &trained)?;
    Ok(trained)
}

fn write_model(prepared: &Prepared, trained: &TrainedModel) -> Result<()> {
    let provenance = [
        ("experiment", prepared.name.clone().into()),
        ("cell", prepared.config_id.clone().into()),
        ("seed", prepared.experiment.seed.into()),
    ];
    let weights =
        trained.backbone.to_bytes(&trained.config, &trained.preprocessing, &provenance)?;
    let card = model_card(prepared, &aio_encoder::weights::sha256(&weights));
    let directory = prepared.run.model();
    folder::forget(&directory)?;
    fs::write_then_rename(&directory.join(WEIGHTS), &weights)?;
    fs::write_then_rename(&directory.join("config.toml"), prepared.config_text.as_bytes())?;
    fs::write_then_rename(&directory.join("README.md"), card.as_bytes())?;
    Ok(folder::write(&directory, &[WEIGHTS, "config.toml", "README.md"])?)
}

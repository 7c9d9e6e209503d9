//! The second step: trains the model, or continues its training, and writes the model directory.

use super::model_card::model_card;
use super::prepare::Prepared;
use crate::error::Result;
use crate::run::WEIGHTS;
use aio_data::checksum::folder;
use aio_data::fs;
use aio_train::{TrainedModel, TrainingSetup};

/// A trained model that has been written.
pub(super) struct Trained {
    pub(super) model: TrainedModel,
    /// Of the file of its weights.
    pub(super) sha256: String,
}

/// Trains all stages and writes `model/`: weights, configuration and card, and their checksums. `evaluation_bytes` is what the evaluation will
/// hold beside the models, for the prediction of memory.
///
/// # Errors
/// [`Error::Stopped`](crate::error::Error::Stopped) after a signal; otherwise what failed.
pub(super) fn train(prepared: &mut Prepared, evaluation_bytes: usize) -> Result<Trained> {
    let Prepared { experiment, run, start, library, device, stop, .. } = prepared;
    let config = experiment.training();
    let setup = TrainingSetup { config: &config, start, device, evaluation_bytes };
    let model = aio_train::train(&setup, &run.training_paths(), library, stop)?;
    let sha256 = write_model(prepared, &model)?;
    Ok(Trained { model, sha256 })
}

/// Returns the SHA-256 of the weights.
fn write_model(prepared: &Prepared, trained: &TrainedModel) -> Result<String> {
    let start = prepared.start.started_from(&prepared.experiment.model.weights);
    let provenance = [
        ("experiment", prepared.name.clone().into()),
        ("cell", prepared.config_id.clone().into()),
        ("seed", prepared.experiment.seed.into()),
        start.entry(),
    ];
    let weights =
        trained.backbone.to_bytes(&trained.config, &trained.preprocessing, &provenance)?;
    let sha256 = aio_encoder::weights::sha256(&weights);
    let card = model_card(prepared, &sha256);
    let directory = prepared.run.model();
    prepared.run.check_claim()?;
    folder::forget(&directory)?;
    let files = [
        (WEIGHTS, weights.as_slice()),
        ("config.toml", prepared.config_text.as_bytes()),
        ("README.md", card.as_bytes()),
    ];
    for (name, bytes) in files {
        prepared.run.check_claim()?;
        fs::write_then_rename(&directory.join(name), bytes)?;
    }
    prepared.run.check_claim()?;
    folder::write(&directory, &files.map(|(name, _)| name))?;
    Ok(sha256)
}

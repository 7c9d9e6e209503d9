//! Embeddings of many inputs as the features that metrics take.

use crate::error::{Result, TrainError};
use crate::progress::Progress;
use aio_eval::Features;
use aio_model::Extractor;
use aio_types::{Observation, Picture};

/// Inputs that are embedded between two updates of the progress.
const CHUNK: usize = 256;

/// Embeds `inputs` in order; `what` names them in errors, `phase` in the progress.
///
/// # Shapes
/// - output: `[inputs, embedding width]`
///
/// # Errors
/// [`TrainError::Invalid`] naming the input with a modality that the model cannot embed, [`TrainError::Eval`] for features that are not finite.
pub fn embed_all(
    extractor: &Extractor,
    inputs: &[Observation<Picture>],
    what: &str,
    phase: &str,
) -> Result<Features> {
    let progress = Progress::new(phase, inputs.len(), "samples");
    let mut values = Vec::with_capacity(inputs.len() * extractor.width());
    for chunk in inputs.chunks(CHUNK) {
        let rows = extractor.embed(chunk).map_err(|e| {
            TrainError::invalid(
                format!("{what}: {e}"),
                "model.modalities lists what the model can embed",
            )
        })?;
        values.extend(rows.into_iter().flatten());
        progress.inc(chunk.len());
    }
    progress.finish();
    Ok(Features::new(what, inputs.len(), extractor.width(), values)?)
}

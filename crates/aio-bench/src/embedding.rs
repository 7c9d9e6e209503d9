//! Embeds inputs in chunks, with a progress bar.

use crate::error::{Error, Result};
use crate::progress;
use aio_eval::Features;
use aio_model::Extractor;
use aio_types::{Modality, Observation, Picture};

/// Inputs that are embedded at once.
const CHUNK: usize = 256;

/// Embeds `inputs`, one row each. `what` names them in errors, `phase` in the progress bar.
///
/// # Errors
/// [`Error::User`] if an input has a modality that the model cannot embed.
pub(crate) fn features(
    extractor: &Extractor,
    what: &str,
    inputs: &[Observation<Picture>],
    phase: &str,
) -> Result<Features> {
    let bar = progress::bar(phase, inputs.len(), "samples");
    let mut values = Vec::with_capacity(inputs.len() * extractor.width());
    for chunk in inputs.chunks(CHUNK) {
        let rows = extractor.embed(chunk).map_err(|e| {
            Error::user(format!("{what}: {e}"), "model.modalities lists what the model can embed")
        })?;
        values.extend(rows.into_iter().flatten());
        bar.inc(chunk.len() as u64);
    }
    bar.finish_and_clear();
    Ok(Features::new(what, inputs.len(), extractor.width(), values)?)
}

/// An input of one picture.
pub(crate) fn single(modality: Modality, picture: Picture) -> Observation<Picture> {
    Observation { pictures: vec![(modality, picture)], caption: None }
}

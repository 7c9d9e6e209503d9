//! Embeddings of many inputs as the features that metrics take.

use crate::error::{Result, TrainError};
use crate::progress::Progress;
use crate::signals::StopFlag;
use aio_eval::Features;
use aio_model::Extractor;
use aio_types::{Observation, Picture};
use std::ops::Range;

/// Inputs that are in memory at once.
pub const BLOCK: usize = 256;

/// Embeds `inputs` in order; `what` names them in errors, `phase` in the progress.
///
/// # Shapes
/// - output: `[inputs, embedding width]`
///
/// # Errors
/// [`TrainError::Invalid`] naming the input with a modality that the model cannot embed, [`TrainError::Eval`] for features that are not finite.
pub(crate) fn embed_all(
    extractor: &Extractor,
    inputs: &[Observation<Picture>],
    what: &str,
    phase: &str,
) -> Result<Features> {
    let stream = Stream { rows: inputs.len(), what, phase, stop: &StopFlag::default() };
    let [features] = embed_stream([extractor], &stream, |rows| Ok::<_, TrainError>(&inputs[rows]))?;
    Ok(features)
}

/// What [`embed_stream`] embeds.
#[derive(Debug)]
pub struct Stream<'a> {
    /// Number of inputs.
    pub rows: usize,
    /// What they are, for errors.
    pub what: &'a str,
    /// What progress calls it.
    pub phase: &'a str,
    /// Asked after every block.
    pub stop: &'a StopFlag,
}

/// Embeds the same inputs with several models. `inputs` is asked for the inputs of one block after the other, each of which is dropped before the
/// next, so that memory grows with the features alone.
///
/// # Shapes
/// - output, one per model: `[rows, embedding width]`
///
/// # Errors
/// [`TrainError::Invalid`] naming the input with a modality that the model cannot embed, [`TrainError::Eval`] for features that are not finite, the
/// errors of `inputs`, and [`TrainError::Interrupted`] if the flag is raised.
pub fn embed_stream<const N: usize, B: AsRef<[Observation<Picture>]>, E: From<TrainError>>(
    models: [&Extractor; N],
    stream: &Stream,
    mut inputs: impl FnMut(Range<usize>) -> std::result::Result<B, E>,
) -> std::result::Result<[Features; N], E> {
    let Stream { rows, what, phase, stop } = *stream;
    let progress = Progress::new(phase, rows, "samples");
    // Of several models, the first is the one that is evaluated.
    let cut_before = models.first().map_or(0, |model| model.cut_sentences());
    let mut values = models.map(|model| Vec::with_capacity(rows * model.width()));
    for first in (0..rows).step_by(BLOCK) {
        stop.check("embedding")?;
        let block = inputs(first..rows.min(first + BLOCK))?;
        let block = block.as_ref();
        for (model, values) in models.iter().zip(&mut values) {
            let rows = model.embed(block).map_err(|e| {
                TrainError::invalid(
                    format!("{what}: {e}"),
                    "model.modalities lists what the model can embed",
                )
            })?;
            values.extend(rows.into_iter().flatten());
        }
        progress.inc(block.len());
    }
    progress.finish();
    if let Some(model) = models.first() {
        let cut = model.cut_sentences() - cut_before;
        if cut > 0 {
            let most = model.sentences().context();
            log::warn!("{what}: {cut} sentences are longer than {most} token ids and cut off");
        }
    }
    let mut features = Vec::with_capacity(N);
    for (model, values) in models.iter().zip(values) {
        let of_model = Features::new(what, rows, model.width(), values);
        features.push(of_model.map_err(TrainError::from)?);
    }
    let one_each = |_| TrainError::Failure("one feature matrix per model".into()).into();
    features.try_into().map_err(one_each)
}

//! The scores and ranked lists of a run in its TensorBoard files.

use super::picture::{DrawnLists, ListKind};
use crate::error::Result;
use crate::run::{Run, RunResult};
use aio_train::tensorboard::{Events, Image};
use aio_types::Measure;

/// Writes mAP and Rank-1 of every task, and the ranked lists that were drawn.
///
/// # Errors
/// [`Error::Data`](crate::error::Error::Data) naming the directory.
pub(super) fn write(run: &Run, result: &RunResult, lists: &[DrawnLists]) -> Result<()> {
    write_events(run, result, lists).map_err(|error| run.events_error(error))
}

fn write_events(run: &Run, result: &RunResult, lists: &[DrawnLists]) -> std::io::Result<()> {
    let step = result.steps;
    let mut events = Events::create(&run.events(), step)?;
    let shown = result
        .metrics
        .iter()
        .filter(|(metric, _)| matches!(metric.measure, Measure::Map | Measure::Rank1));
    let scores = shown.map(|(metric, value)| (format!("test/{metric}"), *value as f32));
    events.scalars(step, scores)?;
    for drawn in lists.iter().filter(|drawn| drawn.kind == ListKind::Chosen) {
        let image = Image {
            height: drawn.picture.height(),
            width: drawn.picture.width(),
            encoded: &drawn.jpeg,
        };
        events.image(step, &format!("ranked lists/{}", drawn.task), image)?;
    }
    events.flush()
}

//! Embeds inputs, a block at a time, with mirrored pictures where they are wanted.

use super::inputs::means;
use crate::config::Evaluation;
use crate::error::Result;
use aio_data::augment::flip;
use aio_eval::{Features, Metric};
use aio_model::Extractor;
use aio_train::{StopFlag, Stream, embed_stream};
use aio_types::{Observation, Picture};
use std::ops::Range;

/// How inputs are embedded, and how that is called in messages.
pub(super) struct Embedding<'a> {
    pub(super) what: &'a str,
    pub(super) phase: &'a str,
    /// Whether every input is embedded a second time with mirrored pictures.
    pub(super) flip: bool,
    /// How the features are compared.
    pub(super) metric: Metric,
    pub(super) stop: &'a StopFlag,
}

/// Rows of features for every input, which are averaged: one, and with `flip` one more of the mirrored pictures.
pub(super) const fn rows_per_input(flip: bool) -> usize {
    if flip { 2 } else { 1 }
}

impl<'a> Embedding<'a> {
    pub(super) fn new(
        what: &'a str,
        phase: &'a str,
        evaluation: &Evaluation,
        stop: &'a StopFlag,
    ) -> Self {
        Self { what, phase, flip: evaluation.flip, metric: evaluation.options().metric, stop }
    }

    /// Embeds inputs, a block at a time; `open` gives those of some rows. Each row of the features is the mean of so many inputs, one after the
    /// other, as `counts` says.
    pub(super) fn of<const M: usize>(
        &self,
        models: [&Extractor; M],
        counts: &[usize],
        open: impl FnMut(Range<usize>) -> Result<Vec<Observation<Picture>>>,
    ) -> Result<[Features; M]> {
        let features = self.rows(models, counts.iter().sum(), open)?;
        Ok(self.averaged(features, counts))
    }

    /// The means of so many inputs, one after the other, as `counts` says.
    pub(super) fn averaged<const M: usize>(
        &self,
        features: [Features; M],
        counts: &[usize],
    ) -> [Features; M] {
        let of_each = rows_per_input(self.flip);
        let counts: Vec<usize> = counts.iter().map(|count| of_each * count).collect();
        features.map(|of| means(of, &counts, self.metric))
    }

    /// The rows of all inputs before they are averaged.
    pub(super) fn rows<const M: usize>(
        &self,
        models: [&Extractor; M],
        inputs: usize,
        mut open: impl FnMut(Range<usize>) -> Result<Vec<Observation<Picture>>>,
    ) -> Result<[Features; M]> {
        let Self { what, phase, flip, stop, .. } = *self;
        let stream = Stream { rows: inputs * rows_per_input(flip), what, phase, stop };
        embed_stream(models, &stream, |rows| {
            if !flip {
                return open(rows);
            }
            let opened = open(rows.start / 2..rows.end.div_ceil(2))?;
            let both: Vec<_> =
                opened.into_iter().flat_map(|input| [mirrored(&input), input]).collect();
            let first = rows.start % 2;
            Ok(both[first..first + rows.len()].to_vec())
        })
    }
}

/// The same input with its pictures mirrored.
fn mirrored(input: &Observation<Picture>) -> Observation<Picture> {
    let mut mirrored = input.clone();
    mirrored.pictures.iter_mut().for_each(|(_, picture)| flip(picture));
    mirrored
}

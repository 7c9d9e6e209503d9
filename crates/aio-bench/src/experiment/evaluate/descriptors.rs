//! What hand-made descriptors reach on a task, for comparison with what was learned.

use super::pictures::{Pictures, views};
use super::score::{Scored, TestFeatures, score};
use crate::error::{Error, Result};
use crate::experiment::prepare::Test;
use aio_data::DatasetName;
use aio_data::descriptor::{Descriptor, centred};
use aio_eval::{EvalOptions, Features};
use aio_train::StopFlag;
use aio_types::{Modality, Observation, Picture};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Pictures that are decoded and described at a time.
const BLOCK: usize = 512;

/// Describes the pictures of tasks. The gallery of the last task is kept: the tasks of one data set mostly share it.
#[derive(Default)]
pub(super) struct Describer {
    gallery: Option<((DatasetName, Modality), Described)>,
}

/// The values of every descriptor, row by row.
type Described = BTreeMap<Descriptor, Vec<f32>>;

/// Whether descriptors can rank the gallery of a task: its queries are single pictures.
pub(in crate::experiment) fn apply(test: &Test) -> bool {
    let query = test.task.query;
    query.len() == 1 && !query.contains(Modality::Text) && test.task.gallery.is_visual()
}

impl Describer {
    /// Scores of every descriptor; nothing where [`apply`] says no.
    ///
    /// # Errors
    /// [`Error::Interrupted`] after a signal, or the picture that cannot be decoded.
    pub(super) fn scores(
        &mut self,
        test: &Test,
        pictures: &mut Pictures,
        stop: &StopFlag,
    ) -> Result<BTreeMap<Descriptor, Scored>> {
        let mut scores = BTreeMap::new();
        if !apply(test) {
            return Ok(scores);
        }
        let key = (test.task.dataset, test.task.gallery);
        if self.gallery.as_ref().is_none_or(|(of, _)| *of != key) {
            let gallery = &test.data.gallery;
            let described = described(gallery.len(), stop, |rows| {
                pictures.of_gallery(&gallery[rows], test.task.gallery)
            })?;
            self.gallery = Some((key, described));
        }
        let queries = &test.data.queries;
        let views = views(queries);
        let of_views = described(views.len(), stop, |rows| pictures.of_views(&views[rows]))?;
        let of_each: Vec<usize> = queries.iter().map(|query| query.views.len()).collect();
        let galleries = self.gallery.as_ref().map(|(_, described)| described);
        for (descriptor, gallery) in galleries.into_iter().flatten() {
            let across = !test.task.query.contains(test.task.gallery);
            let gallery = features(*descriptor, gallery.clone(), across)?;
            let queries = features(*descriptor, of_views[descriptor].clone(), across)?;
            let features = TestFeatures { queries: queries.pooled(&of_each), gallery: &gallery };
            scores.insert(*descriptor, score(test, &features, EvalOptions::default(), |_, _| {})?);
        }
        Ok(scores)
    }
}

/// Features of described pictures. HOG is centred between modalities: see [`centred`].
fn features(descriptor: Descriptor, mut values: Vec<f32>, across: bool) -> Result<Features> {
    let width = descriptor.width();
    if across && descriptor == Descriptor::Hog {
        centred(&mut values, width);
    }
    Ok(Features::new(descriptor.name(), values.len() / width, width, values)?)
}

/// Describes `rows` pictures, a block at a time.
fn described(
    rows: usize,
    stop: &StopFlag,
    mut open: impl FnMut(std::ops::Range<usize>) -> Result<Vec<Observation<Picture>>>,
) -> Result<Described> {
    let mut values = Described::new();
    for first in (0..rows).step_by(BLOCK) {
        if stop.is_raised() {
            return Err(Error::Interrupted { phase: "evaluating" });
        }
        let block = open(first..rows.min(first + BLOCK))?;
        for descriptor in Descriptor::ALL {
            let described: Vec<Vec<f32>> =
                block.par_iter().map(|input| descriptor.describe(&input.pictures[0].1)).collect();
            values.entry(descriptor).or_default().extend(described.concat());
        }
    }
    Ok(values)
}

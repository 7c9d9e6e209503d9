//! Embeds the queries and the gallery of a task and scores their rankings.

use super::Test;
use super::pictures::Pictures;
use crate::embedding::{features, single};
use crate::error::Result;
use aio_data::DatasetName;
use aio_eval::{
    Entry, EvalOptions, Features, Ranking, Scores, chance, evaluate, mean_over_trials, open_set,
};
use aio_model::{Extractor, Input};
use aio_types::{Modality, PictureSize};
use std::collections::BTreeMap;

/// Length of a ranked list in the report.
pub(super) const LIST_LENGTH: usize = 8;

/// False accept rates at which the receiver operating characteristic is taken.
const FALSE_ACCEPT_RATES: [f64; 10] = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 1e-1];

/// A model and the galleries that it has embedded: tasks of one data set share their gallery.
pub(super) struct TestedModel {
    extractor: Extractor,
    galleries: BTreeMap<(DatasetName, Modality), Features>,
}

/// Features of a task.
pub(super) struct TestFeatures<'a> {
    /// One row per query.
    queries: Features,
    /// One row per gallery picture.
    gallery: &'a Features,
}

/// Features and their labels, row by row.
pub(super) struct Labelled {
    pub(super) features: Features,
    pub(super) entries: Vec<Entry>,
}

/// Queries and gallery of one trial.
pub(super) struct TrialFeatures {
    pub(super) queries: Labelled,
    pub(super) gallery: Labelled,
}

impl TestedModel {
    pub(super) fn new(extractor: Extractor) -> Self {
        Self { extractor, galleries: BTreeMap::new() }
    }

    pub(super) fn extractor(&self) -> &Extractor {
        &self.extractor
    }

    /// Size of the pictures that the model takes.
    pub(super) fn picture_size(&self) -> PictureSize {
        let preprocessing = self.extractor.preprocessing();
        PictureSize { height: preprocessing.height, width: preprocessing.width }
    }

    /// Embeds the queries of a task and, unless an earlier task has shown it, its gallery.
    ///
    /// # Errors
    /// [`Error::User`](crate::error::Error::User) if the model cannot embed a modality.
    pub(super) fn embed(&mut self, test: &Test, pictures: &Pictures) -> Result<TestFeatures<'_>> {
        let key = (test.task.dataset, test.task.gallery);
        if !self.galleries.contains_key(&key) {
            let gallery = embed_gallery(&self.extractor, test, pictures)?;
            self.galleries.insert(key, gallery);
        }
        let queries = embed_queries(&self.extractor, test, pictures)?;
        Ok(TestFeatures { queries, gallery: &self.galleries[&key] })
    }
}

fn embed_gallery(extractor: &Extractor, test: &Test, pictures: &Pictures) -> Result<Features> {
    let (dataset, modality) = (test.task.dataset, test.task.gallery);
    let inputs: Vec<Input> =
        test.data.gallery.iter().map(|(_, path)| single(modality, pictures.get(path))).collect();
    let what = format!("{dataset} {modality} gallery");
    features(extractor, &what, &inputs, &format!("gallery {dataset} {modality}"))
}

/// Embeds every view of every query; a query is the mean of its views.
fn embed_queries(extractor: &Extractor, test: &Test, pictures: &Pictures) -> Result<Features> {
    let mut inputs = Vec::new();
    let mut views = Vec::new();
    for query in &test.data.queries {
        let of_query = query.inputs(&|path| pictures.get(path));
        views.push(of_query.len());
        inputs.extend(of_query);
    }
    let (what, phase) = (format!("{} queries", test.id), format!("queries {}", test.id));
    let features = features(extractor, &what, &inputs, &phase)?;
    Ok(if features.rows() == views.len() { features } else { features.pooled(&views) })
}

impl TestFeatures<'_> {
    /// The features and labels of one trial.
    pub(super) fn of_trial(&self, test: &Test, trial: usize) -> TrialFeatures {
        let (queries, gallery) = &test.data.trials[trial];
        let (query_entries, gallery_entries) = entries_of_trial(test, trial);
        TrialFeatures {
            queries: Labelled { features: self.queries.select(queries), entries: query_entries },
            gallery: Labelled { features: self.gallery.select(gallery), entries: gallery_entries },
        }
    }
}

/// Labels of the queries and of the gallery of one trial.
fn entries_of_trial(test: &Test, trial: usize) -> (Vec<Entry>, Vec<Entry>) {
    let (queries, gallery) = &test.data.trials[trial];
    (
        queries.iter().map(|i| test.data.queries[*i].entry).collect(),
        gallery.iter().map(|i| test.data.gallery[*i].0).collect(),
    )
}

/// Scores a task, averaged over its trials. `see` gets (query, ranking) for every query of the first trial, in order.
///
/// # Errors
/// As [`aio_eval::evaluate`].
pub(super) fn score(
    test: &Test,
    features: &TestFeatures,
    mut see: impl FnMut(usize, &Ranking),
) -> Result<Scores> {
    let options = EvalOptions { nearest: LIST_LENGTH, ..EvalOptions::default() };
    let mut trials = Vec::new();
    for trial in 0..test.data.trials.len() {
        let TrialFeatures { queries, gallery } = features.of_trial(test, trial);
        trials.push(evaluate(
            (&queries.features, &queries.entries),
            (&gallery.features, &gallery.entries),
            test.data.protocol,
            options,
            |query, ranking| {
                if trial == 0 {
                    see(query, ranking);
                }
            },
        )?);
    }
    Ok(mean_over_trials(&trials))
}

/// False and true accept rates over the pairs of the first trial that the protocol allows; empty where there are too many
/// pairs to hold.
pub(super) fn receiver_operating_characteristic(
    test: &Test,
    features: &TestFeatures,
) -> Vec<(f64, f64)> {
    let TrialFeatures { queries, gallery } = features.of_trial(test, 0);
    let found = open_set(
        (&queries.features, &queries.entries),
        (&gallery.features, &gallery.entries),
        test.data.protocol,
        EvalOptions::default().metric,
        &FALSE_ACCEPT_RATES,
    );
    let Ok(found) = found else { return Vec::new() };
    let mut points = Vec::new();
    for rate in &found.verification {
        // A rate that accepts less than one impostor is no point of the curve.
        let impostors = rate.false_accepts * found.impostor_pairs as f64;
        if let Some(true_accepts) = rate.true_accepts.filter(|_| impostors >= 1.0) {
            points.push((rate.false_accepts, true_accepts));
        }
    }
    points
}

/// Scores of random rankings on a task, averaged over its trials.
///
/// # Errors
/// As [`aio_eval::chance`].
pub(super) fn chance_level(test: &Test, draws: u32) -> Result<Scores> {
    let mut trials = Vec::new();
    for trial in 0..test.data.trials.len() {
        let (queries, gallery) = entries_of_trial(test, trial);
        let options = EvalOptions::default();
        trials.push(chance(&queries, &gallery, test.data.protocol, options, 0, draws)?);
    }
    Ok(mean_over_trials(&trials))
}

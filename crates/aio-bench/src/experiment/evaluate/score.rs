//! Embeds the queries and the gallery of a task and scores their rankings.

use super::Test;
use super::pictures::Pictures;
use crate::error::Result;
use aio_data::{DatasetName, Trial};
use aio_eval::{
    Entry, EvalOptions, Features, LabelledFeatures, Ranking, Scores, chance, evaluate,
    mean_over_trials, open_set,
};
use aio_model::Extractor;
use aio_train::embed_all;
use aio_types::{Modality, Observation, Picture, PictureSize};
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

/// Features of one side of a trial and their labels, row by row.
pub(super) struct TrialSide {
    features: Features,
    entries: Vec<Entry>,
}

/// Queries and gallery of one trial.
pub(super) struct TrialFeatures {
    queries: TrialSide,
    gallery: TrialSide,
}

impl TrialFeatures {
    pub(super) fn queries(&self) -> LabelledFeatures<'_> {
        LabelledFeatures { features: &self.queries.features, entries: &self.queries.entries }
    }

    pub(super) fn gallery(&self) -> LabelledFeatures<'_> {
        LabelledFeatures { features: &self.gallery.features, entries: &self.gallery.entries }
    }
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
        self.extractor.preprocessing().size()
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
    let inputs: Vec<Observation<Picture>> = test
        .data
        .gallery
        .iter()
        .map(|picture| Observation {
            pictures: vec![(modality, pictures.get(&picture.path))],
            caption: None,
        })
        .collect();
    let what = format!("{dataset} {modality} gallery");
    Ok(embed_all(extractor, &inputs, &what, &format!("gallery {dataset} {modality}"))?)
}

/// Embeds every view of every query; a query is the mean of its views.
fn embed_queries(extractor: &Extractor, test: &Test, pictures: &Pictures) -> Result<Features> {
    let mut inputs = Vec::new();
    let mut views = Vec::new();
    for query in &test.data.queries {
        let of_query = pictures.inputs(query);
        views.push(of_query.len());
        inputs.extend(of_query);
    }
    let (what, phase) = (format!("{} queries", test.task), format!("queries {}", test.task));
    let features = embed_all(extractor, &inputs, &what, &phase)?;
    Ok(if features.rows() == views.len() { features } else { features.pooled(&views) })
}

impl TestFeatures<'_> {
    /// The features and labels of one trial.
    pub(super) fn of_trial(&self, test: &Test, trial: &Trial) -> TrialFeatures {
        let queries = TrialSide {
            features: self.queries.select(&trial.query),
            entries: test.data.query_entries(trial),
        };
        let gallery = TrialSide {
            features: self.gallery.select(&trial.gallery),
            entries: test.data.gallery_entries(trial),
        };
        TrialFeatures { queries, gallery }
    }
}

/// Scores a task, averaged over its trials. `observe` gets (query, ranking) for every query of the first trial, in order.
///
/// # Errors
/// As [`aio_eval::evaluate`].
pub(super) fn score(
    test: &Test,
    features: &TestFeatures,
    mut observe: impl FnMut(usize, &Ranking),
) -> Result<Scores> {
    let options = EvalOptions { nearest: LIST_LENGTH, ..EvalOptions::default() };
    let mut trials = Vec::new();
    for (number, trial) in test.data.trials.iter().enumerate() {
        let features = features.of_trial(test, trial);
        trials.push(evaluate(
            features.queries(),
            features.gallery(),
            test.data.protocol,
            options,
            |query, ranking| {
                if number == 0 {
                    observe(query, ranking);
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
    let features = features.of_trial(test, &test.data.trials[0]);
    let found = open_set(
        features.queries(),
        features.gallery(),
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
    for trial in &test.data.trials {
        let queries = test.data.query_entries(trial);
        let gallery = test.data.gallery_entries(trial);
        let options = EvalOptions::default();
        trials.push(chance(&queries, &gallery, test.data.protocol, options, 0, draws)?);
    }
    Ok(mean_over_trials(&trials))
}

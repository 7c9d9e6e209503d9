//! Embeds the queries and the gallery of a task and scores their rankings.

use super::Test;
use super::pictures::{KEPT, Pictures, views};
use crate::error::Result;
use aio_data::{DatasetName, Trial};
use aio_eval::{
    Entry, EvalOptions, Features, LabelledFeatures, Ranking, Scores, chance, evaluate,
    mean_over_trials, open_set,
};
use aio_model::Extractor;
use aio_train::{StopFlag, Stream, embed_stream};
use aio_types::Modality;
use std::collections::BTreeMap;

/// Length of a ranked list in the report.
pub(super) const LIST_LENGTH: usize = 8;

/// False accept rates at which the receiver operating characteristic is taken.
const FALSE_ACCEPT_RATES: [f64; 10] = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 1e-1];

/// The models that are compared and the galleries that they have embedded: tasks of one data set share their gallery.
pub(super) struct TestedModels<'a> {
    trained: Extractor,
    untrained: Extractor,
    pictures: Pictures,
    galleries: BTreeMap<(DatasetName, Modality), [Features; 2]>,
    stop: &'a StopFlag,
}

/// Features of a task under one model.
pub(super) struct TestFeatures<'a> {
    /// One row per query.
    queries: Features,
    /// One row per gallery picture.
    gallery: &'a Features,
}

/// Features of a task under both models.
pub(super) struct BothFeatures<'a> {
    pub(super) trained: TestFeatures<'a>,
    pub(super) untrained: TestFeatures<'a>,
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

impl<'a> TestedModels<'a> {
    pub(super) fn new(trained: Extractor, untrained: Extractor, stop: &'a StopFlag) -> Self {
        let pictures = Pictures::new(trained.preprocessing().size(), KEPT);
        Self { trained, untrained, pictures, galleries: BTreeMap::new(), stop }
    }

    pub(super) fn trained(&self) -> &Extractor {
        &self.trained
    }

    /// Embeds the queries of a task and, unless an earlier task has shown it, its gallery. Every picture is decoded once for both models,
    /// a block at a time.
    ///
    /// # Errors
    /// [`Error::User`](crate::error::Error::User) if a model cannot embed a modality,
    /// [`Error::Interrupted`](crate::error::Error::Interrupted) after a signal.
    pub(super) fn embed(&mut self, test: &Test) -> Result<BothFeatures<'_>> {
        let key = (test.task.dataset, test.task.gallery);
        if !self.galleries.contains_key(&key) {
            let gallery = self.embed_gallery(test)?;
            self.galleries.insert(key, gallery);
        }
        let [trained, untrained] = self.embed_queries(test)?;
        let [gallery, gallery_untrained] = &self.galleries[&key];
        Ok(BothFeatures {
            trained: TestFeatures { queries: trained, gallery },
            untrained: TestFeatures { queries: untrained, gallery: gallery_untrained },
        })
    }

    fn embed_gallery(&mut self, test: &Test) -> Result<[Features; 2]> {
        let Self { trained, untrained, pictures, stop, .. } = self;
        let (dataset, modality) = (test.task.dataset, test.task.gallery);
        let gallery = &test.data.gallery;
        let what = format!("{dataset} {modality} gallery");
        let phase = format!("gallery {dataset} {modality}");
        let stream = Stream { rows: gallery.len(), what: &what, phase: &phase, stop };
        embed_stream([trained, untrained], &stream, |rows| {
            pictures.of_gallery(&gallery[rows], modality)
        })
    }

    /// Embeds every view of every query; a query is the mean of its views.
    fn embed_queries(&mut self, test: &Test) -> Result<[Features; 2]> {
        let Self { trained, untrained, pictures, stop, .. } = self;
        let queries = &test.data.queries;
        let views = views(queries);
        let (what, phase) = (format!("{} queries", test.task), format!("queries {}", test.task));
        let stream = Stream { rows: views.len(), what: &what, phase: &phase, stop };
        let features =
            embed_stream([trained, untrained], &stream, |rows| pictures.of_views(&views[rows]))?;
        let of_each: Vec<usize> = queries.iter().map(|query| query.views.len()).collect();
        Ok(features.map(|features| {
            if features.rows() == of_each.len() { features } else { features.pooled(&of_each) }
        }))
    }
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

//! Embeds the queries and the gallery of a task and scores their rankings.

use super::Test;
use super::descriptors::Describer;
use super::embed::{Embedding, rows_per_input};
use super::inputs::{EmbeddedInputs, Instead};
use super::pictures::{KEPT, Pictures, views};
use crate::config::Evaluation;
use crate::error::Result;
use aio_data::descriptor::Descriptor;
use aio_data::{DatasetName, Trial};
use aio_eval::{
    Entry, EvalOptions, Features, LabelledFeatures, Metric, PerQuery, Ranking, Scores, chance,
    evaluate, mean_over_trials, open_set,
};
use aio_model::Extractor;
use aio_train::StopFlag;
use aio_types::Modality;
use std::collections::BTreeMap;

/// Length of a ranked list in the report.
pub(super) const LIST_LENGTH: usize = 8;

/// False accept rates at which the receiver operating characteristic is taken.
const FALSE_ACCEPT_RATES: [f64; 10] = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 1e-1];

/// The models that are compared, which take pictures of one size, and the galleries and inputs of queries that they have embedded: tasks of one data
/// set share them.
pub(in crate::experiment) struct TestedModels<'a, const N: usize> {
    models: [Extractor; N],
    pictures: Pictures,
    describer: Describer,
    evaluation: &'a Evaluation,
    galleries: BTreeMap<(DatasetName, Modality), [Features; N]>,
    /// By the first model.
    inputs: EmbeddedInputs,
    stop: &'a StopFlag,
}

/// Features of a task under one model.
pub(in crate::experiment) struct TestFeatures<'a> {
    /// One row per query.
    pub(super) queries: Features,
    /// One row per gallery picture.
    pub(super) gallery: &'a Features,
}

/// Features of one side of a trial and their labels, row by row.
pub(super) struct TrialSide {
    features: Features,
    entries: Vec<Entry>,
}

/// Queries and gallery of one trial.
pub(in crate::experiment) struct TrialFeatures {
    queries: TrialSide,
    gallery: TrialSide,
}

impl TrialFeatures {
    pub(in crate::experiment) fn queries(&self) -> LabelledFeatures<'_> {
        LabelledFeatures { features: &self.queries.features, entries: &self.queries.entries }
    }

    pub(in crate::experiment) fn gallery(&self) -> LabelledFeatures<'_> {
        LabelledFeatures { features: &self.gallery.features, entries: &self.gallery.entries }
    }
}

impl<'a, const N: usize> TestedModels<'a, N> {
    pub(in crate::experiment) fn new(
        models: [Extractor; N],
        evaluation: &'a Evaluation,
        stop: &'a StopFlag,
    ) -> Self {
        let pictures = Pictures::new(models[0].preprocessing().size(), KEPT);
        let (describer, galleries) = (Describer::default(), BTreeMap::new());
        let inputs = EmbeddedInputs::default();
        Self { models, pictures, describer, evaluation, galleries, inputs, stop }
    }

    pub(super) fn models(&self) -> &[Extractor; N] {
        &self.models
    }

    /// Scores of hand-made descriptors on a task.
    ///
    /// # Errors
    /// As [`Describer::scores`].
    pub(in crate::experiment) fn describe(
        &mut self,
        test: &Test,
    ) -> Result<BTreeMap<Descriptor, Scored>> {
        self.describer.scores(test, self.stop)
    }

    /// Embeds the queries of a task and, unless an earlier task has shown it, its gallery. Every picture is decoded once for all models,
    /// a block at a time.
    ///
    /// # Errors
    /// [`Error::User`](crate::error::Error::User) if a model cannot embed a modality,
    /// [`Error::Interrupted`](crate::error::Error::Interrupted) after a signal.
    pub(in crate::experiment) fn embed(&mut self, test: &Test) -> Result<[TestFeatures<'_>; N]> {
        let key = (test.task.dataset, test.task.gallery);
        if !self.galleries.contains_key(&key) {
            let gallery = self.embed_gallery(test)?;
            self.galleries.insert(key, gallery);
        }
        let mut queries = self.embed_queries(test)?.into_iter();
        Ok(self.galleries[&key].each_ref().map(|gallery| TestFeatures {
            queries: queries.next().expect("as many as galleries"),
            gallery,
        }))
    }

    fn embed_gallery(&mut self, test: &Test) -> Result<[Features; N]> {
        let Self { models, pictures, evaluation, stop, .. } = self;
        let (dataset, modality) = (test.task.dataset, test.task.gallery);
        let gallery = &test.data.gallery;
        let what = format!("{dataset} {modality} gallery");
        let phase = format!("gallery {dataset} {modality}");
        let embedding = Embedding::new(&what, &phase, evaluation, stop);
        let counts = vec![1; gallery.len()];
        embedding
            .of(models.each_ref(), &counts, |rows| pictures.of_gallery(&gallery[rows], modality))
    }

    /// Embeds every view of every query; a query is the mean of its views.
    fn embed_queries(&mut self, test: &Test) -> Result<[Features; N]> {
        let Self { models, pictures, evaluation, stop, inputs, .. } = self;
        let queries = &test.data.queries;
        let counts: Vec<usize> = queries.iter().map(|query| query.views.len()).collect();
        let views = views(queries);
        let (what, phase) = (format!("{} queries", test.task), format!("queries {}", test.task));
        let embedding = Embedding::new(&what, &phase, evaluation, stop);
        let features = embedding
            .rows(models.each_ref(), views.len(), |rows| pictures.of_views(&views[rows]))?;
        if let Some(of_first) = features.first() {
            inputs.keep(test, rows_per_input(evaluation.flip), of_first);
        }
        Ok(embedding.averaged(features, &counts))
    }

    /// Queries of several modalities by the first model, with other inputs in their place. Inputs that a task of the data set has shown are not
    /// embedded again.
    ///
    /// # Errors
    /// As [`TestedModels::embed`].
    ///
    /// # Panics
    /// If the task was not embedded before: the gallery is the same.
    pub(in crate::experiment) fn embed_instead(
        &mut self,
        test: &Test,
        instead: Instead,
    ) -> Result<TestFeatures<'_>> {
        let Self { models, pictures, evaluation, stop, galleries, inputs, .. } = self;
        let gallery = &galleries[&(test.task.dataset, test.task.gallery)][0];
        let (what, phase) = (format!("{} inputs", test.task), format!("inputs {}", test.task));
        let embedding = Embedding::new(&what, &phase, evaluation, stop);
        let queries = inputs.pooled(
            test,
            instead,
            rows_per_input(evaluation.flip),
            embedding.metric,
            |new| {
                let [features] = embedding
                    .rows([&models[0]], new.len(), |rows| pictures.of_views(&new[rows]))?;
                Ok(features)
            },
        )?;
        Ok(TestFeatures { queries, gallery })
    }
}

impl TestFeatures<'_> {
    /// The features and labels of one trial.
    pub(in crate::experiment) fn of_trial(&self, test: &Test, trial: &Trial) -> TrialFeatures {
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

/// Scores of a task, and of each of its queries.
pub(in crate::experiment) struct Scored {
    /// Averaged over the queries and the trials.
    pub(in crate::experiment) scores: Scores,
    /// From which intervals over people are drawn.
    pub(in crate::experiment) per_query: PerQuery,
}

/// Where a ranking belongs.
#[derive(Debug, Clone, Copy)]
pub(in crate::experiment) struct Place {
    /// Number of the trial.
    pub(in crate::experiment) trial: usize,
    /// Position of the query in the trial.
    pub(in crate::experiment) query: usize,
}

/// Scores a task, averaged over its trials. `observe` gets every ranking, trial by trial and in the order of the queries.
///
/// # Errors
/// As [`aio_eval::evaluate`].
pub(in crate::experiment) fn score(
    test: &Test,
    features: &TestFeatures,
    options: EvalOptions,
    mut observe: impl FnMut(Place, &Ranking),
) -> Result<Scored> {
    let options = EvalOptions { nearest: LIST_LENGTH, ..options };
    let (mut trials, mut per_query) = (Vec::new(), PerQuery::default());
    for (number, trial) in test.data.trials.iter().enumerate() {
        let at = |query| Place { trial: number, query };
        let features = features.of_trial(test, trial);
        trials.push(evaluate(
            features.queries(),
            features.gallery(),
            test.data.protocol,
            options,
            |query, ranking| {
                let of_task = trial.query[query];
                let identity = test.data.queries[of_task].entry.identity;
                per_query.add(number, of_task, identity, ranking, options.average_precision);
                observe(at(query), ranking);
            },
        )?);
    }
    Ok(Scored { scores: mean_over_trials(&trials), per_query })
}

/// False and true accept rates over the pairs of the first trial that the protocol allows; empty where there are too many
/// pairs to hold.
pub(super) fn receiver_operating_characteristic(
    test: &Test,
    features: &TestFeatures,
    metric: Metric,
) -> Vec<(f64, f64)> {
    let features = features.of_trial(test, &test.data.trials[0]);
    let found = open_set(
        features.queries(),
        features.gallery(),
        test.data.protocol,
        metric,
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
pub(in crate::experiment) fn chance_level(test: &Test, draws: u32) -> Result<Scores> {
    let mut trials = Vec::new();
    for trial in &test.data.trials {
        let queries = test.data.query_entries(trial);
        let gallery = test.data.gallery_entries(trial);
        let options = EvalOptions::default();
        trials.push(chance(&queries, &gallery, test.data.protocol, options, 0, draws)?);
    }
    Ok(mean_over_trials(&trials))
}

//! Scores the rankings of a task.

use super::Test;
use crate::error::Result;
use aio_data::Trial;
use aio_eval::{
    Entry, EvalOptions, Features, LabelledFeatures, Metric, PerQuery, Ranking, Scores, chance,
    evaluate, mean_over_trials, open_set,
};

/// Length of a ranked list in the report.
pub(super) const LIST_LENGTH: usize = 8;

/// False accept rates at which the receiver operating characteristic is taken.
const FALSE_ACCEPT_RATES: [f64; 10] = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 1e-1];

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

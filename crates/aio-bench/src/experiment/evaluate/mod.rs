//! The third step: scores the trained model, the untrained encoder and random rankings on every task, and keeps what the
//! report shows.

mod attention;
mod embeddings;
mod lists;
mod pictures;
mod score;

use super::prepare::{Prepared, Test};
use crate::error::Result;
use crate::report::{AttentionExample, EmbeddingExample, RankedLists};
use aio_eval::Scores;
use aio_model::Extractor;
use aio_train::{Progress, TrainedModel};
use aio_types::TaskId;
use embeddings::Embeddings;
use lists::ListChooser;
use pictures::Pictures;
use score::{TestedModel, chance_level, receiver_operating_characteristic, score};
use std::collections::BTreeMap;

/// What the evaluation of a run gives.
pub(super) struct Evaluation {
    /// Scores in the order of the tasks.
    pub(super) scores: Vec<TestScores>,
    /// What the report shows beside the scores.
    pub(super) shown: Shown,
}

/// Scores of one task.
pub(super) struct TestScores {
    pub(super) trained: Scores,
    /// Of the encoder before any training.
    pub(super) untrained: Scores,
    /// Of random rankings.
    pub(super) chance: Scores,
    /// False and true accept rates of the trained model in the first trial; empty where they are not computed.
    pub(super) roc: Vec<(f64, f64)>,
}

/// Examples that the report draws.
pub(super) struct Shown {
    pub(super) rankings: BTreeMap<TaskId, RankedLists>,
    pub(super) embeddings: Option<EmbeddingExample>,
    pub(super) attention: Option<AttentionExample>,
}

/// Evaluates a trained model on every task of the experiment.
///
/// # Errors
/// [`Error`](crate::error::Error) naming the task or picture that cannot be used.
pub(super) fn evaluate(prepared: &Prepared, trained: &TrainedModel) -> Result<Evaluation> {
    let Prepared { experiment, start, device, tests, .. } = prepared;
    let untrained = Extractor::new(
        &start.backbone(device)?,
        &start.config,
        start.preprocessing.clone(),
        device,
    );
    let mut untrained = TestedModel::new(untrained);
    let mut trained = TestedModel::new(Extractor::new(
        &trained.backbone,
        &trained.config,
        trained.preprocessing.clone(),
        device,
    ));
    let lists = experiment.evaluation.ranked_lists;
    let mut scores = Vec::new();
    let mut rankings = BTreeMap::new();
    let mut embeddings = Embeddings::default();
    let progress = Progress::new("evaluating", tests.len(), "tasks");
    for test in tests {
        let pictures = Pictures::open(test, trained.picture_size())?;
        let mut chooser = ListChooser::new(test, lists);
        let features = trained.embed(test, &pictures)?;
        let trained_scores =
            score(test, &features, |query, ranking| chooser.observe(query, ranking))?;
        let mut roc = Vec::new();
        if lists > 0 {
            roc = receiver_operating_characteristic(test, &features);
            embeddings.add(test, &features);
        }
        let features = untrained.embed(test, &pictures)?;
        let untrained_scores = score(test, &features, |_, _| {})?;
        let chance = chance_level(test, experiment.evaluation.chance_draws)?;
        rankings.insert(test.task.id().clone(), chooser.finish());
        scores.push(TestScores {
            trained: trained_scores,
            untrained: untrained_scores,
            chance,
            roc,
        });
        progress.inc(1);
    }
    progress.finish();
    let embeddings = embeddings.example();
    let attention = attention::roll_out(trained.extractor(), richest(tests), &rankings)?;
    Ok(Evaluation { scores, shown: Shown { rankings, embeddings, attention } })
}

/// The task whose queries have the most modalities, and of several such tasks the first.
fn richest(tests: &[Test]) -> Option<&TaskId> {
    tests.iter().map(|test| test.task.id()).rev().max_by_key(|id| id.query().size())
}

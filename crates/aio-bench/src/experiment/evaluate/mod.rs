//! The third step: scores the trained model, the untrained encoder, hand-made descriptors and random rankings on every task, and keeps
//! what the report shows.

mod attention;
mod descriptors;
mod embed;
mod embeddings;
mod finished;
mod inputs;
mod lists;
mod memory;
mod models;
mod pictures;
mod score;

use super::prepare::Prepared;
use super::tested::Test;
use super::train::Trained;
use crate::config::Evaluation as Settings;
use crate::error::{Error, Result};
use crate::report::{AttentionExample, EmbeddingExample, EmbeddingSample, RankedLists};
use crate::run::{TaskIntervals, TaskQueries, WithoutModality};
use aio_data::descriptor::Descriptor;
use aio_eval::{Interval, QueryMean, Scores};
use aio_model::Extractor;
use aio_train::{Progress, StopFlag};
use aio_types::{Modality, TaskId};
use embeddings::Embeddings;
use finished::FinishedTasks;
pub(super) use finished::{forget, is_kept};
pub(super) use inputs::Instead;
use lists::ListChooser;
pub(super) use memory::predicted_bytes;
pub(super) use models::TestedModels;
use score::receiver_operating_characteristic;
pub(super) use score::{Scored, TestFeatures, chance_level, score};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an interruption says was being done.
const PHASE: &str = "evaluating";
/// Seed of the draws of people, which intervals are computed from.
pub(super) const SEED: u64 = 0;

/// What the evaluation of a run gives.
pub(super) struct Evaluation {
    /// Scores in the order of the tasks.
    pub(super) scores: Vec<TestScores>,
    /// What every query scored.
    pub(super) queries: BTreeMap<TaskId, TaskQueries>,
    /// What the report shows beside the scores.
    pub(super) shown: Shown,
}

/// Scores of one task.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TestScores {
    pub(super) trained: Scores,
    /// Of the encoder before any training.
    pub(super) untrained: Scores,
    /// Over the people of the task.
    pub(super) intervals: Option<TaskIntervals>,
    /// Of random rankings.
    pub(super) chance: Scores,
    /// Of the trained model, where a query has several modalities: each is embedded on its own, and the query is their mean.
    pub(super) late_fusion: Option<Scores>,
    /// Of the trained model, where a query has several modalities: without each of them.
    pub(super) without: BTreeMap<Modality, WithoutModality>,
    /// Of hand-made descriptors, where the queries are single pictures.
    pub(super) descriptors: BTreeMap<Descriptor, Scores>,
    /// False and true accept rates of the trained model in the first trial; empty where they are not computed.
    pub(super) roc: Vec<(f64, f64)>,
}

/// Everything that the evaluation of one task gives.
#[derive(Debug, Serialize, Deserialize)]
struct TaskEvaluation {
    task: TaskId,
    scores: TestScores,
    queries: TaskQueries,
    lists: RankedLists,
    embeddings: Vec<EmbeddingSample>,
}

/// Examples that the report draws.
pub(super) struct Shown {
    pub(super) rankings: BTreeMap<TaskId, RankedLists>,
    pub(super) embeddings: Option<EmbeddingExample>,
    pub(super) attention: Option<AttentionExample>,
}

/// Evaluates a trained model on every task of the experiment. A later call continues after the last task that was finished.
///
/// # Errors
/// [`Error`] naming the task or picture that cannot be used; [`Error::Interrupted`] after a signal.
pub(super) fn evaluate(prepared: &Prepared, trained: &Trained) -> Result<Evaluation> {
    let Prepared { experiment, start, device, tests, run, stop, .. } = prepared;
    let mut finished = FinishedTasks::open(run, fingerprint(prepared, trained)?)?;
    let untrained = Extractor::new(
        &start.backbone(device)?,
        &start.config,
        start.preprocessing.clone(),
        device,
    );
    let model = &trained.model;
    let preprocessing = model.preprocessing.clone();
    let trained = Extractor::new(&model.backbone, &model.config, preprocessing, device);
    let mut models = TestedModels::new([trained, untrained], &experiment.evaluation, stop);
    let progress = Progress::new("evaluating", tests.len(), "tasks");
    for test in tests {
        if !finished.contains(test.task.id()) {
            let evaluated = evaluate_task(test, &mut models, &experiment.evaluation, stop)?;
            finished.push(evaluated)?;
        }
        progress.inc(1);
    }
    progress.finish();
    let mut of_tasks: BTreeMap<TaskId, TaskEvaluation> =
        finished.into_tasks().into_iter().map(|task| (task.task.clone(), task)).collect();
    let (mut scores, mut queries, mut rankings) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    let mut embeddings = Embeddings::default();
    for test in tests {
        let Some(of_task) = of_tasks.remove(test.task.id()) else { continue };
        scores.push(of_task.scores);
        queries.insert(of_task.task.clone(), of_task.queries);
        rankings.insert(of_task.task, of_task.lists);
        embeddings.add(test.task.dataset, of_task.embeddings);
    }
    let embeddings = embeddings.example();
    let attention = attention::roll_out(&models.models()[0], richest(tests), &rankings)?;
    Ok(Evaluation { scores, queries, shown: Shown { rankings, embeddings, attention } })
}

fn evaluate_task(
    test: &Test,
    models: &mut TestedModels<2>,
    settings: &Settings,
    stop: &StopFlag,
) -> Result<TaskEvaluation> {
    stop.check(PHASE)?;
    let (options, lists) = (settings.options(), settings.ranked_lists);
    let descriptors = models.describe(test)?;
    let [trained, untrained] = models.embed(test)?;
    let mut chooser = ListChooser::new(test, lists);
    let trained_scored = score(test, &trained, options, |at, ranking| {
        if at.trial == 0 {
            chooser.observe(at.query, ranking);
        }
    })?;
    let (mut roc, mut embeddings) = (Vec::new(), Vec::new());
    if lists > 0 {
        roc = receiver_operating_characteristic(test, &trained, options.metric);
        embeddings = embeddings::of_task(test, &trained);
    }
    stop.check(PHASE)?;
    let untrained_scored = score(test, &untrained, options, |_, _| {})?;
    stop.check(PHASE)?;
    let (mut late_fusion, mut without) = (None, BTreeMap::new());
    for instead in Instead::all(test) {
        let scored = score(test, &models.embed_instead(test, instead)?, options, |_, _| {})?;
        stop.check(PHASE)?;
        match instead {
            Instead::Parts => late_fusion = Some(scored),
            Instead::Without(modality) => {
                without.insert(modality, without_modality(&trained_scored, &scored)?);
            }
        }
    }
    let intervals = intervals(&trained_scored, &untrained_scored, late_fusion.as_ref())?;
    let queries = TaskQueries::of(trained_scored.per_query.means());
    let of_all = |scored: Scored| scored.scores;
    let scores = TestScores {
        trained: trained_scored.scores,
        untrained: untrained_scored.scores,
        intervals,
        late_fusion: late_fusion.map(of_all),
        without,
        chance: chance_level(test, settings.chance_draws)?,
        descriptors: descriptors
            .into_iter()
            .map(|(descriptor, scored)| (descriptor, scored.scores))
            .collect(),
        roc,
    };
    Ok(TaskEvaluation {
        task: test.task.id().clone(),
        scores,
        queries,
        lists: chooser.finish(),
        embeddings,
    })
}

/// How much higher the mean average precision is than that of other rankings of the same queries; nothing where there are fewer than two people.
fn gain(scored: &Scored, over: &Scored) -> Result<Option<Interval>> {
    let average_precision = |query: &QueryMean| query.average_precision;
    let (of, over) = (&scored.per_query, &over.per_query);
    Ok(of.difference(over, average_precision, Interval::DRAWS, SEED)?)
}

fn without_modality(whole: &Scored, without: &Scored) -> Result<WithoutModality> {
    let Scores { map, .. } = without.scores;
    Ok(WithoutModality { rank1: without.scores.rank(1), map, map_gain: gain(whole, without)? })
}

/// Intervals over the people of a task; nothing where it has fewer than two people.
fn intervals(
    trained: &Scored,
    untrained: &Scored,
    late_fusion: Option<&Scored>,
) -> Result<Option<TaskIntervals>> {
    let average_precision = |query: &QueryMean| query.average_precision;
    let rank1 = trained.per_query.interval(|query| query.rank1, Interval::DRAWS, SEED)?;
    let map = trained.per_query.interval(average_precision, Interval::DRAWS, SEED)?;
    let (Some(rank1), Some(map), Some(map_gain)) = (rank1, map, gain(trained, untrained)?) else {
        return Ok(None);
    };
    let over_late_fusion = late_fusion.map(|late| gain(trained, late)).transpose()?.flatten();
    Ok(Some(TaskIntervals { rank1, map, map_gain, map_gain_over_late_fusion: over_late_fusion }))
}

/// A hash of everything that the scores depend on: the weights, the data and the settings of the evaluation.
fn fingerprint(prepared: &Prepared, trained: &Trained) -> Result<String> {
    let settings = serde_json::to_string(&prepared.experiment.evaluation);
    let settings = settings.map_err(|e| Error::Failure(e.to_string()))?;
    let text = [&trained.sha256, &prepared.start.sha256, &prepared.data.content(), &settings]
        .map(String::as_str)
        .join("\n");
    Ok(blake3::hash(text.as_bytes()).to_hex().to_string())
}

/// The task whose queries have the most modalities, and of several such tasks the first.
fn richest(tests: &[Test]) -> Option<&TaskId> {
    tests.iter().map(|test| test.task.id()).rev().max_by_key(|id| id.query().size())
}

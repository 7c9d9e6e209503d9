//! The content of `result.json`.

use super::evaluate::TestScores;
use super::prepare::{Prepared, Test};
use crate::run::{RunResult, TaskSummary};
use crate::task::Task;
use crate::train::Trained;
use aio_eval::Scores;
use aio_types::{Measure, MetricId, Modality, TaskId, TaskQuery};
use std::collections::BTreeMap;

/// Version of `result.json`.
const SCHEMA: u32 = 1;

/// Scores by metric, fractions in 0..1.
type Metrics = BTreeMap<MetricId, f64>;

/// Puts the scores of every task into the form of `result.json`.
pub(super) fn run_result(
    prepared: &Prepared,
    trained: &Trained,
    scores: &[TestScores],
) -> RunResult {
    let mut tasks = BTreeMap::new();
    let (mut metrics, mut baseline, mut chance) = (Metrics::new(), Metrics::new(), Metrics::new());
    for (test, of_test) in prepared.tests.iter().zip(scores) {
        tasks.insert(test.id.clone(), summary(test, of_test));
        insert(&mut metrics, &test.id, &of_test.trained);
        insert(&mut baseline, &test.id, &of_test.untrained);
        insert(&mut chance, &test.id, &of_test.chance);
    }
    for values in [&mut metrics, &mut baseline, &mut chance] {
        insert_orbench_means(values, &prepared.tests);
    }
    RunResult {
        schema: SCHEMA,
        experiment: prepared.name.clone(),
        claim: prepared.experiment.claim.clone(),
        cell: prepared.config_id.clone(),
        seed: prepared.experiment.seed,
        metrics,
        baseline,
        chance,
        order: prepared.tests.iter().map(|test| test.id.clone()).collect(),
        tasks,
        train_seconds: trained.seconds,
        steps: trained.steps,
    }
}

fn summary(test: &Test, scores: &TestScores) -> TaskSummary {
    let TestScores { trained, untrained, roc, .. } = scores;
    TaskSummary {
        queries: trained.queries,
        skipped: trained.skipped,
        unmatched: test.data.unmatched(),
        spread: trained.spread,
        gallery: trained.gallery,
        trials: test.data.trials.len(),
        protocol: test.data.protocol.name().to_owned(),
        cmc: trained.cmc.clone(),
        cmc_baseline: untrained.cmc.clone(),
        roc: roc.clone(),
    }
}

fn insert(metrics: &mut Metrics, task: &TaskId, scores: &Scores) {
    for measure in Measure::ALL {
        metrics.insert(MetricId { task: task.clone(), measure }, value(scores, measure));
    }
}

fn value(scores: &Scores, measure: Measure) -> f64 {
    match measure {
        Measure::Rank1 => scores.rank(1),
        Measure::Rank5 => scores.rank(5),
        Measure::Rank10 => scores.rank(10),
        Measure::Map => scores.map,
        Measure::Minp => scores.minp,
    }
}

/// ReID5o's summary of ORBench: the mean over its query lists of one, two, three and four modalities, as
/// `orbench.<n>-modality-rgb.<metric>`, where all lists of a group are among the tasks.
fn insert_orbench_means(metrics: &mut Metrics, tests: &[Test]) {
    /// Published query lists of one, two, three and four modalities.
    const LISTS: [usize; 4] = [4, 12, 12, 4];
    for (modalities, lists) in (1..).zip(LISTS) {
        let of_group = |task: &Task| task.orbench_group() == Some(modalities);
        let members: Vec<&Test> = tests.iter().filter(|test| of_group(&test.task)).collect();
        let Some(first) = members.first().filter(|_| members.len() == lists) else { continue };
        let group =
            TaskId::new(first.id.dataset(), TaskQuery::AnyOf(modalities), Modality::Rgb, []);
        for measure in Measure::ALL {
            let metric = |task: &TaskId| MetricId { task: task.clone(), measure };
            let sum: f64 = members.iter().map(|test| metrics[&metric(&test.id)]).sum();
            metrics.insert(metric(&group), sum / lists as f64);
        }
    }
}

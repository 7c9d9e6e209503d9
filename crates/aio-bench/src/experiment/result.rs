//! The content of `result.json`.

use super::evaluate::TestScores;
use super::prepare::Prepared;
use super::tested::Test;
use crate::run::{RunResult, TaskSummary};
use aio_data::descriptor::Descriptor;
use aio_data::task::{self, Task};
use aio_eval::Scores;
use aio_train::TrainedModel;
use aio_types::{Measure, MetricId, TaskId};
use std::collections::BTreeMap;

/// Scores by metric, fractions in 0..1.
type Metrics = BTreeMap<MetricId, f64>;

/// Puts the scores of every task into the form of `result.json`.
pub(super) fn run_result(
    prepared: &Prepared,
    trained: &TrainedModel,
    scores: &[TestScores],
) -> RunResult {
    let mut summaries = BTreeMap::new();
    let (mut metrics, mut baseline, mut chance) = (Metrics::new(), Metrics::new(), Metrics::new());
    let mut descriptors = BTreeMap::<Descriptor, Metrics>::new();
    let mut late_fusion = Metrics::new();
    for (test, of_test) in prepared.tests.iter().zip(scores) {
        let id = test.task.id();
        summaries.insert(id.clone(), summary(test, of_test));
        insert(&mut metrics, id, &of_test.trained);
        insert(&mut baseline, id, &of_test.untrained);
        insert(&mut chance, id, &of_test.chance);
        if let Some(scores) = &of_test.late_fusion {
            insert(&mut late_fusion, id, scores);
        }
        for (descriptor, scores) in &of_test.descriptors {
            insert(descriptors.entry(*descriptor).or_default(), id, scores);
        }
    }
    let tasks: Vec<Task> = prepared.tests.iter().map(|test| test.task.clone()).collect();
    for values in [&mut metrics, &mut baseline, &mut chance] {
        insert_means(values, &tasks);
    }
    RunResult {
        schema: RunResult::SCHEMA,
        experiment: prepared.name.clone(),
        claim: prepared.experiment.claim.clone(),
        config_id: prepared.config_id.clone(),
        seed: prepared.experiment.seed,
        metrics,
        baseline,
        chance,
        late_fusion,
        descriptors,
        evaluated_with: prepared.experiment.evaluation.unusual(),
        data: prepared.data.contents(),
        order: tasks.iter().map(|task| task.id().clone()).collect(),
        tasks: summaries,
        train_seconds: trained.seconds,
        steps: trained.steps,
    }
}

fn summary(test: &Test, scores: &TestScores) -> TaskSummary {
    let TestScores { trained, untrained, roc, .. } = scores;
    let by_trial = test.data.unmatched();
    let unmatched = by_trial[0];
    let are_alike = by_trial.iter().all(|trial| *trial == unmatched);
    TaskSummary {
        queries: trained.queries,
        skipped: trained.skipped,
        unmatched,
        unmatched_by_trial: if are_alike { Vec::new() } else { by_trial },
        spread: trained.spread,
        intervals: scores.intervals,
        without: scores.without.clone(),
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
        Measure::Rank20 => scores.rank(20),
        Measure::Map => scores.map,
        Measure::Minp => scores.minp,
    }
}

/// Means over groups of tasks that papers report, such as `orbench.2-modality-rgb.map`, where all tasks of a group are there.
fn insert_means(metrics: &mut Metrics, tasks: &[Task]) {
    for (mean, members) in task::means(tasks) {
        for measure in Measure::ALL {
            let metric = |task: &TaskId| MetricId { task: task.clone(), measure };
            let sum: f64 = members.iter().map(|task| metrics[&metric(task)]).sum();
            metrics.insert(metric(&mean), sum / members.len() as f64);
        }
    }
}

//! Whether two sets of tasks order methods alike: may one set stand for the other when a method is chosen?

use super::alike::check_data;
use super::{ChosenTasks, SweepRow};
use crate::error::{Error, Result};
use crate::markdown::escaped;
use crate::run::RunResult;
use aio_eval::{Agreement, Interval, agreement};
use aio_types::{Measure, MetricId, TaskId};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Seed of the draws of methods.
const SEED: u64 = 0;

/// How far two sets of tasks order the same methods alike.
#[derive(Debug, Clone, Serialize)]
pub struct OrderAgreement {
    /// The two sets of tasks.
    pub sets: [TaskSet; 2],
    /// The methods, in the order of their runs.
    pub methods: Vec<MethodMeans>,
    /// Kendall's τ-b; none where one set gives every method the same score.
    pub agreement: Option<Agreement>,
}

/// Tasks whose scores are averaged.
#[derive(Debug, Clone, Serialize)]
pub struct TaskSet {
    /// The beginnings of names that choose the tasks.
    pub chosen: String,
    /// The tasks that every method was tested on.
    pub tasks: Vec<TaskId>,
}

/// What a method reaches.
#[derive(Debug, Clone, Serialize)]
pub struct MethodMeans {
    /// Its name.
    pub method: String,
    /// Mean average precision over the tasks of each set and over the seeds, as fractions.
    pub map: [f64; 2],
}

/// Compares the order that two sets of tasks give to the methods `rows`, by the mean of their mean average precision. A set is a list of
/// beginnings of task names, separated by commas. Rows of one configuration, which several sweeps can share, are one method.
///
/// # Errors
/// [`Error::User`] if fewer than two methods are finished, they were tested on different data, or a set has no task that all of them were tested on.
pub fn order_agreement(rows: &[SweepRow], sets: [&str; 2]) -> Result<OrderAgreement> {
    let mut finished: Vec<&SweepRow> = Vec::new();
    let mut known = BTreeSet::new();
    for row in rows {
        let Some(first) = row.results.first() else { continue };
        if known.insert(&first.config_id) {
            finished.push(row);
        }
    }
    if finished.len() < 2 {
        return Err(Error::user(
            format!("{} finished methods; an order needs two or more", finished.len()),
            "name a sweep file, or several experiments",
        ));
    }
    check_data(finished.iter().map(|row| row.results.as_slice()))?;
    let [first, second] = sets;
    let sets = [task_set(&finished, first)?, task_set(&finished, second)?];
    if let Some(task) = sets[0].tasks.iter().find(|task| sets[1].tasks.contains(task)) {
        return Err(Error::user(
            format!("{task} is in both sets, which would agree with itself"),
            "name beginnings that no task of the other set has",
        ));
    }
    let methods: Vec<MethodMeans> = finished
        .iter()
        .map(|row| {
            let map = sets.each_ref().map(|set| mean(&row.results, &set.tasks));
            MethodMeans { method: row.label.clone(), map }
        })
        .collect();
    let of_set = |number: usize| methods.iter().map(|m| m.map[number]).collect::<Vec<f64>>();
    let agreement = agreement(&of_set(0), &of_set(1), Interval::DRAWS, SEED)?;
    Ok(OrderAgreement { sets, methods, agreement })
}

fn map_of(task: &TaskId) -> MetricId {
    MetricId { task: task.clone(), measure: Measure::Map }
}

/// The chosen tasks that every result has.
fn task_set(rows: &[&SweepRow], chosen: &str) -> Result<TaskSet> {
    let beginnings = ChosenTasks::new(chosen);
    let results: Vec<&RunResult> = rows.iter().flat_map(|row| &row.results).collect();
    let every: BTreeSet<&TaskId> = results.iter().flat_map(|result| &result.order).collect();
    let is_shared = |task: &TaskId| results.iter().all(|r| r.metrics.contains_key(&map_of(task)));
    let tasks: Vec<TaskId> = every
        .into_iter()
        .filter(|task| beginnings.hold(task) && is_shared(task))
        .cloned()
        .collect();
    if tasks.is_empty() {
        return Err(Error::user(
            format!("no task that begins with `{chosen}` and that every method was tested on"),
            "name beginnings of tasks, such as market1501 or table:dev-, separated by commas",
        ));
    }
    Ok(TaskSet { chosen: chosen.to_owned(), tasks })
}

fn mean(results: &[RunResult], tasks: &[TaskId]) -> f64 {
    let values: Vec<f64> = results
        .iter()
        .flat_map(|result| tasks.iter().filter_map(|task| result.metrics.get(&map_of(task))))
        .copied()
        .collect();
    values.iter().sum::<f64>() / values.len() as f64
}

impl OrderAgreement {
    /// The means of every method in percent, and how far the two orders agree.
    #[must_use]
    pub fn text(&self) -> String {
        let [first, second] = self.sets.each_ref().map(|set| escaped(&set.chosen));
        let mut text = format!("| method | {first} | {second} |\n|---|--:|--:|\n");
        for MethodMeans { method, map: [a, b] } in &self.methods {
            let _ = writeln!(text, "| {} | {:.1} | {:.1} |", escaped(method), 100.0 * a, 100.0 * b);
        }
        let [of_first, of_second] = self.sets.each_ref().map(|set| set.tasks.len());
        let _ = writeln!(text, "\nmAP in percent, means of {of_first} and {of_second} tasks.");
        let Some(found) = &self.agreement else {
            text += "Kendall's tau is not defined: one set gives every method the same score.\n";
            return text;
        };
        let Agreement { tau, bounds, concordant, discordant, methods, p, exact, .. } = found;
        let pairs = methods * (methods - 1) / 2;
        let bounds = bounds.map_or(String::new(), |(low, high)| {
            format!(" (95 %, methods drawn again: {low:.2} to {high:.2})")
        });
        let p = if *p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {p:.3}") };
        let kind = if *exact { "exact" } else { "normal approximation" };
        let _ = writeln!(
            text,
            "Kendall's tau-b {tau:.2}{bounds}; of {pairs} pairs of methods {concordant} in the same order, {discordant} in the opposite one, the others tied; {p} ({kind})."
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::table::tests::result;

    fn method(name: &str, market: f64, sketch: f64, development: f64) -> SweepRow {
        let scores = [
            ("market1501.rgb-rgb.map", market),
            ("pku-sketch.sketch-rgb.map", sketch),
            ("table:dev-ordinary.rgb-rgb.map", development),
        ];
        let mut result = result(0, &scores, &[]);
        result.config_id = name.to_owned();
        result.order = scores.map(|(id, _)| id.trim_end_matches(".map").parse().expect(id)).into();
        SweepRow { label: name.to_owned(), results: vec![result] }
    }

    #[test]
    fn two_sets_of_tasks_are_compared_by_the_order_of_their_means() {
        let rows =
            [method("a", 0.2, 0.4, 0.1), method("b", 0.4, 0.6, 0.3), method("c", 0.3, 0.9, 0.2)];
        // Means of test tasks: 0.3, 0.5, 0.6; of development: 0.1, 0.3, 0.2. One of three pairs is turned round: (2 − 1) / 3.
        let found =
            order_agreement(&rows, ["table:dev-", "market1501, pku-sketch"]).expect("defined");
        assert_eq!(found.sets.each_ref().map(|set| set.tasks.len()), [1, 2]);
        let agreement = found.agreement.expect("defined");
        assert!((agreement.tau - 1.0 / 3.0).abs() < 1e-12, "{agreement:?}");
        assert!(
            found.text().contains("2 in the same order, 1 in the opposite one"),
            "{}",
            found.text()
        );
    }

    #[test]
    fn a_configuration_of_two_sweeps_is_one_method() {
        let once =
            [method("a", 0.2, 0.4, 0.1), method("b", 0.4, 0.6, 0.3), method("c", 0.3, 0.9, 0.2)];
        let renamed = SweepRow { label: "base of another sweep".into(), ..once[1].clone() };
        let twice = [&once[..], &[renamed]].concat();
        let of = |rows: &[SweepRow]| {
            let found = order_agreement(rows, ["table:dev-", "market1501, pku-sketch"]);
            found.expect("defined")
        };
        let names = |found: &OrderAgreement| -> Vec<String> {
            found.methods.iter().map(|method| method.method.clone()).collect()
        };
        assert_eq!(names(&of(&twice)), ["a", "b", "c"]);
        assert_eq!(of(&twice).agreement, of(&once).agreement);
        let error = order_agreement(&[once[1].clone(), twice[3].clone()], ["market1501", "pku"]);
        assert!(error.expect_err("one method").to_string().contains("1 finished methods"));
    }

    #[test]
    fn a_set_without_a_task_and_a_single_method_are_refused() {
        let rows = [method("a", 0.2, 0.4, 0.1), method("b", 0.4, 0.6, 0.3)];
        let error = order_agreement(&rows, ["market1501", "orbench"]).expect_err("no task");
        assert!(error.to_string().contains("begins with `orbench`"), "{error}");
        let error = order_agreement(&rows, ["market", "pku,market1501"]).expect_err("in both");
        assert!(error.to_string().contains("market1501.rgb-rgb is in both sets"), "{error}");
        let error = order_agreement(&rows[..1], ["market1501", "pku"]).expect_err("one method");
        assert!(error.to_string().contains("1 finished methods"), "{error}");
    }
}

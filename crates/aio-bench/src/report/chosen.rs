//! Which tasks are reported.

use super::SweepRow;
use crate::error::Error;
use crate::run::RunResult;
use aio_types::TaskId;
use std::collections::BTreeSet;
use std::fmt;

/// Tasks that are chosen by the beginnings of their names, such as `market1501,table:dev-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenTasks(String);

impl ChosenTasks {
    /// The tasks whose names begin with one of these words, separated by commas.
    #[must_use]
    pub fn new(beginnings: &str) -> Self {
        Self(beginnings.to_owned())
    }

    /// Whether a task is chosen.
    #[must_use]
    pub fn hold(&self, task: &TaskId) -> bool {
        let mut beginnings = self.0.split(',').map(str::trim).filter(|word| !word.is_empty());
        beginnings.any(|word| task.as_str().starts_with(word))
    }

    /// The results without the other tasks; nothing where no result has a chosen one.
    #[must_use]
    pub fn of(&self, rows: &[SweepRow]) -> Option<Vec<SweepRow>> {
        if !tasks_of(rows).any(|task| self.hold(task)) {
            return None;
        }
        let of_row = |row: &SweepRow| SweepRow {
            label: row.label.clone(),
            results: row.results.iter().map(|result| self.of_result(result)).collect(),
        };
        Some(rows.iter().map(of_row).collect())
    }

    /// The error of a choice of nothing, which names the tasks that there are.
    #[must_use]
    pub fn unknown(&self, rows: &[SweepRow]) -> Error {
        let every: BTreeSet<&TaskId> = tasks_of(rows).collect();
        let every = every.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let hint = if every.is_empty() {
            "these runs were evaluated on no task: name some in evaluation.tasks".to_owned()
        } else {
            format!("tasks of these runs: {every}")
        };
        Error::user(format!("no task begins with `{self}`"), hint)
    }

    fn of_result(&self, result: &RunResult) -> RunResult {
        let mut kept = result.clone();
        kept.order.retain(|task| self.hold(task));
        kept.tasks.retain(|task, _| self.hold(task));
        let scores =
            [&mut kept.metrics, &mut kept.baseline, &mut kept.chance, &mut kept.late_fusion];
        for scores in scores.into_iter().chain(kept.descriptors.values_mut()) {
            scores.retain(|metric, _| self.hold(&metric.task));
        }
        kept
    }
}

fn tasks_of(rows: &[SweepRow]) -> impl Iterator<Item = &TaskId> {
    rows.iter().flat_map(|row| &row.results).flat_map(|result| &result.order)
}

/// The words that choose.
impl fmt::Display for ChosenTasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::table::tests::{result, summary};

    fn rows() -> Vec<SweepRow> {
        let tasks = ["market1501.rgb-rgb", "orbench.text-rgb", "orbench.sketch-rgb"];
        let metrics = tasks.map(|task| format!("{task}.map"));
        let scores: Vec<(&str, f64)> = metrics.iter().map(|id| (id.as_str(), 0.5)).collect();
        let mut of_run = result(0, &scores, &scores);
        of_run.order = tasks.map(|task| task.parse().expect("an id")).to_vec();
        of_run.tasks = of_run.order.iter().map(|task| (task.clone(), summary())).collect();
        vec![SweepRow { label: "a".to_owned(), results: vec![of_run] }]
    }

    #[test]
    fn nothing_is_left_of_other_tasks() {
        let chosen = ChosenTasks::new(" orbench.s, msmt17,").of(&rows()).expect("a task");
        let result = &chosen[0].results[0];
        let expected: TaskId = "orbench.sketch-rgb".parse().expect("an id");
        assert_eq!(result.order, std::slice::from_ref(&expected));
        assert_eq!(result.tasks.keys().collect::<Vec<_>>(), [&expected]);
        for scores in [&result.metrics, &result.baseline] {
            assert_eq!(
                scores.keys().map(ToString::to_string).collect::<Vec<_>>(),
                ["orbench.sketch-rgb.map"]
            );
        }
        let all = ChosenTasks::new("orbench,market1501").of(&rows()).expect("tasks");
        assert_eq!(all[0].results, rows()[0].results);
    }

    #[test]
    fn a_choice_of_nothing_names_the_tasks() {
        for nothing in ["msmt17", "", ","] {
            let chosen = ChosenTasks::new(nothing);
            assert_eq!(chosen.of(&rows()).map(|rows| rows.len()), None);
            let error = chosen.unknown(&rows());
            assert!(error.to_string().contains(&format!("no task begins with `{nothing}`")));
            let hint = error.hint().expect("a hint");
            assert!(hint.contains("market1501.rgb-rgb, orbench.sketch-rgb"), "{hint}");
        }
        let hint = ChosenTasks::new("msmt17").unknown(&[]).hint().expect("a hint");
        assert!(hint.contains("evaluated on no task"), "{hint}");
    }
}

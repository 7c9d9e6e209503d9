//! What `result.json` contains.
//!
//! The fourth step of an experiment (`experiment/save.rs`) writes it, for `aio experiment` and for every run of
//! `aio sweep run`. It is written once, whole, after training and evaluation have succeeded, so its presence means that
//! the run is done. Tables, figures and the report are made afterwards, from the files of the run.

use super::RunIdentity;
use aio_data::descriptor::Descriptor;
use aio_eval::{Interval, Spread, Unmatched};
use aio_types::{MetricId, Modality, TaskId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the format since which a result has a checksum.
const WITH_CHECKSUM: u32 = 2;

/// How far rounding may carry a mean of fractions beyond 1.
const ROUNDING: f64 = 1e-9;

/// The scores of one run, as `result.json` holds them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// Version of this format.
    pub schema: u32,
    /// Name of the experiment.
    pub experiment: String,
    /// What the experiment is meant to show.
    pub claim: String,
    /// Content hash of the resolved configuration without the seed.
    #[serde(rename = "cell")]
    pub config_id: String,
    /// Seed of the run.
    pub seed: u64,
    /// Scores of the trained model by `<task>.<metric>`, as fractions in 0..1.
    pub metrics: BTreeMap<MetricId, f64>,
    /// The same for the frozen encoder before any training.
    pub baseline: BTreeMap<MetricId, f64>,
    /// The same for random rankings.
    pub chance: BTreeMap<MetricId, f64>,
    /// The same for the trained model with late fusion, on the tasks whose queries have several modalities: each part is embedded on its own, and
    /// the query is the mean of the parts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub late_fusion: BTreeMap<MetricId, f64>,
    /// The same for hand-made descriptors, on the tasks whose queries are single pictures.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub descriptors: BTreeMap<Descriptor, BTreeMap<MetricId, f64>>,
    /// What differs from the usual evaluation (cosine, nothing mirrored, no re-ranking), in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub evaluated_with: String,
    /// Fingerprint of the contents of every data set that was read, by name ([`aio_data::ContentFingerprint`]); results of earlier versions have none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, String>,
    /// Tasks in the order of the experiment.
    pub order: Vec<TaskId>,
    /// Details of every task, by its name.
    pub tasks: BTreeMap<TaskId, TaskSummary>,
    /// Seconds of training.
    pub train_seconds: f64,
    /// Optimiser steps.
    pub steps: usize,
}

/// What `result.json` says of a task beside its metrics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskSummary {
    /// Queries, with those that are skipped.
    pub queries: usize,
    /// Those of the queries that have no match under the protocol and are skipped, in the first trial.
    pub skipped: usize,
    /// The skipped queries by reason, in the first trial.
    #[serde(default)]
    pub unmatched: Unmatched,
    /// The same for every trial; empty where every trial skips as many as the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmatched_by_trial: Vec<Unmatched>,
    /// Standard deviations over the trials, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<Spread>,
    /// Intervals over the people of the task, where there are at least two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intervals: Option<TaskIntervals>,
    /// The trained model on the same queries without one of their modalities, where they have several; older results do not have it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub without: BTreeMap<Modality, WithoutModality>,
    /// Gallery entries, in the first trial.
    pub gallery: usize,
    /// Number of trials that are averaged.
    pub trials: usize,
    /// Name of the protocol.
    pub protocol: String,
    /// CMC curve of the trained model: the fraction of queries with a match among the first k entries, k = 1, 2, ….
    pub cmc: Vec<f64>,
    /// CMC curve of the encoder before any training.
    pub cmc_baseline: Vec<f64>,
    /// ROC curve of the trained model as (false accept rate, true accept rate), over the pairs that the protocol
    /// shows to the queries of the first trial.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roc: Vec<(f64, f64)>,
}

/// Intervals of a task at 95 %, fractions, by drawing its people again ([`aio_eval::interval`]).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TaskIntervals {
    /// Rank-1 of the trained model.
    pub rank1: Interval,
    /// Mean average precision of the trained model.
    pub map: Interval,
    /// How much higher the mean average precision of the trained model is than that of the encoder before training, on the same people.
    pub map_gain: Interval,
    /// The same over late fusion, where queries have several modalities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map_gain_over_late_fusion: Option<Interval>,
}

/// What the trained model scores on the queries of a task without one of their modalities, as fractions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WithoutModality {
    /// Rank-1.
    pub rank1: f64,
    /// Mean average precision.
    pub map: f64,
    /// How much higher the mean average precision is with the modality, over the same people; nothing where there are fewer than two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map_gain: Option<Interval>,
}

impl RunResult {
    /// Version of the format that is written.
    pub const SCHEMA: u32 = 2;

    /// The run that it is of.
    #[must_use]
    pub fn identity(&self) -> RunIdentity {
        let (experiment, config_id) = (self.experiment.clone(), self.config_id.clone());
        RunIdentity { experiment, config_id, seed: self.seed }
    }

    /// Whether results of this version, and the files that are written with them, state their checksums.
    #[must_use]
    pub fn must_state_checksum(&self) -> bool {
        self.schema >= WITH_CHECKSUM
    }

    /// Refuses numbers that no evaluation gives, and a result that has lost its checksum; `states_checksum` says whether its file states one.
    ///
    /// # Errors
    /// The key, its value and what was expected.
    pub fn check(&self, states_checksum: bool) -> Result<(), String> {
        if self.must_state_checksum() && !states_checksum {
            return Err(format!(
                "a result of version {} has a checksum, this one has none",
                self.schema
            ));
        }
        let parts = [
            ("metrics", &self.metrics),
            ("baseline", &self.baseline),
            ("chance", &self.chance),
            ("late_fusion", &self.late_fusion),
        ];
        let descriptors =
            self.descriptors.iter().map(|(descriptor, scores)| (descriptor.key(), scores));
        for (part, scores) in parts.into_iter().chain(descriptors) {
            for (metric, value) in scores {
                fraction(&format!("{part}.{metric}"), *value)?;
            }
        }
        if let Some(task) = self.order.iter().find(|task| !self.tasks.contains_key(*task)) {
            return Err(format!("`order` names {task}, which `tasks` does not have"));
        }
        for (task, summary) in &self.tasks {
            summary.check(&format!("tasks.{task}"))?;
        }
        if !self.train_seconds.is_finite() || self.train_seconds < 0.0 {
            let seconds = self.train_seconds;
            return Err(format!("`train_seconds` is {seconds}; expected a positive number"));
        }
        Ok(())
    }
}

impl TaskSummary {
    fn check(&self, key: &str) -> Result<(), String> {
        for (curve, values) in [("cmc", &self.cmc), ("cmc_baseline", &self.cmc_baseline)] {
            let key = format!("{key}.{curve}");
            values.iter().try_for_each(|value| fraction(&key, *value))?;
            if let Some(pair) = values.windows(2).find(|pair| pair[1] < pair[0] - ROUNDING) {
                return Err(format!(
                    "`{key}` falls from {} to {}; expected a curve that never falls",
                    pair[0], pair[1]
                ));
            }
        }
        for (false_accepts, true_accepts) in &self.roc {
            fraction(&format!("{key}.roc"), *false_accepts)?;
            fraction(&format!("{key}.roc"), *true_accepts)?;
        }
        if let Some(intervals) = self.intervals {
            intervals.check(key)?;
        }
        for (modality, without) in &self.without {
            let key = format!("{key}.without.{modality}");
            fraction(&format!("{key}.rank1"), without.rank1)?;
            fraction(&format!("{key}.map"), without.map)?;
            without
                .map_gain
                .map_or(Ok(()), |gain| bounds(&format!("{key}.map_gain"), gain, -1.0))?;
        }
        if let Some(Spread { map, minp, rank1 }) = self.spread {
            for value in [map, minp, rank1] {
                fraction(&format!("{key}.spread"), value)?;
            }
        }
        Ok(())
    }
}

impl TaskIntervals {
    fn check(&self, key: &str) -> Result<(), String> {
        let Self { rank1, map, map_gain, map_gain_over_late_fusion } = *self;
        let gains = [Some(map_gain), map_gain_over_late_fusion].into_iter().flatten();
        let scores = [rank1, map].map(|interval| (interval, 0.0)).into_iter();
        let gains = gains.map(|interval| (interval, -1.0));
        let key = format!("{key}.intervals");
        scores.chain(gains).try_for_each(|(interval, lowest)| bounds(&key, interval, lowest))
    }
}

/// Refuses bounds that are not ascending numbers from `lowest` to 1.
fn bounds(key: &str, interval: Interval, lowest: f64) -> Result<(), String> {
    let Interval { low, high, .. } = interval;
    let allowed = lowest - ROUNDING..=1.0 + ROUNDING;
    if low <= high && [low, high].iter().all(|bound| allowed.contains(bound)) {
        return Ok(());
    }
    Err(format!(
        "`{key}` has the bounds {low} and {high}; expected two ascending numbers from {lowest} to 1"
    ))
}

fn fraction(key: &str, value: f64) -> Result<(), String> {
    if (0.0..=1.0 + ROUNDING).contains(&value) {
        return Ok(());
    }
    Err(format!("`{key}` is {value}; expected a fraction from 0 to 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_the_file_are_those_of_version_0_1() {
        let text = r#"{
  "schema": 1, "experiment": "e", "claim": "c", "cell": "0123456789ab", "seed": 3,
  "metrics": {"market1501.rgb-rgb.map": 0.5}, "baseline": {"market1501.rgb-rgb.map": 0.25}, "chance": {"market1501.rgb-rgb.map": 0.1}, "order": ["market1501.rgb-rgb"],
  "tasks": {"market1501.rgb-rgb": {"queries": 2, "skipped": 0, "gallery": 4, "trials": 1, "protocol": "none",
    "cmc": [0.5, 1.0], "cmc_baseline": [0.0, 1.0]}},
  "train_seconds": 1.5, "steps": 7
}"#;
        let result: RunResult = serde_json::from_str(text).expect("a result");
        assert_eq!((result.config_id.as_str(), result.seed, result.steps), ("0123456789ab", 3, 7));
        let written = serde_json::to_value(&result).expect("JSON");
        assert_eq!(written["cell"], "0123456789ab");
        assert_eq!(written["tasks"]["market1501.rgb-rgb"]["cmc"], serde_json::json!([0.5, 1.0]));
        assert!(
            written.get("config_id").is_none()
                && written["tasks"]["market1501.rgb-rgb"].get("roc").is_none()
        );
    }

    #[test]
    fn an_order_of_tasks_that_are_not_there_is_refused() {
        let result = serde_json::json!({
            "schema": 1, "experiment": "e", "claim": "c", "cell": "0123456789ab", "seed": 3, "metrics": {}, "baseline": {}, "chance": {},
            "order": [], "tasks": {}, "train_seconds": 1.5, "steps": 7
        });
        let mut result: RunResult = serde_json::from_value(result).expect("a result");
        assert_eq!(result.check(true), Ok(()));
        result.order = vec!["market1501.rgb-rgb".parse().expect("a task")];
        let error = result.check(true).expect_err("no such task");
        assert!(error.contains("`order` names market1501.rgb-rgb"), "{error}");
    }
}

//! The first key in which two experiments differ.

use super::Experiment;
use super::rules::below;
use std::collections::BTreeSet;
use toml::Value;

/// Keys that do not decide the numbers, so that the identity does not hash them: they describe the experiment, say where files
/// lie, or say how often the same is computed or stored.
pub(super) const NOT_DECIDING: [&str; 8] = [
    "claim",
    "seed",
    "data.allow_leakage",
    "data.root",
    "train.activation_checkpointing",
    "train.checkpoint_every",
    "train.checkpoint_every_steps",
    "train.keep_checkpoints",
];

impl Experiment {
    /// The first deciding key in which two experiments differ, as `key: was → is`; files count by their names.
    #[must_use]
    pub fn difference(&self, now: &Self) -> Option<String> {
        let values = |experiment: &Self| Value::try_from(experiment).ok();
        first_difference("", &values(self)?, &values(now)?)
    }
}

/// The first dotted key below `key` whose values differ, with both of them.
fn first_difference(key: &str, was: &Value, is: &Value) -> Option<String> {
    if NOT_DECIDING.contains(&key) {
        return None;
    }
    match (was, is) {
        (Value::Table(was), Value::Table(is)) => {
            let absent = &Value::String("absent".into());
            let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
            names.into_iter().find_map(|name| {
                first_difference(
                    &below(key, name),
                    was.get(name).unwrap_or(absent),
                    is.get(name).unwrap_or(absent),
                )
            })
        }
        (Value::Array(was), Value::Array(is)) if was.len() == is.len() => {
            (0..was.len()).find_map(|i| first_difference(&format!("{key}[{i}]"), &was[i], &is[i]))
        }
        _ => (was != is).then(|| format!("{key}: {was} → {is}")),
    }
}

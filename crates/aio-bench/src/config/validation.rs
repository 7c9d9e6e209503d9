//! What is refused of a single key: one that is not known, and a value of another type or out of range.

use super::rules::{Rule, below};
use crate::error::{Error, Result};
use aio_types::nearest;
use config::{ConfigError, Value, ValueKind};
use toml::Table;

/// Keys at the top of a sweep file that no experiment file has.
const KEYS_OF_SWEEPS: [&str; 6] = ["axes", "zip", "exclude", "report", "seeds", "slurm"];

/// Whether the keys at the top of a file are those of an experiment, and none of them is a sweep's.
pub(crate) fn is_of_experiment(keys: &Table) -> bool {
    let is_of_sweep = |key: &String| KEYS_OF_SWEEPS.contains(&key.as_str());
    !keys.keys().any(is_of_sweep) && keys.keys().any(|key| Rule::root().property(key).is_some())
}

/// The error for a key whose value cannot be used; `origin` is its layer.
pub(super) fn refused(origin: &str, key: &str, problem: &str) -> Error {
    Error::user(
        format!("{origin}: `{key}` {problem}"),
        "docs/configuration.md lists every key with its type and range",
    )
}

/// What is wrong with a value, without the key, which the path of the error names.
pub(super) fn without_key(error: ConfigError) -> String {
    match error {
        ConfigError::At { error, .. } => without_key(*error),
        ConfigError::Type { unexpected, expected, .. } => {
            format!("is {unexpected}; expected {expected}")
        }
        other => format!("cannot be used: {other}"),
    }
}

/// Refuses keys that the schema does not have, naming the nearest one.
pub(super) fn check_keys(origin: &str, found: &Table, rule: Rule, key: &str) -> Result<()> {
    for (name, value) in found {
        let full = below(key, name);
        let Some(rule) = rule.property(name) else {
            let known: Vec<&str> = rule.properties().map(|(name, _)| name).collect();
            let elsewhere = || Rule::root().path_of(name, "");
            let near = || Some(below(key, &nearest(name, known.iter().copied())?));
            let hint = if key.is_empty() && KEYS_OF_SWEEPS.contains(&name.as_str()) {
                "it is a key of sweep files, which `aio sweep run` takes (docs/sweeps.md)".into()
            } else if let Some(meant) = elsewhere().or_else(near) {
                format!("did you mean `{meant}`?")
            } else {
                format!("valid keys here: {}", known.join(", "))
            };
            return Err(Error::user(format!("{origin}: unknown key `{full}`"), hint));
        };
        match (value, rule.items()) {
            (toml::Value::Table(found), _) if rule.properties().next().is_some() => {
                check_keys(origin, found, rule, &full)?;
            }
            (toml::Value::Array(items), Some(rule)) => {
                for (i, item) in items.iter().enumerate() {
                    if let toml::Value::Table(found) = item {
                        check_keys(origin, found, rule, &format!("{full}[{i}]"))?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Refuses values that do not have the type or are not in the range of their key, naming the layer of the value.
pub(super) fn check_values(merged: &Value) -> Result<()> {
    check_value(merged, Rule::root(), "")
}

fn check_value(value: &Value, rule: Rule, key: &str) -> Result<()> {
    if !rule.accepts(value) {
        let origin = layer(value).unwrap_or("configuration");
        let entry = rule.items().and_then(|entry| entry.properties().next());
        let of_entry = match (&value.kind, entry) {
            (ValueKind::Table(_), Some((first, _))) => {
                format!("; the keys of its first entry are `{key}[0].{first}` and so on")
            }
            _ => String::new(),
        };
        let expected = rule.expected();
        let found = match &value.kind {
            // With its point, which tells it from an integer.
            ValueKind::Float(number) if expected.contains("integer") => format!("{number:?}"),
            _ => found(value),
        };
        let problem = format!("is {found}; expected {expected}{of_entry}");
        return Err(refused(origin, key, &problem));
    }
    match &value.kind {
        ValueKind::Table(table) => {
            for (name, rule) in rule.properties() {
                if let Some(value) = table.get(name) {
                    check_value(value, rule, &below(key, name))?;
                }
            }
        }
        ValueKind::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                if let Some(rule) = rule.items() {
                    check_value(item, rule, &format!("{key}[{i}]"))?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// The layer that a value comes from: of a table that layers were merged into, the layer of a key in it.
fn layer(value: &Value) -> Option<&str> {
    let inside = || match &value.kind {
        ValueKind::Table(table) => table.values().find_map(layer),
        ValueKind::Array(items) => items.iter().find_map(layer),
        _ => None,
    };
    value.origin().or_else(inside)
}

/// A value as an error shows it.
fn found(value: &Value) -> String {
    match &value.kind {
        ValueKind::String(text) => format!("\"{text}\""),
        ValueKind::Array(items) if items.is_empty() => "an empty list".into(),
        ValueKind::Array(_) => "a list".into(),
        ValueKind::Table(_) => "a table".into(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    /// What is said of a file and settings that cannot be used, with its hint.
    fn refused(text: &str, settings: &[&str]) -> String {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("experiment.toml");
        std::fs::write(&path, text).expect("write");
        let settings: Vec<String> = settings.iter().map(ToString::to_string).collect();
        let error = crate::config::Experiment::load(&path, &settings).expect_err("refused");
        format!("{error} ({})", error.hint().unwrap_or_default())
    }

    /// What is said of a setting that cannot be used, with its hint.
    fn refusal(setting: &str) -> String {
        refused("", &[setting])
    }

    #[test]
    fn a_table_where_none_belongs_is_named_with_its_layer() {
        let said = refused("[train.stages]\nepochs = 1\n", &[]);
        assert!(said.contains("experiment.toml: `train.stages` is a table"), "{said}");
        let said = refusal("losses.binding.x=1");
        assert!(
            said.starts_with("--set losses.binding.x=1: `losses.binding` is a table"),
            "{said}"
        );
        let said = refused("[train.stages]\nepochs = 1\n", &["train.stages.steps=1"]);
        assert!(said.contains(": `train.stages` is a table"), "{said}");
        assert!(!said.contains("configuration: `"), "{said}");
    }

    #[test]
    fn a_base_that_is_not_there_is_named_with_the_file_that_names_it() {
        let said = refused("base = \"mini.tml\"\n", &[]);
        assert!(said.contains("experiment.toml: its `base` cannot be used: "), "{said}");
        assert!(said.contains("mini.tml"), "{said}");
    }

    #[test]
    fn a_number_with_a_point_is_shown_with_it() {
        let said = refusal("train.identities=8.0");
        assert!(said.contains("`train.identities` is 8.0; expected an integer"), "{said}");
    }

    #[test]
    fn a_key_of_another_table_is_suggested_with_its_path() {
        for (setting, meant) in [
            ("learning_rate=1e-3", "did you mean `train.stages[0].learning_rate`?"),
            ("evaluation.identities=4", "did you mean `train.identities`?"),
            ("losses.bindng=0", "did you mean `losses.binding`?"),
            ("axes=1", "it is a key of sweep files"),
            ("train.stages.epochs=1", "the keys of its first entry are `train.stages[0].name`"),
        ] {
            let said = refusal(setting);
            assert!(said.contains(meant), "{setting}: {said}");
        }
    }
}

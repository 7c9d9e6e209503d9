//! Keys and values of earlier versions, which keep working with a warning.

use crate::error::{Error, Result};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use toml::{Table, Value};

/// A key whose name has changed.
struct Renamed {
    old: &'static str,
    new: &'static str,
}

/// A number or text that stood for what a word now says.
struct Sentinel {
    key: &'static str,
    old: Value,
    word: &'static str,
}

const fn renamed(old: &'static str, new: &'static str) -> Renamed {
    Renamed { old, new }
}

const fn zero(key: &'static str, word: &'static str) -> Sentinel {
    Sentinel { key, old: Value::Integer(0), word }
}

const EMPTY: Value = Value::String(String::new());

/// What has changed in one section.
struct Section {
    name: &'static str,
    keys: &'static [Renamed],
    values: &'static [Sentinel],
}

const SECTIONS: [Section; 4] = [
    Section {
        name: "data",
        keys: &[
            renamed("validation", "validation_fraction"),
            renamed("fraction", "identity_fraction"),
            renamed("lines", "sketch_generator"),
        ],
        values: &[Sentinel { key: "sketch_generator", old: EMPTY, word: "line-filter" }],
    },
    Section {
        name: "model",
        keys: &[
            renamed("heads", "attention_heads"),
            renamed("frozen", "frozen_tokenizers"),
            renamed("statistics", "batch_norm_mode"),
        ],
        values: &[zero("height", "auto"), zero("width", "auto"), zero("attention_heads", "auto")],
    },
    Section {
        name: "train",
        keys: &[
            renamed("tuples", "instances_per_identity"),
            renamed("accumulate", "accumulation_steps"),
            renamed("recompute", "activation_checkpointing"),
            renamed("clip", "max_grad_norm"),
            renamed("keep", "keep_checkpoints"),
        ],
        values: &[zero("validate_every", "stage-end"), zero("checkpoint_every", "stage-end")],
    },
    Section {
        name: "losses",
        keys: &[
            renamed("smoothing", "label_smoothing"),
            renamed("margin", "triplet_margin"),
            renamed("temperature", "binding_temperature"),
        ],
        values: &[],
    },
];

const STAGE: [Renamed; 4] = [
    renamed("rate", "learning_rate"),
    renamed("warmup", "warmup_steps"),
    renamed("floor", "min_lr_ratio"),
    renamed("whole", "all_splits"),
];

/// Gives the keys and values of `table` their present form; returns one sentence for each that had another.
///
/// # Errors
/// [`Error::User`] if a key is set under its old and its new name.
pub(super) fn translate(origin: &str, table: &mut Table) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    for section in &SECTIONS {
        let Some(keys) = table.get_mut(section.name).and_then(Value::as_table_mut) else {
            continue;
        };
        rename(origin, section.name, keys, section.keys, &mut warnings)?;
        for Sentinel { key, old, word } in section.values {
            if keys.get(*key) == Some(old) {
                keys.insert((*key).to_owned(), (*word).into());
                let key = format!("{}.{key}", section.name);
                warnings.push(format!("{origin}: `{key} = {old}` is now `{key} = \"{word}\"`"));
            }
        }
    }
    let stages = table
        .get_mut("train")
        .and_then(|train| train.get_mut("stages"))
        .and_then(Value::as_array_mut);
    for (i, stage) in stages.into_iter().flatten().enumerate() {
        if let Some(keys) = stage.as_table_mut() {
            warnings.extend(translate_stage(origin, &format!("train.stages[{i}]"), keys)?);
        }
    }
    Ok(warnings)
}

/// The same for the keys of the stage at `path`.
///
/// # Errors
/// As [`translate`].
pub(super) fn translate_stage(origin: &str, path: &str, keys: &mut Table) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    rename(origin, path, keys, &STAGE, &mut warnings)?;
    Ok(warnings)
}

fn rename(
    origin: &str,
    section: &str,
    keys: &mut Table,
    renamed: &[Renamed],
    warnings: &mut Vec<String>,
) -> Result<()> {
    for Renamed { old, new } in renamed {
        let Some(value) = keys.remove(*old) else { continue };
        if keys.contains_key(*new) {
            return Err(Error::user(
                format!("{origin}: `{section}.{old}` and `{section}.{new}` are both set"),
                format!("`{old}` is the old name of `{new}`: remove `{section}.{old}`"),
            ));
        }
        keys.insert((*new).to_owned(), value);
        warnings.push(format!("{origin}: the key `{section}.{old}` is now `{section}.{new}`"));
    }
    Ok(())
}

/// Logs each warning once in the life of the process: a sweep reads its base for every cell.
pub(super) fn warn<'a>(warnings: impl Iterator<Item = &'a str>) {
    static SHOWN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    for warning in warnings {
        if shown.insert(warning.to_owned()) {
            log::warn!("{warning}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(text: &str) -> Result<(Table, Vec<String>)> {
        let mut table: Table = toml::from_str(text).expect("TOML");
        let warnings = translate("x.toml", &mut table)?;
        Ok((table, warnings))
    }

    #[test]
    fn an_old_key_gets_its_new_name_and_one_warning() {
        let (table, warnings) =
            translated("[train]\ntuples = 5\n[[train.stages]]\n[[train.stages]]\nrate = 0.1\n")
                .expect("valid");
        assert_eq!(table["train"]["instances_per_identity"], Value::Integer(5));
        assert_eq!(table["train"]["stages"][1]["learning_rate"], Value::Float(0.1));
        assert_eq!(
            warnings,
            [
                "x.toml: the key `train.tuples` is now `train.instances_per_identity`",
                "x.toml: the key `train.stages[1].rate` is now `train.stages[1].learning_rate`",
            ]
        );
    }

    #[test]
    fn an_old_value_becomes_a_word() {
        let (table, warnings) =
            translated("[data]\nlines = \"\"\n[model]\nheight = 0\nwidth = 48\n").expect("valid");
        assert_eq!(table["data"]["sketch_generator"], Value::String("line-filter".into()));
        assert_eq!(table["model"]["height"], Value::String("auto".into()));
        assert_eq!(table["model"]["width"], Value::Integer(48));
        assert_eq!(
            warnings.last().map(String::as_str),
            Some("x.toml: `model.height = 0` is now `model.height = \"auto\"`")
        );
        assert_eq!(warnings.len(), 3, "key and value of data.lines, value of model.height");
    }

    #[test]
    fn the_old_and_the_new_key_together_are_refused() {
        let error = translated("[losses]\nmargin = 0.1\ntriplet_margin = 0.2\n").expect_err("both");
        assert_eq!(
            error.to_string(),
            "x.toml: `losses.margin` and `losses.triplet_margin` are both set"
        );
    }
}

//! Where values come from, and how they are merged.

use super::rules::Rule;
use super::stage_keys::StageKeys;
use super::{Experiment, ExperimentFile, renamed, validation};
use crate::error::{Error, Result};
use config::{Config, ConfigError, Map, Source, Value, ValueKind};
use toml::Table;

/// Longest chain of `base` files.
const MOST_BASES: usize = 8;

/// Prefix of the environment variables that set keys.
const VARIABLE: &str = "AIO__";

/// The values of one file, variable or option, under the keys of this version.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    origin: String,
    values: Box<dyn Source + Send + Sync>,
    warnings: Vec<String>,
}

impl Layer {
    fn new(origin: String, mut table: Table) -> Result<Self> {
        let warnings = renamed::translate(&origin, &mut table)?;
        complete_stages(&mut table);
        validation::check_keys(&origin, &table, Rule::root(), "")?;
        let values = Box::new(Keys(values(&origin, &table)));
        Ok(Self { origin, values, warnings })
    }

    /// Changes keys of one stage of the layers before it.
    fn of_stage(origin: String, stage: usize, mut table: Table) -> Result<Self> {
        let path = format!("train.stages[{stage}]");
        let warnings = renamed::translate_stage(&origin, &path, &mut table)?;
        let rule = Rule::root().property("train").and_then(|train| train.property("stages"));
        if let Some(rule) = rule.and_then(Rule::items) {
            validation::check_keys(&origin, &table, rule, &path)?;
        }
        let keys = values(&origin, &table);
        let values = Box::new(StageKeys { stage, origin: origin.clone(), keys });
        Ok(Self { origin, values, warnings })
    }

    /// The file, variable or option, as errors name it.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// One sentence for each key or value of an earlier version.
    pub(super) fn warnings(&self) -> impl Iterator<Item = &str> {
        self.warnings.iter().map(String::as_str)
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> std::result::Result<Map<String, Value>, ConfigError> {
        self.values.collect()
    }

    fn collect_to(&self, merged: &mut Value) -> std::result::Result<(), ConfigError> {
        self.values.collect_to(merged)
    }
}

/// Keys of the whole file.
#[derive(Debug, Clone)]
struct Keys(Map<String, Value>);

impl Source for Keys {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> std::result::Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }
}

fn values(origin: &String, table: &Table) -> Map<String, Value> {
    table.iter().map(|(key, value)| (key.clone(), converted(origin, value))).collect()
}

/// A TOML value that knows where it was written.
fn converted(origin: &String, value: &toml::Value) -> Value {
    let kind = match value {
        toml::Value::String(text) => ValueKind::String(text.clone()),
        toml::Value::Integer(number) => ValueKind::I64(*number),
        toml::Value::Float(number) => ValueKind::Float(*number),
        toml::Value::Boolean(flag) => ValueKind::Boolean(*flag),
        toml::Value::Datetime(time) => ValueKind::String(time.to_string()),
        toml::Value::Array(items) => {
            ValueKind::Array(items.iter().map(|item| converted(origin, item)).collect())
        }
        toml::Value::Table(table) => ValueKind::Table(values(origin, table)),
    };
    Value::new(Some(origin), kind)
}

/// Completes the stages of a list: a name by their position, and one epoch where neither epochs nor steps are set.
fn complete_stages(table: &mut Table) {
    let stages = table
        .get_mut("train")
        .and_then(|train| train.get_mut("stages"))
        .and_then(toml::Value::as_array_mut);
    for (i, stage) in stages.into_iter().flatten().enumerate() {
        if let Some(stage) = stage.as_table_mut() {
            stage.entry("name").or_insert_with(|| format!("stage {}", i + 1).into());
            if !stage.contains_key("steps") {
                stage.entry("epochs").or_insert(toml::Value::Integer(1));
            }
        }
    }
}

/// The layers of an experiment file: the files that it builds on, and its own.
pub(super) fn of_file(file: &ExperimentFile) -> Result<Vec<Layer>> {
    let mut layers = Vec::new();
    let mut next = Some(file.clone());
    // The file that names the next one as its base.
    let mut named_by: Option<String> = None;
    while let Some(file) = next {
        let origin = file.to_string();
        if layers.len() > MOST_BASES {
            return Err(Error::user(
                format!("{origin}: `base` goes in a circle"),
                "a base file must not lead back to itself",
            ));
        }
        let text = file.text().map_err(|error| match &named_by {
            Some(from) => Error::user(
                format!("{from}: its `base` cannot be used: {error}"),
                "`base` is the path of a file beside this one, or the name of an experiment",
            ),
            None => error,
        })?;
        let mut table: Table = toml::from_str(&text)
            .map_err(|e| Error::user(format!("{origin}: {e}"), "the file is not valid TOML"))?;
        next = match table.remove("base") {
            Some(toml::Value::String(base)) => Some(file.base(&base)?),
            Some(_) => {
                return Err(Error::user(
                    format!("{origin}: `base` is not a path"),
                    "write base = \"other.toml\"",
                ));
            }
            None => None,
        };
        layers.push(Layer::new(origin.clone(), table)?);
        named_by = Some(origin);
    }
    layers.reverse();
    Ok(layers)
}

/// One layer for each environment variable that sets a key.
pub(super) fn of_environment() -> Result<Vec<Layer>> {
    let mut variables: Vec<(String, String)> = Vec::new();
    for (name, value) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if !name.starts_with(VARIABLE) {
            continue;
        }
        let value = value.into_string().map_err(|value| {
            Error::user(
                format!("environment variable {name}: {value:?} is not UTF-8"),
                "set it to a value as a configuration file would hold it, or unset it",
            )
        })?;
        variables.push((name, value));
    }
    variables.sort();
    let layer = |(name, text): (String, String)| {
        let key = name[VARIABLE.len()..].to_lowercase().replace("__", ".");
        Layer::new(format!("environment variable {name}"), nested(&key, value(&text)))
    };
    variables.into_iter().map(layer).collect()
}

/// One layer for each `--set` option.
pub(super) fn of_settings(settings: &[String]) -> Result<Vec<Layer>> {
    let layer = |setting: &String| {
        let (key, text) = setting.split_once('=').ok_or_else(|| {
            Error::user(format!("--set {setting}: no `=`"), "write --set section.key=value")
        })?;
        let (origin, value) = (format!("--set {setting}"), value(text.trim()));
        match stage_and_key(key.trim()) {
            Some((stage, key)) => Layer::of_stage(origin, stage, nested(key, value)),
            None => Layer::new(origin, nested(key.trim(), value)),
        }
    };
    settings.iter().map(layer).collect()
}

/// The stage and its key that `train.stages[1].steps` names.
fn stage_and_key(key: &str) -> Option<(usize, &str)> {
    let (stage, key) = key.strip_prefix("train.stages[")?.split_once("].")?;
    Some((stage.parse().ok()?, key))
}

/// A table that holds `value` at the dotted `key`.
fn nested(key: &str, value: toml::Value) -> Table {
    let mut parts: Vec<&str> = key.split('.').collect();
    let last = parts.pop().unwrap_or_default();
    let mut table = Table::new();
    table.insert(last.to_owned(), value);
    for part in parts.into_iter().rev() {
        table = Table::from_iter([(part.to_owned(), toml::Value::Table(table))]);
    }
    table
}

/// A value as TOML would read it, or else the text itself.
fn value(text: &str) -> toml::Value {
    toml::from_str::<Table>(&format!("v = {text}"))
        .ok()
        .and_then(|mut table| table.remove("v"))
        .unwrap_or_else(|| toml::Value::String(text.to_owned()))
}

/// Defaults and layers, merged; every value knows the layer that it comes from.
pub(super) fn merge(layers: &[Layer]) -> Result<Value> {
    let failed =
        |e: &dyn std::fmt::Display| Error::Failure(format!("the built-in configuration: {e}"));
    let table = Table::try_from(Experiment::default()).map_err(|e| failed(&e))?;
    let defaults = Keys(values(&"built-in defaults".into(), &table));
    let mut builder = Config::builder().add_source(defaults);
    for layer in layers {
        builder = builder.add_source(layer.clone());
    }
    let merged = builder.build().map_err(|e| match e {
        ConfigError::Message(problem) => {
            Error::user(problem, "set `train.stages` as a whole, or a key of a stage that there is")
        }
        e => failed(&e),
    })?;
    Ok(merged.cache)
}

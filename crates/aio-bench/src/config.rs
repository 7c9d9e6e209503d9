//! Experiment files: layered, strict, and resolved exactly once.
//!
//! Layers, later ones winning: built-in defaults ← the file named by `base` ← the experiment file ← environment
//! variables `AIO__SECTION__KEY` ← `--set section.key=value`. A key that no layer may hold is refused with the name of
//! the layer and the nearest valid key.

use crate::error::{Error, Result};
use aio_data::fs;
use aio_data::task::Task;
use aio_heads::OwnPhoto;
use aio_model::LossWeights;
use aio_train::config::{DataConfig, ModelConfig, StageConfig, TrainConfig, TrainingConfig};
use aio_types::Modality;
pub use aio_types::nearest;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// A resolved experiment. Defaults are the built-in layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// One sentence that the experiment is to show; printed above the table.
    pub claim: String,
    /// Seed of weights, order and augmentation.
    pub seed: u64,
    /// Where data come from.
    pub data: DataConfig,
    /// What is trained.
    pub model: ModelConfig,
    /// How it is trained.
    pub train: TrainConfig,
    /// Losses and their weights.
    pub losses: LossWeights,
    /// What is evaluated.
    pub evaluation: Evaluation,
}

/// What is evaluated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// Tasks such as `market1501.rgb-rgb` or `tri-cuhk-pedes.*-rgb`.
    pub tasks: Vec<String>,
    /// Queries per task that the report shows with their ranked lists.
    pub ranked_lists: usize,
    /// Random rankings over which chance level is averaged.
    pub chance_draws: u32,
}

impl Default for Experiment {
    fn default() -> Self {
        Self {
            claim: String::new(),
            seed: 0,
            data: DataConfig::default(),
            model: ModelConfig::default(),
            train: TrainConfig::default(),
            losses: LossWeights::default(),
            evaluation: Evaluation { tasks: Vec::new(), ranked_lists: 4, chance_draws: 10 },
        }
    }
}

/// SHA-256 of the files that an experiment names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checksums {
    /// The pre-trained weights.
    pub weights: String,
    /// The line generator; empty without one.
    pub lines: String,
}

/// Where one layer's keys were written.
struct Layer {
    origin: String,
    table: Table,
}

/// Refuses keys that the built-in layer does not have.
fn check_keys(origin: &str, found: &Table, known: &Table, prefix: &str) -> Result<()> {
    for (key, value) in found {
        let full = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        let Some(expected) = known.get(key) else {
            let hint = match nearest(key, known.keys().map(String::as_str)) {
                Some(near) => format!(
                    "did you mean `{}`?",
                    if prefix.is_empty() { near } else { format!("{prefix}.{near}") }
                ),
                None => format!(
                    "valid keys here: {}",
                    known.keys().cloned().collect::<Vec<_>>().join(", ")
                ),
            };
            return Err(Error::user(format!("{origin}: unknown key `{full}`"), hint));
        };
        match (value, expected) {
            (Value::Table(found), Value::Table(known)) => check_keys(origin, found, known, &full)?,
            (Value::Array(items), Value::Array(model)) => {
                if let Some(Value::Table(known)) = model.first() {
                    for (i, item) in items.iter().enumerate() {
                        if let Value::Table(found) = item {
                            check_keys(origin, found, known, &format!("{full}[{i}]"))?;
                        }
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn parse(path: &Path) -> Result<Table> {
    let text = fs::read_to_string(path)?;
    toml::from_str(&text)
        .map_err(|e| Error::user(format!("{}: {e}", path.display()), "the file is not valid TOML"))
}

fn file_layers(path: &Path, depth: usize, layers: &mut Vec<Layer>) -> Result<()> {
    let mut table = parse(path)?;
    if let Some(base) = table.remove("base") {
        let base = base.as_str().map(|b| path.with_file_name(b)).ok_or_else(|| {
            Error::user(
                format!("{}: `base` is not a path", path.display()),
                "write base = \"other.toml\"",
            )
        })?;
        if depth > 8 {
            return Err(Error::user(
                format!("{}: `base` goes in a circle", path.display()),
                "a base file must not lead back to itself",
            ));
        }
        file_layers(&base, depth + 1, layers)?;
    }
    layers.push(Layer { origin: path.display().to_string(), table });
    Ok(())
}

/// A table that holds `value` at the dotted `key`.
fn nested(key: &str, value: Value) -> Table {
    let mut parts: Vec<&str> = key.split('.').collect();
    let last = parts.pop().unwrap_or_default();
    let mut table = Table::new();
    table.insert(last.to_owned(), value);
    for part in parts.into_iter().rev() {
        table = Table::from_iter([(part.to_owned(), Value::Table(table))]);
    }
    table
}

/// A value as TOML would read it, or else the text itself.
fn value(text: &str) -> Value {
    toml::from_str::<Table>(&format!("v = {text}"))
        .ok()
        .and_then(|mut t| t.remove("v"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

fn override_layers(settings: &[String]) -> Result<Vec<Layer>> {
    let mut layers = Vec::new();
    let mut variables: Vec<(String, String)> =
        std::env::vars().filter(|(name, _)| name.starts_with("AIO__")).collect();
    variables.sort();
    for (name, text) in variables {
        let key = name["AIO__".len()..].to_lowercase().replace("__", ".");
        layers.push(Layer {
            origin: format!("environment variable {name}"),
            table: nested(&key, value(&text)),
        });
    }
    for setting in settings {
        let (key, text) = setting.split_once('=').ok_or_else(|| {
            Error::user(format!("--set {setting}: no `=`"), "write --set section.key=value")
        })?;
        layers.push(Layer {
            origin: format!("--set {setting}"),
            table: nested(key.trim(), value(text.trim())),
        });
    }
    Ok(layers)
}

/// Version of the defaults: raised when the value of one changes, because cells leave out what is at its default.
const DEFAULTS: u32 = 1;

/// What of `table` is not as in `defaults`.
fn differing(table: Table, defaults: &Table) -> Table {
    let mut rest = Table::new();
    for (key, value) in table {
        match (value, defaults.get(&key)) {
            (Value::Table(inner), Some(Value::Table(known))) => {
                let inner = differing(inner, known);
                if !inner.is_empty() {
                    rest.insert(key, Value::Table(inner));
                }
            }
            (value, known) if known != Some(&value) => {
                rest.insert(key, value);
            }
            _ => {}
        }
    }
    rest
}

/// Drops from every stage the keys that came after the first results, where they are at their defaults: stages are compared whole, and the
/// cells of earlier results must stay.
fn without_later_keys(mut table: Table) -> Table {
    let synthesised = Value::try_from(StageConfig::synthesised()).unwrap_or(Value::Boolean(true));
    let stages = table
        .get_mut("train")
        .and_then(|train| train.get_mut("stages"))
        .and_then(Value::as_array_mut);
    for stage in stages.into_iter().flatten().filter_map(Value::as_table_mut) {
        for (key, default) in [("synthesise", &synthesised), ("whole", &Value::Boolean(false))] {
            if stage.get(key) == Some(default) {
                stage.remove(key);
            }
        }
    }
    table
}

/// The first dotted key below `key` whose values differ, with both of them.
fn first_difference(key: &str, was: &Value, is: &Value) -> Option<String> {
    let below = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    match (was, is) {
        (Value::Table(was), Value::Table(is)) => {
            let absent = &Value::String("absent".into());
            let names: std::collections::BTreeSet<&String> = was.keys().chain(is.keys()).collect();
            names.into_iter().find_map(|name| {
                first_difference(
                    &below(name),
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

impl Experiment {
    /// Reads and resolves an experiment file with environment variables and `--set` options.
    ///
    /// # Errors
    /// [`Error::User`] naming the layer, the key and the nearest valid key.
    pub fn load(path: &Path, settings: &[String]) -> Result<Self> {
        let failed = |e: &dyn std::fmt::Display| {
            Error::Failure(format!("the built-in configuration is broken: {e}"))
        };
        let defaults = Table::try_from(Self::default()).map_err(|e| failed(&e))?;
        let mut layers = Vec::new();
        file_layers(path, 0, &mut layers)?;
        layers.extend(override_layers(settings)?);
        let text = |table: &Table| toml::to_string(table).map_err(|e| failed(&e));
        let source = |text: String| config::File::from_str(&text, config::FileFormat::Toml);
        let mut builder = config::Config::builder().add_source(source(text(&defaults)?));
        for layer in &layers {
            check_keys(&layer.origin, &layer.table, &defaults, "")?;
            builder = builder.add_source(source(text(&layer.table)?));
        }
        let origins = layers.iter().map(|l| l.origin.as_str()).collect::<Vec<_>>().join(" ← ");
        let merged = builder.build().and_then(config::Config::try_deserialize::<Self>);
        let experiment = merged.map_err(|e| {
            Error::user(
                format!("{origins}: {e}"),
                "docs/configuration.md lists every key with its type",
            )
        })?;
        experiment.validate(&origins)?;
        Ok(experiment)
    }

    fn validate(&self, origins: &str) -> Result<()> {
        let wrong = |key: &str, problem: String| {
            Err(Error::user(
                format!("{origins}: `{key}` {problem}"),
                "docs/configuration.md lists every key with its range",
            ))
        };
        if self.train.stages.is_empty() {
            return wrong("train.stages", "is empty; at least one stage is needed".into());
        }
        if !self.model.modalities.contains(Modality::Rgb) {
            return wrong(
                "model.modalities",
                "lacks rgb, the anchor of every other modality".into(),
            );
        }
        if !(0.0..0.9).contains(&self.data.validation_fraction) {
            return wrong(
                "data.validation",
                format!(
                    "is {}; expected a fraction from 0 to below 0.9",
                    self.data.validation_fraction
                ),
            );
        }
        if !(self.data.identity_fraction > 0.0 && self.data.identity_fraction <= 1.0) {
            return wrong(
                "data.fraction",
                format!(
                    "is {}; expected a fraction above 0, at most 1",
                    self.data.identity_fraction
                ),
            );
        }
        if self.losses.identity == 0.0 && self.losses.binding == 0.0 && self.losses.triplet == 0.0 {
            return wrong(
                "losses",
                "has neither identity, triplet nor binding; nothing would be learned".into(),
            );
        }
        for (i, stage) in self.train.stages.iter().enumerate() {
            if stage.datasets.is_empty() || stage.epochs == 0 {
                return wrong(
                    &format!("train.stages[{i}]"),
                    "needs at least one data set and one epoch".into(),
                );
            }
            if let Some(odd) =
                stage.synthesise.iter().find(|m| !StageConfig::synthesised().contains(m))
            {
                return wrong(
                    &format!("train.stages[{i}].synthesise"),
                    format!("holds {odd}, which cannot be made from a photograph"),
                );
            }
            if !(stage.learning_rate > 0.0 && stage.learning_rate <= 1.0) {
                return wrong(
                    &format!("train.stages[{i}].rate"),
                    format!("is {}; expected a value in (0, 1]", stage.learning_rate),
                );
            }
        }
        if self.train.identities < 2
            || self.train.instances_per_identity == 0
            || self.train.accumulation_steps == 0
        {
            return wrong("train", "needs identities ≥ 2, tuples ≥ 1 and accumulate ≥ 1".into());
        }
        if self.losses.own_photo == OwnPhoto::Skipped
            && self.losses.binding != 0.0
            && self.train.instances_per_identity < 2
        {
            return wrong(
                "losses.own_photo",
                "is `skipped`, which leaves nothing to bind to with train.tuples = 1".into(),
            );
        }
        self.tasks()?;
        Ok(())
    }

    /// The part of the experiment that decides its training.
    #[must_use]
    pub fn training(&self) -> TrainingConfig {
        TrainingConfig {
            seed: self.seed,
            data: self.data.clone(),
            model: self.model.clone(),
            train: self.train.clone(),
            losses: self.losses,
        }
    }

    /// The tasks, with `*` expanded.
    ///
    /// # Errors
    /// [`Error::User`] naming a task that cannot be parsed.
    pub fn tasks(&self) -> Result<Vec<Task>> {
        let mut tasks = Vec::new();
        for text in &self.evaluation.tasks {
            tasks.extend(Task::parse(text)?);
        }
        Ok(tasks)
    }

    /// What of the experiment decides the numbers, by dotted key. Files count by `checksums`.
    fn deciding(&self, checksums: &Checksums) -> Table {
        let mut plain = self.clone();
        plain.model.weights = checksums.weights.clone();
        plain.data.sketch_generator = checksums.lines.clone();
        plain.claim.clear();
        plain.seed = 0;
        plain.data.root = PathBuf::new();
        plain.data.allow_leakage = false;
        plain.train.keep_checkpoints = 0;
        plain.train.checkpoint_every = 0;
        // The same numbers, computed once more.
        plain.train.activation_checkpointing = false;
        without_later_keys(Table::try_from(plain).unwrap_or_default())
    }

    /// The first deciding key in which two experiments differ, as `key: was → is`; files count by their names.
    #[must_use]
    pub fn difference(&self, now: &Self) -> Option<String> {
        let table = |of: &Self| {
            of.deciding(&Checksums {
                weights: of.model.weights.clone(),
                lines: of.data.sketch_generator.clone(),
            })
        };
        first_difference("", &Value::Table(table(self)), &Value::Table(table(now)))
    }

    /// Content hash of what decides the numbers: the pre-trained weights and the line generator (by their SHA-256), the renderer's
    /// version where the data are rendered, and every key but the seed, the claim and where files lie.
    ///
    /// Keys at their defaults do not count, so that a key which a later version adds keeps the cells of earlier results.
    #[must_use]
    pub fn cell(&self, checksums: &Checksums) -> String {
        let defaults = without_later_keys(Table::try_from(Self::default()).unwrap_or_default());
        // Maps are sorted, so the order of fields does not matter.
        let mut canonical =
            format!("defaults {DEFAULTS}\n{}", differing(self.deciding(checksums), &defaults));
        if self.data.synthetic {
            canonical += &format!("renderer {}", aio_synth::VERSION);
        }
        blake3::hash(canonical.as_bytes()).to_hex()[..12].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, settings: &[&str]) -> Result<Experiment> {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("experiment.toml");
        std::fs::write(&path, text).expect("write");
        Experiment::load(&path, &settings.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_misspelt_key_names_the_file_and_the_nearest_key() {
        let error = load("[train]\nidentites = 4\n", &[]).expect_err("misspelt");
        assert!(
            error.to_string().contains("experiment.toml: unknown key `train.identites`"),
            "{error}"
        );
        assert_eq!(error.hint().as_deref(), Some("did you mean `train.identities`?"));
        assert_eq!(error.exit_code(), 2);
        let error = load("", &["losses.bindng=0"]).expect_err("misspelt");
        assert!(error.to_string().starts_with("--set losses.bindng=0: unknown key"), "{error}");
        let error = load("[[train.stages]]\nname = \"a\"\nepoch = 3\n", &[]).expect_err("misspelt");
        assert!(error.to_string().contains("train.stages[0].epoch"), "{error}");
    }

    #[test]
    fn later_layers_win() {
        let experiment = load(
            "seed = 3\n[train]\ntuples = 5\n",
            &["train.tuples=7", "model.weights=other.safetensors"],
        )
        .expect("valid");
        assert_eq!(
            (experiment.seed, experiment.train.instances_per_identity, experiment.train.identities),
            (3, 7, 16)
        );
        assert_eq!(experiment.model.weights, "other.safetensors");
    }

    #[test]
    fn values_out_of_range_are_refused_by_key() {
        for (text, key) in [
            ("[data]\nvalidation = 2.0", "data.validation"),
            ("[train]\nstages = []", "train.stages"),
            ("[evaluation]\ntasks = [\"mars.rgb-rgb\"]", "mars"),
        ] {
            let error = load(text, &[]).expect_err(key);
            assert!(error.to_string().contains(key), "{error}");
        }
    }

    #[test]
    fn the_cell_ignores_seed_and_paths_and_nothing_else() {
        let cell = |text: &str, weights: &str| {
            load(text, &[])
                .expect("valid")
                .cell(&Checksums { weights: weights.into(), ..Checksums::default() })
        };
        let base = cell("", "abc");
        assert_eq!(
            cell(
                "seed = 9\n[data]\nroot = \"/elsewhere\"\n[model]\nweights = \"elsewhere\"\n",
                "abc"
            ),
            base
        );
        assert_ne!(cell("[losses]\nbinding = 0.5\n", "abc"), base);
        assert_ne!(cell("", "abd"), base, "other weights");
    }

    #[test]
    fn the_first_difference_is_named() {
        let of = |text: &str| load(text, &[]).expect("valid");
        assert_eq!(
            of("seed = 4\n[data]\nroot = \"x\"\n").difference(&of("")),
            None,
            "what does not decide"
        );
        assert_eq!(
            of("[losses]\nbinding = 0.5\n").difference(&of("")).as_deref(),
            Some("losses.binding: 0.5 → 1.0")
        );
        let stage = |rate: &str| {
            format!(
                "[[train.stages]]\nname = \"a\"\ndatasets = [\"llcm\"]\nepochs = 1\nreal = []\nrate = {rate}\nwarmup = 0\nfloor = 0.1\n"
            )
        };
        let found = of(&stage("0.1")).difference(&of(&stage("0.2")));
        assert_eq!(found.as_deref(), Some("train.stages[0].rate: 0.1 → 0.2"));
    }

    #[test]
    fn cells_of_earlier_results_stay() {
        // Stored ids. If this fails, either results were renamed by accident, or a default or the renderer changed on purpose.
        let text = "[train]\nidentities = 8\n[losses]\nbinding = 0.5\n[data]\nsynthetic = false\n";
        let checksums = Checksums { weights: "abc".into(), ..Checksums::default() };
        assert_eq!(load(text, &[]).expect("valid").cell(&checksums), "02749968d666");
        let defaults = toml::to_string(&Experiment::default()).expect("TOML");
        assert_eq!(
            &blake3::hash(defaults.as_bytes()).to_hex()[..12],
            "090e90425af7",
            "a default changed (raise DEFAULTS) or a key was added (update this)"
        );
    }
}

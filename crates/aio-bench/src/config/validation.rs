//! What is refused: unknown keys, values of another type or out of range, and keys that contradict each other.

use super::Experiment;
use super::rules::Rule;
use crate::error::{Error, Result};
use aio_heads::{BindingKind, OwnPhoto};
use aio_model::{AbsentUse, AdapterUse, EncoderUse, FusionUse, Neck, TextUse};
use aio_train::config::StageConfig;
use aio_types::{Modality, nearest};
use config::{ConfigError, Value, ValueKind};
use toml::Table;

fn below(key: &str, name: &str) -> String {
    if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") }
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
            let hint = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{}`?", below(key, &near)),
                None => format!("valid keys here: {}", known.join(", ")),
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
        let origin = value.origin().unwrap_or("configuration");
        let problem = format!("is {}; expected {}", found(value), rule.expected());
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

impl Experiment {
    /// Refuses keys that contradict each other, and names that stand for nothing. `origins` names all layers.
    pub(super) fn validate(&self, origins: &str) -> Result<()> {
        let wrong = |key: &str, problem: &str| Err(refused(origins, key, problem));
        if !self.model.modalities.contains(Modality::Rgb) {
            return wrong("model.modalities", "lacks rgb, the anchor of every other modality");
        }
        let losses = &self.losses;
        self.validate_text(origins)?;
        self.validate_adapters(origins)?;
        self.validate_fusion(origins)?;
        if losses.identity == 0.0 && losses.binding == 0.0 && losses.triplet == 0.0 {
            return wrong(
                "losses",
                "has neither identity, triplet nor binding; nothing would be learned",
            );
        }
        if losses.own_photo == OwnPhoto::Skipped
            && losses.binding != 0.0
            && self.train.instances_per_identity < 2
        {
            return wrong(
                "losses.own_photo",
                "is `skipped`, which leaves nothing to bind to with train.instances_per_identity = 1",
            );
        }
        if losses.binding_kind == BindingKind::Itc && losses.binding != 0.0 {
            if losses.own_photo == OwnPhoto::Skipped {
                return wrong(
                    "losses.own_photo",
                    "is `skipped`, but losses.binding_kind = \"itc\" binds a picture or caption to the photograph of its own tuple; set losses.own_photo = \"kept\", or choose `supcon` or `sdm`",
                );
            }
            if self.model.modalities.len() < 2 {
                return wrong(
                    "losses.binding_kind",
                    "is `itc`, which binds photographs to other modalities, and model.modalities holds rgb alone",
                );
            }
        }
        for (i, stage) in self.train.stages.iter().enumerate() {
            if stage.datasets.is_empty() {
                return wrong(
                    &format!("train.stages[{i}].datasets"),
                    "is missing; expected a list of at least one data set",
                );
            }
            let is_share = |share: &f64| share.is_finite() && *share > 0.0;
            let counts = [0, stage.datasets.len()];
            if !counts.contains(&stage.shares.len()) || !stage.shares.iter().all(is_share) {
                return wrong(
                    &format!("train.stages[{i}].shares"),
                    &format!(
                        "is {:?}; expected one number above 0 for each of the {} data sets, or none",
                        stage.shares,
                        stage.datasets.len()
                    ),
                );
            }
            if let (Some(epochs), Some(steps)) = (stage.epochs, stage.steps) {
                return wrong(
                    &format!("train.stages[{i}].steps"),
                    &format!(
                        "is {steps} and `train.stages[{i}].epochs` is {epochs}; a stage has one of them"
                    ),
                );
            }
            let can_be_made = StageConfig::synthesised();
            if let Some(odd) = stage.synthesise.iter().find(|m| !can_be_made.contains(m)) {
                return wrong(
                    &format!("train.stages[{i}].synthesise"),
                    &format!("holds {odd}, which cannot be made from a photograph"),
                );
            }
        }
        // The text of a task does not say where it stands.
        self.tasks().map_err(|error| Error::User {
            message: format!("{origins}: `evaluation.tasks`: {error}"),
            hint: error.hint(),
        })?;
        Ok(())
    }

    /// Refuses what a text tower makes no sense with.
    fn validate_text(&self, origins: &str) -> Result<()> {
        let Self { model, losses, .. } = self;
        if !model.text.is_tower() {
            return Ok(());
        }
        let wrong = |key: &str, problem: &str| Err(refused(origins, key, problem));
        if !model.modalities.contains(Modality::Text) {
            return wrong("model.text", "names a tower, but model.modalities holds no text");
        }
        if losses.attribute != 0.0 {
            return wrong(
                "losses.attribute",
                "is not 0, but the attribute head reads text and photograph in one sequence, which text with a tower does not enter; set it to 0",
            );
        }
        if losses.neck == Neck::After {
            return wrong(
                "losses.neck",
                "is `after`, but the normalisation can become a part of one projection only, and a text tower has its own; set it to `before`",
            );
        }
        if model.text == TextUse::TrainedTower && model.frozen_tokenizers.contains(&Modality::Text)
        {
            return wrong(
                "model.frozen_tokenizers",
                "holds text, but model.text = \"trained-tower\" trains its table with the tower; choose one",
            );
        }
        Ok(())
    }

    /// Refuses adapters of blocks that do not keep their pre-trained weights.
    fn validate_adapters(&self, origins: &str) -> Result<()> {
        let adapters = match self.model.adapters {
            AdapterUse::None => return Ok(()),
            AdapterUse::Lora => "lora",
            AdapterUse::Prompts => "prompts",
        };
        let problem = match self.model.encoder {
            EncoderUse::Frozen => return Ok(()),
            EncoderUse::Trained => "trained\", which trains the adapted weights themselves",
            EncoderUse::Random => "random\", which leaves no pre-trained weights to adapt",
        };
        let problem =
            format!("is `{adapters}`, but model.encoder = \"{problem}; choose one of them");
        Err(refused(origins, "model.adapters", &problem))
    }

    /// Refuses what has no place where modalities are combined behind the encoder.
    fn validate_fusion(&self, origins: &str) -> Result<()> {
        let Self { model, losses, .. } = self;
        let fusion = match model.fusion {
            FusionUse::Sequence => return Ok(()),
            FusionUse::Mean => "mean",
            FusionUse::Mixer => "mixer",
        };
        if model.fusion == FusionUse::Mean && model.absent == AbsentUse::Learned {
            let problem = "is `learned`, but model.fusion = \"mean\" averages the modalities that are there and has no place for others; set it to `none`, or choose `sequence` or `mixer`";
            return Err(refused(origins, "model.absent", problem));
        }
        if losses.neck == Neck::After {
            let problem = format!(
                "is `after`, but the normalisation can become a part of the projection only, behind which model.fusion = \"{fusion}\" combines modalities; set it to `before`"
            );
            return Err(refused(origins, "losses.neck", &problem));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An experiment whose file holds some lines of the table `model`, and what follows them.
    fn load(model: &str) -> Result<Experiment> {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("experiment.toml");
        std::fs::write(&path, format!("[model]\n{model}")).expect("write");
        Experiment::load(&path, &[])
    }

    #[test]
    fn a_fusion_is_refused_with_what_has_no_place_in_it() {
        for (model, said) in [
            (
                "fusion = \"mean\"\nabsent = \"learned\"",
                "`model.absent` is `learned`, but model.fusion = \"mean\" averages",
            ),
            (
                "fusion = \"mixer\"\n[losses]\nneck = \"after\"",
                "`losses.neck` is `after`, but the normalisation can become a part of the projection only, behind which model.fusion = \"mixer\"",
            ),
            ("fusion = \"attention\"", "expected `sequence`, `mean` or `mixer`"),
            ("absent = \"zeros\"", "expected `none` or `learned`"),
        ] {
            let error = load(model).expect_err(said).to_string();
            assert!(error.contains(said), "{error}");
        }
        for allowed in [
            "absent = \"learned\"",
            "fusion = \"mixer\"\nabsent = \"learned\"",
            "fusion = \"mean\"",
        ] {
            load(allowed).expect(allowed);
        }
    }

    #[test]
    fn adapters_are_refused_where_the_encoder_does_not_keep_its_weights() {
        for (model, said) in [
            (
                "adapters = \"lora\"\nencoder = \"trained\"",
                "`model.adapters` is `lora`, but model.encoder = \"trained\", which trains the adapted weights themselves; choose one of them",
            ),
            (
                "adapters = \"prompts\"\nencoder = \"random\"",
                "`model.adapters` is `prompts`, but model.encoder = \"random\"",
            ),
            ("adapters = \"a\"", "expected `none`, `lora` or `prompts`"),
            ("lora_rank = 0", "`model.lora_rank` is 0; expected an integer, at least 1"),
            ("lora_alpha = 0", "`model.lora_alpha` is 0; expected a number, above 0"),
            (
                "prompt_tokens = 0",
                "`model.prompt_tokens` is 0; expected an integer, from 1 to 1024",
            ),
        ] {
            let error = load(model).expect_err(said).to_string();
            assert!(error.contains(said), "{error}");
        }
        let lora = load("adapters = \"lora\"\nlora_rank = 4\n").expect("valid");
        assert_eq!(lora.model.encoder, EncoderUse::Frozen);
    }
}

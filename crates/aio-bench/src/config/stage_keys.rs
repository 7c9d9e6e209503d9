//! Keys of one stage: `--set train.stages[0].steps=100` changes them and leaves the rest of the list as it is.

use config::{ConfigError, Map, Source, Value, ValueKind};

/// Keys that replace those of one stage of the layers before them.
#[derive(Debug, Clone)]
pub(super) struct StageKeys {
    /// The stage, counted from 0.
    pub(super) stage: usize,
    /// The option, as errors name it.
    pub(super) origin: String,
    pub(super) keys: Map<String, Value>,
}

impl Source for StageKeys {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    /// Nothing: where the keys belong depends on the layers before them.
    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(Map::new())
    }

    fn collect_to(&self, merged: &mut Value) -> Result<(), ConfigError> {
        let Self { stage, origin, keys } = self;
        let stages = stages_of(merged);
        let count = stages.as_ref().map_or(0, |stages| stages.len());
        let found = stages.and_then(|stages| stages.get_mut(*stage));
        let Some(ValueKind::Table(old)) = found.map(|found| &mut found.kind) else {
            return Err(ConfigError::Message(format!(
                "{origin}: there is no `train.stages[{stage}]`: the list has {count} stages, which are counted from 0"
            )));
        };
        // A stage has one of them, and the later layer decides.
        if keys.contains_key("steps") {
            old.remove("epochs");
        }
        if keys.contains_key("epochs") {
            old.remove("steps");
        }
        old.extend(keys.clone());
        Ok(())
    }
}

/// The stages among values that have been merged.
fn stages_of(merged: &mut Value) -> Option<&mut Vec<Value>> {
    let ValueKind::Table(file) = &mut merged.kind else { return None };
    let ValueKind::Table(train) = &mut file.get_mut("train")?.kind else { return None };
    match &mut train.get_mut("stages")?.kind {
        ValueKind::Array(stages) => Some(stages),
        _ => None,
    }
}

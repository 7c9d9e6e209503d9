//! What weights files state of where they come from and how they may be used.

use crate::error::{Error, Result};
use aio_encoder::weights::Weights;
use serde::Serialize;

/// Terms of use and origin of weights, where they are stated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// Terms of use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Where the weights come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

impl Provenance {
    /// What a file states.
    pub(crate) fn of(weights: &Weights) -> Self {
        let stated = |key| weights.metadata::<String>(key).ok();
        Self { licence: stated("licence"), origin: stated("origin") }
    }

    fn values(&self) -> [(&'static str, Option<&str>); 2] {
        [("licence", self.licence.as_deref()), ("origin", self.origin.as_deref())]
    }

    /// The entries of the metadata that are stated, by key.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.values().into_iter().filter_map(|(key, value)| Some((key, value?)))
    }

    /// Refuses to state nothing where models that become one file state different things. The models are known by `names`.
    ///
    /// # Errors
    /// [`Error::User`] naming the key, and what each model states.
    pub(crate) fn check_covers(&self, names: &[String], models: &[Self]) -> Result<()> {
        for (index, (key, given)) in self.values().into_iter().enumerate() {
            let values: Vec<Option<&str>> =
                models.iter().map(|model| model.values()[index].1).collect();
            if given.is_some() || values.windows(2).all(|pair| pair[0] == pair[1]) {
                continue;
            }
            let said = names.iter().zip(values);
            let said = said.map(|(name, value)| format!("{name}: {}", value.unwrap_or("nothing")));
            let said = said.collect::<Vec<_>>().join("; ");
            return Err(Error::user(
                format!("the models do not state the same {key}: {said}"),
                format!("say what the file is to state: --{key} TEXT"),
            ));
        }
        Ok(())
    }

    /// One line per key.
    pub(crate) fn text(&self) -> String {
        let line = |(key, value): (&str, Option<&str>)| {
            format!("{key}: {}\n", value.unwrap_or("not stated"))
        };
        self.values().into_iter().map(line).collect()
    }
}

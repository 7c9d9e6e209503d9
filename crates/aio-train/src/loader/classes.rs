//! Training identities as dense classes, and those that are held out for validation.

use super::held_out::{self, Chosen, HeldOut};
use super::library::Library;
use super::used::training_identities;
use crate::config::{Select, TrainingConfig};
use crate::error::{Result, TrainError};
use aio_data::{Dataset, DatasetName};
use aio_types::{Identity, Modality, ModalitySet, rng};
use rand::seq::SliceRandom;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The identities of all stages as dense classes from 0, and those held out for validation.
#[derive(Debug, Clone)]
pub(crate) struct Classes {
    class_of: BTreeMap<(DatasetName, Identity), usize>,
    held_out: BTreeMap<DatasetName, Chosen>,
}

impl Classes {
    /// Numbers the training identities of every stage's data sets, without those that are held out.
    ///
    /// # Errors
    /// As [`Library::get`], and with `select = "best"` [`crate::TrainError::Invalid`] if nobody can be held out.
    pub(crate) fn new(config: &TrainingConfig, library: &mut Library) -> Result<Self> {
        let stages = &config.train.stages;
        let names: BTreeSet<DatasetName> =
            stages.iter().flat_map(|stage| stage.datasets.iter().copied()).collect();
        let held_out = match config.train.select {
            // The score is a line of the log: who is held out stays as it was in earlier versions.
            Select::Last => last_of_first(config, library)?,
            Select::Best => held_out::choose(config, library)?,
        };
        let is_held_out = |name: DatasetName, identity: &Identity| {
            held_out.iter().any(|(of, chosen)| {
                let same = match config.train.select {
                    Select::Last => *of == name,
                    Select::Best => of.population() == name.population(),
                };
                same && chosen.people.contains(identity)
            })
        };
        let mut class_of = BTreeMap::new();
        for name in names {
            let parts = config.train.trained_parts(name);
            let dataset = library.get(name)?;
            warn_of_unknown(name, dataset);
            let mut used: Vec<Identity> = training_identities(dataset, parts)
                .into_iter()
                .filter(|identity| !is_held_out(name, identity))
                .collect();
            if used.is_empty() {
                return Err(TrainError::invalid(
                    format!(
                        "{name} has nobody to train on: no rows of the split `train`, or only people who are held out for validation"
                    ),
                    "add rows of the split `train` with RGB photographs, or leave the data set out of `train.stages`",
                ));
            }
            let fraction = config.data.identity_fraction;
            if fraction < 1.0 {
                used.shuffle(&mut rng(config.seed, &format!("fraction of {name}"), 0));
                used.truncate((used.len() as f64 * fraction).ceil() as usize);
                used.sort_unstable();
            }
            for identity in used {
                let class = class_of.len();
                class_of.insert((name, identity), class);
            }
        }
        Ok(Self { class_of, held_out })
    }

    /// Number of people who are held out for validation.
    pub(super) fn held_out(&self) -> usize {
        self.held_out.values().map(|chosen| chosen.people.len()).sum()
    }

    /// Number of classes.
    pub(crate) fn len(&self) -> usize {
        self.class_of.len()
    }

    /// The classes of a data set, which follow one another.
    pub(super) fn of_data_set(&self, name: DatasetName) -> Range<usize> {
        let (lowest, highest) = ((name, Identity(i64::MIN)), (name, Identity(i64::MAX)));
        let mut classes = self.class_of.range(lowest..=highest).map(|(_, class)| *class);
        let first = classes.next();
        first.map_or(0..0, |first| first..classes.next_back().unwrap_or(first) + 1)
    }

    /// The class of an identity, or `None` if it is not trained on.
    pub(crate) fn get(&self, name: DatasetName, identity: Identity) -> Option<usize> {
        self.class_of.get(&(name, identity)).copied()
    }

    /// What shows the held-out people, by data set.
    ///
    /// # Errors
    /// As [`Library::get`].
    pub(crate) fn validation(&self, library: &mut Library) -> Result<Vec<HeldOut>> {
        let mut held_out = Vec::new();
        for (name, chosen) in &self.held_out {
            held_out.extend(chosen.held_out(*name, library.get(*name)?)?);
        }
        Ok(held_out)
    }
}

/// A fraction of the first data set's people, searched for by photograph and caption; nobody if the fraction is too small.
fn last_of_first(
    config: &TrainingConfig,
    library: &mut Library,
) -> Result<BTreeMap<DatasetName, Chosen>> {
    let first = config.train.stages[0].datasets[0];
    let of_first = training_identities(library.get(first)?, config.train.trained_parts(first));
    let people = last_fraction(&of_first, config.data.validation_fraction);
    if people.is_empty() {
        return Ok(BTreeMap::new());
    }
    let both: ModalitySet = [Modality::Rgb, Modality::Text].into_iter().collect();
    let asked = both & held_out::wanted(config, first);
    let chosen = Chosen { people, asked, with_validation_rows: false };
    Ok([(first, chosen)].into())
}

/// The last identities, in their order, that make up a fraction of all (rounded down).
fn last_fraction(identities: &BTreeSet<Identity>, fraction: f64) -> BTreeSet<Identity> {
    let kept = identities.len() - (identities.len() as f64 * fraction) as usize;
    identities.iter().skip(kept).copied().collect()
}

/// Says how many samples of the training part are left out because nobody knows whom they show.
fn warn_of_unknown(name: DatasetName, dataset: &Dataset) {
    let unknown = dataset.train.iter().filter(|sample| !sample.identity.is_known()).count();
    if unknown > 0 {
        log::warn!(
            "{name}: {unknown} samples of the training part have an identity below 0, so that it is not known whom they show; they are not trained on"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_identities_are_held_out() {
        let identities: BTreeSet<Identity> = (1..=10).map(Identity).collect();
        let held_out = |fraction| {
            last_fraction(&identities, fraction).into_iter().map(|id| id.0).collect::<Vec<_>>()
        };
        assert_eq!(held_out(0.25), [9, 10], "a quarter of ten, rounded down");
        assert!(held_out(0.0).is_empty());
    }
}

//! Training identities as dense classes, and those that are held out for validation.

use super::library::Library;
use crate::config::TrainingConfig;
use crate::error::Result;
use aio_data::index::Photograph;
use aio_data::{Dataset, DatasetName, Sample};
use aio_types::{Identity, Modality, rng};
use rand::seq::SliceRandom;
use std::collections::{BTreeMap, BTreeSet};

/// The identities of all stages as dense classes from 0, and those held out for validation.
#[derive(Debug, Clone)]
pub(crate) struct Classes {
    class_of: BTreeMap<(DatasetName, Identity), usize>,
    held_out: BTreeSet<Identity>,
    /// The data set that the held-out identities belong to.
    held_out_of: DatasetName,
}

impl Classes {
    /// Numbers the training identities of every stage's data sets. A fraction of the first data set's is held out.
    ///
    /// # Errors
    /// As [`Library::get`].
    pub(crate) fn new(config: &TrainingConfig, library: &mut Library) -> Result<Self> {
        let stages = &config.train.stages;
        let first = stages[0].datasets[0];
        let names: BTreeSet<DatasetName> =
            stages.iter().flat_map(|stage| stage.datasets.iter().copied()).collect();
        let all_splits = |name: DatasetName| {
            stages.iter().any(|stage| stage.all_splits && stage.datasets.contains(&name))
        };
        let of_first = training_identities(library.get(first)?, all_splits(first));
        let held_out = last_fraction(&of_first, config.data.validation_fraction);
        let mut class_of = BTreeMap::new();
        for name in names {
            let mut used: Vec<Identity> = training_identities(library.get(name)?, all_splits(name))
                .into_iter()
                .filter(|identity| !(name == first && held_out.contains(identity)))
                .collect();
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
        Ok(Self { class_of, held_out, held_out_of: first })
    }

    /// Number of classes.
    pub(crate) fn len(&self) -> usize {
        self.class_of.len()
    }

    /// The class of an identity, or `None` if it is not trained on.
    pub(crate) fn get(&self, name: DatasetName, identity: Identity) -> Option<usize> {
        self.class_of.get(&(name, identity)).copied()
    }

    /// The held-out samples of the first data set.
    ///
    /// # Errors
    /// As [`Library::get`].
    pub(crate) fn validation(&self, library: &mut Library) -> Result<Vec<Sample>> {
        let dataset = library.get(self.held_out_of)?;
        let mut samples: Vec<Sample> =
            dataset.train.iter().filter(|s| self.held_out.contains(&s.identity)).cloned().collect();
        let Some(indexed) = &dataset.indexed else { return Ok(samples) };
        for (number, identity) in indexed.index.identities().iter().enumerate() {
            if !self.held_out.contains(&Identity(*identity)) {
                continue;
            }
            let Photograph { path, captions } = indexed.photograph(number)?;
            let source = number as i64;
            samples.push(Sample::picture(*identity, Modality::Rgb, path).made_from(source));
            for caption in captions {
                samples.push(Sample::sentence(*identity, caption).made_from(source));
            }
        }
        Ok(samples)
    }
}

/// The last identities, in their order, that make up a fraction of all (rounded down).
fn last_fraction(identities: &BTreeSet<Identity>, fraction: f64) -> BTreeSet<Identity> {
    let kept = identities.len() - (identities.len() as f64 * fraction) as usize;
    identities.iter().skip(kept).copied().collect()
}

/// Samples of a data set that training uses: those of its training part, or of all its parts without unlabelled people.
pub(super) fn training_samples(
    dataset: &Dataset,
    all_splits: bool,
) -> impl Iterator<Item = &Sample> {
    let other_parts = all_splits.then_some([&dataset.validation, &dataset.query, &dataset.gallery]);
    let others = other_parts.into_iter().flatten().flatten();
    dataset.train.iter().chain(others.filter(|sample| sample.identity.0 > 0))
}

/// Identities of a data set that training uses.
fn training_identities(dataset: &Dataset, all_splits: bool) -> BTreeSet<Identity> {
    let mut identities: BTreeSet<Identity> =
        training_samples(dataset, all_splits).map(|sample| sample.identity).collect();
    if let Some(indexed) = &dataset.indexed {
        identities.extend(indexed.index.identities().iter().map(|id| Identity(*id)));
    }
    identities
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

    #[test]
    fn all_splits_add_labelled_people_of_the_test_part() {
        let sample = |identity| Sample::picture(identity, Modality::Rgb, "1.jpg".into());
        let dataset = Dataset {
            train: vec![sample(1), sample(2)],
            validation: vec![sample(3)],
            query: vec![sample(4)],
            gallery: vec![sample(4), sample(0), sample(-1)],
            ..Dataset::default()
        };
        let identities = |all_splits| {
            training_identities(&dataset, all_splits).into_iter().map(|id| id.0).collect::<Vec<_>>()
        };
        assert_eq!(identities(false), [1, 2]);
        assert_eq!(identities(true), [1, 2, 3, 4], "distractors and unlabelled rows stay out");
    }
}

//! Who is held out of training, so that a checkpoint can be chosen by people whom it was not trained on.
//!
//! With `select = "best"` every data set of every stage gives its own validation rows, as far as they show people whom it is
//! not trained on; of one that has none, training people are drawn with the seed. Test people are never taken. Together they
//! can be searched for in every modality that is trained from real samples.

use super::library::Library;
use super::used::{real_modalities, training_identities};
use crate::config::{TrainedParts, TrainingConfig};
use crate::error::{Result, TrainError};
use aio_data::index::{Indexed, Photograph};
use aio_data::{Dataset, DatasetName, Sample};
use aio_types::{Identity, Modality, ModalitySet, SourcePhoto, rng};
use rand::seq::SliceRandom;
use std::collections::{BTreeMap, BTreeSet};

/// The people of one data set who are held out.
#[derive(Debug, Clone)]
pub(crate) struct HeldOut {
    /// The data set; identities are unique within it.
    pub(crate) dataset: DatasetName,
    /// What shows them.
    pub(crate) samples: Vec<Sample>,
    /// The modalities in which they are searched for among their photographs.
    pub(crate) asked: ModalitySet,
}

/// Which people of a data set are held out, and where their samples stand.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    pub(super) people: BTreeSet<Identity>,
    pub(super) asked: ModalitySet,
    /// Whether validation rows of these people are taken, beside their training samples.
    pub(super) with_validation_rows: bool,
}

/// Chooses the people of every data set of the stages.
///
/// # Errors
/// [`TrainError::Invalid`] naming the modality in which nobody could be searched for, or the data set of which nobody would be
/// left to train on; [`aio_data::DataError`] as [`Library::get`].
pub(super) fn choose(
    config: &TrainingConfig,
    library: &mut Library,
) -> Result<BTreeMap<DatasetName, Chosen>> {
    let mut chosen = BTreeMap::new();
    let (mut trained, mut asked) = (ModalitySet::default(), ModalitySet::default());
    for name in names(config) {
        let parts = config.train.trained_parts(name);
        let wanted = wanted(config, name);
        let dataset = library.get(name)?;
        trained = trained | (real_modalities(dataset, parts) & wanted);
        let candidates = Candidates::new(dataset, parts, wanted);
        let of_set = candidates.draw(config, name);
        if !of_set.people.is_empty() {
            let training = training_identities(dataset, parts);
            if training.iter().all(|identity| of_set.people.contains(identity)) {
                return Err(TrainError::invalid(
                    format!(
                        "train.select = \"best\": {name} has {} training people, and nobody would be left to train on",
                        training.len()
                    ),
                    "add people, add rows of the split `validation`, or set train.select = \"last\"",
                ));
            }
            asked = asked | of_set.asked;
            chosen.insert(name, of_set);
        }
    }
    match trained.iter().find(|modality| !asked.contains(*modality)) {
        None => Ok(chosen),
        Some(missing) => Err(impossible(config, missing)),
    }
}

/// Every data set of the stages once, in their order.
fn names(config: &TrainingConfig) -> Vec<DatasetName> {
    let mut names = Vec::new();
    for name in config.train.stages.iter().flat_map(|stage| &stage.datasets) {
        if !names.contains(name) {
            names.push(*name);
        }
    }
    names
}

/// The modalities of a data set that some stage trains from real samples.
pub(super) fn wanted(config: &TrainingConfig, name: DatasetName) -> ModalitySet {
    let of_name = config.train.stages.iter().filter(|stage| stage.datasets.contains(&name));
    let real = of_name.flat_map(|stage| stage.real.iter().copied());
    let wanted: ModalitySet = real.chain([Modality::Rgb]).collect();
    wanted & config.model.modalities
}

fn impossible(config: &TrainingConfig, missing: Modality) -> TrainError {
    let names: Vec<String> = names(config).iter().map(ToString::to_string).collect();
    let names = names.join(", ");
    if config.data.validation_fraction == 0.0 {
        return TrainError::invalid(
            format!(
                "train.select = \"best\" with data.validation_fraction = 0: {names} have no validation rows in {missing}, and nobody is drawn"
            ),
            "set data.validation_fraction above 0, or train.select = \"last\"",
        );
    }
    let needed = match missing {
        Modality::Rgb => "two photographs".to_owned(),
        other => format!("a sample in {other} and a photograph that it was not made from"),
    };
    TrainError::invalid(
        format!(
            "train.select = \"best\": nobody of {names} can be held out and searched for in {missing}; that takes a person with {needed} who is not tested"
        ),
        "add such people, or set train.select = \"last\"",
    )
}

/// People who may be held out, each with the modalities in which they can be searched for.
struct Candidates {
    /// People of the validation rows whom training does not show.
    unseen: BTreeMap<Identity, ModalitySet>,
    /// People of the training part.
    drawable: BTreeMap<Identity, ModalitySet>,
}

impl Candidates {
    fn new(dataset: &Dataset, parts: TrainedParts, wanted: ModalitySet) -> Self {
        let tested: BTreeSet<Identity> =
            dataset.query.iter().chain(&dataset.gallery).map(|s| s.identity).collect();
        let training = training_identities(dataset, parts);
        let mut unseen = Shown::default();
        let mut drawable = Shown::default();
        for sample in &dataset.validation {
            // The rows of a drawn person are searched, too.
            let side =
                if training.contains(&sample.identity) { &mut drawable } else { &mut unseen };
            side.add(sample.identity, sample.modality, sample.source);
        }
        let mut of_training: BTreeSet<Identity> = BTreeSet::new();
        for sample in &dataset.train {
            of_training.insert(sample.identity);
            drawable.add(sample.identity, sample.modality, sample.source);
        }
        if let Some(indexed) = &dataset.indexed {
            let index = &indexed.index;
            for (number, (identity, captions)) in
                (0..).zip(index.identities().iter().zip(index.captions()))
            {
                let (identity, source) = (Identity(*identity), Some(SourcePhoto(number)));
                of_training.insert(identity);
                drawable.add(identity, Modality::Rgb, source);
                if *captions > 0 {
                    drawable.add(identity, Modality::Text, source);
                }
            }
        }
        let can_be_asked = |shown: Shown, keep: &dyn Fn(&Identity) -> bool| {
            let mut people = shown.people(wanted);
            people.retain(|identity, asked| {
                !tested.contains(identity) && !asked.is_empty() && keep(identity)
            });
            people
        };
        Self {
            unseen: can_be_asked(unseen, &|_| true),
            drawable: can_be_asked(drawable, &|identity| of_training.contains(identity)),
        }
    }

    /// The people of the validation rows, and people of the training part for the modalities that are still missing; without
    /// such rows a fraction of the training part, one person at least.
    fn draw(self, config: &TrainingConfig, name: DatasetName) -> Chosen {
        let union = |people: &BTreeMap<Identity, ModalitySet>| {
            people.values().fold(ModalitySet::default(), |all, asked| all | *asked)
        };
        let possible = union(&self.drawable);
        let mut asked = union(&self.unseen);
        let mut people: BTreeSet<Identity> = self.unseen.keys().copied().collect();
        let fraction = config.data.validation_fraction;
        if fraction > 0.0 {
            let mut order: Vec<(Identity, ModalitySet)> = self.drawable.into_iter().collect();
            let wanted = if people.is_empty() {
                ((order.len() as f64 * fraction) as usize).max(1)
            } else {
                0
            };
            order.shuffle(&mut rng(config.seed, &format!("validation of {name}"), 0));
            let mut drawn = 0;
            for modality in possible.iter() {
                if asked.contains(modality) {
                    continue;
                }
                let found = order.iter().find(|(_, of_person)| of_person.contains(modality));
                if let Some((identity, of_person)) = found {
                    people.insert(*identity);
                    asked = asked | *of_person;
                    drawn += 1;
                }
            }
            for (identity, of_person) in order {
                if drawn >= wanted {
                    break;
                }
                if people.insert(identity) {
                    asked = asked | of_person;
                    drawn += 1;
                }
            }
        }
        Chosen { people, asked, with_validation_rows: true }
    }
}

/// What shows people: the source of every sample by modality.
#[derive(Default)]
struct Shown(BTreeMap<Identity, BTreeMap<Modality, Vec<Option<SourcePhoto>>>>);

impl Shown {
    /// People who are not known are not searched for.
    fn add(&mut self, identity: Identity, modality: Modality, source: Option<SourcePhoto>) {
        if !identity.is_known() {
            return;
        }
        self.0.entry(identity).or_default().entry(modality).or_default().push(source);
    }

    /// The modalities of `wanted` in which each person can be searched for: a query needs a photograph that it was not made
    /// from.
    fn people(self, wanted: ModalitySet) -> BTreeMap<Identity, ModalitySet> {
        let asked = |samples: BTreeMap<Modality, Vec<Option<SourcePhoto>>>| -> ModalitySet {
            let photographs = samples.get(&Modality::Rgb).map(Vec::as_slice).unwrap_or_default();
            let has_other = |source: &Option<SourcePhoto>| {
                source.is_none() || photographs.iter().any(|photograph| photograph != source)
            };
            let can_be_asked = |(modality, sources): (&Modality, &Vec<Option<SourcePhoto>>)| {
                let enough = match modality {
                    Modality::Rgb => photographs.len() > 1,
                    _ => !photographs.is_empty(),
                };
                (enough && sources.iter().any(has_other)).then_some(*modality)
            };
            let asked: ModalitySet = samples.iter().filter_map(can_be_asked).collect();
            asked & wanted
        };
        self.0.into_iter().map(|(identity, samples)| (identity, asked(samples))).collect()
    }
}

impl Chosen {
    /// What shows these people in a data set, and in which modalities they are searched for. `None` if they cannot be searched for in any: nobody
    /// has a second photograph, or a caption and a photograph that it was not made from.
    ///
    /// # Errors
    /// As [`Self::samples`].
    pub(super) fn held_out(&self, name: DatasetName, dataset: &Dataset) -> Result<Option<HeldOut>> {
        let samples = self.samples(dataset)?;
        let mut shown = Shown::default();
        for sample in &samples {
            shown.add(sample.identity, sample.modality, sample.source);
        }
        let possible = shown.people(self.asked);
        let asked = possible.values().fold(ModalitySet::default(), |all, asked| all | *asked);
        if asked.is_empty() {
            log::warn!(
                "{name}: none of the {} people who are held out for validation can be searched for, so that there is no validation score; data.validation_fraction = 0 trains on them, too",
                self.people.len()
            );
            return Ok(None);
        }
        Ok(Some(HeldOut { dataset: name, samples, asked }))
    }

    /// Everything that shows these people in a data set.
    ///
    /// # Errors
    /// [`aio_data::DataError`] if the annotations were changed since their index was built.
    fn samples(&self, dataset: &Dataset) -> Result<Vec<Sample>> {
        let rows = self.with_validation_rows.then_some(&dataset.validation);
        let all = dataset.train.iter().chain(rows.into_iter().flatten());
        let mut samples: Vec<Sample> =
            all.filter(|sample| self.people.contains(&sample.identity)).cloned().collect();
        if let Some(indexed) = &dataset.indexed {
            self.add_indexed(indexed, &mut samples)?;
        }
        Ok(samples)
    }

    fn add_indexed(&self, indexed: &Indexed, samples: &mut Vec<Sample>) -> Result<()> {
        for (number, identity) in indexed.index.identities().iter().enumerate() {
            if !self.people.contains(&Identity(*identity)) {
                continue;
            }
            let Photograph { path, captions } = indexed.photograph(number)?;
            let source = number as i64;
            samples.push(Sample::picture(*identity, Modality::Rgb, path).made_from(source));
            for caption in captions {
                samples.push(Sample::sentence(*identity, caption).made_from(source));
            }
        }
        Ok(())
    }
}

//! What training sees.

use super::classes::Classes;
use super::library::Library;
use super::store::fit_into_memory;
use super::used::{real_modalities, training_samples};
use crate::config::{StageConfig, TrainingConfig};
use crate::error::Result;
use aio_data::{DatasetName, Sample};
use aio_types::{Modality, ModalitySet, PictureSize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The samples that training uses of every data set of the stages that `library` has read. Photographs that are read by an index are not among them.
pub fn trained_samples<'a>(
    config: &TrainingConfig,
    library: &'a Library,
) -> BTreeMap<DatasetName, Vec<&'a Sample>> {
    let stages = &config.train.stages;
    let mut trained = BTreeMap::new();
    for (name, dataset) in library.datasets() {
        if stages.iter().any(|stage| stage.datasets.contains(&name)) {
            let samples = training_samples(dataset, config.train.trained_parts(name));
            trained.insert(name, samples.collect());
        }
    }
    trained
}

/// The pictures that a training opens after its first step: those of the people who are held out for validation, and those of the stages that are not
/// decoded before it. Photographs that are read by an index are not among them.
///
/// # Errors
/// As [`crate::train`] for people who cannot be held out; [`aio_data::DataError`] as [`Library::get`].
pub fn pictures_after_the_first_step(
    config: &TrainingConfig,
    library: &mut Library,
    size: PictureSize,
) -> Result<BTreeSet<PathBuf>> {
    let Some((first, others)) = config.train.stages.split_first() else {
        return Ok(BTreeSet::new());
    };
    let classes = Classes::new(config, library)?;
    let held_out = classes.validation(library)?;
    let validated = held_out.iter().flat_map(|of_set| &of_set.samples).filter_map(Sample::path);
    let mut later: BTreeSet<PathBuf> = validated.map(Path::to_path_buf).collect();
    for stage in others {
        later.extend(pictures(stage, &classes, library)?);
    }
    let before = pictures(first, &classes, library)?;
    if fit_into_memory(before.len(), size) {
        for picture in &before {
            later.remove(picture);
        }
    } else {
        later.extend(before);
    }
    Ok(later)
}

/// The pictures of a stage.
fn pictures(stage: &StageConfig, classes: &Classes, library: &mut Library) -> Result<Vec<PathBuf>> {
    let mut pictures = Vec::new();
    for name in &stage.datasets {
        let samples = training_samples(library.get(*name)?, stage.trained_parts());
        let used = samples.filter(|sample| classes.get(*name, sample.identity).is_some());
        pictures.extend(used.filter_map(|sample| sample.path()).map(Path::to_path_buf));
    }
    Ok(pictures)
}

/// The modalities that training sees: photographs, real samples of those that a stage names, and what a stage makes from photographs. `None` without
/// training.
///
/// # Errors
/// As [`Library::get`].
pub fn trained_modalities(
    config: &TrainingConfig,
    library: &mut Library,
) -> Result<Option<ModalitySet>> {
    let mut trained = ModalitySet::default();
    for stage in &config.train.stages {
        let named: ModalitySet = stage.real.iter().copied().chain([Modality::Rgb]).collect();
        let made: ModalitySet = stage.synthesise.iter().copied().collect();
        trained = trained | made;
        for name in &stage.datasets {
            let parts = config.train.trained_parts(*name);
            trained = trained | (real_modalities(library.get(*name)?, parts) & named);
        }
    }
    Ok((!config.train.stages.is_empty()).then_some(trained))
}

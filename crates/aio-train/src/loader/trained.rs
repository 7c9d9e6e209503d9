//! Which modalities training sees.

use super::classes::training_samples;
use super::library::Library;
use crate::config::{TrainedParts, TrainingConfig};
use crate::error::Result;
use aio_data::Dataset;
use aio_types::{Modality, ModalitySet};

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

/// The modalities in which the samples are that training uses of a data set.
pub(super) fn real_modalities(dataset: &Dataset, parts: TrainedParts) -> ModalitySet {
    let samples = training_samples(dataset, parts).map(|sample| sample.modality);
    let indexed = dataset.indexed.iter().flat_map(|_| [Modality::Rgb, Modality::Text]);
    samples.chain(indexed).collect()
}

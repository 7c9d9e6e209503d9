//! How many people of each data set a batch of a stage has, and what is said where there are too few.

use super::classes::Classes;
use super::store::NumberedSample;
use crate::config::{Batches, StageConfig, TrainingConfig};
use crate::error::TrainError;
use aio_data::DataError;
use aio_types::Modality;
use std::collections::BTreeSet;
use std::ops::Range;

/// The classes of every data set of a stage with its share of the people; nothing where a batch may hold anyone.
pub(super) fn shares(
    stage: &StageConfig,
    classes: &Classes,
    numbered: &[NumberedSample],
) -> Vec<(Range<usize>, f64)> {
    let ranges = stage.datasets.iter().map(|name| classes.of_data_set(*name));
    if stage.batches == Batches::OneDataSet && stage.shares.is_empty() {
        // Not all classes of a data set: another stage may train on parts of it that this one leaves out.
        let photographs = numbered.iter().filter(|(_, _, modality)| *modality == Modality::Rgb);
        let people: BTreeSet<usize> = photographs.map(|(_, class, _)| *class).collect();
        let share = |range: Range<usize>| (range.clone(), people.range(range).count() as f64);
        return ranges.map(share).collect();
    }
    ranges.zip(stage.shares.iter().copied()).collect()
}

/// What the sampler refuses, with the people who are missing because they are held out or because a fraction is used.
pub(super) fn too_few(error: DataError, config: &TrainingConfig, classes: &Classes) -> TrainError {
    let (held_out, fraction) = (classes.held_out(), config.data.identity_fraction);
    if !matches!(error, DataError::Sampler(_)) || (held_out == 0 && fraction >= 1.0) {
        return error.into();
    }
    let (mut message, mut hint) =
        (error.to_string(), "lower train.identities, add people".to_owned());
    if held_out > 0 {
        message += &format!("; {held_out} more are held out for validation");
        hint += ", or set data.validation_fraction = 0";
    }
    if fraction < 1.0 {
        message += &format!("; data.identity_fraction = {fraction} leaves others out");
        hint += ", or raise data.identity_fraction";
    }
    TrainError::invalid(message, hint)
}

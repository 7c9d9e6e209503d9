//! What a training is given and what it gives back.

use crate::config::TrainingConfig;
use crate::error::Result;
use crate::flops::HeadSizes;
use crate::loader::{Classes, Library, LoaderSettings, attribute_words};
use crate::start::StartingPoint;
use aio_encoder::weights::Preprocessing;
use aio_heads::AttributeVocabulary;
use aio_model::{Backbone, BackboneConfig, SketchGenerator};
use burn::tensor::Device;
use std::path::PathBuf;

/// What is trained, from where, and on which device.
#[derive(Debug, Clone, Copy)]
pub struct TrainingSetup<'a> {
    /// Everything that decides the numbers.
    pub config: &'a TrainingConfig,
    /// The pre-trained starting point.
    pub start: &'a StartingPoint,
    /// Where to compute.
    pub device: &'a Device,
    /// Bytes that the evaluation after the training holds beside the models, for the prediction of memory.
    pub evaluation_bytes: usize,
}

/// What all stages train on.
pub(crate) struct TrainingData {
    pub(crate) classes: Classes,
    attributes: AttributeVocabulary,
}

impl TrainingData {
    /// Reads the data sets of a configuration.
    ///
    /// # Errors
    /// As [`Library::get`]; [`crate::TrainError::Invalid`] naming a data set that has nobody to train on.
    pub(crate) fn open(setup: &TrainingSetup, library: &mut Library) -> Result<Self> {
        let classes = Classes::new(setup.config, library)?;
        let attributes = attribute_words(setup.config, &classes, library)?;
        Ok(Self { classes, attributes })
    }

    pub(crate) fn head_sizes(&self) -> HeadSizes {
        HeadSizes::new(&self.classes, &self.attributes)
    }

    pub(crate) fn loader_settings<'a>(
        &'a self,
        setup: &TrainingSetup<'a>,
        sketch_generator: Option<&'a SketchGenerator>,
    ) -> LoaderSettings<'a> {
        LoaderSettings {
            config: setup.config,
            classes: &self.classes,
            attributes: &self.attributes,
            sentences: &setup.start.sentences,
            picture_size: setup.start.preprocessing.size(),
            sketch_generator,
        }
    }
}

/// Where a training writes. It writes nowhere else.
#[derive(Debug, Clone)]
pub struct TrainingPaths {
    /// Directory of the checkpoints, from which a later call continues.
    pub checkpoints: PathBuf,
    /// Directory of the best checkpoint by validation.
    pub best_checkpoint: PathBuf,
    /// JSON lines, one per step ([`crate::MetricsLine`]).
    pub metrics: PathBuf,
    /// Directory of TensorBoard's event files.
    pub events: PathBuf,
    /// Directory for the description of a step whose loss is not finite.
    pub directory: PathBuf,
}

/// A trained backbone and what it needs to be used.
#[derive(Debug)]
pub struct TrainedModel {
    /// The backbone, out of training mode.
    pub backbone: Backbone,
    /// Its sizes.
    pub config: BackboneConfig,
    /// Its preprocessing.
    pub preprocessing: Preprocessing,
    /// Seconds of training, over all calls.
    pub seconds: f64,
    /// Share of these seconds in which the training waited for its next batch, in 0..1; `None` if there was no step.
    pub waiting_for_data: Option<f64>,
    /// Optimiser steps.
    pub steps: usize,
    /// Bytes that this call was predicted to take at its peak; `None` if nothing was left to train.
    pub predicted_memory: Option<usize>,
    /// Floating-point operations that the steps of this call were predicted to take; `None` if nothing was left to train.
    pub predicted_flops: Option<f64>,
    /// Seconds that the first steps of every stage predicted for the steps of this call, without validations and checkpoints; `None` if it had
    /// fewer steps than it takes to say.
    pub predicted_seconds: Option<f64>,
}

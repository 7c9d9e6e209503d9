//! What a training is given and what it gives back.

use crate::config::TrainingConfig;
use crate::start::StartingPoint;
use aio_encoder::weights::Preprocessing;
use aio_model::{Backbone, BackboneConfig};
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

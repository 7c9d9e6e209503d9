//! Adaptation of a model to pictures without labels, by their statistics.

use crate::{Backbone, BackboneConfig, pictures};
use aio_encoder::weights::Preprocessing;
use aio_tokenize::{BatchNormMode, ModalityInput, Tokenizers};
use aio_types::{Modality, Picture};
use burn::module::Module;
use burn::tensor::Device;

/// A backbone whose batch normalisation takes over the statistics of the pictures that it is shown.
///
/// Li et al., "Revisiting Batch Normalization For Practical Domain Adaptation" (AdaBN, 2016): the mean and variance that batch normalisation
/// subtracts and divides by come from the domain at hand, not from training. No weight changes. Here each batch moves the statistics a tenth of the
/// way towards its own, as in training, so that about the last twenty batches count.
#[derive(Debug)]
pub struct Adaptation {
    backbone: Backbone,
    preprocessing: Preprocessing,
    modality: Modality,
    device: Device,
}

impl Adaptation {
    /// Pictures of a batch.
    pub const BATCH: usize = 64;

    /// Batches after which less than 1 % of the former statistics is left.
    pub const BATCHES: usize = 50;

    /// Begins with the statistics of `backbone`, which stays as it is. Only those of the stem of `modality` will change.
    #[must_use]
    pub fn new(
        backbone: &Backbone,
        config: &BackboneConfig,
        preprocessing: Preprocessing,
        modality: Modality,
        device: &Device,
    ) -> Self {
        let tokenizers = Tokenizers::from_pretrained(&backbone.tokenizers, &config.tokenizers);
        let tokenizers = tokenizers.with_batch_norm_mode(BatchNormMode::Batch);
        let backbone = Backbone { tokenizers, ..backbone.clone() }.train();
        Self { backbone, preprocessing, modality, device: device.clone() }
    }

    /// Moves the statistics towards those of a batch of at least two pictures of the model's size.
    pub fn show<'a>(&mut self, batch: impl IntoIterator<Item = &'a Picture>) {
        let batch = pictures(batch, &self.preprocessing, &self.device);
        let _ = self.backbone.tokenizers.tokens(&ModalityInput::Pictures(self.modality, batch));
    }

    /// The adapted backbone.
    #[must_use]
    pub fn finish(self) -> Backbone {
        self.backbone.valid()
    }
}

//! Image–text pre-training of the embedded encoder: contrastive, and by predicting the words of the caption.

use crate::{Backbone, BackboneConfig};
use aio_data::ModalitySet;
use aio_encoder::EncoderConfig;
use aio_heads::WordHead;
use aio_heads::loss::paired_contrastive;
use aio_tokenize::{Present, StemConfig, TextConfig, TokenizersConfig};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};

/// The sizes of the embedded encoder: 6 blocks of width 96 over pictures of 96 × 48 in patches of 12.
#[must_use]
pub fn config() -> BackboneConfig {
    let modalities = [aio_data::Modality::Rgb, aio_data::Modality::Text].into_iter().collect::<ModalitySet>();
    let tokenizers =
        TokenizersConfig { modalities, height: 96, width: 48, stem: StemConfig { channels: 16, patch: 12 }, text: TextConfig { width: 32 } };
    BackboneConfig { tokenizers, encoder: EncoderConfig::embedded() }
}

/// The backbone in pre-training, with the head that is thrown away afterwards.
#[derive(Module, Debug)]
pub struct Pretraining {
    /// What is kept.
    pub backbone: Backbone,
    words: WordHead,
}

/// The two losses of a batch, unweighted.
#[derive(Debug)]
pub struct PretrainingLosses {
    /// Image–text contrastive (CLIP), `[1]`.
    pub contrastive: Tensor<1>,
    /// Words of the caption predicted from the picture (SuperClass), `[1]`.
    pub words: Tensor<1>,
}

impl Pretraining {
    /// Adds a word head for a vocabulary of `words`.
    #[must_use]
    pub fn new(backbone: Backbone, words: usize, device: &Device) -> Self {
        Self { backbone, words: WordHead::new(config().encoder.width, words, device) }
    }

    /// The losses of a batch of pictures, their captions and the distributions of words they ask for.
    ///
    /// Captions come in groups, in the order of the pictures: sorted by length, short ones need not be padded to the
    /// longest.
    ///
    /// # Shapes
    /// - images: `[batch, height, width, 3]`, captions: groups of `[captions, length]`, distributions: `[batch, words]`
    #[must_use]
    pub fn losses(&self, images: Tensor<4>, captions: Vec<Tensor<2, Int>>, distributions: Tensor<2>, temperature: f64) -> PretrainingLosses {
        let seen = self.backbone.embed(&[Present::Pictures(aio_data::Modality::Rgb, images)]);
        let read = Tensor::cat(captions.into_iter().map(|ids| self.backbone.embed(&[Present::Text(ids)])).collect(), 0);
        PretrainingLosses { contrastive: paired_contrastive(seen.clone(), read, temperature), words: self.words.loss(seen, distributions) }
    }
}

//! Image–text contrastive pre-training of the embedded encoder.

use crate::{Backbone, BackboneConfig};
use aio_data::ModalitySet;
use aio_encoder::EncoderConfig;
use aio_heads::loss::paired_contrastive;
use aio_tokenize::{Present, StemConfig, TextConfig, TokenizersConfig};
use burn::tensor::{Int, Tensor};

/// The sizes of the embedded encoder: 6 blocks of width 96 over pictures of 96 × 48 in patches of 12.
#[must_use]
pub fn config() -> BackboneConfig {
    let modalities = [aio_data::Modality::Rgb, aio_data::Modality::Text].into_iter().collect::<ModalitySet>();
    let tokenizers =
        TokenizersConfig { modalities, height: 96, width: 48, stem: StemConfig { channels: 16, patch: 12 }, text: TextConfig { width: 32 } };
    BackboneConfig { tokenizers, encoder: EncoderConfig::embedded() }
}

/// The loss of a batch of pictures and their captions.
///
/// # Shapes
/// - images: `[batch, height, width, 3]`, ids: `[batch, length]`, output: `[1]`
#[must_use]
pub fn loss(backbone: &Backbone, images: Tensor<4>, ids: Tensor<2, Int>, temperature: f64) -> Tensor<1> {
    let seen = backbone.embed(&[Present::Pictures(aio_data::Modality::Rgb, images)]);
    let read = backbone.embed(&[Present::Text(ids)]);
    paired_contrastive(seen, read, temperature)
}

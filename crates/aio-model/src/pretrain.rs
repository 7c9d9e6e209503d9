//! Image–text pre-training of the embedded encoder: contrastive, and by predicting tags.

use crate::{Backbone, BackboneConfig};
use aio_encoder::EncoderConfig;
use aio_heads::TagHead;
use aio_heads::loss::paired_contrastive;
use aio_tokenize::{Present, StemConfig, StemKind, TextConfig, TokenizersConfig};
use aio_types::ModalitySet;
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};

/// A backbone as the embedded one, which has 4 blocks of width 128 over pictures of 96 × 48 in patches of 16, but with this stem and this encoder.
#[must_use]
pub fn config(stem: StemConfig, encoder: EncoderConfig) -> BackboneConfig {
    let modalities =
        [aio_types::Modality::Rgb, aio_types::Modality::Text].into_iter().collect::<ModalitySet>();
    let tokenizers = TokenizersConfig {
        modalities,
        height: 96,
        width: 48,
        stem,
        text: TextConfig { width: 32 },
        registers: 0,
    };
    BackboneConfig { tokenizers, encoder, embedding: None }
}

/// The embedded encoder's stem: a pyramid of 16 to 128 channels with IBN.
#[must_use]
pub fn stem() -> StemConfig {
    StemConfig { kind: StemKind::Pyramid, channels: 16, patch: 16, ibn: true }
}

/// The backbone in pre-training, with the head that is thrown away afterwards.
#[derive(Module, Debug)]
pub struct Pretraining {
    /// What is kept.
    pub backbone: Backbone,
    tags: TagHead,
}

/// The two losses of a batch, unweighted.
#[derive(Debug)]
pub struct PretrainingLosses {
    /// Tags predicted from the pictures and from what is read together, `[1]`.
    pub tags: Tensor<1>,
    /// Image–text contrastive (CLIP), `[1]`; none if no captions were given.
    pub contrastive: Option<Tensor<1>>,
}

/// People whose pictures are read in one sequence with each other or with a caption.
#[derive(Debug)]
pub struct Together<'a> {
    /// Pictures `[people, height, width, 3]`: the first of everybody, then perhaps the second of everybody.
    pub pictures: Vec<Tensor<4>>,
    /// Captions `[people, length]`.
    pub captions: Option<Tensor<2, Int>>,
    /// What everybody's pictures and caption say together.
    pub tags: Vec<&'a [Option<usize>]>,
}

impl Pretraining {
    /// Adds a head for tags with so many `classes` each to a backbone with embeddings of `width`.
    #[must_use]
    pub fn new(backbone: Backbone, width: usize, classes: &[usize], device: &Device) -> Self {
        Self { backbone, tags: TagHead::new(width, classes, device) }
    }

    /// The losses of a batch of pictures, their tags and their captions. Without captions no text is read.
    ///
    /// Captions come in groups, in the order of the pictures: sorted by length, short ones need not be padded to the
    /// longest. What is read `together` is held to its tags alone.
    ///
    /// # Shapes
    /// - images: `[batch, height, width, 3]`, captions: groups of `[captions, length]`
    #[must_use]
    pub fn losses(
        &self,
        images: Tensor<4>,
        tags: &[&[Option<usize>]],
        captions: Vec<Tensor<2, Int>>,
        together: Option<Together>,
        temperature: f64,
    ) -> PretrainingLosses {
        let device = images.device();
        let picture = |images| Present::Pictures(aio_types::Modality::Rgb, images);
        let seen = self.backbone.embed(&[picture(images.clone())]);
        let read: Vec<_> =
            captions.into_iter().map(|ids| self.backbone.embed(&[Present::Text(ids)])).collect();
        let contrastive = (!read.is_empty())
            .then(|| paired_contrastive(seen.clone(), Tensor::cat(read, 0), temperature));
        let (mut told, mut known) = (vec![seen], tags.to_vec());
        if let Some(Together { pictures, captions, tags }) = together {
            let present: Vec<Present> =
                pictures.into_iter().map(picture).chain(captions.map(Present::Text)).collect();
            told.push(self.backbone.embed(&present));
            known.extend(tags);
        }
        let targets = self.tags.targets(known, &device);
        PretrainingLosses { tags: self.tags.loss(Tensor::cat(told, 0), targets), contrastive }
    }
}

//! Pre-training of the embedded encoder: image–text contrastive, by predicting the words of captions, and by two views of a picture.

use crate::{AbsentUse, Backbone, BackboneConfig, FusionUse};
use aio_encoder::EncoderConfig;
use aio_heads::TagHead;
use aio_heads::loss::paired_contrastive;
use aio_tokenize::{ModalityInput, StemConfig, StemKind, TextConfig, TokenizersConfig};
use aio_types::Modality;
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};

/// The sizes of the embedded backbone (pictures of 128 × 64, a token table of width 32) with another stem and encoder.
#[must_use]
pub fn config(stem: StemConfig, encoder: EncoderConfig) -> BackboneConfig {
    let tokenizers = TokenizersConfig {
        modalities: [Modality::Rgb, Modality::Text].into_iter().collect(),
        height: 128,
        width: 64,
        stem,
        text: TextConfig { width: 32 },
        registers: 0,
        class_token: true,
    };
    BackboneConfig {
        tokenizers,
        encoder,
        embedding: None,
        projection_bias: false,
        pooling: None,
        text_tower: None,
        text_context: None,
        text_pieces: None,
        fusion: FusionUse::Sequence,
        absent: AbsentUse::None,
    }
}

/// The embedded encoder's stem: a pyramid of 32 to 256 channels with IBN.
#[must_use]
pub fn stem() -> StemConfig {
    StemConfig { kind: StemKind::Pyramid, channels: 32, patch: 16, ibn: true }
}

/// The backbone in pre-training, with a head that only pre-training uses.
#[derive(Module, Debug)]
pub struct Pretraining {
    /// The result of pre-training.
    pub backbone: Backbone,
    words: TagHead,
}

/// The losses of a batch, unweighted.
#[derive(Debug)]
pub struct PretrainingLosses {
    /// Words of the captions, predicted from the pictures alone and from [`Together`], `[1]`.
    pub words: Tensor<1>,
    /// Contrastive between two views of a picture (SimCLR; Chen et al. 2020, with the negatives of the other side alone), `[1]`.
    pub views: Tensor<1>,
    /// Image–text contrastive (CLIP), `[1]`; `None` without captions.
    pub contrastive: Option<Tensor<1>>,
}

/// Second views of some pictures of a batch.
#[derive(Debug)]
pub struct SecondViews {
    /// The pictures, `[views, height, width, 3]`.
    pub pictures: Tensor<4>,
    /// For each of them, the row of the picture that it is another view of.
    pub of: Vec<usize>,
}

/// People of whom several inputs stand in one sequence: two pictures, or pictures and a caption.
#[derive(Debug)]
pub struct Together<'a> {
    /// Pictures `[people, height, width, 3]`: the first picture of every person, then perhaps the second of every person.
    pub pictures: Vec<Tensor<4>>,
    /// Captions `[people, length]`.
    pub captions: Option<Tensor<2, Int>>,
    /// For each person, whether each word is in a caption that may be another one than is embedded.
    pub words: Vec<&'a [Option<usize>]>,
}

impl Pretraining {
    /// Adds a head for words with so many `classes` each to a backbone with embeddings of `width`.
    #[must_use]
    pub fn new(backbone: Backbone, width: usize, classes: &[usize], device: &Device) -> Self {
        Self { backbone, words: TagHead::new(width, classes, device) }
    }

    /// The losses of a batch of pictures, second views of some of them, the words of their captions, and their captions. Without captions there
    /// is no image–text loss.
    ///
    /// Captions come in groups, in the order of the pictures: if they are sorted by length, a group needs little padding. `together` enters the
    /// word loss only.
    ///
    /// # Shapes
    /// - images: `[batch, height, width, 3]`, captions: groups of `[captions, length]`
    #[must_use]
    pub fn losses(
        &self,
        images: Tensor<4>,
        second: SecondViews,
        words: &[&[Option<usize>]],
        captions: Vec<Tensor<2, Int>>,
        together: Option<Together>,
        temperature: f64,
    ) -> PretrainingLosses {
        let device = images.device();
        let picture = |images| ModalityInput::Pictures(Modality::Rgb, images);
        let of_pictures = self.backbone.embed(&[picture(images.clone())]);
        let rows: Vec<i64> = second.of.iter().map(|row| *row as i64).collect();
        let rows = Tensor::<1, Int>::from_data(rows.as_slice(), &device.clone().inner());
        let views = paired_contrastive(
            of_pictures.clone().select(0, rows),
            self.backbone.embed(&[picture(second.pictures)]),
            temperature,
        );
        let of_captions: Vec<_> = captions
            .into_iter()
            .map(|ids| self.backbone.embed(&[ModalityInput::Text(ids)]))
            .collect();
        let contrastive = (!of_captions.is_empty()).then(|| {
            paired_contrastive(of_pictures.clone(), Tensor::cat(of_captions, 0), temperature)
        });
        let (mut embedded, mut known) = (vec![of_pictures], words.to_vec());
        if let Some(Together { pictures, captions, words }) = together {
            let inputs: Vec<ModalityInput> = pictures
                .into_iter()
                .map(picture)
                .chain(captions.map(ModalityInput::Text))
                .collect();
            embedded.push(self.backbone.embed(&inputs));
            known.extend(words);
        }
        let targets = self.words.targets(known, &device);
        let words = self.words.loss(Tensor::cat(embedded, 0), targets);
        PretrainingLosses { words, views, contrastive }
    }
}

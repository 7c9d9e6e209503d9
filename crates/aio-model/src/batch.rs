//! A training batch, and encoded captions as tensors.

use aio_heads::Masked;
use aio_types::{Modality, ModalitySet, Picture};
use burn::tensor::{Device, Int, Tensor, TensorData};

/// One training batch: P identities with K tuples each.
#[derive(Debug, Clone)]
pub struct TrainBatch {
    /// The tuples.
    pub tuples: Vec<TrainTuple>,
    /// Combinations of at least two modalities that are embedded together in this step, each once.
    pub combinations: Vec<ModalitySet>,
    /// The classes that the identity head distinguishes in this step, rising, those of the tuples among them; all classes where there is no list.
    pub sampled_classes: Option<Vec<usize>>,
}

/// A photograph of a person with its other modalities, real or synthesised.
#[derive(Debug, Clone)]
pub struct TrainTuple {
    /// Class of the identity.
    pub class: usize,
    /// Number of the photograph. Tuples that show the same one have the same number.
    pub photograph: usize,
    /// At most one picture per modality. RGB is always among them.
    pub pictures: Vec<TrainPicture>,
    /// A caption, if the tuple has one.
    pub caption: Option<TrainCaption>,
}

/// A picture of a tuple.
#[derive(Debug, Clone)]
pub struct TrainPicture {
    /// Its modality.
    pub modality: Modality,
    /// Its pixels.
    pub picture: Picture,
    /// What it was made from.
    pub origin: Origin,
}

/// What a picture was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It was taken or drawn by itself, as far as is known: a real infrared picture or drawing. Samples of a stage have different numbers, photographs
    /// among them.
    Itself {
        /// Its number.
        sample: usize,
    },
    /// It is the tuple's photograph, or was made from it.
    Photograph,
    /// It was made from another photograph of the person.
    OtherPhotograph {
        /// The number of that photograph.
        sample: usize,
    },
}

/// An encoded caption.
#[derive(Debug, Clone)]
pub struct TrainCaption {
    /// Token ids.
    pub ids: Vec<u32>,
    /// The same caption with masked attribute words, for the attribute head.
    pub masked: Masked,
}

impl TrainTuple {
    /// The picture of a modality, if the tuple has one.
    #[must_use]
    pub fn picture(&self, modality: Modality) -> Option<&TrainPicture> {
        self.pictures.iter().find(|picture| picture.modality == modality)
    }

    /// The photograph that something in `set` is or was made from: that of the tuple, or else another one.
    pub(crate) fn shown_photograph(&self, set: ModalitySet) -> Option<usize> {
        let is_in = |picture: &&TrainPicture| set.contains(picture.modality);
        let origins = || self.pictures.iter().filter(is_in).map(|picture| picture.origin);
        if origins().any(|origin| origin == Origin::Photograph) {
            return Some(self.photograph);
        }
        origins().find_map(|origin| match origin {
            Origin::OtherPhotograph { sample } => Some(sample),
            Origin::Itself { .. } | Origin::Photograph => None,
        })
    }
}

impl TrainBatch {
    /// The class of every tuple.
    #[must_use]
    pub fn classes(&self) -> Vec<usize> {
        self.tuples.iter().map(|tuple| tuple.class).collect()
    }

    /// Number of tuples that have all modalities of `set`.
    #[must_use]
    pub fn tuples_with(&self, set: ModalitySet) -> usize {
        let has = |tuple: &TrainTuple, modality| match modality {
            Modality::Text => tuple.caption.is_some(),
            _ => tuple.picture(modality).is_some(),
        };
        self.tuples.iter().filter(|tuple| set.iter().all(|m| has(tuple, m))).count()
    }

    /// Words that the attribute head has to predict.
    #[must_use]
    pub fn masked_words(&self) -> usize {
        self.captions().map(|(_, caption)| caption.masked.targets.len()).sum()
    }

    /// The pictures of `modality` with the rows of their tuples.
    pub(crate) fn pictures_of(
        &self,
        modality: Modality,
    ) -> impl Iterator<Item = (usize, &Picture)> {
        self.tuples
            .iter()
            .enumerate()
            .filter_map(move |(row, tuple)| Some((row, &tuple.picture(modality)?.picture)))
    }

    /// The captions with the rows of their tuples.
    pub(crate) fn captions(&self) -> impl Iterator<Item = (usize, &TrainCaption)> {
        self.tuples
            .iter()
            .enumerate()
            .filter_map(|(row, tuple)| Some((row, tuple.caption.as_ref()?)))
    }
}

/// Lengths to which captions are padded are multiples of this, so that few shapes occur.
const LENGTH_STEP: usize = 8;

/// Tokens that captions are padded to of which the longest has `longest`: a multiple of 8, or 77 where that is nearer.
#[must_use]
pub fn caption_length(longest: usize) -> usize {
    longest.next_multiple_of(LENGTH_STEP).min(aio_tokenize::bpe::CONTEXT.max(longest))
}

/// Stacks token ids, padded with 0 to [`caption_length`].
///
/// # Shapes
/// - output: `[batch, length]`
#[must_use]
pub fn token_ids<'a>(
    batch: impl IntoIterator<Item = &'a [u32]>,
    device: &Device,
) -> Tensor<2, Int> {
    let batch: Vec<&[u32]> = batch.into_iter().collect();
    let length = caption_length(batch.iter().map(|ids| ids.len()).max().unwrap_or(1));
    let mut values = Vec::with_capacity(batch.len() * length);
    for ids in &batch {
        values.extend(ids.iter().map(|id| i64::from(*id)));
        values.resize(values.len() + length - ids.len(), 0);
    }
    Tensor::from_data(TensorData::new(values, [batch.len(), length]), device)
}

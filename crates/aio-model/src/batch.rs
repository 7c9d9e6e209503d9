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
}

/// A photograph of a person with its other modalities, real or synthesised.
#[derive(Debug, Clone)]
pub struct TrainTuple {
    /// Class of the identity.
    pub class: usize,
    /// At most one picture per modality. RGB is always among them.
    pub pictures: Vec<(Modality, Picture)>,
    /// A caption, if the tuple has one.
    pub caption: Option<TrainCaption>,
}

/// An encoded caption.
#[derive(Debug, Clone)]
pub struct TrainCaption {
    /// CLIP token ids.
    pub ids: Vec<u32>,
    /// The same caption with masked attribute words, for the attribute head.
    pub masked: Masked,
}

impl TrainBatch {
    /// The class of every tuple.
    #[must_use]
    pub fn classes(&self) -> Vec<usize> {
        self.tuples.iter().map(|tuple| tuple.class).collect()
    }

    /// The pictures of `modality` with the rows of their tuples.
    pub(crate) fn pictures_of(
        &self,
        modality: Modality,
    ) -> impl Iterator<Item = (usize, &Picture)> {
        self.tuples.iter().enumerate().filter_map(move |(row, tuple)| {
            let (_, picture) = tuple.pictures.iter().find(|(found, _)| *found == modality)?;
            Some((row, picture))
        })
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

/// Stacks token ids, padded with 0 to the longest (rounded up to a multiple of 8, at most 77).
///
/// # Shapes
/// - output: `[batch, length]`
#[must_use]
pub fn token_ids<'a>(
    batch: impl IntoIterator<Item = &'a [u32]>,
    device: &Device,
) -> Tensor<2, Int> {
    let batch: Vec<&[u32]> = batch.into_iter().collect();
    let longest = batch.iter().map(|ids| ids.len()).max().unwrap_or(1);
    let length = longest.next_multiple_of(LENGTH_STEP).min(aio_tokenize::bpe::CONTEXT.max(longest));
    let mut values = Vec::with_capacity(batch.len() * length);
    for ids in &batch {
        values.extend(ids.iter().map(|id| i64::from(*id)));
        values.resize(values.len() + length - ids.len(), 0);
    }
    Tensor::from_data(TensorData::new(values, [batch.len(), length]), device)
}

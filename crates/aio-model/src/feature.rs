//! Embeddings of a step with what the losses need to know of them.

use crate::EmbeddingOf;
use aio_types::ModalitySet;
use burn::tensor::{Int, Tensor};

/// The embeddings of one modality or combination.
pub(crate) struct Feature {
    pub(crate) of: EmbeddingOf,
    pub(crate) modalities: ModalitySet,
    /// Tuples of the batch, one per row.
    pub(crate) rows: Vec<usize>,
    /// `[rows, embedding]`
    pub(crate) embedded: Tensor<2>,
    /// Class of each row.
    pub(crate) labels: Tensor<1, Int>,
    /// What the identity head has to find for each row.
    pub(crate) targets: Tensor<1, Int>,
    /// What each row was made from ([`crate::provenance::Provenance`]).
    pub(crate) made_from: Tensor<1, Int>,
    /// The sample that each row shows ([`crate::provenance::shown`]).
    pub(crate) shown: Vec<Option<i64>>,
}

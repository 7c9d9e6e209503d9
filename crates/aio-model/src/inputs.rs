use crate::batch::{TrainBatch, pictures, token_ids};
use aio_encoder::weights::Preprocessing;
use aio_tokenize::ModalityInput;
use aio_types::{Modality, ModalitySet};
use burn::tensor::{Device, Int, Tensor, TensorData};
use std::collections::BTreeMap;

/// A training batch with its tensors, by modality.
pub(crate) struct Inputs<'a> {
    pub(crate) batch: &'a TrainBatch,
    pub(crate) device: &'a Device,
    by_modality: BTreeMap<Modality, Part>,
}

/// One modality of a batch, and the rows of the tuples that have it, rising.
struct Part {
    input: ModalityInput,
    rows: Vec<usize>,
}

/// Inputs of several modalities for the same tuples.
pub(crate) struct Aligned {
    /// One entry per modality.
    pub(crate) inputs: Vec<ModalityInput>,
    /// Rows of the tuples.
    pub(crate) rows: Vec<usize>,
}

impl<'a> Inputs<'a> {
    pub(crate) fn new(
        batch: &'a TrainBatch,
        preprocessing: &Preprocessing,
        device: &'a Device,
    ) -> Self {
        let mut by_modality = BTreeMap::new();
        for modality in Modality::ALL.into_iter().filter(|m| m.is_visual()) {
            let (rows, found): (Vec<_>, Vec<_>) = batch.pictures_of(modality).unzip();
            if !rows.is_empty() {
                let tensor = pictures(found, preprocessing, device);
                let input = ModalityInput::Pictures(modality, tensor);
                by_modality.insert(modality, Part { input, rows });
            }
        }
        let (rows, captions): (Vec<_>, Vec<_>) = batch.captions().unzip();
        if !rows.is_empty() {
            let ids = captions.iter().map(|caption| caption.ids.as_slice());
            let input = ModalityInput::Text(token_ids(ids, device));
            by_modality.insert(Modality::Text, Part { input, rows });
        }
        Self { batch, device, by_modality }
    }

    /// Whether every modality of `set` occurs in the batch.
    pub(crate) fn has(&self, set: ModalitySet) -> bool {
        set.iter().all(|modality| self.by_modality.contains_key(&modality))
    }

    /// The inputs of one modality for `rows`, all of which have it; `None` if it does not occur in the batch.
    pub(crate) fn select(&self, modality: Modality, rows: &[usize]) -> Option<ModalityInput> {
        self.by_modality.get(&modality).map(|part| part.select(rows, self.device))
    }

    /// The inputs of several modalities for the tuples that have all of them; `None` if there is no such tuple.
    pub(crate) fn aligned(&self, set: ModalitySet) -> Option<Aligned> {
        let parts: Vec<&Part> =
            set.iter().map(|m| self.by_modality.get(&m)).collect::<Option<_>>()?;
        let (first, others) = parts.split_first()?;
        let has_all = |row: &usize| others.iter().all(|part| part.rows.binary_search(row).is_ok());
        let rows: Vec<usize> = first.rows.iter().copied().filter(has_all).collect();
        if rows.is_empty() {
            return None;
        }
        let inputs = parts.iter().map(|part| part.select(&rows, self.device)).collect();
        Some(Aligned { inputs, rows })
    }

    /// Classes of the tuples in `rows`: `[rows]`.
    pub(crate) fn classes(&self, rows: &[usize]) -> Tensor<1, Int> {
        self.integers(rows.iter().map(|row| self.batch.tuples[*row].class))
    }

    /// A tensor of integers: `[values]`.
    pub(crate) fn integers(&self, values: impl IntoIterator<Item = usize>) -> Tensor<1, Int> {
        integers(values, self.device)
    }
}

impl Part {
    fn select(&self, rows: &[usize], device: &Device) -> ModalityInput {
        if rows == self.rows {
            return self.input.clone();
        }
        let places = rows.iter().filter_map(|row| self.rows.binary_search(row).ok());
        let places = integers(places, device);
        match &self.input {
            ModalityInput::Pictures(modality, pictures) => {
                ModalityInput::Pictures(*modality, pictures.clone().select(0, places))
            }
            ModalityInput::Text(ids) => ModalityInput::Text(ids.clone().select(0, places)),
        }
    }
}

fn integers(values: impl IntoIterator<Item = usize>, device: &Device) -> Tensor<1, Int> {
    let values: Vec<i64> = values.into_iter().map(|v| v as i64).collect();
    let length = values.len();
    Tensor::from_data(TensorData::new(values, [length]), device)
}

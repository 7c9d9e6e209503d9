use crate::batch::{pictures, token_ids};
use crate::{Backbone, BackboneConfig};
use aio_encoder::weights::{Preprocessing, Weights, WeightsError};
use aio_tokenize::{Present, bpe::Bpe};
use aio_types::{Modality, ModalitySet, Picture};
use burn::module::Module;
use burn::tensor::Device;
use std::collections::BTreeMap;

/// One person to be embedded: pictures of any visual modalities and at most one sentence.
#[derive(Debug, Clone, Default)]
pub struct Input {
    /// Pictures, each in its modality; the size is the extractor's [`Preprocessing`].
    pub pictures: Vec<(Modality, Picture)>,
    /// A sentence.
    pub caption: Option<String>,
}

impl Input {
    /// The modalities present.
    #[must_use]
    pub fn modalities(&self) -> ModalitySet {
        self.pictures
            .iter()
            .map(|(m, _)| *m)
            .chain(self.caption.as_ref().map(|_| Modality::Text))
            .collect()
    }
}

/// Why an input cannot be embedded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// An input without any modality.
    #[error("input {0} holds no modality")]
    Empty(usize),
    /// A modality the model has no tokenizer for.
    #[error("input {index} holds {modality}, but the model was made for {known}")]
    Unknown {
        /// Position of the input.
        index: usize,
        /// The modality.
        modality: Modality,
        /// What the model can embed.
        known: ModalitySet,
    },
}

/// Embeds any non-empty set of modalities.
///
/// ```
/// use aio_model::{Extractor, Input};
/// use burn::tensor::Device;
///
/// let extractor = Extractor::embedded(&Device::flex())?;
/// let sentence = Input { caption: Some("A man wearing a red jacket, with black trousers.".into()), ..Input::default() };
/// let embeddings = extractor.embed(&[sentence])?;
/// assert_eq!(embeddings[0].len(), extractor.width());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Extractor {
    backbone: Backbone,
    preprocessing: Preprocessing,
    width: usize,
    device: Device,
}

/// Inputs embedded at once.
const BATCH: usize = 64;

impl Extractor {
    /// An extractor around a backbone; it is taken out of training mode.
    #[must_use]
    pub fn new(
        backbone: &Backbone,
        config: &BackboneConfig,
        preprocessing: Preprocessing,
        device: &Device,
    ) -> Self {
        Self {
            backbone: backbone.valid(),
            preprocessing,
            width: config.embedding_width(),
            device: device.clone().inner(),
        }
    }

    /// The pre-trained encoder that is compiled into the binary, for RGB and text.
    ///
    /// # Errors
    /// [`WeightsError`] if the embedded file is damaged.
    pub fn embedded(device: &Device) -> Result<Self, WeightsError> {
        let (backbone, config, preprocessing) = Backbone::load(&Weights::embedded(), device)?;
        Ok(Self {
            backbone,
            preprocessing,
            width: config.embedding_width(),
            device: device.clone(),
        })
    }

    /// How pictures must be prepared.
    #[must_use]
    pub fn preprocessing(&self) -> &Preprocessing {
        &self.preprocessing
    }

    /// Width of an embedding.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Embeds inputs, each on its own terms: what else is in the list does not change an embedding.
    ///
    /// # Errors
    /// [`ExtractError`] naming the input that is empty or holds a modality the model does not know.
    pub fn embed(&self, inputs: &[Input]) -> Result<Vec<Vec<f32>>, ExtractError> {
        let known = self.backbone.tokenizers.modalities();
        let mut groups: BTreeMap<ModalitySet, Vec<usize>> = BTreeMap::new();
        for (index, input) in inputs.iter().enumerate() {
            let set = input.modalities();
            if let Some(modality) = set.iter().find(|m| !known.contains(*m)) {
                return Err(ExtractError::Unknown { index, modality, known });
            }
            if set.is_empty() {
                return Err(ExtractError::Empty(index));
            }
            groups.entry(set).or_default().push(index);
        }
        let mut result = vec![Vec::new(); inputs.len()];
        for (set, members) in groups {
            for chunk in members.chunks(BATCH) {
                let chosen: Vec<&Input> = chunk.iter().map(|i| &inputs[*i]).collect();
                let values: Vec<f32> = self
                    .backbone
                    .embed(&self.present(set, &chosen))
                    .into_data()
                    .iter::<f32>()
                    .collect();
                for (index, row) in chunk.iter().zip(values.chunks_exact(self.width)) {
                    result[*index] = row.to_vec();
                }
            }
        }
        Ok(result)
    }

    /// How much each token of an input counts for its embedding: attention roll-out ([`aio_encoder::Encoder::rollout`]), `[CLS]`'s row.
    ///
    /// One list per picture, row by row of its token grid, in the order of its modalities; then one for the sentence, if there is one.
    ///
    /// # Errors
    /// As [`Extractor::embed`].
    pub fn rollout(&self, input: &Input) -> Result<Vec<Vec<f32>>, ExtractError> {
        let (set, known) = (input.modalities(), self.backbone.tokenizers.modalities());
        if let Some(modality) = set.iter().find(|m| !known.contains(*m)) {
            return Err(ExtractError::Unknown { index: 0, modality, known });
        }
        if set.is_empty() {
            return Err(ExtractError::Empty(0));
        }
        let present = self.present(set, &[input]);
        let lengths: Vec<usize> =
            present.iter().map(|part| self.backbone.tokenizers.length(part)).collect();
        let sequence = self.backbone.tokenizers.sequence(&present);
        let flow = self.backbone.encoder.rollout(sequence.tokens, sequence.keep);
        let [_, count, _] = flow.dims();
        let cls: Vec<f32> = flow.narrow(1, 0, 1).into_data().iter::<f32>().collect();
        // In front stand [CLS] and what follows it in every sequence.
        let mut at = count - lengths.iter().sum::<usize>();
        let mut take = |length: usize| {
            at += length;
            cls[at - length..at].to_vec()
        };
        Ok(lengths.into_iter().map(&mut take).collect())
    }

    fn present(&self, set: ModalitySet, inputs: &[&Input]) -> Vec<Present> {
        set.iter()
            .map(|modality| {
                if modality == Modality::Text {
                    let ids: Vec<Vec<u32>> = inputs
                        .iter()
                        .map(|i| Bpe::clip().encode(i.caption.as_deref().unwrap_or_default()).ids)
                        .collect();
                    return Present::Text(token_ids(ids.iter().map(Vec::as_slice), &self.device));
                }
                let chosen: Vec<Picture> = inputs
                    .iter()
                    .filter_map(|i| {
                        i.pictures.iter().find(|(m, _)| *m == modality).map(|(_, p)| p.clone())
                    })
                    .collect();
                Present::Pictures(modality, pictures(&chosen, &self.preprocessing, &self.device))
            })
            .collect()
    }
}

use crate::batch::{TrainBatch, TrainCaption, token_ids};
use crate::{Backbone, LossWeights, Shapes, pictures};
use aio_encoder::weights::Preprocessing;
use aio_heads::Masked;
use aio_tokenize::{ModalityInput, ModalityTokens};
use aio_types::{Modality, ModalitySet};
use burn::tensor::{Device, Int, Tensor, TensorData};
use std::collections::BTreeMap;

/// A training batch with the tokens of every modality, or with the embeddings of its captions where text has a tower. Each tokenizer, and the
/// tower, has run once, however many sequences its tokens enter.
pub(crate) struct Inputs<'a> {
    batch: &'a TrainBatch,
    device: &'a Device,
    by_modality: BTreeMap<Modality, Part>,
    /// Where the attribute head has something to predict.
    pub(crate) masked: Option<MaskedCaptions<'a>>,
}

/// One modality of a batch, and the rows of the tuples that have it, rising.
struct Part {
    content: Content,
    rows: Vec<usize>,
}

/// What a modality contributes to the embeddings of its tuples.
#[derive(Clone)]
pub(crate) enum Content {
    /// Tokens of a sequence.
    Tokens(Box<ModalityTokens>),
    /// Embeddings of sentences, which a text tower has made: `[rows, embedding]`.
    Sentences(Box<Tensor<2>>),
}

/// Several modalities of the same tuples.
pub(crate) struct Aligned {
    /// One entry per modality.
    pub(crate) parts: Vec<Content>,
    /// Rows of the tuples.
    pub(crate) rows: Vec<usize>,
}

/// The captions of a batch with masked words.
pub(crate) struct MaskedCaptions<'a> {
    /// Their tokens.
    pub(crate) tokens: ModalityTokens,
    /// What is to be predicted in each of them.
    pub(crate) captions: Vec<&'a Masked>,
    /// Rows of their tuples.
    pub(crate) rows: Vec<usize>,
}

impl<'a> Inputs<'a> {
    pub(crate) fn new(
        backbone: &Backbone,
        batch: &'a TrainBatch,
        weights: &LossWeights,
        preprocessing: &Preprocessing,
        device: &'a Device,
    ) -> Self {
        let mut by_modality = BTreeMap::new();
        for modality in Modality::ALL.into_iter().filter(|m| m.is_visual()) {
            let (rows, found): (Vec<_>, Vec<_>) = batch.pictures_of(modality).unzip();
            if !rows.is_empty() {
                let tensor = pictures(found, preprocessing, device);
                let tokens = backbone.tokenizers.tokens(&ModalityInput::Pictures(modality, tensor));
                by_modality
                    .insert(modality, Part { content: Content::Tokens(Box::new(tokens)), rows });
            }
        }
        let mut inputs = Self { batch, device, by_modality, masked: None };
        inputs.add_captions(backbone, weights);
        inputs
    }

    /// Tokenizes the captions and, where the attribute head needs them, the same captions with masked words.
    fn add_captions(&mut self, backbone: &Backbone, weights: &LossWeights) {
        let (rows, captions): (Vec<usize>, Vec<&TrainCaption>) = self.batch.captions().unzip();
        if rows.is_empty() {
            return;
        }
        let masked: Vec<&Masked> = captions.iter().map(|caption| &caption.masked).collect();
        // The attribute head reads the tokens of text in one sequence with a photograph, which a tower does not make.
        let predicts = backbone.text_tower.is_none()
            && weights.attribute != 0.0
            && masked.iter().any(|caption| !caption.targets.is_empty());
        let mut ids: Vec<&[u32]> = captions.iter().map(|caption| &*caption.ids).collect();
        if predicts {
            ids.extend(masked.iter().map(|caption| &*caption.ids));
        }
        let (count, all_captions) = (rows.len(), ids.len());
        ids.resize(Shapes::of(self.device).padded(all_captions), &[]);
        let ids = token_ids(ids, self.device);
        if let Some(tower) = &backbone.text_tower {
            let content = Content::Sentences(Box::new(tower.embed(ids).narrow(0, 0, count)));
            self.by_modality.insert(Modality::Text, Part { content, rows });
            return;
        }
        let padded = ids.dims()[0];
        let all = backbone.tokenizers.tokens(&ModalityInput::Text(ids));
        let tokens = if padded > count { all.narrow(0, count) } else { all.clone() };
        self.masked = predicts.then(|| MaskedCaptions {
            tokens: all.narrow(count, count),
            captions: masked,
            rows: rows.clone(),
        });
        let content = Content::Tokens(Box::new(tokens));
        self.by_modality.insert(Modality::Text, Part { content, rows });
    }

    /// Combinations of the step of which every modality occurs in the batch.
    pub(crate) fn combinations(&self) -> impl Iterator<Item = ModalitySet> {
        let occurs = |modality| self.by_modality.contains_key(&modality);
        self.batch.combinations.iter().copied().filter(move |set| set.iter().all(occurs))
    }

    /// The tokens of one modality for `rows`, all of which have it; `None` if it does not occur in the batch, or has a tower.
    pub(crate) fn select(&self, modality: Modality, rows: &[usize]) -> Option<ModalityTokens> {
        match self.by_modality.get(&modality)?.select(rows, self.device) {
            Content::Tokens(tokens) => Some(*tokens),
            Content::Sentences(_) => None,
        }
    }

    /// Several modalities for the tuples that have all of them; `None` if there is no such tuple.
    pub(crate) fn aligned(&self, set: ModalitySet) -> Option<Aligned> {
        let parts: Vec<&Part> =
            set.iter().map(|m| self.by_modality.get(&m)).collect::<Option<_>>()?;
        let (first, others) = parts.split_first()?;
        let has_all = |row: &usize| others.iter().all(|part| part.rows.binary_search(row).is_ok());
        let rows: Vec<usize> = first.rows.iter().copied().filter(has_all).collect();
        if rows.is_empty() {
            return None;
        }
        let parts = parts.iter().map(|part| part.select(&rows, self.device)).collect();
        Some(Aligned { parts, rows })
    }

    /// Classes of the tuples in `rows`: `[rows]`.
    pub(crate) fn classes(&self, rows: &[usize]) -> Tensor<1, Int> {
        self.integers(rows.iter().map(|row| self.batch.tuples[*row].class))
    }

    /// What the identity head has to find for the tuples in `rows`: their classes, or the places of these among the sampled classes. `[rows]`
    ///
    /// # Panics
    /// If a class of the batch is not among the sampled classes.
    pub(crate) fn identity_targets(&self, rows: &[usize]) -> Tensor<1, Int> {
        let Some(sampled) = &self.batch.sampled_classes else { return self.classes(rows) };
        let place = |row: &usize| {
            let class = self.batch.tuples[*row].class;
            sampled.binary_search(&class).expect("a batch's classes are among the sampled ones")
        };
        self.integers(rows.iter().map(place))
    }

    /// The sampled classes, `[sample]`, if the step distinguishes only some.
    pub(crate) fn sampled_classes(&self) -> Option<Tensor<1, Int>> {
        let sampled = self.batch.sampled_classes.as_ref()?;
        Some(self.integers(sampled.iter().copied()))
    }

    /// The batch.
    pub(crate) fn batch(&self) -> &'a TrainBatch {
        self.batch
    }

    /// A tensor of integers that may be negative: `[values]`.
    pub(crate) fn signed(&self, values: Vec<i64>) -> Tensor<1, Int> {
        let length = values.len();
        Tensor::from_data(TensorData::new(values, [length]), self.device)
    }

    /// A tensor of integers: `[values]`.
    pub(crate) fn integers(&self, values: impl IntoIterator<Item = usize>) -> Tensor<1, Int> {
        integers(values, self.device)
    }
}

impl Part {
    fn select(&self, rows: &[usize], device: &Device) -> Content {
        if rows == self.rows {
            return self.content.clone();
        }
        let places = rows.iter().filter_map(|row| self.rows.binary_search(row).ok());
        let places = integers(places, device);
        match &self.content {
            Content::Tokens(tokens) => Content::Tokens(Box::new(tokens.select(places))),
            Content::Sentences(embedded) => {
                Content::Sentences(Box::new(Tensor::clone(embedded).select(0, places)))
            }
        }
    }
}

fn integers(values: impl IntoIterator<Item = usize>, device: &Device) -> Tensor<1, Int> {
    let values: Vec<i64> = values.into_iter().map(|v| v as i64).collect();
    let length = values.len();
    Tensor::from_data(TensorData::new(values, [length]), device)
}

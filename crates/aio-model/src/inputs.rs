use crate::batch::{TrainBatch, TrainCaption, token_ids};
use crate::{Aio, Backbone, LossWeights, Shapes, pictures};
use aio_encoder::weights::Preprocessing;
use aio_heads::{AttributeHead, Masked};
use aio_tokenize::{ModalityInput, ModalityTokens, Tokenizers};
use aio_types::{Modality, ModalitySet};
use burn::tensor::{Device, Int, Tensor, TensorData};
use std::collections::BTreeMap;

/// A training batch with the tokens of every modality, or with the embeddings of its captions where text has a tower. Each tokenizer, and the
/// tower, has run once, however many sequences its tokens enter; captions with masked words are captions of their own.
pub(crate) struct Inputs<'a> {
    batch: &'a TrainBatch,
    device: &'a Device,
    by_modality: BTreeMap<Modality, Part>,
    /// What the attribute head has to predict.
    pub(crate) masked: Option<MaskedCaptions<'a>>,
}

/// One modality of a batch, and the rows of the tuples that have it, rising.
struct Part {
    content: Content,
    rows: Vec<usize>,
}

/// What a modality contributes to the embeddings of its tuples.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "a step has a handful of them")]
pub(crate) enum Content {
    /// Tokens of a sequence.
    Tokens(ModalityTokens),
    /// Embeddings of the modality alone: those of sentences, which a text tower has made, or of [`Inputs::embedded_alone`]. `[rows, embedding]`
    Embedded(Tensor<2>),
}

/// Several modalities of the same tuples.
pub(crate) struct Aligned {
    /// One entry per modality.
    pub(crate) parts: Vec<Content>,
    /// Rows of the tuples.
    pub(crate) rows: Vec<usize>,
}

/// The captions of a batch that have masked words.
pub(crate) struct MaskedCaptions<'a> {
    /// Their tokens, the trained mask embedding among them.
    pub(crate) tokens: ModalityTokens,
    /// What is to be predicted in each of them.
    pub(crate) captions: Vec<&'a Masked>,
    /// Rows of their tuples.
    pub(crate) rows: Vec<usize>,
}

impl<'a> Inputs<'a> {
    pub(crate) fn new(
        model: &Aio,
        batch: &'a TrainBatch,
        weights: &LossWeights,
        preprocessing: &Preprocessing,
        device: &'a Device,
    ) -> Self {
        let tokenizers = &model.backbone.tokenizers;
        let mut by_modality = BTreeMap::new();
        for modality in Modality::ALL.into_iter().filter(|m| m.is_visual()) {
            let (rows, found): (Vec<_>, Vec<_>) = batch.pictures_of(modality).unzip();
            if !rows.is_empty() {
                let tensor = pictures(found, preprocessing, device);
                let tokens = tokenizers.tokens(&ModalityInput::Pictures(modality, tensor));
                by_modality.insert(modality, Part { content: Content::Tokens(tokens), rows });
            }
        }
        let mut inputs = Self { batch, device, by_modality, masked: None };
        inputs.add_captions(&model.backbone);
        // The attribute head reads the tokens of text in one sequence with a photograph, which a tower does not make.
        let predicts = weights.attribute != 0.0 && model.backbone.text_tower.is_none();
        if let Some(head) = model.attribute.as_ref().filter(|_| predicts) {
            inputs.masked = inputs.masked_captions(tokenizers, head);
        }
        inputs
    }

    /// Tokenizes the captions, or embeds them where text has a tower.
    fn add_captions(&mut self, backbone: &Backbone) {
        let (rows, captions): (Vec<usize>, Vec<&TrainCaption>) = self.batch.captions().unzip();
        if rows.is_empty() {
            return;
        }
        let mut ids: Vec<&[u32]> = captions.iter().map(|caption| &*caption.ids).collect();
        ids.resize(Shapes::of(self.device).padded(rows.len()), &[]);
        let ids = token_ids(ids, self.device);
        let content = match &backbone.text_tower {
            Some(tower) => Content::Embedded(tower.embed(ids).narrow(0, 0, rows.len())),
            None => {
                let tokens = backbone.tokenizers.tokens(&ModalityInput::Text(ids));
                Content::Tokens(tokens.narrow(0, rows.len()))
            }
        };
        self.by_modality.insert(Modality::Text, Part { content, rows });
    }

    /// Tokenizes the captions of which words are masked. Apart from the others: what the mask embedding reaches learns, even where the tokenizer is
    /// frozen.
    fn masked_captions(
        &self,
        tokenizers: &Tokenizers,
        head: &AttributeHead,
    ) -> Option<MaskedCaptions<'a>> {
        let captions = self.batch.captions().map(|(row, caption)| (row, &caption.masked));
        let predicted = captions.filter(|(_, masked)| !masked.targets.is_empty());
        let (rows, captions): (Vec<usize>, Vec<&'a Masked>) = predicted.unzip();
        if rows.is_empty() {
            return None;
        }
        let is_masked = |caption: &&Masked| {
            let mut masked = vec![0; caption.ids.len()];
            caption.places.iter().for_each(|place| masked[*place] = 1);
            masked
        };
        let masked: Vec<Vec<u32>> = captions.iter().map(is_masked).collect();
        let mut ids: Vec<&[u32]> = captions.iter().map(|caption| &*caption.ids).collect();
        let mut masked: Vec<&[u32]> = masked.iter().map(Vec::as_slice).collect();
        let padded = Shapes::of(self.device).padded(rows.len());
        ids.resize(padded, &[]);
        masked.resize(padded, &[]);
        let [ids, masked] = [ids, masked].map(|rows| token_ids(rows, self.device));
        let tokens = tokenizers.masked_text(ids, masked, head.mask()).narrow(0, rows.len());
        Some(MaskedCaptions { tokens, captions, rows })
    }

    /// The same batch with every modality embedded alone. It has no masked captions.
    pub(crate) fn embedded_alone(
        &self,
        mut embed: impl FnMut(&ModalityTokens) -> Tensor<2>,
    ) -> Self {
        let mut by_modality = BTreeMap::new();
        for (modality, Part { content, rows }) in &self.by_modality {
            let content = match content {
                Content::Tokens(tokens) => Content::Embedded(embed(tokens)),
                embedded => embedded.clone(),
            };
            by_modality.insert(*modality, Part { content, rows: rows.clone() });
        }
        Self { by_modality, masked: None, ..*self }
    }

    /// Combinations of the step of which every modality occurs in the batch.
    pub(crate) fn combinations(&self) -> impl Iterator<Item = ModalitySet> {
        let occurs = |modality| self.by_modality.contains_key(&modality);
        self.batch.combinations.iter().copied().filter(move |set| set.iter().all(occurs))
    }

    /// The tokens of one modality for `rows`, all of which have it; `None` if it does not occur in the batch, or has a tower.
    pub(crate) fn select(&self, modality: Modality, rows: &[usize]) -> Option<ModalityTokens> {
        match self.by_modality.get(&modality)?.select(rows, self.device) {
            Content::Tokens(tokens) => Some(tokens),
            Content::Embedded(_) => None,
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

    /// Where to compute.
    pub(crate) fn device(&self) -> &'a Device {
        self.device
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
            Content::Tokens(tokens) => Content::Tokens(tokens.select(places)),
            Content::Embedded(embedded) => Content::Embedded(embedded.clone().select(0, places)),
        }
    }
}

fn integers(values: impl IntoIterator<Item = usize>, device: &Device) -> Tensor<1, Int> {
    let values: Vec<i64> = values.into_iter().map(|v| v as i64).collect();
    let length = values.len();
    Tensor::from_data(TensorData::new(values, [length]), device)
}

use crate::batch::{pictures, token_ids};
use crate::{Backbone, BackboneConfig};
use aio_encoder::weights::Preprocessing;
use aio_encoder::{Precision, Rest, Tape};
use aio_heads::{Anchors, AttributeHead, IdentityHead, Masked, OwnPhoto, binding_loss, loss};
use aio_tokenize::{Present, Statistics};
use aio_types::{Modality, ModalitySet, Picture};
use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, ExecutionError, Gradients, Int, Tensor, TensorData};
use burn::train::{ItemLazy, TrainOutput, TrainStep};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Weights and parameters of the training losses. The paper's values are not known; these are choices.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LossWeights {
    /// Weight of the identity head's cross-entropy.
    #[schemars(range(min = 0.0))]
    pub identity: f64,
    /// Label smoothing of the identity head.
    #[serde(rename = "label_smoothing")]
    #[schemars(range(min = 0.0), extend("exclusiveMaximum" = 1.0))]
    pub smoothing: f64,
    /// Weight of the batch-hard triplet loss over all features of a batch; 0 leaves it out.
    #[schemars(range(min = 0.0))]
    pub triplet: f64,
    /// Margin of the triplet loss, in units of unit-length features.
    #[serde(rename = "triplet_margin")]
    #[schemars(range(min = 0.0))]
    pub margin: f64,
    /// Weight of the attribute head.
    #[schemars(range(min = 0.0))]
    pub attribute: f64,
    /// Probability of masking an attribute word.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub mask_rate: f64,
    /// Weight of the binding head.
    #[schemars(range(min = 0.0))]
    pub binding: f64,
    /// Share of text in the binding head's loss; every other modality and combination has a share of 1.
    #[schemars(range(min = 0.0))]
    pub binding_text: f64,
    /// Temperature of the binding head.
    #[serde(rename = "binding_temperature")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub temperature: f64,
    /// Whether gradients of the binding loss reach the RGB anchors.
    pub anchors: Anchors,
    /// Whether a feature may be bound to the photograph that it was made from or that it holds.
    pub own_photo: OwnPhoto,
}

impl Default for LossWeights {
    fn default() -> Self {
        Self {
            identity: 1.0,
            smoothing: 0.1,
            triplet: 0.5,
            margin: 0.3,
            attribute: 0.3,
            mask_rate: 0.5,
            binding: 1.0,
            binding_text: 1.0,
            temperature: 0.07,
            anchors: Anchors::Moving,
            own_photo: OwnPhoto::Skipped,
        }
    }
}

/// A loss term that is NaN or infinite.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the loss term `{term}` is {value}")]
pub struct NonFinite {
    /// Name of the term, as in the metrics log.
    pub term: String,
    /// Its value.
    pub value: f32,
    /// All terms of the step, for the dump.
    pub terms: Vec<(String, f32)>,
}

/// Values of the loss terms of a step, by name.
pub type Terms = Vec<(String, f32)>;

/// The terms of a step before they are summed: name, weight, value.
#[derive(Debug)]
pub struct Losses {
    terms: Vec<(String, f64, Tensor<1>)>,
}

impl Losses {
    fn push(&mut self, name: impl Into<String>, weight: f64, value: Tensor<1>) {
        if weight != 0.0 {
            self.terms.push((name.into(), weight, value));
        }
    }

    /// The weighted sum and the values of the terms.
    ///
    /// # Errors
    /// [`NonFinite`] naming the first term that is not a number.
    ///
    /// # Panics
    /// If there is no term; configurations without any loss are refused.
    pub fn total(self) -> Result<(Tensor<1>, Terms), NonFinite> {
        let values: Terms = self
            .terms
            .iter()
            .map(|(name, _, value)| (name.clone(), value.clone().into_scalar()))
            .collect();
        if let Some((term, value)) = values.iter().find(|(_, v)| !v.is_finite()) {
            return Err(NonFinite { term: term.clone(), value: *value, terms: values });
        }
        let sum = self
            .terms
            .into_iter()
            .map(|(_, weight, value)| value.mul_scalar(weight))
            .reduce(|a, b| a + b);
        Ok((sum.expect("a configuration has at least one loss"), values))
    }
}

/// The pictures of one modality in a batch.
#[derive(Debug, Clone)]
pub struct Pictured {
    /// The modality.
    pub modality: Modality,
    /// Rows of the tuples that have one, rising.
    pub rows: Vec<usize>,
    /// Their pictures, parallel to `rows`.
    pub pictures: Vec<Picture>,
}

impl Pictured {
    /// Pictures that every tuple has.
    #[must_use]
    pub fn all(modality: Modality, pictures: Vec<Picture>) -> Self {
        Self { modality, rows: (0..pictures.len()).collect(), pictures }
    }
}

/// One training batch: P × K tuples, each with a photograph and what other modalities it has, real or synthesised.
#[derive(Debug, Clone)]
pub struct TrainBatch {
    /// Class of each tuple's identity.
    pub classes: Vec<usize>,
    /// Pictures by modality; every tuple has a photograph.
    pub pictures: Vec<Pictured>,
    /// Rows of the tuples that have a caption.
    pub text_rows: Vec<usize>,
    /// Token ids of those captions.
    pub captions: Vec<Vec<u32>>,
    /// The same captions with attribute words masked.
    pub masked: Vec<Masked>,
    /// Combinations of at least two modalities that are embedded together in this step, each once.
    pub combinations: Vec<ModalitySet>,
}

/// A batch and what its step needs beside the model.
#[derive(Debug, Clone)]
pub struct StepInput {
    /// The batch.
    pub batch: TrainBatch,
    /// Losses and their weights.
    pub weights: LossWeights,
    /// How pictures are prepared.
    pub preprocessing: Preprocessing,
    /// Batches whose gradients make one optimiser step; the loss is divided by it.
    pub accumulate: usize,
    /// Whether the encoder's blocks are computed again in the backward pass ([`Tape::Recomputed`]).
    pub recompute: bool,
    /// Where to compute.
    pub device: Device,
}

/// Values of the loss terms of a step, or the term that is not a number. Gradients are then empty.
#[derive(Debug)]
pub struct StepOutput(pub Result<Terms, NonFinite>);

impl ItemLazy for StepOutput {
    fn sync(self) -> Result<Self, ExecutionError> {
        // The values have been read already: a loss is checked before its gradient is taken.
        Ok(self)
    }
}

impl TrainStep for Aio {
    type Input = StepInput;
    type Output = StepOutput;

    fn step(&self, input: StepInput) -> TrainOutput<StepOutput> {
        let mut tape = Tape::new(input.recompute);
        let losses = self.losses_on(
            &mut tape,
            &input.batch,
            &input.weights,
            &input.preprocessing,
            &input.device,
        );
        match losses.total() {
            Ok((total, terms)) => {
                let gradients = total.div_scalar(input.accumulate as f64).backward();
                TrainOutput { grads: self.gradients(tape, gradients), item: StepOutput(Ok(terms)) }
            }
            Err(error) => {
                TrainOutput { grads: GradientsParams::new(), item: StepOutput(Err(error)) }
            }
        }
    }
}

/// Sizes of an [`Aio`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AioConfig {
    /// The backbone.
    pub backbone: BackboneConfig,
    /// Training identities.
    pub classes: usize,
    /// Attribute words.
    pub attributes: usize,
    /// What keeps its pre-trained weights beside the encoder.
    pub frozen: Frozen,
}

/// What keeps its pre-trained weights beside the encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frozen {
    /// Modalities whose tokenizers do.
    pub tokenizers: ModalitySet,
    /// Whether the parts that all modalities share do.
    pub shared: Shared,
    /// Whether the statistics of batch normalisation do.
    pub statistics: Statistics,
    /// Whether the encoder does.
    pub encoder: EncoderUse,
}

/// What becomes of the encoder.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum EncoderUse {
    /// It keeps its pre-trained weights: the paper's way.
    #[default]
    Frozen,
    /// It learns with everything else.
    Trained,
    /// Its weights are drawn at random and kept: what pre-training is worth shows against this.
    Random,
}

/// The parts that all modalities share beside the encoder: the `[CLS]` token and the output projection.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Shared {
    /// They learn.
    #[default]
    Trained,
    /// They keep their pre-trained weights.
    Frozen,
}

/// The model in training: tokenizers → frozen encoder → heads.
#[derive(Module, Debug)]
pub struct Aio {
    /// What an embedding needs.
    pub backbone: Backbone,
    identity: IdentityHead,
    attribute: AttributeHead,
}

/// Embeddings of one modality or combination.
struct Feature {
    name: String,
    embedded: Tensor<2>,
    labels: Tensor<1, Int>,
    /// The tuple that each embedding belongs to.
    rows: Tensor<1, Int>,
}

/// One modality of a batch as a tensor, and the tuples that have it.
struct Part<'a> {
    present: Present,
    rows: &'a [usize],
}

impl Part<'_> {
    /// The part of it that belongs to `rows`, all of which it has.
    fn select(&self, rows: &[usize], device: &Device) -> Present {
        if rows == self.rows {
            return self.present.clone();
        }
        let places =
            integers(rows.iter().filter_map(|row| self.rows.binary_search(row).ok()), device);
        match &self.present {
            Present::Pictures(modality, pictures) => {
                Present::Pictures(*modality, pictures.clone().select(0, places))
            }
            Present::Text(ids) => Present::Text(ids.clone().select(0, places)),
        }
    }
}

/// The tensors of a batch, by modality.
struct Inputs<'a> {
    batch: &'a TrainBatch,
    parts: BTreeMap<Modality, Part<'a>>,
    device: &'a Device,
}

fn integers(values: impl IntoIterator<Item = usize>, device: &Device) -> Tensor<1, Int> {
    let values: Vec<i64> = values.into_iter().map(|v| v as i64).collect();
    let length = values.len();
    Tensor::from_data(TensorData::new(values, [length]), device)
}

impl<'a> Inputs<'a> {
    fn new(batch: &'a TrainBatch, preprocessing: &Preprocessing, device: &'a Device) -> Self {
        let mut parts = BTreeMap::new();
        for Pictured { modality, rows, pictures: of_modality } in
            batch.pictures.iter().filter(|part| !part.rows.is_empty())
        {
            let present =
                Present::Pictures(*modality, pictures(of_modality, preprocessing, device));
            parts.insert(*modality, Part { present, rows });
        }
        if !batch.text_rows.is_empty() {
            let present =
                Present::Text(token_ids(batch.captions.iter().map(Vec::as_slice), device));
            parts.insert(Modality::Text, Part { present, rows: &batch.text_rows });
        }
        Self { batch, parts, device }
    }

    /// A set of modalities on the rows where all of it exists; none if there is no such row, or a modality is nowhere.
    fn set(&self, set: ModalitySet) -> Option<(Vec<Present>, Vec<usize>)> {
        let parts: Vec<&Part> = set.iter().map(|m| self.parts.get(&m)).collect::<Option<_>>()?;
        let (first, others) = parts.split_first()?;
        let rows: Vec<usize> = first
            .rows
            .iter()
            .copied()
            .filter(|row| others.iter().all(|part| part.rows.binary_search(row).is_ok()))
            .collect();
        (!rows.is_empty())
            .then(|| (parts.iter().map(|part| part.select(&rows, self.device)).collect(), rows))
    }

    fn classes(&self, rows: &[usize]) -> Tensor<1, Int> {
        integers(rows.iter().map(|row| self.batch.classes[*row]), self.device)
    }
}

impl Aio {
    /// Adds heads to a pre-trained backbone and freezes its encoder.
    #[must_use]
    pub fn new(backbone: Backbone, config: &AioConfig, device: &Device) -> Self {
        let model = Self {
            backbone,
            identity: IdentityHead::new(config.backbone.embedding_width(), config.classes, device),
            attribute: AttributeHead::new(config.backbone.encoder.width, config.attributes, device),
        };
        model.frozen(config.frozen)
    }

    /// The same model with the encoder outside the gradient, unless it is to be trained: gradients flow through it, never to it. What
    /// `frozen` names is kept as it is, too.
    #[must_use]
    pub fn frozen(mut self, frozen: Frozen) -> Self {
        if frozen.encoder != EncoderUse::Trained {
            self.backbone.encoder = self.backbone.encoder.no_grad();
        }
        self.backbone.tokenizers =
            self.backbone.tokenizers.frozen(frozen.tokenizers).with_statistics(frozen.statistics);
        if frozen.shared == Shared::Frozen {
            self.backbone.tokenizers = self.backbone.tokenizers.with_frozen_cls();
            self.backbone.projection = self.backbone.projection.no_grad();
        }
        self
    }

    /// The same model whose encoder computes its large products in `precision`.
    #[must_use]
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.backbone.encoder = self.backbone.encoder.with_precision(precision);
        self
    }

    /// The losses of a batch, on the device of the inputs.
    #[must_use]
    pub fn losses(
        &self,
        batch: &TrainBatch,
        weights: &LossWeights,
        preprocessing: &Preprocessing,
        device: &Device,
    ) -> Losses {
        self.losses_on(&mut Tape::Kept, batch, weights, preprocessing, device)
    }

    /// Gradients of all parameters, from those of the losses and what a tape holds.
    fn gradients(&self, tape: Tape, losses: Gradients) -> GradientsParams {
        let Rest { entrance, blocks } = tape.backward(&self.backbone.encoder, &losses);
        let mut sum = GradientsAccumulator::new();
        let ends = std::iter::once(losses)
            .chain(entrance.map(|e| e.backward()))
            .map(|end| GradientsParams::from_grads(end, self));
        ends.chain(blocks).for_each(|part| sum.accumulate(self, part));
        sum.grads()
    }

    fn losses_on(
        &self,
        tape: &mut Tape,
        batch: &TrainBatch,
        weights: &LossWeights,
        preprocessing: &Preprocessing,
        device: &Device,
    ) -> Losses {
        let inputs = Inputs::new(batch, preprocessing, device);
        let mut losses = Losses { terms: Vec::new() };
        let mut features = Vec::new();
        let mut embed = |name: String, set: ModalitySet| {
            let Some((present, rows)) = inputs.set(set) else { return };
            let (embedded, _) = self.backbone.forward_on(tape, &present);
            features.push(Feature {
                name,
                embedded,
                labels: inputs.classes(&rows),
                rows: integers(rows, device),
            });
        };
        for modality in Modality::ALL {
            embed(modality.to_string(), [modality].into_iter().collect());
        }
        let present = |set: &&ModalitySet| set.iter().all(|m| inputs.parts.contains_key(&m));
        for (number, set) in (1..).zip(batch.combinations.iter().filter(present)) {
            embed(format!("combination {number}"), *set);
        }
        self.identity_terms(&features, weights, &mut losses);
        binding_terms(&features, weights, &mut losses);
        self.attribute_term(tape, &inputs, weights, &mut losses, device);
        losses
    }

    fn identity_terms(&self, features: &[Feature], weights: &LossWeights, losses: &mut Losses) {
        let share = 1.0 / features.len() as f64;
        if weights.identity != 0.0 {
            for feature in features {
                let value = self.identity.loss(
                    feature.embedded.clone(),
                    feature.labels.clone(),
                    weights.smoothing,
                );
                losses.push(format!("identity.{}", feature.name), weights.identity * share, value);
            }
        }
        if weights.triplet != 0.0 {
            let all = Tensor::cat(
                features.iter().map(|f| loss::normalise(f.embedded.clone())).collect(),
                0,
            );
            let labels = Tensor::cat(features.iter().map(|f| f.labels.clone()).collect(), 0);
            losses.push(
                "triplet",
                weights.triplet,
                loss::batch_hard_triplet(all, labels, Some(weights.margin)),
            );
        }
    }

    fn attribute_term(
        &self,
        tape: &mut Tape,
        inputs: &Inputs,
        weights: &LossWeights,
        losses: &mut Losses,
        device: &Device,
    ) {
        let masked = &inputs.batch.masked;
        let targets: Vec<(usize, usize, usize)> = masked
            .iter()
            .enumerate()
            .flat_map(|(row, m)| {
                m.targets.iter().map(move |(position, class)| (row, *position, *class))
            })
            .collect();
        let Some(rgb) = inputs.parts.get(&Modality::Rgb) else { return };
        if weights.attribute == 0.0 || targets.is_empty() {
            return;
        }
        let ids = token_ids(masked.iter().map(|m| &*m.ids), device);
        let [_, text_length] = ids.dims();
        let present = [rgb.select(&inputs.batch.text_rows, device), Present::Text(ids)];
        let (_, tokens) = self.backbone.forward_on(tape, &present);
        let [batch, length, width] = tokens.dims();
        // Text stands at the end of the sequence, after [CLS] and the picture's tokens.
        let places = targets
            .iter()
            .map(|(row, position, _)| row * length + (length - text_length) + position);
        let chosen = tokens.reshape([batch * length, width]).select(0, integers(places, device));
        let labels = integers(targets.iter().map(|(_, _, class)| *class), device);
        losses.push("attribute", weights.attribute, self.attribute.loss(chosen, labels));
    }
}

fn binding_terms(features: &[Feature], weights: &LossWeights, losses: &mut Losses) {
    let Some(anchors) = features.iter().find(|f| f.name == Modality::Rgb.name()) else { return };
    if weights.binding == 0.0 {
        return;
    }
    // A photograph is bound to the person's other photographs, never to itself.
    let bound: Vec<&Feature> = features
        .iter()
        .filter(|f| f.name != anchors.name || weights.own_photo == OwnPhoto::Skipped)
        .collect();
    let share = |feature: &Feature| {
        if feature.name == Modality::Text.name() { weights.binding_text } else { 1.0 }
    };
    let shares: f64 = bound.iter().map(|f| share(f)).sum();
    if shares == 0.0 {
        return;
    }
    for feature in bound {
        let skip = (weights.own_photo == OwnPhoto::Skipped)
            .then(|| loss::same_label(feature.rows.clone(), anchors.rows.clone()));
        let value = binding_loss(
            feature.embedded.clone(),
            feature.labels.clone(),
            anchors.embedded.clone(),
            anchors.labels.clone(),
            skip,
            weights.temperature,
            weights.anchors,
        );
        losses.push(
            format!("binding.{}", feature.name),
            weights.binding * share(feature) / shares,
            value,
        );
    }
}

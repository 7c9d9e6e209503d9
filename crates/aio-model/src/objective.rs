//! The training objective: which embeddings a batch gives and which loss terms are computed from them. Those of the binding loss are in `binding.rs`.

use crate::binding::{binding_terms, part_terms};
use crate::feature::Feature;
use crate::inputs::{Aligned, Content, Inputs, MaskedCaptions};
use crate::provenance::{Provenance, shown};
use crate::{Aio, EmbeddingOf, LossTerm, LossWeights, Losses, Shapes, TrainBatch};
use aio_encoder::Activations;
use aio_encoder::weights::Preprocessing;
use aio_heads::loss;
use aio_tokenize::ModalityTokens;
use aio_types::{Modality, ModalitySet};
use burn::tensor::{Device, Tensor};

impl Aio {
    /// The losses of a batch, on the device of the inputs.
    #[must_use]
    pub fn losses(
        &self,
        batch: &TrainBatch,
        weights: &LossWeights,
        preprocessing: &Preprocessing,
        device: &Device,
    ) -> Losses {
        let inputs = Inputs::new(&self.backbone, batch, weights, preprocessing, device);
        let centres = self.sampled_centres(&inputs);
        self.losses_with(&mut Activations::Stored, &inputs, centres.as_ref(), weights)
    }

    /// The centres of the classes that a step samples, as a leaf of the autodiff graph, `[sample, embedding]`; `None` where it samples none.
    pub(crate) fn sampled_centres(&self, inputs: &Inputs) -> Option<Tensor<2>> {
        Some(self.identity.centres()?.rows(inputs.sampled_classes()?))
    }

    /// [`Aio::losses`], with a choice of the activations that the encoder stores and with the centres of [`Aio::sampled_centres`]. The term of a
    /// new loss is added here.
    pub(crate) fn losses_with(
        &self,
        activations: &mut Activations,
        inputs: &Inputs,
        centres: Option<&Tensor<2>>,
        weights: &LossWeights,
    ) -> Losses {
        let features = self.features(activations, inputs, weights);
        let mut losses = Losses::default();
        self.identity_terms(&features, centres, weights, &mut losses);
        triplet_term(&features, weights, &mut losses);
        binding_terms(&features, self.queue.as_ref(), inputs, weights, &mut losses);
        part_terms(&features, inputs, weights, &mut losses);
        self.attribute_term(activations, inputs, weights, &mut losses);
        losses
    }

    /// Embeds every modality of the batch alone, then its combinations.
    fn features(
        &self,
        activations: &mut Activations,
        inputs: &Inputs,
        weights: &LossWeights,
    ) -> Vec<Feature> {
        let alone = Modality::ALL.map(|m| (EmbeddingOf::Modality(m), ModalitySet::from(m)));
        let combined = (1..).map(EmbeddingOf::Combination).zip(inputs.combinations());
        let mut provenance = Provenance::new(inputs.batch(), weights.own_photo);
        let mut features = Vec::new();
        for (of, set) in alone.into_iter().chain(combined) {
            let Some(Aligned { parts, rows }) = inputs.aligned(set) else { continue };
            let embedded = self.embed(activations, parts);
            features.push(Feature {
                of,
                modalities: set,
                embedded,
                labels: inputs.classes(&rows),
                targets: inputs.identity_targets(&rows),
                made_from: inputs.signed(provenance.of(set, &rows)),
                shown: shown(inputs.batch(), weights.own_photo, set, &rows),
                rows,
            });
        }
        features
    }

    /// Embeds several modalities of the same tuples.
    fn embed(&self, activations: &mut Activations, parts: Vec<Content>) -> Tensor<2> {
        let (mut tokens, mut sentences) = (Vec::new(), None);
        for part in parts {
            match part {
                Content::Tokens(of_modality) => tokens.push(*of_modality),
                Content::Sentences(embedded) => sentences = Some(*embedded),
            }
        }
        self.backbone.embed_parts(activations, &tokens, sentences)
    }

    /// Embeddings and output tokens of the tokens of several modalities.
    fn encode(
        &self,
        activations: &mut Activations,
        tokens: &[ModalityTokens],
    ) -> (Tensor<2>, Tensor<3>) {
        self.backbone.encode(activations, self.backbone.tokenizers.join(tokens))
    }

    fn identity_terms(
        &self,
        features: &[Feature],
        centres: Option<&Tensor<2>>,
        weights: &LossWeights,
        losses: &mut Losses,
    ) {
        if weights.identity == 0.0 {
            return;
        }
        let share = 1.0 / features.len() as f64;
        let values = self.identity.losses(
            features.iter().map(|f| f.embedded.clone()).collect(),
            features.iter().map(|f| f.targets.clone()).collect(),
            centres.cloned(),
            weights.label_smoothing,
        );
        for (Feature { of, .. }, value) in features.iter().zip(values) {
            losses.push(LossTerm::Identity(*of), weights.identity * share, value);
        }
    }

    fn attribute_term(
        &self,
        activations: &mut Activations,
        inputs: &Inputs,
        weights: &LossWeights,
        losses: &mut Losses,
    ) {
        let Some(MaskedCaptions { tokens: text, captions, rows }) = &inputs.masked else { return };
        let Some(rgb) = inputs.select(Modality::Rgb, rows) else { return };
        let text_length = text.length();
        let (_, tokens) = self.encode(activations, &[rgb, text.clone()]);
        let [count, length, width] = tokens.dims();
        // Text stands at the end of the sequence, after [CLS] and the tokens of the picture.
        let text_start = length - text_length;
        let (mut places, mut classes) = (Vec::new(), Vec::new());
        for (number, caption) in captions.iter().enumerate() {
            for (position, class) in &caption.targets {
                places.push(number * length + text_start + position);
                classes.push(*class);
            }
        }
        // Their number differs in every step. What is added is cut off by the head.
        places.resize(Shapes::of(&tokens.device()).padded(places.len()), 0);
        let chosen = tokens.reshape([count * length, width]).select(0, inputs.integers(places));
        let value = self.attribute.loss(chosen, inputs.integers(classes));
        losses.push(LossTerm::Attribute, weights.attribute, value);
    }
}

fn triplet_term(features: &[Feature], weights: &LossWeights, losses: &mut Losses) {
    if weights.triplet == 0.0 {
        return;
    }
    let unit = features.iter().map(|f| loss::normalise(f.embedded.clone())).collect();
    let labels = features.iter().map(|f| f.labels.clone()).collect();
    let (unit, labels) = (Tensor::cat(unit, 0), Tensor::cat(labels, 0));
    let value = loss::batch_hard_triplet(unit, labels, Some(weights.triplet_margin));
    losses.push(LossTerm::Triplet, weights.triplet, value);
}

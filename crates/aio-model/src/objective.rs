//! The training objective: which embeddings a batch gives and which loss terms are computed from them. Those of the binding loss are in `binding.rs`, that of the attribute head in `attribute.rs`.

use crate::binding::{binding_terms, part_terms};
use crate::feature::Feature;
use crate::inputs::{Aligned, Content, Inputs};
use crate::provenance::{Provenance, shown};
use crate::{Aio, EmbeddingOf, LossTerm, LossWeights, Losses, TrainBatch};
use aio_encoder::Activations;
use aio_encoder::weights::Preprocessing;
use aio_heads::loss;
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
        let inputs = Inputs::new(self, batch, weights, preprocessing, device);
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

    /// Embeds every modality of the batch alone, then its combinations, in sequences of their own or from what their parts have given alone.
    fn features(
        &self,
        activations: &mut Activations,
        inputs: &Inputs,
        weights: &LossWeights,
    ) -> Vec<Feature> {
        let alone = Modality::ALL.map(|m| (EmbeddingOf::Modality(m), ModalitySet::from(m)));
        let combined = (1..).map(EmbeddingOf::Combination).zip(inputs.combinations());
        // Behind the encoder, a combination takes what its parts have given alone.
        let late = self.backbone.fusion.is_late().then(|| {
            inputs.embedded_alone(|tokens| self.backbone.embed_alone(activations, tokens))
        });
        let inputs = late.as_ref().unwrap_or(inputs);
        let mut provenance = Provenance::new(inputs.batch(), weights.own_photo);
        let mut features = Vec::new();
        for (of, set) in alone.into_iter().chain(combined) {
            let Some(Aligned { parts, rows }) = inputs.aligned(set) else { continue };
            let embedded = self.embed(activations, set, parts);
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

    /// Embeds the modalities of a set, one part for each of them, of the same tuples.
    fn embed(
        &self,
        activations: &mut Activations,
        set: ModalitySet,
        parts: Vec<Content>,
    ) -> Tensor<2> {
        let (mut tokens, mut alone) = (Vec::new(), Vec::new());
        for (modality, part) in set.iter().zip(parts) {
            match part {
                Content::Tokens(of_modality) => tokens.push(of_modality),
                Content::Embedded(embedded) => alone.push((modality, embedded)),
            }
        }
        self.backbone.embed_parts(activations, &tokens, alone)
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

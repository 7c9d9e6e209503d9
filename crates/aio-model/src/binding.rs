//! The terms of the binding loss and of the hinge against the best part: what is bound to what.

use crate::feature::Feature;
use crate::inputs::Inputs;
use crate::{EmbeddingOf, LossTerm, LossWeights, Losses};
use aio_heads::{
    AnchorFeatures, AnchorQueue, AnchorRows, BindingKind, BindingOptions, Labelled, binding_loss,
    loss, not_partners, part_hinge,
};
use aio_types::{Modality, ModalitySet};
use burn::tensor::Tensor;

const RGB: EmbeddingOf = EmbeddingOf::Modality(Modality::Rgb);
const TEXT: EmbeddingOf = EmbeddingOf::Modality(Modality::Text);

/// The number of a set of modalities in the queue.
fn kind(modalities: ModalitySet) -> i64 {
    modalities.number().into()
}

/// The features that are anchors; none without photographs.
fn anchors(features: &[Feature], which: AnchorFeatures) -> Vec<&Feature> {
    let Some(rgb) = features.iter().find(|feature| feature.of == RGB) else { return Vec::new() };
    match which {
        AnchorFeatures::Rgb => vec![rgb],
        AnchorFeatures::All => features.iter().collect(),
    }
}

/// The anchors that a feature is compared with, in groups. Each has a softmax of its own.
fn groups<'f>(
    feature: &Feature,
    anchors: &[&'f Feature],
    kind: BindingKind,
) -> Vec<Vec<&'f Feature>> {
    match kind {
        BindingKind::Supcon | BindingKind::Sdm => return vec![anchors.to_vec()],
        BindingKind::SdmPairs | BindingKind::Itc => {}
    }
    // Partners are of another modality, and there is one in a tuple that has both.
    let shares_a_tuple = |other: &&&Feature| {
        other.of != feature.of && other.rows.iter().any(|row| feature.rows.contains(row))
    };
    anchors.iter().filter(shares_a_tuple).map(|other| vec![*other]).collect()
}

/// The features of a step, with what a binding term needs beside them.
struct Binding<'a> {
    inputs: &'a Inputs<'a>,
    weights: &'a LossWeights,
    /// The anchors of earlier steps.
    held: Option<AnchorRows>,
}

impl Binding<'_> {
    /// The loss of a feature against a group of anchors, `[1]`.
    fn loss(&self, feature: &Feature, group: &[&Feature]) -> Tensor<1> {
        let Self { inputs, weights, held } = self;
        let mut embedded: Vec<_> = group.iter().map(|f| f.embedded.clone()).collect();
        let mut labels: Vec<_> = group.iter().map(|f| f.labels.clone()).collect();
        let mut skip = vec![match weights.binding_kind {
            BindingKind::Supcon | BindingKind::Sdm | BindingKind::SdmPairs => {
                let made_from = group.iter().map(|f| f.made_from.clone()).collect();
                loss::same_label(feature.made_from.clone(), Tensor::cat(made_from, 0))
            }
            BindingKind::Itc => not_partners(
                feature.labels.clone(),
                inputs.integers(feature.rows.iter().copied()),
                Tensor::cat(labels.clone(), 0),
                inputs.integers(group.iter().flat_map(|f| f.rows.iter().copied())),
            ),
        }];
        if let Some(held) = held {
            // A group of the losses that compare pairs of modalities is one feature.
            let of_group = group.first().map_or(0, |f| kind(f.modalities));
            let own = || {
                // A number that is no sample's.
                let number = |shown: &Option<i64>| shown.unwrap_or(-1);
                held.own(inputs.signed(feature.shown.iter().map(number).collect()))
            };
            skip.push(match weights.binding_kind {
                BindingKind::Supcon | BindingKind::Sdm => own(),
                BindingKind::SdmPairs => {
                    let other = held.of_other_kinds(of_group, feature.rows.len());
                    (own() + other).clamp_max(1.0)
                }
                BindingKind::Itc => held.no_negatives(feature.labels.clone(), of_group),
            });
            let constants = held.embedded.clone();
            let is_autodiff = feature.embedded.is_autodiff();
            embedded.push(if is_autodiff { constants.autodiff() } else { constants });
            labels.push(held.classes.clone());
        }
        let own = Labelled { features: feature.embedded.clone(), labels: feature.labels.clone() };
        let anchors =
            Labelled { features: Tensor::cat(embedded, 0), labels: Tensor::cat(labels, 0) };
        let options = BindingOptions {
            kind: weights.binding_kind,
            temperature: weights.binding_temperature,
            anchors: weights.anchors,
        };
        binding_loss(own, anchors, Some(Tensor::cat(skip, 1)), options)
    }
}

/// One term for every feature that has something to be bound to. With a queue, the anchors of the step are put into `losses`.
pub(crate) fn binding_terms(
    features: &[Feature],
    queue: Option<&AnchorQueue>,
    inputs: &Inputs,
    weights: &LossWeights,
    losses: &mut Losses,
) {
    if weights.binding == 0.0 {
        return;
    }
    let anchors = anchors(features, weights.anchor_features);
    let Some(rgb) = anchors.first() else { return };
    let share = |feature: &Feature| if feature.of == TEXT { weights.binding_text } else { 1.0 };
    losses.anchors = queue.map(|_| rows(&anchors, inputs));
    let bound: Vec<(&Feature, Vec<Vec<&Feature>>)> = features
        .iter()
        .map(|feature| (feature, groups(feature, &anchors, weights.binding_kind)))
        .filter(|(_, groups)| !groups.is_empty())
        .collect();
    let shares: f64 = bound.iter().map(|(feature, _)| share(feature)).sum();
    if shares == 0.0 {
        // Photographs alone, none of which has a partner, or nothing but what has no weight. There may be no other term.
        let zero = rgb.embedded.clone().sum().mul_scalar(0.0);
        return losses.push(LossTerm::Binding(rgb.of), weights.binding, zero);
    }
    let binding = Binding { inputs, weights, held: queue.map(AnchorQueue::rows) };
    for (feature, groups) in &bound {
        let count = groups.len();
        let values = groups.iter().map(|group| binding.loss(feature, group));
        let sum = values.reduce(|a, b| a + b).expect("a bound feature has anchors");
        let value = if count > 1 { sum.div_scalar(count as f64) } else { sum };
        let weight = weights.binding * share(feature) / shares;
        losses.push(LossTerm::Binding(feature.of), weight, value);
    }
}

/// The anchors of a step as the queue holds them.
fn rows(anchors: &[&Feature], inputs: &Inputs) -> AnchorRows {
    let number = |shown: &Option<i64>| shown.unwrap_or(AnchorRows::NOTHING);
    let shown = anchors.iter().flat_map(|f| f.shown.iter().map(number)).collect();
    let kinds = anchors.iter().flat_map(|f| vec![kind(f.modalities); f.rows.len()]).collect();
    AnchorRows {
        embedded: Tensor::cat(anchors.iter().map(|f| f.embedded.clone()).collect(), 0)
            .without_autodiff(),
        classes: Tensor::cat(anchors.iter().map(|f| f.labels.clone()).collect(), 0),
        shown: inputs.signed(shown),
        kinds: inputs.signed(kinds),
    }
}

/// One term for every combination whose parts are embedded on their own.
pub(crate) fn part_terms(
    features: &[Feature],
    inputs: &Inputs,
    weights: &LossWeights,
    losses: &mut Losses,
) {
    if weights.parts == 0.0 {
        return;
    }
    let Some(photographs) = features.iter().find(|feature| feature.of == RGB) else { return };
    let combinations: Vec<&Feature> =
        features.iter().filter(|feature| feature.modalities.len() > 1).collect();
    let share = 1.0 / combinations.len().max(1) as f64;
    for feature in combinations {
        let of_part = |modality| {
            let part = features.iter().find(|f| f.of == EmbeddingOf::Modality(modality))?;
            let place = |row| part.rows.iter().position(|of_part| of_part == row);
            let places: Vec<usize> = feature.rows.iter().map_while(place).collect();
            (places.len() == feature.rows.len())
                .then(|| part.embedded.clone().select(0, inputs.integers(places)))
        };
        let Some(parts) = feature.modalities.iter().map(of_part).collect::<Option<Vec<_>>>() else {
            continue;
        };
        let same_person = loss::same_label(feature.labels.clone(), photographs.labels.clone());
        let own = loss::same_label(feature.made_from.clone(), photographs.made_from.clone());
        let value = part_hinge(
            feature.embedded.clone(),
            parts,
            photographs.embedded.clone(),
            same_person * (own.neg() + 1.0),
            weights.parts_margin,
        );
        losses.push(LossTerm::Parts(feature.of), weights.parts * share, value);
    }
}

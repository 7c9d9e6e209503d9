//! What the binding loss binds to what: partners, and anchors of earlier steps.

use crate::fixtures::{batch, config, model, preprocessing};
use aio_heads::loss::paired_contrastive;
use aio_heads::{
    AnchorFeatures, AnchorGradient, AnchorRows, BindingKind, BindingOptions, Labelled, OwnPhoto,
    binding_loss,
};
use aio_model::{
    Aio, AioConfig, LossWeights, StepInput, StepOutput, Total, TrainBatch, pictures, token_ids,
};
use aio_tokenize::ModalityInput;
use aio_types::{Modality, Picture};
use burn::tensor::{Device, Int, Tensor};
use burn::train::TrainStep;
use std::collections::BTreeMap;

/// The binding loss alone.
fn alone(weights: LossWeights) -> LossWeights {
    LossWeights { identity: 0.0, triplet: 0.0, attribute: 0.0, ..weights }
}

fn itc(anchor_features: AnchorFeatures) -> LossWeights {
    alone(LossWeights {
        binding_kind: BindingKind::Itc,
        own_photo: OwnPhoto::Kept,
        anchor_features,
        ..LossWeights::default()
    })
}

/// Six people, each with a photograph and, the last three, a caption.
fn people() -> TrainBatch {
    let mut batch = batch();
    batch.combinations.clear();
    let captions: Vec<_> = batch.tuples.iter_mut().filter_map(|t| t.caption.take()).collect();
    for (class, tuple) in batch.tuples.iter_mut().enumerate() {
        tuple.class = class;
        tuple.pictures.truncate(1);
    }
    for (tuple, caption) in batch.tuples[3..].iter_mut().zip(captions) {
        tuple.caption = Some(caption);
    }
    batch
}

fn embedded(model: &Aio, batch: &TrainBatch) -> (Tensor<2>, Tensor<2>) {
    let device = Device::flex();
    let shown: Vec<&Picture> = batch.tuples.iter().map(|t| &t.pictures[0].picture).collect();
    let shown = pictures(shown, &preprocessing(), &device);
    let captions = batch.tuples.iter().filter_map(|t| t.caption.as_ref()).map(|c| &*c.ids);
    let captions = token_ids(captions, &device);
    let embed = |input| model.backbone.embed(&[input]).without_autodiff();
    (embed(ModalityInput::Pictures(Modality::Rgb, shown)), embed(ModalityInput::Text(captions)))
}

/// The terms of a batch by name, and their weighted sum.
fn terms(model: &Aio, batch: &TrainBatch, weights: &LossWeights) -> (BTreeMap<String, f32>, f32) {
    let losses = model.losses(batch, weights, &preprocessing(), &Device::flex());
    let Total { loss: total, terms, .. } = losses.total().expect("finite");
    let named = terms.into_iter().map(|(term, value)| (term.to_string(), value)).collect();
    (named, total.into_scalar())
}

#[test]
fn between_two_modalities_of_different_people_the_contrastive_loss_is_that_of_clip() {
    let model = model(&Device::flex());
    let mut batch = people();
    batch.tuples.drain(..3);
    let (photographs, captions) = embedded(&model, &batch);
    let clip: f32 = paired_contrastive(photographs, captions, 0.07).into_scalar();
    let (found, total) = terms(&model, &batch, &itc(AnchorFeatures::All));
    assert_eq!(found.keys().collect::<Vec<_>>(), ["binding.rgb", "binding.text"]);
    assert!(clip > 0.01 && (total - clip).abs() < 1e-4 * clip, "{total}, CLIP {clip}");
    // With photographs as anchors, there is one direction.
    let (one, _) = terms(&model, &batch, &itc(AnchorFeatures::Rgb));
    assert_eq!(one, BTreeMap::from([("binding.text".to_owned(), found["binding.text"])]));
}

#[test]
fn other_pictures_of_a_person_are_neither_positives_nor_negatives_of_partners() {
    let model = model(&Device::flex());
    let mut batch = people();
    // Nobody but the person of the first caption is left: its partner has nothing to be distinguished from.
    for tuple in &mut batch.tuples {
        tuple.class = 0;
    }
    let (same, total) = terms(&model, &batch, &itc(AnchorFeatures::All));
    assert!(same.len() == 2 && total == 0.0, "{same:?}");
    let mut photographs = people();
    photographs.tuples.truncate(3);
    let (nothing, total) = terms(&model, &photographs, &itc(AnchorFeatures::Rgb));
    assert_eq!((nothing, total), (BTreeMap::from([("binding.rgb".to_owned(), 0.0)]), 0.0));
}

fn sdm_pairs(anchor_features: AnchorFeatures) -> LossWeights {
    LossWeights { binding_kind: BindingKind::SdmPairs, ..itc(anchor_features) }
}

#[test]
fn distributions_of_pairs_are_matched_as_by_irra_in_both_directions() {
    let model = model(&Device::flex());
    // Three captioned people of the last three tuples, of whom two are the same person.
    let mut batch = people();
    batch.tuples.drain(..3);
    for (tuple, class) in batch.tuples.iter_mut().zip([0, 1, 1]) {
        tuple.class = class;
    }
    let (photographs, captions) = embedded(&model, &batch);
    let classes = Tensor::<1, Int>::from_data([0i64, 1, 1], &Device::flex());
    // One direction, which aio-heads compares with PyTorch: a softmax over the other modality alone.
    let direction = |from: &Tensor<2>, to: &Tensor<2>| -> f32 {
        let labelled =
            |features: &Tensor<2>| Labelled { features: features.clone(), labels: classes.clone() };
        let options = BindingOptions {
            kind: BindingKind::Sdm,
            temperature: 0.07,
            anchors: AnchorGradient::Moving,
        };
        binding_loss(labelled(from), labelled(to), None, options).into_scalar()
    };
    let irra = direction(&photographs, &captions) + direction(&captions, &photographs);
    let (found, total) = terms(&model, &batch, &sdm_pairs(AnchorFeatures::All));
    assert_eq!(found.keys().collect::<Vec<_>>(), ["binding.rgb", "binding.text"]);
    assert!(irra > 0.01 && (total - 0.5 * irra).abs() < 1e-4 * irra, "{total}, IRRA {irra}");
    // One softmax over everything is something else.
    let one = LossWeights { binding_kind: BindingKind::Sdm, ..sdm_pairs(AnchorFeatures::All) };
    let (_, of_one) = terms(&model, &batch, &one);
    assert!((of_one - total).abs() > 1e-2 * total, "{of_one} {total}");
    // With photographs as anchors, there is one direction.
    let (found, _) = terms(&model, &batch, &sdm_pairs(AnchorFeatures::Rgb));
    let of_captions = direction(&captions, &photographs);
    assert_eq!(found.keys().collect::<Vec<_>>(), ["binding.text"]);
    assert!((found["binding.text"] - of_captions).abs() < 1e-4 * of_captions, "{found:?}");
}

#[test]
fn a_queue_gives_pairs_the_anchors_of_the_other_modality_alone() {
    let weights = sdm_pairs(AnchorFeatures::All);
    let without = model(&Device::flex());
    let with = with_queue(&without, 50);
    let mut batch = people();
    batch.tuples.drain(..3);
    let expected = terms(&without, &batch, &weights).0;
    let rows = step(&with, batch.clone(), weights).anchors.expect("a queue");
    // The same anchors as strangers: photographs, then captions.
    let strangers = AnchorRows { classes: rows.classes.clone() + 50, ..rows };
    let of_captions = AnchorRows {
        embedded: strangers.embedded.clone().narrow(0, 3, 3),
        classes: strangers.classes.clone().narrow(0, 3, 3),
        shown: strangers.shown.clone().narrow(0, 3, 3),
        kinds: strangers.kinds.clone().narrow(0, 3, 3),
    };
    let found = terms(&with.clone().enqueue(of_captions), &batch, &weights).0;
    assert!((found["binding.text"] - expected["binding.text"]).abs() < 1e-5);
    assert!(found["binding.rgb"] > expected["binding.rgb"] + 0.1, "{found:?} {expected:?}");
}

/// The same backbone in a model with so many places in its queue.
fn with_queue(model: &Aio, queue: usize) -> Aio {
    let config = AioConfig { queue, ..config() };
    Aio::new(model.backbone.clone(), &config, &Device::flex().autodiff())
}

fn step(model: &Aio, batch: TrainBatch, weights: LossWeights) -> StepOutput {
    let input = StepInput {
        batch,
        weights,
        preprocessing: preprocessing(),
        accumulate: 1,
        activation_checkpointing: false,
        device: Device::flex(),
    };
    model.step(input).item
}

#[test]
fn the_queue_gets_the_anchors_of_a_step_with_what_they_show() {
    let rgb = alone(LossWeights::default());
    let model = model(&Device::flex());
    assert!(step(&model, batch(), rgb).anchors.is_none());
    let model = with_queue(&model, 50);
    let numbers = |rows: &AnchorRows| {
        [&rows.classes, &rows.shown, &rows.kinds]
            .map(|numbers| numbers.clone().into_data().iter::<i64>().collect::<Vec<_>>())
    };
    let rows = step(&model, batch(), rgb).anchors.expect("a queue");
    // Photographs 0 to 5 of three people.
    assert_eq!(numbers(&rows), [vec![0, 0, 1, 1, 2, 2], (0..6).collect::<Vec<i64>>(), vec![1; 6]]);
    assert_eq!(rows.embedded.dims(), [6, 16]);
    let all = LossWeights { anchor_features: AnchorFeatures::All, ..rgb };
    let rows = step(&model, batch(), all).anchors.expect("a queue");
    // Photographs, infrared pictures, sketches, three captions, three with all but infrared, and infrared with sketch.
    let [classes, shown, kinds] = numbers(&rows);
    assert_eq!(classes.len(), 6 + 6 + 6 + 3 + 3 + 6);
    assert_eq!(shown[..18], [0, 1, 2, 3, 4, 5].repeat(3));
    assert!(shown[18..21].iter().all(|sentence| *sentence < -1), "{shown:?}");
    assert_eq!(shown[21..], [0, 1, 3, 0, 1, 2, 3, 4, 5]);
    assert_eq!(kinds.iter().collect::<std::collections::BTreeSet<_>>().len(), 6);
}

#[test]
fn what_the_queue_holds_counts_like_anchors_of_the_batch_unless_it_shows_the_same() {
    let weights = alone(LossWeights::default());
    let binding = |model: &Aio, batch: &TrainBatch| terms(model, batch, &weights).0;
    let without = model(&Device::flex());
    let with = with_queue(&without, 50);
    let close = |a: &BTreeMap<String, f32>, b: &BTreeMap<String, f32>| {
        a.iter().all(|(name, value)| (value - b[name]).abs() < 1e-5 * value.max(1.0))
    };
    let expected = binding(&without, &batch());
    assert!(close(&expected, &binding(&with, &batch())), "an empty queue");
    // The batch once more, as other photographs of the same people: they are positives of themselves.
    let rows = step(&with, batch(), weights).anchors.expect("a queue");
    let other = AnchorRows { shown: rows.shown.clone() + 100, ..rows.clone() };
    let found = binding(&with.clone().enqueue(other), &batch());
    assert!(!close(&expected, &found), "{found:?}");
    // The same photographs: what is skipped is skipped twice, and everything else counts twice, so that all probabilities are halved.
    let found = binding(&with.clone().enqueue(rows.clone()), &batch());
    let halved: BTreeMap<String, f32> =
        expected.iter().map(|(name, value)| (name.clone(), value + 2.0f32.ln())).collect();
    assert!(close(&halved, &found), "{found:?} {halved:?}");
    // People whom the batch does not show are negatives: the loss rises.
    let strangers = AnchorRows { classes: rows.classes.clone() + 50, ..rows.clone() };
    let strangers = AnchorRows { shown: rows.shown.clone() + 100, ..strangers };
    let queued = with.clone().enqueue(strangers);
    let found = binding(&queued, &batch());
    assert!(expected.iter().all(|(name, value)| found[name] > value + 0.1), "{found:?}");
    assert!(close(&expected, &binding(&queued.with_empty_queue(), &batch())), "cleared");
}

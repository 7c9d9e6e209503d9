//! The loss terms of a batch.

use crate::fixtures::{batch, config, model, preprocessing};
use aio_encoder::weights::Weights;
use aio_heads::{AnchorFeatures, OwnPhoto};
use aio_model::{
    Aio, Backbone, BackboneConfig, EmbeddingOf, Extractor, LossTerm, LossWeights, Neck, Origin,
    Total, TrainBatch,
};
use aio_types::{Modality, Observation, Picture};
use burn::tensor::Device;
use std::collections::BTreeMap;

const BINDING_TEXT: LossTerm = LossTerm::Binding(EmbeddingOf::Modality(Modality::Text));
const IDENTITY_RGB: LossTerm = LossTerm::Identity(EmbeddingOf::Modality(Modality::Rgb));

#[test]
fn what_a_tuple_lacks_is_left_out_of_what_needs_it() {
    let device = Device::flex();
    let model = model(&device);
    let value = |batch: &TrainBatch| {
        let Total { terms, .. } = model
            .losses(
                batch,
                &LossWeights { triplet: 0.0, ..LossWeights::default() },
                &preprocessing(),
                &device,
            )
            .total()
            .expect("finite");
        terms
            .into_iter()
            .map(|(term, value)| (term.to_string(), value))
            .collect::<std::collections::BTreeMap<String, f32>>()
    };
    let whole = batch();
    // Only the last four tuples have a sketch, so the last of the captions stands beside one.
    let mut partial = whole.clone();
    for tuple in &mut partial.tuples[..2] {
        tuple.pictures.retain(|picture| picture.modality != Modality::Sketch);
    }
    let mut absent = whole.clone();
    for tuple in &mut absent.tuples {
        tuple.pictures.truncate(2);
    }
    let (whole, partial, absent) = (value(&whole), value(&partial), value(&absent));
    let of_photographs = |terms: &BTreeMap<String, f32>| (terms["binding.rgb"], terms["attribute"]);
    assert_eq!(of_photographs(&whole), of_photographs(&partial));
    assert_ne!(whole["identity.sketch"], partial["identity.sketch"]);
    assert_ne!(whole["identity.combination 1"], partial["identity.combination 1"]);
    assert!(
        absent.keys().all(|name| !name.contains("sketch") && !name.contains("combination")),
        "{absent:?}"
    );
}

#[test]
fn the_share_of_text_decides_how_much_its_binding_counts() {
    let device = Device::flex();
    let model = model(&device);
    let total = |binding_text: f64| {
        let weights = LossWeights {
            identity: 0.0,
            triplet: 0.0,
            attribute: 0.0,
            binding: 1.0,
            binding_text,
            ..LossWeights::default()
        };
        let Total { loss: total, terms, .. } =
            model.losses(&batch(), &weights, &preprocessing(), &device).total().expect("finite");
        (total.into_scalar::<f32>(), terms)
    };
    let (without, terms) = total(0.0);
    assert!(terms.iter().all(|(term, _)| *term != BINDING_TEXT), "{terms:?}");
    let (_, terms) = total(1.0);
    let text = terms.iter().find(|(term, _)| *term == BINDING_TEXT).expect("a term").1;
    let (only, _) = total(1e9);
    assert!(
        (only - text).abs() < 1e-3 && (without - text).abs() > 1e-3,
        "{only} and {text}, without text {without}"
    );
}

#[test]
fn a_loss_that_is_not_a_number_is_named() {
    let device = Device::flex();
    let weights = LossWeights { binding_temperature: 0.0, ..LossWeights::default() };
    let error = model(&device)
        .losses(&batch(), &weights, &preprocessing(), &device)
        .total()
        .expect_err("division by zero");
    assert!(matches!(error.term, LossTerm::Binding(_)), "{error}");
    assert!(error.to_string().starts_with("the loss term `binding."), "{error}");
    assert!(error.terms.iter().any(|(term, value)| *term == IDENTITY_RGB && value.is_finite()));
}

/// The binding terms of a batch, by name.
fn binding_of(model: &Aio, batch: &TrainBatch, weights: LossWeights) -> BTreeMap<String, f32> {
    let device = Device::flex();
    let weights = LossWeights { identity: 0.0, triplet: 0.0, attribute: 0.0, ..weights };
    let losses = model.losses(batch, &weights, &preprocessing(), &device);
    let Total { terms, .. } = losses.total().expect("finite");
    terms.into_iter().map(|(term, value)| (term.to_string(), value)).collect()
}

#[test]
fn a_real_sketch_is_bound_to_all_photographs_of_its_person() {
    let model = model(&Device::flex());
    let synthesised = batch();
    let mut real = batch();
    for tuple in &mut real.tuples {
        for picture in tuple.pictures.iter_mut().filter(|p| p.modality == Modality::Sketch) {
            picture.origin = Origin::Itself { sample: 9 };
        }
    }
    let of_synthesised = binding_of(&model, &synthesised, LossWeights::default());
    let of_real = binding_of(&model, &real, LossWeights::default());
    assert_eq!(of_synthesised["binding.rgb"], of_real["binding.rgb"]);
    assert_eq!(of_synthesised["binding.infrared"], of_real["binding.infrared"]);
    assert_ne!(of_synthesised["binding.sketch"], of_real["binding.sketch"]);
    // The combination with RGB holds the photograph; the other one holds infrared pictures that were made from it.
    assert_eq!(of_synthesised["binding.combination 1"], of_real["binding.combination 1"]);
    assert_eq!(of_synthesised["binding.combination 2"], of_real["binding.combination 2"]);
}

#[test]
fn a_photograph_that_is_shown_twice_is_no_anchor_of_itself() {
    let model = model(&Device::flex());
    // Each person has one photograph, which fills both tuples: there is nothing else to bind photographs to.
    let mut repeated = batch();
    for tuple in &mut repeated.tuples {
        tuple.photograph -= tuple.photograph % 2;
    }
    let terms = binding_of(&model, &repeated, LossWeights::default());
    assert_eq!(terms["binding.rgb"], 0.0);
    assert!(terms["binding.text"] > 0.0, "captions are bound to it");
    assert!(binding_of(&model, &batch(), LossWeights::default())["binding.rgb"] > 0.0);
}

#[test]
fn with_all_features_as_anchors_other_modalities_are_bound_to_each_other() {
    let model = model(&Device::flex());
    let all = LossWeights { anchor_features: AnchorFeatures::All, ..LossWeights::default() };
    let (with_rgb, with_all) =
        (binding_of(&model, &batch(), LossWeights::default()), binding_of(&model, &batch(), all));
    assert_eq!(with_rgb.keys().collect::<Vec<_>>(), with_all.keys().collect::<Vec<_>>());
    assert!(with_rgb.iter().all(|(name, value)| with_all[name] != *value));
    // An embedding is never bound to itself. Nobody has two photographs here, so with everything else of a photograph kept, these are
    // bound to their own sketches and infrared pictures; with that skipped, to nothing but captions.
    let kept = LossWeights { own_photo: OwnPhoto::Kept, ..all };
    let mut alone = batch();
    alone.combinations.clear();
    for (number, tuple) in alone.tuples.iter_mut().enumerate() {
        (tuple.class, tuple.caption) = (number, None);
    }
    assert!(binding_of(&model, &alone, kept)["binding.rgb"] > 0.0);
    assert_eq!(binding_of(&model, &alone, all)["binding.rgb"], 0.0);
}

#[test]
fn after_the_neck_embeddings_are_centred_and_of_equal_spread() {
    let device = Device::flex();
    let (model, batch) = (model(&device), batch());
    let weights =
        LossWeights { triplet: 0.0, binding: 0.0, attribute: 0.0, ..LossWeights::default() };
    // The batch has photographs alone, so that the running statistics become those of their embeddings.
    let mut photographs = batch.clone();
    photographs.combinations.clear();
    for tuple in &mut photographs.tuples {
        tuple.pictures.truncate(1);
        tuple.caption = None;
    }
    for _ in 0..150 {
        let _ = model.losses(&photographs, &weights, &preprocessing(), &device).total();
    }
    let embeddings = |neck: Neck| -> Vec<Vec<f32>> {
        let projection_bias = neck == Neck::After;
        let config = BackboneConfig { projection_bias, ..config().backbone };
        let backbone = model.retrieval(neck);
        let bytes = backbone.to_bytes(&config, &preprocessing(), &[]).expect("serialises");
        let weights = Weights::from_bytes("the test", bytes);
        let (backbone, config, preprocessing) = Backbone::load(&weights, &device).expect("loads");
        let extractor = Extractor::new(&backbone, &config, preprocessing, &device);
        let observations: Vec<Observation<Picture>> = photographs
            .tuples
            .iter()
            .map(|tuple| Observation {
                pictures: vec![(Modality::Rgb, tuple.pictures[0].picture.clone())],
                caption: None,
            })
            .collect();
        extractor.embed(&observations).expect("embeds")
    };
    let (before, after) = (embeddings(Neck::Before), embeddings(Neck::After));
    let statistics = |rows: &[Vec<f32>], channel: usize| {
        let values: Vec<f64> = rows.iter().map(|row| f64::from(row[channel])).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let squares = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
        (mean, squares / (values.len() - 1) as f64)
    };
    for channel in 0..before[0].len() {
        let (mean, variance) = statistics(&after, channel);
        let (_, own) = statistics(&before, channel);
        assert!(mean.abs() < 1e-2, "channel {channel}: mean {mean}");
        // Burn keeps the variance of the six embeddings divided by 6, and adds 1e-5 to it before its root.
        let expected = own / (own * 5.0 / 6.0 + 1e-5);
        assert!((variance - expected).abs() < 2e-2, "channel {channel}: {variance}, {expected}");
    }
}

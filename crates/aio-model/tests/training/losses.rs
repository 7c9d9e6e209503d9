//! The loss terms of a batch.

use crate::fixtures::{batch, model, preprocessing};
use aio_model::{EmbeddingOf, LossTerm, LossWeights, TrainBatch};
use aio_types::Modality;
use burn::tensor::Device;

const BINDING_TEXT: LossTerm = LossTerm::Binding(EmbeddingOf::Modality(Modality::Text));
const IDENTITY_RGB: LossTerm = LossTerm::Identity(EmbeddingOf::Modality(Modality::Rgb));

#[test]
fn what_a_tuple_lacks_is_left_out_of_what_needs_it() {
    let device = Device::flex();
    let model = model(&device);
    let value = |batch: &TrainBatch| {
        let (_, terms) = model
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
        tuple.pictures.retain(|(modality, _)| *modality != Modality::Sketch);
    }
    let mut absent = whole.clone();
    for tuple in &mut absent.tuples {
        tuple.pictures.truncate(2);
    }
    let (whole, partial, absent) = (value(&whole), value(&partial), value(&absent));
    assert_eq!(
        (whole["identity.rgb"], whole["attribute"]),
        (partial["identity.rgb"], partial["attribute"])
    );
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
        let (total, terms) =
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

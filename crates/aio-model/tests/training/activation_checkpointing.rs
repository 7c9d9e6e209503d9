//! Activation checkpointing and reduced precision give the gradients of the plain step.

use crate::fixtures::{model, model_with, step};
use crate::gradients::{ByName, by_name, largest_difference};
use aio_encoder::Precision;
use aio_encoder::weights::{module_bytes, sha256};
use aio_model::{Aio, EncoderUse, Frozen, Shared};
use aio_types::{Modality, ModalitySet};
use burn::tensor::Device;
use burn::train::TrainStep;

/// Gradients of one step by name.
fn gradients(model: &Aio, activation_checkpointing: bool) -> ByName {
    by_name(model, &model.step(step(activation_checkpointing)).grads)
}

#[test]
fn blocks_computed_again_give_the_same_gradients() {
    let device = Device::flex();
    for encoder in [EncoderUse::Frozen, EncoderUse::Trained] {
        for shared in [Shared::Trained, Shared::Frozen] {
            let tokenizers = if shared == Shared::Frozen {
                [Modality::Text].into_iter().collect()
            } else {
                ModalitySet::default()
            };
            let model =
                model_with(Frozen { encoder, shared, tokenizers, ..Frozen::default() }, &device);
            let (stored, recomputed) = (gradients(&model, false), gradients(&model, true));
            assert_eq!(
                stored.keys().any(|name| name.starts_with("backbone.encoder.")),
                encoder == EncoderUse::Trained
            );
            let difference = largest_difference(&stored, &recomputed);
            assert!(
                stored.len() > 30 && difference < 1e-4,
                "{encoder:?}, {shared:?}: {} gradients, {difference}",
                stored.len()
            );
        }
    }
}

#[test]
fn bfloat16_products_are_close_and_leave_the_weights_alone() {
    let device = Device::flex();
    let model = model(&device);
    let (exact, rounded) =
        (gradients(&model, false), gradients(&model.clone().with_precision(Precision::Bf16), true));
    let difference = largest_difference(&exact, &rounded);
    // 8 bits of precision, through two blocks forward and backward and a normalisation of embeddings that differ little.
    assert!(difference > 1e-5 && difference < 0.25, "{difference}");
    let hash = |model: &Aio| sha256(&module_bytes(&model.backbone.encoder).expect("bytes"));
    assert_eq!(hash(&model.clone().with_precision(Precision::Bf16)), hash(&model));
}

//! Training with a text tower beside the shared encoder.

use crate::fixtures::{self, batch, config, model_of};
use aio_encoder::EncoderConfig;
use aio_encoder::weights::{module_bytes, sha256};
use aio_model::{Aio, BackboneConfig, Frozen, TextUse};
use aio_types::ModalitySet;
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::{Device, Tensor};
use burn::train::TrainStep;

fn sizes() -> BackboneConfig {
    let backbone = config().backbone;
    let tower = EncoderConfig { depth: 2, causal: true, ..backbone.encoder.clone() };
    let modalities = backbone.tokenizers.modalities;
    BackboneConfig { text_tower: Some(tower), ..backbone }.with_modalities(modalities)
}

fn model(text: TextUse) -> Aio {
    model_of(sizes(), Frozen { text, ..Frozen::default() }, &Device::flex())
}

/// Names of the loss terms of a step, and its gradients.
fn step(model: &Aio, activation_checkpointing: bool) -> (Vec<String>, GradientsParams) {
    let output = model.step(fixtures::step(activation_checkpointing));
    let terms = output.item.terms.expect("finite");
    (terms.iter().map(|(term, _)| term.to_string()).collect(), output.grads)
}

struct WithGradient<'a> {
    gradients: &'a GradientsParams,
    with: usize,
    without: usize,
}

impl ModuleVisitor for WithGradient<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        match self.gradients.get::<D>(param.id) {
            Some(_) => self.with += 1,
            None => self.without += 1,
        }
    }
}

fn counted(model: &impl Module, gradients: &GradientsParams) -> (usize, usize) {
    let mut counter = WithGradient { gradients, with: 0, without: 0 };
    model.visit(&mut counter);
    (counter.with, counter.without)
}

#[test]
fn text_does_not_enter_the_sequence_and_has_the_losses_of_any_feature() {
    let model = model(TextUse::Tower);
    assert!(!model.backbone.tokenizers.modalities().contains(aio_types::Modality::Text));
    assert_eq!(model.backbone.modalities(), config().backbone.tokenizers.modalities);
    let (terms, _) = step(&model, false);
    for expected in ["identity.text", "binding.text", "identity.combination 1", "triplet"] {
        assert!(terms.iter().any(|term| term == expected), "{terms:?} lacks {expected}");
    }
    assert!(terms.iter().all(|term| term != "attribute"), "{terms:?}");
}

#[test]
fn a_frozen_tower_has_no_gradient_and_a_trained_one_has() {
    for activation_checkpointing in [false, true] {
        let frozen = model(TextUse::Tower);
        let (_, gradients) = step(&frozen, activation_checkpointing);
        let tower = frozen.backbone.text_tower.as_ref().expect("a tower");
        // Table and positions; 12 tensors in each of two blocks; weight and bias of the normalisation, and the projection.
        assert_eq!(counted(tower, &gradients), (0, 2 + 24 + 3));
        assert!(counted(&frozen.backbone.tokenizers, &gradients).0 > 10, "the stems learn");
        let before = sha256(&module_bytes(tower).expect("bytes"));
        let mut optimiser = AdamWConfig::new().init();
        let next = optimiser.step(0.1, frozen, gradients);
        let tower = next.backbone.text_tower.expect("a tower");
        assert_eq!(sha256(&module_bytes(&tower).expect("bytes")), before);

        let trained = model(TextUse::TrainedTower);
        let (_, gradients) = step(&trained, activation_checkpointing);
        let tower = trained.backbone.text_tower.as_ref().expect("a tower");
        assert_eq!(counted(tower, &gradients), (2 + 24 + 3, 0));
    }
}

#[test]
fn a_mixed_feature_is_the_mean_of_unit_embeddings_in_training_too() {
    let backbone = model(TextUse::Tower).backbone.valid();
    let set: ModalitySet = "rgb+text".parse().expect("a set");
    assert!(set.iter().all(|m| backbone.modalities().contains(m)));
    let embed = |names: &[&str]| {
        let inputs: Vec<_> = names
            .iter()
            .map(|name| crate::tokens::input(&batch(), name.parse().expect("a modality"), &[0, 1]))
            .collect();
        aio_heads::loss::normalise(backbone.embed(&inputs))
    };
    let mean = aio_heads::loss::normalise(embed(&["rgb"]) + embed(&["text"]));
    let difference: f32 = (embed(&["rgb", "text"]) - mean).abs().max().into_scalar();
    assert!(difference < 1e-5, "{difference}");
}

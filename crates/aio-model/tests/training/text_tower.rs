//! Training with a text tower beside the shared encoder.

use crate::fixtures::{self, batch, config, model_of};
use aio_encoder::EncoderConfig;
use aio_encoder::weights::{module_bytes, sha256};
use aio_model::{Aio, BackboneConfig, Frozen, PiecesConfig, TextUse, token_ids};
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

/// The same with a tower as SigLIP's, for ids as large as those of the captions.
fn sizes_of_pieces() -> BackboneConfig {
    let sizes = sizes();
    let tower = sizes.text_tower.clone().expect("a tower");
    BackboneConfig {
        text_tower: Some(EncoderConfig { causal: false, ..tower }),
        text_context: Some(16),
        text_pieces: Some(PiecesConfig { vocabulary: 49_408, end: 49_407, padding: 3 }),
        ..sizes
    }
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
fn a_tower_of_pieces_learns_with_the_bias_of_its_projection() {
    let of = |text| {
        let frozen = Frozen { text, ..Frozen::default() };
        let model = model_of(sizes_of_pieces(), frozen, &Device::flex());
        let (_, gradients) = step(&model, false);
        counted(model.backbone.text_tower.as_ref().expect("a tower"), &gradients)
    };
    assert_eq!(of(TextUse::TrainedTower), (2 + 24 + 4, 0));
    assert_eq!(of(TextUse::Tower), (0, 2 + 24 + 4));
}

#[test]
fn a_tower_of_pieces_fills_sentences_and_sees_what_it_fills_them_with() {
    let tower = sizes_of_pieces().init(&Device::flex()).text_tower.expect("a tower");
    let embed = |ids: &[u32]| tower.embed(token_ids([ids], &Device::flex()));
    let difference =
        |a: &[u32], b: &[u32]| -> f32 { (embed(a) - embed(b)).abs().max().into_scalar() };
    let short = [5, 6, 7, 8, 9, 10, 11, 49_407];
    let filled = [&short[..], &[3; 8]].concat();
    assert_eq!(difference(&short, &filled), 0.0);
    let other = [&short[..], &[4; 8]].concat();
    assert!(difference(&short, &other) > 1e-4, "what follows the end is seen");
    // Cut at 16, with the end token in the last place.
    let long: Vec<u32> = (100..130).collect();
    let cut: Vec<u32> = (100..115).chain([49_407]).collect();
    assert_eq!(difference(&long, &cut), 0.0);
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

//! The encoder stays as it is while everything around it learns.

use crate::fixtures::{after, batch, config, model, model_with, preprocessing};
use aio_encoder::weights::{Preprocessing, module_bytes, sha256};
use aio_model::{
    Aio, Backbone, EmbeddingOf, EncoderUse, Frozen, LossTerm, LossWeights, Shared, StepInput,
    Total, TrainPicture,
};
use aio_tokenize::{BatchNormMode, Tokenizers};
use aio_types::{Modality, Picture, PictureSize};
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::{Device, Tensor};
use burn::train::TrainStep;
use std::collections::BTreeMap;

#[test]
fn after_training_the_encoder_is_bit_identical_and_the_tokenizers_are_not() {
    let device = Device::flex();
    let mut model = model(&device);
    let hash = |bytes: Vec<u8>| sha256(&bytes);
    let encoder = hash(module_bytes(&model.backbone.encoder).expect("bytes"));
    let tokenizers = hash(module_bytes(&model.backbone.tokenizers).expect("bytes"));
    let mut optimiser = AdamWConfig::new().with_weight_decay(0.1).init();
    let mut totals = Vec::new();
    for _ in 0..6 {
        let Total { loss: total, terms, .. } = model
            .losses(&batch(), &LossWeights::default(), &preprocessing(), &device)
            .total()
            .expect("finite");
        assert!(
            terms.iter().any(|(term, _)| *term == LossTerm::Attribute)
                && terms
                    .iter()
                    .any(|(term, _)| *term == LossTerm::Binding(EmbeddingOf::Combination(2))),
            "{terms:?}"
        );
        let value: f32 = total.clone().into_scalar();
        totals.push(value);
        let grads = GradientsParams::from_grads(total.backward(), &model);
        model = optimiser.step(1e-2, model, grads);
    }
    assert_eq!(hash(module_bytes(&model.backbone.encoder).expect("bytes")), encoder);
    assert_ne!(hash(module_bytes(&model.backbone.tokenizers).expect("bytes")), tokenizers);
    // Six steps on one batch: a sum of terms that did not move together with the weights would not fall by a fifth.
    assert!(totals[5] < 0.8 * totals[0], "the loss falls on a batch seen six times: {totals:?}");
}

#[test]
fn an_encoder_that_is_trained_changes_so_that_the_comparison_of_bytes_can_fail() {
    let device = Device::flex();
    let frozen = Frozen { encoder: EncoderUse::Trained, ..Frozen::default() };
    let mut model = model_with(frozen, &device);
    let before = sha256(&module_bytes(&model.backbone.encoder).expect("bytes"));
    let Total { loss: total, .. } = model
        .losses(&batch(), &LossWeights::default(), &preprocessing(), &device)
        .total()
        .expect("finite");
    let grads = GradientsParams::from_grads(total.backward(), &model);
    model = AdamWConfig::new().init().step(1e-2, model, grads);
    assert_ne!(sha256(&module_bytes(&model.backbone.encoder).expect("bytes")), before);
}

/// Names of parameters without a gradient, or with one that is zero everywhere.
struct Silent<'a> {
    grads: &'a GradientsParams,
    path: Vec<String>,
    found: Vec<String>,
    seen: usize,
}

impl ModuleVisitor for Silent<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = self.path.join(".");
        if name.contains("running_") {
            return;
        }
        self.seen += 1;
        let largest = self.grads.get::<D>(param.id).map(|g| g.abs().max().into_scalar::<f32>());
        if largest.is_none_or(|g| g == 0.0) {
            self.found.push(name);
        }
    }
}

#[test]
fn gradients_reach_every_tokenizer_parameter_and_no_encoder_parameter() {
    let device = Device::flex();
    let model = model(&device);
    let Total { loss: total, .. } = model
        .losses(&batch(), &LossWeights::default(), &preprocessing(), &device)
        .total()
        .expect("finite");
    let grads = GradientsParams::from_grads(total.backward(), &model);
    let visit = |visit: &dyn Fn(&mut Silent)| {
        let mut silent = Silent { grads: &grads, path: Vec::new(), found: Vec::new(), seen: 0 };
        visit(&mut silent);
        (silent.found, silent.seen)
    };
    let (silent, seen) = visit(&|s| model.backbone.tokenizers.visit(s));
    assert!(silent.is_empty() && seen >= 40, "{seen} parameters, without gradient: {silent:?}");
    let (silent, seen) = visit(&|s| model.backbone.encoder.visit(s));
    assert_eq!(silent.len(), seen, "the encoder is frozen");
}

#[test]
fn what_is_frozen_gets_no_gradient_and_everything_else_does() {
    let device = Device::flex();
    let frozen = Frozen {
        tokenizers: [Modality::Text].into_iter().collect(),
        shared: Shared::Frozen,
        batch_norm_mode: BatchNormMode::Pretrained,
        encoder: EncoderUse::Frozen,
        text: aio_model::TextUse::Table,
    };
    let model = model(&device).frozen(frozen);
    let Total { loss: total, .. } = model
        .losses(&batch(), &LossWeights::default(), &preprocessing(), &device)
        .total()
        .expect("finite");
    let grads = GradientsParams::from_grads(total.backward(), &model);
    let mut silent = Silent { grads: &grads, path: Vec::new(), found: Vec::new(), seen: 0 };
    model.backbone.tokenizers.visit(&mut silent);
    assert!(
        silent.found.iter().all(|name| name == "cls" || name.starts_with("text.")),
        "{:?}",
        silent.found
    );
    assert_eq!(silent.found.len(), 4, "[CLS], table, projection and positions of text");
    let mut silent = Silent { found: Vec::new(), seen: 0, ..silent };
    model.backbone.projection.visit(&mut silent);
    assert_eq!(silent.found.len(), silent.seen);
}

#[test]
fn a_step_in_which_nothing_learns_has_losses_and_no_gradient() {
    let frozen = Frozen {
        tokenizers: Modality::ALL.into_iter().collect(),
        shared: Shared::Frozen,
        batch_norm_mode: BatchNormMode::Pretrained,
        encoder: EncoderUse::Frozen,
        text: aio_model::TextUse::Table,
    };
    let model = crate::fixtures::model_with(frozen, &Device::flex());
    let mut input = crate::fixtures::step(false);
    input.weights =
        LossWeights { identity: 0.0, triplet: 0.0, attribute: 0.0, ..LossWeights::default() };
    let output = model.step(input);
    assert!(!output.item.terms.expect("finite").is_empty());
    assert!(output.grads.is_empty());
}

/// The values of every parameter and statistic by name.
#[derive(Default)]
struct Values {
    path: Vec<String>,
    values: BTreeMap<String, Vec<f32>>,
}

impl ModuleVisitor for Values {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.values.insert(self.path.join("."), param.val().into_data().iter::<f32>().collect());
    }
}

#[test]
fn a_frozen_stem_keeps_its_statistics_where_others_move_theirs() {
    let device = Device::flex();
    let frozen = Frozen {
        tokenizers: [Modality::Rgb].into_iter().collect(),
        batch_norm_mode: BatchNormMode::Batch,
        ..Frozen::default()
    };
    let values = |model: &Aio| {
        let mut found = Values::default();
        model.backbone.tokenizers.visit(&mut found);
        found.values
    };
    let model = model_with(frozen, &device);
    let before = values(&model);
    let after = values(&after(3, model));
    let changed = |stem: &str| {
        let of_stem = before.keys().filter(|name| name.starts_with(stem));
        let (statistics, weights): (Vec<_>, Vec<_>) =
            of_stem.partition(|name| name.contains("running_"));
        assert!(!statistics.is_empty() && !weights.is_empty(), "{stem}");
        [statistics, weights].map(|names| names.iter().any(|name| before[*name] != after[*name]))
    };
    assert_eq!(changed("rgb."), [false, false]);
    assert_eq!(changed("infrared."), [true, true]);
}

#[test]
fn interpolated_positions_learn_step_after_step() {
    let device = Device::flex();
    device.seed(1);
    let training = device.clone().autodiff();
    let mut config = config();
    let small = config.backbone.init(&training);
    config.backbone.tokenizers.height = 48;
    let tokenizers = Tokenizers::from_pretrained(&small.tokenizers, &config.backbone.tokenizers);
    let mut model = Aio::new(Backbone { tokenizers, ..small }, &config, &training);
    let size = PictureSize { height: 48, width: 16 };
    let mut batch = batch();
    for TrainPicture { picture, .. } in batch.tuples.iter_mut().flat_map(|t| &mut t.pictures) {
        let extended = picture.pixels.iter().copied().cycle().take(48 * 16 * 3).collect();
        *picture = Picture { size, pixels: extended };
    }
    let preprocessing = Preprocessing { height: 48, ..preprocessing() };
    let mut optimiser = AdamWConfig::new().init();
    for activation_checkpointing in [false, true, false] {
        for _ in 0..2 {
            let weights = LossWeights::default();
            let input = StepInput {
                batch: batch.clone(),
                weights,
                preprocessing: preprocessing.clone(),
                accumulate: 1,
                activation_checkpointing,
                device: device.clone(),
            };
            let grads = model.step(input).grads;
            let mut silent = Silent { grads: &grads, path: Vec::new(), found: Vec::new(), seen: 0 };
            model.backbone.tokenizers.visit(&mut silent);
            assert!(silent.found.is_empty(), "{:?}", silent.found);
            model = optimiser.step(1e-3, model, grads);
        }
    }
}

//! Activation checkpointing and reduced precision give the gradients of the plain step.

use crate::fixtures::{batch, model, model_with, preprocessing};
use aio_encoder::Precision;
use aio_encoder::weights::{module_bytes, sha256};
use aio_model::{Aio, EncoderUse, Frozen, LossWeights, Shared, StepInput};
use aio_types::{Modality, ModalitySet};
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use burn::train::TrainStep;

/// Every parameter's gradient, by name.
struct Gradients<'a> {
    grads: &'a GradientsParams,
    path: Vec<String>,
    found: std::collections::BTreeMap<String, Vec<f32>>,
}

impl ModuleVisitor for Gradients<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.grads.get::<D>(param.id) {
            self.found.insert(self.path.join("."), gradient.into_data().iter::<f32>().collect());
        }
    }
}

/// Gradients of one step by name.
fn gradients(
    model: &Aio,
    activation_checkpointing: bool,
) -> std::collections::BTreeMap<String, Vec<f32>> {
    let input = StepInput {
        batch: batch(),
        weights: LossWeights::default(),
        preprocessing: preprocessing(),
        accumulate: 1,
        activation_checkpointing,
        device: Device::flex(),
    };
    let grads = model.step(input).grads;
    let mut visitor = Gradients { grads: &grads, path: Vec::new(), found: Default::default() };
    model.visit(&mut visitor);
    visitor.found
}

fn largest_difference(
    a: &std::collections::BTreeMap<String, Vec<f32>>,
    b: &std::collections::BTreeMap<String, Vec<f32>>,
) -> f32 {
    assert!(a.keys().eq(b.keys()), "{:?} and {:?}", a.keys(), b.keys());
    let norm = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
    let relative = |(a, b): (&Vec<f32>, &Vec<f32>)| {
        norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>()) / norm(a).max(1e-3)
    };
    a.values().zip(b.values()).map(relative).fold(0.0, f32::max)
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
    // 8 bits of precision, through two blocks forward and backward.
    assert!(difference > 1e-5 && difference < 0.1, "{difference}");
    let hash = |model: &Aio| sha256(&module_bytes(&model.backbone.encoder).expect("bytes"));
    assert_eq!(hash(&model.clone().with_precision(Precision::Bf16)), hash(&model));
}

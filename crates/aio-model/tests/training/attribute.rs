//! The attribute head: words that only the photograph tells.

use crate::fixtures::{batch, config, model, model_with, preprocessing};
use aio_heads::{MASK, Masked};
use aio_model::{
    Aio, AioConfig, Frozen, LossTerm, LossWeights, Origin, Shared, StepInput, StepMeasure, Total,
    TrainBatch, TrainCaption, TrainPicture, TrainTuple,
};
use aio_types::{Modality, Picture, PictureSize};
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::{Device, Tensor};
use burn::train::TrainStep;

/// The attribute loss alone.
fn alone() -> LossWeights {
    LossWeights {
        identity: 0.0,
        triplet: 0.0,
        binding: 0.0,
        attribute: 1.0,
        ..LossWeights::default()
    }
}

/// Photographs of one colour each with the same masked caption. The colours stand at random, so that words and rows are not connected.
fn colours(words: &[usize]) -> TrainBatch {
    let size = PictureSize { height: 32, width: 16 };
    let tuple = |(row, word): (usize, &usize)| {
        let colour = [[250, 10, 10], [10, 250, 10], [10, 10, 250]][*word];
        let picture = Picture { size, pixels: colour.repeat(size.height * size.width) };
        let ids = vec![49406, 320, MASK, 7356, 49407];
        let masked = Masked { ids: ids.clone(), places: vec![2], targets: vec![(2, *word)] };
        TrainTuple {
            class: row,
            photograph: row,
            pictures: vec![TrainPicture {
                modality: Modality::Rgb,
                picture,
                origin: Origin::Photograph,
            }],
            caption: Some(TrainCaption { ids, masked }),
        }
    };
    TrainBatch {
        tuples: words.iter().enumerate().map(tuple).collect(),
        combinations: Vec::new(),
        sampled_classes: None,
    }
}

fn measure(total: &Total, of: StepMeasure) -> f32 {
    total.measures.iter().find(|(measure, _)| *measure == of).expect("measured").1
}

#[test]
fn the_head_learns_from_the_photograph_what_the_words_around_do_not_tell() {
    let device = Device::flex();
    let mut model = model(&device);
    let mut optimiser = AdamWConfig::new().init();
    let step = |model: &Aio, words: &[usize]| {
        model.losses(&colours(words), &alone(), &preprocessing(), &device).total().expect("finite")
    };
    for number in 0..60 {
        let words: Vec<usize> = (0..9).map(|row| (row * 2 + row / 3 + number) % 3).collect();
        let grads = GradientsParams::from_grads(step(&model, &words).loss.backward(), &model);
        model = optimiser.step(1e-2, model, grads);
    }
    // Each word is that of three photographs; a guess that does not see them is right for three of nine.
    let total = step(&model, &[0, 1, 2, 2, 1, 0, 1, 0, 2]);
    assert_eq!(measure(&total, StepMeasure::AttributeAccuracy), 1.0);
    let blind = measure(&total, StepMeasure::AttributeAccuracyWithoutPicture);
    assert!((blind - 1.0 / 3.0).abs() < 1e-6, "{blind}");
}

/// Largest gradient of every parameter below a field of the model, by name.
struct Largest<'a> {
    grads: &'a GradientsParams,
    path: Vec<String>,
    found: Vec<(String, f32)>,
}

impl ModuleVisitor for Largest<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.grads.get::<D>(param.id) {
            let largest = gradient.abs().max().into_scalar::<f32>();
            self.found.push((self.path.join("."), largest));
        }
    }
}

fn gradients(model: &Aio, checkpointed: bool) -> Vec<(String, f32)> {
    let input = StepInput {
        batch: batch(),
        weights: alone(),
        preprocessing: preprocessing(),
        accumulate: 1,
        activation_checkpointing: checkpointed,
        device: Device::flex(),
    };
    let grads = model.step(input).grads;
    let mut largest = Largest { grads: &grads, path: Vec::new(), found: Vec::new() };
    model.visit(&mut largest);
    largest.found
}

#[test]
fn the_mask_learns_through_a_frozen_encoder_and_a_frozen_text_tokenizer() {
    let text = [Modality::Text].into_iter().collect();
    let frozen = Frozen { tokenizers: text, shared: Shared::Frozen, ..Frozen::default() };
    for checkpointed in [false, true] {
        let found = gradients(&model_with(frozen, &Device::flex()), checkpointed);
        let of = |name: &str| found.iter().find(|(of, _)| of == name).map(|(_, value)| *value);
        assert!(of("attribute.mask").is_some_and(|largest| largest > 0.0), "{found:?}");
        assert!(of("attribute.attention.value.weight").is_some_and(|largest| largest > 0.0));
        assert!(
            found
                .iter()
                .any(|(name, value)| name.starts_with("backbone.tokenizers.rgb") && *value > 0.0)
        );
        let is_frozen = |name: &str| name.contains("tokenizers.text") || name.contains("encoder");
        assert!(found.iter().all(|(name, _)| !is_frozen(name)), "{found:?}");
    }
}

#[test]
fn without_words_there_is_no_head_and_without_targets_no_term() {
    let device = Device::flex();
    let names = |model: &Aio, batch: &TrainBatch| {
        let weights = LossWeights::default();
        let total = model.losses(batch, &weights, &preprocessing(), &device).total();
        let Total { terms, measures, .. } = total.expect("finite");
        (terms.iter().any(|(term, _)| *term == LossTerm::Attribute), measures.len())
    };
    assert_eq!(names(&model(&device), &batch()), (true, 2));
    let mut unmasked = batch();
    for caption in unmasked.tuples.iter_mut().filter_map(|tuple| tuple.caption.as_mut()) {
        caption.masked = Masked { ids: caption.ids.clone(), ..Masked::default() };
    }
    assert_eq!(names(&model(&device), &unmasked), (false, 0));
    let training = device.clone().autodiff();
    let none = AioConfig { attributes: 0, ..config() };
    let headless = Aio::new(config().backbone.init(&training), &none, &training);
    assert_eq!(names(&headless, &batch()), (false, 0));
}

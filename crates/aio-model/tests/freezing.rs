//! The encoder stays as it is while everything around it learns.

use aio_encoder::weights::{Preprocessing, module_bytes, sha256};
use aio_encoder::{EncoderConfig, Precision};
use aio_heads::Masked;
use aio_model::{
    Aio, AioConfig, Backbone, BackboneConfig, EmbeddingOf, EncoderUse, ExtractError, Extractor,
    Frozen, LossTerm, LossWeights, Shared, StepInput, TrainBatch, TrainCaption, TrainTuple,
};
use aio_tokenize::{BatchNormMode, StemConfig, StemKind, TextConfig, Tokenizers, TokenizersConfig};
use aio_types::{Modality, ModalitySet, Observation, Picture, PictureSize};
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::{Device, Tensor};
use burn::train::TrainStep;

const BINDING_TEXT: LossTerm = LossTerm::Binding(EmbeddingOf::Modality(Modality::Text));
const IDENTITY_RGB: LossTerm = LossTerm::Identity(EmbeddingOf::Modality(Modality::Rgb));

fn config() -> AioConfig {
    let tokenizers = TokenizersConfig {
        modalities: [Modality::Rgb, Modality::Infrared, Modality::Sketch, Modality::Text]
            .into_iter()
            .collect(),
        height: 32,
        width: 16,
        stem: StemConfig { kind: StemKind::TransreidSsl, channels: 4, patch: 8, ibn: true },
        registers: 0,
        text: TextConfig { width: 4 },
    };
    let encoder =
        EncoderConfig { depth: 2, embed_dim: 16, heads: 2, mlp: 32, ..EncoderConfig::embedded() };
    AioConfig {
        backbone: BackboneConfig { tokenizers, encoder, embedding: None },
        classes: 4,
        attributes: 6,
        frozen: Frozen::default(),
    }
}

fn preprocessing() -> Preprocessing {
    Preprocessing {
        height: 32,
        width: 16,
        mean: [0.5; 3],
        std: [0.5; 3],
        interpolation: "bilinear".into(),
    }
}

fn picture(seed: usize) -> Picture {
    let pixels =
        (0..32 * 16 * 3).map(|i| ((i * 37 + seed * 101 + i * i % 17) % 256) as u8).collect();
    Picture { size: PictureSize { height: 32, width: 16 }, pixels }
}

fn batch() -> TrainBatch {
    let ids = |row: u32| vec![49406, 320 + row, 500, 49405, 49407];
    let modalities = [Modality::Rgb, Modality::Infrared, Modality::Sketch];
    let tuple = |(row, class): (usize, usize)| TrainTuple {
        class,
        pictures: modalities
            .into_iter()
            .zip(0..)
            .map(|(m, i)| (m, picture(10 * i + row)))
            .collect(),
        caption: None,
    };
    let mut tuples: Vec<TrainTuple> =
        [0, 0, 1, 1, 2, 2].into_iter().enumerate().map(tuple).collect();
    for (number, row) in [0, 1, 3].into_iter().enumerate() {
        let ids = ids(number as u32);
        let masked = Masked { ids: ids.clone(), targets: vec![(3, number)] };
        tuples[row].caption = Some(TrainCaption { ids, masked });
    }
    TrainBatch {
        tuples,
        combinations: ["rgb+sketch+text", "infrared+sketch"]
            .map(|set| set.parse::<ModalitySet>().expect("a set"))
            .to_vec(),
    }
}

fn model(device: &Device) -> Aio {
    model_with(Frozen::default(), device)
}

fn model_with(frozen: Frozen, device: &Device) -> Aio {
    device.seed(1);
    let training = device.clone().autodiff();
    Aio::new(config().backbone.init(&training), &AioConfig { frozen, ..config() }, &training)
}

#[test]
fn after_training_the_encoder_is_bit_identical_and_the_tokenizers_are_not() {
    let device = Device::flex();
    let mut model = model(&device);
    let hash = |bytes: Vec<u8>| sha256(&bytes);
    let encoder = hash(module_bytes(&model.backbone.encoder).expect("bytes"));
    let tokenizers = hash(module_bytes(&model.backbone.tokenizers).expect("bytes"));
    assert_eq!(
        hash(module_bytes(&model.backbone.encoder).expect("bytes")),
        encoder,
        "the test itself is sound"
    );
    let mut optimiser = AdamWConfig::new().with_weight_decay(0.1).init();
    let mut totals = Vec::new();
    for _ in 0..6 {
        let (total, terms) = model
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
    assert!(totals[5] < totals[0], "the loss falls on a batch seen six times: {totals:?}");
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
    let (total, _) = model
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
    };
    let model = model(&device).frozen(frozen);
    let (total, _) = model
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
    for (_, picture) in batch.tuples.iter_mut().flat_map(|tuple| &mut tuple.pictures) {
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
            let (kept, again) = (gradients(&model, false), gradients(&model, true));
            assert_eq!(
                kept.keys().any(|name| name.starts_with("backbone.encoder.")),
                encoder == EncoderUse::Trained
            );
            let difference = largest_difference(&kept, &again);
            assert!(
                kept.len() > 30 && difference < 1e-4,
                "{encoder:?}, {shared:?}: {} gradients, {difference}",
                kept.len()
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

#[test]
fn an_embedding_does_not_depend_on_what_else_is_embedded() {
    let device = Device::flex();
    let extractor =
        Extractor::new(&model(&device).backbone, &config().backbone, preprocessing(), &device);
    let mixed = Observation {
        pictures: vec![(Modality::Sketch, picture(3))],
        caption: Some("a red coat".into()),
    };
    let photo = Observation { pictures: vec![(Modality::Rgb, picture(4))], caption: None };
    let long = Observation {
        caption: Some(
            "a man wearing a very long and elaborate blue coat with many golden buttons".into(),
        ),
        ..Observation::default()
    };
    let together = extractor
        .embed(&[
            mixed.clone(),
            photo.clone(),
            long.clone(),
            Observation { caption: Some("a coat".into()), ..Observation::default() },
        ])
        .expect("embeds");
    for (i, input) in [mixed, photo, long].into_iter().enumerate() {
        let alone = extractor.embed(&[input]).expect("embeds");
        let difference =
            alone[0].iter().zip(&together[i]).map(|(a, b)| (a - b).abs()).fold(0.0f32, f32::max);
        assert!(difference < 1e-5, "input {i} differs by {difference}");
    }
    assert_eq!(extractor.embed(&[Observation::default()]), Err(ExtractError::Empty(0)));
    let pencil =
        Observation { pictures: vec![(Modality::ColourPencil, picture(1))], caption: None };
    assert!(matches!(
        extractor.embed(&[pencil]),
        Err(ExtractError::Unknown { modality: Modality::ColourPencil, .. })
    ));
}

#[test]
fn the_embedded_weights_load_completely_and_state_their_preprocessing() {
    let extractor = Extractor::embedded(&Device::flex()).expect("every tensor fits");
    assert_eq!((extractor.preprocessing().height, extractor.preprocessing().width), (96, 48));
    assert!(aio_encoder::weights::EMBEDDED.len() <= 16 << 20, "at most 16 MiB");
}

//! Adapters in a frozen encoder: what they change, what learns, and what a sequence of several modalities has.

use crate::fixtures::{after, config, embedded, model_of, picture, preprocessing, shown, step};
use crate::gradients::{by_name, largest_difference};
use aio_encoder::weights::{Weights, module_bytes};
use aio_encoder::{AdapterKind, AdaptersConfig};
use aio_model::{Aio, Backbone, BackboneConfig, Frozen, Shared};
use aio_types::{Modality, ModalitySet, Observation, Picture};
use burn::tensor::Device;
use burn::train::TrainStep;
use std::collections::BTreeMap;

const LORA: AdapterKind = AdapterKind::Lora { rank: 2, alpha: 4.0 };
const PROMPTS: AdapterKind = AdapterKind::Prompts { tokens: 3 };

fn sizes(kind: AdapterKind) -> BackboneConfig {
    config().backbone.with_adapters(Some(kind))
}

/// A model in training whose encoder has adapters.
fn model(kind: AdapterKind, frozen: Frozen) -> Aio {
    model_of(sizes(kind), frozen, &Device::flex())
}

/// A model after some steps.
fn trained(kind: AdapterKind, steps: usize) -> Aio {
    after(steps, model(kind, Frozen::default()))
}

/// Queries of one modality and of several.
fn queries() -> Vec<Observation<Picture>> {
    vec![
        shown(&[Modality::Rgb], None),
        shown(&[Modality::Sketch], None),
        shown(&[], Some("a red coat")),
        shown(&[Modality::Infrared, Modality::Sketch], Some("a red coat")),
    ]
}

#[test]
fn a_fresh_low_rank_adapter_gives_the_embeddings_of_the_frozen_encoder_bit_for_bit() {
    let device = Device::flex();
    device.seed(1);
    let plain = config().backbone.init(&device);
    let expected = embedded(&plain, &config().backbone, &queries());
    let fresh = plain.clone().with_adapters(&sizes(LORA), &device);
    assert_eq!(embedded(&fresh, &sizes(LORA), &queries()), expected);
    let prompts = plain.with_adapters(&sizes(PROMPTS), &device);
    let changed = embedded(&prompts, &sizes(PROMPTS), &queries());
    assert!(changed.iter().zip(&expected).all(|(a, b)| a != b), "prompts are seen at once");
}

#[test]
fn training_changes_the_adapters_of_every_modality_and_no_weight_of_the_encoder() {
    for kind in [LORA, PROMPTS] {
        let tensors = |model: &Aio| {
            let bytes = module_bytes(&model.backbone.encoder).expect("bytes");
            Weights::from_bytes("the encoder", bytes).tensors().expect("tensors")
        };
        let model = model(kind, Frozen::default());
        let before = tensors(&model);
        let after = tensors(&after(3, model));
        let (mut kept, mut changed) = (0, BTreeMap::new());
        for (name, tensor) in &after {
            if let Some((_, adapter)) = name.split_once(".adapters.experts.") {
                assert_ne!(tensor.values, before[name].values, "{name}");
                *changed.entry(adapter[..1].to_owned()).or_insert(0) += 1;
            } else {
                assert_eq!(tensor, &before[name], "{name}");
                kept += 1;
            }
        }
        // Two blocks of twelve tensors; four modalities with two products or one tensor of prompts in each block.
        let of_each = if kind == LORA { 8 } else { 2 };
        assert_eq!((kept, changed.len()), (24, 4), "{changed:?}");
        assert!(changed.values().all(|count| *count == of_each), "{changed:?}");
    }
}

#[test]
fn a_sequence_depends_on_the_experts_of_its_modalities_alone() {
    let device = Device::flex();
    for kind in [LORA, PROMPTS] {
        let backbone = trained(kind, 2).backbone;
        let before = embedded(&backbone, &sizes(kind), &queries());
        // Experts stand in the order of modalities; infrared, the second, becomes a copy of text, the fourth.
        let encoder = backbone.encoder.clone().for_experts(&[0, 3, 2, 3]);
        let other = Backbone { encoder, ..backbone };
        let after = embedded(&other, &sizes(kind), &queries());
        assert_eq!(before[..3], after[..3], "{kind:?}: no infrared in them");
        assert_ne!(before[3], after[3], "{kind:?}: infrared is a part of it");
    }
    // The rule for a mixed sequence: the mean, so that equal experts are as one of them.
    let backbone = trained(LORA, 2).backbone;
    let equal = Backbone { encoder: backbone.encoder.clone().for_experts(&[2; 4]), ..backbone };
    let inputs = [Modality::Infrared, Modality::Sketch];
    let tokens = equal.tokenizers.sequence(&inputs.map(|modality| {
        let pictures = aio_model::pictures([&picture(1)], &preprocessing(), &device);
        aio_tokenize::ModalityInput::Pictures(modality, pictures)
    }));
    let run = |experts: &[usize]| {
        let (tokens, mask) = (tokens.tokens.clone(), tokens.attention_mask.clone());
        equal
            .encoder
            .forward_as(tokens.without_autodiff(), mask, aio_encoder::Context::of(experts))
            .without_autodiff()
    };
    let far: f32 = (run(&[0]) - run(&[1, 2])).abs().max().into_scalar();
    let effect: f32 = (run(&[0]) - run(&[])).abs().max().into_scalar();
    assert!(far < 1e-4 && effect > 1e-2, "{far}, {effect}");
}

#[test]
fn activation_checkpointing_gives_the_gradients_of_adapters_whatever_else_is_frozen() {
    let tokenizers: ModalitySet =
        [Modality::Rgb, Modality::Infrared, Modality::Sketch, Modality::Text].into_iter().collect();
    let everything = Frozen { tokenizers, shared: Shared::Frozen, ..Frozen::default() };
    let text = Frozen { tokenizers: Modality::Text.into(), ..everything };
    for kind in [LORA, PROMPTS] {
        for frozen in [Frozen::default(), text, everything] {
            let model = model(kind, frozen);
            let [stored, recomputed] =
                [false, true].map(|again| by_name(&model, &model.step(step(again)).grads));
            let adapted = stored.keys().filter(|name| name.contains(".adapters.experts."));
            assert_eq!(adapted.count(), if kind == LORA { 32 } else { 8 });
            let own = |name: &&String| name.starts_with("backbone.encoder.");
            let own = stored.keys().filter(own).filter(|name| !name.contains(".adapters."));
            assert_eq!(own.count(), 0, "the encoder is frozen");
            let difference = largest_difference(&stored, &recomputed);
            assert!(difference < 1e-4, "{kind:?}, {frozen:?}: {difference}");
        }
    }
}

#[test]
fn a_weights_file_has_the_adapters_and_one_expert_for_each_modality() {
    let device = Device::flex();
    for kind in [LORA, PROMPTS] {
        let backbone = trained(kind, 2).backbone;
        let expected = embedded(&backbone, &sizes(kind), &queries());
        let bytes = |config: &BackboneConfig| {
            backbone.to_bytes(config, &preprocessing(), &[]).expect("serialises")
        };
        let weights = Weights::from_bytes("a file", bytes(&sizes(kind)));
        let (loaded, config, _) = Backbone::load(&weights, &device).expect("every tensor fits");
        assert_eq!(config, sizes(kind));
        assert_eq!(embedded(&loaded, &config, &queries()), expected);
        // Half the bits: what `aio weights pack` writes.
        let (packed, _, _) = Backbone::load(
            &weights.packed(&[]).expect("packs").unpacked().expect("unpacks"),
            &device,
        )
        .expect("every tensor fits");
        for (a, b) in embedded(&packed, &config, &queries()).concat().iter().zip(expected.concat())
        {
            assert!((a - b).abs() < 0.05, "{a}, {b}");
        }
        let mut wrong = sizes(kind);
        wrong.encoder.adapters = Some(AdaptersConfig { experts: 3, kind });
        let error = Backbone::load(&Weights::from_bytes("a file", bytes(&wrong)), &device);
        let text = error.expect_err("three experts").to_string();
        assert!(text.contains("3 experts, expected one for each of rgb+infrared"), "{text}");
        let mut wide = sizes(kind);
        wide.encoder.adapters =
            Some(AdaptersConfig { experts: 4, kind: AdapterKind::Lora { rank: 17, alpha: 1.0 } });
        let error = Backbone::load(&Weights::from_bytes("a file", bytes(&wide)), &device);
        let text = error.expect_err("a rank above the width").to_string();
        assert!(text.contains("adapters: rank is 17, expected 1 to 16"), "{text}");
    }
}

#[test]
fn a_modality_that_a_model_lacks_starts_with_the_adapters_of_rgb() {
    let kind = PROMPTS;
    let backbone = trained(kind, 1).backbone;
    let all = Modality::ALL.into_iter().collect();
    let wider = sizes(kind).with_modalities(all);
    assert_eq!(wider.encoder.adapters, Some(AdaptersConfig { experts: 5, kind }));
    let before = embedded(&backbone, &sizes(kind), &queries());
    let backbone = backbone.with_tokenizers(&wider.tokenizers);
    assert_eq!(embedded(&backbone, &wider, &queries()), before, "text is another expert now");
    let photo = |modality| Observation { pictures: vec![(modality, picture(7))], caption: None };
    let pair = [Modality::Rgb, Modality::ColourPencil].map(photo);
    let [rgb, pencil] = &embedded(&backbone, &wider, &pair)[..] else { panic!("two of them") };
    assert_eq!(rgb, pencil);
}

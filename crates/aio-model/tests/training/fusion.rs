//! How the parts of a query become one embedding, and what stands for those that are absent.

use crate::fixtures::{after, config, embedded, model_of, picture, preprocessing, shown, step};
use crate::gradients::{ByName, by_name, larger, largest_difference};
use aio_encoder::EncoderConfig;
use aio_encoder::weights::{Weights, module_bytes};
use aio_model::{
    AbsentUse, Aio, Backbone, BackboneConfig, Extractor, Frozen, FusionUse, Shared, pictures,
    token_ids,
};
use aio_tokenize::ModalityInput;
use aio_types::{Modality, ModalitySet, Observation, Picture};
use burn::module::Module;
use burn::tensor::Device;
use burn::train::TrainStep;

use AbsentUse::{Learned, None as Nothing};
use FusionUse::{Mean, Mixer, Sequence};

/// Everything that is allowed.
const KINDS: [(FusionUse, AbsentUse); 5] =
    [(Sequence, Nothing), (Mean, Nothing), (Mixer, Nothing), (Sequence, Learned), (Mixer, Learned)];

/// Those with something that learns.
const LEARNING: [(FusionUse, AbsentUse); 3] =
    [(Mixer, Nothing), (Sequence, Learned), (Mixer, Learned)];

fn sizes((fusion, absent): (FusionUse, AbsentUse)) -> BackboneConfig {
    config().backbone.with_fusion(fusion, absent)
}

/// Random weights that know no fusion.
fn plain() -> Backbone {
    let device = Device::flex();
    device.seed(1);
    config().backbone.init(&device)
}

/// The same weights with the fresh parts of a fusion. They are drawn once: tests run in parallel and share the random numbers.
fn fresh(plain: &Backbone, kind: (FusionUse, AbsentUse)) -> Backbone {
    plain.clone().with_fusion(&sizes(kind), &Device::flex())
}

/// A model in training.
fn model(kind: (FusionUse, AbsentUse), frozen: Frozen) -> Aio {
    model_of(sizes(kind), frozen, &Device::flex())
}

fn trained(kind: (FusionUse, AbsentUse)) -> Backbone {
    after(3, model(kind, Frozen::default())).backbone
}

const COAT: Option<&str> = Some("a red coat");

/// Four of one modality, then three of several.
fn queries() -> Vec<Observation<Picture>> {
    use Modality::{Infrared, Rgb, Sketch};
    vec![
        shown(&[Rgb], None),
        shown(&[Infrared], None),
        shown(&[Sketch], None),
        shown(&[], COAT),
        shown(&[Infrared, Sketch], None),
        shown(&[Sketch], COAT),
        shown(&[Rgb, Infrared, Sketch], COAT),
    ]
}

fn unit(embedding: &[f32]) -> Vec<f64> {
    let values: Vec<f64> = embedding.iter().map(|value| f64::from(*value)).collect();
    let length = values.iter().map(|value| value * value).sum::<f64>().sqrt();
    values.iter().map(|value| value / length).collect()
}

fn far(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, larger)
}

#[test]
fn a_mean_has_the_direction_of_late_fusion_and_single_modalities_stay_as_they_are() {
    let backbone = plain();
    let plain = embedded(&backbone, &config().backbone, &queries());
    let mean = fresh(&backbone, (Mean, Nothing));
    let found = embedded(&mean, &sizes((Mean, Nothing)), &queries());
    assert_eq!(found[..4], plain[..4], "bit for bit");
    // Infrared and sketch; sketch and text; all four: the means of unit embeddings, as the evaluation pools them.
    for (mixed, parts) in [(4, &[1, 2][..]), (5, &[2, 3]), (6, &[0, 1, 2, 3])] {
        let units: Vec<Vec<f64>> = parts.iter().map(|part| unit(&plain[*part])).collect();
        let mean: Vec<f32> = (0..found[mixed].len())
            .map(|i| units.iter().map(|unit| unit[i]).sum::<f64>() as f32)
            .collect();
        let [found, mean] = [&found[mixed], &mean].map(|embedding| unit(embedding));
        assert!(found.iter().zip(&mean).all(|(a, b)| (a - b).abs() < 1e-6), "{mixed}");
        assert!(far(&plain[mixed], &found.iter().map(|v| *v as f32).collect::<Vec<_>>()) > 1e-3);
    }
}

#[test]
fn a_fresh_mixer_is_the_mean_and_a_trained_one_is_not() {
    let plain = plain();
    let mean = fresh(&plain, (Mean, Nothing));
    let expected = embedded(&mean, &sizes((Mean, Nothing)), &queries());
    for kind in [(Mixer, Nothing), (Mixer, Learned)] {
        let found = embedded(&fresh(&plain, kind), &sizes(kind), &queries());
        assert_eq!(found[4..], expected[4..], "{kind:?}: bit for bit");
        // With learned vectors a single modality is made a unit vector and back.
        let single = found[..4].iter().zip(&expected).map(|(a, b)| far(a, b));
        let most = single.fold(0.0, f32::max);
        assert!(if kind.1 == Nothing { most == 0.0 } else { most < 1e-5 }, "{kind:?}: {most}");

        let backbone = trained(kind);
        let found = embedded(&backbone, &sizes(kind), &queries());
        let without = Backbone { mixer: None, ..backbone };
        let expected = embedded(&without, &sizes(kind), &queries());
        for (number, (a, b)) in found.iter().zip(&expected).enumerate() {
            // A single modality is nothing to mix, unless something stands for the others.
            let is_mixed = number >= 4 || kind.1 == Learned;
            assert_eq!(far(a, b) > 1e-3, is_mixed, "{kind:?}, {number}");
        }
    }
}

#[test]
fn the_order_of_parts_changes_no_bit_behind_the_encoder_and_only_rounding_in_a_sequence() {
    let device = Device::flex();
    let mut inputs: Vec<ModalityInput> = [Modality::Rgb, Modality::Infrared, Modality::Sketch]
        .iter()
        .map(|m| {
            let pictures = pictures([&picture(*m as usize)], &preprocessing(), &device);
            ModalityInput::Pictures(*m, pictures)
        })
        .collect();
    inputs.push(ModalityInput::Text(token_ids([&[49406, 320, 49407][..]], &device)));
    for kind in KINDS {
        let backbone = trained(kind).valid();
        let embed = |inputs: &[ModalityInput]| -> Vec<f32> {
            backbone.embed(inputs).into_data().iter::<f32>().collect()
        };
        let expected = embed(&inputs);
        for order in [[3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
            let found = embed(&order.map(|i| inputs[i].clone()));
            let difference = far(&found, &expected);
            let most = if kind.0.is_late() { 0.0 } else { 1e-5 };
            assert!(difference <= most, "{kind:?}, {order:?}: {difference}");
        }
    }
}

#[test]
fn training_changes_every_part_of_a_fusion_and_no_weight_of_the_encoder() {
    for kind in LEARNING {
        let model = model(kind, Frozen::default());
        let encoder = |model: &Aio| module_bytes(&model.backbone.encoder).expect("bytes");
        let tensors = |model: &Aio| {
            let card: [(&str, serde_json::Value); 0] = [];
            let bytes = model.backbone.to_bytes(&sizes(kind), &preprocessing(), &card);
            Weights::from_bytes("a model", bytes.expect("bytes")).tensors().expect("tensors")
        };
        let (before, encoder_before) = (tensors(&model), encoder(&model));
        let model = after(3, model);
        assert!(encoder(&model) == encoder_before, "{kind:?}");
        let own = |name: &&String| name.starts_with("mixer.") || name.contains(".absent.");
        let after = tensors(&model);
        let names: Vec<&String> = after.keys().filter(own).collect();
        // Two normalisations, four linear maps; four tokens or vectors.
        let expected = match kind {
            (Mixer, Nothing) => 12,
            (Mixer, Learned) => 16,
            _ => 4,
        };
        assert_eq!(names.len(), expected, "{names:?}");
        for name in names {
            assert_ne!(after[name].values, before[name].values, "{kind:?}: {name}");
        }
    }
}

#[test]
fn activation_checkpointing_gives_the_same_gradients_whatever_is_frozen() {
    let tokenizers: ModalitySet =
        [Modality::Rgb, Modality::Infrared, Modality::Sketch, Modality::Text].into_iter().collect();
    let everything = Frozen { tokenizers, shared: Shared::Frozen, ..Frozen::default() };
    for kind in KINDS {
        for frozen in [Frozen::default(), everything] {
            let model = after(1, model(kind, frozen));
            let [stored, recomputed]: [ByName; 2] =
                [false, true].map(|again| by_name(&model, &model.step(step(again)).grads));
            let difference = largest_difference(&stored, &recomputed);
            assert!(difference < 1e-4, "{kind:?}, {frozen:?}: {difference}");
            let own = stored.keys().filter(|n| n.contains(".mixer.") || n.contains(".absent."));
            assert_eq!(own.count() > 0, LEARNING.contains(&kind), "{kind:?}, {frozen:?}");
        }
    }
}

#[test]
fn tokens_stand_for_absent_modalities_and_for_no_others() {
    let kind = (Sequence, Learned);
    let backbone = trained(kind);
    let found = embedded(&backbone, &sizes(kind), &queries());
    // The same weights without such tokens.
    let device = Device::flex();
    let mut weights = {
        let bytes = backbone.to_bytes(&sizes(kind), &preprocessing(), &[]).expect("bytes");
        Weights::from_bytes("a file", bytes).tensors().expect("tensors")
    };
    weights.retain(|name, _| !name.contains(".absent."));
    let plain = config().backbone.init(&device).to_bytes(&config().backbone, &preprocessing(), &[]);
    let like = Weights::from_bytes("a file", plain.expect("bytes"));
    let plain = Weights::from_tensors("a file", &weights, &like).expect("a file");
    let (plain, _, _) = Backbone::load(&plain, &device).expect("fits");
    let without = embedded(&plain, &config().backbone, &queries());
    for (number, (a, b)) in found.iter().zip(&without).enumerate() {
        // The last query has all modalities.
        assert_eq!(a == b, number == 6, "{number}");
    }
    let sequence = |backbone: &Backbone| {
        let rgb = pictures([&picture(0)], &preprocessing(), &device);
        let sequence = backbone.tokenizers.sequence(&[ModalityInput::Pictures(Modality::Rgb, rgb)]);
        (sequence.tokens.dims()[1], sequence.attention_mask.dims()[1])
    };
    let (tokens, mask) = sequence(&backbone.clone().valid());
    assert_eq!((tokens, mask), (sequence(&plain).0 + 3, tokens), "infrared, sketch and text");
}

#[test]
fn a_weights_file_has_the_fusion_and_its_parts() {
    let device = Device::flex();
    for kind in KINDS {
        let backbone = trained(kind);
        let expected = embedded(&backbone, &sizes(kind), &queries());
        let bytes = |config: &BackboneConfig| {
            backbone.to_bytes(config, &preprocessing(), &[]).expect("serialises")
        };
        let weights = Weights::from_bytes("a file", bytes(&sizes(kind)));
        let (loaded, config, _) = Backbone::load(&weights, &device).expect("every tensor fits");
        assert_eq!(config, sizes(kind));
        assert_eq!(embedded(&loaded, &config, &queries()), expected, "{kind:?}");
        let header = String::from_utf8_lossy(weights.bytes()).into_owned();
        let says = |key: &str| header.contains(&format!("\\\"{key}\\\":"));
        assert_eq!(
            says("fusion"),
            kind.0 != Sequence,
            "{kind:?}: files of before stay as they are"
        );
        assert_eq!(says("absent"), kind.1 == Learned, "{kind:?}");
        // Half the bits: what `aio weights pack` writes.
        let (packed, _, _) = Backbone::load(
            &weights.packed(&[]).expect("packs").unpacked().expect("unpacks"),
            &device,
        )
        .expect("every tensor fits");
        let found = embedded(&packed, &config, &queries());
        assert!(far(&found.concat(), &expected.concat()) < 0.1, "{kind:?}");
        if kind.0 == Mean {
            let wrong = Weights::from_bytes("a file", bytes(&sizes((Mean, Learned))));
            let text = Backbone::load(&wrong, &device).expect_err("no place").to_string();
            assert!(text.contains("absent is `learned`, for which fusion `mean`"), "{text}");
            let wrong = Weights::from_bytes("a file", bytes(&sizes((Mixer, Nothing))));
            let text = Backbone::load(&wrong, &device).expect_err("no mixer").to_string();
            assert!(text.contains("missing `mlp_channels.fc1.weight`"), "{text}");
        }
    }
}

#[test]
fn a_modality_that_a_model_lacks_changes_no_embedding_of_the_others() {
    let all: ModalitySet = Modality::ALL.into_iter().collect();
    for kind in KINDS {
        let backbone = trained(kind);
        let before = embedded(&backbone, &sizes(kind), &queries());
        let wider = sizes(kind).with_modalities(all);
        let backbone = backbone.with_tokenizers(&wider.tokenizers);
        let found = embedded(&backbone, &wider, &queries());
        assert!(far(&found.concat(), &before.concat()) < 1e-5, "{kind:?}");
        // It starts as RGB, for which nothing stands where the modality is alone.
        let photo =
            |modality| Observation { pictures: vec![(modality, picture(7))], caption: None };
        let pair = [Modality::Rgb, Modality::ColourPencil].map(photo);
        let [rgb, pencil] = &embedded(&backbone, &wider, &pair)[..] else { panic!("two of them") };
        assert_eq!(far(rgb, pencil) < 1e-5, kind.1 == Nothing, "{kind:?}");
    }
}

#[test]
fn parts_that_pass_alone_are_rolled_out_alone() {
    for kind in KINDS {
        let backbone = trained(kind);
        let extractor = Extractor::new(&backbone, &sizes(kind), preprocessing(), &Device::flex());
        let query = shown(&[Modality::Rgb, Modality::Sketch], COAT);
        let together = extractor.rollout(&query).expect("rolls out");
        // Pictures of 32 × 16 in patches of 8, and a caption padded to 8.
        assert_eq!(together.iter().map(Vec::len).collect::<Vec<_>>(), [8, 8, 8]);
        let alone: Vec<Vec<f32>> =
            query.parts().iter().flat_map(|part| extractor.rollout(part).expect("alone")).collect();
        assert_eq!(together == alone, kind.0.is_late(), "{kind:?}");
    }
}

#[test]
fn a_text_tower_is_one_of_the_parts() {
    let device = Device::flex();
    device.seed(3);
    let plain = config().backbone;
    let tower = EncoderConfig { depth: 2, causal: true, ..plain.encoder.clone() };
    let modalities = plain.tokenizers.modalities;
    let sizes = BackboneConfig { text_tower: Some(tower), ..plain }.with_modalities(modalities);
    let backbone = sizes.init(&device);
    let of = |kind: (FusionUse, AbsentUse)| {
        let sizes = sizes.clone().with_fusion(kind.0, kind.1);
        embedded(&backbone.clone().with_fusion(&sizes, &device), &sizes, &queries())
    };
    let (mean, mixer) = (of((Mean, Nothing)), of((Mixer, Nothing)));
    assert_eq!(mixer, mean, "text has a slot");
    let sequence = of((Sequence, Nothing));
    assert_eq!(sequence[5], mean[5], "one picture and a sentence: late fusion in both");
    assert_ne!(sequence[6], mean[6], "pictures in one sequence, or alone");
    let learned = of((Sequence, Learned));
    assert_eq!(learned[3], sequence[3], "a sentence is in no sequence");
    assert_ne!(learned[0], sequence[0]);

    let narrower = sizes.clone().with_fusion(Mixer, Learned);
    let backbone = backbone.with_fusion(&narrower, &device).without_text_tower();
    assert!(!backbone.modalities().contains(Modality::Text));
    let narrower = BackboneConfig { text_tower: None, ..narrower };
    assert_eq!(narrower.mixer().expect("a mixer").slots, 3);
    let bytes = backbone.to_bytes(&narrower, &preprocessing(), &[]).expect("serialises");
    Backbone::load(&Weights::from_bytes("a file", bytes), &device).expect("three slots");
}

//! The image stems agree with PyTorch's and the byte-pair encoding with CLIP's tokenizer.

use aio_encoder::weights::Weights;
use aio_tokenize::bpe::{Bpe, CONTEXT};
use aio_tokenize::{
    BatchNormMode, Grid, ImageTokenizer, StemConfig, StemKind, TextConfig, Tokenizers,
    TokenizersConfig,
};
use aio_types::rng;
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use safetensors::SafeTensors;
use std::io::Read;

const GOLDEN: &[u8] = include_bytes!("golden/stem.safetensors");

fn tensor<const D: usize>(name: &str) -> Tensor<D> {
    let file = SafeTensors::deserialize(GOLDEN).expect("golden file");
    let view = file.tensor(name).expect(name);
    let values: Vec<f32> =
        view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let shape: [usize; D] = view.shape().try_into().expect("rank");
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

/// The golden stems: name in the file, kind, side of a token, whether it has IBN.
const STEMS: [(&str, StemKind, usize, bool); 3] = [
    ("transreid-ssl", StemKind::TransreidSsl, 4, true),
    ("pyramid", StemKind::Pyramid, 8, true),
    ("batch", StemKind::Pyramid, 8, false),
];

fn stem(
    (name, kind, patch, ibn): (&str, StemKind, usize, bool),
    device: &Device,
) -> ImageTokenizer {
    let fresh = StemConfig { kind, channels: 8, patch, ibn }.init(
        Grid { rows: 16 / patch, columns: 8 / patch },
        12,
        device,
    );
    Weights::from_bytes("golden", GOLDEN.to_vec())
        .below(&format!("{name}."))
        .expect("prefix")
        .load(fresh)
        .expect("every tensor fits")
}

fn difference(a: Tensor<3>, b: Tensor<3>) -> f32 {
    (a - b).abs().max().into_scalar()
}

#[test]
fn in_training_the_batch_statistics_match_pytorch() {
    // The golden running statistics are those after the training pass, which do not enter the training output.
    for golden in STEMS {
        let tokens = stem(golden, &Device::flex().autodiff()).forward(tensor("test.x"));
        assert!(
            difference(tokens.without_autodiff(), tensor(&format!("test.{}.train", golden.0)))
                < 1e-4,
            "{}",
            golden.0
        );
    }
}

#[test]
fn in_evaluation_the_running_statistics_match_pytorch() {
    for golden in STEMS {
        let tokens = stem(golden, &Device::flex()).forward(tensor("test.x"));
        assert!(
            difference(tokens, tensor(&format!("test.{}.evaluation", golden.0))) < 1e-4,
            "{}",
            golden.0
        );
    }
}

#[test]
fn in_evaluation_a_picture_does_not_depend_on_its_neighbours() {
    for golden in STEMS {
        let stem = stem(golden, &Device::flex().autodiff()).valid();
        let x = tensor::<4>("test.x");
        let alone = stem.forward(x.clone().narrow(0, 3, 1));
        assert!(difference(stem.forward(x).narrow(0, 3, 1), alone) < 1e-5, "{}", golden.0);
    }
}

#[test]
fn separate_copies_do_not_share_running_statistics() {
    let device = Device::flex().autodiff();
    for golden in STEMS {
        let first = stem(golden, &device);
        let second = first.separate();
        let bytes = |s: &ImageTokenizer| aio_encoder::weights::module_bytes(s).expect("bytes");
        let before = bytes(&first);
        assert!(bytes(&second) == before);
        let _ = second.forward(Tensor::ones([2, 16, 8, 3], &Device::flex()));
        assert!(bytes(&second) != before, "the copy has seen pictures");
        assert!(bytes(&first) == before, "the original has not");
    }
}

#[test]
fn a_widened_stem_computes_the_same_until_it_is_given_noise() {
    for (device, which) in [(Device::flex(), "evaluation"), (Device::flex().autodiff(), "train")] {
        for golden @ (name, kind, patch, ibn) in STEMS {
            let narrow = StemConfig { kind, channels: 8, patch, ibn };
            // Once and a half, and more than twice as many channels.
            for channels in [12, 22] {
                let wide = StemConfig { channels, ..narrow };
                let widened = |noise| {
                    stem(golden, &device).widened(&narrow, &wide, noise, &mut rng(0, "test", 0))
                };
                let forward =
                    |stem: &ImageTokenizer| stem.forward(tensor("test.x")).without_autodiff();
                let reference = tensor(&format!("test.{name}.{which}"));
                let same = widened(0.0);
                assert!(
                    difference(forward(&same), reference.clone()) < 1e-4,
                    "{name} {which} {channels}"
                );
                let bytes = aio_encoder::weights::module_bytes(&same).expect("bytes");
                Weights::from_bytes("widened", bytes)
                    .load(wide.init(same.grid(), 12, &device))
                    .expect("the shapes of the wide stem");
                let noisy = difference(forward(&widened(0.1)), reference);
                assert!((1e-3..2.0).contains(&noisy), "{name} {which} {channels}: {noisy}");
            }
        }
    }
}

#[test]
fn with_pretrained_statistics_training_computes_what_evaluation_does_and_leaves_them() {
    for golden in STEMS {
        let stem = stem(golden, &Device::flex().autodiff())
            .with_batch_norm_mode(BatchNormMode::Pretrained);
        let bytes = |s: &ImageTokenizer| aio_encoder::weights::module_bytes(s).expect("bytes");
        let before = bytes(&stem);
        let tokens = stem.forward(tensor("test.x"));
        assert!(
            difference(tokens.without_autodiff(), tensor(&format!("test.{}.evaluation", golden.0)))
                < 1e-4,
            "{}",
            golden.0
        );
        assert!(bytes(&stem) == before, "{}", golden.0);
    }
}

#[test]
fn positions_follow_a_new_grid() {
    let device = Device::flex();
    let larger = stem(STEMS[0], &device).regridded(Grid { rows: 8, columns: 4 });
    let tokens = larger.forward(Tensor::zeros([1, 32, 16, 3], &device));
    assert_eq!(tokens.dims(), [1, 32, 12]);
}

#[test]
fn a_visual_modality_starts_from_its_own_stem_or_from_a_copy_of_the_rgb_stem() {
    let device = Device::flex();
    let config = |modalities: &str| TokenizersConfig {
        modalities: modalities.parse().expect("a set"),
        height: 32,
        width: 16,
        stem: StemConfig { kind: StemKind::Patch, channels: 0, patch: 8, ibn: true },
        text: TextConfig { width: 4 },
        registers: 0,
        class_token: true,
    };
    let pretrained = config("rgb+infrared+text").init(12, &device);
    let all = config("rgb+infrared+sketch+colour-pencil+text");
    let tokenizers = Tokenizers::from_pretrained(&pretrained, &all);
    let tensors = |tokenizers: &Tokenizers| {
        let bytes = aio_encoder::weights::module_bytes(tokenizers).expect("bytes");
        Weights::from_bytes("tokenizers", bytes).tensors().expect("tensors")
    };
    let (before, after) = (tensors(&pretrained), tensors(&tokenizers));
    for part in ["proj.weight", "proj_bias", "positions"] {
        // The trained stem of infrared is not lost.
        for (modality, source) in
            [("rgb", "rgb"), ("infrared", "infrared"), ("sketch", "rgb"), ("colour_pencil", "rgb")]
        {
            let expected = &before[&format!("{source}.{part}")];
            assert_eq!(&after[&format!("{modality}.{part}")], expected, "{modality}.{part}");
        }
    }
    assert_ne!(before["rgb.proj.weight"], before["infrared.proj.weight"]);
    assert_eq!(after["cls"], before["cls"]);
    assert_eq!(after["text.positions"], before["text.positions"]);
}

#[test]
fn a_stem_that_does_not_fit_is_refused_by_the_name_of_its_field() {
    let check =
        |kind, channels, patch| StemConfig { kind, channels, patch, ibn: true }.check(96, 48);
    assert_eq!(check(StemKind::TransreidSsl, 64, 12), Ok(()));
    assert_eq!(check(StemKind::Pyramid, 16, 16), Ok(()));
    assert!(check(StemKind::Pyramid, 16, 12).is_err_and(|e| e.contains("stem.patch is 12")));
    assert!(check(StemKind::TransreidSsl, 64, 3).is_err_and(|e| e.contains("stem.patch is 3")));
    assert!(check(StemKind::TransreidSsl, 7, 16).is_err_and(|e| e.contains("stem.channels is 7")));
    assert!(check(StemKind::Pyramid, 16, 32).is_err_and(|e| e.contains("96 × 48")));
}

#[test]
fn ids_equal_those_of_clips_tokenizer() {
    let rows: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("golden/bpe.json")).expect("golden file");
    for row in rows {
        let caption = row["caption"].as_str().expect("caption");
        let expected: Vec<u32> = row["ids"]
            .as_array()
            .expect("ids")
            .iter()
            .map(|v| v.as_u64().expect("id") as u32)
            .collect();
        assert_eq!(Bpe::clip().encode(caption).padded(), expected, "{caption:?}");
    }
}

fn unpacked(bytes: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).expect("golden file");
    text
}

#[test]
fn ten_thousand_captions_have_the_ids_of_clips_tokenizer() {
    // scripts/golden/captions.py: accents, emoji, entities, many scripts, empty and over-long lines.
    let (captions, ids) = (
        unpacked(include_bytes!("golden/captions.txt.gz")),
        unpacked(include_bytes!("golden/captions.ids.gz")),
    );
    assert_eq!(captions.split_terminator('\n').count(), 10_240);
    let mut wrong = Vec::new();
    for (caption, expected) in captions.split_terminator('\n').zip(ids.split_terminator('\n')) {
        let found = Bpe::clip().encode(caption).ids;
        let expected: Vec<u32> = expected.split(' ').map(|id| id.parse().expect("an id")).collect();
        if found != expected {
            wrong.push(format!("{caption:?}\n  {found:?}\n  {expected:?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differ, such as\n{}",
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
}

#[test]
fn truncation_is_reported() {
    assert!(Bpe::clip().encode(&"word ".repeat(100)).truncated);
    let exact = Bpe::clip().encode(&"word ".repeat(CONTEXT - 2));
    assert!(!exact.truncated && exact.ids.len() == CONTEXT);
}

#[test]
fn every_piece_knows_its_word() {
    let encoded = Bpe::clip().encode("A turquoise rucksack");
    let words: Vec<&str> =
        encoded.word_of.iter().flatten().map(|w| encoded.words[*w].as_str()).collect();
    assert_eq!(words.first(), Some(&"a"));
    assert_eq!(words.last(), Some(&"rucksack"));
    assert_eq!(encoded.ids.len(), encoded.word_of.len());
}

//! PE-Core (`scripts/golden/pe.py`).

use crate::{agrees, converted, difference, expected, golden, options, rgb, whole};
use aio_encoder::{Coordinates, RotaryConfig};
use aio_model::import::{self, Converted, Hints, ImportOptions, Layout, convert};
use aio_model::{Backbone, PoolingConfig, TextUse};
use aio_tokenize::ModalityInput;
use aio_types::PictureSize;
use burn::tensor::{Device, Int, Tensor};

const SQUARE: PictureSize = PictureSize { height: 32, width: 32 };
const GOLDEN: &str = "pe.safetensors";

fn ids() -> ModalityInput {
    ModalityInput::Text(expected::<2>(GOLDEN, "ids").int())
}

#[test]
fn pe_core_agrees_with_its_own_code_under_both_names_and_with_its_attention_pooling() {
    for (file, layout, class_token) in [
        ("pe.pt", Layout::Clip, true),
        ("pe-without-class-token.pt", Layout::Clip, false),
        ("pe-open-clip.safetensors", Layout::Timm, true),
    ] {
        let (backbone, config, preprocessing) = whole(file, layout, SQUARE);
        let coordinates = match class_token {
            true => Coordinates::CountedFromOne,
            false => Coordinates::CountedFromZero,
        };
        assert_eq!(config.encoder.rotary, Some(RotaryConfig { base: 10_000.0, coordinates }));
        assert_eq!(config.pooling, Some(PoolingConfig { heads: 8, mlp: 128 }), "{file}");
        assert_eq!((config.encoder.epsilon, config.embedding), (1e-5, Some(24)), "{file}");
        assert_eq!(config.tokenizers.class_token, class_token, "{file}");
        assert_eq!((preprocessing.mean, preprocessing.std), ([0.5; 3], [0.5; 3]), "{file}");
        agrees(&backbone, GOLDEN, file);
    }
}

#[test]
fn its_text_tower_cuts_sentences_to_its_own_context_and_agrees() {
    let found = converted("pe.pt", SQUARE);
    let (backbone, config, _) = Backbone::load(&found.weights, &Device::flex()).expect("loads");
    assert_eq!((config.text_context, config.tower_context()), (Some(12), 12));
    let theirs = expected::<2>(GOLDEN, "pe.text");
    assert!(difference(backbone.embed(&[ids()]), theirs.clone()) < 1e-4);
    // Another caption than the second one, which begins as that one does and is cut to the same tokens.
    let ModalityInput::Text(ids) = ids() else { unreachable!("captions") };
    let more = Tensor::<2, Int>::from_data([[0, 0, 0], [7, 8, 49407]], &Device::flex());
    let first = ids.narrow(1, 0, 11);
    let last = Tensor::<2, Int>::from_data([[0], [9]], &Device::flex());
    let longer = Tensor::cat(vec![first, last, more], 1);
    assert!(difference(backbone.embed(&[ModalityInput::Text(longer)]), theirs) < 1e-4);
    // Without the tower, the table alone.
    let hints = Hints { text: Some(TextUse::Table), heads: Some(2), ..Hints::default() };
    let table = ImportOptions { hints, ..options(SQUARE) };
    let Converted { weights, .. } = convert(&golden("pe.pt"), &table).expect("converts");
    let (backbone, _, _) = Backbone::load(&weights, &Device::flex()).expect("loads");
    assert!(backbone.text_tower.is_none());
    assert_eq!(backbone.embed(&[ids_of_two()]).dims(), [2, 24]);
}

fn ids_of_two() -> ModalityInput {
    let ids = [[49406, 320, 49407], [49406, 49407, 0]];
    ModalityInput::Text(Tensor::from_data(ids, &Device::flex()))
}

/// What is padded, or was never there, is no part of the pooled tokens.
#[test]
fn the_pooling_takes_nothing_of_padding_and_of_an_absent_class_token() {
    let device = Device::flex();
    let hints = Hints { text: Some(TextUse::Table), heads: Some(2), ..Hints::default() };
    let table = ImportOptions { hints, ..options(SQUARE) };
    for file in ["pe.pt", "pe-without-class-token.pt"] {
        let Converted { weights, .. } = match file {
            "pe.pt" => convert(&golden(file), &table).expect("converts"),
            _ => converted(file, SQUARE),
        };
        let (backbone, _, _) = Backbone::load(&weights, &device).expect("loads");
        let embed = |ids: Tensor<2, Int>| {
            backbone.embed(&[rgb(expected(GOLDEN, "picture")), ModalityInput::Text(ids)])
        };
        let short = Tensor::from_data([[49406, 320, 49407], [49406, 49407, 0]], &device);
        let padded =
            Tensor::from_data([[49406, 320, 49407, 0, 0], [49406, 49407, 0, 0, 0]], &device);
        assert!(difference(embed(short), embed(padded)) < 1e-5, "{file}");
    }
}

#[test]
fn other_encoders_of_pe_are_refused() {
    // PE-Lang and PE-Spatial have neither a pooling nor a normalisation behind the blocks.
    for (file, norm) in
        [("pe.pt", "visual.ln_post"), ("pe-open-clip.safetensors", "visual.trunk.norm")]
    {
        let mut tensors = import::read(&golden(file)).expect("reads").tensors;
        tensors.retain(|name, _| {
            !name.contains("attn_pool")
                && *name != format!("{norm}.weight")
                && *name != format!("{norm}.bias")
        });
        let hints = Hints { heads: Some(2), ..Hints::default() };
        let error = import::import("lang", tensors, hints).expect_err("no norm").to_string();
        assert!(error.contains("of PE, only PE-Core can be imported"), "{error}");
    }
}

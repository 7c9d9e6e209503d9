//! SigLIP's visual tower (`scripts/golden/siglip.py`).

use crate::{agrees, difference, expected, golden, options, rgb};
use aio_encoder::Activation;
use aio_model::import::{self, Converted, Hints, ImportOptions, Layout, convert};
use aio_model::{Backbone, Extractor, PoolingConfig, TextUse};
use aio_types::{Modality, Observation, Picture, PictureSize};
use burn::tensor::{Device, Tensor};

const SQUARE: PictureSize = PictureSize { height: 32, width: 32 };
const GOLDEN: &str = "siglip.safetensors";
const FILES: [(&str, Layout); 2] = [
    ("siglip-hugging-face.safetensors", Layout::HuggingFaceSiglip),
    ("siglip-open-clip.safetensors", Layout::Timm),
];

/// The visual tower; the text tower of these files has no tokenizer.
fn converted(file: &str) -> Converted {
    let hints = Hints { text: Some(TextUse::Table), ..options(SQUARE).hints };
    let wanted = ImportOptions { hints, ..options(SQUARE) };
    convert(&golden(file), &wanted).unwrap_or_else(|e| panic!("{file}: {e}"))
}

#[test]
fn siglip_agrees_with_transformers_and_timm_without_a_class_token() {
    for (file, layout) in FILES {
        let found = converted(file);
        assert_eq!(found.layout, layout, "{file}");
        let of_table = |name: &&String| name.starts_with("tokenizers.text.");
        let fresh: Vec<&String> =
            found.coverage.missing.iter().filter(|name| !of_table(name)).collect();
        assert!(fresh.is_empty(), "{file}: {fresh:?}");
        let (backbone, config, preprocessing) =
            Backbone::load(&found.weights, &Device::flex()).expect("loads");
        assert_eq!(config.pooling, Some(PoolingConfig { heads: 2, mlp: 64 }), "{file}");
        let encoder = &config.encoder;
        assert_eq!((encoder.activation, encoder.epsilon), (Activation::GeluTanh, 1e-6), "{file}");
        assert_eq!((encoder.rotary, config.tokenizers.class_token), (None, false), "{file}");
        assert_eq!((preprocessing.mean, preprocessing.std), ([0.5; 3], [0.5; 3]), "{file}");
        agrees(&backbone, GOLDEN, file);
    }
}

#[test]
fn the_gradient_of_a_picture_through_the_pooling_is_pytorchs() {
    let training = Device::flex().autodiff();
    let (backbone, _, _) =
        Backbone::load(&converted(FILES[0].0).weights, &training).expect("loads");
    let picture = expected::<4>(GOLDEN, "picture").autodiff().require_grad();
    let embedded = backbone.embed(&[rgb(picture.clone())]);
    let upstream = expected::<2>(GOLDEN, "upstream").autodiff();
    let gradients = (embedded * upstream).sum().backward();
    let theirs = expected::<4>(GOLDEN, "gradient");
    let size: f32 = theirs.clone().abs().max().into_scalar();
    let difference = difference(picture.grad(&gradients).expect("a gradient"), theirs);
    assert!(size > 0.1 && difference < 1e-4 * size.max(1.0), "{difference} of {size}");
}

#[test]
fn its_text_tower_is_named_as_unused_and_refused_where_it_is_wanted() {
    let problems = ["its text tower needs its tokenizer", "`text.ln_final.bias` is missing"];
    for ((file, _), said) in FILES.into_iter().zip(problems) {
        let tensors = import::read(&golden(file)).expect("reads").tensors;
        let of_text = tensors.keys().filter(|name| name.starts_with("text")).count();
        let hints = Hints { heads: Some(2), text: Some(TextUse::Table), ..Hints::default() };
        let found = import::import(file, tensors, hints).expect("a known layout");
        assert!(found.coverage.is_complete(), "{file}: {}", found.coverage);
        let unused = found.coverage.unused.iter().filter(|n| n.starts_with("text")).count();
        assert!(of_text > 3 && unused == of_text, "{file}: {unused} of {of_text}");
        let hints = Hints { text: Some(TextUse::Tower), ..hints };
        let wanted = ImportOptions { hints, ..options(SQUARE) };
        let error = convert(&golden(file), &wanted).expect_err("no tower").to_string();
        assert!(error.contains(said), "{error}");
    }
}

/// The token in the place of a class token is seen by nothing.
#[test]
fn the_place_of_the_absent_class_token_changes_nothing() {
    let found = converted(FILES[0].0);
    let mut tensors = found.weights.tensors().expect("tensors");
    let cls = tensors.get_mut("tokenizers.cls").expect("its place");
    assert!(cls.values.iter().all(|value| *value == 0.0));
    cls.values.fill(3.0);
    let other = aio_encoder::weights::Weights::from_tensors("other", &tensors, &found.weights);
    let embed = |weights: &aio_encoder::weights::Weights| -> Tensor<2> {
        let (backbone, _, _) = Backbone::load(weights, &Device::flex()).expect("loads");
        backbone.embed(&[rgb(expected(GOLDEN, "picture"))])
    };
    assert_eq!(difference(embed(&found.weights), embed(&other.expect("serialises"))), 0.0);
}

/// Attention roll-out behind a pooling: the rows that its query takes. Nothing comes from the place of the class token.
#[test]
fn what_reaches_the_pooled_embedding_comes_from_the_patches_alone() {
    let (device, found) = (Device::flex(), converted(FILES[0].0));
    let (backbone, config, preprocessing) = Backbone::load(&found.weights, &device).expect("loads");
    let extractor = Extractor::new(&backbone, &config, preprocessing, &device);
    let pixels = (0..32 * 32 * 3).map(|i| (i * 37 % 251) as u8).collect();
    let picture = Picture { size: SQUARE, pixels };
    let input = Observation { pictures: vec![(Modality::Rgb, picture)], caption: None };
    let parts = extractor.rollout(&input).expect("rolled out");
    assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [16]);
    let sum: f32 = parts[0].iter().sum();
    assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    let (least, most) = parts[0].iter().fold((1.0f32, 0.0f32), |(a, b), v| (a.min(*v), b.max(*v)));
    assert!(least > 0.0 && most > 1.5 * least, "{least} {most}");
}

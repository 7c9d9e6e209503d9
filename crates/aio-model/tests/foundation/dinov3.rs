//! DINOv3 (`scripts/golden/dinov3.py`).

use crate::{TALL, agrees, difference, expected, golden, loaded, options, rgb, whole};
use aio_encoder::weights::RawTensor;
use aio_encoder::{Activations, AdapterKind, Coordinates, RotaryConfig};
use aio_model::Backbone;
use aio_model::import::{self, Hints, Layout, convert};
use aio_tokenize::ModalityInput;
use aio_types::PictureSize;
use burn::tensor::{Device, Int, Tensor};

const DINOV3: [(&str, Layout); 4] = [
    ("dinov3-hugging-face.safetensors", Layout::HuggingFaceDinov3),
    ("dinov3-timm.safetensors", Layout::Timm),
    ("dinov3-timm-bias.safetensors", Layout::Timm),
    ("dinov3-meta.pth", Layout::Timm),
];

#[test]
fn dinov3_agrees_with_transformers_and_timm_under_all_its_names() {
    for (file, layout) in DINOV3 {
        let (backbone, config, preprocessing) = whole(file, layout, TALL);
        let encoder = &config.encoder;
        let rotary = RotaryConfig { base: 100.0, coordinates: Coordinates::Centred };
        assert_eq!(
            (encoder.rotary, encoder.epsilon, encoder.layer_scale),
            (Some(rotary), 1e-5, true)
        );
        assert_eq!((config.tokenizers.registers, encoder.mlp), (4, 64), "{file}");
        assert_eq!(preprocessing.mean, [0.485, 0.456, 0.406], "{file}");
        agrees(&backbone, "dinov3.safetensors", file);
    }
}

#[test]
fn the_gradient_of_a_picture_through_turned_queries_and_keys_is_pytorchs() {
    let training = Device::flex().autodiff();
    let (backbone, _) = loaded(DINOV3[0].0, TALL, &training);
    let backbone = Backbone { encoder: backbone.encoder.frozen(), ..backbone };
    for recomputed in [false, true] {
        let picture = expected::<4>("dinov3.safetensors", "picture").autodiff().require_grad();
        let mut activations = Activations::new(recomputed);
        let sequence = backbone.tokenizers.sequence(&[rgb(picture.clone())]);
        let (embedded, _) = backbone.encode(&mut activations, sequence);
        let upstream = expected::<2>("dinov3.safetensors", "upstream").autodiff();
        let losses = (embedded * upstream).sum().backward();
        let found = match activations.backward(&backbone.encoder, &losses).input_loss {
            Some(input_loss) => picture.grad(&input_loss.backward()),
            None => picture.grad(&losses),
        };
        let theirs = expected::<4>("dinov3.safetensors", "gradient");
        let size: f32 = theirs.clone().abs().max().into_scalar();
        let difference = difference(found.expect("a gradient"), theirs);
        assert!(size > 0.1 && difference < 1e-4 * size.max(1.0), "{difference} of {size}");
    }
}

/// Every picture has the coordinates of its own grid, and words have none.
#[test]
fn a_mixed_sequence_places_the_tokens_of_pictures_and_leaves_words_unturned() {
    let device = Device::flex();
    let (backbone, _) = loaded(DINOV3[0].0, TALL, &device);
    let picture = expected::<4>("dinov3.safetensors", "picture");
    let ids =
        Tensor::<2, Int>::from_data([[49406, 320, 2533, 49407], [49406, 320, 49407, 0]], &device);
    let text = ModalityInput::Text(ids);
    let sequence = backbone.tokenizers.sequence(&[rgb(picture.clone()), text.clone()]);
    // [CLS], four registers, 8 × 4 patches, four words.
    assert_eq!(sequence.places.len(), 1 + 4 + 32 + 4);
    let placed: Vec<usize> = (0..41).filter(|token| sequence.places[*token].is_some()).collect();
    assert_eq!(placed, (5..37).collect::<Vec<_>>());
    let last = sequence.places[36].expect("a patch");
    assert_eq!((last.row, last.column, last.rows, last.columns), (7, 3, 8, 4));
    // The order of pictures and words in the sequence changes nothing: their places are their own.
    let embed = |inputs: &[ModalityInput]| backbone.embed(inputs);
    let one = embed(&[rgb(picture.clone()), text.clone()]);
    assert!(difference(one.clone(), embed(&[text, rgb(picture.clone())])) < 1e-4);
    assert!(difference(one, embed(&[rgb(picture)])) > 1e-2);
}

#[test]
fn prompts_behind_turned_tokens_give_the_same_with_and_without_activation_checkpointing() {
    let training = Device::flex().autodiff();
    training.seed(5);
    let (backbone, config) = loaded(DINOV3[1].0, TALL, &training);
    let adapted = config.with_adapters(Some(AdapterKind::Prompts { tokens: 3 }));
    let encoder = backbone.encoder.with_adapters(&adapted.encoder, &training).frozen();
    let backbone = Backbone { encoder, ..backbone };
    let run = |recomputed: bool| {
        let picture = expected::<4>("dinov3.safetensors", "picture").autodiff().require_grad();
        let mut activations = Activations::new(recomputed);
        let sequence = backbone.tokenizers.sequence(&[rgb(picture.clone())]);
        let (embedded, _) = backbone.encode(&mut activations, sequence);
        let losses = embedded.clone().square().sum().backward();
        let found = match activations.backward(&backbone.encoder, &losses).input_loss {
            Some(input_loss) => picture.grad(&input_loss.backward()),
            None => picture.grad(&losses),
        };
        (embedded.without_autodiff(), found.expect("a gradient"))
    };
    let (stored, recomputed) = (run(false), run(true));
    assert!(difference(stored.0.clone(), recomputed.0) < 1e-5);
    assert!(difference(stored.1, recomputed.1) < 1e-3);
    let (plain, _) = loaded(DINOV3[1].0, TALL, &Device::flex());
    let plain = plain.embed(&[rgb(expected("dinov3.safetensors", "picture"))]);
    assert!(difference(stored.0, plain) > 1e-3, "prompts change the attention");
}

#[test]
fn another_size_of_pictures_needs_no_other_weights() {
    let of = |size| {
        let converted = convert(&golden(DINOV3[1].0), &options(size)).expect("converts");
        let mut tensors = converted.weights.tensors().expect("tensors");
        let positions = tensors.remove("tokenizers.rgb.positions").expect("positions");
        assert!(positions.values.iter().all(|value| *value == 0.0));
        tensors.retain(|name, _| !name.starts_with("tokenizers.text."));
        (tensors, positions.shape)
    };
    let (small, large) = (of(TALL), of(PictureSize { height: 96, width: 48 }));
    assert!(small.0 == large.0);
    assert_eq!((small.1, large.1), (vec![32, 32], vec![72, 32]));
}

#[test]
fn a_gated_mlp_is_refused_by_name() {
    let mut tensors = import::read(&golden(DINOV3[0].0)).expect("reads").tensors;
    let gate = RawTensor { shape: vec![64, 32], values: vec![0.0; 64 * 32] };
    tensors.insert("layer.0.mlp.gate_proj.weight".into(), gate);
    let error = import::import("gated", tensors, Hints::default()).expect_err("gated").to_string();
    assert!(error.contains("`layer.0.mlp.gate_proj` belongs to a gated MLP"), "{error}");
}

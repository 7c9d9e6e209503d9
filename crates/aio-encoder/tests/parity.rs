//! The blocks agree with PyTorch's (`scripts/golden/encoder.py`), and loading checks every tensor.

use aio_encoder::weights::{Weights, WeightsError, module_bytes, to_bytes};
use aio_encoder::{Context, Encoder, EncoderConfig};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use safetensors::SafeTensors;

const GOLDEN: &[u8] = include_bytes!("golden/encoder.safetensors");

fn config() -> EncoderConfig {
    EncoderConfig { depth: 2, embed_dim: 24, heads: 3, mlp: 96, ..EncoderConfig::embedded() }
}

fn tensor<const D: usize>(name: &str, device: &Device) -> Tensor<D> {
    let file = SafeTensors::deserialize(GOLDEN).expect("golden file");
    let view = file.tensor(name).expect(name);
    let values: Vec<f32> =
        view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let shape: [usize; D] = view.shape().try_into().expect("rank");
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// The golden file without its test tensors, changed by `edit`.
fn weights(edit: impl Fn(&str) -> Option<String>) -> Weights {
    let file = SafeTensors::deserialize(GOLDEN).expect("golden file");
    let kept = file
        .tensors()
        .into_iter()
        .filter(|(n, _)| n.starts_with("blocks."))
        .filter_map(|(n, v)| Some((edit(&n)?, v)));
    Weights::from_bytes("golden", safetensors::serialize(kept, None).expect("serialise"))
}

fn encoder(device: &Device) -> Encoder {
    weights(|n| Some(n.to_owned())).load(config().init(device)).expect("every tensor fits")
}

fn difference(a: Tensor<3>, b: Tensor<3>) -> f32 {
    (a - b).abs().max().into_scalar()
}

#[test]
fn output_and_input_gradient_match_pytorch() {
    let device = Device::flex();
    let training = device.clone().autodiff();
    let attention_mask = tensor::<2>("test.keep", &device);
    let mask = attention_mask.clone().reshape([3, 7, 1]);
    let y = encoder(&device).forward(tensor("test.x", &device), attention_mask.clone());
    assert!(difference(y * mask.clone(), tensor::<3>("test.y", &device) * mask.clone()) < 1e-4);
    let x = tensor::<3>("test.x", &training).require_grad();
    let frozen = encoder(&training).no_grad();
    let y = frozen.forward(x.clone(), attention_mask);
    let grads = (y * (tensor::<3>("test.weight", &device) * mask).autodiff()).sum().backward();
    assert!(difference(x.grad(&grads).expect("gradient"), tensor("test.dx", &device)) < 1e-4);
}

#[test]
fn padding_changes_nothing() {
    let device = Device::flex();
    let model = encoder(&device);
    let x = tensor::<3>("test.x", &device);
    let attention_mask = tensor::<2>("test.keep", &device);
    let padded = model.forward(x.clone(), attention_mask).slice([1..2, 0..5]);
    let alone = model.forward(x.slice([1..2, 0..5]), Tensor::ones([1, 5], &device));
    assert!(difference(padded, alone) < 1e-5);
}

#[test]
fn missing_unused_and_misshaped_tensors_are_named() {
    let device = Device::flex();
    let load = |weights: Weights, config: EncoderConfig| match weights.load(config.init(&device)) {
        Err(WeightsError::Mismatch { problems, .. }) => problems.join("; "),
        other => panic!("expected a mismatch, found {:?}", other.map(|_| "a model")),
    };
    let dropped = weights(|n| (n != "blocks.1.mlp.fc1.bias").then(|| n.to_owned()));
    assert!(load(dropped, config()).contains("missing `blocks.1.mlp.fc1.bias`"));
    let renamed = weights(|n| {
        Some(if n == "blocks.0.norm1.weight" {
            "blocks.0.bnneck.weight".into()
        } else {
            n.to_owned()
        })
    });
    let problems = load(renamed, config());
    assert!(
        problems.contains("unused `blocks.0.bnneck.weight`")
            && problems.contains("missing `blocks.0.norm1"),
        "{problems}"
    );
    let narrow = EncoderConfig { mlp: 48, ..config() };
    assert!(load(weights(|n| Some(n.to_owned())), narrow).contains("fc1"));
    assert!(matches!(
        Weights::from_bytes("junk", vec![1, 2, 3]).load(config().init(&device)),
        Err(WeightsError::Format { .. })
    ));
}

#[test]
fn weights_survive_a_round_trip_under_pytorch_names() {
    let device = Device::flex();
    let bytes = to_bytes(
        vec![("encoder.", module_bytes(&encoder(&device)).expect("bytes"))],
        Default::default(),
    )
    .expect("bytes");
    let file = Weights::from_bytes("round trip", bytes);
    assert!(
        file.shapes().expect("shapes")["encoder.blocks.0.attn.qkv.weight"] == [72, 24],
        "PyTorch's [out, in]"
    );
    let loaded =
        file.below("encoder.").expect("prefix").load(config().init(&device)).expect("fits");
    let (x, attention_mask) = (tensor::<3>("test.x", &device), tensor::<2>("test.keep", &device));
    assert_eq!(
        difference(
            loaded.forward(x.clone(), attention_mask.clone()),
            encoder(&device).forward(x, attention_mask)
        ),
        0.0
    );
}

#[test]
fn vit_b_16_has_the_published_number_of_parameters() {
    assert_eq!(EncoderConfig::vit_b_16().init(&Device::flex()).num_params(), 85_054_464);
}

#[test]
fn variants_run() {
    use aio_encoder::Activation;
    let device = Device::flex();
    let config = EncoderConfig {
        activation: Activation::QuickGelu,
        pre_norm: true,
        layer_scale: true,
        ..config()
    };
    let (x, attention_mask) = (tensor::<3>("test.x", &device), tensor::<2>("test.keep", &device));
    let y = config.init(&device).forward(x.clone(), attention_mask.clone());
    assert_eq!(y.dims(), x.dims());
    // LayerScale starts at 1e-5, so the blocks hardly change the normalised tokens.
    let plain = EncoderConfig { depth: 0, ..config }.init(&device).forward(x, attention_mask);
    assert!(difference(y, plain) < 1e-3);
}

#[test]
fn rolled_out_attention_is_a_distribution_that_padding_has_no_part_in() {
    let device = Device::flex();
    let (x, attention_mask) = (tensor::<3>("test.x", &device), tensor::<2>("test.keep", &device));
    let flow = encoder(&device).rollout(x.clone(), attention_mask.clone(), Context::default());
    let rows: Vec<f32> = flow.clone().sum_dim(2).into_data().iter::<f32>().collect();
    assert!(rows.iter().all(|sum| (sum - 1.0).abs() < 1e-5), "{rows:?}");
    // What [CLS] takes of padding is nothing.
    let taken: f32 = (flow.narrow(1, 0, 1).squeeze_dim::<2>(1)
        * (attention_mask.clone() * -1.0 + 1.0))
        .sum()
        .into_scalar();
    assert_eq!(taken, 0.0);
    // Without a block every token is its own.
    let none = EncoderConfig { depth: 0, ..config() }.init(&device).rollout(
        x,
        attention_mask,
        Context::default(),
    );
    assert_eq!(
        none.narrow(0, 1, 1).squeeze_dim::<2>(0).into_data(),
        Tensor::<2>::eye(7, &device).into_data()
    );
}

//! Blocks with adapters agree with PyTorch's (`scripts/golden/adapters.py`), and the encoder's own weights have no part in training them.

use aio_encoder::weights::{Weights, module_bytes};
use aio_encoder::{Activations, AdapterKind, AdaptersConfig, Context, Encoder, EncoderConfig};
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use safetensors::SafeTensors;
use std::collections::BTreeMap;

const GOLDEN: &[u8] = include_bytes!("golden/adapters.safetensors");

const LORA: AdapterKind = AdapterKind::Lora { rank: 2, alpha: 5.0 };
const PROMPTS: AdapterKind = AdapterKind::Prompts { tokens: 3 };

fn plain() -> EncoderConfig {
    EncoderConfig { depth: 2, embed_dim: 16, heads: 2, mlp: 32, ..EncoderConfig::embedded() }
}

fn config(kind: AdapterKind) -> EncoderConfig {
    EncoderConfig { adapters: Some(AdaptersConfig { experts: 3, kind }), ..plain() }
}

/// Shape and values of a tensor of the golden file.
fn golden(name: &str) -> (Vec<usize>, Vec<f32>) {
    let file = SafeTensors::deserialize(GOLDEN).expect("golden file");
    let view = file.tensor(name).expect(name);
    let values = view.data().chunks_exact(4);
    let values = values.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    (view.shape().to_vec(), values)
}

fn tensor<const D: usize>(name: &str, device: &Device) -> Tensor<D> {
    let (shape, values) = golden(name);
    let shape: [usize; D] = shape.try_into().expect("rank");
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// The blocks of the golden file, with its adapters of a kind or without any.
fn encoder(kind: Option<AdapterKind>, device: &Device) -> Encoder {
    let part = match kind {
        None => "none",
        Some(AdapterKind::Lora { .. }) => ".lora_",
        Some(AdapterKind::Prompts { .. }) => ".prompts",
    };
    let file = SafeTensors::deserialize(GOLDEN).expect("golden file");
    let wanted = |name: &str| {
        name.starts_with("blocks.") && (!name.contains(".adapters.") || name.contains(part))
    };
    let kept = file.tensors().into_iter().filter(|(name, _)| wanted(name));
    let bytes = safetensors::serialize(kept, None).expect("serialise");
    let config = kind.map_or_else(plain, config);
    Weights::from_bytes("golden", bytes).load(config.init(device)).expect("every tensor fits")
}

fn difference<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
    (a - b).abs().max().into_scalar()
}

type ByName = BTreeMap<String, Vec<f32>>;

/// Gradients by PyTorch's names, as PyTorch lays them out.
struct Collect<'a> {
    grads: &'a GradientsParams,
    path: Vec<String>,
    found: &'a mut ByName,
}

impl ModuleVisitor for Collect<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(gradient) = self.grads.get::<D>(param.id) else { return };
        let is_linear = self.path.last().is_some_and(|name| name == "weight");
        let gradient = if is_linear { gradient.swap_dims(0, 1) } else { gradient };
        self.found.insert(self.path.join("."), gradient.into_data().iter::<f32>().collect());
    }
}

/// What a pass gives: the output, the gradient of the tokens if they are tracked, and those of the parameters.
struct Found {
    y: Tensor<3>,
    dx: Option<Tensor<3>>,
    parameters: ByName,
}

/// One pass of a frozen encoder in training, with or without activation checkpointing.
fn pass(encoder: &Encoder, recomputed: bool, tracked: bool, experts: &[usize]) -> Found {
    let (device, training) = (Device::flex(), Device::flex().autodiff());
    let keep = tensor::<2>("test.keep", &device);
    let x = if tracked {
        tensor::<3>("test.x", &training).require_grad()
    } else {
        tensor::<3>("test.x", &device)
    };
    let mut activations = Activations::new(recomputed);
    let y = activations.forward(encoder, x.clone(), keep.clone(), Context::of(experts));
    let upstream = tensor::<3>("test.weight", &device) * keep.reshape([3, 7, 1]);
    let losses = (y.clone() * upstream.autodiff()).sum().backward();
    let rest = activations.backward(encoder, &losses);
    let dx = match rest.input_loss {
        Some(input_loss) => x.grad(&input_loss.backward()),
        None if tracked => x.grad(&losses),
        None => None,
    };
    let mut parameters = ByName::new();
    for grads in rest.blocks.iter().chain([&GradientsParams::from_grads(losses, encoder)]) {
        encoder.visit(&mut Collect { grads, path: Vec::new(), found: &mut parameters });
    }
    Found { y: y.without_autodiff(), dx, parameters }
}

#[test]
fn outputs_and_gradients_match_pytorch_and_the_own_weights_have_none() {
    let device = Device::flex();
    let keep = tensor::<2>("test.keep", &device).reshape([3, 7, 1]);
    for (case, kind, experts) in [
        ("test.lora.1", LORA, &[1][..]),
        ("test.lora.0+2", LORA, &[0, 2]),
        ("test.prompts.1", PROMPTS, &[1]),
        ("test.prompts.0+2", PROMPTS, &[0, 2]),
    ] {
        let frozen = encoder(Some(kind), &device.clone().autodiff()).frozen();
        let prefix = format!("{case}.d.");
        let file = SafeTensors::deserialize(GOLDEN).expect("golden file");
        let mut names: Vec<String> = file
            .names()
            .iter()
            .filter_map(|n| n.strip_prefix(&prefix))
            .map(str::to_owned)
            .collect();
        names.sort();
        assert!(names.len() >= 2 * experts.len(), "{names:?}");
        for recomputed in [false, true] {
            let Found { y, dx, parameters } = pass(&frozen, recomputed, true, experts);
            let expected = tensor::<3>(&format!("{case}.y"), &device);
            assert!(difference(y * keep.clone(), expected * keep.clone()) < 1e-4, "{case}");
            let expected = tensor::<3>(&format!("{case}.dx"), &device);
            assert!(difference(dx.expect("a gradient"), expected) < 1e-3, "{case}");
            assert!(parameters.keys().eq(&names), "{case}: {:?}", parameters.keys());
            for (name, gradient) in parameters {
                let (_, expected) = golden(&format!("{prefix}{name}"));
                let norm = expected.iter().map(|v| v * v).sum::<f32>().sqrt();
                let error: f32 = gradient
                    .iter()
                    .zip(&expected)
                    .map(|(a, b)| (a - b).powi(2))
                    .sum::<f32>()
                    .sqrt();
                assert!(norm > 1e-2 && error < 1e-4 * norm, "{case}, {name}: {error} of {norm}");
            }
        }
    }
}

#[test]
fn adapters_learn_behind_tokens_that_need_no_gradient_with_and_without_checkpointing() {
    let training = Device::flex().autodiff();
    for kind in [LORA, PROMPTS] {
        let frozen = encoder(Some(kind), &training).frozen();
        let [stored, recomputed] =
            [false, true].map(|recomputed| pass(&frozen, recomputed, false, &[0, 2]));
        assert!(stored.dx.is_none() && recomputed.dx.is_none());
        assert!(stored.parameters.keys().eq(recomputed.parameters.keys()));
        assert!(stored.parameters.len() >= 4, "{:?}", stored.parameters.keys());
        let expected = pass(&frozen, false, true, &[0, 2]).parameters;
        for (name, gradient) in stored.parameters.iter().chain(&recomputed.parameters) {
            let far = gradient.iter().zip(&expected[name]).any(|(a, b)| (a - b).abs() > 1e-3);
            assert!(!far, "{kind:?}, {name}");
        }
    }
}

#[test]
fn fresh_low_rank_adapters_give_the_frozen_outputs_bit_for_bit() {
    let device = Device::flex();
    device.seed(0);
    let frozen = encoder(None, &device);
    let fresh = frozen.clone().with_adapters(&config(LORA), &device);
    let (x, keep) = (tensor::<3>("test.x", &device), tensor::<2>("test.keep", &device));
    let expected = frozen.forward(x.clone(), keep.clone()).into_data();
    for experts in [&[][..], &[0], &[1, 2], &[0, 1, 2]] {
        let found = fresh.forward_as(x.clone(), keep.clone(), Context::of(experts)).into_data();
        assert_eq!(found, expected, "{experts:?}");
    }
    // Trained ones do change something, and prompts do so from the start.
    let trained = encoder(Some(LORA), &device);
    assert_eq!(trained.forward(x.clone(), keep.clone()).into_data(), expected);
    assert_ne!(
        trained.forward_as(x.clone(), keep.clone(), Context::of(&[0])).into_data(),
        expected
    );
    let prompts = frozen.with_adapters(&config(PROMPTS), &device);
    assert_eq!(prompts.forward(x.clone(), keep.clone()).into_data(), expected);
    assert_ne!(prompts.forward_as(x, keep, Context::of(&[0])).into_data(), expected);
}

#[test]
fn adapters_survive_a_round_trip_under_the_names_of_other_projects() {
    let device = Device::flex();
    let (x, keep) = (tensor::<3>("test.x", &device), tensor::<2>("test.keep", &device));
    for kind in [LORA, PROMPTS] {
        let before = encoder(Some(kind), &device);
        let file = Weights::from_bytes("round trip", module_bytes(&before).expect("bytes"));
        let shapes = file.shapes().expect("shapes");
        match kind {
            AdapterKind::Lora { .. } => {
                let of =
                    |part: &str| &shapes[&format!("blocks.1.adapters.experts.2.{part}.weight")];
                assert_eq!((of("qkv.lora_a"), of("qkv.lora_b")), (&vec![2, 16], &vec![48, 2]));
                assert_eq!((of("proj.lora_a"), of("proj.lora_b")), (&vec![2, 16], &vec![16, 2]));
            }
            AdapterKind::Prompts { .. } => {
                assert_eq!(shapes["blocks.1.adapters.experts.2.prompts"], [3, 16]);
            }
        }
        let after = file.load(config(kind).init(&device)).expect("every tensor fits");
        let of = |encoder: &Encoder| {
            encoder.forward_as(x.clone(), keep.clone(), Context::of(&[2])).into_data()
        };
        assert_eq!(of(&after), of(&before));
    }
}

#[test]
fn an_expert_that_starts_as_another_one_learns_by_itself() {
    let training = Device::flex().autodiff();
    let two = encoder(Some(LORA), &training).for_experts(&[1, 1]).frozen();
    let [first, second] = [0, 1].map(|expert| pass(&two, false, true, &[expert]));
    let (_, of_former) = golden("test.lora.1.y");
    let keep = tensor::<2>("test.keep", &Device::flex()).reshape([3, 7, 1]);
    let expected = Tensor::from_data(TensorData::new(of_former, [3, 7, 16]), &Device::flex());
    assert!(difference(first.y.clone() * keep.clone(), expected * keep) < 1e-4);
    assert_eq!(first.y.into_data(), second.y.into_data());
    let learn = |found: &ByName, expert: usize| {
        found.keys().all(|name| name.contains(&format!(".experts.{expert}.")))
    };
    assert!(first.parameters.len() == 8 && learn(&first.parameters, 0));
    assert!(second.parameters.len() == 8 && learn(&second.parameters, 1));
}

#[test]
fn rolled_out_attention_is_a_distribution_over_the_tokens_beside_prompts() {
    let device = Device::flex();
    let (x, keep) = (tensor::<3>("test.x", &device), tensor::<2>("test.keep", &device));
    let model = encoder(Some(PROMPTS), &device);
    let flow = model.rollout(x.clone(), keep.clone(), Context::of(&[0, 2]));
    assert_eq!(flow.dims(), [3, 7, 7]);
    let sums: Vec<f32> = flow.clone().sum_dim(2).into_data().iter::<f32>().collect();
    assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-5), "{sums:?}");
    assert!(
        difference(flow, model.rollout(x, keep, Context::default())) > 1e-3,
        "prompts change the attention"
    );
}

//! The mixer agrees with PyTorch (`scripts/golden/mixer.py`, with timm's `MixerBlock`), whichever slots have a feature.

use aio_encoder::weights::Weights;
use aio_encoder::{Mixer, MixerConfig, SlotFrom};
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use safetensors::SafeTensors;
use std::collections::BTreeMap;

const GOLDEN: &[u8] = include_bytes!("golden/mixer.safetensors");

const SETS: [&[usize]; 4] = [&[0, 1, 2, 3], &[0, 3], &[1, 2, 3], &[2]];

fn sizes(learned: bool) -> MixerConfig {
    MixerConfig { slots: 4, width: 8, hidden_slots: 12, hidden_width: 32, learned }
}

/// Shape and values of a tensor of the golden file, if it is there.
fn golden(name: &str) -> Option<(Vec<usize>, Vec<f32>)> {
    let file = SafeTensors::deserialize(GOLDEN).expect("golden file");
    let view = file.tensor(name).ok()?;
    let values = view.data().chunks_exact(4);
    let values = values.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    Some((view.shape().to_vec(), values))
}

fn tensor<const D: usize>(name: &str, device: &Device) -> Tensor<D> {
    let (shape, values) = golden(name).expect(name);
    let shape: [usize; D] = shape.try_into().expect("rank");
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// The mixer of the golden file, with its learned vectors or without any.
fn mixer(learned: bool, device: &Device) -> Mixer {
    let file = SafeTensors::deserialize(GOLDEN).expect("golden file");
    let wanted =
        |name: &str| !name.starts_with("test.") && (learned || !name.starts_with("absent."));
    let kept = file.tensors().into_iter().filter(|(name, _)| wanted(name));
    let bytes = safetensors::serialize(kept, None).expect("serialise");
    Weights::from_bytes("golden", bytes).load(sizes(learned).init(device)).expect("every tensor")
}

/// Gradients by PyTorch's names, as PyTorch lays them out.
struct Collect<'a> {
    grads: &'a GradientsParams,
    path: Vec<String>,
    found: BTreeMap<String, Vec<f32>>,
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
        let is_matrix = D == 2;
        let gradient = if is_matrix { gradient.swap_dims(0, 1) } else { gradient };
        let name = self.path.join(".").replace(".gamma", ".weight").replace(".beta", ".bias");
        self.found.insert(name, gradient.into_data().iter::<f32>().collect());
    }
}

fn features(present: &[usize], parts: &Tensor<3>) -> Vec<(usize, Tensor<2>)> {
    let [_, batch, width] = parts.dims();
    let of = |slot: usize| parts.clone().narrow(0, slot, 1).reshape([batch, width]);
    present.iter().map(|slot| (*slot, of(*slot))).collect()
}

fn agree(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let size = expected.iter().fold(1.0f32, |most, value| most.max(value.abs()));
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 1e-5 * size, "{what}: {a} and {b}");
    }
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

#[test]
fn outputs_and_gradients_match_pytorch() {
    let (device, training) = (Device::flex(), Device::flex().autodiff());
    let mut compared = 0;
    for (kind, learned) in [("none", false), ("learned", true)] {
        let mixer = mixer(learned, &training);
        for present in SETS {
            let slots: Vec<String> = present.iter().map(ToString::to_string).collect();
            let case = format!("test.{kind}.{}", slots.join("+"));
            let parts = tensor::<3>("test.parts", &training).require_grad();
            let y = mixer.forward(features(present, &parts));
            agree(&values(y.clone()), &golden(&format!("{case}.y")).expect("y").1, &case);
            let upstream = tensor::<2>("test.weight", &device).autodiff();
            let grads = (y * upstream).sum().backward();
            let dx = values(parts.grad(&grads).expect("a gradient"));
            agree(&dx, &golden(&format!("{case}.dx")).expect("dx").1, &format!("{case}.dx"));
            let grads = GradientsParams::from_grads(grads, &mixer);
            let mut collect = Collect { grads: &grads, path: Vec::new(), found: BTreeMap::new() };
            mixer.visit(&mut collect);
            for (name, found) in &collect.found {
                let name = format!("{case}.d.{name}");
                agree(found, &golden(&name).expect(&name).1, &name);
                compared += 1;
            }
            // The vectors of slots without a feature, and of no others.
            let vectors = collect.found.keys().filter(|name| name.starts_with("absent.")).count();
            assert_eq!(vectors, if learned { 4 - present.len() } else { 0 }, "{case}");
        }
    }
    // Twelve parameters in each of eight cases, and 0 + 2 + 1 + 3 learned vectors.
    assert_eq!(compared, 8 * 12 + 6);
}

#[test]
fn a_fresh_mixer_adds_nothing_and_its_second_layers_learn_first() {
    let training = Device::flex().autodiff();
    for learned in [false, true] {
        let mixer = sizes(learned).init(&training);
        let parts = Tensor::<3>::random([4, 3, 8], Distribution::Normal(0.0, 1.0), &training);
        let y = mixer.forward(features(&[0, 2], &parts));
        assert!(values(y.clone()).iter().all(|value| *value == 0.0), "{learned}");
        let grads = GradientsParams::from_grads(y.sum().backward(), &mixer);
        let mut collect = Collect { grads: &grads, path: Vec::new(), found: BTreeMap::new() };
        mixer.visit(&mut collect);
        let learns =
            collect.found.iter().filter(|(_, gradient)| gradient.iter().any(|g| *g != 0.0));
        let names: Vec<&str> = learns.map(|(name, _)| name.as_str()).collect();
        let second = ["mlp_channels.fc2.bias", "mlp_channels.fc2.weight"];
        let tokens = ["mlp_tokens.fc2.bias", "mlp_tokens.fc2.weight"];
        assert_eq!(names, [second, tokens].concat(), "{learned}");
    }
}

#[test]
fn the_order_of_the_features_changes_no_bit_and_another_slot_does() {
    let device = Device::flex();
    let parts = tensor::<3>("test.parts", &device);
    for learned in [false, true] {
        let mixer = mixer(learned, &device);
        let run = |list: Vec<(usize, Tensor<2>)>| values(mixer.forward(list));
        let list = features(&[0, 2, 3], &parts);
        let expected = run(list.clone());
        assert_eq!(run([2, 0, 1].map(|i| list[i].clone()).to_vec()), expected);
        assert_eq!(run(list.iter().rev().cloned().collect()), expected);
        let mut moved = list;
        moved[0].0 = 1;
        assert_ne!(run(moved), expected, "slots have weights of their own");
    }
}

#[test]
fn other_slots_leave_what_is_added_to_former_ones_and_new_ones_start_as_copies() {
    let device = Device::flex();
    let parts = tensor::<3>("test.parts", &device);
    for learned in [false, true] {
        let mixer = mixer(learned, &device);
        let run = |mixer: &Mixer, slots: &[usize]| {
            let own = features(&[0, 2, 3], &parts).into_iter().map(|(_, feature)| feature);
            values(mixer.forward(slots.iter().copied().zip(own).collect()))
        };
        let expected = run(&mixer, &[0, 2, 3]);
        // A new slot between the former ones: slot 2 and 3 become 3 and 4.
        let from = [0, 1].map(SlotFrom::Former);
        let rest = [2, 3].map(SlotFrom::Former);
        let wider = mixer.clone().for_slots(&[&from[..], &[SlotFrom::CopyOf(0)], &rest].concat());
        agree(&run(&wider, &[0, 3, 4]), &expected, "wider");
        let copied = run(&wider, &[2, 3, 4]);
        if learned {
            assert_ne!(copied, expected, "the vector of slot 0 stands for it now");
        } else {
            agree(&copied, &expected, "a copy of slot 0");
        }
        if !learned {
            let narrower = mixer.for_slots(&[0, 2, 3].map(SlotFrom::Former));
            agree(&run(&narrower, &[0, 1, 2]), &expected, "narrower");
        }
    }
}

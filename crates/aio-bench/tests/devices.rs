//! The same small experiment on another device: `just test-wgpu`, `just gpu-check`.
//!
//! The device is named by `AIO_TEST_DEVICE`; the program must have been built with its feature.

use aio_encoder::Precision;
use aio_encoder::weights::Shipped;
use aio_heads::Masked;
use aio_model::{
    Aio, AioConfig, Backbone, Frozen, LossWeights, Origin, StepInput, TrainBatch, TrainCaption,
    TrainPicture, TrainTuple,
};
use aio_types::{Modality, Picture, rng};
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use burn::train::TrainStep;
use rand::RngExt;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// `<task>.<metric>` of the trained model and of the untrained one.
type Metrics = [BTreeMap<String, f64>; 2];

fn smoke(directory: &Path, device: &str) -> Metrics {
    let runs = format!("runs-{device}");
    let arguments = ["experiment", "smoke", "--json", "--device", device, "--runs", &runs];
    let output = Command::new(env!("CARGO_BIN_EXE_aio"))
        .args(arguments)
        .current_dir(directory)
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    ["metrics", "baseline"].map(|key| serde_json::from_value(json[key].clone()).expect("numbers"))
}

#[test]
#[ignore = "needs a device beside the CPU: just test-wgpu, just gpu-check"]
fn an_experiment_gives_the_same_metrics_on_every_device() {
    let device = std::env::var("AIO_TEST_DEVICE").expect("AIO_TEST_DEVICE names the device");
    let directory = tempfile::tempdir().expect("temporary directory");
    std::fs::create_dir(directory.path().join("experiments")).expect("create");
    let smoke_file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/smoke.toml");
    std::fs::copy(smoke_file, directory.path().join("experiments/smoke.toml")).expect("copy");
    let [cpu, other] = ["cpu", &device].map(|d| smoke(directory.path(), d));
    // AdamW's first steps are little more than the signs of gradients, which makes much of the rounding of small ones; on galleries of 10 to 40 pictures
    // 5 points were seen, and 8 are allowed (docs/devices.md). What is not trained is the same.
    for ((cpu, other), (what, tolerance)) in
        cpu.iter().zip(&other).zip([("trained", 0.08), ("untrained", 0.005)])
    {
        let maps: Vec<&String> = cpu.keys().filter(|k| k.ends_with(".map")).collect();
        assert!(maps.len() >= 6);
        for key in maps {
            let difference = (cpu[key] - other[key]).abs();
            assert!(
                difference <= tolerance,
                "{what} {key}: {} on the CPU, {} on {device}",
                cpu[key],
                other[key]
            );
        }
    }
}

/// The gradient of every parameter, in order.
struct Collect<'a>(&'a GradientsParams, Vec<Vec<f32>>);

impl ModuleVisitor for Collect<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.0.get::<D>(param.id) {
            self.1.push(gradient.into_data().iter::<f32>().collect());
        }
    }
}

#[test]
#[ignore = "needs a device beside the CPU: just test-wgpu, just gpu-check"]
fn gradients_are_those_of_the_cpu() {
    let (weights, cpu) = (Shipped::Embedded.weights().expect("reads"), Device::flex());
    let (backbone, config, preprocessing) = Backbone::load(&weights, &cpu).expect("embedded");
    let size = preprocessing.size();
    let mut stream = rng(1, "devices", 0);
    let mut picture = || Picture {
        size,
        pixels: (0..size.height * size.width * 3)
            .map(|i| (i % 97) as u8 + stream.random_range(0..150))
            .collect(),
    };
    let caption = aio_tokenize::bpe::Bpe::clip().encode("A man in a red coat.").ids;
    let caption = || {
        let masked = Masked { ids: caption.clone(), ..Masked::default() };
        TrainCaption { ids: caption.clone(), masked }
    };
    let tuple = |(row, class): (usize, usize)| TrainTuple {
        class,
        photograph: row,
        pictures: vec![TrainPicture {
            modality: Modality::Rgb,
            picture: picture(),
            origin: Origin::Photograph,
        }],
        caption: (row % 2 == 0).then(caption),
    };
    let batch = TrainBatch {
        tuples: [0, 0, 1, 1].into_iter().enumerate().map(tuple).collect(),
        combinations: vec![[Modality::Rgb, Modality::Text].into_iter().collect()],
        sampled_classes: None,
    };
    let config = AioConfig {
        backbone: config,
        classes: 2,
        samples_classes: false,
        attributes: 3,
        queue: 0,
        frozen: Frozen::default(),
    };
    let fresh = Aio::new(backbone, &config, &cpu);
    let gradients = |device: &Device, activation_checkpointing: bool, precision: Precision| {
        let model = fresh
            .clone()
            .to_device(device)
            .train()
            .frozen(Frozen::default())
            .with_precision(precision);
        let input = StepInput {
            batch: batch.clone(),
            weights: LossWeights { identity: 0.0, attribute: 0.0, ..LossWeights::default() },
            preprocessing: preprocessing.clone(),
            accumulate: 1,
            activation_checkpointing,
            device: device.clone(),
        };
        let grads = model.step(input).grads;
        let mut collect = Collect(&grads, Vec::new());
        model.visit(&mut collect);
        collect.1
    };
    let device = aio_bench::device::open(
        &std::env::var("AIO_TEST_DEVICE").expect("AIO_TEST_DEVICE names the device"),
    )
    .expect("present");
    let ours = gradients(&cpu, false, Precision::F32);
    let compare = |what: &str, theirs: Vec<Vec<f32>>, tolerance: f32| {
        assert!(
            ours.len() == theirs.len() && ours.len() > 20,
            "{what}: {} {}",
            ours.len(),
            theirs.len()
        );
        for (i, (a, b)) in ours.iter().zip(&theirs).enumerate() {
            let largest = a.iter().fold(0.0f32, |m, v| m.max(v.abs()));
            // `f32::max` would pass over NaN.
            assert!(b.iter().all(|v| v.is_finite()), "{what}: parameter {i} is not finite");
            let difference = a.iter().zip(b).fold(0.0f32, |m, (x, y)| m.max((x - y).abs()));
            let allowed = tolerance * largest + 1e-7;
            assert!(
                difference <= allowed,
                "{what}: parameter {i} of {} values: differs by {difference}, its largest is {largest}",
                a.len()
            );
        }
    };
    // Seen on lavapipe: 1e-3 in the first convolution, whose gradient sums over all pixels in another order.
    compare("activations stored", gradients(&device, false, Precision::F32), 5e-3);
    compare("activation checkpointing", gradients(&device, true, Precision::F32), 5e-3);
    if aio_bench::device::check_precision(&device, Precision::Bf16).is_ok() {
        compare("products in bfloat16", gradients(&device, true, Precision::Bf16), 0.25);
    } else {
        eprintln!("this device does not compute in bfloat16");
    }
}

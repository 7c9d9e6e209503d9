//! The same small experiment on another device: `just test-wgpu`, `just gpu-check`.
//!
//! The device is named by `AIO_TEST_DEVICE`; the program must have been built with its feature.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// `<task>.<metric>` of the trained model and of the untrained one.
type Metrics = [BTreeMap<String, f64>; 2];

fn smoke(directory: &Path, device: &str) -> Metrics {
    let runs = format!("runs-{device}");
    let arguments = ["experiment", "smoke", "--json", "--device", device, "--runs", &runs];
    let output = Command::new(env!("CARGO_BIN_EXE_aio")).args(arguments).current_dir(directory).output().expect("the program starts");
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
    // One query of the smallest task is a quarter of a metric: an order of two near entries may differ after training.
    for ((cpu, other), (what, tolerance)) in cpu.iter().zip(&other).zip([("trained", 0.03), ("untrained", 0.005)]) {
        let maps: Vec<&String> = cpu.keys().filter(|k| k.ends_with(".map")).collect();
        assert!(maps.len() >= 6);
        for key in maps {
            let difference = (cpu[key] - other[key]).abs();
            assert!(difference <= tolerance, "{what} {key}: {} on the CPU, {} on {device}", cpu[key], other[key]);
        }
    }
}

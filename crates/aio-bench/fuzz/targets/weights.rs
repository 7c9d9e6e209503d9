#![no_main]
//! Weights files of this project and safetensors of others.

use aio_encoder::weights::{Preprocessing, Weights};
use aio_model::{BackboneConfig, import};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static ROOT: LazyLock<tempfile::TempDir> = LazyLock::new(aio_fuzz::directory);

fuzz_target!(|input: &[u8]| {
    let weights = Weights::from_bytes("the input", input.to_vec());
    let _ = (weights.shapes(), weights.metadata::<BackboneConfig>("config"));
    let _ = weights.metadata::<Preprocessing>("preprocessing");
    let _ = weights.below("encoder.");
    if let Ok(tensors) = weights.tensors() {
        let _ = import::import("the input", tensors, import::Hints::default());
    }
    let path = aio_fuzz::write(&ROOT, "w.safetensors", input);
    let _ = import::open(path.to_str().expect("UTF-8"), &import::ImportOptions::default());
});

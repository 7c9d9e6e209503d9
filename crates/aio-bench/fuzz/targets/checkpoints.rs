#![no_main]
//! Checkpoints of PyTorch and of Burn. The pickle in one is read and never executed.

use aio_model::import;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static ROOT: LazyLock<tempfile::TempDir> = LazyLock::new(aio_fuzz::directory);

fuzz_target!(|input: &[u8]| {
    let name = if input.starts_with(b"PK") { "c.pth" } else { "c.bpk" };
    let path = aio_fuzz::write(&ROOT, name, input);
    if let Ok(tensors) = import::read(&path) {
        let _ = import::import("the input", tensors, import::Hints::default());
    }
});

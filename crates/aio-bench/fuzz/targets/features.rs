#![no_main]
//! Feature files of other tools: safetensors and npy.

use aio_bench::features::FeatureFile;
use aio_eval::Protocol;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static ROOT: LazyLock<tempfile::TempDir> = LazyLock::new(aio_fuzz::directory);

fuzz_target!(|input: &[u8]| {
    let name = if input.starts_with(b"\x93NUMPY") { "f.npy" } else { "f.safetensors" };
    let path = aio_fuzz::write(&ROOT, name, input);
    // Labels that cannot be read must not hide what happens to the features.
    aio_fuzz::write(&ROOT, "f.ids.npy", input);
    let _ = FeatureFile::read(&path, Protocol::Tri);
});

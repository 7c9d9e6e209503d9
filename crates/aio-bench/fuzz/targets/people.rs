#![no_main]
//! Lists of people and the manifests of features.

use aio_bench::embed;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static ROOT: LazyLock<tempfile::TempDir> = LazyLock::new(aio_fuzz::directory);

fuzz_target!(|input: &[u8]| {
    if input.starts_with(b"{") {
        aio_fuzz::write(&ROOT, "f.json", input);
        let _ = embed::Manifest::read(&ROOT.path().join("f.safetensors"), 2, None);
    } else {
        let _ = embed::people(&aio_fuzz::write(&ROOT, "people.csv", input));
    }
});

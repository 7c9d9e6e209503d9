#![no_main]
//! Sweep files.

use aio_bench::sweep::Sweep;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static ROOT: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let root = aio_fuzz::directory();
    aio_fuzz::write(&root, "smoke.toml", include_bytes!("../../../../experiments/smoke.toml"));
    root
});

fuzz_target!(|text: &str| {
    let _ = Sweep::load(&aio_fuzz::write(&ROOT, "sweep.toml", text.as_bytes()));
});

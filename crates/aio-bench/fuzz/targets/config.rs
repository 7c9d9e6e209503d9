#![no_main]
//! Experiment files.

use aio_bench::config::Experiment;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static ROOT: LazyLock<tempfile::TempDir> = LazyLock::new(aio_fuzz::directory);

fuzz_target!(|text: &str| {
    let _ = Experiment::load(&aio_fuzz::write(&ROOT, "experiment.toml", text.as_bytes()), &[]);
});

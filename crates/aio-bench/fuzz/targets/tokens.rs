#![no_main]
//! Token files of `aio encode`.

use aio_bench::encode::Tokens;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static ROOT: LazyLock<tempfile::TempDir> = LazyLock::new(aio_fuzz::directory);

fuzz_target!(|input: &[u8]| {
    if let Ok(tokens) = Tokens::read(&aio_fuzz::write(&ROOT, "tokens.safetensors", input)) {
        assert_eq!(tokens.shape.iter().product::<usize>(), tokens.values.len());
    }
});

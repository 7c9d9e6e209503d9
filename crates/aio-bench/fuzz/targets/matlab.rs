#![no_main]
//! MATLAB 5 files.

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static ROOT: LazyLock<tempfile::TempDir> = LazyLock::new(aio_fuzz::directory);

fuzz_target!(|input: &[u8]| {
    let mut file = vec![b' '; 126];
    file.extend_from_slice(b"IM");
    file.extend_from_slice(input);
    let _ = aio_data::readers::matlab::read(&aio_fuzz::write(&ROOT, "x.mat", &file));
});

#![no_main]
//! One's own data as CSV and as Parquet.

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static ROOT: LazyLock<tempfile::TempDir> = LazyLock::new(aio_fuzz::directory);

fuzz_target!(|input: &[u8]| {
    let name = if input.starts_with(b"PAR1") { "table.parquet" } else { "table.csv" };
    let _ = aio_data::readers::table::read(&aio_fuzz::write(&ROOT, name, input));
});

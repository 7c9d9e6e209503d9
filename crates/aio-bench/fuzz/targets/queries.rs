#![no_main]
//! Queries of `aio search --queries`: one JSON object per line.

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static ROOT: LazyLock<tempfile::TempDir> = LazyLock::new(aio_fuzz::directory);

fuzz_target!(|input: &[u8]| {
    let path = aio_fuzz::write(&ROOT, "queries.jsonl", input);
    for query in aio_bench::gallery::queries(&path).unwrap_or_default() {
        let is_empty = query.row.pictures.is_empty() && query.row.text.is_none();
        assert!(!is_empty || !query.like.is_empty(), "{query:?}");
    }
});

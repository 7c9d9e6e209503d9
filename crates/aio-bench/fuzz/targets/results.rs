#![no_main]
//! JSON files of a run: as they are, and with the checksum that an attacker would write.

use aio_bench::report::{AttentionExample, EmbeddingExample, RankedLists, training_log};
use aio_bench::run::Run;
use aio_data::checksum::inside;
use aio_types::TaskId;
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static ROOT: LazyLock<tempfile::TempDir> = LazyLock::new(aio_fuzz::directory);

fn read(text: &[u8]) {
    for name in ["result.json", "x.json", "manifest.json", "metrics.jsonl"] {
        aio_fuzz::write(&ROOT, name, text);
    }
    let run = Run::at(ROOT.path().to_path_buf());
    if let Ok(Some(result)) = run.result() {
        for format in [aio_bench::report::Format::Html, aio_bench::report::Format::Csv] {
            let _ = aio_bench::report::results(std::slice::from_ref(&result), None, format);
        }
    }
    let _ = run.read::<BTreeMap<TaskId, RankedLists>>("x.json");
    let _ = run.read::<EmbeddingExample>("x.json");
    let _ = run.read::<AttentionExample>("x.json");
    let _ = aio_synth::benchmark::manifest(ROOT.path());
    let _ = training_log(&run);
}

fuzz_target!(|input: &[u8]| {
    read(input);
    if let Ok(mut value) = serde_json::from_slice::<serde_json::Value>(input) {
        if let Some(object) = value.as_object_mut() {
            object.remove(inside::KEY);
        }
        if let Ok(sealed) = inside::to_json(&value) {
            read(sealed.as_bytes());
        }
    }
});

#![no_main]
//! The Parquet index of a large annotation file.

use aio_data::DatasetName;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// The annotations that the index of the seed was built from.
const ANNOTATIONS: &str = include_str!("annotations.json");

static ROOT: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let root = aio_fuzz::directory();
    let folder = root.path().join("SYNTH-PEDES");
    std::fs::create_dir(&folder).expect("create");
    std::fs::write(folder.join("synthpedes_dataset.json"), ANNOTATIONS).expect("write");
    root
});

fuzz_target!(|input: &[u8]| {
    let path = ROOT.path().join("SYNTH-PEDES").join(aio_data::readers::synth_pedes::INDEX);
    std::fs::write(path, input).expect("write");
    if let Ok(dataset) = DatasetName::SynthPedes.open(ROOT.path())
        && let Some(indexed) = dataset.indexed
    {
        for number in 0..indexed.index.len().min(100) {
            let _ = indexed.photograph(number);
        }
    }
});

//! Lists, annotations and tables with bytes changed at random: readers may refuse them, but never panic and never take long.
//!
//! A short, seeded run of what `just fuzz` does for longer.

use aio_data::{DatasetName, readers};
use aio_synth::benchmark::{self, Size};
use aio_types::rng;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Changes, cuts or doubles a few places of a file.
fn mutate(bytes: &[u8], rng: &mut ChaCha8Rng) -> Vec<u8> {
    const SPICE: [&[u8]; 12] = [
        b"\0",
        b"\xff\xfe",
        b"../",
        b"/",
        b"\"",
        b"[[[[",
        b"-9223372036854775808",
        b"99999999999999999999",
        b"\r\n",
        b",",
        b"{",
        b" ",
    ];
    let mut bytes = bytes.to_vec();
    for _ in 0..rng.random_range(1..4) {
        let place = rng.random_range(0..=bytes.len());
        match rng.random_range(0..4) {
            0 => bytes.truncate(place),
            1 => {
                let spice = SPICE[rng.random_range(0..SPICE.len())];
                bytes.splice(place..place, spice.iter().copied());
            }
            2 if place < bytes.len() => bytes[place] = rng.random(),
            _ => {
                let end = (place + rng.random_range(0..40)).min(bytes.len());
                let copy = bytes[place..end].to_vec();
                bytes.splice(place..place, copy);
            }
        }
    }
    bytes
}

/// Files that are no pictures.
fn lists(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).expect("list").flatten().map(|e| e.path()) {
        match entry.extension().and_then(|e| e.to_str()) {
            _ if entry.is_dir() => found.extend(lists(&entry)),
            Some("jpg") => {}
            _ => found.push(entry),
        }
    }
    found.sort();
    found
}

#[test]
fn changed_lists_are_read_or_refused() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let size = Size {
        synth_pedes: 2,
        llcm: 2,
        market_sketch: 2,
        market: 3,
        test: 2,
        pku: 20,
        development: 1,
    };
    benchmark::write(directory.path(), 4, size, &|_, _| ControlFlow::Continue(()))
        .expect("rendered");
    let mut refused = 0;
    for name in DatasetName::ALL.into_iter().filter(|name| name.locate(directory.path()).is_ok()) {
        let files = lists(&name.locate(directory.path()).expect("rendered"));
        for round in 0..40u64 {
            let rng = &mut rng(1, name.name(), round);
            let Some(file) = files.get(rng.random_range(0..files.len().max(1))) else { continue };
            let whole = std::fs::read(file).expect("read");
            std::fs::write(file, mutate(&whole, rng)).expect("write");
            let begun = Instant::now();
            refused += usize::from(name.open(directory.path()).is_err());
            assert!(begun.elapsed() < Duration::from_secs(5), "{name}, {}", file.display());
            std::fs::write(file, whole).expect("write");
        }
    }
    assert!(refused > 50, "{refused} of the changed files were refused");
}

#[test]
fn changed_tables_and_matlab_files_are_read_or_refused() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let golden = |path: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    let csv = "path,identity,camera,modality,split,caption,source\n,1,,text,query,\"A man, \"\"tall\"\".\",10\n,2,,text,train,Ä.,\n";
    let parquet = std::fs::read(golden("aio-data/tests/golden/shop.parquet")).expect("read");
    let matlab = std::fs::read(golden("aio-bench/tests/golden/rand_perm_cam.mat")).expect("read");
    let (mut read, mut refused) = (0, 0);
    for round in 0..400 {
        let rng = &mut rng(2, "tables", round);
        let files =
            [("shop.csv", csv.as_bytes()), ("shop.parquet", &parquet[..]), ("x.mat", &matlab[..])];
        for (file, bytes) in files {
            let path = directory.path().join(file);
            std::fs::write(&path, mutate(bytes, rng)).expect("write");
            let begun = Instant::now();
            let is_read = match file {
                "x.mat" => readers::matlab::read(&path).is_ok(),
                _ => readers::table::read(&path).is_ok(),
            };
            assert!(begun.elapsed() < Duration::from_secs(5), "{file}, round {round}");
            *(if is_read { &mut read } else { &mut refused }) += 1;
        }
    }
    assert!(
        read > 10 && refused > 1000,
        "{read} of the changed files were read, {refused} refused"
    );
}

//! Every damaged byte is found, and damage is no panic.

use crate::support::{create, fill, query};
use aio_gallery::{Gallery, Storage, Unclaimed, Writer};
use rand::RngExt;
use std::path::{Path, PathBuf};

/// Files of a gallery.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).expect("listed").flatten() {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

#[test]
fn every_changed_byte_is_found_and_its_file_is_named() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut writer = create(directory.path(), Storage::Int8);
    let all = fill(&mut writer, 51, 40, 25);
    writer.remove(&[1, 30]).expect("removed");
    let mut rng = crate::support::rng(52);
    let files = files(directory.path());
    assert_eq!(files.len(), 1 + 2 + 2 * 8);
    let mut changed = 0;
    for path in files {
        let whole = std::fs::read(&path).expect("read");
        // Every byte of a small file, and some of a large one.
        let some: Vec<usize> = if whole.len() <= 300 {
            (0..whole.len()).collect()
        } else {
            (0..30).map(|_| rng.random_range(0..whole.len())).chain([0, whole.len() - 1]).collect()
        };
        for at in some {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << rng.random_range(0..8);
            std::fs::write(&path, bytes).expect("written");
            let damages = Gallery::verify(directory.path(), &|_| ()).expect("verified").damages;
            assert_eq!(damages.len(), 1, "{}, byte {at}", path.display());
            assert_eq!(damages[0].file, path);
            if let Some(bytes) = &damages[0].bytes {
                assert!(bytes.contains(&(at as u64)));
            }
            // Whoever reads it gets an error or a list, and no panic.
            if let Ok(gallery) = Gallery::open(directory.path()) {
                _ = gallery.search(&query(&all[0].features, 5));
                _ = gallery.rows().count();
                _ = Writer::open(directory.path(), Unclaimed);
            }
            changed += 1;
        }
        for wrong in [whole[..whole.len() - 1].to_vec(), [&whole[..], &[0]].concat(), Vec::new()] {
            std::fs::write(&path, wrong).expect("written");
            let damages = Gallery::verify(directory.path(), &|_| ()).expect("verified").damages;
            assert_eq!(damages[0].file, path);
            let error = if path.extension().is_some_and(|e| e == "contents") {
                // Writers alone need it.
                let writer = Writer::open(directory.path(), Unclaimed);
                writer.and_then(|mut writer| writer.remove(&[2]))
            } else {
                Gallery::open(directory.path()).and_then(|gallery| {
                    gallery.search(&query(&all[0].features, 50)).map(|hits| hits.len())
                })
            };
            assert!(error.is_err(), "{}: {error:?}", path.display());
        }
        std::fs::write(&path, &whole).expect("written");
    }
    assert!(changed > 500, "{changed} bytes");
    assert_eq!(Gallery::verify(directory.path(), &|_| ()).expect("verified").damages, []);
}

#[test]
fn a_file_that_is_gone_is_named() {
    let directory = tempfile::tempdir().expect("temporary directory");
    fill(&mut create(directory.path(), Storage::F32), 53, 10, 10);
    for path in files(directory.path()) {
        if path.ends_with("gallery.json") {
            continue;
        }
        let whole = std::fs::read(&path).expect("read");
        std::fs::remove_file(&path).expect("removed");
        let damages = Gallery::verify(directory.path(), &|_| ()).expect("verified").damages;
        assert_eq!(damages.iter().map(|d| &d.file).collect::<Vec<_>>(), [&path]);
        let error = Gallery::open(directory.path()).expect_err("gone").to_string();
        assert!(error.contains(&path.display().to_string()), "{error}");
        std::fs::write(&path, whole).expect("written");
    }
}

#[test]
fn a_manifest_of_a_later_version_is_refused() {
    let directory = tempfile::tempdir().expect("temporary directory");
    drop(create(directory.path(), Storage::F32));
    let path = directory.path().join("gallery.json");
    let text = std::fs::read_to_string(&path).expect("read");
    let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    value.as_object_mut().expect("an object").remove("checksum");
    value["format"] = 2.into();
    let text = aio_data::checksum::inside::to_json(&value).expect("JSON");
    std::fs::write(&path, text).expect("written");
    let error = Gallery::open(directory.path()).expect_err("a later version").to_string();
    assert!(error.contains("format 2"), "{error}");
}

//! Every damaged byte is found, and damage is no panic.

use crate::support::{create, fill, query, verified};
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
            let damages = verified(directory.path()).damages;
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
            let damages = verified(directory.path()).damages;
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
    assert_eq!(verified(directory.path()).damages, []);
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
        let damages = verified(directory.path()).damages;
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

#[test]
fn rows_of_a_width_that_no_gallery_has_are_refused() {
    let directory = tempfile::tempdir().expect("temporary directory");
    drop(create(directory.path(), Storage::F32));
    let path = directory.path().join("gallery.json");
    let text = std::fs::read_to_string(&path).expect("read");
    // The checksum is right, and four times 2^62 is 0 in 64 bits.
    for width in [0, 1u64 << 62, (1 << 20) + 1] {
        let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        value.as_object_mut().expect("an object").remove("checksum");
        value["width"] = width.into();
        let text = aio_data::checksum::inside::to_json(&value).expect("JSON");
        std::fs::write(&path, text).expect("written");
        let error = Gallery::open(directory.path()).expect_err("no width").to_string();
        assert!(error.contains(&format!("features of {width} values")), "{error}");
        let damages = verified(directory.path()).damages;
        assert_eq!(damages.iter().map(|d| &d.file).collect::<Vec<_>>(), [&path]);
        let made = Writer::create(
            &directory.path().join("new"),
            crate::support::model("a"),
            width as usize,
            Storage::F32,
            Unclaimed,
        );
        assert!(made.is_err() && !directory.path().join("new").exists(), "{width}");
    }
}

#[test]
fn a_segment_of_more_rows_than_bytes_is_refused() {
    let directory = tempfile::tempdir().expect("temporary directory");
    fill(&mut create(directory.path(), Storage::F32), 56, 4, 4);
    let manifest = directory.path().join("gallery.json");
    let value = |path: &Path| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(path).expect("read")).expect("JSON")
    };
    let mut gallery = value(&manifest);
    let id = gallery["segments"][0]["id"].as_str().expect("a name").to_owned();
    let segments = directory.path().join("segments");
    let mut info = value(&segments.join(&id).join("segment.json"));
    // Eight bytes for each of 2^61 rows are 0 bytes in 64 bits, and so are their features.
    info["rows"] = (1u64 << 61).into();
    for name in ["features.f32", "numbers.u64", "thumbnails.u64"] {
        info["files"][name] = serde_json::json!({"bytes": 0, "chunks": []});
        std::fs::write(segments.join(&id).join(name), "").expect("written");
    }
    let text = serde_json::to_string_pretty(&info).expect("JSON");
    std::fs::write(segments.join(&id).join("segment.json"), &text).expect("written");
    let new = blake3::hash(text.as_bytes()).to_hex()[..32].to_owned();
    std::fs::rename(segments.join(&id), segments.join(&new)).expect("renamed");
    gallery.as_object_mut().expect("an object").remove("checksum");
    gallery["segments"][0]["id"] = new.into();
    gallery["segments"][0]["rows"] = (1u64 << 61).into();
    let text = aio_data::checksum::inside::to_json(&gallery).expect("JSON");
    std::fs::write(&manifest, text).expect("written");
    let error = Gallery::open(directory.path()).expect_err("no such rows").to_string();
    assert!(error.contains("0 bytes do not hold 2305843009213693952 rows"), "{error}");
}

#[test]
fn a_list_of_removed_rows_with_one_changed_bit_is_not_used() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut writer = create(directory.path(), Storage::F32);
    fill(&mut writer, 54, 40, 25);
    writer.remove(&[1, 30, 33]).expect("removed");
    let lists: Vec<PathBuf> = files(directory.path())
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "removed"))
        .collect();
    assert!(!lists.is_empty());
    for path in lists {
        let whole = std::fs::read(&path).expect("read");
        for bit in 0..8 * whole.len() {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, bytes).expect("written");
            let error = Gallery::open(directory.path()).err();
            let error = error.unwrap_or_else(|| panic!("bit {bit} of {}", path.display()));
            assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        }
        std::fs::write(&path, &whole).expect("written");
    }
    assert_eq!(Gallery::open(directory.path()).expect("opened").len(), 37);
    // The list of their contents is for writers.
    let is_list = |path: &PathBuf| path.extension().is_some_and(|e| e == "contents");
    let path = files(directory.path()).into_iter().find(is_list).expect("a list");
    let mut bytes = std::fs::read(&path).expect("read");
    bytes[17] ^= 1;
    std::fs::write(&path, bytes).expect("written");
    let mut writer = Writer::open(directory.path(), Unclaimed).expect("opened");
    let error = writer.merge(&[]).expect_err("damaged").to_string();
    assert!(error.contains(&path.display().to_string()), "{error}");
}

#[test]
fn a_damaged_segment_is_not_compacted() {
    for name in ["features.f32", "thumbnails.jpegs", "numbers.u64", "rows.parquet"] {
        let directory = tempfile::tempdir().expect("temporary directory");
        let mut writer = create(directory.path(), Storage::F32);
        fill(&mut writer, 55, 40, 25);
        writer.remove(&[1, 30]).expect("removed");
        drop(writer);
        let is_it = |path: &PathBuf| path.ends_with(name);
        let path = files(directory.path()).into_iter().find(is_it).expect("a segment");
        let mut bytes = std::fs::read(&path).expect("read");
        bytes[40] ^= 4;
        std::fs::write(&path, &bytes).expect("written");
        let before = files(directory.path());
        let manifest = std::fs::read(directory.path().join("gallery.json")).expect("read");
        let mut writer = Writer::open(directory.path(), Unclaimed).expect("opened");
        let error = writer.compact(&|| false).expect_err(name);
        let text = format!("{error} {:?}", error.hint());
        assert!(text.contains(&path.display().to_string()), "{text}");
        assert!(text.contains("aio gallery verify"), "{text}");
        assert_eq!(files(directory.path()), before);
        let after = std::fs::read(directory.path().join("gallery.json")).expect("read");
        assert!(after == manifest, "the gallery is unchanged");
        // Verification still finds it, and nothing else.
        let damages = verified(directory.path()).damages;
        assert_eq!(damages.iter().map(|d| &d.file).collect::<Vec<_>>(), [&path]);
    }
}

#![no_main]
//! Files of a gallery, with the checksums that an attacker would write. The first byte chooses the file, the rest is its content.

use aio_data::checksum::inside;
use aio_gallery::{
    Content, Entry, Filter, Gallery, Model, Query, Record, Storage, Unclaimed, Writer,
};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

const FILES: [&str; 6] = [
    "gallery.json",
    "segment.json",
    "rows.parquet",
    "numbers.u64",
    "thumbnails.u64",
    "features.f32",
];

static ROOT: LazyLock<tempfile::TempDir> = LazyLock::new(aio_fuzz::directory);

/// The files of a whole gallery of five rows: the manifest, and those of its segment.
static WHOLE: LazyLock<(Vec<u8>, BTreeMap<String, Vec<u8>>)> = LazyLock::new(|| {
    let directory = ROOT.path().join("whole");
    let model =
        Model { name: "m".into(), sha256: "0".into(), settings: "s".into(), description: 7.into() };
    let mut writer =
        Writer::create(&directory, model, 3, Storage::F32, Unclaimed).expect("created");
    for row in 0..5u8 {
        let mut record = Record { path: Some(format!("{row}.jpg")), ..Record::default() };
        record.time = (row % 2 == 0).then_some(i64::from(row));
        record.extra.insert("floor".into(), row.to_string());
        let features = [1.0, f32::from(row), 2.0];
        let content = Content::of([("rgb", &[row][..])]);
        writer
            .add(Entry { content, features: &features, record, thumbnail: &[row; 9] })
            .expect("added");
    }
    writer.commit().expect("committed");
    drop(writer);
    let entries = std::fs::read_dir(segment(&directory)).expect("files").flatten();
    let read = |path: PathBuf| std::fs::read(path).expect("a small file");
    let files =
        entries.map(|e| (e.file_name().to_string_lossy().into_owned(), read(e.path()))).collect();
    (read(directory.join("gallery.json")), files)
});

fn segment(directory: &Path) -> PathBuf {
    let mut entries = std::fs::read_dir(directory.join("segments")).expect("segments").flatten();
    entries.next().expect("a segment").path()
}

/// A manifest with its checksum, which names the segment by the hash of its description.
fn sealed(manifest: &[u8], description: &[u8]) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(manifest).ok()?;
    value.as_object_mut()?.shift_remove(inside::KEY);
    if let Some(segments) = value.get_mut("segments").and_then(Value::as_array_mut) {
        let id = blake3::hash(description).to_hex()[..32].to_owned();
        for segment in segments.iter_mut().filter_map(Value::as_object_mut) {
            segment.insert("id".into(), id.clone().into());
        }
    }
    inside::to_json(&value).ok().map(String::into_bytes)
}

fuzz_target!(|input: &[u8]| {
    let Some((choice, rest)) = input.split_first() else { return };
    let name = FILES[usize::from(*choice) % FILES.len()];
    let (mut manifest, mut files) = (WHOLE.0.clone(), WHOLE.1.clone());
    if name == "gallery.json" {
        manifest = rest.to_vec();
    } else {
        files.insert(name.to_owned(), rest.to_vec());
    }
    let mut description: Value = match serde_json::from_slice(&files["segment.json"]) {
        Ok(description) => description,
        Err(_) => Value::Null,
    };
    if name != "segment.json"
        && let Some(bytes) = description.pointer_mut(&format!("/files/{name}/bytes"))
    {
        *bytes = rest.len().into();
        files.insert("segment.json".into(), serde_json::to_vec(&description).expect("JSON"));
    }
    let description = files["segment.json"].clone();
    let manifest = sealed(&manifest, &description).unwrap_or(manifest);
    let directory = ROOT.path().join("people");
    let _ = std::fs::remove_dir_all(&directory);
    let folder = directory.join("segments").join(&blake3::hash(&description).to_hex()[..32]);
    std::fs::create_dir_all(&folder).expect("created");
    for (name, bytes) in &files {
        std::fs::write(folder.join(name), bytes).expect("written");
    }
    std::fs::write(directory.join("gallery.json"), manifest).expect("written");
    let Ok(gallery) = Gallery::open(&directory) else { return };
    for row in gallery.rows().take(20).flatten() {
        let _ = row.record.get("floor");
    }
    let query = Query {
        model: gallery.model().clone(),
        features: Some(vec![1.0, 2.0, 3.0]),
        modalities: "rgb".into(),
        like: Vec::new(),
        unlike: vec![1],
        replies: Vec::new(),
        filter: Filter::default(),
        top: 3,
        group_by: Some("floor".into()),
        threshold: None,
    };
    let _ = gallery.search(&query);
    let _ = Gallery::verify(&directory, &|_| ControlFlow::Continue(()));
});

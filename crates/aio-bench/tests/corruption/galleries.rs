//! Galleries, and what is added to and asked of them.

use crate::runs::{content, folder};
use crate::trial::{Content as Read, Kind, Seal};
use aio_bench::gallery;
use aio_gallery::{Content, Entry, Gallery, Model, Record, Source, Storage, Unclaimed, Writer};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

pub(crate) fn kinds() -> Vec<Kind> {
    let segment = |name| move |directory: &Path| segment(directory).join(name);
    vec![
        of_gallery("manifest of a gallery", Seal::Checksum, |d| d.join("gallery.json")),
        of_gallery("description of a segment", Seal::Checksum, segment("segment.json")),
        // Searching reads them without comparing checksums; `aio gallery verify` compares them.
        of_gallery("rows of a segment (Parquet)", Seal::None, segment("rows.parquet")),
        verified("features of a segment", segment("features.f32")),
        verified("numbers of the rows of a segment", segment("numbers.u64")),
        verified("thumbnails of a segment", segment("thumbnails.jpegs")),
        verified("places of the thumbnails of a segment", segment("thumbnails.u64")),
        verified("removed rows of a gallery", |directory| {
            let files = std::fs::read_dir(directory).expect("listed").flatten();
            let mut paths = files.map(|file| file.path());
            let removed = paths.find(|path| path.extension().is_some_and(|e| e == "removed"));
            removed.expect("a list of removed rows")
        }),
        boxes("boxes of a tracker (MOTChallenge)", "gt.txt", MOT, |source| {
            aio_gallery::mot(source)
        }),
        boxes("boxes of a detector (COCO)", "coco.json", COCO, |s| aio_gallery::coco(s, "person")),
        queries(),
    ]
}

fn segment(directory: &Path) -> PathBuf {
    let mut entries = std::fs::read_dir(directory.join("segments")).expect("segments").flatten();
    entries.next().expect("a segment").path()
}

/// A gallery of five rows, one of which is removed.
fn gallery(kept: &Path) -> PathBuf {
    let directory = kept.join("people");
    let model =
        Model { name: "m".into(), sha256: "0".into(), settings: "s".into(), description: 7.into() };
    let writer = Writer::create(&directory, model, 3, Storage::F32, Unclaimed);
    let mut writer = writer.expect("created");
    for row in 0..5u8 {
        let mut record = Record { path: Some(format!("{row}.jpg")), ..Record::default() };
        record.time = (row % 2 == 0).then_some(i64::from(row));
        record.extra.insert("floor".into(), row.to_string());
        let content = Content::of([("rgb", &[row][..])]);
        let features = [1.0, f32::from(row), 2.0];
        let entry = Entry { content, features: &features, record, thumbnail: &[row; 9] };
        writer.add(entry).expect("added");
    }
    writer.commit().expect("committed");
    writer.remove(&[3]).expect("removed");
    directory
}

/// A file of a gallery, which `aio gallery verify` compares with its checksum.
fn verified(name: &'static str, file: impl Fn(&Path) -> PathBuf) -> Kind {
    let kept = folder();
    let directory = gallery(kept.path());
    let file = file(&directory);
    let read = Box::new(move || {
        let found = Gallery::verify(&directory, &|_| ControlFlow::Continue(()))
            .map_err(|e| e.to_string())?;
        match found.damages.first() {
            None => Ok(format!("{found:?}")),
            Some(damage) => Err(format!("{}: {}", damage.file.display(), damage.problem)),
        }
    });
    Kind { name, seal: Seal::Checksum, file, read, _kept: kept }
}

/// A file of a gallery, which is read as a search reads it.
fn of_gallery(name: &'static str, seal: Seal, file: impl Fn(&Path) -> PathBuf) -> Kind {
    let kept = folder();
    let directory = gallery(kept.path());
    let file = file(&directory);
    let read = Box::new(move || {
        let rows = Gallery::open(&directory).and_then(|gallery| {
            let rows = gallery.rows().collect::<aio_gallery::Result<Vec<_>>>()?;
            Ok((gallery.model().clone(), gallery.generation(), rows))
        });
        content(rows)
    });
    Kind { name, seal, file, read, _kept: kept }
}

const MOT: &str =
    "1,1,10,20,30.5,60,0.9,-1,-1,-1\n1,2,11,21,31,61,0.8,-1,-1,-1\n2,1,12,22,32,62,1,-1,-1,-1\n";

const COCO: &str = r#"{"images": [{"id": 1, "file_name": "1.jpg"}, {"id": 2, "file_name": "2.jpg"}],
"categories": [{"id": 1, "name": "person"}], "annotations": [
{"image_id": 1, "category_id": 1, "bbox": [10, 20, 30.5, 60], "score": 0.9, "track_id": 1},
{"image_id": 2, "category_id": 1, "bbox": [12, 22, 32, 62]}]}"#;

fn boxes(
    name: &'static str,
    file: &str,
    text: &str,
    parse: fn(&Source) -> aio_gallery::Result<aio_gallery::Detected>,
) -> Kind {
    let kept = folder();
    let frames = kept.path().join("frames");
    std::fs::create_dir(&frames).expect("created");
    for frame in ["1.jpg", "2.jpg"] {
        std::fs::write(frames.join(frame), "x").expect("written");
    }
    let file = kept.path().join(file);
    std::fs::write(&file, text).expect("written");
    let path = file.clone();
    let read = Box::new(move || -> Read {
        content(parse(&Source { file: &path, frames: &frames, least_confidence: None }))
    });
    Kind { name, seal: Seal::None, file, read, _kept: kept }
}

fn queries() -> Kind {
    let kept = folder();
    let file = kept.path().join("queries.jsonl");
    let text = "{\"name\": \"a\", \"sketch\": \"x.png\", \"text\": \"a red jacket\"}\n{\"like\": [3, 4], \"unlike\": [5]}\n";
    std::fs::write(&file, text).expect("written");
    let path = file.clone();
    let read = Box::new(move || content(gallery::queries(&path)));
    Kind { name: "queries (JSON lines)", seal: Seal::None, file, read, _kept: kept }
}

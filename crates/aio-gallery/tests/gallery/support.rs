//! Galleries for tests.

use aio_gallery::{
    Added, Content, Entry, Gallery, Hit, Model, Query, Record, Storage, Unclaimed, Verified, Writer,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ops::ControlFlow;
use std::path::Path;

pub(crate) const WIDTH: usize = 24;

pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

pub(crate) fn model(name: &str) -> Model {
    let sha256 = format!("sha-of-{name}");
    Model {
        name: name.into(),
        sha256,
        settings: Default::default(),
        description: Default::default(),
    }
}

/// Features whose values are evenly distributed.
pub(crate) fn features(rng: &mut ChaCha8Rng, width: usize) -> Vec<f32> {
    (0..width).map(|_| rng.random_range(-1.0..1.0)).collect()
}

pub(crate) fn content(name: &str) -> Content {
    Content::of([("rgb", name.as_bytes())])
}

/// What a test remembers of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    pub(crate) features: Vec<f32>,
    pub(crate) record: Record,
    pub(crate) thumbnail: Vec<u8>,
}

/// Row `i` of a random gallery: one of five people (or nobody), four cameras (or none), and a time.
pub(crate) fn known(rng: &mut ChaCha8Rng, i: usize) -> Known {
    let text = |prefix: &str, number: u32| (number > 0).then(|| format!("{prefix}{number}"));
    let mut record = Record {
        path: Some(format!("photos/{i:05}.jpg")),
        identity: text("person ", rng.random_range(0..6)),
        camera: text("cam", rng.random_range(0..5)),
        time: rng.random_bool(0.8).then(|| rng.random_range(0..100) * 1_000_000),
        modality: "rgb".into(),
        caption: rng.random_bool(0.3).then(|| format!("somebody, \"number\" {i}")),
        ..Record::default()
    };
    if rng.random_bool(0.5) {
        record.extra.insert("floor".into(), rng.random_range(0..3).to_string());
    }
    Known { features: features(rng, WIDTH), record, thumbnail: vec![i as u8; i % 7] }
}

pub(crate) fn create(directory: &Path, storage: Storage) -> Writer {
    Writer::create(directory, model("a"), WIDTH, storage, Unclaimed).expect("created")
}

/// What a verification finds that nobody stops.
pub(crate) fn verified(directory: &Path) -> Verified {
    Gallery::verify(directory, &|_| ControlFlow::Continue(())).expect("verified")
}

pub(crate) fn add(writer: &mut Writer, row: &Known) -> Added {
    let name = row.record.path.as_deref().expect("a path");
    let entry = Entry {
        content: content(name),
        features: &row.features,
        record: row.record.clone(),
        thumbnail: &row.thumbnail,
    };
    writer.add(entry).expect("added")
}

/// Fills a gallery with `rows` rows in segments of `segment` rows.
pub(crate) fn fill(writer: &mut Writer, seed: u64, rows: usize, segment: usize) -> Vec<Known> {
    let mut rng = rng(seed);
    let all: Vec<Known> = (0..rows).map(|i| known(&mut rng, i)).collect();
    for part in all.chunks(segment) {
        for row in part {
            add(writer, row);
        }
        writer.commit().expect("committed");
    }
    all
}

pub(crate) fn query(features: &[f32], top: usize) -> Query {
    Query::of(model("a"), features.to_vec(), "rgb", top)
}

pub(crate) fn numbers(hits: &[Hit]) -> Vec<u64> {
    hits.iter().map(|hit| hit.row).collect()
}

/// Everything that a reader sees: numbers, records, thumbnails, and features bit by bit.
pub(crate) fn contents(gallery: &Gallery) -> Vec<(u64, Record, Vec<u8>, Vec<u32>)> {
    let row = |row: aio_gallery::Result<aio_gallery::Row>| {
        let row = row.expect("a row");
        let bits = row.features.iter().map(|value| value.to_bits()).collect();
        (row.number, row.record, row.thumbnail, bits)
    };
    gallery.rows().map(row).collect()
}

/// Cosine of two rows in double precision.
pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let product = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    product(a, b) / (product(a, a) * product(b, b)).sqrt()
}

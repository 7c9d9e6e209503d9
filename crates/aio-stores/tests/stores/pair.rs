//! A gallery on disk and its copy in a database, and random queries.

use crate::server::Server;
use aio_gallery::{
    Answer, Calibration, Condition, Content, Entry, Filter, Gallery, Labelled, Method, Model,
    Query, Record, Relation, Scan, Storage, Unclaimed, Writer, calibrate,
};
use aio_stores::{Address, Layout, Pushed, Store, push};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::Path;
use tempfile::TempDir;

pub(crate) const WIDTH: usize = 24;

/// A gallery on disk and the address of its copy, which goes with it.
pub(crate) struct Pair {
    pub(crate) server: Server,
    pub(crate) directory: TempDir,
    pub(crate) address: Address,
}

pub(crate) fn model(name: &str) -> Model {
    Model {
        name: name.into(),
        sha256: format!("sha-of-{name}"),
        settings: serde_json::Value::Null,
        description: serde_json::Value::Null,
    }
}

pub(crate) fn features(rng: &mut ChaCha8Rng) -> Vec<f32> {
    (0..WIDTH).map(|_| rng.random_range(-1.0..1.0)).collect()
}

/// Adds rows `first` to `first + count`: five people or nobody, four cameras or none, times, and a column of the user's, with characters that a statement could
/// misread.
pub(crate) fn add(directory: &Path, first: usize, count: usize) {
    let mut writer = Writer::open(directory, Unclaimed).expect("opened");
    for i in first..first + count {
        let mut rng = ChaCha8Rng::seed_from_u64(i as u64);
        let mut text = |prefix: &str, most: u32| {
            let number = rng.random_range(0..=most);
            (number > 0).then(|| format!("{prefix}{number}"))
        };
        let mut record = Record {
            path: Some(format!("photos/{i:05}.jpg")),
            identity: text("person '", 5),
            camera: text("cam\"", 4),
            modality: "rgb".into(),
            ..Record::default()
        };
        record.extra.extend(text("", 3).map(|floor| ("floor; --.[\"".to_owned(), floor)));
        record.time = rng.random_bool(0.8).then(|| rng.random_range(0..100) * 1_000_000);
        record.crop = rng.random_bool(0.5).then(|| "1.5,2,30,40.25".parse().expect("a box"));
        record.caption = rng.random_bool(0.3).then(|| format!("somebody's \\ \"number\"\t{i} ü"));
        let (content, features) =
            (Content::of([("rgb", &i.to_le_bytes()[..])]), features(&mut rng));
        writer.add(Entry { content, features: &features, record, thumbnail: &[] }).expect("added");
    }
    writer.commit().expect("committed");
}

impl Pair {
    pub(crate) fn new(server: Server, name: &str, rows: usize) -> Self {
        Self::stored(server, name, rows, Storage::F32)
    }

    pub(crate) fn stored(server: Server, name: &str, rows: usize, storage: Storage) -> Self {
        let directory = tempfile::tempdir().expect("temporary directory");
        let name = format!("test_{}_{name}", std::process::id());
        let address = server.address(&name).parse().expect("an address");
        let writer = Writer::create(directory.path(), model("a"), WIDTH, storage, Unclaimed);
        writer.expect("created").commit().expect("committed");
        let pair = Self { server, directory, address };
        pair.add(0, rows);
        pair
    }

    pub(crate) fn writer(&self) -> Writer {
        Writer::open(self.directory.path(), Unclaimed).expect("opened")
    }

    pub(crate) fn add(&self, first: usize, count: usize) {
        add(self.directory.path(), first, count);
    }

    pub(crate) fn gallery(&self) -> Gallery {
        Gallery::open(self.directory.path()).expect("opened")
    }

    pub(crate) fn push(&self) -> Pushed {
        self.push_as(Layout::default())
    }

    pub(crate) fn push_as(&self, layout: Layout) -> Pushed {
        push(&self.gallery(), &self.address, layout, &|_| {}).expect("pushed")
    }

    /// Rows of the copy that a reader sees now.
    pub(crate) fn visible(&self) -> usize {
        let asked = [query(vec![1.0; WIDTH], 1)];
        let answers = self.store().answers(&asked, Scan::Exact).expect("answered");
        answers[0].searched.expect("counted")
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(&self.address).expect("opened")
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.server.remove(self.address.name());
    }
}

/// Of two similar pictures each of forty people.
pub(crate) fn calibration() -> Calibration {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut values = Vec::new();
    for _ in 0..40 {
        let person = features(&mut rng);
        for _ in 0..2 {
            values.extend(person.iter().map(|value| value + rng.random_range(-0.5..0.5)));
        }
    }
    let identities: Vec<i64> = (0..80).map(|row| row / 2).collect();
    let labelled = Labelled::new(&values, WIDTH, &identities, None).expect("labelled");
    calibrate(&labelled, None, Method::Platt, "a test".into()).expect("calibrated")
}

pub(crate) fn query(features: Vec<f32>, top: usize) -> Query {
    Query::of(model("a"), features, "rgb", top)
}

pub(crate) fn filter(rng: &mut ChaCha8Rng) -> Filter {
    let cameras = |rng: &mut ChaCha8Rng| -> Vec<String> {
        (0..rng.random_range(0..3)).map(|_| format!("cam\"{}", rng.random_range(1..6))).collect()
    };
    let mut filter = Filter {
        cameras: if rng.random_bool(0.3) { cameras(rng) } else { Vec::new() },
        not_cameras: if rng.random_bool(0.3) { cameras(rng) } else { Vec::new() },
        after: rng.random_bool(0.3).then(|| rng.random_range(0..50) * 1_000_000),
        before: rng.random_bool(0.3).then(|| rng.random_range(50..100) * 1_000_000),
        conditions: Vec::new(),
    };
    for (column, value) in [
        ("identity", format!("person '{}", rng.random_range(1..6))),
        ("floor; --.[\"", rng.random_range(1..5).to_string()),
        ("modality", "rgb".to_owned()),
        ("crop", "1.5,2,30,40.25".to_owned()),
        ("time", format!("{}.0", rng.random_range(0..100))),
    ] {
        if rng.random_bool(0.15) {
            let relation = [Relation::Equal, Relation::NotEqual][rng.random_range(0..2)];
            filter.conditions.push(Condition { column: column.into(), relation, value });
        }
    }
    filter
}

/// Similarities that differ by less are equal: a database adds products in another order.
const ROUNDING: f32 = 2e-6;

/// The same rows in the same order, but for rows that are equally similar, with what the gallery knows of them.
pub(crate) fn same(found: &Answer, expected: &Answer, gallery: &Gallery, what: &str) {
    assert_eq!(found.searched, expected.searched, "{what}");
    assert_eq!(found.hits.len(), expected.hits.len(), "{what}");
    let last = expected.hits.last().map_or(0.0, |hit| hit.similarity);
    for (found, at_its_place) in found.hits.iter().zip(&expected.hits) {
        assert!((found.similarity - at_its_place.similarity).abs() < ROUNDING, "{what}");
        let is_expected = expected.hits.iter().any(|hit| hit.row == found.row);
        assert!(is_expected || (found.similarity - last).abs() < ROUNDING, "{what}: {found:?}");
        assert_eq!(found.record, gallery.row(found.row).expect("a row").record, "{what}");
        let probabilities = [found, at_its_place].map(|hit| hit.probability.unwrap_or(-1.0));
        assert!((probabilities[0] - probabilities[1]).abs() < 1e-4, "{what}: {probabilities:?}");
    }
}

/// The share of the rows in the expected lists that was found.
pub(crate) fn recall(found: &[Answer], expected: &[Answer]) -> f64 {
    let (mut hits, mut all) = (0, 0);
    for (found, expected) in found.iter().zip(expected) {
        all += expected.hits.len();
        let is_expected = |row: u64| expected.hits.iter().any(|hit| hit.row == row);
        hits += found.hits.iter().filter(|hit| is_expected(hit.row)).count();
    }
    hits as f64 / all as f64
}

/// Numbers of the rows of an answer.
pub(crate) fn rows(answer: &Answer) -> Vec<u64> {
    answer.hits.iter().map(|hit| hit.row).collect()
}

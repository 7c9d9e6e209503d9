//! Searching galleries of generated rows.

use crate::Outcome;
use crate::time::milliseconds;
use aio_bench::report::CostCurve;
use aio_gallery::{
    Content, Entry, Filter, Gallery, Model, Query, Record, Storage, Unclaimed, Writer,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::path::Path;

const WIDTH: usize = 128;
/// Queries that are asked at once.
const TOGETHER: usize = 64;
/// Cameras that rows are spread over.
const CAMERAS: usize = 16;
/// Rows of the galleries.
const SIZES: [usize; 6] = [1_000, 4_000, 16_000, 64_000, 256_000, 1_000_000];
/// Rows that become part of a gallery at once, as in `aio gallery add`.
const COMMIT_ROWS: usize = 16_384;

fn model() -> Model {
    Model {
        name: "generated".into(),
        sha256: "generated".into(),
        settings: Value::Null,
        description: Value::Null,
    }
}

fn features(rng: &mut ChaCha8Rng) -> Vec<f32> {
    (0..WIDTH).map(|_| rng.random_range(-1.0f32..1.0)).collect()
}

fn gallery(directory: &Path, rows: usize) -> Outcome<Gallery> {
    let mut rng = ChaCha8Rng::seed_from_u64(rows as u64);
    let mut writer = Writer::create(directory, model(), WIDTH, Storage::F32, Unclaimed)?;
    for row in 0..rows {
        let content = Content::of([("rgb", row.to_string().as_bytes())]);
        let camera = Some(format!("gate-{}", row % CAMERAS));
        let record = Record { camera, modality: "rgb".into(), ..Record::default() };
        writer.add(Entry { content, features: &features(&mut rng), record, thumbnail: &[] })?;
        if writer.pending() >= COMMIT_ROWS {
            writer.commit()?;
        }
    }
    writer.commit()?;
    Ok(Gallery::open(directory)?)
}

fn queries(filter: &Filter) -> Vec<Query> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let query =
        |_| Query { filter: filter.clone(), ..Query::of(model(), features(&mut rng), "rgb", 10) };
    (0..TOGETHER).map(query).collect()
}

/// Milliseconds of a query: alone, alone among the rows of one camera, and of many at once.
struct Costs {
    alone: f64,
    one_camera: f64,
    together: f64,
}

impl Costs {
    fn of(gallery: &Gallery) -> Outcome<Self> {
        let camera = Filter { cameras: vec!["gate-3".into()], ..Filter::default() };
        let (plain, filtered) = (queries(&Filter::default()), queries(&camera));
        // Errors would be errors of every call.
        gallery.search(&plain[0])?;
        gallery.search(&filtered[0])?;
        let search = |query: &Query| drop(gallery.search(query));
        Ok(Self {
            alone: milliseconds(|| search(&plain[0])),
            one_camera: milliseconds(|| search(&filtered[0])),
            together: milliseconds(|| drop(gallery.answers(&plain))) / TOGETHER as f64,
        })
    }
}

/// Galleries of 1,000 to a million rows.
pub(crate) fn by_rows() -> Outcome<Vec<CostCurve>> {
    let names =
        ["one query", "one query among the rows of one of 16 cameras", "64 queries at once"];
    let mut curves = names.map(|name| CostCurve { name: name.to_owned(), points: Vec::new() });
    for rows in SIZES {
        let directory = tempfile::tempdir()?;
        let costs = Costs::of(&gallery(&directory.path().join("gallery"), rows)?)?;
        let values = [costs.alone, costs.one_camera, costs.together];
        for (curve, cost) in curves.iter_mut().zip(values) {
            curve.points.push((rows as f64, cost));
        }
    }
    Ok(curves.into())
}

/// One gallery, for the comparison of numbers of threads.
pub(crate) fn work() -> Outcome<Vec<CostCurve>> {
    let directory = tempfile::tempdir()?;
    let costs = Costs::of(&gallery(&directory.path().join("gallery"), 256_000)?)?;
    let curve = |name: &str, cost| CostCurve { name: name.to_owned(), points: vec![(1.0, cost)] };
    Ok(vec![
        curve("search of 256,000 rows", costs.alone),
        curve("the same, of 64 queries at once, each", costs.together),
    ])
}

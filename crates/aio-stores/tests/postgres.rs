//! Galleries in a real PostgreSQL with pgvector, compared with exact search on disk: `just test-stores`.

use aio_gallery::{
    Answer, Calibration, Condition, Content, Entry, Filter, Gallery, Labelled, Method, Model,
    Query, Record, Relation, Replied, Reply, Storage, Unclaimed, Writer, calibrate,
};
use aio_stores::{Address, Index, Layout, Partition, Pushed, Scan, Store, StoreError, push};
use postgres::{Client, NoTls};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use tempfile::TempDir;

const WIDTH: usize = 24;

/// A gallery on disk and the address of its copy, whose tables go with it.
struct Pair {
    directory: TempDir,
    url: String,
    address: Address,
}

fn server() -> String {
    std::env::var("AIO_TEST_POSTGRES")
        .expect("AIO_TEST_POSTGRES is the address of a database: just test-stores")
}

fn model(name: &str) -> Model {
    Model {
        name: name.into(),
        sha256: format!("sha-of-{name}"),
        settings: serde_json::Value::Null,
        description: serde_json::Value::Null,
    }
}

fn features(rng: &mut ChaCha8Rng) -> Vec<f32> {
    (0..WIDTH).map(|_| rng.random_range(-1.0..1.0)).collect()
}

impl Pair {
    /// A gallery of `rows` rows with words that SQL could misread.
    fn new(name: &str, rows: usize) -> Self {
        let directory = tempfile::tempdir().expect("temporary directory");
        let name = format!("test_{}_{name}", std::process::id());
        let url = format!("{}#{name}", server());
        let writer = Writer::create(directory.path(), model("a"), WIDTH, Storage::F32, Unclaimed);
        writer.expect("created").commit().expect("committed");
        let pair = Self { directory, address: url.parse().expect("an address"), url };
        pair.add(0, rows);
        pair
    }

    fn writer(&self) -> Writer {
        Writer::open(self.directory.path(), Unclaimed).expect("opened")
    }

    /// Adds rows `first` to `first + count`: five people or nobody, four cameras or none, times, and a column of the user's.
    fn add(&self, first: usize, count: usize) {
        let mut writer = self.writer();
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
            record.extra.extend(text("", 3).map(|floor| ("floor; --".to_owned(), floor)));
            record.time = rng.random_bool(0.8).then(|| rng.random_range(0..100) * 1_000_000);
            record.crop = rng.random_bool(0.5).then(|| "1.5,2,30,40.25".parse().expect("a box"));
            record.caption =
                rng.random_bool(0.3).then(|| format!("somebody's \\ \"number\"\t{i} ü"));
            let (content, features) =
                (Content::of([("rgb", &i.to_le_bytes()[..])]), features(&mut rng));
            writer
                .add(Entry { content, features: &features, record, thumbnail: &[] })
                .expect("added");
        }
        writer.commit().expect("committed");
    }

    fn gallery(&self) -> Gallery {
        Gallery::open(self.directory.path()).expect("opened")
    }

    fn push(&self) -> Pushed {
        self.push_as(Layout::default())
    }

    fn push_as(&self, layout: Layout) -> Pushed {
        push(&self.gallery(), &self.address, layout, &|_| {}).expect("pushed")
    }

    fn store(&self) -> Store {
        Store::open(&self.address).expect("opened")
    }

    fn client(&self) -> Client {
        let url = self.url.split('#').next().expect("an address");
        Client::connect(url, NoTls).expect("connected")
    }

    fn table(&self) -> String {
        format!("aio_gallery_{}", self.address.name())
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        let sql = format!(
            "DROP TABLE IF EXISTS {}; DELETE FROM aio_galleries WHERE name = '{}'",
            self.table(),
            self.address.name()
        );
        let _ = self.client().batch_execute(&sql);
    }
}

/// Of two similar pictures each of forty people.
fn calibration() -> Calibration {
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

fn query(features: Vec<f32>, top: usize) -> Query {
    Query {
        model: model("a"),
        features: Some(features),
        modalities: "rgb".into(),
        like: Vec::new(),
        unlike: Vec::new(),
        replies: Vec::new(),
        filter: Filter::default(),
        top,
        group_by: None,
        threshold: None,
    }
}

fn filter(rng: &mut ChaCha8Rng) -> Filter {
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
        ("floor; --", rng.random_range(1..5).to_string()),
        ("modality", "rgb".to_owned()),
        ("crop", "1.5,2,30,40.25".to_owned()),
        ("time", rng.random_range(0..100).to_string()),
    ] {
        if rng.random_bool(0.15) {
            let relation = [Relation::Equal, Relation::NotEqual][rng.random_range(0..2)];
            filter.conditions.push(Condition { column: column.into(), relation, value });
        }
    }
    filter
}

/// Similarities that differ by less are equal: the database adds products in another order.
const ROUNDING: f32 = 2e-6;

/// The same rows in the same order, but for rows that are equally similar, with what the gallery knows of them.
fn same(found: &Answer, expected: &Answer, gallery: &Gallery, what: &str) {
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

/// Pushes a gallery and compares the answers to random queries.
fn answers_agree(name: &str, partition: Option<Partition>) {
    let pair = Pair::new(name, 400);
    let mut writer = pair.writer();
    writer.remove(&[3, 100, 399]).expect("removed");
    writer.set_calibration(Calibration::ANY, calibration()).expect("set");
    drop(writer);
    assert_eq!(pair.push_as(Layout { index: Index::Keep, partition }).rows, 397);
    let (gallery, store) = (pair.gallery(), pair.store());
    assert_eq!(store.rows().expect("counted"), 397);
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let (mut grouped, mut empty) = (0, 0);
    for number in 0..300 {
        let mut asked = query(features(&mut rng), rng.random_range(1..60));
        asked.filter = filter(&mut rng);
        asked.group_by = [None, Some("identity"), Some("floor; --"), Some("camera")]
            [rng.random_range(0..4)]
        .map(str::to_owned);
        if rng.random_bool(0.3) {
            asked.like = vec![rng.random_range(4..99), rng.random_range(101..200)];
            asked.unlike = vec![rng.random_range(201..300)];
        }
        if rng.random_bool(0.2) {
            asked.threshold = Some(rng.random_range(0.0..0.6));
        }
        let expected = gallery.answers(std::slice::from_ref(&asked)).expect("answered");
        let found = store.answers(std::slice::from_ref(&asked), Scan::Exact).expect("answered");
        same(&found[0], &expected[0], &gallery, &format!("query {number}: {asked:?}"));
        grouped += usize::from(asked.group_by.is_some() && found[0].hits.len() > 3);
        empty += usize::from(found[0].hits.is_empty());
    }
    assert!(grouped > 100 && empty < 100, "{grouped} grouped, {empty} empty");
}

#[test]
#[ignore = "needs PostgreSQL with pgvector: just test-stores"]
fn the_answers_are_those_of_the_gallery() {
    answers_agree("answers", None);
}

#[test]
#[ignore = "needs PostgreSQL with pgvector: just test-stores"]
fn the_answers_of_partitioned_tables_are_those_of_the_gallery() {
    answers_agree("by_camera", Some(Partition::Camera));
    answers_agree("by_day", Some(Partition::Day));
    answers_agree("by_month", Some(Partition::Month));
}

#[test]
#[ignore = "needs PostgreSQL with pgvector: just test-stores"]
fn a_filter_reads_its_own_parts_and_an_index_finds_the_rows_of_a_camera() {
    let pair = Pair::new("parts", 2000);
    let layout = Layout { index: Index::Hnsw, partition: Some(Partition::Camera) };
    pair.push_as(layout);
    let table = pair.table();
    let count = |sql: &str| pair.client().query_one(sql, &[]).expect("counted").get::<_, i64>(0);
    let parts = format!("SELECT count(*) FROM pg_inherits WHERE inhparent = '{table}'::regclass");
    assert_eq!(count(&parts), 5, "four cameras, and rows without one");
    let sql = format!(
        "EXPLAIN SELECT number FROM {table} WHERE camera = ANY(ARRAY['cam\"2']) ORDER BY features <=> '[{}]' LIMIT 5",
        ["0.5"; WIDTH].join(",")
    );
    let texts = |sql: &str| -> Vec<String> {
        let rows = pair.client().query(sql, &[]).expect("answered");
        rows.iter().map(|row| row.get(0)).collect()
    };
    let plan = texts(&sql).join("\n");
    let names = texts(&parts.replace("count(*)", "inhrelid::regclass::text"));
    let read: Vec<&String> = names.iter().filter(|name| plan.contains(*name)).collect();
    assert_eq!(read.len(), 1, "{plan}");
    // Four fifths of the rows are those of other cameras. In one index for all, a search would visit them as well.
    let (gallery, store) = (pair.gallery(), pair.store());
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let queries: Vec<Query> = (0..30)
        .map(|number| {
            let mut asked = query(features(&mut rng), 10);
            asked.filter.cameras = vec![format!("cam\"{}", 1 + number % 4)];
            asked
        })
        .collect();
    let expected = gallery.answers(&queries).expect("answered");
    let found = store.answers(&queries, Scan::Approximate).expect("answered");
    let hits = found.iter().zip(&expected).map(|(found, expected)| {
        let is_expected = |row: u64| expected.hits.iter().any(|hit| hit.row == row);
        found.hits.iter().filter(|hit| is_expected(hit.row)).count()
    });
    let recall = hits.sum::<usize>() as f64 / 300.0;
    assert!(recall > 0.95, "{recall}");
    // Rows of a new camera make a part; the others stay as they are.
    let mut writer = pair.writer();
    let record = Record { camera: Some("new".into()), modality: "rgb".into(), ..Record::default() };
    let content = Content::of([("rgb", &b"new"[..])]);
    let features = features(&mut rng);
    writer.add(Entry { content, features: &features, record, thumbnail: &[] }).expect("added");
    writer.commit().expect("committed");
    assert_eq!((pair.push().added, count(&parts)), (1, 6));
    // A table that is there is not laid out anew.
    let other = Layout { partition: Some(Partition::Month), ..layout };
    let error = push(&pair.gallery(), &pair.address, other, &|_| {}).expect_err("another layout");
    assert!(error.to_string().contains("is partitioned by camera, and not by month"), "{error}");
    // What the hint says makes room for it.
    let hint = error.hint().expect("a hint");
    let sql = hint.split("drop this one: ").nth(1).expect("statements");
    pair.client().batch_execute(sql).expect("dropped");
    assert_eq!(pair.push_as(other).added, 2001);
}

#[test]
#[ignore = "needs PostgreSQL with pgvector: just test-stores"]
fn pushing_again_moves_only_what_changed() {
    let pair = Pair::new("again", 60);
    let counts = |pushed: Pushed| (pushed.rows, pushed.added, pushed.removed);
    assert_eq!(counts(pair.push()), (60, 60, 0));
    assert_eq!(counts(pair.push()), (60, 0, 0));
    pair.writer().remove(&[0, 17]).expect("removed");
    pair.add(60, 5);
    assert_eq!(counts(pair.push()), (63, 5, 2));
    // Somebody else's change is undone where the row is not the one that was pushed.
    let sql =
        format!("UPDATE {} SET identity = 'x', fingerprint = '' WHERE number = 5", pair.table());
    pair.client().batch_execute(&sql).expect("changed");
    assert_eq!(counts(pair.push()), (63, 1, 0));
    let asked = [query(features(&mut ChaCha8Rng::seed_from_u64(1)), 63)];
    let (gallery, found) = (pair.gallery(), pair.store().answers(&asked, Scan::Exact));
    let expected = gallery.answers(&asked).expect("answered");
    same(&found.expect("answered")[0], &expected[0], &gallery, "all rows");
}

#[test]
#[ignore = "needs PostgreSQL with pgvector: just test-stores"]
fn a_push_that_is_stopped_changes_nothing_and_readers_see_the_old_rows_until_it_ends() {
    let pair = Pair::new("stopped", 40);
    pair.push();
    pair.add(40, 30);
    let stopped = catch_unwind(AssertUnwindSafe(|| {
        push(&pair.gallery(), &pair.address, Layout::default(), &|_| panic!("stopped"))
    }));
    assert!(stopped.is_err());
    assert_eq!(pair.store().rows().expect("counted"), 40);
    let (reached, is_reached) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let (gallery, address) = (pair.gallery(), pair.address.clone());
    let pushing = std::thread::spawn(move || {
        let wait = |_| {
            if reached.send(()).is_ok() {
                let _ = may_go_on.recv();
            }
        };
        push(&gallery, &address, Layout::default(), &wait).expect("pushed")
    });
    is_reached.recv().expect("a row was written");
    assert_eq!(pair.store().rows().expect("counted"), 40);
    drop((is_reached, go_on));
    assert_eq!(pushing.join().expect("no panic").added, 30);
    assert_eq!(pair.store().rows().expect("counted"), 70);
}

#[test]
#[ignore = "needs PostgreSQL with pgvector: just test-stores"]
fn several_pushes_at_once_leave_one_whole_copy() {
    let pair = Pair::new("at_once", 200);
    let added: usize = std::thread::scope(|scope| {
        let pushes: Vec<_> = (0..4).map(|_| scope.spawn(|| pair.push().added)).collect();
        pushes.into_iter().map(|push| push.join().expect("no panic")).sum()
    });
    assert_eq!(added, 200, "one of them added all, the others found them");
    assert_eq!(pair.store().rows().expect("counted"), 200);
}

#[test]
#[ignore = "needs PostgreSQL with pgvector: just test-stores"]
fn an_index_finds_most_of_the_nearest_and_exact_searches_do_not_use_it() {
    let pair = Pair::new("index", 3000);
    pair.push_as(Layout { index: Index::Hnsw, partition: None });
    let (gallery, store) = (pair.gallery(), pair.store());
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let queries: Vec<Query> = (0..30).map(|_| query(features(&mut rng), 10)).collect();
    let expected = gallery.answers(&queries).expect("answered");
    let exact = store.answers(&queries, Scan::Exact).expect("answered");
    for (found, expected) in exact.iter().zip(&expected) {
        same(found, expected, &gallery, "exact");
    }
    let approximate = store.answers(&queries, Scan::Approximate).expect("answered");
    let rows = |answer: &Answer| -> Vec<u64> { answer.hits.iter().map(|hit| hit.row).collect() };
    let found = approximate.iter().zip(&expected).map(|(found, expected)| {
        let expected = rows(expected);
        rows(found).iter().filter(|row| expected.contains(row)).count()
    });
    let recall = found.sum::<usize>() as f64 / 300.0;
    assert!(recall > 0.9, "{recall}");
    // Rows that are pushed later are in the index as well.
    pair.add(3000, 1);
    pair.push();
    let new = pair.gallery().row(3000).expect("the new row");
    let answer =
        &pair.store().answers(&[query(new.features, 1)], Scan::Approximate).expect("answered")[0];
    assert_eq!(rows(answer), [3000]);
}

#[test]
#[ignore = "needs PostgreSQL with pgvector: just test-stores"]
fn what_does_not_fit_is_refused_by_name() {
    let pair = Pair::new("refused", 10);
    let nothing = Store::open(&pair.address).err().expect("nothing was pushed");
    assert!(nothing.is_user() && nothing.to_string().contains(pair.address.name()), "{nothing}");
    pair.push();
    let store = pair.store();
    let refused =
        |asked: Query| store.answers(&[asked], Scan::Exact).expect_err("refused").to_string();
    let of = features(&mut ChaCha8Rng::seed_from_u64(1));
    let other = Query { model: model("b"), ..query(of.clone(), 3) };
    assert!(refused(other).contains("`b`"));
    let column = Query { group_by: Some("colour".into()), ..query(of.clone(), 3) };
    assert!(refused(column).contains("has no column `colour`"));
    let row = Query { like: vec![77], ..query(of.clone(), 3) };
    assert!(refused(row).contains("there is no row 77"));
    let replied = Replied { words: "red coat".into(), reply: Reply::Yes };
    let asked = Query { replies: vec![replied], ..query(of.clone(), 3) };
    assert!(refused(asked).contains("does not rank by answers"));
    assert!(
        refused(Query { threshold: Some(0.5), ..query(of, 3) }).contains("needs a calibration")
    );
    // A gallery of another model under the same name.
    let directory = tempfile::tempdir().expect("temporary directory");
    let writer = Writer::create(directory.path(), model("b"), WIDTH, Storage::F16, Unclaimed);
    writer.expect("created").commit().expect("committed");
    let other = Gallery::open(directory.path()).expect("opened");
    let error = push(&other, &pair.address, Layout::default(), &|_| {}).expect_err("another model");
    assert!(error.is_user() && error.to_string().contains("`b`"), "{error}");
    assert_eq!(store.rows().expect("counted"), 10);
}

#[test]
fn a_server_that_is_not_there_is_named_without_the_password() {
    let address: Address =
        "postgres://me:secret@127.0.0.1:1/people#gate".parse().expect("an address");
    let error = Store::open(&address).err().expect("nobody listens there");
    assert!(matches!(error, StoreError::Database { .. }));
    let text = format!("{error} {:?}", error.hint());
    assert!(text.contains("127.0.0.1/people#gate") && !text.contains("secret"), "{text}");
}

//! The gallery on disk with its model.

use super::super::engine::Engine;
use super::super::guard::Guard;
use super::super::question;
use super::super::queue::Queue;
use super::super::routes::router;
use super::super::searcher::{Prepared, Searcher};
use super::{JSON, Reply, request};
use crate::embed::{ImportSettings, ModelSource};
use crate::gallery::{Embedded, NamedQuery, Terms, model_of};
use aio_gallery::{
    Condition, Content, Entry, Filter, Question, Record, Relation, Storage, Unclaimed, Writer,
};
use aio_types::Observation;
use axum::body::Body;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tower::ServiceExt;

/// A server of a gallery with a row for each of these pictures, without thumbnails.
fn engine(directory: &Path, pictures: &[PathBuf]) -> Engine {
    let record = |path: &PathBuf| Record {
        path: Some(path.display().to_string()),
        modality: "rgb".into(),
        ..Record::default()
    };
    with_rows(directory, pictures.iter().map(record).enumerate())
}

fn source() -> ModelSource {
    ModelSource { name: "embedded".into(), device: "cpu".into(), import: ImportSettings::default() }
}

/// A server of a gallery with these rows; the features of each are 1 in one direction.
fn with_rows(directory: &Path, rows: impl IntoIterator<Item = (usize, Record)>) -> Engine {
    let source = source();
    let model = source.open().expect("the embedded model");
    let (tag, width) = (model_of(&source, &model).expect("a name"), model.extractor.width());
    let people = directory.join("people");
    let mut writer =
        Writer::create(&people, tag, width, Storage::F32, Unclaimed).expect("a gallery");
    for (number, (direction, record)) in rows.into_iter().enumerate() {
        let mut features = vec![0.0; width];
        features[direction] = 1.0;
        let content = Content::of([("rgb", &number.to_le_bytes()[..])]);
        writer.add(Entry { content, features: &features, record, thumbnail: &[] }).expect("added");
    }
    writer.commit().expect("committed");
    Engine::open(&people, &source).expect("opened")
}

fn query(text: &str) -> Prepared {
    let mut query = NamedQuery::default();
    query.row.text = Some(text.to_owned());
    let terms = Terms { filter: Filter::default(), group_by: None, threshold: None, top: 3 };
    let observation = Observation { caption: Some(text.to_owned()), ..Observation::default() };
    let observation = Arc::new(observation);
    Prepared { query, observation, embedded: Arc::default(), terms }
}

#[test]
fn wrong_queries_of_a_batch_are_named_before_anything_is_embedded() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let pictures = ["a.png", "b.png", "c.png"].map(PathBuf::from);
    let engine = engine(directory.path(), &pictures);
    let mut column = query("a red coat");
    let condition =
        Condition { column: "shift".into(), relation: Relation::Equal, value: "night".into() };
    column.terms.filter.conditions.push(condition);
    let mut threshold = query("a red coat");
    threshold.terms.threshold = Some(0.5);
    let mut row = query("a red coat");
    row.query.like = vec![99];
    let queries = [query("a red coat"), column, threshold, row, query("a blue hat")];
    let answers = engine.search(&queries);
    for (index, expected) in
        [(1, "no column `shift`"), (2, "no calibration"), (3, "there is no row 99")]
    {
        let error = answers[index].as_ref().expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
        assert!(queries[index].embedded.get().is_none(), "{expected}: it was embedded");
    }
    for index in [0, 4] {
        let found = answers[index].as_ref().expect("an answer");
        assert_eq!((found.answers.len(), found.answers[0].answer.hits.len()), (1, 3));
        let alone = engine.search(&[query(["a red coat", "a blue hat"][index / 4])]);
        let alone = alone[0].as_ref().expect("an answer");
        assert_eq!(alone.answers[0].answer, found.answers[0].answer);
    }
}

#[test]
fn a_copy_of_a_query_is_not_embedded_again() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let engine = engine(directory.path(), &["a.png".into(), "b.png".into()]);
    let mut known = query("a red coat");
    // Features of another query: an answer from them shows that nothing was embedded.
    let mut features = vec![0.0; engine_width(&engine)];
    features[1] = 1.0;
    let embedded = Embedded { features: Some(features), novelty: None };
    known.embedded = Arc::new(embedded.into());
    let answers = engine.search(&[known.clone()]);
    let hits = &answers[0].as_ref().expect("an answer").answers[0].answer.hits;
    assert_eq!((hits[0].row, hits[0].similarity), (1, 1.0));
}

fn engine_width(engine: &Engine) -> usize {
    let first = query("a red coat");
    let answers = engine.search(std::slice::from_ref(&first));
    assert!(answers[0].is_ok());
    let embedded = first.embedded.get().expect("embedded");
    embedded.features.as_ref().expect("features").len()
}

#[test]
fn a_damaged_gallery_is_a_fault_of_the_server_and_not_of_the_request() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let people = directory.path().join("people");
    drop(engine(directory.path(), &["a.png".into(), "b.png".into()]));
    let segments = std::fs::read_dir(people.join("segments")).expect("segments");
    for segment in segments.flatten() {
        let table = segment.path().join("rows.parquet");
        let length = std::fs::metadata(&table).expect("a table").len();
        std::fs::write(&table, vec![0; length as usize]).expect("damaged");
    }
    let engine = Arc::new(
        Engine::open(&people, &source()).expect("tables are read when they are asked for"),
    );
    let (queue, _) = Queue::start(engine.clone()).expect("a thread");
    let router = router(engine, queue, Guard::new(true, None));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let send = |method: &str, path: &str, body: &str| {
        let request = request(method, path, &[JSON], Body::from(body.to_owned()));
        runtime.block_on(async {
            Reply::of(router.clone().oneshot(request).await.expect("an answer")).await
        })
    };
    for (method, path, body) in [
        ("POST", "/api/search", "{\"text\": \"a red coat\"}"),
        ("POST", "/api/question", "{\"text\": \"a red coat\"}"),
        ("GET", "/api/gallery", ""),
        ("GET", "/api/rows/0", ""),
    ] {
        let reply = send(method, path, body);
        assert_eq!(reply.status, 500, "{path}: {}", reply.text());
        assert_eq!(reply.json()["error"], "the server failed", "no name of a file");
    }
    // What is wrong with a request stays the client's.
    for body in ["{\"like\": [99]}", "{\"text\": \"x\", \"threshold\": 0.5}", "{}"] {
        assert_eq!(send("POST", "/api/search", body).status, 400, "{body}");
    }
}

/// The question about 30 people, who are nearest in their order and have 40 rows each. Rows have the captions that `caption` gives them by person and row.
fn asked(caption: impl Fn(usize, usize) -> Option<String>, group_by: Option<&str>) -> Question {
    let directory = tempfile::tempdir().expect("temporary directory");
    let rows = (0..30 * 40).map(|number| {
        let (person, row) = (number / 40, number % 40);
        let record = Record {
            identity: Some(format!("p{person}")),
            modality: "rgb".into(),
            caption: caption(person, row),
            ..Record::default()
        };
        (person, record)
    });
    let engine = with_rows(directory.path(), rows);
    let mut prepared = query("somebody");
    let mut features = vec![0.0; engine_width(&engine)];
    (0..30).for_each(|person| features[person] = 1.0 / (1.0 + person as f32));
    let embedded = Embedded { features: Some(features), ..Embedded::default() };
    prepared.embedded = Arc::new(embedded.into());
    prepared.terms.group_by = group_by.map(str::to_owned);
    let (queue, _) = Queue::start(Arc::new(engine)).expect("a thread");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let body = runtime.expect("a runtime").block_on(question::about(prepared, &queue));
    body.expect("an answer").question.expect("a question")
}

#[test]
fn the_question_is_about_the_twenty_best_people_however_many_rows_each_has() {
    let coat =
        |person: usize| Some(if person.is_multiple_of(2) { "a red coat" } else { "a blue coat" });
    // The rows of the even people among the first twenty: 0, 2, … 18.
    let of_even = |row: u64| -> Vec<u64> { (0..10).map(|person| 80 * person + row).collect() };
    for group_by in [Some("identity"), None, Some("modality")] {
        let question = asked(|person, _| coat(person).map(str::to_owned), group_by);
        assert_eq!(question.candidates, 20, "{group_by:?}");
        assert_eq!((question.words.as_str(), question.with), ("blue coat", of_even(40)));
        assert_eq!(question.without, of_even(0));
    }
    // One row of each person has a caption, and it is not the one in the list.
    let question = asked(
        |person, row| coat(person).filter(|_| row == 30).map(str::to_owned),
        Some("identity"),
    );
    assert_eq!((question.candidates, question.with), (20, of_even(70)));
}

#[test]
fn a_picture_of_a_row_is_decoded_under_the_limit_of_requests() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = |name: &str| directory.path().join(name);
    // Whole pictures: 56 million pixels, and 32.
    image::GrayImage::new(7000, 8000).save(path("large.png")).expect("written");
    image::GrayImage::new(4, 8).save(path("small.png")).expect("written");
    let engine = engine(directory.path(), &[path("large.png"), path("small.png")]);
    assert_eq!(engine.thumbnail(0).expect("no failure"), None);
    assert!(engine.thumbnail(1).expect("no failure").is_some_and(|jpeg| jpeg.starts_with(&[0xff])));
    assert_eq!(engine.thumbnail(2).expect("no failure"), None);
}

#[test]
fn a_gallery_of_another_model_does_not_take_the_place_of_the_one_that_is_served() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let engine = engine(directory.path(), &["a.png".into(), "b.png".into()]);
    let rows = |engine: &Engine| {
        let answers = engine.search(&[query("a red coat")]);
        answers[0].as_ref().expect("an answer").answers[0].answer.hits.len()
    };
    assert_eq!(rows(&engine), 2);
    let width = engine_width(&engine);
    let (source, people) = (source(), directory.path().join("people"));
    let tag = model_of(&source, &source.open().expect("the embedded model")).expect("a name");
    for (sha256, expected) in [("another".to_owned(), 2), (tag.sha256.clone(), 0)] {
        std::fs::remove_dir_all(&people).expect("removed");
        let tag = aio_gallery::Model { sha256, ..tag.clone() };
        Writer::create(&people, tag, width, Storage::F32, Unclaimed).expect("a gallery");
        assert_eq!(rows(&engine), expected);
        assert_eq!(engine.about().expect("known").rows, expected);
    }
}

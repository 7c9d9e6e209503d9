//! The gallery on disk with its model.

use super::super::engine::Engine;
use super::super::searcher::{Prepared, Searcher};
use crate::embed::{ImportSettings, ModelSource};
use crate::gallery::{Embedded, NamedQuery, Terms, model_of};
use aio_gallery::{
    Condition, Content, Entry, Filter, Record, Relation, Storage, Unclaimed, Writer,
};
use aio_types::Observation;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A server of a gallery with a row for each of these pictures, without thumbnails.
fn engine(directory: &Path, pictures: &[PathBuf]) -> Engine {
    let source = ModelSource {
        name: "embedded".into(),
        device: "cpu".into(),
        import: ImportSettings::default(),
    };
    let model = source.open().expect("the embedded model");
    let (tag, width) = (model_of(&source, &model).expect("a name"), model.extractor.width());
    let people = directory.join("people");
    let mut writer =
        Writer::create(&people, tag, width, Storage::F32, Unclaimed).expect("a gallery");
    for (number, path) in pictures.iter().enumerate() {
        let mut features = vec![0.0; width];
        features[number] = 1.0;
        let record = Record {
            path: Some(path.display().to_string()),
            modality: "rgb".into(),
            ..Record::default()
        };
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

//! A searcher of six rows, without a gallery and a model.

use super::super::searcher::{Prepared, Searcher};
use super::super::wire::{About, AboutCalibration, AboutColumn, AboutModel, Limits, RowBody};
use crate::error::{Error, Result};
use crate::gallery::{Answered, NamedQuery, Searched};
use crate::novelty::{GalleryNovelty, Novelties, Novelty};
use aio_gallery::{Answer, Group, Hit, Near, Record};
use aio_types::PictureSize;
use std::sync::{Condvar, Mutex};

/// Rows of the fake gallery.
pub(super) const ROWS: u64 = 6;

/// A row that does not exist in lists, but whose values are hostile.
const HOSTILE: &str = "<img src=x onerror=alert(1)>";

/// Answers with its rows in order; the text of a query may ask for a failure.
#[derive(Default)]
pub(super) struct Fake {
    /// The sizes of the batches so far, and the pictures of the last query.
    pub(super) seen: Mutex<Seen>,
    /// Searches wait while it is shut.
    shut: Mutex<bool>,
    opened: Condvar,
}

#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Seen {
    pub(super) batches: Vec<usize>,
    pub(super) pictures: Vec<(String, PictureSize)>,
    pub(super) texts: Vec<String>,
}

impl Fake {
    pub(super) fn shut(&self, shut: bool) {
        *self.shut.lock().expect("a lock") = shut;
        self.opened.notify_all();
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen.lock().expect("a lock").clone()
    }
}

pub(super) fn record(row: u64) -> Record {
    Record {
        path: Some(format!("g/{row}.png")),
        identity: Some(format!("p{}", row / 2)),
        camera: Some(if row == 0 { HOSTILE.into() } else { "gate".into() }),
        modality: "rgb".into(),
        caption: Some(if row < 2 { "a red coat".into() } else { "a blue hat".into() }),
        ..Record::default()
    }
}

fn answer(prepared: &Prepared) -> Result<Searched> {
    if prepared.query.row.text.as_deref() == Some("wrong") {
        return Err(Error::user("the query is wrong", "ask another one"));
    }
    if prepared.query.row.text.as_deref() == Some("broken") {
        return Err(Error::Failure("secret: /etc/shadow is damaged".into()));
    }
    let terms = &prepared.terms;
    let value = |row: u64, column: &str| record(row).get(column);
    let passes = |row: &u64| {
        let mut conditions = terms.filter.conditions.iter();
        conditions.all(|one| value(*row, &one.column).as_ref() == Some(&one.value))
    };
    let rows: Vec<u64> = (0..ROWS).filter(passes).collect();
    let mut groups = std::collections::HashSet::new();
    let mut is_first =
        |row: &u64| terms.group_by.as_ref().is_none_or(|column| groups.insert(value(*row, column)));
    let hits = rows.iter().copied().filter(|row| is_first(row)).take(terms.top).map(|row| Hit {
        row,
        similarity: 1.0 - 0.125 * row as f32,
        probability: None,
        record: record(row),
    });
    let answer = Answer { searched: Some(rows.len()), rescored: None, hits: hits.collect() };
    let query = prepared.query.clone();
    let NamedQuery { row, like, unlike, replies, .. } = query;
    let novelty =
        Some(Novelties::from([("sketch".to_owned(), Novelty { value: 1.5, is_unlike: true })]));
    let (name, calibration) = (None, None);
    let answered =
        Answered { name, query: row, like, unlike, replies, novelty, answer, calibration };
    Ok(Searched { gallery: ROWS as usize, generation: Some(1), answers: vec![answered] })
}

impl Searcher for Fake {
    fn about(&self) -> Result<About> {
        let model =
            AboutModel { name: "fake".into(), sha256: "00".into(), trained_on: "nothing".into() };
        let column = AboutColumn {
            name: "camera".into(),
            rows: 6,
            values: None,
            names: Some(vec!["gate".into()]),
        };
        let limits = Limits { body_bytes: 1, picture_pixels: 2, top: 3 };
        Ok(About {
            name: "people".into(),
            rows: ROWS as usize,
            generation: 1,
            model,
            columns: vec![column],
            calibrations: vec![AboutCalibration {
                modalities: "any".into(),
                expected_calibration_error: 0.02,
                test_pairs: 7,
            }],
            times: Some(["a".into(), "b".into()]),
            novelty: Some(GalleryNovelty {
                sampled: 6,
                value: 0.5,
                expected: 0.05,
                is_unlike: true,
            }),
            limits,
        })
    }

    fn input_size(&self) -> PictureSize {
        PictureSize { height: 8, width: 4 }
    }

    fn search(&self, queries: &[Prepared]) -> Vec<Result<Searched>> {
        {
            let mut seen = self.seen.lock().expect("a lock");
            seen.batches.push(queries.len());
            for prepared in queries {
                let pictures = &prepared.observation.pictures;
                seen.pictures = pictures.iter().map(|(m, p)| (m.to_string(), p.size)).collect();
                seen.texts.extend(prepared.observation.caption.clone());
            }
        }
        let shut = self.shut.lock().expect("a lock");
        drop(self.opened.wait_while(shut, |shut| *shut).expect("a lock"));
        let panics = |prepared: &Prepared| prepared.query.row.text.as_deref() == Some("panic");
        assert!(!queries.iter().any(panics), "asked to");
        queries.iter().map(answer).collect()
    }

    fn groups(&self, query: &Prepared, rows: &[u64], most: usize) -> Result<Vec<Group>> {
        let column = query.terms.group_by.as_deref().expect("a column");
        let value = |row: u64| record(row).get(column);
        let group = |row: &u64| {
            let same: Vec<u64> = (0..ROWS).filter(|other| value(*other) == value(*row)).collect();
            let others = same.iter().filter(|other| *other != row).take(most);
            let near = |row: &u64| Near { row: *row, similarity: 1.0 - 0.125 * *row as f32 };
            Group { row: *row, rows: same.len(), nearest: others.map(near).collect() }
        };
        Ok(rows.iter().map(group).collect())
    }

    fn row(&self, number: u64) -> Result<Option<RowBody>> {
        Ok((number < ROWS).then(|| RowBody { row: number, record: record(number) }))
    }

    fn thumbnail(&self, number: u64) -> Result<Option<Vec<u8>>> {
        Ok((number < ROWS).then(|| vec![0xff, 0xd8, number as u8]))
    }
}

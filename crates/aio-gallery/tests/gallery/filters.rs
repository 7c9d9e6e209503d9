//! Filters, compared with a naive reading of their definition.

use crate::support::{Known, WIDTH, add, create, features, fill, known, numbers, query, rng};
use aio_gallery::{Condition, Filter, Gallery, Query, Relation, Storage, parse_time};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;

fn cameras(rng: &mut ChaCha8Rng) -> Vec<String> {
    let count = rng.random_range(0..3);
    (0..count).map(|_| format!("cam{}", rng.random_range(1..6))).collect()
}

fn filter(rng: &mut ChaCha8Rng) -> Filter {
    let mut filter = Filter::default();
    if rng.random_bool(0.4) {
        filter.cameras = cameras(rng);
    }
    if rng.random_bool(0.4) {
        filter.not_cameras = cameras(rng);
    }
    filter.after = rng.random_bool(0.3).then(|| rng.random_range(0..100) * 1_000_000);
    filter.before = rng.random_bool(0.3).then(|| rng.random_range(0..100) * 1_000_000);
    for (column, value) in [
        ("identity", format!("person {}", rng.random_range(1..6))),
        ("floor", rng.random_range(0..4).to_string()),
        ("modality", ["rgb", "sketch"][rng.random_range(0..2)].into()),
        ("time", format!("{}.0", rng.random_range(0..100))),
    ] {
        if rng.random_bool(0.15) {
            let relation = [Relation::Equal, Relation::NotEqual][rng.random_range(0..2)];
            filter.conditions.push(Condition { column: column.into(), relation, value });
        }
    }
    filter
}

/// The definition, read row by row.
fn passes(filter: &Filter, row: &Known) -> bool {
    let record = &row.record;
    let camera = record.camera.clone();
    let is = |list: &[String]| camera.as_ref().is_some_and(|camera| list.contains(camera));
    let value = |column: &str| match column {
        "identity" => record.identity.clone(),
        "modality" => Some(record.modality.clone()),
        "time" => record.time.map(|time| format!("{}.0", time / 1_000_000)),
        own => record.extra.get(own).cloned(),
    };
    (filter.cameras.is_empty() || is(&filter.cameras))
        && !is(&filter.not_cameras)
        && filter.after.is_none_or(|after| record.time.is_some_and(|time| time >= after))
        && filter.before.is_none_or(|before| record.time.is_some_and(|time| time < before))
        && filter.conditions.iter().all(|condition| {
            let is_equal = value(&condition.column).as_ref() == Some(&condition.value);
            is_equal == (condition.relation == Relation::Equal)
        })
}

#[test]
fn a_filter_lets_through_what_its_definition_says() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut writer = create(directory.path(), Storage::F32);
    let all = fill(&mut writer, 21, 400, 90);
    writer.remove(&[3, 100, 399]).expect("removed");
    let gallery = Gallery::open(directory.path()).expect("opened");
    let mut rng = rng(22);
    let mut sizes = BTreeSet::new();
    for _ in 0..300 {
        let filter = filter(&mut rng);
        let expected: Vec<u64> = (0..400u64)
            .filter(|row| ![3, 100, 399].contains(row) && passes(&filter, &all[*row as usize]))
            .collect();
        assert_eq!(gallery.select(&filter).expect("selected"), expected, "{filter:?}");
        let searched = Query { filter: filter.clone(), ..query(&all[0].features, 1000) };
        let answer = gallery.answers(&[searched]).expect("searched").remove(0);
        assert_eq!(answer.searched, Some(expected.len()));
        let found: BTreeSet<u64> = numbers(&answer.hits).into_iter().collect();
        assert_eq!(found, expected.iter().copied().collect(), "{filter:?}");
        sizes.insert(expected.len());
    }
    assert!(sizes.len() > 30 && sizes.contains(&397) && sizes.contains(&0), "{sizes:?}");
}

#[test]
fn a_date_is_the_whole_day_and_a_year_the_whole_year() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut writer = create(directory.path(), Storage::F32);
    let mut rng = rng(27);
    let times = [
        Some("2026-11-27T23:59:59.999999Z"),
        Some("2026-11-28"),
        Some("2026-11-28T23:59:59.999999Z"),
        Some("2026-11-29T00:00:00Z"),
        Some("2027-01-01T00:00:00Z"),
        None,
    ];
    for (i, time) in times.into_iter().enumerate() {
        let mut row = known(&mut rng, i);
        row.record.time = time.and_then(parse_time);
        add(&mut writer, &row);
    }
    writer.commit().expect("committed");
    let gallery = Gallery::open(directory.path()).expect("opened");
    for (value, equal) in [
        ("2026-11-28", &[1, 2][..]),
        (" 2026-11-28 ", &[1, 2]),
        ("2026", &[0, 1, 2, 3]),
        ("2026-11-28T00:00:00Z", &[1]),
        ("2025-11-28", &[]),
    ] {
        let select = |relation| {
            let (column, value) = ("time".to_owned(), value.to_owned());
            let conditions = vec![Condition { column, relation, value }];
            gallery.select(&Filter { conditions, ..Filter::default() }).expect("selected")
        };
        assert_eq!(select(Relation::Equal), equal, "{value}");
        let others: Vec<u64> = (0..6).filter(|row| !equal.contains(row)).collect();
        assert_eq!(select(Relation::NotEqual), others, "{value}");
    }
}

#[test]
fn of_every_group_the_nearest_row_is_found() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let all = fill(&mut create(directory.path(), Storage::F32), 23, 200, 70);
    let gallery = Gallery::open(directory.path()).expect("opened");
    let every = gallery.search(&query(&all[9].features, 200)).expect("searched");
    let grouped = Query { group_by: Some("identity".into()), ..query(&all[9].features, 200) };
    let mut seen = BTreeSet::new();
    let expected: Vec<u64> = every
        .iter()
        .filter(|hit| hit.record.identity.as_ref().is_none_or(|id| seen.insert(id.clone())))
        .map(|hit| hit.row)
        .collect();
    assert_eq!(numbers(&gallery.search(&grouped).expect("searched")), expected);
    let three = Query { top: 3, ..grouped };
    assert_eq!(numbers(&gallery.search(&three).expect("searched")), expected[..3]);
}

#[test]
fn rows_with_an_empty_value_are_not_of_one_group() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut writer = create(directory.path(), Storage::F32);
    let mut rng = rng(25);
    for i in 0..8 {
        let mut row = known(&mut rng, i);
        row.record.identity = Some(String::new());
        row.record.extra.insert("floor".into(), String::new());
        add(&mut writer, &row);
    }
    writer.commit().expect("committed");
    let gallery = Gallery::open(directory.path()).expect("opened");
    for column in ["identity", "floor"] {
        let group_by = Some(column.to_owned());
        let grouped = Query { group_by, ..query(&features(&mut rng, WIDTH), 20) };
        let hits = gallery.search(&grouped).expect("searched");
        assert_eq!(hits.len(), 8, "{column}");
        assert!(hits.iter().all(|hit| hit.record.get(column).is_none()));
        assert!(!gallery.has_values(column).expect("a column"), "{column}");
    }
    assert!(gallery.has_values("path").expect("a column"));
    writer.remove(&(0..8).collect::<Vec<u64>>()).expect("removed");
    let gallery = Gallery::open(directory.path()).expect("opened");
    assert!(!gallery.has_values("path").expect("a column"), "all rows are removed");
    assert!(gallery.has_values("colour").expect_err("no column").to_string().contains("colour"));
}

#[test]
fn a_column_that_is_not_there_is_named() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let all = fill(&mut create(directory.path(), Storage::F32), 24, 5, 5);
    let gallery = Gallery::open(directory.path()).expect("opened");
    let condition = |column: &str, value: &str| Condition {
        column: column.into(),
        relation: Relation::Equal,
        value: value.into(),
    };
    for (condition, problem) in
        [(condition("colour", "red"), "`colour`"), (condition("time", "noon"), "`noon`")]
    {
        let filter = Filter { conditions: vec![condition], ..Filter::default() };
        let error = gallery.search(&Query { filter, ..query(&all[0].features, 1) });
        assert!(error.expect_err(problem).to_string().contains(problem));
    }
    let grouped = Query { group_by: Some("colour".into()), ..query(&all[0].features, 1) };
    assert!(gallery.search(&grouped).expect_err("no column").to_string().contains("`colour`"));
}

#[test]
fn a_filter_by_an_empty_value_is_refused() {
    let directory = tempfile::tempdir().expect("temporary directory");
    fill(&mut create(directory.path(), Storage::F32), 26, 5, 5);
    let gallery = Gallery::open(directory.path()).expect("opened");
    let condition = |relation, value: &str| Filter {
        conditions: vec![Condition { column: "identity".into(), relation, value: value.into() }],
        ..Filter::default()
    };
    for (filter, column) in [
        (condition(Relation::Equal, ""), "identity"),
        (condition(Relation::NotEqual, ""), "identity"),
        (condition(Relation::NotEqual, " "), "identity"),
        (Filter { cameras: vec!["cam1".into(), String::new()], ..Filter::default() }, "camera"),
        (Filter { not_cameras: vec![String::new()], ..Filter::default() }, "camera"),
    ] {
        let error = gallery.select(&filter).expect_err("no rows are meant").to_string();
        assert!(error.contains(&format!("`{column}` with an empty value")), "{error}");
    }
}

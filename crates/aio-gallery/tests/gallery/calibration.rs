//! Calibration, compared with scikit-learn (scripts/golden/calibration.py) and with numbers computed by hand.

use crate::support::{create, features, numbers, query, rng};
use aio_gallery::{
    Calibration, Content, Curve, Entry, Gallery, Hit, Labelled, Method, Query, Record, Replied,
    Reply, Storage, calibrate, expected_calibration_error,
};
use rand::RngExt;
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct Golden {
    grid: Vec<f64>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    similarities: Vec<f64>,
    same: Vec<bool>,
    slope: f64,
    intercept: f64,
    platt_ece: f64,
    isotonic_grid: Vec<f64>,
    isotonic_ece: f64,
}

fn error_of(curve: &Curve, case: &Case) -> f64 {
    let stated: Vec<f64> = case.similarities.iter().map(|s| curve.probability(*s)).collect();
    expected_calibration_error(&stated, &case.same)
}

#[test]
fn curves_and_their_errors_are_those_of_scikit_learn() {
    let golden: Golden =
        serde_json::from_str(include_str!("../golden/calibration.json")).expect("golden numbers");
    assert_eq!(golden.cases.len(), 3);
    for case in golden.cases {
        let curve = Curve::fit(Method::Platt, &case.similarities, &case.same);
        let Curve::Platt { slope, intercept } = curve else { panic!("{curve:?}") };
        assert!((slope - case.slope).abs() < 1e-6, "{slope}, expected {}", case.slope);
        assert!((intercept - case.intercept).abs() < 1e-6);
        assert!((error_of(&curve, &case) - case.platt_ece).abs() < 1e-7);
        let curve = Curve::fit(Method::Isotonic, &case.similarities, &case.same);
        for (s, expected) in golden.grid.iter().zip(&case.isotonic_grid) {
            let found = curve.probability(*s);
            assert!((found - expected).abs() < 1e-6, "at {s}: {found}, expected {expected}");
        }
        assert!((error_of(&curve, &case) - case.isotonic_ece).abs() < 1e-6);
    }
}

#[test]
fn small_cases_are_those_computed_by_hand() {
    // 0.9 (one of two) and 0.1 (none of two): |0.5 − 0.9| / 2 + |0 − 0.1| / 2.
    let error = expected_calibration_error(&[0.9, 0.9, 0.1, 0.1], &[true, false, false, false]);
    assert!((error - 0.25).abs() < 1e-12);
    assert_eq!(expected_calibration_error(&[1.0, 0.0], &[true, false]), 0.0);
    // The second and third violate the order: both become 1/2.
    let curve = Curve::fit(Method::Isotonic, &[0.1, 0.2, 0.3, 0.4], &[false, true, false, true]);
    for (s, expected) in
        [(0.0, 0.0), (0.1, 0.0), (0.15, 0.25), (0.25, 0.5), (0.35, 0.75), (0.9, 1.0)]
    {
        assert!((curve.probability(s) - expected).abs() < 1e-12, "{s}");
    }
    // Two similarities: the log-odds at each are those of Platt's targets, 2/3 and 1/3.
    let curve = Curve::fit(Method::Platt, &[0.0, 1.0], &[false, true]);
    assert!((curve.probability(0.0) - 1.0 / 3.0).abs() < 1e-6);
    assert!((curve.probability(1.0) - 2.0 / 3.0).abs() < 1e-6);
}

/// Rows of `people` persons, `each` of every one, around a direction per person.
fn people(people: i64, each: usize, spread: f32) -> (Vec<f32>, Vec<i64>) {
    let (mut rng, mut values, mut identities) = (rng(71), Vec::new(), Vec::new());
    for person in 0..people {
        let centre = features(&mut rng, 24);
        for _ in 0..each {
            values
                .extend(centre.iter().map(|value| value + spread * rng.random_range(-1.0..1.0f32)));
            identities.push(person);
        }
    }
    (values, identities)
}

fn fitted(method: Method) -> Calibration {
    let (values, identities) = people(40, 4, 0.7);
    let labelled = Labelled::new(&values, 24, &identities, None).expect("rows");
    calibrate(&labelled, None, method, "synthetic".into()).expect("calibrated")
}

#[test]
fn a_calibration_is_fitted_on_some_people_and_tested_on_others() {
    for method in [Method::Platt, Method::Isotonic] {
        let calibration = fitted(method);
        // 20 people with 4 rows each: 80 · 79 / 2 pairs, 20 · 6 of one person; the same for the others.
        assert_eq!((calibration.pairs, calibration.same_person), (3160, 120));
        assert_eq!((calibration.test_pairs, calibration.test_same_person), (3160, 120));
        assert!(calibration.expected_calibration_error < 0.02, "{calibration:?}");
        assert!(calibration.probability(1.0) > 0.9 && calibration.probability(0.0) < 0.01);
    }
}

#[test]
fn labels_that_cannot_calibrate_are_refused() {
    let (values, identities) = people(3, 2, 0.1);
    let few = Labelled::new(&values, 24, &identities, None).expect("rows");
    let error = calibrate(&few, None, Method::Platt, "few.safetensors".into()).expect_err("few");
    assert!(error.to_string().contains("few.safetensors"), "{error}");
    // Two pictures of one person are opposite, so that different people are more alike.
    let (mut values, mut identities) = (Vec::new(), Vec::new());
    for person in 0..8 {
        let one: Vec<f32> = (0..24).map(|i| 1.0 + 0.01 * (person * i) as f32).collect();
        values.extend(one.iter().copied().chain(one.iter().map(|v| -v)));
        identities.extend([i64::from(person); 2]);
    }
    let turned = Labelled::new(&values, 24, &identities, None).expect("rows");
    let error = calibrate(&turned, None, Method::Platt, "x".into()).expect_err("it falls");
    assert!(error.to_string().contains("not more similar"), "{error}");
}

#[test]
fn a_threshold_cuts_the_list_where_its_probability_ends() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut writer = create(directory.path(), Storage::F32);
    let (values, identities) = people(40, 4, 0.7);
    for (i, row) in values.chunks_exact(24).enumerate() {
        let record = Record { identity: Some(identities[i].to_string()), ..Record::default() };
        let content = Content::of([("rgb", &i.to_le_bytes()[..])]);
        writer.add(Entry { content, features: row, record, thumbnail: &[] }).expect("added");
    }
    writer.commit().expect("committed");
    let calibration = fitted(Method::Platt);
    writer.set_calibration("sketch", calibration.clone()).expect("set");
    let gallery = Gallery::open(directory.path()).expect("opened");
    assert_eq!(gallery.calibration("sketch"), Some(&calibration), "read back to the last bit");
    let sketch =
        |threshold| Query { modalities: "sketch".into(), threshold, ..query(&values[..24], 30) };
    let all = gallery.search(&sketch(None)).expect("searched");
    assert!(all.windows(2).all(|pair| pair[0].probability >= pair[1].probability));
    let cut = gallery.search(&sketch(Some(0.5))).expect("searched");
    let expected = all.iter().filter(|hit| hit.probability >= Some(0.5)).count();
    assert!((1..30).contains(&expected));
    assert_eq!(cut, all[..expected]);
    assert!(gallery.search(&query(&values[..24], 1)).expect("searched")[0].probability.is_none());
    let error = gallery.search(&Query { threshold: Some(0.5), ..query(&values[..24], 1) });
    let error = error.expect_err("not for photographs").to_string();
    assert!(
        error.contains("no calibration for rgb queries (existing calibrations: sketch)"),
        "{error}"
    );
    writer.set_calibration(Calibration::ANY, calibration).expect("set");
    let gallery = Gallery::open(directory.path()).expect("opened");
    assert!(gallery.search(&query(&values[..24], 1)).expect("searched")[0].probability.is_some());
    // Likes and unlikes move the vector of the query.
    let (like, unlike) = (vec![5], vec![9]);
    for moved in
        [Query { like, ..query(&values[..24], 5) }, Query { unlike, ..query(&values[..24], 5) }]
    {
        let hits = gallery.search(&moved).expect("searched");
        assert!(hits.len() == 5 && hits.iter().all(|hit| hit.probability.is_none()));
        let error = gallery.search(&Query { threshold: Some(0.5), ..moved }).expect_err("moved");
        assert!(error.to_string().contains("likes and unlikes"), "{error}");
    }
}

/// The list that the definition gives: rows below the threshold are no results, and the others are ordered by similarity and answers.
fn defined(all: &[Hit], moved: &[Hit], least: f64, top: usize, grouped: bool) -> Vec<u64> {
    let probable =
        |row: u64| all.iter().any(|hit| hit.row == row && hit.probability >= Some(least));
    let mut seen = BTreeSet::new();
    let mut is_first =
        |hit: &Hit| hit.record.identity.as_ref().is_none_or(|id| seen.insert(id.clone()));
    let rows = moved.iter().filter(|hit| probable(hit.row));
    rows.filter(|hit| !grouped || is_first(hit)).map(|hit| hit.row).take(top).collect()
}

#[test]
fn rows_below_the_threshold_take_no_place_and_stand_for_nobody_where_answers_move_rows() {
    for storage in [Storage::F32, Storage::F16, Storage::Int8] {
        let directory = tempfile::tempdir().expect("temporary directory");
        let mut writer = create(directory.path(), storage);
        let (values, identities) = people(30, 6, 0.7);
        for (i, row) in values.chunks_exact(24).enumerate() {
            let caption = ["a red coat", "a blue coat", "a hat"][i % 3];
            let record = Record {
                identity: Some(identities[i].to_string()),
                caption: Some(caption.into()),
                ..Record::default()
            };
            let content = Content::of([("rgb", &i.to_le_bytes()[..])]);
            writer.add(Entry { content, features: row, record, thumbnail: &[] }).expect("added");
        }
        writer.commit().expect("committed");
        writer.set_calibration(Calibration::ANY, fitted(Method::Platt)).expect("set");
        let gallery = Gallery::open(directory.path()).expect("opened");
        let mut differs = 0;
        for person in 0..10 {
            let plain = query(&values[person * 6 * 24..][..24], 180);
            let replies = vec![Replied { words: "red coat".into(), reply: Reply::Yes }];
            let answered = Query { replies, ..plain.clone() };
            let all = gallery.search(&plain).expect("searched");
            let moved = gallery.search(&answered).expect("searched");
            for (least, top, grouped) in [0.002, 0.01, 0.05, 0.5].into_iter().flat_map(|least| {
                [1, 4, 8, 180]
                    .into_iter()
                    .flat_map(move |top| [false, true].map(|g| (least, top, g)))
            }) {
                let group_by = grouped.then(|| "identity".to_owned());
                let asked = Query { threshold: Some(least), top, group_by, ..answered.clone() };
                let found = numbers(&gallery.search(&asked).expect("searched"));
                let expected = defined(&all, &moved, least, top, grouped);
                assert_eq!(found, expected, "{storage:?}, from {least}, {top} of {person}");
                let unmoved = defined(&all, &all, least, top, grouped);
                differs += usize::from(unmoved != expected);
            }
        }
        assert!(differs > 20, "the answers matter: {differs}");
    }
}

//! The rows of groups, compared with a search among the rows of each group alone.

use crate::support::{WIDTH, add, create, features, fill, known, query, rng};
use aio_gallery::{
    Calibration, Condition, Curve, Gallery, Group, Near, Query, Relation, Replied, Reply, Storage,
};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A curve with probabilities all over the similarities of random rows.
fn calibration() -> Calibration {
    Calibration {
        curve: Curve::Platt { slope: 6.0, intercept: -1.0 },
        data: "a test".into(),
        pairs: 1,
        same_person: 1,
        test_pairs: 1,
        test_same_person: 1,
        expected_calibration_error: 0.0,
    }
}

fn asked(rng: &mut ChaCha8Rng, column: &str) -> Query {
    let mut query = query(&features(rng, WIDTH), rng.random_range(1..9));
    query.group_by = Some(column.to_owned());
    if rng.random_bool(0.3) {
        query.filter.not_cameras = vec![format!("cam{}", rng.random_range(1..5))];
    }
    if rng.random_bool(0.3) {
        let value = rng.random_range(0..3).to_string();
        let relation = Relation::NotEqual;
        query.filter.conditions.push(Condition { column: "floor".into(), relation, value });
    }
    if rng.random_bool(0.4) {
        let reply = [Reply::Yes, Reply::No][rng.random_range(0..2)];
        query.replies.push(Replied { words: "red coat".into(), reply });
    }
    if rng.random_bool(0.4) {
        query.threshold = Some([0.05, 0.3, 0.6][rng.random_range(0..3)]);
    } else if rng.random_bool(0.5) {
        query.like = vec![rng.random_range(0..300)];
        query.unlike = vec![rng.random_range(0..300)];
    }
    query
}

/// The groups as one search for each of them finds them.
fn separate(gallery: &Gallery, query: &Query, column: &str, most: usize) -> Vec<Group> {
    let mut groups = Vec::new();
    for hit in gallery.search(query).expect("searched") {
        let Some(value) = hit.record.get(column) else { continue };
        let mut alone = Query { group_by: None, top: gallery.len(), ..query.clone() };
        let relation = Relation::Equal;
        alone.filter.conditions.push(Condition { column: column.into(), relation, value });
        let answer = gallery.answers(&[alone]).expect("searched").remove(0);
        let others = answer.hits.iter().filter(|other| other.row != hit.row).take(most);
        let nearest = others.map(|hit| Near { row: hit.row, similarity: hit.similarity });
        // Rows below the threshold are no results, and do not count either.
        let rows = answer.hits.len();
        groups.push(Group { row: hit.row, rows, nearest: nearest.collect() });
    }
    groups
}

#[test]
fn one_pass_finds_what_a_search_for_each_group_finds() {
    let mut found = 0;
    for (seed, storage) in [(31, Storage::F32), (32, Storage::F16), (33, Storage::Int8)] {
        let directory = tempfile::tempdir().expect("temporary directory");
        let mut writer = create(directory.path(), storage);
        let mut rng = rng(seed);
        let mut rows: Vec<_> = (0..300).map(|i| known(&mut rng, i)).collect();
        for (i, row) in rows.iter_mut().enumerate() {
            let captions = [None, Some("a red coat"), Some("a blue coat"), Some("a hat")];
            row.record.caption = captions[i % 4].map(str::to_owned);
        }
        // Equal similarities: their order is that of the rows.
        for i in 0..50 {
            rows[6 * i + 1].features = rows[1].features.clone();
        }
        for part in rows.chunks(70) {
            part.iter().for_each(|row| _ = add(&mut writer, row));
            writer.commit().expect("committed");
        }
        writer.remove(&[5, 77, 200]).expect("removed");
        writer.set_calibration(Calibration::ANY, calibration()).expect("set");
        let gallery = Gallery::open(directory.path()).expect("opened");
        for _ in 0..60 {
            let columns = ["identity", "camera", "floor", "time", "modality", "caption", "path"];
            let column = columns[rng.random_range(0..columns.len())];
            let mut query = asked(&mut rng, column);
            query.like.retain(|row| ![5, 77, 200].contains(row));
            query.unlike.retain(|row| ![5, 77, 200].contains(row) && !query.like.contains(row));
            let most = rng.random_range(1..8);
            let list = gallery.search(&query).expect("searched");
            let rows: Vec<u64> = list.iter().map(|hit| hit.row).collect();
            let groups = gallery.groups(&query, &rows, most).expect("groups");
            assert_eq!(groups, separate(&gallery, &query, column, most), "{storage:?}: {query:?}");
            found += groups.iter().map(|group| group.nearest.len()).sum::<usize>();
        }
    }
    assert!(found > 500, "{found}");
}

#[test]
fn rows_that_stand_for_no_group_have_none() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let all = fill(&mut create(directory.path(), Storage::F32), 34, 60, 25);
    let gallery = Gallery::open(directory.path()).expect("opened");
    let plain = query(&all[0].features, 60);
    let error = gallery.groups(&plain, &[0], 6).expect_err("no column");
    assert!(error.to_string().contains("groups by no column"), "{error}");
    let grouped = Query { group_by: Some("camera".into()), ..plain.clone() };
    let none = all.iter().position(|row| row.record.camera.is_none()).expect("a row without one");
    let some = all.iter().position(|row| row.record.camera.is_some()).expect("a row with one");
    let groups = gallery.groups(&grouped, &[none as u64, 999, some as u64], 6).expect("groups");
    assert_eq!(groups.iter().map(|group| group.row).collect::<Vec<_>>(), [some as u64]);
    let of_camera = |row: &&crate::support::Known| row.record.camera == all[some].record.camera;
    assert_eq!(groups[0].rows, all.iter().filter(of_camera).count());
    let other = Query { group_by: Some("colour".into()), ..plain };
    let error = gallery.groups(&other, &[0], 6).expect_err("no column").to_string();
    assert!(error.contains("no column `colour`"), "{error}");
}

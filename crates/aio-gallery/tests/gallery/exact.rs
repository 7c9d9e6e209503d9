//! A search is exact: compared with a naive one, and the same for every storage with full values, layout and number of threads.

use crate::support::{WIDTH, add, cosine, create, features, fill, known, numbers, query, rng};
use aio_gallery::{Added, Gallery, GalleryError, Hit, Query, Replied, Reply, Storage};
use rand::RngExt;

#[test]
fn the_nearest_rows_are_those_of_a_naive_search() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let all = fill(&mut create(directory.path(), Storage::F32), 11, 500, 123);
    let gallery = Gallery::open(directory.path()).expect("opened");
    let mut rng = rng(12);
    for _ in 0..20 {
        let wanted = features(&mut rng, WIDTH);
        let mut naive: Vec<(f64, u64)> =
            (0..).zip(&all).map(|(i, row)| (cosine(&wanted, &row.features), i)).collect();
        naive.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let hits = gallery.search(&query(&wanted, 10)).expect("searched");
        assert_eq!(numbers(&hits), naive[..10].iter().map(|(_, row)| *row).collect::<Vec<_>>());
        for (hit, (similarity, _)) in hits.iter().zip(&naive) {
            assert!((f64::from(hit.similarity) - similarity).abs() < 1e-6);
        }
    }
}

fn bits(hits: &[Hit]) -> Vec<(u64, u32)> {
    hits.iter().map(|hit| (hit.row, hit.similarity.to_bits())).collect()
}

#[test]
fn eight_bits_with_rescoring_give_the_results_of_full_values() {
    let (full, rounded) =
        (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let mut writers = [(create(full.path(), Storage::F32)), create(rounded.path(), Storage::Int8)];
    let mut rng = rng(13);
    let rows: Vec<_> = (0..2000).map(|i| known(&mut rng, i)).collect();
    for writer in &mut writers {
        for part in rows.chunks(700) {
            part.iter().for_each(|row| _ = add(writer, row));
            writer.commit().expect("committed");
        }
    }
    let galleries = [full.path(), rounded.path()].map(|d| Gallery::open(d).expect("opened"));
    for group_by in [None, Some("identity".to_owned())] {
        for top in [1, 5, 50, 5000] {
            let queries: Vec<Query> = (0..20)
                .map(|_| Query {
                    group_by: group_by.clone(),
                    ..query(&features(&mut rng, WIDTH), top)
                })
                .collect();
            let [full, rounded] =
                galleries.each_ref().map(|g| g.answers(&queries).expect("searched"));
            for (full, rounded) in full.iter().zip(&rounded) {
                assert_eq!(bits(&full.hits), bits(&rounded.hits), "top {top}");
                let read = rounded.rescored.expect("stated");
                assert!(full.rescored.is_none() && read >= rounded.hits.len());
                // Some more rows than wanted are read, and far from all.
                assert!(top > 50 || read < 600, "{read} rows were read for the best {top}");
            }
        }
    }
}

#[test]
fn results_depend_neither_on_threads_nor_on_the_layout() {
    let mut rng = rng(14);
    let mut rows: Vec<_> = (0..1500).map(|i| known(&mut rng, i)).collect();
    // Many equal similarities: their order is that of the rows.
    for i in 0..500 {
        rows[3 * i + 1].features = rows[1].features.clone();
    }
    for storage in [Storage::F32, Storage::F16, Storage::Int8] {
        let mut expected = None;
        for segment in [1500, 97, 400] {
            let directory = tempfile::tempdir().expect("temporary directory");
            let mut writer = create(directory.path(), storage);
            for part in rows.chunks(segment) {
                part.iter().for_each(|row| _ = add(&mut writer, row));
                writer.commit().expect("committed");
            }
            let gallery = Gallery::open(directory.path()).expect("opened");
            for threads in [1, 2, 7] {
                let pool =
                    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
                let of = |row: usize, group: bool| {
                    let group_by = group.then(|| "identity".to_owned());
                    let query = Query { group_by, ..query(&rows[row].features, 20) };
                    bits(&gallery.search(&query).expect("searched"))
                };
                let found = pool.install(|| [of(1, false), of(2, false), of(1, true), of(5, true)]);
                let expected = expected.get_or_insert_with(|| found.clone());
                assert_eq!(&found, expected, "{storage:?}, {segment} rows, {threads} threads");
                let first: Vec<u64> = found[0].iter().map(|(row, _)| *row).collect();
                assert_eq!(first, (0..20).map(|i| 3 * i + 1).collect::<Vec<u64>>());
            }
        }
    }
}

#[test]
fn a_batch_gives_what_single_queries_give() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let all = fill(&mut create(directory.path(), Storage::F16), 15, 300, 300);
    let gallery = Gallery::open(directory.path()).expect("opened");
    let mut rng = rng(16);
    let queries: Vec<Query> = (0..150)
        .map(|i| Query {
            like: if i % 3 == 0 { vec![i] } else { Vec::new() },
            group_by: (i % 2 == 0).then(|| "camera".to_owned()),
            ..query(&all[rng.random_range(0..300)].features, 1 + i as usize % 9)
        })
        .collect();
    let batch = gallery.answers(&queries).expect("searched");
    for (query, answer) in queries.iter().zip(&batch) {
        assert_eq!(gallery.search(query).expect("searched"), answer.hits);
    }
}

#[test]
fn likes_and_unlikes_follow_rocchio() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut writer = create(directory.path(), Storage::F32);
    let axis = |axes: &[(usize, f32)]| {
        let mut values = vec![0.0; WIDTH];
        axes.iter().for_each(|(axis, value)| values[*axis] = *value);
        values
    };
    let mut rng = rng(17);
    for (i, values) in
        [axis(&[(0, 1.0)]), axis(&[(1, 2.0)]), axis(&[(2, 1.0)]), axis(&[(0, 1.0), (1, 1.0)])]
            .into_iter()
            .enumerate()
    {
        let mut row = known(&mut rng, i);
        row.features = values;
        assert_eq!(add(&mut writer, &row), Added::Row(i as u64));
    }
    writer.commit().expect("committed");
    let gallery = Gallery::open(directory.path()).expect("opened");
    let liking = Query { like: vec![1], unlike: vec![2], ..query(&axis(&[(0, 3.0)]), 9) };
    let hits = gallery.search(&liking).expect("searched");
    // q = (1, 0.75, −0.15), of length √1.585; the rows 1 and 2 are named and no results.
    let length = 1.585f64.sqrt();
    assert_eq!(numbers(&hits), [3, 0]);
    assert!((f64::from(hits[0].similarity) - 1.75 / (2f64.sqrt() * length)).abs() < 1e-6);
    assert!((f64::from(hits[1].similarity) - 1.0 / length).abs() < 1e-6);
    let alone = Query { features: None, like: vec![0, 1], ..query(&[], 9) };
    let hits = gallery.search(&alone).expect("searched");
    assert_eq!(numbers(&hits), [3, 2]);
    assert!((hits[0].similarity - 1.0).abs() < 1e-6);
    let twice = Query { like: vec![0, 1, 1, 0, 1], ..alone };
    assert_eq!(gallery.search(&twice).expect("searched"), hits, "a row counts once");
    let nothing = Query { features: None, unlike: vec![1], ..query(&[], 9) };
    assert!(
        gallery
            .search(&nothing)
            .expect_err("no direction")
            .to_string()
            .contains("nothing to look for")
    );
    let unknown = Query { like: vec![77], ..query(&axis(&[(0, 1.0)]), 9) };
    assert!(gallery.search(&unknown).expect_err("not there").to_string().contains("no row 77"));
    let both = Query { like: vec![1, 2], unlike: vec![3, 2], ..query(&axis(&[(0, 1.0)]), 9) };
    let error = gallery.search(&both).expect_err("a contradiction");
    assert!(error.is_user() && error.to_string().contains("resemble the row 2, and"), "{error}");
}

#[test]
fn answers_move_the_rows_whose_captions_speak_of_them() {
    for storage in [Storage::F32, Storage::F16, Storage::Int8] {
        let directory = tempfile::tempdir().expect("temporary directory");
        let mut writer = create(directory.path(), storage);
        let mut rng = rng(18);
        let captions =
            [Some("a red coat"), Some("a blue coat"), None, Some("a hat"), Some("a red coat")];
        for (i, caption) in captions.into_iter().enumerate() {
            let mut row = known(&mut rng, i);
            row.record.caption = caption.map(str::to_owned);
            // Cosines of 1, 0.981, 0.958, 0.938 and 0.673 with the query.
            row.features = vec![0.0; WIDTH];
            (row.features[0], row.features[1]) = (1.0, [0.0, 0.2, 0.3, 0.37, 1.1][i]);
            add(&mut writer, &row);
        }
        writer.commit().expect("committed");
        let gallery = Gallery::open(directory.path()).expect("opened");
        let mut features = vec![0.0; WIDTH];
        features[0] = 1.0;
        let asked = |words: &str, reply| {
            let replies = vec![Replied { words: words.into(), reply }];
            gallery.search(&Query { replies, ..query(&features, 9) }).expect("searched")
        };
        let plain = gallery.search(&query(&features, 9)).expect("searched");
        assert_eq!(numbers(&plain), [0, 1, 2, 3, 4], "{storage:?}");
        assert_eq!(asked("red coat", Reply::Unknown), plain);
        assert_eq!(asked("scarf", Reply::Yes), plain);
        // The blue coat falls by 0.05, behind the row without a caption and the hat, and the last red one rises to 0.72.
        let yes = asked("red coat", Reply::Yes);
        assert_eq!(numbers(&yes), [0, 2, 3, 1, 4], "{storage:?}");
        // Words are read as those of captions.
        assert_eq!(asked(" A red  coat.", Reply::Yes), yes);
        // The red ones fall to 0.95 and 0.62, the blue one rises to 1.03.
        let no = asked("Red coat", Reply::No);
        assert_eq!(numbers(&no), [1, 2, 0, 3, 4], "{storage:?}");
        for hit in yes.iter().chain(&no) {
            assert_eq!(hit, &plain[hit.row as usize], "the similarity stays that of the features");
        }
        let replies = vec![Replied { words: "hat".into(), reply: Reply::Yes }];
        let few = Query { replies, top: 3, ..query(&features, 3) };
        assert_eq!(numbers(&gallery.search(&few).expect("searched")), [0, 3, 1], "{storage:?}");
    }
}

#[test]
fn an_answer_about_anything_but_one_thing_is_refused() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let all = fill(&mut create(directory.path(), Storage::F32), 19, 3, 3);
    let gallery = Gallery::open(directory.path()).expect("opened");
    for words in ["", " ", "a woman", "red coat, hat", "?"] {
        for reply in [Reply::Yes, Reply::No, Reply::Unknown] {
            let replies = vec![Replied { words: words.into(), reply }];
            let asked = Query { replies, ..query(&all[0].features, 3) };
            let error = gallery.search(&asked).expect_err(words);
            assert!(
                error.is_user() && error.to_string().contains(&format!("`{words}`")),
                "{error}"
            );
        }
    }
}

#[test]
fn a_threshold_needs_a_calibration() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let all = fill(&mut create(directory.path(), Storage::F32), 18, 3, 3);
    let gallery = Gallery::open(directory.path()).expect("opened");
    let sure = Query { threshold: Some(0.9), ..query(&all[0].features, 3) };
    let error = gallery.search(&sure).expect_err("no calibration");
    assert!(matches!(error, GalleryError::Request { .. }));
    assert!(error.hint().is_some_and(|hint| hint.contains("aio gallery calibrate")));
}

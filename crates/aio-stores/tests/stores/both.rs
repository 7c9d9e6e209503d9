//! What every database does: answer as the gallery on disk does, and take its rows and no others.

use crate::pair::{Pair, WIDTH, calibration, features, filter, model, query, recall, rows, same};
use crate::server::Server;
use aio_gallery::{
    Calibration, Content, Entry, Gallery, Query, Record, Replied, Reply, Scan, Storage, Unclaimed,
    Writer,
};
use aio_stores::{Index, Layout, Partition, Pushed, Store, push};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;

/// Runs each test with every database.
macro_rules! over_both {
    ($($test:ident)*) => {
        mod postgres {
            use crate::server::Server;
            $(#[test]
            #[ignore = "needs PostgreSQL with pgvector: just test-stores"]
            fn $test() { super::$test(Server::Postgres); })*
        }
        #[cfg(feature = "qdrant")]
        mod qdrant {
            use crate::server::Server;
            $(#[test]
            #[ignore = "needs Qdrant, or scripts/stores/qdrant.py: just test-stores"]
            fn $test() { super::$test(Server::Qdrant); })*
        }
    };
}

over_both! {
    the_answers_are_those_of_the_gallery
    pushing_again_moves_only_what_changed
    a_push_that_is_stopped_changes_nothing_and_readers_see_the_old_rows_until_it_ends
    an_index_finds_most_of_the_nearest_and_exact_searches_do_not_use_it
    what_does_not_fit_is_refused_by_name
    of_equally_near_rows_those_with_the_smallest_numbers_are_found
    rows_in_16_bits_are_compared_as_the_gallery_compares_them
}

/// Pushes a gallery and compares the answers to random queries.
pub(crate) fn answers_agree(server: Server, name: &str, partition: Option<Partition>) {
    let pair = Pair::new(server, name, 400);
    let mut writer = pair.writer();
    writer.remove(&[3, 100, 399]).expect("removed");
    writer.set_calibration(Calibration::ANY, calibration()).expect("set");
    drop(writer);
    assert_eq!(pair.push_as(Layout { index: Index::Keep, partition }).rows, 397);
    let (gallery, store) = (pair.gallery(), pair.store());
    assert_eq!((store.rows(), pair.visible()), (397, 397));
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let (mut grouped, mut empty) = (0, 0);
    for number in 0..300 {
        let mut asked = query(features(&mut rng), rng.random_range(1..60));
        asked.filter = filter(&mut rng);
        asked.group_by =
            [None, Some("identity"), Some("floor; --.[\""), Some("camera"), Some("time")]
                [rng.random_range(0..5)]
            .map(str::to_owned);
        if rng.random_bool(0.3) {
            asked.like = vec![rng.random_range(4..99), rng.random_range(101..200)];
            asked.unlike = vec![rng.random_range(201..300)];
        }
        // A threshold is refused beside likes.
        if asked.like.is_empty() && rng.random_bool(0.2) {
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

fn the_answers_are_those_of_the_gallery(server: Server) {
    answers_agree(server, "answers", None);
}

fn pushing_again_moves_only_what_changed(server: Server) {
    let pair = Pair::new(server, "again", 60);
    let counts = |pushed: Pushed| (pushed.rows, pushed.added, pushed.removed);
    assert_eq!(counts(pair.push()), (60, 60, 0));
    assert_eq!(counts(pair.push()), (60, 0, 0));
    pair.writer().remove(&[0, 17]).expect("removed");
    pair.add(60, 5);
    assert_eq!(counts(pair.push()), (63, 5, 2));
    // Somebody else's change is undone where the row is not the one that was pushed.
    server.disturb(pair.address.name());
    assert_eq!(counts(pair.push()), (63, 1, 0));
    let asked = [query(features(&mut ChaCha8Rng::seed_from_u64(1)), 63)];
    let (gallery, found) = (pair.gallery(), pair.store().answers(&asked, Scan::Exact));
    let expected = gallery.answers(&asked).expect("answered");
    same(&found.expect("answered")[0], &expected[0], &gallery, "all rows");
}

fn a_push_that_is_stopped_changes_nothing_and_readers_see_the_old_rows_until_it_ends(
    server: Server,
) {
    let pair = Pair::new(server, "stopped", 40);
    pair.push();
    pair.add(40, 30);
    let stopped = catch_unwind(AssertUnwindSafe(|| {
        push(&pair.gallery(), &pair.address, Layout::default(), &|_| panic!("stopped"))
    }));
    assert!(stopped.is_err());
    assert_eq!((pair.store().rows(), pair.visible()), (40, 40));
    // What had arrived in Qdrant is not sent again; a transaction that was stopped leaves nothing.
    pair.add(70, 10);
    let missing = if server == Server::Postgres { 40 } else { 10 };
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
    assert_eq!((pair.store().rows(), pair.visible()), (40, 40));
    drop((is_reached, go_on));
    assert_eq!(pushing.join().expect("no panic").added, missing);
    assert_eq!((pair.store().rows(), pair.visible()), (80, 80));
}

fn an_index_finds_most_of_the_nearest_and_exact_searches_do_not_use_it(server: Server) {
    let pair = Pair::new(server, "index", 3000);
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
    // To count what an index lets out would read all rows.
    assert!(approximate.iter().all(|answer| answer.searched.is_none()));
    let recall = recall(&approximate, &expected);
    assert!(recall > 0.9, "{recall}");
    // The program measures the same with rows of the gallery as queries. What stands in for Qdrant has no index, and takes minutes.
    if server == Server::Postgres {
        let measured = aio_stores::recall(&gallery, &pair.address).expect("measured");
        let measured = measured.expect("there are rows");
        assert_eq!(measured.at.keys().copied().collect::<Vec<_>>(), [1, 10, 100]);
        assert!(measured.queries > 100 && measured.queries <= 128, "{measured:?}");
        assert!(measured.at.values().all(|share| (0.9..=1.0).contains(share)), "{measured:?}");
    }
    // Rows that are pushed later are in the index as well.
    pair.add(3000, 1);
    pair.push();
    let new = pair.gallery().row(3000).expect("the new row");
    let answer =
        &pair.store().answers(&[query(new.features, 1)], Scan::Approximate).expect("answered")[0];
    assert_eq!(rows(answer), [3000]);
}

fn of_equally_near_rows_those_with_the_smallest_numbers_are_found(server: Server) {
    let pair = Pair::new(server, "ties", 0);
    let mut writer = pair.writer();
    let equal = features(&mut ChaCha8Rng::seed_from_u64(7));
    for i in 0..60u8 {
        // Every fourth row is nearer; the others are all alike.
        let mut features: Vec<f32> = equal.clone();
        features[0] += if i % 4 == 0 { 0.0 } else { 3.0 };
        let camera = Some(format!("cam{}", i % 3));
        let record = Record { camera, modality: "rgb".into(), ..Record::default() };
        let content = Content::of([("rgb", &[i][..])]);
        writer.add(Entry { content, features: &features, record, thumbnail: &[] }).expect("added");
    }
    writer.commit().expect("committed");
    pair.push();
    if server == Server::Postgres {
        // A row that is written again lies behind the others.
        server.disturb(pair.address.name());
    }
    let (gallery, store) = (pair.gallery(), pair.store());
    for top in [1, 5, 15, 17, 30, 59, 60, 100] {
        for camera in [None, Some("cam1")] {
            let mut asked = query(equal.clone(), top);
            asked.filter.cameras = camera.map(str::to_owned).into_iter().collect();
            let expected = gallery.answers(&[asked.clone()]).expect("answered");
            let found = store.answers(&[asked], Scan::Exact).expect("answered");
            assert_eq!(rows(&found[0]), rows(&expected[0]), "the first {top} of {camera:?}");
        }
    }
}

fn rows_in_16_bits_are_compared_as_the_gallery_compares_them(server: Server) {
    let pair = Pair::stored(server, "f16", 300, Storage::F16);
    pair.push();
    let (gallery, store) = (pair.gallery(), pair.store());
    // Rounded to 16 bits, rows have lengths that differ from 1 by more than what `same` takes for equal.
    let length = |row: aio_gallery::Row| row.features.iter().map(|v| v * v).sum::<f32>().sqrt();
    let lengths: Vec<f32> = gallery.rows().map(|row| length(row.expect("a row"))).collect();
    assert!(lengths.iter().any(|length| (length - 1.0).abs() > 2e-5), "{lengths:?}");
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    for number in 0..20 {
        let asked = [query(features(&mut rng), 300)];
        let expected = gallery.answers(&asked).expect("answered");
        let found = store.answers(&asked, Scan::Exact).expect("answered");
        same(&found[0], &expected[0], &gallery, &format!("query {number}"));
    }
}

fn what_does_not_fit_is_refused_by_name(server: Server) {
    let pair = Pair::new(server, "refused", 10);
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
        refused(Query { threshold: Some(0.5), ..query(of, 3) })
            .contains("no calibration for rgb queries")
    );
    // A gallery of another model under the same name.
    let directory = tempfile::tempdir().expect("temporary directory");
    let writer = Writer::create(directory.path(), model("b"), WIDTH, Storage::F16, Unclaimed);
    writer.expect("created").commit().expect("committed");
    let other = Gallery::open(directory.path()).expect("opened");
    let error = push(&other, &pair.address, Layout::default(), &|_| {}).expect_err("another model");
    assert!(error.is_user() && error.to_string().contains("`b`"), "{error}");
    assert_eq!((store.rows(), pair.visible()), (10, 10));
}

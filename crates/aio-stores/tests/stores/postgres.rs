//! What PostgreSQL alone does: parts, and one transaction.

use crate::both::answers_agree;
use crate::pair::{Pair, WIDTH, features, query, recall};
use crate::server::{Server, client};
use aio_gallery::{Content, Entry, Query, Record, Scan};
use aio_stores::{Address, Index, Layout, Partition, Store, StoreError, push};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

#[test]
#[ignore = "needs PostgreSQL with pgvector: just test-stores"]
fn the_answers_of_partitioned_tables_are_those_of_the_gallery() {
    answers_agree(Server::Postgres, "by_camera", Some(Partition::Camera));
    answers_agree(Server::Postgres, "by_day", Some(Partition::Day));
    answers_agree(Server::Postgres, "by_month", Some(Partition::Month));
}

#[test]
#[ignore = "needs PostgreSQL with pgvector: just test-stores"]
fn a_filter_reads_its_own_parts_and_an_index_finds_the_rows_of_a_camera() {
    let pair = Pair::new(Server::Postgres, "parts", 2000);
    let layout = Layout { index: Index::Hnsw, partition: Some(Partition::Camera) };
    pair.push_as(layout);
    let table = format!("aio_gallery_{}", pair.address.name());
    let count = |sql: &str| client().query_one(sql, &[]).expect("counted").get::<_, i64>(0);
    let parts = format!("SELECT count(*) FROM pg_inherits WHERE inhparent = '{table}'::regclass");
    assert_eq!(count(&parts), 5, "four cameras, and rows without one");
    let sql = format!(
        "EXPLAIN SELECT number FROM {table} WHERE camera = ANY(ARRAY['cam\"2']) ORDER BY features <#> '[{}]' LIMIT 5",
        ["0.5"; WIDTH].join(",")
    );
    let texts = |sql: &str| -> Vec<String> {
        let rows = client().query(sql, &[]).expect("answered");
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
    let recall = recall(&found, &expected);
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
    client().batch_execute(sql).expect("dropped");
    assert_eq!(pair.push_as(other).added, 2001);
}

#[test]
#[ignore = "needs PostgreSQL with pgvector: just test-stores"]
fn no_gallery_touches_the_tables_of_another() {
    let by_camera = Layout { index: Index::Hnsw, partition: Some(Partition::Camera) };
    let first = Pair::new(Server::Postgres, "x", 200);
    first.push_as(by_camera);
    // Names that parts, indexes and keys of the first one's table could have had.
    let names = ["x_none", "x_camera", "x_time", "x_number", "x_features", "x_pkey", "x_key"];
    let others: Vec<Pair> = names.iter().map(|name| Pair::new(Server::Postgres, name, 5)).collect();
    for other in &others {
        assert_eq!(other.push().added, 5);
        assert_eq!(other.push().added, 0);
        // Its own keys and indexes, whatever came first.
        let sql = format!(
            "SELECT indexname::text FROM pg_indexes WHERE tablename = 'aio_gallery_{}'",
            other.address.name()
        );
        let rows = client().query(&sql, &[]).expect("listed");
        let mut found: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        found.sort();
        let own = ["camera", "key", "time"]
            .map(|what| format!("aio_index_{}_{what}", other.address.name()));
        assert_eq!(found, own);
    }
    assert_eq!(first.visible(), 200);
    first.add(200, 3);
    assert_eq!((first.push().added, first.visible()), (3, 203));
    assert!(others.iter().all(|other| other.visible() == 5));
    // A gallery whose name comes first keeps its rows when another makes parts.
    let late = Pair::new(Server::Postgres, "y_none", 5);
    late.push();
    Pair::new(Server::Postgres, "y", 50).push_as(by_camera);
    assert_eq!(late.visible(), 5);
}

#[test]
#[ignore = "needs PostgreSQL with pgvector: just test-stores"]
fn a_table_of_somebody_else_is_not_taken_for_a_new_gallery() {
    let pair = Pair::new(Server::Postgres, "foreign", 5);
    let table = format!("aio_gallery_{}", pair.address.name());
    client().batch_execute(&format!("CREATE TABLE {table} (number bigint, fingerprint bytea); INSERT INTO {table} VALUES (99, '')")).expect("made");
    let error =
        push(&pair.gallery(), &pair.address, Layout::default(), &|_| {}).expect_err("foreign");
    assert!(error.is_user() && error.to_string().contains(&table), "{error}");
    let rows = client().query_one(&format!("SELECT count(*) FROM {table}"), &[]).expect("counted");
    assert_eq!(rows.get::<_, i64>(0), 1, "its row is still there");
}

#[test]
#[ignore = "needs PostgreSQL with pgvector: just test-stores"]
fn searches_are_answered_while_a_push_makes_parts() {
    for (name, partition) in [("waiting", Partition::Camera), ("days", Partition::Day)] {
        let pair = Pair::new(Server::Postgres, name, 60);
        pair.push_as(Layout { index: Index::Keep, partition: Some(partition) });
        // A new camera and a new day, and rows with neither.
        let mut writer = pair.writer();
        for i in 0..20u8 {
            let (camera, time) = (Some("new".to_owned()), Some(1_700_000_000_000_000));
            let new = Record { camera, time, modality: "rgb".into(), ..Record::default() };
            let none = Record { modality: "rgb".into(), ..Record::default() };
            let record = if i % 2 == 0 { new } else { none };
            let content = Content::of([("rgb", &[i][..])]);
            let features = features(&mut ChaCha8Rng::seed_from_u64(1000 + u64::from(i)));
            writer
                .add(Entry { content, features: &features, record, thumbnail: &[] })
                .expect("added");
        }
        writer.commit().expect("committed");
        let (reached, is_reached) = std::sync::mpsc::channel();
        let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
        let (gallery, address) = (pair.gallery(), pair.address.clone());
        let pushing = std::thread::spawn(move || {
            let sent = std::cell::Cell::new(0);
            let wait = |_| {
                sent.set(sent.get() + 1);
                if sent.get() == 20 {
                    reached.send(()).expect("somebody waits");
                    let _ = may_go_on.recv();
                }
            };
            push(&gallery, &address, Layout::default(), &wait).expect("pushed")
        });
        is_reached.recv().expect("all rows were written");
        let (answered, is_answered) = std::sync::mpsc::channel();
        let address = pair.address.clone();
        std::thread::spawn(move || {
            let asked = [query(vec![1.0; WIDTH], 100)];
            let answers = Store::open(&address).expect("opened").answers(&asked, Scan::Exact);
            answered.send(answers.expect("answered")[0].hits.len()).expect("somebody waits");
        });
        let found = is_answered.recv_timeout(std::time::Duration::from_secs(20));
        drop(go_on);
        assert_eq!(found, Ok(60), "a search by {name} waits for the push, or sees a part of it");
        assert_eq!(pushing.join().expect("no panic").added, 20);
        assert_eq!(pair.visible(), 80);
    }
}

#[test]
#[ignore = "needs PostgreSQL with pgvector: just test-stores"]
fn liked_rows_are_read_from_the_same_state_as_the_results() {
    let pair = Pair::new(Server::Postgres, "one_state", 10);
    pair.push();
    let table = format!("aio_gallery_{}", pair.address.name());
    let mut other = client();
    let mut change = other.transaction().expect("begun");
    let sql = format!("LOCK TABLE {table}; DELETE FROM {table} WHERE number = 9");
    change.batch_execute(&sql).expect("changed");
    let address = pair.address.clone();
    let searching = std::thread::spawn(move || {
        let asked = Query { like: vec![5], ..query(vec![1.0; WIDTH], 100) };
        let answers = Store::open(&address).expect("opened").answers(&[asked], Scan::Exact);
        answers.expect("answered")[0].hits.len()
    });
    // The liked row is asked for first, and its table is locked.
    let waiting = format!(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '{table}'::regclass"
    );
    while client().query_one(&waiting, &[]).expect("counted").get::<_, i64>(0) == 0 {
        assert!(!searching.is_finished(), "the search did not read the table");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    change.commit().expect("committed");
    let found = searching.join().expect("no panic");
    assert_eq!(found, 9, "all rows of the state in which the liked one was read, without it");
}

#[test]
#[ignore = "needs PostgreSQL with pgvector: just test-stores"]
fn a_copy_of_an_earlier_version_is_named_with_what_drops_it() {
    let pair = Pair::new(Server::Postgres, "earlier", 5);
    pair.push();
    let name = pair.address.name();
    let sql = format!(
        "UPDATE aio_galleries SET description = description - 'rows' || '{{\"format\": 1}}' WHERE name = '{name}'"
    );
    client().batch_execute(&sql).expect("changed");
    let opened = Store::open(&pair.address).err().expect("another version");
    let pushed = push(&pair.gallery(), &pair.address, Layout::default(), &|_| {});
    for error in [opened, pushed.expect_err("another version")] {
        assert!(error.is_user() && error.to_string().contains("another version"), "{error}");
        let hint = error.hint().expect("a hint");
        assert!(hint.contains(&format!("DROP TABLE aio_gallery_{name};")), "{hint}");
    }
    let hint = Store::open(&pair.address).err().and_then(|error| error.hint()).expect("a hint");
    client().batch_execute(hint.split("again: ").nth(1).expect("statements")).expect("dropped");
    assert_eq!(pair.push().added, 5);
}

#[test]
#[ignore = "needs PostgreSQL with pgvector: just test-stores"]
fn several_pushes_at_once_leave_one_whole_copy() {
    let pair = Pair::new(Server::Postgres, "at_once", 200);
    let added: usize = std::thread::scope(|scope| {
        let pushes: Vec<_> = (0..4).map(|_| scope.spawn(|| pair.push().added)).collect();
        pushes.into_iter().map(|push| push.join().expect("no panic")).sum()
    });
    assert_eq!(added, 200, "one of them added all, the others found them");
    assert_eq!((pair.store().rows(), pair.visible()), (200, 200));
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

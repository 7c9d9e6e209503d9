//! What PostgreSQL alone does: parts, and one transaction.

use crate::both::answers_agree;
use crate::pair::{Pair, WIDTH, features, query, recall};
use crate::server::{Server, client};
use aio_gallery::{Content, Entry, Query, Record};
use aio_stores::{Address, Index, Layout, Partition, Scan, Store, StoreError, push};
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
        "EXPLAIN SELECT number FROM {table} WHERE camera = ANY(ARRAY['cam\"2']) ORDER BY features <=> '[{}]' LIMIT 5",
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
fn several_pushes_at_once_leave_one_whole_copy() {
    let pair = Pair::new(Server::Postgres, "at_once", 200);
    let added: usize = std::thread::scope(|scope| {
        let pushes: Vec<_> = (0..4).map(|_| scope.spawn(|| pair.push().added)).collect();
        pushes.into_iter().map(|push| push.join().expect("no panic")).sum()
    });
    assert_eq!(added, 200, "one of them added all, the others found them");
    assert_eq!(pair.store().rows().expect("counted"), 200);
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

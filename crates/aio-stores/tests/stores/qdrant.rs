//! What Qdrant alone does: pushes that break anywhere, in collections without transactions.

use crate::pair::{Pair, WIDTH, add, features, model, query, rows, same};
use crate::proxy::Proxy;
use crate::server::Server;
use aio_gallery::{Gallery, Scan, Storage, Unclaimed, Writer};
use aio_stores::{Address, Index, Layout, Partition, Store, push, recall};
use qdrant_client::qdrant::{
    CollectionStatus, Condition, CountPointsBuilder, CreateCollectionBuilder, DeletePointsBuilder,
    Distance, Filter, HnswConfigDiffBuilder, OptimizersConfigDiffBuilder, PointStruct,
    SetPayloadPointsBuilder, UpsertPointsBuilder, VectorParamsBuilder,
};
use qdrant_client::{Payload, Qdrant};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// The official client, without the store.
fn client() -> (Runtime, Qdrant) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let url = Server::Qdrant.address("x").replace("qdrant://", "http://");
    let client = Qdrant::from_url(url.trim_end_matches("/x"))
        .api_key(std::env::var("QDRANT_API_KEY"))
        .skip_compatibility_check()
        .build();
    (runtime, client.expect("a client"))
}

pub(crate) fn remove_row(collection: &str, number: i64) {
    let (runtime, client) = client();
    let row = Filter::must([Condition::matches("number", number)]);
    let request = DeletePointsBuilder::new(collection).points(row).wait(true);
    runtime.block_on(client.delete_points(request)).expect("removed");
}

pub(crate) fn remove_collection(name: &str) {
    let (runtime, client) = client();
    let _ = runtime.block_on(client.delete_collection(name));
}

fn points(collection: &str) -> u64 {
    let (runtime, client) = client();
    let counted = runtime.block_on(client.count(CountPointsBuilder::new(collection).exact(true)));
    counted.expect("counted").result.expect("a count").count
}

/// Three galleries that share some of their rows: 0 to 40, 5 to 60 without some, and 0 to 20.
fn variants() -> (TempDir, Vec<Gallery>) {
    let directory = tempfile::tempdir().expect("temporary directory");
    let variants = [(40, vec![]), (60, vec![0, 1, 2, 3, 4, 30, 41]), (20, vec![19])];
    let made = variants.into_iter().enumerate().map(|(index, (count, removed))| {
        let path: PathBuf = directory.path().join(index.to_string());
        let writer = Writer::create(&path, model("a"), WIDTH, Storage::F32, Unclaimed);
        writer.expect("created").commit().expect("committed");
        add(&path, 0, count);
        if !removed.is_empty() {
            let mut writer = Writer::open(&path, Unclaimed).expect("opened");
            writer.remove(&removed).expect("removed");
        }
        Gallery::open(&path).expect("opened")
    });
    let made = made.collect();
    (directory, made)
}

/// Numbers of all rows that a reader sees.
fn seen(store: &Store) -> Vec<u64> {
    let all = query(features(&mut ChaCha8Rng::seed_from_u64(1)), 5000);
    let mut seen = rows(&store.answers(&[all], Scan::Exact).expect("answered")[0]);
    seen.sort_unstable();
    seen
}

fn all(gallery: &Gallery) -> Vec<u64> {
    gallery.records().map(|row| row.expect("a row").0).collect()
}

#[test]
#[ignore = "needs Qdrant, or scripts/stores/qdrant.py: just test-stores"]
fn a_push_that_breaks_anywhere_is_not_seen_and_the_next_one_goes_on() {
    let pair = Pair::new(Server::Qdrant, "breaks", 0);
    let (_directory, galleries) = variants();
    let address = pair.address.to_string();
    let (server, name) = address["qdrant://".len()..].split_once('/').expect("an address");
    let push_through = |gallery: &Gallery, bytes: i64| {
        let proxy = Proxy::new(server, bytes);
        let through = format!("qdrant://{}/{name}", proxy.address).parse().expect("an address");
        (push(gallery, &through, Layout::default(), &|_| {}), proxy)
    };
    let (pushed, proxy) = push_through(&galleries[0], i64::MAX);
    pushed.expect("pushed");
    let whole = proxy.sent() as i64;
    assert!(!proxy.is_broken() && whole > 5000, "{whole} bytes");
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let (mut last, mut broken, mut went_on) = (0, 0, 0);
    for step in 0..80 {
        let next = rng.random_range(0..galleries.len());
        let most = if step % 2 == 0 { whole } else { whole / 2 };
        let bytes = if step % 10 == 9 { i64::MAX } else { rng.random_range(100..most) };
        let (pushed, proxy) = push_through(&galleries[next], bytes);
        let found = seen(&Store::open(&pair.address).expect("opened"));
        let what = format!("step {step}: {bytes} bytes of gallery {next} after {last}: {pushed:?}");
        if let Ok(pushed) = pushed {
            assert_eq!(found, all(&galleries[next]), "{what}");
            went_on += usize::from(pushed.added < galleries[next].len() / 4 && next != last);
            last = next;
        } else {
            assert!(proxy.is_broken(), "{what}");
            broken += 1;
            // The request that makes it visible may have arrived, and its answer not.
            last = if found == all(&galleries[next]) { next } else { last };
            assert_eq!(found, all(&galleries[last]), "{what}");
        }
    }
    assert!(broken > 20 && went_on > 0, "{broken} broken, {went_on} went on");
    push(&galleries[1], &pair.address, Layout::default(), &|_| {}).expect("pushed");
    assert_eq!(points(name), galleries[1].len() as u64 + 1, "rows and state, and nothing else");
    let asked = [query(features(&mut ChaCha8Rng::seed_from_u64(2)), 60)];
    let found = pair.store().answers(&asked, Scan::Exact).expect("answered");
    same(&found[0], &galleries[1].answers(&asked).expect("answered")[0], &galleries[1], "all");
}

#[test]
#[ignore = "needs Qdrant, or scripts/stores/qdrant.py: just test-stores"]
fn a_reader_sees_one_push_or_another_while_they_follow_each_other() {
    let pair = Pair::new(Server::Qdrant, "readers", 0);
    let (_directory, galleries) = variants();
    let push = |which: usize| {
        push(&galleries[which], &pair.address, Layout::default(), &|_| {}).expect("pushed");
    };
    push(0);
    let expected: Vec<Vec<u64>> = galleries.iter().map(all).collect();
    let is_done = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = vec![0; galleries.len()];
            let mut store = pair.store();
            while !is_done.load(Ordering::SeqCst) {
                let found = seen_or_changed(&store);
                if let Some(found) = found {
                    let which = expected.iter().position(|expected| *expected == found);
                    seen[which.expect("rows of one push alone")] += 1;
                }
                store = pair.store();
            }
            seen
        });
        for step in 0..30 {
            push([1, 2, 0][step % 3]);
        }
        is_done.store(true, Ordering::SeqCst);
        reader.join().expect("no panic")
    });
    assert!(seen.iter().filter(|times| **times > 0).count() > 1, "{seen:?}");
}

/// Numbers of all rows; none if pushes ended faster than they were read.
fn seen_or_changed(store: &Store) -> Option<Vec<u64>> {
    let asked = query(features(&mut ChaCha8Rng::seed_from_u64(1)), 5000);
    match store.answers(&[asked], Scan::Exact) {
        Ok(answers) => {
            let mut seen = rows(&answers[0]);
            seen.sort_unstable();
            Some(seen)
        }
        Err(aio_stores::StoreError::Changed { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

#[test]
#[ignore = "needs Qdrant, or scripts/stores/qdrant.py: just test-stores"]
fn of_several_pushes_at_once_one_ends_and_the_next_one_leaves_a_whole_copy() {
    let pair = Pair::new(Server::Qdrant, "at_once", 1200);
    let ended: usize = std::thread::scope(|scope| {
        let one = || push(&pair.gallery(), &pair.address, Layout::default(), &|_| {});
        let pushes: Vec<_> = (0..4).map(|_| scope.spawn(one)).collect();
        let results = pushes.into_iter().map(|push| push.join().expect("no panic"));
        let ended = results.filter(|result| match result {
            Ok(_) => true,
            Err(error) => {
                assert!(error.to_string().contains("another push"), "{error}");
                false
            }
        });
        ended.count()
    });
    assert!(ended >= 1, "the last one to begin ends");
    pair.push();
    assert_eq!(seen(&pair.store()), all(&pair.gallery()));
}

/// Set for the process that [`kill_in_the_middle`] starts: a gallery and an address.
const VICTIM: &str = "AIO_TEST_PUSH";

#[test]
#[ignore = "needs Qdrant, or scripts/stores/qdrant.py: just test-stores"]
fn a_process_that_is_killed_in_the_middle_of_a_push_leaves_the_old_rows() {
    let pair = Pair::new(Server::Qdrant, "killed", 10);
    let kill = || {
        let status = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "qdrant::dies_in_the_middle", "--include-ignored"])
            .env(VICTIM, format!("{}\n{}", pair.directory.path().display(), pair.address))
            .output()
            .expect("started");
        assert!(!status.status.success());
    };
    pair.add(10, 1500);
    kill();
    let error = Store::open(&pair.address).err().expect("nothing is whole");
    assert!(error.is_user() && error.to_string().contains("has not ended"), "{error}");
    assert!(points(pair.address.name()) > 500, "it died after some rows");
    assert_eq!(pair.push().added, 1510 - 1000, "two requests of 500 rows had arrived");
    pair.add(1510, 1200);
    pair.writer().remove(&[7]).expect("removed");
    kill();
    assert_eq!((pair.store().rows(), pair.visible()), (1510, 1510));
    let pushed = pair.push();
    assert_eq!((pushed.rows, pushed.added, pushed.removed), (2709, 200, 1));
    assert_eq!(points(pair.address.name()), 2710);
}

#[test]
#[ignore = "is started by the test above, and does nothing alone"]
fn dies_in_the_middle() {
    let Ok(victim) = std::env::var(VICTIM) else { return };
    let (directory, address) = victim.split_once('\n').expect("a gallery and an address");
    let gallery = Gallery::open(Path::new(directory)).expect("opened");
    let address: Address = address.parse().expect("an address");
    let sent = std::cell::Cell::new(0);
    let _ = push(&gallery, &address, Layout::default(), &|rows| {
        sent.set(sent.get() + rows);
        if sent.get() >= 1000 {
            std::process::abort();
        }
    });
}

#[test]
#[ignore = "needs Qdrant, or scripts/stores/qdrant.py: just test-stores"]
fn rows_that_a_stopped_push_would_have_removed_stay_if_they_are_wanted() {
    let pair = Pair::new(Server::Qdrant, "marked", 30);
    pair.push();
    // What a push leaves that was stopped after it had marked rows 3 and 4 as going.
    let (runtime, client) = client();
    let rows = Filter::must([Condition::matches("number", vec![3, 4])]);
    let request =
        SetPayloadPointsBuilder::new(pair.address.name(), Payload::from([("until", 2.into())]));
    let request = request.points_selector(rows).wait(true);
    runtime.block_on(client.set_payload(request)).expect("marked");
    assert_eq!(seen(&pair.store()), all(&pair.gallery()), "it has not ended");
    let pushed = pair.push();
    assert_eq!((pushed.added, pushed.removed), (0, 0));
    assert_eq!(seen(&pair.store()), all(&pair.gallery()));
    pair.writer().remove(&[4]).expect("removed");
    pair.add(30, 1);
    let pushed = pair.push();
    assert_eq!((pushed.added, pushed.removed), (1, 1));
    assert_eq!(seen(&pair.store()), all(&pair.gallery()));
}

#[test]
#[ignore = "needs Qdrant, or scripts/stores/qdrant.py: just test-stores"]
fn a_second_point_of_a_row_is_removed_by_the_next_push() {
    let pair = Pair::new(Server::Qdrant, "second", 30);
    pair.push();
    let name = pair.address.name();
    // What a late request of an older push leaves: row 5 as it was before.
    let payload = [("number", 5.into()), ("since", 1.into())];
    let id = "11111111-1111-8111-8111-111111111111";
    let point = PointStruct::new(id, vec![1.0; WIDTH], payload);
    let (runtime, client) = client();
    let request = UpsertPointsBuilder::new(name, vec![point]).wait(true);
    runtime.block_on(client.upsert_points(request)).expect("written");
    assert_eq!(points(name), 32, "rows, state and the other point");
    let pushed = pair.push();
    assert_eq!((pushed.rows, pushed.added, pushed.removed), (30, 0, 0));
    assert_eq!((points(name), pair.visible()), (31, 30));
    assert_eq!(seen(&pair.store()), all(&pair.gallery()));
}

#[test]
#[ignore = "needs Qdrant, or scripts/stores/qdrant.py: just test-stores"]
fn collections_of_others_are_left_alone_and_empty_ones_are_taken() {
    let pair = Pair::new(Server::Qdrant, "foreign", 10);
    let name = pair.address.name();
    let (runtime, client) = client();
    let make = |width: u64, distance: Distance| {
        let _ = runtime.block_on(client.delete_collection(name));
        let params = VectorParamsBuilder::new(width, distance);
        let request = CreateCollectionBuilder::new(name).vectors_config(params);
        runtime.block_on(client.create_collection(request)).expect("made");
    };
    let refused = || {
        let pushed = push(&pair.gallery(), &pair.address, Layout::default(), &|_| {});
        let error = pushed.expect_err("no gallery");
        assert!(error.is_user() && error.to_string().contains("is no gallery"), "{error}");
    };
    make(WIDTH as u64, Distance::Dot);
    let point = PointStruct::new(1, vec![1.0; WIDTH], [("number", 1.into())]);
    let request = UpsertPointsBuilder::new(name, vec![point]).wait(true);
    runtime.block_on(client.upsert_points(request)).expect("written");
    refused();
    let nothing = Store::open(&pair.address).err().expect("no gallery");
    assert!(nothing.is_user() && nothing.to_string().contains("there is no gallery"), "{nothing}");
    assert_eq!(points(name), 1);
    make(WIDTH as u64 + 1, Distance::Dot);
    refused();
    make(WIDTH as u64, Distance::Euclid);
    refused();
    assert_eq!(points(name), 0);
    make(WIDTH as u64, Distance::Cosine);
    assert_eq!(pair.push().added, 10);
    assert_eq!(seen(&pair.store()), all(&pair.gallery()));
}

#[test]
#[ignore = "needs Qdrant, or scripts/stores/qdrant.py: just test-stores"]
fn features_come_back_bit_for_bit_and_parts_are_refused() {
    let pair = Pair::new(Server::Qdrant, "bits", 30);
    pair.push();
    let (gallery, store) = (pair.gallery(), pair.store());
    for row in 0..30 {
        let found = aio_gallery::Collection::features_of(&store, row).expect("a row");
        let expected = gallery.row(row).expect("a row").features;
        assert!(found.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits()), "{row}");
    }
    let layout = Layout { partition: Some(Partition::Camera), ..Layout::default() };
    let error = push(&gallery, &pair.address, layout, &|_| {}).expect_err("no parts");
    assert!(error.is_user() && error.to_string().contains("not partitioned"), "{error}");
}

#[test]
#[ignore = "needs Qdrant, or scripts/stores/qdrant.py: just test-stores"]
fn a_push_that_asks_for_an_index_ends_when_the_index_is_made() {
    let rows = 3000;
    let pair = Pair::new(Server::Qdrant, "index", rows);
    let name = pair.address.name();
    let (runtime, client) = client();
    // By default a server makes no index for less than 10 MB.
    let request = CreateCollectionBuilder::new(name)
        .vectors_config(VectorParamsBuilder::new(WIDTH as u64, Distance::Dot))
        .optimizers_config(OptimizersConfigDiffBuilder::default().indexing_threshold(1))
        .hnsw_config(HnswConfigDiffBuilder::default().m(0).full_scan_threshold(10));
    runtime.block_on(client.create_collection(request)).expect("made");
    pair.push_as(Layout { index: Index::Hnsw, ..Layout::default() });
    let info = runtime.block_on(client.collection_info(name)).expect("read");
    let info = info.result.expect("a description");
    assert_eq!(info.status(), CollectionStatus::Green);
    if std::env::var_os("AIO_TEST_QDRANT_STANDS_IN").is_some() {
        eprintln!("skipped: what stands in for Qdrant makes no index");
        return;
    }
    assert!(info.indexed_vectors_count.unwrap_or(0) >= rows as u64, "{info:?}");
    let found = recall(&pair.gallery(), &pair.address).expect("measured").expect("many rows");
    assert!(found.at[&10] > 0.8, "{found:?}");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let address: Address = "qdrant://127.0.0.1:1/people".parse().expect("an address");
    let error = Store::open(&address).err().expect("nobody listens there");
    let text = format!("{error} {:?}", error.hint());
    assert!(text.contains("cannot connect to qdrant://127.0.0.1:1/people"), "{text}");
    assert!(text.contains("QDRANT_API_KEY") && !error.is_user(), "{text}");
}

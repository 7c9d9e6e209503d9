//! Compaction and the snapshots of readers.

use crate::support::{add, contents, create, fill, known, numbers, query, rng, verified};
use aio_data::DataError;
use aio_gallery::{Gallery, GalleryError, Storage, Unclaimed, Writer};
use std::ops::ControlFlow;

#[test]
fn a_compaction_drops_removed_rows_and_changes_nothing_else() {
    for storage in [Storage::F32, Storage::F16, Storage::Int8] {
        let directory = tempfile::tempdir().expect("temporary directory");
        let mut writer = create(directory.path(), storage);
        let all = fill(&mut writer, 31, 90, 20);
        let gone: Vec<u64> = (0..20).chain([33, 89]).collect();
        writer.remove(&gone).expect("removed");
        let before = Gallery::open(directory.path()).expect("opened");
        let compacted = writer.compact(&|| false).expect("compacted");
        assert_eq!((compacted.segments_before, compacted.segments_after), (5, 1));
        assert_eq!(compacted.dropped, 22);
        assert!(compacted.bytes_after < compacted.bytes_before);
        let after = Gallery::open(directory.path()).expect("opened");
        assert_eq!((after.len(), after.removed(), after.segments()), (68, 0, 1));
        assert_eq!(contents(&after), contents(&before), "bit by bit, under the same numbers");
        assert_eq!(verified(directory.path()).damages, []);
        let query = query(&all[40].features, 10);
        assert_eq!(
            after.search(&query).expect("searched"),
            before.search(&query).expect("searched")
        );
        // Numbers go on behind the largest one that was ever given.
        let mut writer = Writer::open(directory.path(), Unclaimed).expect("opened");
        add(&mut writer, &known(&mut rng(32), 1000));
        writer.commit().expect("committed");
        let last = Gallery::open(directory.path()).expect("opened");
        assert_eq!(contents(&last).last().map(|row| row.0), Some(90));
        // Nothing is left to do, so nothing is written.
        writer.compact(&|| false).expect("compacted");
        let generation = Gallery::open(directory.path()).expect("opened").generation();
        writer.compact(&|| false).expect("compacted");
        assert_eq!(Gallery::open(directory.path()).expect("opened").generation(), generation);
    }
}

#[test]
fn a_reader_keeps_its_snapshot() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut writer = create(directory.path(), Storage::Int8);
    let all = fill(&mut writer, 33, 60, 25);
    // One that has read everything, and one that has read nothing yet.
    let (read, unread) = (
        Gallery::open(directory.path()).expect("opened"),
        Gallery::open(directory.path()).expect("opened"),
    );
    let expected = contents(&read);
    writer.remove(&(0..30).collect::<Vec<u64>>()).expect("removed");
    writer.compact(&|| false).expect("compacted");
    let segments = std::fs::read_dir(directory.path().join("segments")).expect("listed").count();
    assert_eq!(segments, 1, "the old files are gone");
    assert_eq!(contents(&unread), expected);
    for gallery in [&read, &unread] {
        assert_eq!(numbers(&gallery.search(&query(&all[3].features, 1)).expect("searched")), [3]);
    }
    assert_eq!(Gallery::open(directory.path()).expect("opened").len(), 30);
}

#[test]
fn readers_open_a_gallery_while_it_changes() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut writer = create(directory.path(), Storage::F32);
    let all = fill(&mut writer, 36, 40, 10);
    let done = std::sync::atomic::AtomicBool::new(false);
    let opened = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut opened = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) || opened == 0 {
                let gallery = Gallery::open(directory.path()).expect("opened at any time");
                // Rows are added and removed in pairs, and the first row stays.
                assert_eq!(gallery.len() % 2, 0);
                let hits = gallery.search(&query(&all[0].features, 1)).expect("searched");
                assert_eq!(numbers(&hits), [0]);
                opened += 1;
            }
            opened
        });
        let mut rng = rng(37);
        for round in 0..40 {
            (0..2).for_each(|i| _ = add(&mut writer, &known(&mut rng, 1000 + 2 * round + i)));
            writer.commit().expect("committed");
            let last = writer.gallery().expect("opened").rows().last().expect("a row");
            let last = last.expect("a row").number;
            writer.remove(&[last - 1, last]).expect("removed");
            writer.compact(&|| false).expect("compacted");
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        reader.join().expect("the reader")
    });
    assert!(opened > 0);
}

#[test]
fn a_gallery_without_rows_is_compacted_to_nothing() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut writer = create(directory.path(), Storage::F32);
    fill(&mut writer, 34, 10, 4);
    let removed = writer.remove_selected(|gallery| gallery.select(&Default::default()));
    assert_eq!(removed.expect("removed"), 10);
    let compacted = writer.compact(&|| false).expect("compacted");
    assert_eq!((compacted.segments_after, compacted.bytes_after), (0, 0));
    assert!(Gallery::open(directory.path()).expect("opened").is_empty());
}

#[test]
fn a_compaction_that_is_stopped_changes_nothing() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut writer = create(directory.path(), Storage::F32);
    fill(&mut writer, 35, 30, 10);
    let before = Gallery::open(directory.path()).expect("opened");
    let error = writer.compact(&|| true).expect_err("stopped");
    assert!(matches!(error, GalleryError::Data(DataError::Interrupted { .. })), "{error}");
    let after = Gallery::open(directory.path()).expect("opened");
    assert_eq!((after.generation(), contents(&after)), (before.generation(), contents(&before)));
}

#[test]
fn a_verification_that_is_to_stop_finds_nothing() {
    let directory = tempfile::tempdir().expect("temporary directory");
    fill(&mut create(directory.path(), Storage::F32), 38, 60, 10);
    let stopped = Gallery::verify(directory.path(), &|_| ControlFlow::Break(()));
    let error = stopped.expect_err("stopped at the first file");
    assert!(matches!(error, GalleryError::Data(DataError::Interrupted { .. })), "{error}");
}

#[test]
fn a_verification_beside_compactions_finds_no_damage() {
    let directory = tempfile::tempdir().expect("temporary directory");
    fill(&mut create(directory.path(), Storage::F32), 38, 60, 10);
    // Files are removed as soon as the first of them is compared.
    let changes = std::sync::Mutex::new(0);
    let change = |_: u64| {
        // A thread that waits inside a change may be given another file, and must not wait for itself.
        if let Ok(mut changes) = changes.try_lock()
            && *changes < 3
        {
            let mut writer = Writer::open(directory.path(), Unclaimed).expect("opened");
            writer.remove(&[*changes]).expect("removed");
            writer.compact(&|| false).expect("compacted");
            *changes += 1;
        }
        ControlFlow::Continue(())
    };
    let verified = Gallery::verify(directory.path(), &change).expect("verified");
    assert_eq!(verified.damages, []);
    assert_eq!(*changes.lock().expect("held by no other"), 3);
    // What is there at the end is counted: the segments, and the contents of three removed rows.
    let gallery = Gallery::open(directory.path()).expect("opened");
    assert_eq!(verified.bytes, gallery.bytes() + 3 * 16);
    // What is really damaged is found also while the gallery changes all the time.
    let path = directory.path().join("segments");
    let segment = std::fs::read_dir(path).expect("listed").flatten().next().expect("a segment");
    let path = segment.path().join("features.f32");
    let mut bytes = std::fs::read(&path).expect("read");
    bytes[7] ^= 1;
    std::fs::write(&path, bytes).expect("written");
    let change = |_: u64| {
        if let Ok(mut changes) = changes.try_lock() {
            *changes += 1;
            let mut writer = Writer::open(directory.path(), Unclaimed).expect("opened");
            add(&mut writer, &known(&mut rng(*changes), 2000 + *changes as usize));
            writer.commit().expect("committed");
        }
        ControlFlow::Continue(())
    };
    let damages = Gallery::verify(directory.path(), &change).expect("verified").damages;
    assert_eq!(damages.iter().map(|damage| &damage.file).collect::<Vec<_>>(), [&path]);
}

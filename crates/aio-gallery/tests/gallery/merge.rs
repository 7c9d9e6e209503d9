//! Merging galleries.

use crate::support::{add, contents, create, fill, known, model, numbers, query, rng, verified};
use aio_gallery::{Gallery, GalleryError, Storage, Unclaimed, Writer};
use std::collections::BTreeSet;

#[test]
fn shards_become_one_gallery_that_shares_their_bytes() {
    let (target, whole) =
        (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let all = fill(&mut create(whole.path(), Storage::F32), 61, 100, 100);
    let shards = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
    for (shard, directory) in shards.iter().enumerate() {
        let mut writer = create(directory.path(), Storage::F32);
        for (i, row) in all.iter().enumerate().filter(|(i, _)| i % 2 == shard) {
            add(&mut writer, row);
            if i % 30 > 27 {
                writer.commit().expect("committed");
            }
        }
        writer.commit().expect("committed");
    }
    let sources = || shards.each_ref().map(|s| Gallery::open(s.path()).expect("opened"));
    let mut writer = create(target.path(), Storage::F32);
    let merged = writer.merge(&sources()).expect("merged");
    assert_eq!((merged.rows, merged.known, merged.copied), (100, 0, 0), "{merged:?}");
    assert_eq!(merged.linked, 6 * merged.segments);
    let gallery = Gallery::open(target.path()).expect("opened");
    assert_eq!(gallery.len(), 100);
    assert_eq!(verified(target.path()).damages, []);
    // The same pictures are found as in a gallery that was filled at once.
    let whole = Gallery::open(whole.path()).expect("opened");
    for row in [0, 17, 99] {
        let paths = |gallery: &Gallery| {
            let hits = gallery.search(&query(&all[row].features, 10)).expect("searched");
            hits.into_iter()
                .map(|hit| (hit.record.path, hit.similarity.to_bits()))
                .collect::<Vec<_>>()
        };
        assert_eq!(paths(&gallery), paths(&whole));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let inode = |directory: &std::path::Path| {
            let segments = std::fs::read_dir(directory.join("segments")).expect("listed").flatten();
            let inode = |e: std::fs::DirEntry| {
                std::fs::metadata(e.path().join("features.f32")).expect("a file").ino()
            };
            segments.map(inode).collect::<BTreeSet<u64>>()
        };
        let shared: BTreeSet<u64> = shards.iter().flat_map(|shard| inode(shard.path())).collect();
        assert_eq!(inode(target.path()), shared, "no byte of the features was copied");
    }
    // Merging again adds nothing.
    let before = contents(&gallery);
    let again = writer.merge(&sources()).expect("merged");
    assert_eq!((again.rows, again.segments, again.known_segments), (0, 0, merged.segments));
    assert_eq!(contents(&Gallery::open(target.path()).expect("opened")), before);
    // The shards may go.
    drop(shards);
    assert_eq!(contents(&Gallery::open(target.path()).expect("opened")), before);
}

#[test]
fn known_and_removed_rows_stay_away_and_row_numbers_are_new() {
    let (target, other) =
        (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let mut writer = create(target.path(), Storage::Int8);
    fill(&mut writer, 62, 10, 10);
    writer.remove(&[9]).expect("removed");
    let mut source = create(other.path(), Storage::Int8);
    let mut rng = rng(63);
    let rows: Vec<_> = (5..15).map(|i| known(&mut rng, i)).collect();
    rows.iter().for_each(|row| _ = add(&mut source, row));
    source.commit().expect("committed");
    source.remove(&[9]).expect("removed");
    let merged = writer.merge(&[Gallery::open(other.path()).expect("opened")]).expect("merged");
    // 5 to 8 are known; 9 was removed here and stays away; 14 was removed there.
    assert_eq!((merged.rows, merged.known, merged.removed), (4, 4, 1));
    let gallery = Gallery::open(target.path()).expect("opened");
    let found: Vec<u64> = contents(&gallery).into_iter().map(|row| row.0).collect();
    assert_eq!(found, [0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 17, 18]);
    assert_eq!(gallery.row(15).expect("a row").record.path.as_deref(), Some("photos/00010.jpg"));
    let hits = gallery.search(&query(&rows[6].features, 1)).expect("searched");
    assert_eq!(numbers(&hits), [16]);
    assert!(writer.contains(crate::support::content("photos/00011.jpg")));
    let before = contents(&gallery);
    writer.compact(&|| false).expect("compacted");
    assert_eq!(contents(&Gallery::open(target.path()).expect("opened")), before);
    assert_eq!(Gallery::open(other.path()).expect("opened").len(), 9, "the source stays as it is");
}

#[test]
fn galleries_that_do_not_fit_are_refused() {
    let [a, b, c] = std::array::from_fn(|_| tempfile::tempdir().expect("a folder"));
    let mut writer = create(a.path(), Storage::F32);
    drop(Writer::create(b.path(), model("b"), crate::support::WIDTH, Storage::F32, Unclaimed));
    drop(create(c.path(), Storage::F16));
    let mut refused = |path| {
        let source = Gallery::open(path).expect("opened");
        writer.merge(&[source]).expect_err("it does not fit")
    };
    let error = refused(b.path());
    assert!(matches!(error, GalleryError::ForeignGallery { .. }));
    assert!(error.to_string().contains("`b`") && error.to_string().contains("`a`"), "{error}");
    assert!(error.to_string().starts_with(&b.path().display().to_string()), "{error}");
    let hint = error.hint().expect("a hint");
    let command = "`aio gallery create NEW INPUTS --storage f32 --model a`, and merge NEW";
    assert!(hint.contains(command) && !hint.contains("sha256"), "{hint}");
    // Other weights of the same name, read with settings.
    let named = |sha256: &str| {
        let settings = serde_json::json!({"heads": 2});
        aio_gallery::Model { sha256: sha256.into(), settings, ..model("a") }
    };
    let [old, new] = std::array::from_fn(|_| tempfile::tempdir().expect("a folder"));
    let mut writers = [(&old, "old"), (&new, "new")].map(|(folder, sha256)| {
        let made = Writer::create(folder.path(), named(sha256), 4, Storage::Int8, Unclaimed);
        made.expect("created")
    });
    let source = Gallery::open(new.path()).expect("opened");
    let error = writers[0].merge(&[source]).expect_err("other weights");
    let hint = error.hint().expect("a hint");
    for part in ["--storage int8 --model a`", "{\"heads\":2}", "sha256 old"] {
        assert!(hint.contains(part), "{part}: {hint}");
    }
    assert!(refused(c.path()).to_string().contains("f16"));
    assert!(refused(a.path()).to_string().contains("with itself"));
}

#[test]
fn a_merge_brings_no_removed_row_back() {
    let [target, other] = std::array::from_fn(|_| tempfile::tempdir().expect("a folder"));
    let mut source = create(other.path(), Storage::F32);
    let all = fill(&mut source, 64, 20, 8);
    let open = |directory: &tempfile::TempDir| Gallery::open(directory.path()).expect("opened");
    let mut writer = create(target.path(), Storage::F32);
    writer.merge(&[open(&other)]).expect("merged");
    writer.remove(&[2, 11]).expect("removed");
    let expected = contents(&open(&target));
    assert_eq!(expected.len(), 18);
    let again = |what: &str, writer: &mut Writer| {
        let merged = writer.merge(&[open(&other)]).expect("merged");
        assert_eq!((merged.rows, merged.segments), (0, 0), "{what}: {merged:?}");
        assert_eq!(contents(&open(&target)), expected, "{what}");
    };
    again("at once", &mut writer);
    writer.compact(&|| false).expect("compacted");
    let segments = open(&target).segments();
    again("after a compaction", &mut writer);
    assert_eq!(open(&target).segments(), segments, "no segment without a new row is added");
    // The other gallery writes its rows into segments of other names.
    source.compact(&|| false).expect("compacted");
    again("after a compaction there", &mut writer);
    drop(writer);
    let mut writer = Writer::open(target.path(), Unclaimed).expect("opened");
    again("by another writer", &mut writer);
    // Whoever adds a removed picture itself gets it back, until it is removed again.
    assert_eq!(add(&mut writer, &all[2]), aio_gallery::Added::Row(20));
    writer.commit().expect("committed");
    assert_eq!(open(&target).len(), 19);
    writer.remove(&[20]).expect("removed");
    writer.compact(&|| false).expect("compacted");
    again("removed twice", &mut writer);
    // A row that only the other gallery has removed was never removed here.
    source.remove(&[5]).expect("removed");
    let fresh = tempfile::tempdir().expect("a folder");
    let mut writer = create(fresh.path(), Storage::F32);
    writer.merge(&[open(&other)]).expect("merged");
    writer.compact(&|| false).expect("compacted");
    assert_eq!(writer.merge(&[open(&target)]).expect("merged").rows, 1);
    assert_eq!(open(&fresh).len(), 20);
}

#[test]
fn what_a_merge_adds_does_not_depend_on_the_order_of_its_sources() {
    let folders: [tempfile::TempDir; 4] =
        std::array::from_fn(|_| tempfile::tempdir().expect("a folder"));
    let [a, b, first, second] = folders.each_ref().map(tempfile::TempDir::path);
    let open = |directory: &std::path::Path| Gallery::open(directory).expect("opened");
    let paths = |directory: &std::path::Path| {
        let gallery = open(directory);
        let rows = gallery.rows().map(|row| row.expect("a row").record.path);
        rows.collect::<BTreeSet<_>>()
    };
    let rows = fill(&mut create(a, Storage::F32), 65, 3, 3);
    let mut writer = create(b, Storage::F32);
    let mut rng = rng(66);
    add(&mut writer, &known(&mut rng, 3));
    writer.merge(&[open(a)]).expect("merged");
    // The rows of A have the numbers 1 to 3 here.
    writer.remove(&[2]).expect("removed");
    let mut writer = create(first, Storage::F32);
    let merged = writer.merge(&[open(a), open(b)]).expect("merged");
    assert_eq!((merged.rows, merged.known, merged.segments, merged.known_segments), (4, 2, 2, 1));
    let mut writer = create(second, Storage::F32);
    let merged = writer.merge(&[open(b), open(a)]).expect("merged");
    assert_eq!((merged.rows, merged.known, merged.segments, merged.known_segments), (4, 2, 2, 0));
    assert_eq!(paths(second), paths(first));
    assert_eq!(open(second).len(), 4);
    let hits = open(second).search(&query(&rows[1].features, 1)).expect("searched");
    assert_eq!(hits[0].record, rows[1].record, "the row has the features that it had");
    assert_eq!(verified(second).damages, []);
    // One after the other gives the same, also where as many rows come as go.
    let third = tempfile::tempdir().expect("a folder");
    let mut writer = create(third.path(), Storage::F32);
    writer.merge(&[open(b)]).expect("merged");
    assert_eq!(open(third.path()).removed(), 1);
    let mut other = Writer::open(a, Unclaimed).expect("opened");
    fill(&mut other, 67, 5, 5);
    other.remove(&[3]).expect("removed");
    let merged = writer.merge(&[open(a)]).expect("merged");
    assert_eq!((merged.rows, merged.known, open(third.path()).removed()), (2, 2, 1));
    // Whoever removed it here does not get it back.
    let number = writer.gallery().expect("opened").search(&query(&rows[1].features, 1));
    let number = number.expect("searched")[0].row;
    writer.remove(&[number]).expect("removed");
    let merged = writer.merge(&[open(a)]).expect("merged");
    assert_eq!((merged.rows, merged.removed, merged.segments), (0, 1, 0));
}

//! What is added is read back.

use crate::support::{
    WIDTH, add, content, contents, cosine, create, fill, known, model, numbers, query, rng,
    verified,
};
use aio_gallery::{Added, Entry, Gallery, GalleryError, Record, Storage, Unclaimed, Writer};

#[test]
fn what_is_added_is_read_back_in_every_storage() {
    for (storage, error) in [(Storage::F32, 1e-6), (Storage::F16, 1e-3), (Storage::Int8, 1e-6)] {
        let directory = tempfile::tempdir().expect("temporary directory");
        let all = fill(&mut create(directory.path(), storage), 1, 50, 20);
        let gallery = Gallery::open(directory.path()).expect("opened");
        assert_eq!((gallery.len(), gallery.segments(), gallery.removed()), (50, 3, 0));
        assert_eq!(gallery.columns().last(), Some(&"floor"));
        for (i, (known, row)) in all.iter().zip(gallery.rows()).enumerate() {
            let row = row.expect("a row");
            assert_eq!((row.number, &row.record), (i as u64, &known.record));
            assert_eq!((&row.thumbnail, row.features.len()), (&known.thumbnail, WIDTH));
            assert!((cosine(&row.features, &known.features) - 1.0).abs() < error, "{storage:?}");
            assert_eq!(gallery.row(i as u64).expect("a row"), row);
            assert_eq!(gallery.thumbnail(i as u64), known.thumbnail);
        }
        let hits = gallery.search(&query(&all[7].features, 3)).expect("searched");
        assert_eq!((hits[0].row, &hits[0].record), (7, &all[7].record));
        assert!(f64::from(hits[0].similarity - 1.0).abs() < error, "{}", hits[0].similarity);
        let verified = verified(directory.path());
        assert_eq!(verified.damages, []);
        let files = if storage == Storage::Int8 { 8 } else { 6 };
        assert_eq!(verified.files, 1 + 3 * files);
    }
}

#[test]
fn the_same_content_is_added_once_until_it_is_removed() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut writer = create(directory.path(), Storage::F32);
    let row = known(&mut rng(2), 0);
    assert_eq!(add(&mut writer, &row), Added::Row(0));
    assert_eq!(add(&mut writer, &row), Added::Known, "before it is committed");
    writer.commit().expect("committed");
    assert!(writer.contains(content("photos/00000.jpg")));
    let mut writer = Writer::open(directory.path(), Unclaimed).expect("opened again");
    let elsewhere = Entry {
        content: content("photos/00000.jpg"),
        features: &row.features,
        record: Record { path: Some("another/path.jpg".into()), ..Record::default() },
        thumbnail: &[],
    };
    assert_eq!(writer.add(elsewhere.clone()).expect("known"), Added::Known);
    assert_eq!(writer.remove(&[0]).expect("removed"), 1);
    let mut writer = Writer::open(directory.path(), Unclaimed).expect("opened again");
    assert_eq!(writer.add(elsewhere).expect("added"), Added::Row(1), "numbers are not used twice");
    writer.commit().expect("committed");
    let gallery = Gallery::open(directory.path()).expect("opened");
    assert_eq!((gallery.len(), gallery.removed()), (1, 1));
    assert_eq!(gallery.row(1).expect("a row").record.path.as_deref(), Some("another/path.jpg"));
    assert!(gallery.row(0).is_err());
}

#[test]
fn removed_rows_are_not_found_and_unknown_ones_are_named() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut writer = create(directory.path(), Storage::F32);
    let all = fill(&mut writer, 3, 30, 11);
    assert_eq!(writer.remove(&[4, 12, 4, 29]).expect("removed"), 3);
    let gallery = Gallery::open(directory.path()).expect("opened");
    for removed in [4, 12, 29] {
        let hits = gallery.search(&query(&all[removed].features, 40)).expect("searched");
        assert_eq!(hits.len(), 27);
        assert!(numbers(&hits).iter().all(|row| ![4, 12, 29].contains(row)));
    }
    let before = gallery.generation();
    for unknown in [4, 30, u64::MAX] {
        let error = writer.remove(&[5, unknown]).expect_err("not there").to_string();
        assert!(error.contains(&format!("no row {unknown}")), "{error}");
    }
    assert_eq!(Gallery::open(directory.path()).expect("opened").generation(), before);
}

#[test]
fn features_of_another_model_are_refused_and_both_are_named() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let all = fill(&mut create(directory.path(), Storage::F32), 4, 3, 3);
    let gallery = Gallery::open(directory.path()).expect("opened");
    let other = aio_gallery::Query { model: model("b"), ..query(&all[0].features, 1) };
    let error = gallery.search(&other).expect_err("another model");
    assert!(matches!(error, GalleryError::ForeignModel { .. }));
    let error = error.to_string();
    for part in ["`a` (sha256 sha-of-a)", "`b` (sha256 sha-of-b)"] {
        assert!(error.contains(part), "{error}");
    }
    // The same weights by another name, and the same weights read in another way.
    let renamed = aio_gallery::Model { name: "c".into(), ..model("a") };
    gallery
        .search(&aio_gallery::Query { model: renamed, ..query(&all[0].features, 1) })
        .expect("fits");
    let heads = aio_gallery::Model { settings: "4 heads".into(), ..model("a") };
    let query = aio_gallery::Query { model: heads, ..query(&all[0].features, 1) };
    assert!(gallery.search(&query).is_err());
}

#[test]
fn features_of_pictures_that_were_prepared_in_another_way_are_refused() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let of = |mean: &str| aio_gallery::Model { description: mean.into(), ..model("a") };
    let writer = Writer::create(directory.path(), of("mean 0.485"), WIDTH, Storage::F32, Unclaimed);
    drop(writer.expect("created"));
    let gallery = Gallery::open(directory.path()).expect("opened");
    let search = |model: aio_gallery::Model| {
        gallery.search(&aio_gallery::Query { model, ..query(&[1.0; WIDTH], 1) })
    };
    search(of("mean 0.485")).expect("the same");
    search(model("a")).expect("nothing more is known");
    let renamed = aio_gallery::Model { name: "b".into(), ..of("mean 0.5") };
    let error = search(renamed).expect_err("prepared in another way");
    assert!(matches!(error, GalleryError::ForeignModel { .. }));
    let hint = error.hint().expect("a hint");
    for part in ["the weights are the same", "\"mean 0.485\" for `a`", "\"mean 0.5\" for `b`"] {
        assert!(hint.contains(part), "{hint}");
    }
}

#[test]
fn what_is_no_gallery_is_named_and_none_is_made_over_another() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let error = Gallery::open(directory.path()).expect_err("empty").to_string();
    assert!(error.contains("is not a gallery"), "{error}");
    drop(create(directory.path(), Storage::F32));
    let error = Writer::create(directory.path(), model("a"), WIDTH, Storage::F32, Unclaimed);
    assert!(error.expect_err("there is one").to_string().contains("is a gallery already"));
    let gallery = Gallery::open(directory.path()).expect("opened");
    assert!(gallery.is_empty());
    assert!(gallery.search(&query(&[1.0; WIDTH], 5)).expect("searched").is_empty());
    // Features of this name leave a gallery what it is, and are none by themselves.
    std::fs::write(directory.path().join("gallery.safetensors"), []).expect("written");
    assert!(Gallery::is_at(directory.path()));
    std::fs::remove_dir(directory.path().join("segments")).expect("removed");
    let error = Gallery::open(directory.path()).expect_err("features");
    assert!(matches!(error, GalleryError::OfFeatures { .. }), "{error}");
    assert!(!Gallery::is_at(directory.path()));
}

#[test]
fn rows_that_cannot_be_compared_are_refused() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut writer = create(directory.path(), Storage::F32);
    let add = |writer: &mut Writer, features: &[f32], record| {
        let entry = Entry { content: content("x"), features, record, thumbnail: &[] };
        writer.add(entry).map_err(|e| e.to_string())
    };
    for features in [&[1.0; 3][..], &[0.0; WIDTH], &[f32::NAN; WIDTH]] {
        assert!(add(&mut writer, features, Record::default()).is_err());
    }
    let mut record = Record::default();
    record.extra.insert("similarity".into(), "1".into());
    let error = add(&mut writer, &[1.0; WIDTH], record).expect_err("the name is taken");
    assert!(error.contains("`similarity`"), "{error}");
    assert_eq!(writer.pending(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_gallery_keeps_no_file_open() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut writer = create(directory.path(), Storage::Int8);
    fill(&mut writer, 9, 30, 1);
    drop(writer);
    let gallery = Gallery::open(directory.path()).expect("opened");
    assert_eq!((gallery.segments(), contents(&gallery).len()), (30, 30));
    let inside = std::fs::canonicalize(directory.path()).expect("a path");
    let open = std::fs::read_dir("/proc/self/fd").expect("listed").flatten();
    let open = open.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    let open: Vec<_> = open.filter(|path| path.starts_with(&inside)).collect();
    assert!(open.is_empty(), "{open:?}");
}

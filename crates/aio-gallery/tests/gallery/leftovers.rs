//! What a writer removes, and what is not its own.

use crate::support::{create, fill, model};
use aio_gallery::{GalleryError, Storage, Unclaimed, Writer};
use std::path::Path;

fn write(path: &Path) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("created");
    std::fs::write(path, "mine").expect("written");
}

#[test]
fn a_folder_called_segments_that_holds_anything_becomes_no_gallery() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let photograph = directory.path().join("segments/IMG_0001.jpg");
    write(&photograph);
    let create = || Writer::create(directory.path(), model("a"), 4, Storage::F32, Unclaimed);
    let error = create().expect_err("photographs are there");
    assert!(matches!(error, GalleryError::Request { .. }), "{error}");
    assert!(error.to_string().contains("IMG_0001.jpg"), "{error}");
    assert!(!directory.path().join("gallery.json").exists());
    assert_eq!(std::fs::read(&photograph).expect("kept"), b"mine");
    // What an interrupted call left.
    std::fs::remove_file(&photograph).expect("removed");
    write(&directory.path().join("segments/.segment.0123456789ab.0.tmp/features.f32"));
    create().expect("an empty folder");
    let error = create().expect_err("a gallery").to_string();
    assert!(error.contains("is a gallery already"), "{error}");
}

#[test]
fn a_writer_removes_nothing_that_it_cannot_have_made() {
    let directory = tempfile::tempdir().expect("temporary directory");
    fill(&mut create(directory.path(), Storage::F32), 85, 20, 5);
    let hash = "0123456789abcdef0123456789abcdef";
    let own = [
        format!("segments/{hash}/features.f32"),
        "segments/.merged.0123456789ab.3.tmp/segment.json".into(),
        "000002-5d0c1c0e9a61.removed".into(),
        "1000000-5d0c1c0e9a61.contents".into(),
    ];
    let foreign = [
        "segments/IMG_0001.jpg".into(),
        "segments/holidays/IMG_0002.jpg".into(),
        format!("segments/{}/IMG_0003.jpg", hash.to_uppercase()),
        format!("segments/{}", hash.replace('0', "f")),
        format!("segments/{hash}.jpg"),
        "notes.removed".into(),
        "box.contents".into(),
        "2-5d0c1c0e9a61.removed".into(),
        "000002-5d0c1c0e9a61.contents/IMG_0004.jpg".into(),
        "IMG_0005.jpg".into(),
    ];
    for name in own.iter().chain(&foreign) {
        write(&directory.path().join(name));
    }
    let mut writer = Writer::open(directory.path(), Unclaimed).expect("opened");
    writer.remove(&[3, 11]).expect("removed");
    writer.compact(&|| false).expect("compacted");
    for (names, stay) in [(&own[..], false), (&foreign[..], true)] {
        for name in names {
            assert_eq!(directory.path().join(name).exists(), stay, "{name}");
        }
    }
}

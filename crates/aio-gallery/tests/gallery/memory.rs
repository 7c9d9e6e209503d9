//! Memory of whoever opens a gallery.

#![allow(clippy::print_stdout)]
#![cfg(target_os = "linux")]

use crate::support::{Known, add, contents, create, fill, model, numbers, query};
use aio_gallery::{Content, Entry, Gallery, Record, Storage, Unclaimed, Writer};
use std::path::Path;
use std::process::Command;

const GALLERY: &str = "AIO_TEST_GALLERY_FOR_MEMORY";
const ROWS: usize = 200_000;
const SEGMENT: usize = 16_384;

/// The most memory that this process ever had, in bytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a line");
    1024 * line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0usize)
}

/// The same after the table of one segment was read, which takes what any reader of tables takes once.
fn after_one_table(directory: &Path) -> usize {
    let gallery = Gallery::open(directory).expect("opened");
    assert!(gallery.records().next().is_some_and(|row| row.is_ok()));
    drop(gallery);
    peak()
}

/// Mappings of this process whose file lies in a folder.
fn mapped(directory: &Path) -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux");
    let folder = directory.canonicalize().expect("a folder").display().to_string();
    maps.lines().filter(|line| line.contains(&folder)).count()
}

#[test]
fn short_files_take_no_mappings_of_which_a_process_may_have_65530() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut writer = create(directory.path(), Storage::Int8);
    let all = fill(&mut writer, 91, 60, 3);
    let gallery = Gallery::open(directory.path()).expect("opened");
    assert_eq!((gallery.segments(), mapped(directory.path())), (20, 0));
    // Their bytes stay readable after the files are gone.
    let before = contents(&gallery);
    writer.compact(&|| false).expect("compacted");
    assert_eq!(Gallery::open(directory.path()).expect("opened").segments(), 1);
    assert_eq!((contents(&gallery), before.len()), (before, 60));
    assert_eq!(numbers(&gallery.search(&query(&all[7].features, 1)).expect("searched")), [7]);
    // One file of 64 KiB is mapped, and one that is a byte shorter is not.
    for (thumbnail, mappings) in [(64 * 1024, 1), (64 * 1024 - 1, 0)] {
        let directory = tempfile::tempdir().expect("temporary directory");
        let mut writer = create(directory.path(), Storage::F32);
        let row = Known { thumbnail: vec![1; thumbnail], ..all[0].clone() };
        add(&mut writer, &row);
        writer.commit().expect("committed");
        let gallery = Gallery::open(directory.path()).expect("opened");
        assert_eq!(mapped(directory.path()), mappings, "{thumbnail} bytes");
        assert!(gallery.thumbnail(0) == row.thumbnail);
    }
}

#[test]
fn a_writer_holds_no_texts_of_rows_and_a_walk_over_rows_holds_one_segment() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut writer =
        Writer::create(directory.path(), model("a"), 2, Storage::F32, Unclaimed).expect("created");
    for row in 0..ROWS {
        let path = format!("a/long/folder/of/pictures/with/a/number/{row:08}.jpg");
        let entry = Entry {
            content: Content::of([("rgb", path.as_bytes())]),
            features: &[1.0, row as f32],
            record: Record {
                identity: Some(format!("person {}", row / 8)),
                camera: Some(format!("camera {}", row % 16)),
                caption: Some(format!("a sentence that describes person {} at length", row / 8)),
                modality: "rgb".into(),
                path: Some(path),
                ..Record::default()
            },
            thumbnail: &[],
        };
        writer.add(entry).expect("added");
        if writer.pending() == SEGMENT {
            writer.commit().expect("committed");
        }
    }
    writer.commit().expect("committed");
    drop(writer);
    for test in ["memory::opens_a_writer", "memory::walks_over_all_rows"] {
        let output = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", test, "--include-ignored", "--nocapture"])
            .env(GALLERY, directory.path())
            .output()
            .expect("started");
        let printed = String::from_utf8_lossy(&output.stdout);
        let found = printed.lines().find_map(|line| line.split_once("bytes: ")?.1.parse().ok());
        let bytes: usize = found.unwrap_or_else(|| panic!("{test} printed no number: {printed}"));
        // Of the texts alone there are more than 150 bytes a row. A set of 16 bytes a row takes 40 while it grows.
        assert!(bytes < 100 * ROWS, "{test}: {bytes} bytes for {ROWS} rows");
    }
}

#[test]
#[ignore = "is started by the test above, and does nothing alone"]
fn opens_a_writer() {
    let Some(directory) = std::env::var_os(GALLERY) else { return };
    let before = after_one_table(Path::new(&directory));
    let writer = Writer::open(Path::new(&directory), Unclaimed).expect("opened");
    assert_eq!(writer.contents().len(), ROWS);
    println!("bytes: {}", peak() - before);
}

#[test]
#[ignore = "is started by the test above, and does nothing alone"]
fn walks_over_all_rows() {
    let Some(directory) = std::env::var_os(GALLERY) else { return };
    let before = after_one_table(Path::new(&directory));
    let gallery = Gallery::open(Path::new(&directory)).expect("opened");
    let captions = gallery.records().filter(|row| {
        let (_, record) = row.as_ref().expect("a row");
        record.caption.is_some()
    });
    assert_eq!(captions.count(), ROWS);
    println!("bytes: {}", peak() - before);
}

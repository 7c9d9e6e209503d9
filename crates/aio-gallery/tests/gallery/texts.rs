//! Rows with much text: what is written is read again.

use crate::support::{content, contents, create, verified};
use aio_gallery::{Added, Entry, Gallery, Record, Storage, Writer};

/// Rows that share a label of `length` bytes.
fn add_labelled(writer: &mut Writer, rows: std::ops::Range<u64>, length: usize) {
    for row in rows {
        let name = row.to_string();
        let mut record = Record { modality: "text".into(), ..Record::default() };
        record.extra.insert("meta".into(), "x".repeat(length));
        let features: Vec<f32> = (0..24).map(|i| (row + i + 1) as f32).collect();
        let entry = Entry { content: content(&name), features: &features, record, thumbnail: &[] };
        assert_eq!(writer.add(entry).expect("added"), Added::Row(row));
    }
}

#[test]
fn long_labels_that_many_rows_share_end_a_segment_before_its_table_is_refused() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut writer = create(directory.path(), Storage::F32);
    // 24 MB of text, of which a table stores 8,000 bytes. One of 16 MiB is read.
    add_labelled(&mut writer, 0..3000, 8000);
    assert_eq!(writer.pending(), 3000);
    assert!(writer.gallery().expect("opened").is_empty(), "nothing is committed");
    writer.commit().expect("committed");
    let gallery = Gallery::open(directory.path()).expect("opened");
    assert_eq!((gallery.len(), gallery.segments(), gallery.generation()), (3000, 2, 2));
    let before = contents(&gallery);
    assert_eq!(before.len(), 3000);
    assert!(before.iter().enumerate().all(|(at, row)| row.0 == at as u64));
    // Small segments are joined, and not to one that nobody can read.
    for block in 0..5 {
        add_labelled(&mut writer, 3000 + 100 * block..3100 + 100 * block, 8000);
        writer.commit().expect("committed");
    }
    writer.remove(&[0, 2999]).expect("removed");
    let before = contents(&Gallery::open(directory.path()).expect("opened"));
    let compacted = writer.compact(&|| false).expect("compacted");
    assert_eq!((compacted.segments_before, compacted.segments_after), (7, 2));
    let after = Gallery::open(directory.path()).expect("opened");
    assert!(contents(&after) == before);
    assert_eq!(verified(directory.path()).damages, []);
    // Two segments that are full of text cannot be joined. Nothing is left to do, so nothing is written.
    writer.compact(&|| false).expect("compacted");
    let again = Gallery::open(directory.path()).expect("opened");
    assert_eq!((again.generation(), again.segments()), (after.generation(), 2));
    assert!(contents(&again) == before);
}

#[test]
fn a_table_that_cannot_be_read_again_becomes_no_part_of_the_gallery() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut writer = create(directory.path(), Storage::F32);
    add_labelled(&mut writer, 0..2, 10);
    writer.commit().expect("committed");
    let before = contents(&Gallery::open(directory.path()).expect("opened"));
    // A table names its columns at its end, and this part is read up to 16 MiB.
    let mut record = Record { modality: "text".into(), ..Record::default() };
    for column in 0..400 {
        record.extra.insert(format!("{column:050000}"), "1".into());
    }
    let content = content("wide");
    let entry = Entry { content, features: &[1.0; 24], record, thumbnail: &[] };
    writer.add(entry).expect("added");
    let error = writer.commit().expect_err("nobody could read it").to_string();
    assert!(error.contains("rows.parquet") && error.contains("its footer has"), "{error}");
    assert!(!writer.contains(content));
    assert!(contents(&Gallery::open(directory.path()).expect("opened")) == before);
    add_labelled(&mut writer, 2..4, 10);
    writer.commit().expect("committed");
    assert_eq!(Gallery::open(directory.path()).expect("opened").len(), 4);
}

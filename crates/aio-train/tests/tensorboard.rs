//! An event file, decoded byte by byte as TensorFlow's formats describe it.
//!
//! A record is `length: u64`, masked CRC-32C of the length, bytes, masked CRC-32C of the bytes
//! (`tensorflow/core/lib/io/record_writer.h`). The bytes are a protocol buffer `Event` (`tensorflow/core/util/event.proto`).

use aio_train::tensorboard::{Events, Image};

/// A field of a protocol buffer: its number and value.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Varint(u64),
    Fixed64(f64),
    Bytes(Vec<u8>),
    Fixed32(f32),
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(count);
    *bytes = rest;
    taken
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return value;
        }
    }
    panic!("a varint has more than ten bytes");
}

fn fields(mut bytes: &[u8]) -> Vec<(u64, Value)> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let value = match tag & 7 {
            0 => Value::Varint(varint(&mut bytes)),
            1 => Value::Fixed64(f64::from_le_bytes(take(&mut bytes, 8).try_into().expect("8"))),
            2 => {
                let length = varint(&mut bytes) as usize;
                Value::Bytes(take(&mut bytes, length).to_vec())
            }
            5 => Value::Fixed32(f32::from_le_bytes(take(&mut bytes, 4).try_into().expect("4"))),
            other => panic!("wire type {other}"),
        };
        fields.push((tag >> 3, value));
    }
    fields
}

fn bytes_of(fields: &[(u64, Value)], number: u64) -> Option<&[u8]> {
    fields.iter().find_map(|(n, value)| match value {
        Value::Bytes(bytes) if *n == number => Some(bytes.as_slice()),
        _ => None,
    })
}

/// The mask of `tensorflow/core/lib/hash/crc32c.h`.
fn masked(bytes: &[u8]) -> u32 {
    let crc = crc32c::crc32c(bytes);
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// The events of a file, each with its fields.
fn events(mut file: &[u8]) -> Vec<Vec<(u64, Value)>> {
    let mut events = Vec::new();
    while !file.is_empty() {
        let length = take(&mut file, 8);
        let checksum = u32::from_le_bytes(take(&mut file, 4).try_into().expect("4"));
        assert_eq!(checksum, masked(length), "checksum of a length");
        let length = u64::from_le_bytes(length.try_into().expect("8")) as usize;
        let event = take(&mut file, length);
        let checksum = u32::from_le_bytes(take(&mut file, 4).try_into().expect("4"));
        assert_eq!(checksum, masked(event), "checksum of an event");
        events.push(fields(event));
    }
    events
}

/// The values of an event's summary, each with its fields.
fn summary(event: &[(u64, Value)]) -> Vec<Vec<(u64, Value)>> {
    let summary = bytes_of(event, 5).expect("a summary");
    let values = fields(summary);
    let value = |(number, value): &(u64, Value)| match value {
        Value::Bytes(bytes) if *number == 1 => fields(bytes),
        other => panic!("field {number} of a summary is {other:?}"),
    };
    values.iter().map(value).collect()
}

#[test]
fn a_written_file_decodes_to_what_was_written() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let jpeg = [0xff, 0xd8, 0x00, 0x80];
    let mut written = Events::create(directory.path(), 300).expect("create");
    let scalars = [("loss/identity".to_owned(), 1.5), ("rate".to_owned(), -2.25e-4)];
    written.scalars(300, scalars.clone()).expect("write");
    let image = Image { height: 2, width: 700, encoded: &jpeg };
    written.image(301, "ranked lists/market1501.rgb-rgb", image).expect("write");
    written.flush().expect("write");

    let mut files = std::fs::read_dir(directory.path()).expect("list");
    let path = files.next().expect("a file").expect("a file").path();
    assert!(files.next().is_none(), "one file");
    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(name.starts_with("events.out.tfevents."), "{name}");
    let events = events(&std::fs::read(&path).expect("read"));
    assert_eq!(events.len(), 4);

    // Every event has a wall time; all but the first have a step.
    let steps: Vec<Option<u64>> = events
        .iter()
        .map(|event| {
            assert!(matches!(event[0], (1, Value::Fixed64(seconds)) if seconds > 1.5e9));
            match event[1] {
                (2, Value::Varint(step)) => Some(step),
                _ => None,
            }
        })
        .collect();
    assert_eq!(steps, [Some(0), Some(300), Some(300), Some(301)]);

    assert_eq!(bytes_of(&events[0], 3), Some(&b"brain.Event:2"[..]));
    // SessionLog with status START: what earlier files hold from this step on is void.
    let log = fields(bytes_of(&events[1], 7).expect("a session log"));
    assert_eq!(log, [(1, Value::Varint(1))]);

    let values = summary(&events[2]);
    assert_eq!(values.len(), scalars.len());
    for (value, (tag, expected)) in values.iter().zip(&scalars) {
        assert_eq!(bytes_of(value, 1), Some(tag.as_bytes()));
        assert_eq!(value[1], (2, Value::Fixed32(*expected)));
    }

    let values = summary(&events[3]);
    assert_eq!(values.len(), 1);
    assert_eq!(bytes_of(&values[0], 1), Some(&b"ranked lists/market1501.rgb-rgb"[..]));
    let picture = fields(bytes_of(&values[0], 4).expect("a picture"));
    let expected = [
        (1, Value::Varint(2)),
        (2, Value::Varint(700)),
        (3, Value::Varint(3)),
        (4, Value::Bytes(jpeg.to_vec())),
    ];
    assert_eq!(picture, expected);
}

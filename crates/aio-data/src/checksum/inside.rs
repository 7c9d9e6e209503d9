//! Files that state their own checksum, which counts as zeros while it is computed.
//!
//! The rule is the same for text and for binary files: where the file states `sha256:` and 64 digits, put 64 zeros in their place and
//! take the SHA-256 of the whole file.

use super::{CHUNK, Checksum, damaged};
use crate::{DataError, Result, fs};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Key of the checksum in JSON objects and in the metadata of other files.
pub const KEY: &str = "checksum";

/// How a checksum begins in JSON. A document with such a text and without a valid checksum has lost a part of it.
const MARK: &str = "\"sha256:";

/// Writes the checksum of a file at the place of its first [`Checksum::UNKNOWN`].
///
/// # Errors
/// Of the operating system; [`ErrorKind::InvalidData`] if the file has no such place.
pub fn seal_file(path: &Path) -> std::io::Result<Checksum> {
    let mut file = File::options().read(true).write(true).open(path)?;
    let (place, sum) = scan(&mut file, &Checksum::UNKNOWN.to_string())?;
    let place = place.ok_or_else(|| {
        std::io::Error::new(ErrorKind::InvalidData, "there is no place for a checksum")
    })?;
    file.seek(SeekFrom::Start(place))?;
    file.write_all(sum.to_string().as_bytes())?;
    file.sync_all()?;
    Ok(sum)
}

/// Checks a file against the checksum that it states.
///
/// # Errors
/// [`DataError::Damaged`] naming the file if it does not have this checksum, [`DataError::Io`] if it cannot be read.
pub fn check_file(path: &Path, stated: &str) -> Result<()> {
    let expected: Checksum = stated.parse().map_err(|e| damaged(path, format!("{e}")))?;
    let (_, found) = scan(&mut fs::open(path)?, stated).map_err(|source| DataError::Io {
        action: "read",
        path: path.to_path_buf(),
        source,
    })?;
    compare(path, expected, found)
}

fn compare(path: &Path, expected: Checksum, found: Checksum) -> Result<()> {
    if expected == found {
        return Ok(());
    }
    Err(damaged(path, format!("it states the checksum {expected}, its content has {found}")))
}

/// The place of the first `text` in a file, and the checksum of the file with zeros there.
fn scan(file: &mut File, text: &str) -> std::io::Result<(Option<u64>, Checksum)> {
    let (text, zeros) = (text.as_bytes(), Checksum::UNKNOWN.to_string());
    let (mut hasher, mut place, mut hashed) = (Sha256::new(), None, 0);
    let mut held: Vec<u8> = Vec::with_capacity(CHUNK + text.len());
    loop {
        let start = held.len();
        held.resize(start + CHUNK, 0);
        let count = read_some(file, &mut held[start..])?;
        held.truncate(start + count);
        if place.is_none()
            && let Some(at) = find(&held, text)
        {
            held[at..at + text.len()].copy_from_slice(zeros.as_bytes());
            place = Some(hashed + at as u64);
        }
        // The end may hold the first part of the text.
        let keep = if count == 0 || place.is_some() { 0 } else { held.len().min(text.len() - 1) };
        let ready = held.len() - keep;
        hasher.update(&held[..ready]);
        hashed += ready as u64;
        held.drain(..ready);
        if count == 0 {
            return Ok((place, Checksum(hasher.finalize().into())));
        }
    }
}

fn read_some(file: &mut File, buffer: &mut [u8]) -> std::io::Result<usize> {
    loop {
        match file.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text)
}

/// The JSON of an object with its own checksum as the last key, indented, with a line break at its end.
///
/// The object has no key `checksum` of its own. Values that are no objects get no checksum.
///
/// # Errors
/// Of serde, for values that JSON cannot hold.
pub fn to_json<T: Serialize>(value: &T) -> serde_json::Result<String> {
    Ok(sealed(&serde_json::to_string_pretty(value)?, "\n", "\n  ", " "))
}

/// As [`to_json`], on one line: for objects with thousands of numbers.
///
/// # Errors
/// Of serde, for values that JSON cannot hold.
pub fn to_json_line<T: Serialize>(value: &T) -> serde_json::Result<String> {
    Ok(sealed(&serde_json::to_string(value)?, "", "", ""))
}

/// Adds a checksum to the text of an object, with blanks before its closing brace, before the key, and between key and value.
fn sealed(text: &str, end: &str, before: &str, between: &str) -> String {
    let Some(open) = text.starts_with('{').then(|| text.strip_suffix('}')).flatten() else {
        return format!("{text}\n");
    };
    let open = open.trim_end();
    let comma = if open == "{" { "" } else { "," };
    let with =
        |sum: Checksum| format!("{open}{comma}{before}\"{KEY}\":{between}\"{sum}\"{end}}}\n");
    with(Checksum::of(with(Checksum::UNKNOWN).as_bytes()))
}

/// The checksum that a JSON text states under the key `checksum`, if it does so.
#[must_use]
pub fn stated(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Stated {
        checksum: Option<String>,
    }
    serde_json::from_str::<Stated>(text).ok()?.checksum
}

/// Reads a JSON text that [`to_json`] or an earlier version of the program wrote to `path`.
///
/// Line breaks of Windows count as those of other systems, since Git may change them.
///
/// # Errors
/// [`DataError::Damaged`] if the text does not have the checksum that it states, [`DataError::Parse`] if it is not what is expected.
pub fn from_json<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T> {
    let parse = |e: serde_json::Error| DataError::Parse {
        path: path.to_path_buf(),
        problem: e.to_string(),
    };
    match stated(text) {
        Some(stated) => {
            let expected = stated.parse().map_err(|e| damaged(path, format!("{e}")))?;
            let unix = text.replace('\r', "");
            // The last one: a value in front of it may be the same text.
            let (before, after) = unix.rsplit_once(&stated).unwrap_or((&unix, ""));
            let zeroed = format!("{before}{}{after}", Checksum::UNKNOWN);
            compare(path, expected, Checksum::of(zeroed.as_bytes()))?;
            return serde_json::from_str(&without(before, after)).map_err(parse);
        }
        None if text.contains(MARK) => {
            let value = serde_json::from_str::<Value>(text).map_err(parse)?;
            if value.is_object() {
                return Err(damaged(path, format!("its key `{KEY}` is gone")));
            }
        }
        None => {}
    }
    serde_json::from_str(text).map_err(parse)
}

/// The object without its checksum, for types whose keys are of one kind. The text stands before and after the checksum's own.
fn without(before: &str, after: &str) -> String {
    let open = before.trim_end_matches('"').trim_end().trim_end_matches(':').trim_end();
    let open = open.strip_suffix(&format!("\"{KEY}\"")).unwrap_or(open).trim_end();
    let open = open.strip_suffix(',').unwrap_or(open);
    format!("{open}{}", after.strip_prefix('"').unwrap_or(after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn file(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("file");
        std::fs::write(&path, bytes).expect("write");
        (directory, path)
    }

    #[test]
    fn a_file_carries_its_checksum_wherever_it_stands() {
        let unknown = Checksum::UNKNOWN.to_string();
        for before in [0, 5, CHUNK - 70, CHUNK - 1, CHUNK, 2 * CHUNK + 9] {
            let mut bytes = vec![b'x'; before];
            bytes.extend_from_slice(unknown.as_bytes());
            bytes.extend_from_slice(&[b'y'; 100]);
            let (_kept, path) = file(&bytes);
            let sum = seal_file(&path).expect("sealed");
            assert_eq!(sum, Checksum::of(&bytes), "zeros stand for the checksum");
            check_file(&path, &sum.to_string()).expect("whole");
            let mut stored = std::fs::read(&path).expect("read");
            assert_eq!(stored[before..before + 71], *sum.to_string().as_bytes());
            *stored.last_mut().expect("bytes") ^= 1;
            std::fs::write(&path, &stored).expect("write");
            let error = check_file(&path, &sum.to_string()).expect_err("one bit").to_string();
            assert!(error.contains("file is damaged or was changed"), "{error}");
        }
        let (_kept, path) = file(b"nothing");
        assert_eq!(seal_file(&path).expect_err("no place").kind(), ErrorKind::InvalidData);
    }

    #[test]
    fn every_change_of_a_json_document_is_found() {
        let value = serde_json::json!({"map": 0.794_7, "note": Checksum::UNKNOWN.to_string()});
        let text = to_json(&value).expect("JSON");
        let path = Path::new("result.json");
        let read: Value = from_json(path, &text).expect("whole");
        assert_eq!(read["map"], 0.794_7);
        let line = to_json_line(&value).expect("JSON");
        assert!(line.ends_with("\"}\n") && line.lines().count() == 1, "{line}");
        assert_eq!(from_json::<Value>(path, &line).expect("whole"), value);
        assert_eq!(read, value);
        let windows: Value = from_json(path, &text.replace('\n', "\r\n")).expect("the same lines");
        assert_eq!(windows, read);
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let Ok(changed) = String::from_utf8(bytes) else { continue };
                // A letter of the checksum in the other case is the same digit.
                let same = changed.to_lowercase() == text;
                let outcome = from_json::<Value>(path, &changed);
                assert!(outcome.is_err() || same, "byte {at}, bit {bit}: {changed}");
            }
        }
    }

    #[test]
    fn the_checksum_is_no_key_of_what_is_read() {
        let value = std::collections::BTreeMap::from([(1, "a"), (2, "b")]);
        let expected = [(1, "a".to_owned()), (2, "b".to_owned())].into();
        for text in [to_json(&value), to_json_line(&value)] {
            let read: std::collections::BTreeMap<u8, String> =
                from_json(Path::new("x"), &text.expect("JSON")).expect("keys are numbers");
            assert_eq!(read, expected);
        }
    }

    #[test]
    fn documents_without_a_checksum_are_read_as_before() {
        let path = Path::new("result.json");
        assert_eq!(from_json::<Value>(path, "{\"a\": 1}").expect("old")["a"], 1);
        assert_eq!(to_json(&[1, 2]).expect("an array"), "[\n  1,\n  2\n]\n");
        let empty = to_json(&serde_json::json!({})).expect("JSON");
        assert_eq!(from_json::<Value>(path, &empty).expect("whole"), serde_json::json!({}));
        assert_eq!(from_json::<Vec<u8>>(path, "[1, 2]").expect("an array"), [1, 2]);
        let lost = to_json(&serde_json::json!({"a": 1})).expect("JSON").replace(KEY, "chucksum");
        let error = from_json::<Value>(path, &lost).expect_err("no key").to_string();
        assert!(error.contains("`checksum` is gone"), "{error}");
    }
}

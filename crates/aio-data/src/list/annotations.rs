use super::bounded::{Bounded, Budget};
use crate::error::io;
use crate::fs::{self, MARK, open};
use crate::{DataError, Result};
use serde::de::{DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Largest annotation file whose elements become samples. The published ones have up to 300 MB.
const LARGEST_FILE: u64 = 1 << 30;

/// Most elements of an annotation file that become samples.
const MOST_ELEMENTS: usize = 4_000_000;

/// Calls `visit(row, element)` for every element of a JSON array, rows counted from 1, holding one element at a time.
pub(crate) fn annotations<T: DeserializeOwned>(
    path: &Path,
    mut visit: impl FnMut(usize, T) -> Result<()>,
) -> Result<()> {
    check_size(path, LARGEST_FILE)?;
    Annotations::open(path)?.each(|row, _, element| {
        check_count(path, row)?;
        visit(row, element)
    })
}

/// Calls `visit(key, row, element)` for every element of the arrays of a JSON object, rows counted from 1 within their key, holding one
/// element at a time.
pub(crate) fn keyed_annotations<T: DeserializeOwned>(
    path: &Path,
    mut visit: impl FnMut(&str, usize, T) -> Result<()>,
) -> Result<()> {
    check_size(path, LARGEST_FILE)?;
    let Annotations { path, mut reader, budget } = Annotations::open(path)?;
    let (row, total, failure) = (Cell::new(0), Cell::new(0), Cell::new(None));
    let key = RefCell::new(String::new());
    let mut json = serde_json::Deserializer::from_reader(&mut reader);
    let arrays = Arrays {
        visit: |key: &str, row, element| {
            total.set(total.get() + 1);
            check_count(&path, total.get())?;
            visit(key, row, element)
        },
        row: &row,
        key: &key,
        failure: &failure,
        budget: &budget,
        of: PhantomData::<T>,
    };
    let parsed = arrays.deserialize(&mut json).and_then(|()| json.end());
    outcome(&path, parsed, row.get(), failure.take(), &format!("key `{}`: ", key.borrow()))
}

fn check_size(path: &Path, largest: u64) -> Result<()> {
    let size = open(path)?.metadata().map_or(0, |m| m.len());
    if size <= largest {
        return Ok(());
    }
    let problem =
        format!("it holds {size} bytes, more than the {largest} that such a file may have");
    Err(DataError::Parse { path: path.to_path_buf(), problem })
}

fn check_count(path: &Path, row: usize) -> Result<()> {
    if row <= MOST_ELEMENTS {
        return Ok(());
    }
    let problem = format!("such a file may have {MOST_ELEMENTS} elements");
    Err(DataError::Row { path: path.to_path_buf(), row, problem })
}

/// The failure of a visit if there is one, or else the parser's error, at the row where it stopped.
fn outcome(
    path: &Path,
    parsed: serde_json::Result<()>,
    row: usize,
    failure: Option<DataError>,
    place: &str,
) -> Result<()> {
    if let Some(error) = failure {
        return Err(error);
    }
    let path = path.to_path_buf();
    parsed.map_err(|e| match e.classify() {
        serde_json::error::Category::Data if row > 0 => {
            DataError::Row { path, row, problem: format!("{place}{e}") }
        }
        _ => DataError::Parse { path, problem: e.to_string() },
    })
}

/// A JSON array that is read element by element.
pub(crate) struct Annotations {
    path: PathBuf,
    reader: Bounded<BufReader<File>>,
    budget: Rc<Budget>,
}

impl Annotations {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let mut file = BufReader::with_capacity(1 << 16, open(path)?);
        let is_marked = file.fill_buf().map_err(io("read", path))?.starts_with(MARK.as_bytes());
        let mark = if is_marked { MARK.len() } else { 0 };
        file.consume(mark);
        let (reader, budget) = Bounded::new(file);
        budget.skip(mark as u64);
        Ok(Self { path: path.to_path_buf(), reader, budget })
    }

    /// Calls `visit(row, span, element)` for every element, rows counted from 1. A span begins behind the element before, so that a
    /// comma and blanks may stand in front.
    pub(crate) fn each<T: DeserializeOwned>(
        &mut self,
        visit: impl FnMut(usize, (u64, u64), T) -> Result<()>,
    ) -> Result<()> {
        let (row, failure) = (Cell::new(0), Cell::new(None));
        let mut json = serde_json::Deserializer::from_reader(&mut self.reader);
        let elements = Elements {
            visit,
            row: &row,
            failure: &failure,
            budget: &self.budget,
            of: PhantomData::<T>,
        };
        let parsed = elements.deserialize(&mut json).and_then(|()| json.end());
        outcome(&self.path, parsed, row.get(), failure.take(), "")
    }
}

/// A whole JSON document of bounded size.
pub(crate) fn document<T: DeserializeOwned>(path: &Path, largest: u64) -> Result<T> {
    check_size(path, largest)?;
    let problem = |problem: String| DataError::Parse { path: path.to_path_buf(), problem };
    let bytes = fs::read(path)?;
    let bytes = bytes.strip_prefix(MARK.as_bytes()).unwrap_or(&bytes);
    serde_json::from_slice(bytes).map_err(|e| problem(e.to_string()))
}

struct Elements<'a, T, F> {
    visit: F,
    row: &'a Cell<usize>,
    failure: &'a Cell<Option<DataError>>,
    budget: &'a Budget,
    of: PhantomData<T>,
}

impl<'de, T: DeserializeOwned, F: FnMut(usize, (u64, u64), T) -> Result<()>> DeserializeSeed<'de>
    for Elements<'_, T, F>
{
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: DeserializeOwned, F: FnMut(usize, (u64, u64), T) -> Result<()>> Visitor<'de>
    for Elements<'_, T, F>
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of annotations")
    }

    fn visit_seq<A: SeqAccess<'de>>(
        mut self,
        mut elements: A,
    ) -> std::result::Result<(), A::Error> {
        loop {
            self.row.set(self.row.get() + 1);
            self.budget.renew();
            // The parser looks no byte ahead between elements, and none behind an object.
            let start = self.budget.read();
            let Some(element) = elements.next_element()? else { return Ok(()) };
            if let Err(error) = (self.visit)(self.row.get(), (start, self.budget.read()), element) {
                self.failure.set(Some(error));
                return Err(serde::de::Error::custom("stopped"));
            }
        }
    }
}

/// The arrays of an object, by key.
struct Arrays<'a, T, F> {
    visit: F,
    row: &'a Cell<usize>,
    key: &'a RefCell<String>,
    failure: &'a Cell<Option<DataError>>,
    budget: &'a Budget,
    of: PhantomData<T>,
}

impl<'de, T: DeserializeOwned, F: FnMut(&str, usize, T) -> Result<()>> DeserializeSeed<'de>
    for Arrays<'_, T, F>
{
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: DeserializeOwned, F: FnMut(&str, usize, T) -> Result<()>> Visitor<'de>
    for Arrays<'_, T, F>
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of arrays")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> std::result::Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        loop {
            self.row.set(0);
            self.budget.renew();
            let Some(key) = map.next_key::<String>()? else { return Ok(()) };
            self.key.replace(key.clone());
            if !seen.insert(key.clone()) {
                return Err(serde::de::Error::custom(format!("the key `{key}` is there twice")));
            }
            let visit = &mut self.visit;
            map.next_value_seed(Elements {
                visit: |row, _, element| visit(&key, row, element),
                row: self.row,
                failure: self.failure,
                budget: self.budget,
                of: PhantomData::<T>,
            })?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("list");
        std::fs::write(&path, bytes).expect("write");
        (directory, path)
    }

    fn count(path: &Path) -> Result<usize> {
        let mut count = 0;
        annotations(path, |_, _: serde_json::Value| {
            count += 1;
            Ok(())
        })?;
        Ok(count)
    }

    #[test]
    fn hostile_annotations_are_refused_in_bounded_memory() {
        let (_kept, path) = file("[".repeat(100_000).as_bytes());
        assert!(count(&path).expect_err("deep").to_string().contains("recursion limit"));
        let (_kept, path) = file(format!("[1, \"{}\"]", "x".repeat(2 << 20)).as_bytes());
        assert!(
            count(&path)
                .expect_err("large")
                .to_string()
                .contains("an element is larger than 1048576 bytes")
        );
        let (_kept, path) = file("\u{feff}[1, 2]".as_bytes());
        assert_eq!(count(&path).expect("marked as UTF-8"), 2);
        assert_eq!(document::<Vec<u8>>(&path, 100).expect("marked as UTF-8"), [1, 2]);
        let (_kept, path) = file(b"[1, 2] 3");
        assert!(count(&path).expect_err("more").to_string().contains("trailing characters"));
        let many = format!("[{}0]", "123456, ".repeat(600_000));
        let (_kept, path) = file(many.as_bytes());
        assert_eq!(count(&path).expect("five megabytes of small elements"), 600_001);
    }

    #[test]
    fn arrays_by_key_are_read_element_by_element() {
        let read = |text: &str| {
            let (_kept, path) = file(text.as_bytes());
            let mut found = Vec::new();
            keyed_annotations(&path, |key, row, value: u8| {
                found.push((key.to_owned(), row, value));
                Ok(())
            })
            .map(|()| found)
        };
        let found = read("{\"a\": [1, 2], \"b\": [], \"c\": [3]}").expect("three keys");
        let expected = [("a", 1, 1), ("a", 2, 2), ("c", 1, 3)];
        assert_eq!(found, expected.map(|(key, row, value)| (key.to_owned(), row, value)));
        for (text, problem) in [
            ("{\"a\": [1], \"a\": [2]}", "the key `a` is there twice"),
            ("{\"a\": [1, \"x\"]}", "row 2: key `a`: invalid type"),
            ("{\"a\": 1}", "expected an array of annotations"),
            ("[1]", "expected an object of arrays"),
            ("{\"a\": [1]} 2", "trailing characters"),
        ] {
            let error = read(text).expect_err(text).to_string();
            assert!(error.contains(problem), "{error}");
        }
        let long = format!("{{\"a\": [1], \"{}\": []}}", "x".repeat(2 << 20));
        let error = read(&long).expect_err("a long key").to_string();
        assert!(error.contains("larger than 1048576 bytes"), "{error}");
    }
}

use super::open;
use crate::{DataError, Result, fs};
use serde::de::{DeserializeOwned, DeserializeSeed, SeqAccess, Visitor};
use std::cell::Cell;
use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Most bytes of one element of an annotation file.
pub(crate) const LARGEST_ELEMENT: u64 = 1 << 20;

/// Calls `visit(row, element)` for every element of a JSON array, rows counted from 1, holding one element at a time.
pub(crate) fn annotations<T: DeserializeOwned>(
    path: &Path,
    mut visit: impl FnMut(usize, T) -> Result<()>,
) -> Result<()> {
    Annotations::open(path)?.each(|row, _, element| visit(row, element))
}

/// A JSON array that is read element by element.
pub(crate) struct Annotations {
    path: PathBuf,
    reader: Bounded<BufReader<File>>,
    budget: Rc<Budget>,
}

/// Bytes of an annotation file that were read, and that may still be read for the element at hand.
struct Budget {
    read: Cell<u64>,
    left: Cell<u64>,
}

impl Annotations {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let budget = Rc::new(Budget { read: Cell::new(0), left: Cell::new(LARGEST_ELEMENT) });
        let reader = Bounded {
            inner: BufReader::with_capacity(1 << 16, open(path)?),
            budget: Rc::clone(&budget),
        };
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
        if let Some(error) = failure.take() {
            return Err(error);
        }
        let path = || self.path.clone();
        parsed.map_err(|e| match e.classify() {
            serde_json::error::Category::Data if row.get() > 0 => {
                DataError::Row { path: path(), row: row.get(), problem: e.to_string() }
            }
            _ => DataError::Parse { path: path(), problem: e.to_string() },
        })
    }
}

/// A whole JSON document of bounded size.
pub(crate) fn document<T: DeserializeOwned>(path: &Path, largest: u64) -> Result<T> {
    let size = open(path)?.metadata().map_or(0, |m| m.len());
    let problem = |problem: String| DataError::Parse { path: path.to_path_buf(), problem };
    if size > largest {
        return Err(problem(format!(
            "it holds {size} bytes, more than the {largest} that such a file may have"
        )));
    }
    serde_json::from_slice(&fs::read(path)?).map_err(|e| problem(e.to_string()))
}

/// A reader that gives no more than what is left for the element being read.
struct Bounded<R> {
    inner: R,
    budget: Rc<Budget>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let Budget { read, left } = &*self.budget;
        if left.get() == 0 {
            return Err(std::io::Error::other(format!(
                "an element is larger than {LARGEST_ELEMENT} bytes"
            )));
        }
        let most = buffer.len().min(left.get() as usize);
        let count = self.inner.read(&mut buffer[..most])?;
        left.set(left.get() - count as u64);
        read.set(read.get() + count as u64);
        Ok(count)
    }
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
            self.budget.left.set(LARGEST_ELEMENT);
            // The parser looks no byte ahead between elements, and none behind an object.
            let start = self.budget.read.get();
            let Some(element) = elements.next_element()? else { return Ok(()) };
            if let Err(error) =
                (self.visit)(self.row.get(), (start, self.budget.read.get()), element)
            {
                self.failure.set(Some(error));
                return Err(serde::de::Error::custom("stopped"));
            }
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
        let (_kept, path) = file(b"[1, 2] 3");
        assert!(count(&path).expect_err("more").to_string().contains("trailing characters"));
        let many = format!("[{}0]", "123456, ".repeat(600_000));
        let (_kept, path) = file(many.as_bytes());
        assert_eq!(count(&path).expect("five megabytes of small elements"), 600_001);
    }
}

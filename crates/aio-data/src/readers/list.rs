//! Reading list and annotation files that come from the internet: every line, element and path is bounded and checked.

use super::{Card, DataError, Result};
use crate::Sample;
use crate::fs;
use crate::picture::is_picture;
use serde::de::{DeserializeOwned, DeserializeSeed, SeqAccess, Visitor};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::marker::PhantomData;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

/// Longest line of a list file, in bytes.
const LONGEST_LINE: u64 = 1 << 16;

/// Most bytes of one element of an annotation file.
pub(crate) const LARGEST_ELEMENT: u64 = 1 << 20;

fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|source| DataError::Io {
        action: "read",
        path: path.to_path_buf(),
        source,
    })
}

/// The lines of a list file that are not blank, with their numbers from 1.
pub(super) fn lines(path: &Path) -> Result<Vec<(usize, String)>> {
    let mut reader = BufReader::new(open(path)?);
    let mut lines = Vec::new();
    for row in 1.. {
        let mut bytes = Vec::new();
        let read = reader.by_ref().take(LONGEST_LINE + 1).read_until(b'\n', &mut bytes);
        let read = read.map_err(|source| DataError::Io {
            action: "read",
            path: path.to_path_buf(),
            source,
        })?;
        if read == 0 {
            break;
        }
        let problem = |problem: String| DataError::Row { path: path.to_path_buf(), row, problem };
        if read as u64 > LONGEST_LINE {
            return Err(problem(format!(
                "the line is longer than {LONGEST_LINE} bytes; is this the right file?"
            )));
        }
        let line = String::from_utf8(bytes).map_err(|e| {
            problem(format!("not UTF-8 text (byte {})", e.utf8_error().valid_up_to() + 1))
        })?;
        let line = line.trim();
        if !line.is_empty() {
            lines.push((row, line.to_owned()));
        }
    }
    Ok(lines)
}

/// A relative path from a list file, refused if it is absolute or climbs.
pub(super) fn plain<'a>(list: &Path, row: usize, relative: &'a str) -> Result<&'a str> {
    let relative = relative.strip_prefix("./").unwrap_or(relative);
    let normal = Path::new(relative).components().all(|c| matches!(c, Component::Normal(_)));
    if relative.is_empty() || !normal {
        return Err(DataError::Row {
            path: list.to_path_buf(),
            row,
            problem: format!("`{relative}` is not a plain relative path"),
        });
    }
    Ok(relative)
}

/// A path from a list file, checked to stay below `root`, links followed, and to exist.
pub(super) fn listed(list: &Path, row: usize, root: &Path, relative: &str) -> Result<PathBuf> {
    let problem = |problem: String| DataError::Row { path: list.to_path_buf(), row, problem };
    let relative = plain(list, row, relative)?;
    let path = root.join(relative);
    if !path.is_file() {
        return Err(problem(format!("the image {} does not exist", path.display())));
    }
    // Links are rare, so the expensive look at where they lead is taken only where a part of the path is one.
    let linked =
        |path: &Path| std::fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_symlink());
    let inner = path.ancestors().take_while(|ancestor| *ancestor != root);
    if inner.into_iter().any(linked) {
        let inside =
            path.canonicalize().and_then(|real| Ok(real.starts_with(root.canonicalize()?)));
        if !inside.is_ok_and(|inside| inside) {
            return Err(problem(format!(
                "`{relative}` is a link that leads out of {}",
                root.display()
            )));
        }
    }
    Ok(path)
}

/// Refuses an item that a list names twice.
#[derive(Debug, Default)]
pub(super) struct Once(BTreeMap<PathBuf, usize>);

impl Once {
    pub(super) fn check(&mut self, list: &Path, row: usize, path: &Path) -> Result<()> {
        match self.0.insert(path.to_path_buf(), row) {
            None => Ok(()),
            Some(first) => Err(DataError::Row {
                path: list.to_path_buf(),
                row,
                problem: format!("{} is listed already in row {first}", path.display()),
            }),
        }
    }
}

/// Samples that several trials share: every picture once, whichever trials name it.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) samples: Vec<Sample>,
    places: BTreeMap<PathBuf, usize>,
}

impl Shared {
    /// Adds the pictures that are not there yet and returns the indices of all.
    pub(super) fn add(&mut self, samples: Vec<Sample>) -> Vec<usize> {
        let place = |sample: Sample| {
            let path = sample.path().map(Path::to_path_buf).unwrap_or_default();
            *self.places.entry(path).or_insert_with(|| {
                self.samples.push(sample);
                self.samples.len() - 1
            })
        };
        samples.into_iter().map(place).collect()
    }
}

/// The integers of a file with one comma-separated line.
pub(super) fn comma_separated(path: &Path) -> Result<Vec<i64>> {
    let mut numbers = Vec::new();
    for (row, line) in lines(path)? {
        for field in line.split(',').map(str::trim).filter(|f| !f.is_empty()) {
            numbers.push(field.parse().map_err(|_| DataError::Row {
                path: path.to_path_buf(),
                row,
                problem: format!("`{field}` is not an identity number; one comma-separated line of integers is expected"),
            })?);
        }
    }
    Ok(numbers)
}

/// Calls `visit(row, element)` for every element of a JSON array, rows counted from 1, holding one element at a time.
pub(super) fn annotations<T: DeserializeOwned>(
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
pub(super) fn document<T: DeserializeOwned>(path: &Path, largest: u64) -> Result<T> {
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

/// Image files of a folder in the order of their names.
pub(super) fn images(card: &Card, directory: &Path) -> Result<Vec<PathBuf>> {
    if !directory.is_dir() {
        return Err(DataError::Missing {
            dataset: card.name,
            path: directory.to_path_buf(),
            layout: card.layout,
        });
    }
    let found: Vec<PathBuf> =
        fs::sorted_entries(directory)?.into_iter().filter(|path| is_picture(path)).collect();
    if found.is_empty() {
        return Err(DataError::Empty {
            dataset: card.name,
            what: "images (*.jpg, *.png, *.bmp)",
            path: directory.to_path_buf(),
        });
    }
    Ok(found)
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
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
    fn hostile_lists_are_refused_by_row() {
        let (_kept, path) = file(b"a 0\n\n\xff\xfe 1\n");
        assert!(
            lines(&path).expect_err("bytes").to_string().contains("row 3: not UTF-8 text (byte 1)")
        );
        let (_kept, path) = file(&[b'x'; 100_000]);
        assert!(
            lines(&path)
                .expect_err("long")
                .to_string()
                .contains("row 1: the line is longer than 65536 bytes")
        );
        let (_kept, path) = file(b"1, 2,x\n");
        assert!(
            comma_separated(&path)
                .expect_err("letters")
                .to_string()
                .contains("`x` is not an identity number")
        );
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

    #[cfg(unix)]
    #[test]
    fn links_may_lead_about_but_not_out() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let root = directory.path().join("root");
        std::fs::create_dir_all(root.join("a")).expect("create");
        std::fs::write(root.join("a/x.jpg"), b"x").expect("write");
        std::fs::write(directory.path().join("secret.jpg"), b"x").expect("write");
        std::os::unix::fs::symlink(root.join("a"), root.join("b")).expect("link");
        std::os::unix::fs::symlink(directory.path(), root.join("c")).expect("link");
        let list = root.join("list");
        assert!(listed(&list, 1, &root, "b/x.jpg").is_ok());
        let error = listed(&list, 2, &root, "c/secret.jpg").expect_err("outside").to_string();
        assert!(error.contains("row 2") && error.contains("leads out of"), "{error}");
        for path in ["/etc/passwd", "../secret.jpg", "a/../../secret.jpg", ""] {
            assert!(
                listed(&list, 3, &root, path)
                    .expect_err(path)
                    .to_string()
                    .contains("plain relative path")
            );
        }
    }
}

//! An index of a large annotation file: built once into Parquet, opened in seconds, read photograph by photograph.
//!
//! SYNTH-PEDES has 4.8 million photographs and 12 million captions in one JSON file, too many to hold as [`Sample`](crate::Sample)s. The index
//! holds numbers alone (who is shown, how many captions there are, and where the photograph's annotation lies in the JSON file); paths and
//! captions are read from that place when they are needed. The Parquet file also has the paths, for other tools.

mod build;
mod indexed;

pub use build::{Row, build};
pub use indexed::{Indexed, Photograph};

use crate::checksum::inside;
use crate::list::LARGEST_ELEMENT;
use crate::parquet::{self, damaged};
use crate::{DataError, Result, fs};
use serde::de::DeserializeOwned;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Columns that are read when an index is opened.
const NUMBERS: [&str; 4] = ["identity", "captions", "offset", "length"];

/// Key of the metadata that says which annotation file the index was built from.
const SOURCE: &str = "aio.annotations";

/// Key of the metadata with the checksum of the index.
const CHECKSUM: &str = "aio.checksum";

/// An opened index.
#[derive(Debug)]
pub struct Index {
    annotations: PathBuf,
    file: File,
    identities: Vec<i64>,
    captions: Vec<u32>,
    offsets: Vec<u64>,
    lengths: Vec<u32>,
}

fn failed(path: &Path, problem: impl std::fmt::Display) -> DataError {
    DataError::Parse { path: path.to_path_buf(), problem: problem.to_string() }
}

/// Length of the annotation file: an index of another one is of no use.
fn fingerprint(annotations: &Path) -> Result<String> {
    let io = |source| DataError::Io { action: "read", path: annotations.to_path_buf(), source };
    let metadata = std::fs::metadata(annotations).map_err(io)?;
    Ok(format!("{} bytes", metadata.len()))
}

impl Index {
    /// Opens the index at `path` of `annotations`.
    ///
    /// # Errors
    /// [`DataError`] if it cannot be read, or was built from another annotation file.
    pub fn open(annotations: &Path, path: &Path) -> Result<Self> {
        let expected = fingerprint(annotations)?;
        let opened = parquet::open(path)?;
        let source = opened.metadata(SOURCE).unwrap_or("something else");
        if source != expected {
            return Err(failed(
                path,
                format!(
                    "built from annotations of {source}, but {} has {expected}; build it again with `aio data prepare`",
                    annotations.display()
                ),
            ));
        }
        let Some(stated) = opened.metadata(CHECKSUM) else {
            let problem = "it states no checksum, so it is damaged or of an earlier version; build it again with `aio data prepare`";
            return Err(failed(path, problem));
        };
        inside::check_file(path, stated)?;
        let table = opened.read(Some(&NUMBERS)).map_err(damaged(path))?;
        let [identities, captions, offsets, lengths] = NUMBERS;
        let identities = table.i64s(identities).map_err(damaged(path))?;
        let captions = table.u32s(captions).map_err(damaged(path))?;
        let offsets = table.u64s(offsets).map_err(damaged(path))?;
        let lengths = table.u32s(lengths).map_err(damaged(path))?;
        if captions.iter().map(|n| u64::from(*n)).sum::<u64>() > u64::from(u32::MAX)
            || lengths.iter().any(|n| u64::from(*n) > 2 * LARGEST_ELEMENT)
        {
            return Err(failed(
                path,
                "it announces more or longer annotations than such a file can have",
            ));
        }
        let file = fs::open(annotations)?;
        Ok(Self {
            annotations: annotations.to_path_buf(),
            file,
            identities,
            captions,
            offsets,
            lengths,
        })
    }

    /// The annotation file.
    #[must_use]
    pub fn annotations(&self) -> &Path {
        &self.annotations
    }

    /// Number of photographs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.identities.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.identities.is_empty()
    }

    /// Who each photograph shows.
    #[must_use]
    pub fn identities(&self) -> &[i64] {
        &self.identities
    }

    /// How many captions each photograph has.
    #[must_use]
    pub fn captions(&self) -> &[u32] {
        &self.captions
    }

    /// The annotation of a photograph, read from the annotation file.
    ///
    /// # Errors
    /// [`DataError::Row`] if the file was changed since the index was built.
    pub fn annotation<T: DeserializeOwned>(&self, photo: usize) -> Result<T> {
        let problem = |problem: String| DataError::Row {
            path: self.annotations.clone(),
            row: photo + 1,
            problem,
        };
        let mut bytes = vec![0; self.lengths[photo] as usize];
        read_at(&self.file, &mut bytes, self.offsets[photo]).map_err(|e| problem(e.to_string()))?;
        // Between the end of one element and that of the next lie a comma and blanks.
        let start = bytes.iter().position(|b| !b" \t\r\n,".contains(b)).unwrap_or(bytes.len());
        serde_json::from_slice(&bytes[start..])
            .map_err(|e| problem(format!("{e}; was the file changed since its index was built?")))
    }
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> std::io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !bytes.is_empty() {
        let read = file.seek_read(bytes, offset)?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[read..];
        offset += read as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Item {
        id: i64,
        file_path: String,
        captions: Vec<String>,
    }

    fn make(directory: &Path, text: &str) -> (PathBuf, PathBuf) {
        let (annotations, index) = (directory.join("all.json"), directory.join("all.parquet"));
        std::fs::write(&annotations, text).expect("write");
        (annotations, index)
    }

    fn row(_: usize, item: Item) -> Result<Row> {
        Ok(Row { identity: item.id, path: item.file_path, captions: item.captions.len() as u32 })
    }

    #[test]
    fn annotations_are_found_again_whatever_stands_between_them() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let one = r#"{"id": 7, "file_path": "a.jpg", "captions": ["A man, tall.", "é ü"]}"#;
        let two = r#"{"captions":[],"id":-3,"file_path":"b ].jpg"}"#;
        let (annotations, index) =
            make(directory.path(), &format!("\u{feff}[ {one}\n ,\r\n\t{two} ,{one}]\n"));
        assert_eq!(build(&annotations, &index, row, &|_| ()).expect("built"), 3);
        let opened = Index::open(&annotations, &index).expect("opened");
        assert_eq!((opened.identities(), opened.captions()), (&[7, -3, 7][..], &[2, 0, 2][..]));
        for (photo, text) in [one, two, one].into_iter().enumerate() {
            assert_eq!(
                opened.annotation::<Item>(photo).expect("found"),
                serde_json::from_str::<Item>(text).expect("JSON")
            );
        }
        std::fs::write(&annotations, "[]").expect("write");
        let error = Index::open(&annotations, &index).expect_err("another file").to_string();
        assert!(error.contains("all.parquet") && error.contains("build it again"), "{error}");
    }

    #[test]
    fn a_wrong_row_is_named_and_leaves_nothing_behind() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let (annotations, index) = make(
            directory.path(),
            r#"[{"id": 1, "file_path": "a.jpg", "captions": []}, {"id": 1}]"#,
        );
        let error =
            build(&annotations, &index, row, &|_| ()).expect_err("a missing key").to_string();
        assert!(error.contains("all.json, row 2") && error.contains("file_path"), "{error}");
        assert_eq!(std::fs::read_dir(directory.path()).expect("list").count(), 1);
    }

    #[test]
    fn a_changed_index_is_refused() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let item = r#"{"id": 7, "file_path": "a.jpg", "captions": []}"#;
        let (annotations, index) = make(directory.path(), &format!("[{item}]"));
        build(&annotations, &index, row, &|_| ()).expect("built");
        let whole = std::fs::read(&index).expect("read");
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 4;
            std::fs::write(&index, changed).expect("write");
            assert!(Index::open(&annotations, &index).is_err(), "byte {at}");
        }
    }
}

use super::Index;
use crate::Result;
use std::path::{Path, PathBuf};

/// A photograph of an indexed data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photograph {
    /// The file.
    pub path: PathBuf,
    /// What people wrote of it.
    pub captions: Vec<String>,
}

/// The training part of a data set that is too large to be held as samples.
#[derive(Debug)]
pub struct Indexed {
    root: PathBuf,
    /// Who is shown, and how many captions there are.
    pub index: Index,
    read: ReadPhotograph,
}

/// Reads the photograph of a number from an index; the path is the data set's folder.
pub(crate) type ReadPhotograph = fn(&Path, &Index, usize) -> Result<Photograph>;

impl Indexed {
    /// The data set in `root` with its index; `read` follows the data set's form of annotation.
    pub(crate) fn new(root: PathBuf, index: Index, read: ReadPhotograph) -> Self {
        Self { root, index, read }
    }

    /// A photograph by its number.
    ///
    /// # Errors
    /// [`crate::DataError`] if the annotations were changed since the index was built.
    pub fn photograph(&self, number: usize) -> Result<Photograph> {
        (self.read)(&self.root, &self.index, number)
    }
}

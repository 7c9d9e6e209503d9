//! Data sets that have been opened.

use super::captions::Captions;
use crate::error::Result;
use aio_data::{Dataset, DatasetName};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The data sets below one root, each read once.
#[derive(Debug, Default)]
pub struct Library {
    root: PathBuf,
    opened: BTreeMap<DatasetName, Dataset>,
    /// The captions of the stages so far.
    pub(super) captions: Captions,
}

impl Library {
    /// A library below the data root. Nothing is read yet.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf(), ..Self::default() }
    }

    /// The data set of a name, which is read when it is first wanted.
    ///
    /// # Errors
    /// [`aio_data::DataError`] naming what is missing or wrong.
    pub fn get(&mut self, name: DatasetName) -> Result<&Dataset> {
        if !self.opened.contains_key(&name) {
            self.opened.insert(name, name.open(&self.root)?);
        }
        Ok(&self.opened[&name])
    }

    /// Where the data sets lie.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Every data set that has been read, in the order of their names.
    pub fn datasets(&self) -> impl Iterator<Item = (DatasetName, &Dataset)> {
        self.opened.iter().map(|(name, dataset)| (*name, dataset))
    }

    /// Fingerprint of every data set that has been read, by name.
    #[must_use]
    pub fn fingerprints(&self) -> BTreeMap<String, String> {
        let mut fingerprints = BTreeMap::new();
        for (name, dataset) in &self.opened {
            fingerprints.insert(name.to_string(), dataset.fingerprint(&self.root));
        }
        fingerprints
    }
}

use super::Test;
use crate::error::Result;
use crate::progress;
use crate::task::Query;
use aio_data::picture::open_all;
use aio_types::{Picture, PictureSize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The pictures of one task, each decoded once.
pub(super) struct Pictures(BTreeMap<PathBuf, Picture>);

impl Pictures {
    /// Decodes all pictures of a task.
    ///
    /// # Errors
    /// [`aio_data::DataError`] naming the picture that cannot be decoded.
    pub(super) fn open(test: &Test, size: PictureSize) -> Result<Self> {
        let gallery = test.data.gallery.iter().map(|(_, path)| path.as_path());
        let queries = test.data.queries.iter().flat_map(Query::pictures);
        let queries = queries.map(|picture| picture.path.as_path());
        let paths: BTreeSet<&Path> = queries.chain(gallery).collect();
        let paths: Vec<&Path> = paths.into_iter().collect();
        let bar = progress::bar(&format!("decoding {}", test.id), paths.len(), "pictures");
        let opened = open_all(&paths, size, &|| bar.inc(1))?;
        bar.finish_and_clear();
        Ok(Self(paths.into_iter().map(Path::to_path_buf).zip(opened).collect()))
    }

    /// A decoded picture of the task.
    ///
    /// # Panics
    /// If the task has no such picture.
    pub(super) fn get(&self, path: &Path) -> Picture {
        self.0[path].clone()
    }
}

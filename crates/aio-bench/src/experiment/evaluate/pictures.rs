use super::Test;
use crate::error::Result;
use aio_data::picture::open_all;
use aio_data::task::{Query, QueryPicture};
use aio_train::Progress;
use aio_types::{Observation, Picture, PictureSize};
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
        let gallery = test.data.gallery.iter().map(|picture| picture.path.as_path());
        let queries = test.data.queries.iter().flat_map(Query::pictures);
        let queries = queries.map(|(_, picture)| picture.path.as_path());
        let paths: BTreeSet<&Path> = queries.chain(gallery).collect();
        let paths: Vec<&Path> = paths.into_iter().collect();
        let progress = Progress::new(&format!("decoding {}", test.task), paths.len(), "pictures");
        let opened = open_all(&paths, size, &|| progress.inc(1))?;
        progress.finish();
        Ok(Self(paths.into_iter().map(Path::to_path_buf).zip(opened).collect()))
    }

    /// A decoded picture of the task.
    ///
    /// # Panics
    /// If the task has no such picture.
    pub(super) fn get(&self, path: &Path) -> Picture {
        self.0[path].clone()
    }

    /// The views of a query as inputs; the query is the mean of their embeddings.
    pub(super) fn inputs(&self, query: &Query) -> Vec<Observation<Picture>> {
        query.views.iter().map(|view| self.input(view)).collect()
    }

    fn input(&self, view: &Observation<QueryPicture>) -> Observation<Picture> {
        let pictures = view.pictures.iter();
        let prepared = pictures
            .map(|(modality, picture)| (*modality, picture.prepared(self.get(&picture.path))));
        Observation { pictures: prepared.collect(), caption: view.caption.clone() }
    }
}

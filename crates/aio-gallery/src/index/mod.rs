//! An approximate index: a graph in which links lead from every row to some near rows.
//!
//! The graph is that of Vamana (Subramanya et al., DiskANN, NeurIPS 2019). The crate `diskann`, of its authors, decides about links and follows them. This
//! module stores rows and links: features stay in the files of the segments, and links have a file of their own, which is mapped.

mod build;
mod file;
mod links;
mod nodes;
mod twins;
mod walk;

pub(crate) use build::build;

use crate::error::{GalleryError, Result};
use crate::manifest::IndexEntry;
use crate::segment::Segment;
use links::Stored;
use nodes::Nodes;
use std::fmt;
use std::iter;
use std::path::Path;
use std::sync::Arc;
use walk::Vertices;

/// An opened index.
pub(crate) struct Index {
    graph: diskann::graph::DiskANNIndex<Vertices<Stored>>,
    entry: IndexEntry,
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("entry", &self.entry).finish_non_exhaustive()
    }
}

impl Index {
    /// Opens the index of a gallery with these segments. Its file is mapped.
    ///
    /// # Errors
    /// [`GalleryError::Data`] naming the file if it is gone or does not fit the segments.
    pub(crate) fn open(
        directory: &Path,
        entry: &IndexEntry,
        segments: &Arc<Vec<Segment>>,
    ) -> Result<Self> {
        let stored = file::open(directory, entry, segments)?;
        let nodes = Nodes::of(Arc::clone(segments), entry.segments);
        let vertices = Vertices { nodes, links: stored, start: entry.start };
        Ok(Self { graph: walk::graph(vertices, entry.links)?, entry: entry.clone() })
    }

    /// Segments that it covers: the first ones of the gallery.
    pub(crate) fn segments(&self) -> usize {
        self.entry.segments
    }

    /// Rows that a search among `visited` entries compares, as a rule.
    pub(crate) fn compared(&self, visited: usize) -> usize {
        visited.saturating_mul(self.entry.links)
    }

    /// Segment and position of the rows that a walk finds which keeps `visited` rows of different features, nearest first by what is searched. Rows that are
    /// removed or that nobody asked for are among them.
    ///
    /// # Errors
    /// [`GalleryError::Failure`] with the words of the crate that walks.
    pub(crate) fn near(&self, vector: &[f32], visited: usize) -> Result<Vec<(usize, usize)>> {
        let found = walk::near(&self.graph, vector, visited)?;
        let Vertices { nodes, links, .. } = self.graph.provider();
        let found = found.into_iter().flat_map(|node| iter::once(node).chain(links.twins(node)));
        Ok(found.map(|node| nodes.place(node)).collect())
    }
}

/// The error of the crate that makes and follows links.
fn failed(what: &str, error: impl fmt::Display) -> GalleryError {
    let problem = format!("{what}: {error}");
    GalleryError::Failure {
        problem,
        hint: Some("report this; exact search does not need the index".into()),
    }
}

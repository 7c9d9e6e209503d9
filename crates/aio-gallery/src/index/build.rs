//! Making an index.

use super::file;
use super::links::Growing;
use super::nodes::Nodes;
use super::twins::twins;
use super::walk::{Vertices, graph, insert, slots};
use crate::error::{GalleryError, Result};
use crate::product::dot;
use crate::segment::Segment;
use crate::sums::FileSum;
use aio_data::DataError;
use diskann::graph::DiskANNIndex;
use rayon::prelude::*;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// Rows that are linked one after the other, before threads link rows at the same time: each of these could not see the others.
const FIRST: usize = 1024;

/// Rows whose mean is the middle of the gallery.
const SAMPLE: u32 = 4096;

/// A graph in memory.
pub(crate) struct Graph {
    graph: DiskANNIndex<Vertices<Growing>>,
    twins: Vec<[u32; 2]>,
}

impl Graph {
    /// Rows that it covers.
    pub(crate) fn rows(&self) -> usize {
        self.graph.provider().nodes.len() as usize
    }

    /// Where every search begins: a row, counted through the segments.
    pub(crate) fn start(&self) -> u32 {
        self.graph.provider().start
    }

    /// Writes its links, and returns the file's name, its checksums and the places for links of a row. The manifest that names it has this generation.
    ///
    /// # Errors
    /// [`GalleryError::Data`] naming the file that cannot be written.
    pub(crate) fn write(
        &self,
        directory: &Path,
        generation: u64,
    ) -> Result<(String, FileSum, usize)> {
        file::write(directory, generation, &self.graph.provider().links, &self.twins)
    }
}

/// Links all rows of segments, each with about `links` others. Removed ones are linked, too: a merge can bring them back. `tick` is called for every row that
/// is linked and says whether to go on. Errors name the gallery at `place`.
///
/// Threads link rows in the order in which they come, so that two graphs of the same rows differ.
///
/// # Errors
/// [`GalleryError::Request`] for a gallery without rows, or with 2³² of them; [`DataError::Interrupted`] if `tick` asks to stop.
pub(crate) fn build(
    place: &Path,
    segments: &Arc<Vec<Segment>>,
    links: usize,
    tick: &(dyn Fn() -> ControlFlow<()> + Sync),
) -> Result<Graph> {
    let place = place.display();
    let stored: u64 = segments.iter().map(|segment| segment.len() as u64).sum();
    // The last number stands for no link.
    if stored >= u64::from(u32::MAX) {
        return Err(GalleryError::request(
            format!(
                "{place}: an index can have fewer than 2^32 rows, and the gallery has {stored}"
            ),
            "copy the gallery into a database, which has an index of its own: aio gallery push",
        ));
    }
    let nodes = Nodes::of(Arc::clone(segments), segments.len());
    let twins = twins(&nodes);
    let mut is_twin = vec![false; nodes.len() as usize];
    twins.iter().for_each(|[_, twin]| is_twin[*twin as usize] = true);
    let linked: Vec<u32> = in_order(nodes.len()).filter(|node| !is_twin[*node as usize]).collect();
    let Some(start) = middle(&nodes, &linked) else {
        let hint = "add rows first: aio gallery add";
        return Err(GalleryError::request(
            format!("{place} has no rows to make an index of"),
            hint,
        ));
    };
    let growing = Growing::new(nodes.len(), slots(links)?);
    let width = nodes.width();
    let graph = graph(Vertices { nodes, links: growing, start }, links)?;
    let link = |row: &mut Vec<f32>, node: &u32| {
        if tick().is_break() {
            return Err(GalleryError::from(DataError::Interrupted { phase: "indexing" }));
        }
        if *node == start { Ok(()) } else { insert(&graph, *node, row) }
    };
    let (first, rest) = linked.split_at(FIRST.min(linked.len()));
    let mut row = vec![0.0; width];
    first.iter().try_for_each(|node| link(&mut row, node))?;
    rest.par_iter().try_for_each_init(|| vec![0.0; width], link)?;
    Ok(Graph { graph, twins })
}

/// All numbers below `count`, in an order in which neighbours are far from each other: rows of one person often follow each other.
fn in_order(count: u32) -> impl Iterator<Item = u32> {
    let count = u64::from(count);
    // The golden ratio spreads most evenly.
    let near = (count as f64 * 0.618_034) as u64;
    let step = (near.max(1)..).find(|step| common(*step, count) <= 1).unwrap_or(1);
    (0..count).map(move |place| (place * step % count) as u32)
}

/// The greatest common divisor.
fn common(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common(b, a % b) }
}

/// Of some nodes the one that is nearest to their mean.
fn middle(nodes: &Nodes, of: &[u32]) -> Option<u32> {
    let step = of.len().div_ceil(SAMPLE as usize).max(1);
    let (mut mean, mut row) = (vec![0.0; nodes.width()], vec![0.0; nodes.width()]);
    for node in of.iter().step_by(step) {
        nodes.read(*node, &mut row);
        mean.iter_mut().zip(&row).for_each(|(sum, value)| *sum += value);
    }
    let near = of.iter().step_by(step).map(|node| {
        nodes.read(*node, &mut row);
        (dot(&mean, &row), *node)
    });
    near.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, node)| node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_once_and_neighbours_are_apart() {
        for count in [0, 1, 2, 3, 10, 4096, 10_007] {
            let mut found: Vec<u32> = in_order(count).collect();
            if count > 100 {
                assert!(
                    found.windows(2).all(|pair| pair[0].abs_diff(pair[1]) > count / 4),
                    "{count}"
                );
            }
            found.sort_unstable();
            assert!(found.into_iter().eq(0..count), "{count}");
        }
    }
}

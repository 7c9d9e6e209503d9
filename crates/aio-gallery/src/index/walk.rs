//! What the crate `diskann` asks about nodes and links, and a walk along links.
//!
//! Its functions are asynchronous because other users read from slow places. Here every answer is there at once.

use super::failed;
use super::links::{Growing, Links};
use super::nodes::Nodes;
use crate::error::Result;
use crate::product::apart;
use diskann::ANNResult;
use diskann::error::Infallible;
use diskann::graph::search::Knn;
use diskann::graph::search_output_buffer::IdDistance;
use diskann::graph::workingset::map::{Builder, Capacity, Ref, View};
use diskann::graph::{AdjacencyList, DiskANNIndex, config, glue, workingset};
use diskann::provider::{
    DataProvider, DefaultContext, HasId, NeighborAccessor, NeighborAccessorMut, NoopGuard,
    SetElement,
};
use diskann_vector::DistanceFunction;
use diskann_vector::distance::Metric;
use futures_util::FutureExt;

/// How many candidates are kept for every link that is made.
const CANDIDATES: usize = 2;

/// Least number of candidates.
const LEAST_CANDIDATES: usize = 64;

/// Nodes, their links, and where every walk begins.
pub(super) struct Vertices<L> {
    pub(super) nodes: Nodes,
    pub(super) links: L,
    pub(super) start: u32,
}

/// A graph over vertices, of which each is to have about `links` links.
pub(super) fn graph<L: Links>(
    vertices: Vertices<L>,
    links: usize,
) -> Result<DiskANNIndex<Vertices<L>>> {
    let candidates = (CANDIDATES * links).max(LEAST_CANDIDATES);
    let prune = Metric::L2.into();
    let config =
        config::Builder::new(links, config::MaxDegree::default_slack(), candidates, prune).build();
    let config = config.map_err(|e| failed("the index cannot have so many links", e))?;
    Ok(DiskANNIndex::new(config, vertices, None))
}

/// Most links of a node of a graph that is to have about `links`.
pub(super) fn slots(graph_links: usize) -> Result<usize> {
    let prune = Metric::L2.into();
    let slack = config::MaxDegree::default_slack();
    let config = config::Builder::new(graph_links, slack, LEAST_CANDIDATES, prune).build();
    let config = config.map_err(|e| failed("the index cannot have so many links", e))?;
    Ok(config.max_degree().get())
}

/// Makes the links of a node, and those of other nodes to it.
pub(super) fn insert(
    graph: &DiskANNIndex<Vertices<Growing>>,
    node: u32,
    row: &mut [f32],
) -> Result<()> {
    graph.provider().nodes.read(node, row);
    let inserted = graph.insert(&Follow, &DefaultContext, &node, &*row).now_or_never();
    match inserted {
        Some(Ok(())) => Ok(()),
        Some(Err(error)) => Err(failed("a row cannot be linked", error)),
        None => Err(failed("a row cannot be linked", "the crate `diskann` waits for something")),
    }
}

/// The nodes that a walk towards a vector keeps, nearest first.
pub(super) fn near<L: Links>(
    graph: &DiskANNIndex<Vertices<L>>,
    vector: &[f32],
    kept: usize,
) -> Result<Vec<u32>> {
    let wrong = |error: &dyn std::fmt::Display| failed("the index cannot be followed", error);
    let knn = Knn::new_default(kept).map_err(|e| wrong(&e))?;
    let (mut nodes, mut distances) = (vec![0; kept], vec![0.0; kept]);
    let mut output = IdDistance::new(&mut nodes, &mut distances);
    let found = graph
        .search_with(knn, &Follow, glue::CopyIds, &DefaultContext, vector, &mut output)
        .now_or_never();
    let found = found.ok_or_else(|| wrong(&"the crate `diskann` waits for something"))?;
    let count = found.map_err(|e| wrong(&e))?.result_count as usize;
    nodes.truncate(count);
    Ok(nodes)
}

/// The squared distance of rows. A damaged one that is no number is far from all.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    let distance = apart(a, b);
    if distance.is_nan() { f32::INFINITY } else { distance }
}

impl<L: Links> DataProvider for Vertices<L> {
    type Context = DefaultContext;
    type InternalId = u32;
    type ExternalId = u32;
    type Error = Infallible;
    type Guard = NoopGuard<u32>;

    fn to_internal_id(
        &self,
        _: &DefaultContext,
        node: &u32,
    ) -> std::result::Result<u32, Infallible> {
        Ok(*node)
    }

    fn to_external_id(
        &self,
        _: &DefaultContext,
        node: u32,
    ) -> std::result::Result<u32, Infallible> {
        Ok(node)
    }
}

/// The features of all nodes are there before any link.
impl SetElement<&[f32]> for Vertices<Growing> {
    type SetError = Infallible;

    async fn set_element(
        &self,
        _: &DefaultContext,
        node: &u32,
        _: &[f32],
    ) -> std::result::Result<NoopGuard<u32>, Infallible> {
        Ok(NoopGuard::new(*node))
    }
}

/// A walk towards a vector.
pub(super) struct Walk<'a, L> {
    vertices: &'a Vertices<L>,
    vector: &'a [f32],
    links: Vec<u32>,
    row: Vec<f32>,
}

impl<'a, L> Walk<'a, L> {
    fn new(vertices: &'a Vertices<L>, vector: &'a [f32]) -> Self {
        Self { vertices, vector, links: Vec::new(), row: vec![0.0; vector.len()] }
    }

    fn distance(&mut self, node: u32) -> f32 {
        self.vertices.nodes.read(node, &mut self.row);
        distance(self.vector, &self.row)
    }
}

impl<L> HasId for Walk<'_, L> {
    type Id = u32;
}

impl<L: Links> glue::SearchAccessor for Walk<'_, L> {
    async fn starting_points(&self) -> ANNResult<Vec<u32>> {
        Ok(vec![self.vertices.start])
    }

    async fn start_point_distances<F: FnMut(u32, f32) + Send>(
        &mut self,
        mut found: F,
    ) -> ANNResult<()> {
        let start = self.vertices.start;
        found(start, self.distance(start));
        Ok(())
    }

    async fn expand_beam<I, P, F>(&mut self, nodes: I, mut is_new: P, mut found: F) -> ANNResult<()>
    where
        I: Iterator<Item = u32> + Send,
        P: glue::HybridPredicate<u32> + Send + Sync,
        F: FnMut(u32, f32) + Send,
    {
        let mut links = std::mem::take(&mut self.links);
        for node in nodes {
            self.vertices.links.read(node, &mut links);
            for link in links.iter().copied().filter(|link| is_new.eval_mut(link)) {
                let distance = self.distance(link);
                found(link, distance);
            }
        }
        self.links = links;
        Ok(())
    }
}

/// How links are followed and chosen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Follow;

impl<'a, L: Links> glue::SearchStrategy<'a, Vertices<L>, &'a [f32]> for Follow {
    type SearchAccessorError = Infallible;
    type SearchAccessor = Walk<'a, L>;

    fn search_accessor(
        &'a self,
        vertices: &'a Vertices<L>,
        _: &'a DefaultContext,
        vector: &'a [f32],
    ) -> std::result::Result<Walk<'a, L>, Infallible> {
        Ok(Walk::new(vertices, vector))
    }
}

impl<'a> glue::InsertStrategy<'a, Vertices<Growing>, &'a [f32]> for Follow {
    type SearchAccessor = Walk<'a, Growing>;
    type SearchAccessorError = Infallible;
    type PruneStrategy = Self;

    fn insert_search_accessor(
        &'a self,
        vertices: &'a Vertices<Growing>,
        _: &'a DefaultContext,
        vector: &'a [f32],
    ) -> std::result::Result<Walk<'a, Growing>, Infallible> {
        Ok(Walk::new(vertices, vector))
    }

    fn prune_strategy(&self) -> Self {
        *self
    }
}

impl glue::PruneStrategy<Vertices<Growing>> for Follow {
    type PruneAccessor<'a> = Choice<'a>;
    type PruneAccessorError = Infallible;

    fn prune_accessor<'a>(
        &'a self,
        vertices: &'a Vertices<Growing>,
        _: &'a DefaultContext,
        capacity: usize,
    ) -> std::result::Result<Choice<'a>, Infallible> {
        Ok(Choice { vertices, rows: Builder::new(Capacity::Default).build(capacity) })
    }
}

/// The choice of links among candidates, with the features of the latter.
pub(super) struct Choice<'a> {
    vertices: &'a Vertices<Growing>,
    rows: workingset::Map<u32, Box<[f32]>, Ref<[f32]>>,
}

impl HasId for Choice<'_> {
    type Id = u32;
}

impl glue::PruneAccessor for Choice<'_> {
    type Neighbors<'a>
        = Own<'a>
    where
        Self: 'a;
    type ElementRef<'a> = &'a [f32];
    type View<'a>
        = View<'a, u32, Box<[f32]>, Ref<[f32]>>
    where
        Self: 'a;
    type Distance<'a>
        = Distance
    where
        Self: 'a;

    fn neighbors(&mut self) -> Own<'_> {
        Own { links: &self.vertices.links, read: Vec::new() }
    }

    async fn fill<I>(&mut self, nodes: I) -> ANNResult<(Self::View<'_>, Distance)>
    where
        I: ExactSizeIterator<Item = u32> + Clone + Send + Sync,
    {
        let nodes_of = &self.vertices.nodes;
        let rows = self.rows.fill(nodes, |node| -> std::result::Result<_, Infallible> {
            let mut row = vec![0.0; nodes_of.width()].into_boxed_slice();
            nodes_of.read(node, &mut row);
            Ok(Some(row))
        })?;
        Ok((rows, Distance))
    }
}

/// See [`distance`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Distance;

impl DistanceFunction<&[f32], &[f32], f32> for Distance {
    fn evaluate_similarity(&self, a: &[f32], b: &[f32]) -> f32 {
        distance(a, b)
    }
}

/// The links of nodes, to be changed.
pub(super) struct Own<'a> {
    links: &'a Growing,
    read: Vec<u32>,
}

impl HasId for Own<'_> {
    type Id = u32;
}

impl NeighborAccessor for Own<'_> {
    async fn get_neighbors(&mut self, node: u32, into: &mut AdjacencyList<u32>) -> ANNResult<()> {
        self.links.read(node, &mut self.read);
        into.overwrite_trusted(&self.read);
        Ok(())
    }
}

impl NeighborAccessorMut for Own<'_> {
    async fn set_neighbors(&mut self, node: u32, links: &[u32]) -> ANNResult<()> {
        self.links.set(node, links);
        Ok(())
    }

    async fn append_vector(&mut self, node: u32, links: &[u32]) -> ANNResult<()> {
        self.links.add(node, links);
        Ok(())
    }
}

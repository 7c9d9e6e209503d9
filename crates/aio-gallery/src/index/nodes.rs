//! The rows of the segments that an index covers, as nodes of its graph.

use crate::segment::Segment;
use std::sync::Arc;

/// The rows of the first segments of a gallery in their order, removed ones as well. The number of a node is its place in this order.
pub(super) struct Nodes {
    segments: Arc<Vec<Segment>>,
    /// Node of the first row of every segment.
    firsts: Vec<u32>,
    len: u32,
}

impl Nodes {
    /// The rows of the first `count` segments, of which there must be fewer than 2³².
    pub(super) fn of(segments: Arc<Vec<Segment>>, count: usize) -> Self {
        let (mut firsts, mut len) = (Vec::with_capacity(count), 0);
        for segment in &segments[..count] {
            firsts.push(len);
            len += segment.len() as u32;
        }
        Self { segments, firsts, len }
    }

    pub(super) fn len(&self) -> u32 {
        self.len
    }

    /// Segment and position of a node.
    pub(super) fn place(&self, node: u32) -> (usize, usize) {
        let segment = self.firsts.partition_point(|first| *first <= node) - 1;
        (segment, (node - self.firsts[segment]) as usize)
    }

    /// Values of a row.
    pub(super) fn width(&self) -> usize {
        self.segments.first().map_or(0, Segment::width)
    }

    /// Fills `values` with the features of a node as a search reads them.
    pub(super) fn read(&self, node: u32, values: &mut [f32]) {
        let (segment, position) = self.place(node);
        self.segments[segment].read(position, values);
    }
}

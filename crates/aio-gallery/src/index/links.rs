//! Links between nodes: in memory while they are made, and in a mapped file.

use crate::mapped::Mapped;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Stands where a node has no further link.
pub(super) const NONE: u32 = u32::MAX;

/// Locks for the links of all nodes.
const LOCKS: usize = 1024;

/// Where links are read.
pub(super) trait Links: Send + Sync + 'static {
    /// Fills `into` with the links of a node.
    fn read(&self, node: u32, into: &mut Vec<u32>);
}

/// Links that several threads make, `[nodes, slots]` with [`NONE`] behind the last link of a node.
pub(super) struct Growing {
    slots: usize,
    links: Vec<AtomicU32>,
    /// A node is written and read by whoever has its lock.
    locks: Vec<Mutex<()>>,
}

impl Growing {
    /// No links, and room for `slots` of every node.
    pub(super) fn new(nodes: u32, slots: usize) -> Self {
        let links = (0..nodes as usize * slots).map(|_| AtomicU32::new(NONE)).collect();
        Self { slots, links, locks: (0..LOCKS).map(|_| Mutex::new(())).collect() }
    }

    fn lock(&self, node: u32) -> (MutexGuard<'_, ()>, &[AtomicU32]) {
        let lock = &self.locks[node as usize % LOCKS];
        let own = &self.links[node as usize * self.slots..][..self.slots];
        (lock.lock().unwrap_or_else(PoisonError::into_inner), own)
    }

    /// Gives a node these links alone. What does not fit is left out.
    pub(super) fn set(&self, node: u32, links: &[u32]) {
        let (_lock, own) = self.lock(node);
        let links = links.iter().copied().chain(std::iter::repeat(NONE));
        own.iter().zip(links).for_each(|(own, link)| own.store(link, Relaxed));
    }

    /// Adds links that a node does not have yet, as long as there is room.
    pub(super) fn add(&self, node: u32, links: &[u32]) {
        let (_lock, own) = self.lock(node);
        for link in links {
            for own in own {
                let found = own.load(Relaxed);
                if found == *link {
                    break;
                }
                if found == NONE {
                    own.store(*link, Relaxed);
                    break;
                }
            }
        }
    }

    /// Most links of a node.
    pub(super) fn most(&self) -> usize {
        let count =
            |own: &[AtomicU32]| own.iter().filter(|link| link.load(Relaxed) != NONE).count();
        self.links.chunks(self.slots).map(count).max().unwrap_or(0)
    }

    /// The links of every node in `slots` places, as a file has them.
    pub(super) fn bytes(&self, slots: usize) -> impl Iterator<Item = Vec<u8>> {
        let of_node = move |own: &[AtomicU32]| {
            own[..slots].iter().flat_map(|link| link.load(Relaxed).to_le_bytes()).collect()
        };
        self.links.chunks(self.slots).map(of_node)
    }
}

impl Links for Growing {
    fn read(&self, node: u32, into: &mut Vec<u32>) {
        let (_lock, own) = self.lock(node);
        into.clear();
        into.extend(own.iter().map(|link| link.load(Relaxed)).take_while(|link| *link != NONE));
    }
}

/// Links in a file, `[nodes, slots]` as little-endian u32, and behind them the [pairs of equal nodes](super::twins), `[pairs, 2]`.
pub(super) struct Stored {
    pub(super) file: Mapped,
    pub(super) slots: usize,
    pub(super) nodes: u32,
}

impl Stored {
    /// Nodes that have the features of this one, which stands for them.
    pub(super) fn twins(&self, node: u32) -> impl Iterator<Item = u32> {
        let links = self.nodes as usize * self.slots * 4;
        let (pairs, _) = self.file.bytes()[links..].as_chunks::<8>();
        let pair = |bytes: &[u8; 8]| {
            let (values, _) = bytes.as_chunks::<4>();
            [u32::from_le_bytes(values[0]), u32::from_le_bytes(values[1])]
        };
        let first = pairs.partition_point(|bytes| pair(bytes)[0] < node);
        let own = pairs[first..].iter().map(pair).take_while(move |pair| pair[0] == node);
        own.map(|pair| pair[1]).filter(|twin| *twin < self.nodes)
    }
}

impl Links for Stored {
    fn read(&self, node: u32, into: &mut Vec<u32>) {
        let bytes = &self.file.bytes()[node as usize * self.slots * 4..][..self.slots * 4];
        let links = bytes.as_chunks::<4>().0.iter().map(|link| u32::from_le_bytes(*link));
        into.clear();
        // Damaged bytes lead to no node, or to a wrong one. Either costs recall and nothing else.
        into.extend(links.take_while(|link| *link != NONE).filter(|link| *link < self.nodes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(links: &impl Links, node: u32) -> Vec<u32> {
        let mut found = Vec::new();
        links.read(node, &mut found);
        found
    }

    #[test]
    fn links_are_set_and_added_while_there_is_room() {
        let links = Growing::new(3, 3);
        links.set(1, &[0, 2]);
        links.add(1, &[2, 0]);
        assert_eq!(of(&links, 1), [0, 2]);
        links.add(1, &[1, 5]);
        assert_eq!((of(&links, 1), of(&links, 0), links.most()), (vec![0, 2, 1], vec![], 3));
        links.set(1, &[2]);
        assert_eq!((of(&links, 1), links.most()), (vec![2], 1));
        let bytes: Vec<Vec<u8>> = links.bytes(1).collect();
        assert_eq!(bytes, [[255; 4], [2, 0, 0, 0], [255; 4]]);
    }

    #[test]
    fn stored_links_that_lead_nowhere_are_left_out() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("links");
        let bytes: Vec<u8> =
            [1, 7, 0, NONE, 2, 1].iter().flat_map(|n: &u32| n.to_le_bytes()).collect();
        std::fs::write(&path, &bytes).expect("written");
        let file = Mapped::open(&path, bytes.len() as u64).expect("opened");
        let links = Stored { file, slots: 3, nodes: 2 };
        assert_eq!((of(&links, 0), of(&links, 1)), (vec![1, 0], vec![]));
        assert!(links.twins(0).next().is_none());
    }

    #[test]
    fn the_twins_of_a_node_are_found() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("links");
        let numbers: [u32; 11] = [NONE, NONE, NONE, 0, 2, 1, 2, 1, 7, 2, 0];
        let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        std::fs::write(&path, &bytes).expect("written");
        let file = Mapped::open(&path, bytes.len() as u64).expect("opened");
        let links = Stored { file, slots: 1, nodes: 3 };
        // There is no node 7.
        let found = [0, 1, 2].map(|node| links.twins(node).collect::<Vec<_>>());
        assert_eq!(found, [vec![2], vec![2], vec![0]]);
    }
}

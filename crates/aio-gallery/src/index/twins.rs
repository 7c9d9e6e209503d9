//! Rows with equal features. One of them alone is linked: links among equal rows would lead nowhere else, however many there are.

use super::nodes::Nodes;
use rayon::prelude::*;

/// Pairs of a node and another one with the same features, increasing. Of equal nodes the first of a pair is always the same one, the smallest.
pub(super) fn twins(nodes: &Nodes) -> Vec<[u32; 2]> {
    let hash = |(row, bytes): &mut (Vec<f32>, Vec<u8>), node: u32| {
        nodes.read(node, row);
        bytes.clear();
        bytes.extend(row.iter().flat_map(|value| value.to_le_bytes()));
        let hash = *blake3::hash(bytes).as_bytes();
        let (first, _) = hash.as_chunks::<8>();
        (u64::from_le_bytes(first[0]), node)
    };
    let buffers = || (vec![0.0; nodes.width()], Vec::new());
    let all = (0..nodes.len()).into_par_iter().map_init(buffers, hash);
    let mut all: Vec<(u64, u32)> = all.collect();
    all.par_sort_unstable();
    let equal = all.chunk_by(|a, b| a.0 == b.0);
    let pairs = equal.flat_map(|equal| equal[1..].iter().map(|(_, twin)| [equal[0].1, *twin]));
    let mut pairs: Vec<[u32; 2]> = pairs.collect();
    pairs.sort_unstable();
    pairs
}

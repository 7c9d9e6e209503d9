//! The file of an index.

use super::links::{Growing, Stored};
use crate::error::{GalleryError, Result};
use crate::layout::{INDEX, list_name};
use crate::manifest::IndexEntry;
use crate::mapped::Mapped;
use crate::segment::Segment;
use crate::sums::FileSum;
use aio_data::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Most links of a row that a manifest may state.
const MOST_LINKS: usize = 1 << 12;

/// Writes links and pairs of equal nodes, and returns the file's name, its checksums and the places for links of a row. The manifest that names it has this generation.
///
/// # Errors
/// [`GalleryError::Data`] naming the file that cannot be written.
pub(super) fn write(
    directory: &Path,
    generation: u64,
    links: &Growing,
    twins: &[[u32; 2]],
) -> Result<(String, FileSum, usize)> {
    let slots = links.most().max(1);
    let pair = |pair: &[u32; 2]| pair.iter().flat_map(|node| node.to_le_bytes()).collect();
    let bytes = || links.bytes(slots).chain(twins.iter().map(pair));
    let mut hasher = blake3::Hasher::new();
    bytes().for_each(|bytes| _ = hasher.update(&bytes));
    let file = list_name(generation, hasher.finalize().to_hex().as_str(), INDEX);
    let path = directory.join(&file);
    fs::replace(&path, |temporary| {
        let mut out = BufWriter::new(std::fs::File::create_new(temporary)?);
        bytes().try_for_each(|bytes| out.write_all(&bytes))?;
        out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()
    })?;
    let sum = FileSum::of_file(&path)?;
    Ok((file, sum, slots))
}

/// Maps the links of an index.
///
/// # Errors
/// [`GalleryError::Data`] naming the file if it is gone, has another length, or does not fit the segments.
pub(super) fn open(directory: &Path, entry: &IndexEntry, segments: &[Segment]) -> Result<Stored> {
    let path = directory.join(&entry.file);
    let covered = segments.get(..entry.segments).unwrap_or_default();
    let rows = covered.iter().map(|segment| segment.len() as u64).sum::<u64>();
    let bytes = (entry.slots as u64).checked_mul(4).and_then(|bytes| bytes.checked_mul(rows));
    let nodes = u32::try_from(rows).ok().filter(|nodes| entry.start < *nodes);
    let of_pairs = bytes.and_then(|bytes| entry.sum.bytes.checked_sub(bytes));
    let is_whole = of_pairs.is_some_and(|bytes| bytes % 8 == 0) && entry.slots > 0;
    match nodes {
        Some(nodes) if is_whole && (1..=MOST_LINKS).contains(&entry.links) => {
            let file = Mapped::open(&path, entry.sum.bytes)?;
            Ok(Stored { file, slots: entry.slots, nodes })
        }
        _ => {
            let problem = format!("it is not an index of the {rows} rows of its segments");
            Err(GalleryError::damaged(&path, problem))
        }
    }
}

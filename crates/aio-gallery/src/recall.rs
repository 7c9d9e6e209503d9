//! How much of exact search an index finds.

use crate::error::GalleryError;
use crate::gallery::Gallery;
use crate::search::{Answer, Filter, Query};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Rows that are asked for.
const QUERIES: usize = 128;

/// Lengths of the lists that are compared.
const LENGTHS: [usize; 3] = [1, 10, 100];

/// Which rows are drawn. The same gallery gives the same rows.
const SEED: &[u8] = b"recall of an index";

/// How much of the results of exact search an approximate one finds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recall {
    /// Rows of the gallery whose nearest others were asked for.
    pub queries: usize,
    /// By the length of the list: the share of the exact results that were found, from 0 to 1.
    pub at: BTreeMap<usize, f64>,
}

/// Compares approximate answers with those of exact search in a gallery, for 128 rows drawn with a fixed seed: the nearest 1, 10 and 100 rows other than the
/// row itself. `None` for a gallery of fewer than two rows.
///
/// # Errors
/// As [`Gallery::answers`]; those of `approximate`.
pub fn recall<E: From<GalleryError>>(
    gallery: &Gallery,
    approximate: impl Fn(&[Query]) -> Result<Vec<Answer>, E>,
) -> Result<Option<Recall>, E> {
    let all = gallery.select(&Filter::default())?;
    if all.len() < 2 {
        return Ok(None);
    }
    let draw = |number: u64| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(SEED).update(&number.to_le_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        all[(u64::from_le_bytes(first) % all.len() as u64) as usize]
    };
    let drawn: BTreeSet<u64> = (0..QUERIES as u64).map(draw).collect();
    let mut at = BTreeMap::new();
    for top in LENGTHS {
        // A row is its own nearest; what it is like is no result.
        let query = |row: &u64| Query {
            features: None,
            like: vec![*row],
            ..Query::of(gallery.model().clone(), Vec::new(), "rgb", top)
        };
        let queries: Vec<Query> = drawn.iter().map(query).collect();
        let expected = gallery.answers(&queries)?;
        let found = approximate(&queries)?;
        at.insert(top, share(&found, &expected));
    }
    Ok(Some(Recall { queries: drawn.len(), at }))
}

/// The share of the rows of the expected lists that were found.
fn share(found: &[Answer], expected: &[Answer]) -> f64 {
    let (mut hits, mut all) = (0, 0);
    for (found, expected) in found.iter().zip(expected) {
        let wanted: HashSet<u64> = expected.hits.iter().map(|hit| hit.row).collect();
        hits += found.hits.iter().filter(|hit| wanted.contains(&hit.row)).count();
        all += wanted.len();
    }
    hits as f64 / all as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;
    use crate::search::Hit;

    #[test]
    fn a_share_counts_rows_and_not_places() {
        let answer = |rows: &[u64]| Answer {
            searched: None,
            rescored: None,
            hits: rows
                .iter()
                .map(|row| Hit {
                    row: *row,
                    similarity: 0.5,
                    probability: None,
                    record: Record::default(),
                })
                .collect(),
        };
        // 3 of 4 and 1 of 4.
        let expected = [answer(&[1, 2, 3, 4]), answer(&[5, 6, 7, 8])];
        let found = [answer(&[4, 1, 2, 9]), answer(&[8])];
        assert_eq!(share(&found, &expected), 0.5);
    }
}

//! Pairs of labelled rows.

use crate::encode::unit;
use crate::error::Result;
use crate::product::dot;
use std::collections::BTreeSet;

/// Labelled features.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// Of length 1, one row per picture.
    rows: Vec<Vec<f32>>,
    identities: Vec<i64>,
    cameras: Option<Vec<i64>>,
}

impl Labelled {
    /// Rows of `width` values with their identities, and their cameras if they are known. Rows with negative identities are left out, since
    /// nobody knows whom they show.
    ///
    /// # Errors
    /// [`GalleryError::Request`](crate::GalleryError::Request) naming a row that cannot be compared.
    ///
    /// # Panics
    /// If there are not as many labels as rows.
    pub fn new(
        values: &[f32],
        width: usize,
        identities: &[i64],
        cameras: Option<&[i64]>,
    ) -> Result<Self> {
        assert_eq!(values.len(), width * identities.len(), "one row of values per identity");
        assert!(cameras.is_none_or(|c| c.len() == identities.len()), "one camera per row");
        let mut rows = Vec::new();
        let known: Vec<usize> = (0..identities.len()).filter(|row| identities[*row] >= 0).collect();
        for row in &known {
            let values = &values[row * width..(row + 1) * width];
            rows.push(unit(&format!("row {row} of the labelled features"), values, width)?);
        }
        Ok(Self {
            rows,
            identities: known.iter().map(|row| identities[*row]).collect(),
            cameras: cameras.map(|cameras| known.iter().map(|row| cameras[*row]).collect()),
        })
    }

    fn camera(&self, row: usize) -> Option<i64> {
        // Negative numbers stand for cameras that are not known.
        self.cameras.as_ref().map(|cameras| cameras[row]).filter(|camera| *camera >= 0)
    }
}

/// Half of the people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Fit,
    Test,
}

impl Side {
    pub(super) const BOTH: [Self; 2] = [Self::Fit, Self::Test];
}

/// Pairs that are used at most; of more a share is drawn that does not depend on who they show.
const MOST: u64 = 2_000_000;

/// Similarities of pairs, and whether both rows show the same person.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    pub(super) similarities: Vec<f64>,
    pub(super) same: Vec<bool>,
}

impl Pairs {
    pub(super) fn of(queries: &Labelled, gallery: Option<&Labelled>, side: Side) -> Self {
        let other = gallery.unwrap_or(queries);
        let people: BTreeSet<i64> =
            queries.identities.iter().chain(&other.identities).copied().collect();
        // Every second one in the order of their numbers.
        let first: BTreeSet<i64> = people.into_iter().step_by(2).collect();
        let rows = |of: &Labelled| {
            let is_on_side =
                |row: &usize| first.contains(&of.identities[*row]) == (side == Side::Fit);
            (0..of.rows.len()).filter(is_on_side).collect::<Vec<usize>>()
        };
        let (left, right) = (rows(queries), rows(other));
        let (rows, columns) = (left.len() as u64, right.len() as u64);
        let all = match gallery {
            Some(_) => rows * columns,
            None => rows * rows.saturating_sub(1) / 2,
        };
        let mut pairs = Self::default();
        for a in left {
            for b in &right {
                // Of a side that is compared with itself each pair counts once.
                if (gallery.is_none() && *b <= a) || !is_drawn(a, *b, all) {
                    continue;
                }
                let same = queries.identities[a] == other.identities[*b];
                let camera = queries.camera(a);
                if same && camera.is_some() && camera == other.camera(*b) {
                    continue;
                }
                pairs.similarities.push(f64::from(dot(&queries.rows[a], &other.rows[*b])));
                pairs.same.push(same);
            }
        }
        pairs
    }

    pub(super) fn same_person(&self) -> usize {
        self.same.iter().filter(|same| **same).count()
    }
}

/// Whether a pair is one of the about [`MOST`] that are drawn from `all`, by a hash of its place.
fn is_drawn(a: usize, b: usize, all: u64) -> bool {
    if all <= MOST {
        return true;
    }
    let mut place = [0; 16];
    place[..8].copy_from_slice(&(a as u64).to_le_bytes());
    place[8..].copy_from_slice(&(b as u64).to_le_bytes());
    let hash = u64::from_str_radix(&crate::sums::hash(&place)[..16], 16).unwrap_or_default();
    (hash as f64) < (MOST as f64 / all as f64) * u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_of_one_half_of_the_people_and_of_different_cameras() {
        // Two rows each of the people 1 to 4, all alike; person 1 twice before the same camera.
        let identities = [1, 1, 2, 2, 3, 3, 4, 4, -1];
        let cameras = [5, 5, 5, 6, 5, 6, 5, -1, 5];
        let values = vec![1.0; 2 * identities.len()];
        let of = |cameras| Labelled::new(&values, 2, &identities, cameras).expect("rows");
        let count = |labelled: &Labelled, other: Option<&Labelled>, side| {
            let pairs = Pairs::of(labelled, other, side);
            (pairs.same.len(), pairs.same_person())
        };
        // People 1 and 3, four rows: 4 · 3 / 2 pairs, one per person of the same person.
        assert_eq!(count(&of(None), None, Side::Fit), (6, 2));
        assert_eq!(count(&of(Some(&cameras)), None, Side::Fit), (5, 1));
        assert_eq!(count(&of(Some(&cameras)), None, Side::Test), (6, 2));
        let both = of(None);
        assert_eq!(count(&both, Some(&both), Side::Fit), (16, 8));
    }

    #[test]
    fn all_pairs_of_rows_with_each_other_are_used_as_long_as_there_are_not_too_many() {
        // 1,990 rows on the one side: 1990 · 1989 / 2 = 1,979,055 pairs of the 2,000,000 that are used.
        let identities: Vec<i64> = (0..3980).map(|row| row / 2).collect();
        let values = vec![1.0; identities.len()];
        let labelled = Labelled::new(&values, 1, &identities, None).expect("rows");
        let pairs = Pairs::of(&labelled, None, Side::Fit);
        assert_eq!((pairs.same.len(), pairs.same_person()), (1_979_055, 995));
    }

    #[test]
    fn of_many_pairs_about_as_many_are_drawn_as_wanted() {
        let drawn = (0..1000).flat_map(|a| (0..1000).map(move |b| (a, b)));
        let count = drawn.filter(|(a, b)| is_drawn(*a, *b, 4 * MOST)).count();
        // Mean 250,000 and a standard deviation of 433.
        assert!((248_000..252_000).contains(&count), "{count}");
    }
}

//! The best candidates of a search, in bounded memory.

use std::cmp::Ordering;
use std::collections::HashMap;

/// A row that may be among the best.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    /// Its similarity is at least this.
    pub(super) lower: f32,
    /// Its similarity is at most this; the same where it is known exactly.
    pub(super) upper: f32,
    /// Its number, which decides between equal similarities.
    pub(super) row: u64,
    pub(super) segment: u32,
    pub(super) position: u32,
}

impl Candidate {
    /// Better first: larger similarity, then smaller number.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        other.lower.total_cmp(&self.lower).then(self.row.cmp(&other.row))
    }
}

/// Which candidates are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// Those for the best rows.
    Rows,
    /// Those for the best row of each of the best groups.
    BestOfGroups,
    /// Those for the best rows of each group; it is for few groups.
    RowsOfGroups,
}

/// The candidates for the `top` best rows, for the best row of each of the `top` best groups, or for the `top` best rows of every group.
///
/// The rows that are kept do not depend on the order in which rows are offered.
#[derive(Debug, Clone)]
pub(super) struct Nearest {
    top: usize,
    kept: Kept,
}

#[derive(Debug, Clone)]
enum Kept {
    Rows { found: Vec<Candidate>, bound: f32, limit: usize },
    Best { groups: HashMap<u32, Contenders>, bound: f32, limit: usize },
    Each(HashMap<u32, Nearest>),
}

/// Rows, or groups, that are kept beyond those needed before the list is cut.
const SPARE: usize = 256;
/// The same for the rows of a group, of which one alone is needed.
const SPARE_OF_GROUP: usize = 16;

impl Nearest {
    pub(super) fn new(top: usize, keep: Keep) -> Self {
        let (bound, limit) = (f32::NEG_INFINITY, 2 * top + SPARE);
        let kept = match keep {
            Keep::Rows => Kept::Rows { found: Vec::new(), bound, limit },
            Keep::BestOfGroups => Kept::Best { groups: HashMap::new(), bound, limit },
            Keep::RowsOfGroups => Kept::Each(HashMap::new()),
        };
        Self { top, kept }
    }

    /// Whether a row with so large a similarity at most may be among the best, by what is known so far.
    #[inline]
    pub(super) fn may_keep(&self, upper: f32) -> bool {
        match &self.kept {
            Kept::Rows { bound, .. } | Kept::Best { bound, .. } => upper >= *bound,
            Kept::Each(_) => true,
        }
    }

    /// Takes a candidate of a group into account.
    pub(super) fn offer(&mut self, candidate: Candidate, group: u32) {
        if !self.may_keep(candidate.upper) {
            return;
        }
        let top = self.top;
        let cut = match &mut self.kept {
            Kept::Rows { found, limit, .. } => {
                found.push(candidate);
                found.len() >= *limit
            }
            Kept::Best { groups, limit, .. } => {
                groups.entry(group).or_default().offer(candidate);
                groups.len() >= *limit
            }
            Kept::Each(groups) => {
                let nearest = groups.entry(group).or_insert_with(|| Self::new(top, Keep::Rows));
                nearest.offer(candidate, group);
                false
            }
        };
        if cut {
            self.cut();
        }
    }

    /// Drops the rows that are certainly not among the best.
    fn cut(&mut self) {
        let top = self.top;
        match &mut self.kept {
            Kept::Rows { found, bound, limit } => {
                if found.len() > top {
                    let (_, worst, _) = found.select_nth_unstable_by(top - 1, Candidate::order);
                    let worst = *worst;
                    *bound = worst.lower;
                    found.retain(|c| {
                        let is_exact = c.lower == c.upper;
                        if is_exact && worst.lower == worst.upper {
                            c.order(&worst) != Ordering::Greater
                        } else {
                            c.upper >= worst.lower
                        }
                    });
                }
                *limit = 2 * found.len().max(top) + SPARE;
            }
            Kept::Best { groups, bound, limit } => {
                if groups.len() > top {
                    let mut lower: Vec<f32> = groups.values().map(|group| group.best).collect();
                    *bound = *lower.select_nth_unstable_by(top - 1, |a, b| b.total_cmp(a)).1;
                    groups.retain(|_, group| {
                        group.found.retain(|candidate| candidate.upper >= *bound);
                        !group.found.is_empty()
                    });
                }
                *limit = 2 * groups.len().max(top) + SPARE;
            }
            Kept::Each(groups) => groups.values_mut().for_each(Self::cut),
        }
    }

    /// Takes everything that another one has kept into account.
    pub(super) fn merge(mut self, other: Self) -> Self {
        let offer = |(group, candidate)| self.offer(candidate, group);
        match other.kept {
            Kept::Rows { found, .. } => found.into_iter().map(|c| (0, c)).for_each(offer),
            Kept::Best { groups, .. } => each(groups).for_each(offer),
            Kept::Each(groups) => all(groups).for_each(offer),
        }
        self
    }

    /// The candidates, each with its group, best first by what is known.
    pub(super) fn finish(mut self) -> Vec<(u32, Candidate)> {
        self.cut();
        let mut found: Vec<(u32, Candidate)> = match self.kept {
            Kept::Rows { found, .. } => found.into_iter().map(|candidate| (0, candidate)).collect(),
            Kept::Best { mut groups, .. } => {
                groups.values_mut().for_each(Contenders::cut);
                each(groups).collect()
            }
            Kept::Each(groups) => all(groups).collect(),
        };
        found.sort_by(|(_, a), (_, b)| a.order(b));
        found
    }
}

/// The candidates of groups, each with its group.
fn each(groups: HashMap<u32, Contenders>) -> impl Iterator<Item = (u32, Candidate)> {
    groups.into_iter().flat_map(|(group, contenders)| {
        contenders.found.into_iter().map(move |candidate| (group, candidate))
    })
}

/// What each group keeps for itself, with its group.
fn all(groups: HashMap<u32, Nearest>) -> impl Iterator<Item = (u32, Candidate)> {
    groups.into_iter().flat_map(|(group, nearest)| {
        nearest.finish().into_iter().map(move |(_, candidate)| (group, candidate))
    })
}

/// The candidates for the best row of a group.
#[derive(Debug, Clone)]
struct Contenders {
    found: Vec<Candidate>,
    /// The largest lower bound of all that were offered.
    best: f32,
    /// The length at which the list is cut. It is at least twice the length after the last cut, so that cutting costs as much as offering.
    limit: usize,
}

impl Default for Contenders {
    fn default() -> Self {
        Self { found: Vec::new(), best: f32::NEG_INFINITY, limit: SPARE_OF_GROUP }
    }
}

impl Contenders {
    fn offer(&mut self, candidate: Candidate) {
        let is_exact = candidate.lower == candidate.upper;
        if is_exact
            && let Some(first) = self.found.first_mut()
            && first.lower == first.upper
        {
            if candidate.order(first) == Ordering::Less {
                *first = candidate;
            }
        } else if candidate.upper >= self.best {
            self.found.push(candidate);
        }
        self.best = self.best.max(candidate.lower);
        if self.found.len() >= self.limit {
            self.cut();
            self.limit = 2 * self.found.len() + SPARE_OF_GROUP;
        }
    }

    /// Drops those that are certainly not the best.
    fn cut(&mut self) {
        self.found.retain(|candidate| candidate.upper >= self.best);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(similarity: f32, slack: f32, row: u64) -> Candidate {
        let (lower, upper) = (similarity - slack, similarity + slack);
        Candidate { lower, upper, row, segment: 0, position: 0 }
    }

    #[test]
    fn what_is_kept_is_bounded_and_does_not_depend_on_the_order() {
        let rows: Vec<Candidate> =
            (0..10_000).map(|row| candidate((row * 7919 % 101) as f32, 0.0, row)).collect();
        let mut expected = rows.clone();
        expected.sort_by(Candidate::order);
        expected.truncate(5);
        let mut parts = vec![Nearest::new(5, Keep::Rows); 3];
        for (i, row) in rows.iter().rev().enumerate() {
            parts[i % 3].offer(*row, 0);
            let Kept::Rows { found, .. } = &parts[i % 3].kept else { unreachable!() };
            assert!(found.len() <= 2 * 5 + SPARE);
        }
        let merged = parts.into_iter().reduce(Nearest::merge).expect("three");
        let found: Vec<Candidate> = merged.finish().into_iter().map(|(_, c)| c).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_row_that_may_be_among_the_best_is_kept() {
        let mut nearest = Nearest::new(1, Keep::Rows);
        for (similarity, slack, row) in [(0.9, 0.05, 0), (0.82, 0.05, 1), (0.7, 0.05, 2)] {
            nearest.offer(candidate(similarity, slack, row), 0);
        }
        let rows: Vec<u64> = nearest.finish().iter().map(|(_, c)| c.row).collect();
        assert_eq!(rows, [0, 1]);
    }

    #[test]
    fn of_a_group_its_best_counts() {
        let mut nearest = Nearest::new(2, Keep::BestOfGroups);
        for (similarity, row, group) in
            [(0.9, 4, 1), (0.9, 3, 1), (0.8, 1, 1), (0.5, 0, 2), (0.4, 2, 3)]
        {
            nearest.offer(candidate(similarity, 0.0, row), group);
        }
        let rows: Vec<(u32, u64)> = nearest.finish().iter().map(|(g, c)| (*g, c.row)).collect();
        assert_eq!(rows, [(1, 3), (2, 0)]);
    }

    #[test]
    fn of_a_group_all_that_may_be_its_best_are_kept_and_no_others() {
        // Each may be the best of all before it; at the end those within twice the slack of the last.
        let mut nearest = Nearest::new(1, Keep::BestOfGroups);
        for row in 0..1000u64 {
            nearest.offer(candidate(row as f32, 4.5, row), 7);
            let Kept::Best { groups, .. } = &nearest.kept else { unreachable!() };
            assert!(groups[&7].found.len() <= 2 * 10 + SPARE_OF_GROUP);
        }
        let rows: Vec<u64> = nearest.finish().iter().map(|(_, c)| c.row).collect();
        assert_eq!(rows, (990..1000).rev().collect::<Vec<u64>>());
    }

    #[test]
    fn groups_are_kept_in_bounded_memory() {
        let all: Vec<(u32, Candidate)> = (0..20_000u64)
            .map(|row| ((row % 5000) as u32, candidate((row * 7919 % 10_007) as f32, 0.0, row)))
            .collect();
        let mut expected = all.clone();
        expected.sort_by(|(_, a), (_, b)| a.order(b));
        let mut seen = std::collections::HashSet::new();
        expected.retain(|(group, _)| seen.insert(*group));
        expected.truncate(5);
        let mut parts = vec![Nearest::new(5, Keep::BestOfGroups); 3];
        for (i, (group, row)) in all.iter().enumerate() {
            parts[i % 3].offer(*row, *group);
            let Kept::Best { groups, .. } = &parts[i % 3].kept else { unreachable!() };
            assert!(groups.len() <= 2 * 5 + SPARE);
        }
        let merged = parts.into_iter().reduce(Nearest::merge).expect("three");
        let mut found = merged.finish();
        // Groups that are equal to the last one are kept.
        assert!((5..10).contains(&found.len()));
        found.truncate(5);
        assert_eq!(found, expected);
    }

    #[test]
    fn of_every_group_its_best_rows_are_kept() {
        let mut parts = vec![Nearest::new(2, Keep::RowsOfGroups); 2];
        for row in 0..3000u64 {
            let group = (row % 3) as u32;
            parts[row as usize % 2].offer(candidate((row % 1000) as f32, 0.0, row), group);
        }
        let merged = parts.into_iter().reduce(Nearest::merge).expect("two");
        let mut rows: Vec<(u32, u64)> = merged.finish().iter().map(|(g, c)| (*g, c.row)).collect();
        rows.sort_unstable();
        assert_eq!(rows, [(0, 999), (0, 1998), (1, 1999), (1, 2998), (2, 998), (2, 2999)]);
    }
}

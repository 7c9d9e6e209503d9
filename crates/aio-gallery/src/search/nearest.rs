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

/// The candidates for the `top` best rows, or for the best row of each of the `top` best groups.
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
    Groups(HashMap<u32, Vec<Candidate>>),
}

/// Rows that are kept beyond those needed before the list is cut.
const SPARE: usize = 256;

impl Nearest {
    pub(super) fn new(top: usize, grouped: bool) -> Self {
        let kept = if grouped {
            Kept::Groups(HashMap::new())
        } else {
            Kept::Rows { found: Vec::new(), bound: f32::NEG_INFINITY, limit: 2 * top + SPARE }
        };
        Self { top, kept }
    }

    /// Whether a row with so large a similarity at most may be among the best, by what is known so far.
    #[inline]
    pub(super) fn may_keep(&self, upper: f32) -> bool {
        match &self.kept {
            Kept::Rows { bound, .. } => upper >= *bound,
            Kept::Groups(_) => true,
        }
    }

    /// Takes a candidate of a group into account.
    pub(super) fn offer(&mut self, candidate: Candidate, group: u32) {
        if !self.may_keep(candidate.upper) {
            return;
        }
        let cut = match &mut self.kept {
            Kept::Rows { found, limit, .. } => {
                found.push(candidate);
                found.len() >= *limit
            }
            Kept::Groups(groups) => {
                offer_to_group(groups.entry(group).or_default(), candidate);
                false
            }
        };
        if cut {
            self.cut();
        }
    }

    /// Drops the rows that are certainly not among the best.
    fn cut(&mut self) {
        if let Kept::Rows { found, bound, limit } = &mut self.kept {
            if found.len() > self.top {
                let (_, worst, _) = found.select_nth_unstable_by(self.top - 1, Candidate::order);
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
            *limit = 2 * found.len().max(self.top) + SPARE;
        }
    }

    /// Takes everything that another one has kept into account.
    pub(super) fn merge(mut self, other: Self) -> Self {
        match (&mut self.kept, other.kept) {
            (Kept::Groups(groups), Kept::Groups(others)) => {
                let mut others: Vec<(u32, Vec<Candidate>)> = others.into_iter().collect();
                for (group, candidates) in others.drain(..) {
                    let own = groups.entry(group).or_default();
                    candidates.into_iter().for_each(|candidate| offer_to_group(own, candidate));
                }
            }
            (_, Kept::Rows { found, .. }) => {
                found.into_iter().for_each(|candidate| self.offer(candidate, 0));
            }
            _ => {}
        }
        self
    }

    /// The candidates, each with its group, best first by what is known.
    pub(super) fn finish(mut self) -> Vec<(u32, Candidate)> {
        self.cut();
        let mut found: Vec<(u32, Candidate)> = match self.kept {
            Kept::Rows { found, .. } => found.into_iter().map(|candidate| (0, candidate)).collect(),
            Kept::Groups(groups) => {
                let groups: Vec<(u32, Vec<Candidate>)> = groups.into_iter().collect();
                let mut lower: Vec<f32> = groups.iter().map(|(_, group)| best(group)).collect();
                let bound = if lower.len() > self.top {
                    *lower.select_nth_unstable_by(self.top - 1, |a, b| b.total_cmp(a)).1
                } else {
                    f32::NEG_INFINITY
                };
                let of_group = |(group, candidates): (u32, Vec<Candidate>)| {
                    candidates.into_iter().map(move |candidate| (group, candidate))
                };
                let all = groups.into_iter().flat_map(of_group);
                all.filter(|(_, candidate)| candidate.upper >= bound).collect()
            }
        };
        found.sort_by(|(_, a), (_, b)| a.order(b));
        found
    }
}

/// The largest lower bound of a group.
fn best(group: &[Candidate]) -> f32 {
    group.iter().map(|c| c.lower).fold(f32::NEG_INFINITY, f32::max)
}

fn offer_to_group(group: &mut Vec<Candidate>, candidate: Candidate) {
    let is_exact = candidate.lower == candidate.upper;
    match group.first() {
        Some(first) if is_exact && first.lower == first.upper => {
            if candidate.order(first) == Ordering::Less {
                group[0] = candidate;
            }
        }
        _ => {
            let bound = best(group);
            if candidate.upper >= bound {
                if candidate.lower > bound {
                    group.retain(|kept| kept.upper >= candidate.lower);
                }
                group.push(candidate);
            }
        }
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
        let mut parts = vec![Nearest::new(5, false); 3];
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
        let mut nearest = Nearest::new(1, false);
        for (similarity, slack, row) in [(0.9, 0.05, 0), (0.82, 0.05, 1), (0.7, 0.05, 2)] {
            nearest.offer(candidate(similarity, slack, row), 0);
        }
        let rows: Vec<u64> = nearest.finish().iter().map(|(_, c)| c.row).collect();
        assert_eq!(rows, [0, 1]);
    }

    #[test]
    fn of_a_group_its_best_counts() {
        let mut nearest = Nearest::new(2, true);
        for (similarity, row, group) in
            [(0.9, 4, 1), (0.9, 3, 1), (0.8, 1, 1), (0.5, 0, 2), (0.4, 2, 3)]
        {
            nearest.offer(candidate(similarity, 0.0, row), group);
        }
        let rows: Vec<(u32, u64)> = nearest.finish().iter().map(|(g, c)| (*g, c.row)).collect();
        assert_eq!(rows, [(1, 3), (2, 0)]);
    }
}

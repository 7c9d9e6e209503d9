//! Steps between pixels linked to polylines and smoothed to curves.

use super::edges::{Line, Step};
use std::collections::BTreeMap;

/// A point (row, column) in pixels.
pub type Point = (f32, f32);

/// A curve of a drawing.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// Its points, about a pixel apart.
    pub points: Vec<Point>,
    /// Whether it returns to its start.
    pub closed: bool,
    /// What most of it shows.
    pub line: Line,
}

type Corner = (usize, usize);

fn ends(step: &Step) -> (Corner, Corner) {
    let (row, column) = step.from;
    (step.from, if step.right { (row, column + 1) } else { (row + 1, column) })
}

/// Links steps of one class to chains that end where a line ends or where lines meet.
///
/// Outlines and occlusions form one class, the other lines one class each, so that a chain changes its meaning
/// only where the drawing does.
#[must_use]
pub fn link(steps: &[Step]) -> Vec<Chain> {
    let class = |line: Line| if line == Line::Outline { Line::Occlusion } else { line };
    let mut chains = Vec::new();
    for line in [Line::Occlusion, Line::Border, Line::Crease, Line::Pattern] {
        let own: Vec<&Step> = steps.iter().filter(|s| class(s.line) == line).collect();
        link_class(&own, &mut chains);
    }
    chains
}

fn link_class(steps: &[&Step], chains: &mut Vec<Chain>) {
    let mut at: BTreeMap<Corner, Vec<usize>> = BTreeMap::new();
    for (i, step) in steps.iter().enumerate() {
        let (a, b) = ends(step);
        at.entry(a).or_default().push(i);
        at.entry(b).or_default().push(i);
    }
    let mut used = vec![false; steps.len()];
    // Ends and meeting points first, so that what is left is closed.
    let starts = at.iter().filter(|(_, s)| s.len() != 2).chain(at.iter());
    for (corner, around) in starts {
        for first in around {
            if !used[*first] {
                chains.push(walk(steps, &at, &mut used, *corner, *first));
            }
        }
    }
}

fn walk(
    steps: &[&Step],
    at: &BTreeMap<Corner, Vec<usize>>,
    used: &mut [bool],
    start: Corner,
    first: usize,
) -> Chain {
    let point = |c: Corner| (c.0 as f32, c.1 as f32);
    let (mut corner, mut step) = (start, first);
    let mut points = vec![point(start)];
    let mut outline = 0;
    loop {
        used[step] = true;
        outline += usize::from(steps[step].line == Line::Outline);
        let (a, b) = ends(steps[step]);
        corner = if corner == a { b } else { a };
        points.push(point(corner));
        let around = &at[&corner];
        match around.iter().find(|i| !used[**i]) {
            Some(next) if around.len() == 2 => step = *next,
            _ => break,
        }
    }
    let line = match steps[first].line {
        Line::Outline | Line::Occlusion if 2 * outline > points.len() => Line::Outline,
        Line::Outline | Line::Occlusion => Line::Occlusion,
        other => other,
    };
    let closed = corner == start && points.len() > 3;
    Chain { points, closed, line }
}

impl Chain {
    /// Length in pixels.
    #[must_use]
    pub fn length(&self) -> f32 {
        self.points.windows(2).map(|w| (w[1].0 - w[0].0).hypot(w[1].1 - w[0].1)).sum()
    }

    /// Moves every point towards the mean of its neighbours, `rounds` times; ends stay where they are.
    pub fn smooth(&mut self, rounds: usize) {
        let n = self.points.len();
        if n < 3 {
            return;
        }
        for _ in 0..rounds {
            let old = self.points.clone();
            let range = if self.closed { 0..n } else { 1..n - 1 };
            for i in range {
                // The last point of a closed chain is its first.
                let before = if i == 0 { old[n - 2] } else { old[i - 1] };
                let after = if i == n - 1 { old[1] } else { old[i + 1] };
                self.points[i].0 = 0.5 * old[i].0 + 0.25 * (before.0 + after.0);
                self.points[i].1 = 0.5 * old[i].1 + 0.25 * (before.1 + after.1);
            }
        }
    }

    /// Pieces of the chain that end where it turns by more than the angle whose cosine is `cosine` within `reach`
    /// points.
    #[must_use]
    pub fn split_at_corners(&self, cosine: f32, reach: usize) -> Vec<Self> {
        let n = self.points.len();
        let mut pieces = Vec::new();
        let mut from = 0;
        let mut i = reach;
        while i + reach < n {
            let [a, b, c] = [self.points[i - reach], self.points[i], self.points[i + reach]];
            let (u, v) = ((b.0 - a.0, b.1 - a.1), (c.0 - b.0, c.1 - b.1));
            let turn = (u.0 * v.0 + u.1 * v.1) / (u.0.hypot(u.1) * v.0.hypot(v.1)).max(1e-6);
            if turn < cosine {
                pieces.push(self.piece(from, i));
                from = i;
                i += reach;
            }
            i += 1;
        }
        pieces.push(self.piece(from, n - 1));
        pieces
    }

    /// The part from point `from` to point `to`.
    #[must_use]
    pub fn piece(&self, from: usize, to: usize) -> Self {
        let whole = from == 0 && to + 1 == self.points.len();
        Self {
            points: self.points[from..=to].to_vec(),
            closed: self.closed && whole,
            line: self.line,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(side: usize) -> Vec<Step> {
        (0..side)
            .flat_map(|i| {
                [
                    Step { from: (0, i), right: true, line: Line::Outline },
                    Step { from: (side, i), right: true, line: Line::Outline },
                    Step { from: (i, 0), right: false, line: Line::Outline },
                    Step { from: (i, side), right: false, line: Line::Outline },
                ]
            })
            .collect()
    }

    #[test]
    fn a_square_is_one_closed_chain() {
        let chains = link(&square(20));
        assert_eq!(chains.len(), 1);
        assert!(chains[0].closed && chains[0].line == Line::Outline);
        assert_eq!(chains[0].length(), 80.0);
    }

    #[test]
    fn lines_that_meet_are_three_chains() {
        let bar = |i| Step { from: (5, i), right: true, line: Line::Border };
        let stem = |i| Step { from: (i, 4), right: false, line: Line::Border };
        let steps: Vec<Step> = (0..8).map(bar).chain((5..9).map(stem)).collect();
        let mut lengths: Vec<f32> = link(&steps).iter().map(Chain::length).collect();
        lengths.sort_by(f32::total_cmp);
        assert_eq!(lengths, [4.0, 4.0, 4.0]);
    }

    #[test]
    fn smoothing_a_staircase_shortens_it_to_its_diagonal() {
        let steps: Vec<Step> = (0..30)
            .flat_map(|i| {
                [
                    Step { from: (i, i), right: true, line: Line::Border },
                    Step { from: (i, i + 1), right: false, line: Line::Border },
                ]
            })
            .collect();
        let mut chain = link(&steps).remove(0);
        assert_eq!(chain.length(), 60.0);
        chain.smooth(20);
        let diagonal = 30.0 * 2.0_f32.sqrt();
        assert!((chain.length() - diagonal).abs() < 0.5, "{}", chain.length());
    }

    #[test]
    fn a_square_has_four_corners() {
        let chain = link(&square(20)).remove(0);
        let pieces = chain.split_at_corners(0.6, 4);
        // The start lies on a corner, so three corners are left to split at.
        assert_eq!(pieces.len(), 4);
        let total: f32 = pieces.iter().map(Chain::length).sum();
        assert_eq!(total, 80.0);
    }
}

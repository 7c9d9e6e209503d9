//! From chains to strokes of a pencil: what is left out, where strokes end, how the hand presses.

use super::Relief;
use super::artist::Artist;
use super::chains::{Chain, Point, link};
use super::edges::{Line, Thresholds, find};
use super::sheet::{Dab, Pencil, Sheet};
use super::warp::Warp;
use crate::street::photo::signed;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Shortest chain in pixels that is a line and not a speck.
const SHORTEST: f32 = 5.0;
/// Shortest crease or pattern that is drawn.
const SHORTEST_INNER: f32 = 9.0;

/// Draws the lines of `relief`.
pub(super) fn draw(
    sheet: &mut Sheet,
    relief: &Relief,
    artist: &Artist,
    warp: &Warp,
    lead: Pencil,
    rng: &mut ChaCha8Rng,
) {
    for mut chain in link(&find(relief, Thresholds::default())) {
        if chain.length() < SHORTEST || left_out(&chain, artist, rng) {
            continue;
        }
        let pieces = chain.split_at_corners(0.35, 7);
        if let [_] = pieces.as_slice() {
            chain.smooth(artist.smoothing);
            strokes(sheet, &chain, artist, warp, lead, rng);
        } else {
            for mut piece in pieces {
                piece.smooth(artist.smoothing);
                strokes(sheet, &piece, artist, warp, lead, rng);
            }
        }
    }
}

fn left_out(chain: &Chain, artist: &Artist, rng: &mut ChaCha8Rng) -> bool {
    let kept = match chain.line {
        Line::Outline => 1.0,
        Line::Occlusion => 1.0 - 0.4 * artist.omission,
        Line::Border => 1.0 - artist.omission,
        Line::Crease => artist.creases,
        Line::Pattern => artist.patterns,
    };
    let inner = matches!(chain.line, Line::Crease | Line::Pattern);
    (inner && chain.length() < SHORTEST_INNER) || rng.random::<f32>() > kept
}

fn emphasis(line: Line) -> f32 {
    match line {
        Line::Outline => 1.0,
        Line::Occlusion => 0.9,
        Line::Border => 0.75,
        Line::Pattern => 0.5,
        Line::Crease => 0.5,
    }
}

/// Draws a chain as one or several strokes.
fn strokes(
    sheet: &mut Sheet,
    chain: &Chain,
    artist: &Artist,
    warp: &Warp,
    lead: Pencil,
    rng: &mut ChaCha8Rng,
) {
    let n = chain.points.len();
    let mut from = 0;
    while from + 2 < n {
        let reach = (artist.reach * (0.6 + 0.8 * rng.random::<f32>())) as usize;
        let mut to = (from + reach.max(6)).min(n - 1);
        if n - to < 8 {
            to = n - 1;
        }
        let points: Vec<Point> = chain.points[from..=to].iter().map(|p| warp.forward(*p)).collect();
        stroke(sheet, &points, chain.line, artist, lead, rng);
        if matches!(chain.line, Line::Outline | Line::Occlusion)
            && rng.random::<f32>() < artist.repeats
        {
            stroke(sheet, &points, chain.line, artist, lead, rng);
        }
        let gap = rng.random::<f32>() < artist.gaps;
        from = if gap {
            to + rng.random_range(2..7)
        } else {
            to.saturating_sub(rng.random_range(0..3))
        };
        if to == n - 1 {
            break;
        }
    }
}

/// One movement of the hand through `points`, with a drift, an overshoot and a pressure of its own.
pub(super) fn stroke(
    sheet: &mut Sheet,
    points: &[Point],
    line: Line,
    artist: &Artist,
    lead: Pencil,
    rng: &mut ChaCha8Rng,
) {
    let n = points.len();
    if n < 2 {
        return;
    }
    let drift = artist.width * 0.35;
    let (start, end) =
        ((drift * signed(rng), drift * signed(rng)), (drift * signed(rng), drift * signed(rng)));
    let level = emphasis(line) * (0.8 + 0.25 * signed(rng));
    let (phase, bow) = (6.0 * rng.random::<f32>(), 1.5 * signed(rng));
    let mut dabs: Vec<Dab> = Vec::with_capacity(n + 2);
    for (i, point) in points.iter().enumerate() {
        let t = i as f32 / (n - 1) as f32;
        let taper = 1.0 - artist.dynamics * (2.0 * t - 1.0).powi(4);
        let slow = 1.0 + 0.35 * artist.dynamics * (phase + 0.05 * i as f32).sin();
        let arch = bow * drift * t * (1.0 - t);
        dabs.push((
            point.0 + start.0 + t * (end.0 - start.0) + arch,
            point.1 + start.1 + t * (end.1 - start.1) + arch,
            (level * taper * slow).clamp(0.12, 1.0),
        ));
    }
    let past = artist.overshoot * rng.random::<f32>();
    if past > 0.5 {
        let back = n.min(6) - 1;
        let (a, b) = (dabs[n - 1 - back], dabs[n - 1]);
        let size = (b.0 - a.0).hypot(b.1 - a.1).max(1e-3);
        dabs.push((b.0 + past * (b.0 - a.0) / size, b.1 + past * (b.1 - a.1) / size, 0.3 * b.2));
    }
    sheet.stroke(&dabs, Pencil { width: lead.width * (0.85 + 0.3 * rng.random::<f32>()), ..lead });
}

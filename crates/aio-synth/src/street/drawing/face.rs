//! Faces in a few marks: brows, eyes, nose, mouth, as precisely as the artist works.

use super::artist::Artist;
use super::chains::Point;
use super::edges::Line;
use super::lines::stroke;
use super::sheet::{Pencil, Sheet};
use super::warp::Warp;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Where the features of a face are on the relief, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Face {
    /// Eyes that can be seen, from left to right.
    pub eyes: [Option<Point>; 2],
    /// Tip of the nose.
    pub nose: Point,
    /// Middle of the mouth.
    pub mouth: Point,
    /// Distance of the eyes of a face that looks straight, in pixels.
    pub scale: f32,
    /// Direction in which the nose points across the picture, −1..1.
    pub turn: f32,
}

/// From this precision on eyes and a mouth are drawn.
const SIMPLE: f32 = 0.2;
/// From this precision on brows and a nose are drawn, too.
const FULL: f32 = 0.45;

/// Draws the marks of `face`.
pub(super) fn draw(
    sheet: &mut Sheet,
    face: &Face,
    artist: &Artist,
    warp: &Warp,
    lead: Pencil,
    rng: &mut ChaCha8Rng,
) {
    if artist.face < SIMPLE {
        return;
    }
    let full = artist.face >= FULL;
    let s = face.scale;
    let narrow = 1.0 - 0.45 * face.turn.abs();
    let fine = Pencil { width: (0.55 * lead.width).max(1.1), ..lead };
    let mut mark =
        |centre: Point, shape: &[Point], line: Line, pencil: Pencil, rng: &mut ChaCha8Rng| {
            let points: Vec<Point> = shape
                .iter()
                .map(|(v, u)| warp.forward((centre.0 + s * v, centre.1 + s * narrow * u)))
                .collect();
            stroke(sheet, &points, line, artist, pencil, rng);
        };
    for eye in face.eyes.iter().flatten() {
        if full {
            mark(*eye, &arc(0.0, -0.22, 0.22, -0.08), Line::Outline, fine, rng);
            mark(*eye, &arc(-0.26, -0.28, 0.28, -0.1), Line::Border, lead, rng);
        }
        let pupil = Pencil { width: 0.2 * s, ..lead };
        mark(*eye, &[(0.0, -0.03), (0.02, 0.03)], Line::Outline, pupil, rng);
    }
    if full {
        let side = if face.turn.abs() > 0.15 { face.turn.signum() } else { 1.0 };
        let bridge =
            [(-0.4, 0.02 * side), (-0.15, 0.1 * side), (0.02, 0.14 * side), (0.06, -0.08 * side)];
        mark(face.nose, &bridge, Line::Crease, fine, rng);
    }
    let bow = 0.08 * (rng.random::<f32>() - 0.35);
    mark(
        face.mouth,
        &arc(0.0, -0.34, 0.34, bow),
        Line::Border,
        if full { lead } else { fine },
        rng,
    );
    if artist.face > 0.75 {
        mark(face.mouth, &arc(0.18, -0.16, 0.16, 0.03), Line::Crease, fine, rng);
    }
}

/// A flat arc from column `from` to `to` at `row`, `rise` high, all in shares of the scale.
fn arc(row: f32, from: f32, to: f32, rise: f32) -> Vec<Point> {
    (0..7)
        .map(|i| {
            let t = i as f32 / 6.0;
            (row + rise * 4.0 * t * (1.0 - t), from + t * (to - from))
        })
        .collect()
}

use super::strokes::{Area, crayon, hatch};
use super::wobble::Wobble;
use super::{Light, Placement, colour, flat, mask_of, motif, path, stroke};
use crate::figure::Figure;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tiny_skia::{Color, FillRule, Pixmap, Transform};

/// How one artist draws.
#[derive(Debug, Clone, Copy)]
pub struct Hand {
    /// Line width as a fraction of the figure's height.
    pub weight: f32,
    /// Slow wobble of lines as a fraction of the figure's height.
    pub wobble: f32,
    /// Error of proportions: relative stretch of the head, the torso and the legs.
    pub proportion: f32,
    /// Probability of leaving out a detail.
    pub omission: f32,
    /// How much of the darkness is rendered by hatching, 0..1.
    pub hatching: f32,
    /// Direction of hatching in radians.
    pub slant: f32,
    /// How often a contour is drawn twice, 0..1.
    pub restate: f32,
    /// Darkness of the pencil, 0..1.
    pub pressure: f32,
    /// Paper colour.
    pub paper: [f32; 3],
}

/// Draws the figure in pencil; with `coloured` the parts are filled in colour pencil.
pub fn drawing(
    canvas: &mut Pixmap,
    figure: &Figure,
    at: Placement,
    hand: &Hand,
    coloured: bool,
    rng: &mut ChaCha8Rng,
) {
    let [r, g, b] = hand.paper;
    let paper = Color::from_rgba(r, g, b, 1.0).unwrap_or(Color::WHITE);
    canvas.fill(paper);
    let wobble = Wobble::sample(hand, figure.height, rng);
    let pixels = hand.weight * figure.height * at.scale;
    let lead = |alpha: f32| {
        Color::from_rgba(0.12, 0.12, 0.13, alpha.clamp(0.0, 1.0)).unwrap_or(Color::BLACK)
    };
    for part in &figure.parts {
        if part.detail && rng.random::<f32>() < hand.omission {
            continue;
        }
        let points = at.place(&wobble.all(&part.outline));
        let Some(outline) = path(&points, part.line.is_none()) else { continue };
        if let Some(width) = part.line {
            let thick = if width > 0.02 { (width * at.scale * 0.7).max(pixels) } else { pixels };
            canvas.stroke_path(
                &outline,
                &flat(lead(hand.pressure)),
                &stroke(thick),
                Transform::identity(),
                None,
            );
            continue;
        }
        canvas.fill_path(&outline, &flat(paper), FillRule::Winding, Transform::identity(), None);
        if let Some(mask) = mask_of(&outline, canvas) {
            let area = Area { outline: &outline, mask: &mask };
            if coloured {
                crayon(canvas, part, &area, hand, rng);
            }
            hatch(canvas, part, &area, hand, coloured, rng);
            if let Some(print) = &part.print
                && rng.random::<f32>() >= 0.5 * hand.omission
            {
                let tint = if coloured {
                    colour(print.material, Light::Visible)
                } else {
                    lead(0.8 * hand.pressure)
                };
                for (points, width, closed) in motif(print) {
                    let Some(path) = path(&at.place(&wobble.all(&points)), closed) else {
                        continue;
                    };
                    let thick =
                        if coloured && !closed { width * at.scale * 0.8 } else { pixels * 0.8 };
                    canvas.stroke_path(
                        &path,
                        &flat(tint),
                        &stroke(thick),
                        Transform::identity(),
                        Some(&mask),
                    );
                }
            }
        }
        let lines = if rng.random::<f32>() < hand.restate { 2 } else { 1 };
        for i in 0..lines {
            let shift = if i == 0 { 0.0 } else { pixels * (0.8 + rng.random::<f32>()) };
            let transform = Transform::from_translate(shift, -0.6 * shift);
            let pressure = hand.pressure * (0.8 + 0.2 * rng.random::<f32>());
            canvas.stroke_path(&outline, &flat(lead(pressure)), &stroke(pixels), transform, None);
        }
    }
}

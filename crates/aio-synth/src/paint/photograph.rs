use super::{Light, Placement, colour, flat, mask_of, motif, path, stroke};
use crate::figure::Figure;
use tiny_skia::{
    Color, FillRule, GradientStop, LinearGradient, Paint, Path, Pixmap, Point as SkPoint,
    SpreadMode, Stroke, Transform,
};

/// Light on the figure.
#[derive(Debug, Clone, Copy)]
pub struct Shading {
    /// Side the light comes from: −1 left, 1 right.
    pub side: f32,
    /// Darkness of the far side, 0..1.
    pub depth: f32,
}

/// Paints the figure as a camera sees it in `light`.
pub fn photograph(
    canvas: &mut Pixmap,
    figure: &Figure,
    at: Placement,
    light: Light,
    shading: Shading,
) {
    for part in &figure.parts {
        let points = at.place(&part.outline);
        if let Some(width) = part.line {
            if let Some(path) = path(&points, false) {
                let paint = flat(colour(part.material, light));
                canvas.stroke_path(
                    &path,
                    &paint,
                    &stroke((width * at.scale).max(0.7)),
                    Transform::identity(),
                    None,
                );
            }
            continue;
        }
        let Some(outline) = path(&points, true) else { continue };
        canvas.fill_path(
            &outline,
            &flat(colour(part.material, light)),
            FillRule::Winding,
            Transform::identity(),
            None,
        );
        if let Some(print) = &part.print
            && let Some(mask) = mask_of(&outline, canvas)
        {
            let paint = flat(colour(print.material, light));
            for (points, width, closed) in motif(print) {
                let Some(path) = path(&at.place(&points), closed) else { continue };
                if closed {
                    canvas.fill_path(
                        &path,
                        &paint,
                        FillRule::Winding,
                        Transform::identity(),
                        Some(&mask),
                    );
                } else {
                    let stroke = Stroke { width: width * at.scale, ..Stroke::default() };
                    canvas.stroke_path(&path, &paint, &stroke, Transform::identity(), Some(&mask));
                }
            }
        }
        shade(canvas, &outline, shading);
    }
}

/// Darkens the side of a part that is turned from the light, and draws a soft contour between parts.
fn shade(canvas: &mut Pixmap, outline: &Path, shading: Shading) {
    let bounds = outline.bounds();
    let (from, to) = if shading.side > 0.0 {
        (bounds.right(), bounds.left())
    } else {
        (bounds.left(), bounds.right())
    };
    if (to - from).abs() < 1.0 {
        return;
    }
    let shadow = |alpha: f32| {
        Color::from_rgba(0.0, 0.0, 0.0, alpha.clamp(0.0, 1.0)).unwrap_or(Color::TRANSPARENT)
    };
    let gradient = LinearGradient::new(
        SkPoint::from_xy(from, bounds.top()),
        SkPoint::from_xy(to, bounds.top() + 0.3 * bounds.height()),
        vec![
            GradientStop::new(0.0, shadow(0.05)),
            GradientStop::new(0.35, shadow(0.0)),
            GradientStop::new(1.0, shadow(shading.depth)),
        ],
        SpreadMode::Pad,
        Transform::identity(),
    );
    if let Some(shader) = gradient {
        let paint = Paint { shader, anti_alias: true, ..Paint::default() };
        canvas.fill_path(outline, &paint, FillRule::Winding, Transform::identity(), None);
    }
    canvas.stroke_path(outline, &flat(shadow(0.22)), &stroke(0.8), Transform::identity(), None);
}

use super::{Hand, flat, path, stroke};
use crate::figure::Part;
use crate::person::Material;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tiny_skia::{Color, FillRule, Mask, Path, Pixmap, Transform};

/// The inside of a part on the canvas.
pub(super) struct Area<'a> {
    pub(super) outline: &'a Path,
    pub(super) mask: &'a Mask,
}

fn darkness(material: Material) -> f32 {
    let [r, g, b] = material.rgb;
    1.0 - (0.299 * r + 0.587 * g + 0.114 * b)
}

/// Strokes of colour over a part, uneven as pencils are.
pub(super) fn crayon(
    canvas: &mut Pixmap,
    part: &Part,
    area: &Area,
    hand: &Hand,
    rng: &mut ChaCha8Rng,
) {
    let [r, g, b] =
        part.material.rgb.map(|c| (c + 0.06 * (rng.random::<f32>() - 0.5)).clamp(0.0, 1.0));
    let tint = |alpha: f32| Color::from_rgba(r, g, b, alpha).unwrap_or(Color::BLACK);
    canvas.fill_path(
        area.outline,
        &flat(tint(0.45)),
        FillRule::Winding,
        Transform::identity(),
        None,
    );
    let strokes = Strokes { angle: hand.slant + 0.2, gap: 2.2, width: 1.3, tint: tint(0.5) };
    parallel(canvas, area, strokes, rng);
}

/// Hatching whose density follows the darkness of the cloth.
pub(super) fn hatch(
    canvas: &mut Pixmap,
    part: &Part,
    area: &Area,
    hand: &Hand,
    coloured: bool,
    rng: &mut ChaCha8Rng,
) {
    let dark = darkness(part.material) * hand.hatching * if coloured { 0.4 } else { 1.0 };
    if dark < 0.25 {
        return;
    }
    let lead = Color::from_rgba(0.15, 0.15, 0.16, 0.35 + 0.45 * dark).unwrap_or(Color::BLACK);
    let gap = 1.6 + 4.5 * (1.0 - dark);
    let strokes = Strokes { angle: hand.slant, gap, width: 0.9, tint: lead };
    parallel(canvas, area, strokes, rng);
    if dark > 0.7 {
        let crossed = Strokes { angle: hand.slant + 1.2, gap: 3.0, width: 0.8, tint: lead };
        parallel(canvas, area, crossed, rng);
    }
}

/// Parallel strokes of a pencil.
#[derive(Clone, Copy)]
struct Strokes {
    /// Direction in radians.
    angle: f32,
    /// Mean distance in pixels.
    gap: f32,
    /// Width in pixels.
    width: f32,
    tint: Color,
}

fn parallel(canvas: &mut Pixmap, area: &Area, strokes: Strokes, rng: &mut ChaCha8Rng) {
    let Strokes { angle, gap, width, tint } = strokes;
    let bounds = area.outline.bounds();
    let (cx, cy) = ((bounds.left() + bounds.right()) / 2.0, (bounds.top() + bounds.bottom()) / 2.0);
    let reach = 0.5 * bounds.width().hypot(bounds.height()) + 1.0;
    let (sin, cos) = angle.sin_cos();
    let n = (reach / gap) as i32;
    for i in -n..=n {
        let offset = (i as f32 + 0.5 * (rng.random::<f32>() - 0.5)) * gap;
        let (ox, oy) = (cx - sin * offset, cy + cos * offset);
        if let Some(line) = path(
            &[(ox - cos * reach, oy - sin * reach), (ox + cos * reach, oy + sin * reach)],
            false,
        ) {
            canvas.stroke_path(
                &line,
                &flat(tint),
                &stroke(width),
                Transform::identity(),
                Some(area.mask),
            );
        }
    }
}

//! Draws a figure's parts as a photograph, an infrared photograph, a sketch or a colour-pencil drawing.

use super::figure::{Figure, Part, Point, Print};
use super::person::{Material, Pattern};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tiny_skia::{
    Color, FillRule, GradientStop, LineCap, LineJoin, LinearGradient, Mask, Paint, Path,
    PathBuilder, Pixmap, Point as SkPoint, SpreadMode, Stroke, Transform,
};

/// Where the figure stands on the canvas: pixels per metre and the pixel of the ground below its axis.
#[derive(Debug, Clone, Copy)]
pub struct Placement {
    /// Pixels per metre, vertically.
    pub scale: f32,
    /// Horizontal stretch of the figure relative to the vertical.
    pub stretch: f32,
    /// Column of the figure's axis.
    pub x: f32,
    /// Row of the ground.
    pub y: f32,
}

/// Which light a camera sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Light {
    /// Visible light.
    Visible,
    /// Near infrared.
    Infrared,
}

/// Light on the figure.
#[derive(Debug, Clone, Copy)]
pub struct Shading {
    /// Side the light comes from: −1 left, 1 right.
    pub side: f32,
    /// Darkness of the far side, 0..1.
    pub depth: f32,
}

fn colour(material: Material, light: Light) -> Color {
    let [r, g, b] = match light {
        Light::Visible => material.rgb,
        Light::Infrared => [material.infrared; 3],
    };
    Color::from_rgba(r.clamp(0.0, 1.0), g.clamp(0.0, 1.0), b.clamp(0.0, 1.0), 1.0)
        .unwrap_or(Color::BLACK)
}

/// A paint of one colour.
#[must_use]
pub fn flat(colour: Color) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(colour);
    paint
}

fn path(points: &[Point], closed: bool) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for (i, (x, y)) in points.iter().enumerate() {
        if i == 0 {
            builder.move_to(*x, *y);
        } else {
            builder.line_to(*x, *y);
        }
    }
    if closed {
        builder.close();
    }
    builder.finish()
}

fn stroke(width: f32) -> Stroke {
    Stroke { width, line_cap: LineCap::Round, line_join: LineJoin::Round, ..Stroke::default() }
}

/// Lines and blobs of a print, in figure metres: (points, width, closed).
fn motif(print: &Print) -> Vec<(Vec<Point>, f32, bool)> {
    let (x, y) = print.centre;
    let p = print.period;
    let n = (0.8 / p) as i32;
    let rows = || (-n..=n).map(move |i| i as f32 * p);
    let horizontal = |dy: f32| (vec![(x - 0.6, y + dy), (x + 0.6, y + dy)], 0.45 * p, false);
    let vertical = |dx: f32| (vec![(x + dx, y - 0.9), (x + dx, y + 0.6)], 0.40 * p, false);
    match print.kind {
        Pattern::Plain => Vec::new(),
        Pattern::Horizontal => rows().map(horizontal).collect(),
        Pattern::Vertical => rows().map(vertical).collect(),
        Pattern::Checked => rows()
            .map(|d| (horizontal(d).0, 0.25 * p, false))
            .chain(rows().map(|d| (vertical(d).0, 0.25 * p, false)))
            .collect(),
        Pattern::Dotted => {
            let dot = |dx: f32, dy: f32| {
                let around = (0..8).map(|i| {
                    let t = i as f32 * std::f32::consts::TAU / 8.0;
                    (x + dx + 0.27 * p * t.cos(), y + dy + 0.27 * p * t.sin())
                });
                (around.collect(), 0.0, true)
            };
            (-n..=n)
                .flat_map(|i| (-n..=n).map(move |j| (i, j)))
                .map(|(i, j)| {
                    dot((j as f32 + if i % 2 == 0 { 0.0 } else { 0.5 }) * p, i as f32 * p)
                })
                .collect()
        }
        Pattern::Logo => {
            let s = 0.06 + 0.35 * p;
            let badge = [(-1.0, 0.6), (1.0, 0.6), (1.0, -0.2), (0.0, -0.9), (-1.0, -0.2)];
            vec![(badge.iter().map(|(dx, dy)| (x + dx * s, y + dy * s)).collect(), 0.0, true)]
        }
    }
}

impl Placement {
    fn place(&self, points: &[Point]) -> Vec<Point> {
        points
            .iter()
            .map(|(x, y)| (self.x + x * self.scale * self.stretch, self.y - y * self.scale))
            .collect()
    }
}

fn mask_of(path: &Path, canvas: &Pixmap) -> Option<Mask> {
    let mut mask = Mask::new(canvas.width(), canvas.height())?;
    mask.fill_path(path, FillRule::Winding, true, Transform::identity());
    Some(mask)
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

/// A smooth displacement of the plane that belongs to one drawing.
struct Wobble {
    waves: Vec<(f32, f32, f32, f32, f32)>,
    stretch: [f32; 3],
    height: f32,
}

impl Wobble {
    fn sample(hand: &Hand, height: f32, rng: &mut ChaCha8Rng) -> Self {
        let waves = (0..5)
            .map(|i| {
                let frequency = 2.0 + 3.0 * i as f32;
                let amplitude = hand.wobble * height / (1.0 + i as f32);
                let mut signed = || 2.0 * rng.random::<f32>() - 1.0;
                (
                    frequency * signed(),
                    frequency * signed(),
                    signed() * 3.0,
                    amplitude * signed(),
                    amplitude * signed(),
                )
            })
            .collect();
        let stretch =
            std::array::from_fn(|_| 1.0 + hand.proportion * (2.0 * rng.random::<f32>() - 1.0));
        Self { waves, stretch, height }
    }

    fn apply(&self, (x, y): Point) -> Point {
        let h = self.height;
        let [head, torso, legs] = self.stretch;
        // Piecewise-linear heights keep the figure in one piece while its proportions go wrong.
        let (hip, neck) = (0.53 * h, 0.85 * h);
        let stretched = if y < hip {
            y * legs
        } else if y < neck {
            hip * legs + (y - hip) * torso
        } else {
            hip * legs + (neck - hip) * torso + (y - neck) * head
        };
        let wide = if y < neck { torso } else { head };
        let (mut dx, mut dy) = (0.0, 0.0);
        for (kx, ky, phase, ax, ay) in &self.waves {
            let wave = (kx * x + ky * y + phase).sin();
            dx += ax * wave;
            dy += ay * wave;
        }
        (x * wide + dx, stretched + dy)
    }

    fn all(&self, points: &[Point]) -> Vec<Point> {
        points.iter().map(|p| self.apply(*p)).collect()
    }
}

fn darkness(material: Material) -> f32 {
    let [r, g, b] = material.rgb;
    1.0 - (0.299 * r + 0.587 * g + 0.114 * b)
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
            if coloured {
                crayon(canvas, part, &outline, &mask, hand, rng);
            }
            hatch(canvas, part, &outline, &mask, hand, coloured, rng);
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

/// Strokes of colour over a part, uneven as pencils are.
fn crayon(
    canvas: &mut Pixmap,
    part: &Part,
    outline: &Path,
    mask: &Mask,
    hand: &Hand,
    rng: &mut ChaCha8Rng,
) {
    let [r, g, b] =
        part.material.rgb.map(|c| (c + 0.06 * (rng.random::<f32>() - 0.5)).clamp(0.0, 1.0));
    let tint = |alpha: f32| Color::from_rgba(r, g, b, alpha).unwrap_or(Color::BLACK);
    canvas.fill_path(outline, &flat(tint(0.45)), FillRule::Winding, Transform::identity(), None);
    parallel(canvas, outline, mask, hand.slant + 0.2, 2.2, 1.3, tint(0.5), rng);
}

/// Hatching whose density follows the darkness of the cloth.
fn hatch(
    canvas: &mut Pixmap,
    part: &Part,
    outline: &Path,
    mask: &Mask,
    hand: &Hand,
    coloured: bool,
    rng: &mut ChaCha8Rng,
) {
    let dark = darkness(part.material) * hand.hatching * if coloured { 0.4 } else { 1.0 };
    if dark < 0.25 {
        return;
    }
    let lead = Color::from_rgba(0.15, 0.15, 0.16, 0.35 + 0.45 * dark).unwrap_or(Color::BLACK);
    parallel(canvas, outline, mask, hand.slant, 1.6 + 4.5 * (1.0 - dark), 0.9, lead, rng);
    if dark > 0.7 {
        parallel(canvas, outline, mask, hand.slant + 1.2, 3.0, 0.8, lead, rng);
    }
}

#[allow(clippy::too_many_arguments)]
fn parallel(
    canvas: &mut Pixmap,
    outline: &Path,
    mask: &Mask,
    angle: f32,
    gap: f32,
    width: f32,
    tint: Color,
    rng: &mut ChaCha8Rng,
) {
    let bounds = outline.bounds();
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
                Some(mask),
            );
        }
    }
}

//! Draws a figure's parts as a photograph, an infrared photograph, a sketch or a colour-pencil drawing.

mod drawing;
mod photograph;
mod strokes;
mod wobble;

pub use drawing::{Hand, drawing};
pub use photograph::{Shading, photograph};

use super::figure::{Point, Print};
use super::person::{Material, Pattern};
use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Mask, Paint, Path, PathBuilder, Pixmap, Stroke, Transform,
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

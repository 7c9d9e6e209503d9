//! A drawing of a person: what the artist looks at, and the drawing.

use super::layer::{Features, Figure, Layer};
use crate::street::drawing::{Artist, Face, Medium, Relief, draw};
use crate::street::photo::signed;
use crate::street::scene::space::{V3, dot, length, scale, sub};
use crate::street::scene::view::{Crop, Eye};
use image::RgbImage;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Fewest and most rows of the sheet that is drawn on.
const SHEET: (usize, usize) = (288, 768);
/// Rows of the sheet per row of the picture.
const SCALE: f32 = 1.5;
/// Distance of the artist in metres.
const DISTANCE: f32 = 6.0;

/// Draws `figure`, seen from negative z, and scans the drawing to `size` (height, width).
#[must_use]
pub fn portrait(
    figure: &dyn Figure,
    artist: &Artist,
    medium: Medium,
    size: (usize, usize),
    rng: &mut ChaCha8Rng,
) -> RgbImage {
    let at = figure.ground();
    let from = [at[0], 1.1 + 0.3 * signed(rng), at[2] - DISTANCE];
    let eye = Eye::looking(from, [at[0], 0.95, at[2]], 0.0, 1000.0, (1000.0, 1000.0));
    let rows = (SCALE * size.0 as f32) as usize;
    let rows = rows.clamp(SHEET.0, SHEET.1);
    let crop = sheet_around(&eye, &figure.extent(), rows, rng);
    let layer = figure.layer(&eye, &crop, crop.raster.0, crop.raster.1);
    draw(&relief(&layer, &eye, &crop, figure), artist, medium, size, rng)
}

/// A window with the aspect of the sheet and a margin around the figure.
fn sheet_around(eye: &Eye, points: &[V3], rows: usize, rng: &mut ChaCha8Rng) -> Crop {
    let (mut low, mut high) = ((f32::MAX, f32::MAX), (f32::MIN, f32::MIN));
    for point in points {
        let (row, column, _) = eye.project(*point);
        low = (low.0.min(row), low.1.min(column));
        high = (high.0.max(row), high.1.max(column));
    }
    let tall = (high.0 - low.0).max(1.9 * (high.1 - low.1));
    let height = tall * (1.05 + 0.12 * rng.random::<f32>());
    let width = 0.5 * height;
    Crop {
        top: 0.5 * (low.0 + high.0) - 0.5 * height + 0.02 * height * signed(rng),
        left: 0.5 * (low.1 + high.1) - 0.5 * width + 0.03 * width * signed(rng),
        height,
        width,
        raster: (rows, rows / 2),
    }
}

fn relief(layer: &Layer, eye: &Eye, crop: &Crop, figure: &dyn Figure) -> Relief {
    let toward = scale(eye.forward, -1.0);
    let of = |normal: V3| [dot(normal, eye.right), dot(normal, eye.up), dot(normal, toward)];
    let samples = &layer.samples;
    Relief {
        height: layer.rows,
        width: layer.columns,
        depth: samples.iter().map(|s| s.map_or(f32::INFINITY, |s| s.depth)).collect(),
        normal: samples.iter().map(|s| s.map_or([0.0; 3], |s| of(s.normal))).collect(),
        part: samples.iter().map(|s| s.map_or(0, |s| s.part)).collect(),
        albedo: samples.iter().map(|s| s.map_or([1.0; 3], |s| s.albedo)).collect(),
        roles: figure.roles(),
        pixel: DISTANCE / eye.focal * crop.height / layer.rows as f32,
        face: face(layer, eye, crop, &figure.features()),
    }
}

/// The features of a face on the sheet; `None` if it looks away.
fn face(layer: &Layer, eye: &Eye, crop: &Crop, features: &Features) -> Option<Face> {
    if dot(features.forward, eye.forward) > -0.25 {
        return None;
    }
    let on_sheet = |point: V3| {
        let (row, column, depth) = eye.project(point);
        let scale = layer.rows as f32 / crop.height;
        ((row - crop.top) * scale, (column - crop.left) * scale, depth)
    };
    // A feature is seen if nothing lies before it; the head itself may bulge over it a little.
    let seen = |point: V3| {
        let (row, column, depth) = on_sheet(point);
        let inside =
            row >= 0.0 && column >= 0.0 && row < layer.rows as f32 && column < layer.columns as f32;
        let sample = if inside {
            layer.samples[row as usize * layer.columns + column as usize]
        } else {
            None
        };
        sample.is_some_and(|s| s.depth > depth - 0.05).then_some((row, column))
    };
    let [first, second] = features.eyes;
    let mut eyes = [seen(first), seen(second)];
    if on_sheet(first).1 > on_sheet(second).1 {
        eyes.swap(0, 1);
    }
    let apart = length(sub(first, second));
    Some(Face {
        eyes,
        nose: seen(features.nose)?,
        mouth: seen(features.mouth)?,
        scale: apart * eye.focal / DISTANCE * layer.rows as f32 / crop.height,
        turn: dot(features.forward, eye.right),
    })
}

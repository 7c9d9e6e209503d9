//! Backgrounds, clutter and occluders, and the object scenes that pre-training sees besides people.

use super::paint::{Light, flat};
use super::person::{Colour, Material, Palette, Person};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tiny_skia::{Color, FillRule, Paint, PathBuilder, Pixmap, Rect, Transform};

/// A block of colour in a background, in fractions of the picture: left, top, width, height.
#[derive(Debug, Clone)]
struct Block {
    at: [f32; 4],
    round: bool,
    material: Material,
}

/// The fixed view of a camera: ground, wall and things that stand around.
#[derive(Debug, Clone)]
pub struct Scene {
    ground: Material,
    wall: Material,
    horizon: f32,
    blocks: Vec<Block>,
}

fn muted(rng: &mut ChaCha8Rng) -> Material {
    let value = 0.2 + 0.65 * rng.random::<f32>();
    let rgb =
        std::array::from_fn(|_| (value + 0.22 * (rng.random::<f32>() - 0.5)).clamp(0.05, 0.95));
    Material { rgb, infrared: 0.15 + 0.7 * rng.random::<f32>() }
}

fn paint(material: Material, light: Light) -> Paint<'static> {
    let [r, g, b] = match light {
        Light::Visible => material.rgb,
        Light::Infrared => [material.infrared; 3],
    };
    flat(Color::from_rgba(r, g, b, 1.0).unwrap_or(Color::BLACK))
}

impl Scene {
    /// A view with up to `clutter` things in it.
    #[must_use]
    pub fn sample(rng: &mut ChaCha8Rng, clutter: usize) -> Self {
        let blocks = (0..clutter)
            .map(|_| {
                let (w, h) = (0.08 + 0.5 * rng.random::<f32>(), 0.08 + 0.45 * rng.random::<f32>());
                let at = [1.2 * rng.random::<f32>() - 0.2, 0.9 * rng.random::<f32>() - 0.1, w, h];
                Block { at, round: rng.random_bool(0.3), material: muted(rng) }
            })
            .collect();
        Self {
            ground: muted(rng),
            wall: muted(rng),
            horizon: 0.35 + 0.5 * rng.random::<f32>(),
            blocks,
        }
    }

    /// Paints the view, shifted sideways by a fraction `shift` of the width.
    pub fn paint(&self, canvas: &mut Pixmap, light: Light, shift: f32) {
        let (w, h) = (canvas.width() as f32, canvas.height() as f32);
        fill(canvas, [0.0, 0.0, w, self.horizon * h], &paint(self.wall, light), false);
        fill(canvas, [0.0, self.horizon * h, w, h], &paint(self.ground, light), false);
        for block in &self.blocks {
            let [x, y, bw, bh] = block.at;
            fill(
                canvas,
                [(x + shift) * w, y * h, bw * w, bh * h],
                &paint(block.material, light),
                block.round,
            );
        }
    }
}

fn fill(canvas: &mut Pixmap, [x, y, w, h]: [f32; 4], paint: &Paint, round: bool) {
    let Some(rect) = Rect::from_xywh(x, y, w.max(0.5), h.max(0.5)) else { return };
    let path =
        if round { PathBuilder::from_oval(rect) } else { Some(PathBuilder::from_rect(rect)) };
    if let Some(path) = path {
        canvas.fill_path(&path, paint, FillRule::Winding, Transform::identity(), None);
    }
}

/// Something between the camera and the person: a pole, a bush, a car bonnet, the edge of a wall.
pub fn occlude(canvas: &mut Pixmap, light: Light, rng: &mut ChaCha8Rng) {
    let (w, h) = (canvas.width() as f32, canvas.height() as f32);
    let cover = paint(muted(rng), light);
    let side: f32 = rng.random();
    match rng.random_range(0..4) {
        0 => fill(canvas, [side * w, 0.0, 0.10 * w, h], &cover, false),
        1 => fill(
            canvas,
            [(side - 0.3) * w, (0.72 + 0.2 * rng.random::<f32>()) * h, 0.7 * w, 0.4 * h],
            &cover,
            true,
        ),
        2 => {
            fill(canvas, [0.0, (0.78 + 0.15 * rng.random::<f32>()) * h, w, 0.4 * h], &cover, false)
        }
        _ => {
            let wide = 0.12 + 0.16 * rng.random::<f32>();
            let x = if side < 0.5 { 0.0 } else { 1.0 - wide };
            fill(canvas, [x * w, 0.0, wide * w, h], &cover, false);
        }
    }
}

/// Things that object scenes show, with the word a caption uses.
const OBJECTS: [&str; 8] = ["ball", "box", "tree", "house", "car", "sign", "lamp", "bench"];

/// A picture of one or two coloured objects and its caption, for pre-training.
#[must_use]
pub fn objects(
    height: u32,
    width: u32,
    palette: &Palette,
    rng: &mut ChaCha8Rng,
) -> Option<(Pixmap, String)> {
    let mut canvas = Pixmap::new(width, height)?;
    Scene::sample(rng, 1).paint(&mut canvas, Light::Visible, 0.0);
    let count = rng.random_range(1..=2);
    let mut words = Vec::new();
    for i in 0..count {
        let dyed = Person::sample(rng, palette).upper_colour;
        let object = OBJECTS[rng.random_range(0..OBJECTS.len())];
        let size = 0.32 + 0.25 * rng.random::<f32>();
        let x = if count == 1 { 0.5 } else { 0.3 + 0.4 * i as f32 }
            + 0.15 * (rng.random::<f32>() - 0.5);
        let y = if count == 1 { 0.55 } else { 0.3 + 0.4 * i as f32 };
        object_at(
            &mut canvas,
            object,
            dyed.material,
            (x * width as f32, y * height as f32),
            size * width as f32,
        );
        words.push(format!("a {} {object}", colour_name(dyed.colour)));
    }
    let joint = if count == 2 { " above " } else { "" };
    Some((canvas, format!("{}.", words.join(joint))))
}

fn colour_name(colour: Colour) -> &'static str {
    super::caption::colour_word(colour, 0)
}

fn object_at(canvas: &mut Pixmap, object: &str, material: Material, (x, y): (f32, f32), s: f32) {
    let body = paint(material, Light::Visible);
    let dark = flat(Color::from_rgba8(40, 36, 34, 255));
    let wood = flat(Color::from_rgba8(105, 70, 42, 255));
    let polygon = |canvas: &mut Pixmap, points: &[(f32, f32)], paint: &Paint| {
        let mut builder = PathBuilder::new();
        for (i, (dx, dy)) in points.iter().enumerate() {
            if i == 0 {
                builder.move_to(x + dx * s, y + dy * s)
            } else {
                builder.line_to(x + dx * s, y + dy * s)
            }
        }
        builder.close();
        if let Some(path) = builder.finish() {
            canvas.fill_path(&path, paint, FillRule::Winding, Transform::identity(), None);
        }
    };
    let block =
        |canvas: &mut Pixmap, dx: f32, dy: f32, w: f32, h: f32, paint: &Paint, round: bool| {
            fill(canvas, [x + dx * s, y + dy * s, w * s, h * s], paint, round);
        };
    match object {
        "ball" => block(canvas, -0.5, -0.5, 1.0, 1.0, &body, true),
        "box" => {
            block(canvas, -0.5, -0.3, 1.0, 0.8, &body, false);
            polygon(canvas, &[(-0.5, -0.3), (-0.3, -0.5), (0.7, -0.5), (0.5, -0.3)], &dark);
        }
        "tree" => {
            block(canvas, -0.1, 0.0, 0.2, 0.9, &wood, false);
            block(canvas, -0.5, -0.8, 1.0, 1.1, &body, true);
        }
        "house" => {
            block(canvas, -0.5, -0.2, 1.0, 0.8, &body, false);
            polygon(canvas, &[(-0.6, -0.2), (0.0, -0.8), (0.6, -0.2)], &wood);
            block(canvas, -0.1, 0.2, 0.2, 0.4, &dark, false);
        }
        "car" => {
            block(canvas, -0.7, -0.1, 1.4, 0.4, &body, false);
            polygon(canvas, &[(-0.4, -0.1), (-0.25, -0.4), (0.25, -0.4), (0.45, -0.1)], &body);
            block(canvas, -0.5, 0.15, 0.3, 0.3, &dark, true);
            block(canvas, 0.2, 0.15, 0.3, 0.3, &dark, true);
        }
        "sign" => {
            block(canvas, -0.05, -0.2, 0.1, 1.1, &dark, false);
            polygon(canvas, &[(-0.5, -0.2), (0.0, -0.9), (0.5, -0.2)], &body);
        }
        "lamp" => {
            block(canvas, -0.05, -0.5, 0.1, 1.4, &dark, false);
            block(canvas, -0.3, -0.9, 0.6, 0.5, &body, true);
        }
        _ => {
            block(canvas, -0.6, 0.0, 1.2, 0.15, &body, false);
            block(canvas, -0.6, -0.35, 1.2, 0.15, &body, false);
            block(canvas, -0.5, 0.1, 0.12, 0.4, &dark, false);
            block(canvas, 0.38, 0.1, 0.12, 0.4, &dark, false);
        }
    }
}

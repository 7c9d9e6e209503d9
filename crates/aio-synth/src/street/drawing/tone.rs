//! Tone: soft shading, smudges and hatching, and the strokes that fill an area.

use super::artist::{Artist, Tone};
use super::chains::Point;
use super::sheet::{Dab, Pencil, Sheet};
use super::warp::Warp;
use super::{Relief, Role};
use crate::street::photo::{Film, signed};
use crate::street::scene::space::{dot, unit};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Darkness of display values that a linear colour shows.
pub(super) fn darkness(albedo: [f32; 3]) -> f32 {
    let luminance = 0.2126 * albedo[0] + 0.7152 * albedo[1] + 0.0722 * albedo[2];
    1.0 - luminance.max(0.0).powf(0.45)
}

/// Lays the artist's tone on the figure.
pub(super) fn shade(
    sheet: &mut Sheet,
    relief: &Relief,
    artist: &Artist,
    warp: &Warp,
    lead: Pencil,
    rng: &mut ChaCha8Rng,
) {
    let light = unit([0.6 * signed(rng), 0.7, 0.6]);
    let strength = artist.tone_strength;
    match artist.tone {
        Tone::None => {}
        Tone::Form => {
            let form = |i: usize| {
                let facing = dot(relief.normal[i], light).max(0.0);
                strength * (0.62 - facing).max(0.0)
            };
            soft(sheet, relief, warp, lead, &|i| 0.6 * form(i));
            let hatching = Hatching {
                angle: artist.slant,
                spacing: 0.8 * artist.spacing,
                pressure: 0.3 + 0.3 * strength,
            };
            let dim = |i: usize| (form(i) > 0.13 * strength).then_some(lead);
            hatch(sheet, relief, warp, hatching, rng, &dim);
        }
        Tone::Smudge => {
            let smudge = |i: usize| {
                let cloth = f32::from(u8::from(relief.role(i) != Role::Skin));
                strength * cloth * (darkness(relief.albedo[i]) - 0.3).max(0.0)
            };
            soft(sheet, relief, warp, lead, &smudge);
        }
        Tone::Hatching => {
            let dark = |i: usize| darkness(relief.albedo[i]) + 0.15 * (0.5 - relief.normal[i][2]);
            for (level, turn) in [(0.5, 0.0), (0.72, 0.25 + 0.9 * rng.random::<f32>())] {
                let hatching = Hatching {
                    angle: artist.slant + turn,
                    spacing: artist.spacing,
                    pressure: 0.3 + 0.35 * strength,
                };
                let inside = |i: usize| relief.role(i) != Role::Skin && dark(i) > level;
                hatch(sheet, relief, warp, hatching, rng, &|i| inside(i).then_some(lead));
            }
        }
    }
    if artist.fills_hair {
        let hatching = Hatching {
            angle: 1.4 + 0.25 * signed(rng),
            spacing: 2.0 + 0.2 * artist.spacing,
            pressure: 0.75,
        };
        let hair = |i: usize| relief.role(i) == Role::Hair && darkness(relief.albedo[i]) > 0.35;
        hatch(sheet, relief, warp, hatching, rng, &|i| hair(i).then_some(lead));
    }
}

/// Lays a softened mask; `cover` gives it at a pixel of the relief.
fn soft(
    sheet: &mut Sheet,
    relief: &Relief,
    warp: &Warp,
    lead: Pencil,
    cover: &dyn Fn(usize) -> f32,
) {
    let (height, width) = sheet.size();
    let mut mask = Film::filled(height, width, [0.0]);
    for y in 0..height {
        for x in 0..width {
            if let Some(i) = relief.under(warp.backward((y as f32 + 0.5, x as f32 + 0.5))) {
                mask.pixels[y * width + x] = [cover(i)];
            }
        }
    }
    mask.blur(1.6);
    for (i, [cover]) in mask.pixels.iter().enumerate() {
        if *cover > 0.01 {
            sheet.lay(i, *cover, lead);
        }
    }
}

/// Parallel strokes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hatching {
    /// Direction in radians; 0 runs along a row.
    pub(super) angle: f32,
    /// Distance of two strokes in pixels.
    pub(super) spacing: f32,
    /// Pressure of the hand.
    pub(super) pressure: f32,
}

/// Fills the pixels of the relief for which `pencil` gives one with parallel strokes; a stroke ends where the pencil
/// changes.
pub(super) fn hatch(
    sheet: &mut Sheet,
    relief: &Relief,
    warp: &Warp,
    hatching: Hatching,
    rng: &mut ChaCha8Rng,
    pencil: &dyn Fn(usize) -> Option<Pencil>,
) {
    let (height, width) = sheet.size();
    let (sin, cos) = hatching.angle.sin_cos();
    let reach = 0.5 * (height as f32).hypot(width as f32);
    let middle = (0.5 * height as f32, 0.5 * width as f32);
    let mut offset = -reach;
    while offset < reach {
        let turn = 0.03 * signed(rng);
        let mut run: Vec<Dab> = Vec::new();
        let mut held: Option<Pencil> = None;
        let mut along = -reach;
        while along < reach {
            let across = offset + turn * along;
            let point: Point =
                (middle.0 + along * sin + across * cos, middle.1 + along * cos - across * sin);
            let inside =
                point.0 > 0.0 && point.1 > 0.0 && point.0 < height as f32 && point.1 < width as f32;
            let found =
                if inside { relief.under(warp.backward(point)).and_then(pencil) } else { None };
            if found != held {
                finish(sheet, &mut run, held, hatching, rng);
                held = found;
            }
            if held.is_some() {
                run.push((point.0, point.1, hatching.pressure));
            }
            along += 2.0;
        }
        finish(sheet, &mut run, held, hatching, rng);
        offset += hatching.spacing * (0.7 + 0.6 * rng.random::<f32>());
    }
}

fn finish(
    sheet: &mut Sheet,
    run: &mut Vec<Dab>,
    pencil: Option<Pencil>,
    hatching: Hatching,
    rng: &mut ChaCha8Rng,
) {
    if let Some(pencil) = pencil
        && run.len() > 2
    {
        // Hands lift early or late, and press less at the end.
        let early = rng.random_range(0..3).min(run.len() - 2);
        let n = run.len() - early;
        let level = 0.75 + 0.4 * rng.random::<f32>();
        for (i, dab) in run.iter_mut().enumerate() {
            dab.2 = hatching.pressure * level * (1.0 - 0.4 * i as f32 / n as f32);
        }
        sheet.stroke(&run[..n], pencil);
    }
    run.clear();
}

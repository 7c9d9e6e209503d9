//! Hands and feet.

use super::frame::{Frame, curve, mix, step};
use super::mesh::{Grid, Mesh};
use super::paint::Part;
use super::pose::Task;
use super::proportions::Bones;
use super::shapes::tube;
use crate::street::person::{Look, Physique, Shoes};
use crate::street::texture::Piece;
use std::f32::consts::{PI, TAU};

/// Adds a hand: palm, fingers in one block, thumb.
pub(super) fn hand(
    mesh: &mut Mesh,
    part: u16,
    frame: &Frame,
    side: f32,
    task: Task,
    bones: &Bones,
    size: f32,
) {
    let (rows, columns) = (11, 13);
    let grip = !matches!(task, Task::Swing | Task::Pocket);
    let long = bones.hand * if grip { 0.62 } else { 0.86 };
    let k = bones.hand * size;
    let table = [
        [0.0, 0.13, 0.15],
        [0.15, 0.12, 0.17],
        [0.40, 0.105, 0.215],
        [0.60, 0.09, 0.205],
        [0.85, 0.075, 0.15],
        [0.96, 0.05, 0.09],
        [1.0, 0.0, 0.0],
    ];
    let curl = if grip { 0.55 } else { 0.26 };
    mesh.grid(Grid { rows, columns, closed: true, part }, |i, j| {
        let t = i as f32 / (rows - 1) as f32;
        let [_, thick, broad] = curve(&table, t);
        let (s, c) = (TAU * j as f32 / (columns - 1) as f32).sin_cos();
        let bend = -side * curl * bones.hand * t * t;
        let p = [thick * k * s + bend, -long * t, broad * k * c + 0.02 * k];
        Some((frame.at(p), [p[2], p[1]], 0.95))
    });
    let on = |x: f32, y: f32, z: f32| frame.at([-side * x * k, -y * k, z * k]);
    let thumb = [on(0.02, 0.10, 0.12), on(0.08, 0.30, 0.22), on(0.14, 0.52, 0.21)];
    tube(mesh, part, &thumb, &[0.07 * k, 0.06 * k, 0.02 * k], (frame.x, 1.0));
}

/// How high the heel of a shoe is over its ball, in metres.
pub(super) fn lift(shoes: Shoes, physique: &Physique) -> f32 {
    match shoes {
        Shoes::Heels if physique.age > 12.0 => 0.055,
        _ => 0.0,
    }
}

/// Along the foot from the ankle, half-width, height of the upper over the sole; in lengths of the foot.
const UPPER: [[f32; 3]; 9] = [
    [-0.265, 0.02, 0.13],
    [-0.24, 0.085, 0.24],
    [-0.16, 0.125, 0.30],
    [0.0, 0.135, 0.31],
    [0.18, 0.145, 0.25],
    [0.38, 0.175, 0.185],
    [0.56, 0.175, 0.145],
    [0.69, 0.13, 0.115],
    [0.755, 0.02, 0.05],
];

/// Adds a shoe on a foot.
pub(super) fn shoe(
    mesh: &mut Mesh,
    parts: &mut Vec<Part>,
    frame: &Frame,
    bones: &Bones,
    (kind, look): (Shoes, &Look),
    skin: u16,
    lift: f32,
) {
    let mut add = |part: Part| {
        parts.push(part);
        parts.len() as u16
    };
    let upper = match kind {
        Shoes::Sandals => skin,
        _ => {
            let mut part = Part::cloth(*look, Piece::Trim);
            part.gloss = if matches!(kind, Shoes::Trainers) { 0.02 } else { 0.15 };
            add(part)
        }
    };
    let sole = match kind {
        Shoes::Trainers => add(Part::thing(look.second.rgb.map(|c| c.max(0.25)), 0.0)),
        Shoes::Sandals => add(Part::cloth(*look, Piece::Trim)),
        _ => add(Part::thing(look.colour.rgb.map(|c| 0.35 * c), 0.05)),
    };
    let k = bones.foot;
    let (grow, thick) = match kind {
        Shoes::Trainers => (1.08, 0.11),
        Shoes::Boots => (1.10, 0.11),
        Shoes::Leather => (1.02, 0.07),
        Shoes::Sandals => (0.94, 0.07),
        Shoes::Heels => (0.90, 0.04),
    };
    let ground = |z: f32| -bones.ankle + lift * 0.4 * step(0.5, 0.75, z);
    let (rows, columns) = (15, 13);
    for is_sole in [false, true] {
        let part = if is_sole { sole } else { upper };
        mesh.grid(Grid { rows, columns, closed: true, part }, |i, j| {
            let z = mix(-0.265, 0.755, 0.5 - 0.5 * (PI * i as f32 / (rows - 1) as f32).cos());
            let [_, wide, high] = curve(&UPPER, z);
            let (s, c) = (TAU * j as f32 / (columns - 1) as f32).sin_cos();
            let flat = if is_sole { 0.45 } else { 0.8 };
            let bend = |v: f32| v.signum() * v.abs().powf(flat);
            let top = if is_sole { thick } else { high.max(thick * 0.5) };
            let wide = wide * grow * if is_sole { 1.06 } else { 1.0 };
            let y = if is_sole { 0.5 * top * (1.0 + bend(c)) } else { top * bend(c).max(-0.05) };
            let p = [k * wide * bend(s), ground(z) + k * y, k * z * grow.max(1.0)];
            Some((frame.at(p), [p[0], p[2]], if is_sole { 0.6 } else { 0.95 }))
        });
    }
    if kind == Shoes::Sandals {
        for (from, to) in [(0.32, 0.48), (-0.14, -0.02)] {
            mesh.grid(Grid { rows: 3, columns, closed: false, part: sole }, |i, j| {
                let z = mix(from, to, 0.5 * i as f32);
                let [_, wide, high] = curve(&UPPER, z);
                let (s, c) = (PI * (j as f32 / (columns - 1) as f32 - 0.5)).sin_cos();
                let bend = |v: f32| v.signum() * v.abs().powf(0.8);
                let p = [k * wide * 0.98 * bend(s), ground(z) + k * high * 1.06 * bend(c), k * z];
                Some((frame.at(p), [p[0], p[2]], 1.0))
            });
        }
    }
    if lift > 0.0 {
        let heel = |y: f32, z: f32| frame.at([0.0, y, z * k]);
        let points = [
            heel(ground(0.0) + 0.02, -0.15),
            heel(-bones.ankle - 0.5 * lift, -0.18),
            heel(-bones.ankle - lift, -0.17),
        ];
        tube(mesh, sole, &points, &[0.024, 0.014, 0.012], (frame.x, 1.0));
    }
}

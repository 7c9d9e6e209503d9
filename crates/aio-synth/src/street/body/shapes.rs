//! Simple solids: tubes along lines, rounded blocks, ribbons.

use super::frame::{Frame, cross, curve};
use super::mesh::{Grid, Mesh};
use crate::street::scene::space::{V3, add, length, scale, sub, unit};
use std::f32::consts::{PI, TAU};

/// A block with round edges: half-lengths along the axes of `frame`; `round` 2 is an ellipsoid, more is a box.
pub(super) fn block(mesh: &mut Mesh, part: u16, frame: &Frame, half: V3, round: f32) {
    let (rows, columns) = (9, 17);
    let bend = |v: f32| v.signum() * v.abs().powf(2.0 / round);
    mesh.grid(Grid { rows, columns, closed: true, part }, |i, j| {
        let (up, level) = (PI * i as f32 / (rows - 1) as f32 - 0.5 * PI).sin_cos();
        let (s, c) = (TAU * j as f32 / (columns - 1) as f32).sin_cos();
        let flat = bend(level.max(0.0));
        let p = [half[0] * flat * bend(s), half[1] * bend(up), half[2] * flat * bend(c)];
        Some((frame.at(p), [p[0], p[1]], 1.0))
    });
}

/// A tube through `points`, whose section is `radius` × `flat` at each point, the second along the axis `across`.
pub(super) fn tube(mesh: &mut Mesh, part: u16, points: &[V3], radius: &[f32], flat: (V3, f32)) {
    let rows = 3 * points.len();
    let columns = 9;
    let table: Vec<[f32; 5]> = points
        .iter()
        .zip(radius)
        .enumerate()
        .map(|(i, (p, r))| [i as f32, p[0], p[1], p[2], *r])
        .collect();
    let last = (points.len() - 1) as f32;
    let at = |i: usize| {
        let row = curve(&table, last * i as f32 / (rows - 1) as f32);
        ([row[1], row[2], row[3]], row[4])
    };
    let mut long = 0.0;
    let mut frame = Frame::LEVEL;
    mesh.grid(Grid { rows, columns, closed: true, part }, |i, j| {
        let (here, r) = at(i);
        if j == 0 {
            let (before, after) = (at(i.saturating_sub(1)).0, at((i + 1).min(rows - 1)).0);
            frame = Frame::upright(here, sub(before, after), flat.0);
            long += length(sub(here, before));
        }
        let (s, c) = (TAU * j as f32 / (columns - 1) as f32).sin_cos();
        let p = frame.at([flat.1 * r * s, 0.0, r * c]);
        Some((p, [r * s, long], 1.0))
    });
}

/// A ribbon along `points` of half-width `half`, facing the `normals`, a little thick.
pub(super) fn ribbon(mesh: &mut Mesh, part: u16, points: &[V3], normals: &[V3], half: f32) {
    let rows = points.len();
    let mut long = 0.0;
    let mut side = [0.0; 3];
    mesh.grid(Grid { rows, columns: 3, closed: false, part }, |i, j| {
        if j == 0 {
            let (before, after) = (points[i.saturating_sub(1)], points[(i + 1).min(rows - 1)]);
            side = unit(cross(sub(after, before), normals[i]));
            long += length(sub(points[i], before));
        }
        let across = (j as f32 - 1.0) * half;
        let rise = if j == 1 { 0.006 } else { 0.001 };
        let p = add(points[i], add(scale(side, across), scale(normals[i], rise)));
        Some((p, [across, long], 1.0))
    });
}

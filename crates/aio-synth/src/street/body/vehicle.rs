//! What is pushed: a pushchair, a bicycle.

use super::frame::Frame;
use super::mesh::{Grid, Mesh};
use super::shapes::{block, tube};
use super::skeleton::{Skeleton, grip};
use crate::street::scene::space::V3;
use std::f32::consts::{PI, TAU};

fn wheel(mesh: &mut Mesh, part: u16, middle: V3, radius: f32, thick: f32) {
    let (rows, columns) = (21, 7);
    mesh.grid(Grid { rows, columns, closed: true, part }, |i, j| {
        let (s, c) = (TAU * i as f32 / (rows - 1) as f32).sin_cos();
        let (a, b) = (TAU * j as f32 / (columns - 1) as f32).sin_cos();
        let r = radius - thick + thick * a;
        Some(([middle[0] + thick * b, middle[1] + r * c, middle[2] + r * s], [0.0; 2], 0.9))
    });
}

fn rod(mesh: &mut Mesh, part: u16, from: V3, to: V3, radius: f32) {
    let across = if (from[0] - to[0]).abs() > 0.1 { [0.0, 1.0, 0.0] } else { [1.0, 0.0, 0.0] };
    tube(mesh, part, &[from, to], &[radius; 2], (across, 1.0));
}

/// Adds a bicycle to the right of the person.
pub(super) fn bicycle(mesh: &mut Mesh, own: u16, dark: u16) {
    let x = 0.40;
    let on = |y: f32, z: f32| [x, y, z];
    for z in [-0.45, 0.60] {
        wheel(mesh, dark, on(0.34, z), 0.34, 0.022);
        // Spokes are too thin for a surface of their own: a hub and a few strong ones.
        for k in 0..3 {
            let (s, c) = (PI * k as f32 / 3.0).sin_cos();
            rod(
                mesh,
                dark,
                on(0.34 - 0.31 * c, z - 0.31 * s),
                on(0.34 + 0.31 * c, z + 0.31 * s),
                0.003,
            );
        }
    }
    let (hub, fork, pedals, seat, head) =
        (on(0.34, -0.45), on(0.34, 0.60), on(0.30, 0.0), on(0.80, -0.16), on(0.84, 0.42));
    for (from, to) in
        [(hub, pedals), (hub, seat), (pedals, seat), (pedals, head), (seat, head), (fork, head)]
    {
        rod(mesh, own, from, to, 0.016);
    }
    rod(mesh, dark, seat, on(0.95, -0.19), 0.013);
    block(mesh, dark, &Frame::LEVEL.put(on(0.97, -0.18)), [0.065, 0.03, 0.12], 2.2);
    rod(mesh, dark, head, on(0.98, 0.40), 0.013);
    rod(mesh, dark, [x - 0.28, 0.98, 0.40], [x + 0.28, 0.98, 0.40], 0.014);
}

/// Adds a pushchair before the person.
pub(super) fn pushchair(mesh: &mut Mesh, own: u16, dark: u16, skeleton: &Skeleton) {
    let bar = grip(false, 0.0, skeleton.bones.stature);
    for side in [-1.0, 1.0] {
        let x = 0.24 * side;
        rod(mesh, dark, [x, bar[1], bar[2]], [x, 0.25, 1.05], 0.013);
        rod(mesh, dark, [x, 0.62, 0.72], [x, 0.14, 0.62], 0.013);
        wheel(mesh, dark, [x, 0.10, 1.10], 0.10, 0.02);
        wheel(mesh, dark, [x, 0.13, 0.60], 0.13, 0.02);
    }
    rod(mesh, dark, [-0.24, bar[1], bar[2]], [0.24, bar[1], bar[2]], 0.016);
    let seat = Frame::LEVEL.put([0.0, 0.52, 0.86]);
    block(mesh, own, &seat.pitch(0.35), [0.21, 0.16, 0.30], 3.0);
    // The hood, a quarter of a barrel.
    let (rows, columns) = (9, 9);
    mesh.grid(Grid { rows, columns, closed: false, part: own }, |i, j| {
        let (s, c) = (0.6 * PI * i as f32 / (rows - 1) as f32).sin_cos();
        let x = 0.23 * (2.0 * j as f32 / (columns - 1) as f32 - 1.0);
        let r = 0.36 - 0.3 * x * x;
        Some(([x, 0.62 + r * s, 0.86 - r * c], [x, 0.3 * s], 1.0))
    });
}

//! The head: skull, face, ears, neck.

use super::frame::{Frame, bump, curve, lerp, mix, step};
use super::mesh::{Grid, Mesh};
use super::shapes::block;
use super::skeleton::Skeleton;
use crate::street::scene::space::V3;
use std::f32::consts::{PI, TAU};

/// Height over the chin, half-width, depth to the front and to the back of the ears, in heights of the head.
const SKULL: [[f32; 4]; 15] = [
    [0.00, 0.080, 0.300, -0.140],
    [0.03, 0.125, 0.355, -0.020],
    [0.10, 0.180, 0.380, 0.080],
    [0.20, 0.228, 0.392, 0.200],
    [0.30, 0.262, 0.385, 0.290],
    [0.40, 0.298, 0.380, 0.350],
    [0.49, 0.310, 0.372, 0.395],
    [0.57, 0.317, 0.392, 0.420],
    [0.66, 0.324, 0.392, 0.435],
    [0.76, 0.320, 0.365, 0.430],
    [0.85, 0.290, 0.310, 0.390],
    [0.92, 0.235, 0.235, 0.310],
    [0.97, 0.155, 0.150, 0.205],
    [0.992, 0.080, 0.075, 0.105],
    [1.0, 0.0, 0.0, 0.0],
];

/// The head of one body.
#[derive(Clone, Copy)]
pub(super) struct Skull {
    /// Origin at the height of the chin.
    pub(super) frame: Frame,
    /// From chin to top in metres.
    pub(super) high: f32,
    /// Half-width against the mean.
    pub(super) wide: f32,
}

impl Skull {
    /// A point at height `t`, at `angle` from the front to the right, `off` head heights outside.
    pub(super) fn local(&self, t: f32, angle: f32, off: f32) -> V3 {
        let [_, wide, front, back] = curve(&SKULL, t.clamp(0.0, 1.0));
        let (s, c) = angle.sin_cos();
        let bend = |v: f32| v.signum() * v.abs().powf(0.97);
        let (middle, half) = (0.5 * (front - back), 0.5 * (front + back));
        let k = self.high;
        // Near the top what is outside is above.
        let rise = off * step(0.72, 1.0, t);
        let aside = off * (1.0 - step(0.93, 1.0, t));
        let x = (wide * self.wide + aside) * bend(s);
        [x * k, (t + rise) * k, (middle + (half + aside) * bend(c)) * k]
    }

    pub(super) fn at(&self, t: f32, angle: f32, off: f32) -> V3 {
        self.frame.at(self.local(t, angle, off))
    }

    /// Adds the head to `mesh`; the surface coordinates of `face` are metres of the head: to the side and above the
    /// chin in heights of the head. The back of the head belongs to `back`.
    pub(super) fn mesh(&self, mesh: &mut Mesh, face: u16, back: u16) {
        let (rows, columns) = (30, 29);
        for (part, from, to) in [(face, -0.5 * PI, 0.5 * PI), (back, 0.5 * PI, 1.5 * PI)] {
            let grid = Grid { rows, columns, closed: false, part };
            mesh.grid(grid, |i, j| {
                let t = mix(0.0, 1.0, i as f32 / (rows - 1) as f32);
                let t = mix(t, t * t * (3.0 - 2.0 * t), 0.5);
                let mut angle = mix(from, to, j as f32 / (columns - 1) as f32);
                if part == face {
                    // Denser in the middle, where the nose is.
                    angle -= 0.3 * (2.0 * angle).sin();
                }
                let mut p = self.local(t, angle, 0.0);
                if part == face {
                    let x = p[0] / self.high;
                    let nose = bump(x, 0.0, 0.05)
                        * step(0.31, 0.345, t)
                        * step(0.56, 0.36, t)
                        * mix(0.05, 0.115, step(0.52, 0.37, t));
                    let wings = 0.03 * bump(x.abs(), 0.05, 0.03) * bump(t, 0.35, 0.025);
                    let sockets = 0.028 * bump(x.abs(), 0.135, 0.07) * bump(t, 0.495, 0.035);
                    let lips = 0.014 * bump(x, 0.0, 0.08) * bump(t, 0.205, 0.03);
                    let under = 0.014 * bump(x, 0.0, 0.09) * bump(t, 0.14, 0.025);
                    p[2] += self.high * (nose + wings + lips - sockets - under);
                }
                let open = mix(0.75, 1.0, step(0.0, 0.12, t));
                Some((self.frame.at(p), [p[0] / self.high, p[1] / self.high], open))
            });
        }
        for side in [-1.0, 1.0] {
            let k = self.high;
            let at = [side * (0.317 * self.wide) * k, 0.43 * k, -0.03 * k];
            let ear = self.frame.put(self.frame.at(at)).yaw(side * -0.35).pitch(-0.15);
            block(mesh, back, &ear, [0.022 * k, 0.135 * k, 0.075 * k], 2.0);
        }
    }

    /// Adds a patch over the face between two heights of every angle and up to `wide` radians to both sides.
    pub(super) fn patch(
        &self,
        mesh: &mut Mesh,
        part: u16,
        edges: &dyn Fn(f32) -> (f32, f32),
        wide: f32,
        off: &dyn Fn(f32, f32) -> f32,
    ) {
        let (rows, columns) = (12, 19);
        mesh.grid(Grid { rows, columns, closed: false, part }, |i, j| {
            let angle = mix(-wide, wide, j as f32 / (columns - 1) as f32);
            let (low, high) = edges(angle);
            let t = mix(low, high, i as f32 / (rows - 1) as f32);
            let p = self.at(t, angle, off(t, angle));
            Some((p, [angle * 0.35 * self.high, t * self.high], 1.0))
        });
    }

    /// Both eyes, the tip of the nose, the mouth.
    pub(super) fn features(&self) -> [V3; 4] {
        let k = self.high;
        let on = |x: f32, y: f32, z: f32| self.frame.at([x * k, y * k, z * k]);
        [on(-0.14, 0.485, 0.35), on(0.14, 0.485, 0.35), on(0.0, 0.36, 0.49), on(0.0, 0.205, 0.4)]
    }
}

/// Adds the neck.
pub(super) fn neck(mesh: &mut Mesh, part: u16, skeleton: &Skeleton, skull: &Skull, radius: f32) {
    let (rows, columns) = (8, 17);
    let b = &skeleton.bones;
    let low = skeleton.chest.at([0.0, -0.02 * b.trunk, -0.004 * b.stature]);
    let high = skull.frame.at([0.0, 0.30 * skull.high, -0.04 * skull.high]);
    mesh.grid(Grid { rows, columns, closed: true, part }, |i, j| {
        let t = i as f32 / (rows - 1) as f32;
        let (s, c) = (TAU * j as f32 / (columns - 1) as f32).sin_cos();
        let r = radius * (1.0 + 0.45 * (1.0 - t).powi(3));
        let frame = skeleton.chest.put(lerp(low, high, t));
        let open = mix(0.9, 0.5, step(0.4, 0.9, t) * (0.5 + 0.5 * c));
        Some((frame.at([r * s, 0.0, 1.08 * r * c]), [r * s, t * 0.1], open))
    });
}

//! Surfaces around limbs: skin, sleeves, trouser legs.

use super::cloth::Folds;
use super::frame::{mix, step};
use super::mesh::{Grid, Mesh};
use super::skeleton::Limb;
use crate::street::scene::space::{dot, sub, unit};
use std::f32::consts::TAU;

/// A surface around a part of a limb.
pub(super) struct Sleeve<'a> {
    pub(super) part: u16,
    pub(super) limb: &'a Limb,
    /// First and last share of the limb.
    pub(super) from: f32,
    pub(super) to: f32,
    /// Radii to the side, to the front and to the back.
    pub(super) radius: &'a dyn Fn(f32) -> [f32; 3],
    pub(super) folds: Folds,
    /// Whether the upper end is a dome, as a shoulder.
    pub(super) dome: bool,
    /// The share of the limb below which hems of other garments keep light away.
    pub(super) below: Option<f32>,
}

impl Limb {
    /// Radians by which it is bent.
    pub(super) fn bent(&self) -> f32 {
        let [a, b, c] = self.joints;
        dot(unit(sub(b, a)), unit(sub(c, b))).clamp(-1.0, 1.0).acos()
    }
}

/// Adds the surface to `mesh`.
pub(super) fn sleeve(mesh: &mut Mesh, sleeve: &Sleeve) {
    let long = sleeve.limb.reach(sleeve.to) - sleeve.limb.reach(sleeve.from.max(0.0));
    let domed = if sleeve.dome { 4 } else { 0 };
    let rows = 4 + domed + (long / 0.022) as usize;
    let columns = 17;
    let bent = sleeve.limb.bent();
    let first = (sleeve.radius)(sleeve.from);
    let row = |i: usize| {
        // Rows of the dome, then along the limb, then one that turns the end inwards.
        let on = (i as f32 - domed as f32) / (rows - 2 - domed) as f32;
        let s = mix(sleeve.from, sleeve.to, on.clamp(0.0, 1.0));
        let mut frame = sleeve.limb.frame(s.max(0.0));
        let mut size = (sleeve.radius)(s);
        if on < 0.0 {
            let up = i as f32 / domed as f32;
            let (rise, shrink) = (
                (0.5 * std::f32::consts::PI * up).cos(),
                (1.0 - (1.0 - up).powi(2)).max(0.0).sqrt(),
            );
            // It leans to the neck.
            let inwards = -sleeve.limb.joints[0][0].signum();
            frame.o = frame.at([0.9 * inwards * first[0] * rise, 0.75 * first[0] * rise, 0.0]);
            size = first.map(|r| r * shrink);
        } else if on > 1.0 {
            size = size.map(|r| 0.72 * r);
        }
        (on, s, frame, size)
    };
    let mut now = row(0);
    mesh.grid(Grid { rows, columns, closed: true, part: sleeve.part }, |i, j| {
        if j == 0 {
            now = row(i);
        }
        let (on, s, frame, size) = now;
        let v = sleeve.limb.reach(s.max(0.0));
        let angle = TAU * (j as f32 / (columns - 1) as f32 - 0.5);
        let (sin, cos) = angle.sin_cos();
        let fold = if on < 0.0 { 0.0 } else { sleeve.folds.limb(angle, v, s, bent, sleeve.to) };
        let deep = if cos > 0.0 { size[1] } else { size[2] };
        let p = frame.at([(size[0] + fold) * sin, 0.0, (deep + fold) * cos]);
        let shade = match sleeve.below {
            Some(hem) if s >= hem - 0.02 => 0.45 + 0.55 * step(-0.02, 0.14, s - hem),
            _ => 1.0,
        };
        Some((p, [angle * 0.06, v], shade))
    });
}

//! Surfaces around the trunk, and what hangs from it: tops, jackets, coats, skirts.

use super::cloth::Folds;
use super::form::{Form, Section};
use super::frame::{Frame, bump, lerp, mix, step};
use super::mesh::{Grid, Mesh};
use super::skeleton::{Limb, Skeleton};
use crate::street::scene::space::{V3, add, dot, scale, sub, unit};
use std::f32::consts::PI;

/// A shell around the trunk between two heights; below 0 it hangs around the legs.
pub(super) struct Shell {
    pub(super) part: u16,
    pub(super) top: f32,
    pub(super) hem: f32,
    /// Metres outside the body.
    pub(super) ease: f32,
    /// Further metres outside for every metre below the hips.
    pub(super) flare: f32,
    /// How much of the narrowness of the waist the cloth follows: 0 hangs straight.
    pub(super) fitted: f32,
    /// Half of the width in front that is open, in radians, at the bottom and at the top.
    pub(super) open: (f32, f32),
    pub(super) folds: Folds,
    /// Height of the hem of another garment, above which this one lies `close` to the body and below which that keeps
    /// light away.
    pub(super) below: Option<f32>,
    /// Metres outside the body under another garment.
    pub(super) close: f32,
    /// Whether the hem is gathered, so that cloth above it bulges.
    pub(super) gathered: bool,
}

/// The trunk of one body in its pose.
#[derive(Clone, Copy)]
pub(super) struct Trunk<'a> {
    pub(super) skeleton: &'a Skeleton,
    pub(super) form: &'a Form,
    /// How much thicker than legs the clothes of the legs are, in metres.
    pub(super) beneath: f32,
}

impl Trunk<'_> {
    /// The ring at height `h` of cloth that follows the waist by `fitted`.
    pub(super) fn ring(&self, h: f32, fitted: f32) -> (Frame, Section) {
        let long = self.skeleton.bones.trunk;
        let mut section = self.form.trunk(h.max(0.0));
        if h > 0.05 && h < 0.78 {
            let straight = self.form.trunk(0.05).mix(&self.form.trunk(0.78), (h - 0.05) / 0.73);
            let t = 1.0 - fitted;
            section = Section {
                wide: section.wide.max(mix(section.wide, straight.wide, t)),
                front: section.front.max(mix(section.front, straight.front, t)),
                back: section.back.max(mix(section.back, straight.back, t)),
                round: section.round,
            };
        }
        if h >= 0.0 {
            // The thighs of someone who walks reach up into the trunk.
            let [side, front, back] = self.form.leg(0.0).map(|r| r + self.beneath + 0.006);
            let up = h * long;
            let round = |r: f32| (r * r - up * up).max(0.0).sqrt();
            section.wide = section.wide.max(self.skeleton.bones.hip + round(side));
            section.front = section.front.max(round(front));
            section.back = section.back.max(round(back));
        }
        (self.skeleton.trunk(h), section)
    }

    /// A point of cloth that hangs around both legs, `down` metres below the hips, where its normal has an `angle` from
    /// the front to the right: the convex hull of the sections of both legs.
    fn around_legs(&self, down: f32, angle: f32, ease: f32) -> V3 {
        let pelvis = &self.skeleton.pelvis;
        let level = Frame::upright(pelvis.o, [0.0, 1.0, 0.0], pelvis.x);
        let s = (down / self.skeleton.bones.thigh).min(1.6);
        let [side, front, back] = self.form.leg(s).map(|r| r + self.beneath);
        let (sin, cos) = angle.sin_cos();
        let deep = if cos > 0.0 { front } else { back };
        let ends = self.skeleton.legs.map(|leg| {
            let middle = level.inside(at_height(&leg, pelvis.o[1] - down));
            // A level cut through a leg that is not upright is longer.
            let long = 1.0 / steepness(&leg, pelvis.o[1] - down).max(0.6);
            [middle[0] + (side + ease) * sin, middle[2] + (deep * long + ease) * cos]
        });
        // The leg that is farther out in this direction carries the cloth.
        let out = ends.map(|p| p[0] * sin + p[1] * cos);
        let share = step(-0.035, 0.035, out[1] - out[0]);
        let on = |k: usize| mix(ends[0][k], ends[1][k], share);
        level.at([on(0), -down, on(1)])
    }

    /// Adds a shell to `mesh`.
    pub(super) fn shell(&self, mesh: &mut Mesh, shell: &Shell) {
        let long = self.skeleton.bones.trunk;
        let rows = 4 + ((shell.top - shell.hem) * long / 0.026) as usize;
        let closed = shell.open.0 <= 0.0 && shell.open.1 <= 0.0;
        // What is open has its middle column three times, so that surface coordinates can jump there.
        let columns = if closed { 33 } else { 35 };
        let row = |i: usize| {
            let on = i as f32 / (rows - 2) as f32;
            let h = mix(shell.top, shell.hem, on.min(1.0));
            (on, h, self.ring(h, shell.fitted))
        };
        let mut now = row(0);
        mesh.grid(Grid { rows, columns, closed, part: shell.part }, |i, j| {
            if j == 0 {
                now = row(i);
            }
            let (on, h, (frame, section)) = now;
            // Columns run around from the back, or from the right open edge over the back to the left one.
            let signed = if closed {
                2.0 * PI * (j as f32 / 32.0 - 0.5)
            } else {
                let gap = mix(shell.open.1, shell.open.0, on.min(1.0)).max(0.01);
                if j <= 16 {
                    mix(gap, PI, j as f32 / 16.0)
                } else {
                    mix(-PI, -gap, (j.max(18) - 18) as f32 / 16.0)
                }
            };
            let below = (-h * long).max(0.0);
            let v = (1.0 - h) * long;
            let crumpled = 0.8 + 0.8 * bump(h, 0.3, 0.25) + 0.7 * bump(h, 0.85, 0.1);
            let fold = |signed: f32| {
                shell.folds.trunk(0.155 * signed, v, crumpled)
                    + shell.folds.hanging(signed, v, below)
            };
            // Both sides meet at the back.
            let back = 0.5 * step(2.3, PI, signed.abs());
            let fold =
                if back > 0.0 { mix(fold(signed), fold(-signed), back) } else { fold(signed) };
            let mut ease = shell.ease + shell.flare * below + fold.max(-0.4 * shell.ease);
            // Cloth lies on the shoulders; the end turns inwards.
            ease *= 1.0 - 0.45 * step(0.95, 1.08, h);
            if shell.gathered {
                let up = on.min(1.0) * (shell.top - shell.hem) * long;
                let left = (shell.top - shell.hem) * long - up;
                ease += 0.012 * bump(left, 0.10, 0.06) - 0.5 * shell.ease * step(0.06, 0.02, left);
            }
            match shell.below {
                Some(hem) if h > hem + 0.02 => ease = shell.close,
                Some(_) => {}
                // Pockets, seams and waistbands below it press it outwards.
                None => ease += 0.008 * bump(h * long, -0.03, 0.05),
            }
            if on > 1.0 {
                ease -= 0.02;
            }
            let (x, z) = section.at(signed, ease);
            // Necks of garments are lower in front.
            let dip = 0.022 * (0.5 + 0.5 * signed.cos()) * step(1.0, 1.09, h);
            let mut p = frame.at([x, -dip, z]);
            if below > 0.0 {
                let hung = self.around_legs(below, signed, ease);
                // Where both are next to each other, the outer one counts.
                let (s, c) = signed.sin_cos();
                let level = self.skeleton.pelvis.x;
                let out = add(scale(level, s), scale([-level[2], 0.0, level[0]], c));
                let outer = step(-0.01, 0.01, dot(sub(hung, p), out));
                p = lerp(p, hung, step(0.0, 0.10, below).max(outer * step(0.0, 0.02, below)));
            }
            let shade = match shell.below {
                Some(hem) if h < hem => mix(0.45, 1.0, step(0.0, 0.1, hem - h)),
                _ => 1.0,
            };
            Some((p, [0.155 * signed, v], shade))
        });
    }

    /// Points over the front, a shoulder and down the back at `x` to the side, from `low` to `low`, and their normals.
    pub(super) fn over_shoulder(&self, x: f32, low: (f32, f32), ease: f32) -> (Vec<V3>, Vec<V3>) {
        let top = (80..114)
            .map(|k| k as f32 / 100.0)
            .rfind(|h| self.form.trunk(*h).wide + ease > x.abs() * 1.04)
            .unwrap_or(0.95);
        let mut points = Vec::new();
        let mut normals = Vec::new();
        let mut put = |h: f32, front: bool| {
            let (frame, section) = self.ring(h, 0.3);
            let z = section.depth(x, front, ease);
            points.push(frame.at([x, 0.0, z]));
            let up = step(0.86, top, h);
            let out = if front { frame.z } else { scale(frame.z, -1.0) };
            normals.push(unit(add(scale(out, 1.0 - 0.8 * up), scale(frame.y, up))));
        };
        for k in 0..=8 {
            put(mix(low.0, top, k as f32 / 8.0), true);
        }
        for k in 0..=8 {
            put(mix(top, low.1, k as f32 / 8.0), false);
        }
        (points, normals)
    }
}

/// How upright a leg is at height `y`: 1 is upright.
fn steepness(leg: &Limb, y: f32) -> f32 {
    let [hip, knee, ankle] = leg.joints;
    let (a, b) = if y > knee[1] { (hip, knee) } else { (knee, ankle) };
    unit([a[0] - b[0], a[1] - b[1], a[2] - b[2]])[1]
}

/// Where a leg is at height `y`.
fn at_height(leg: &Limb, y: f32) -> V3 {
    let [hip, knee, ankle] = leg.joints;
    let (a, b) = if y > knee[1] { (hip, knee) } else { (knee, ankle) };
    let t = ((a[1] - y) / (a[1] - b[1]).max(1e-3)).clamp(0.0, 1.3);
    lerp(a, b, t)
}

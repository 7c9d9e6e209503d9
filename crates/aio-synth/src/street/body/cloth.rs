//! Folds of cloth: displacement along the normal, in metres.

use super::frame::bump;
use crate::street::person::{Fabric, Look};
use crate::street::scene::noise::noise;

/// Metres that a fabric is thick.
pub(super) fn thickness(fabric: Fabric) -> f32 {
    match fabric {
        Fabric::Padded => 0.022,
        Fabric::Knit => 0.006,
        Fabric::Leather | Fabric::Denim => 0.004,
        Fabric::Cotton | Fabric::Nylon => 0.002,
    }
}

/// How a garment folds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Folds {
    seed: u32,
    depth: f32,
    quilts: bool,
}

impl Folds {
    /// Nothing folds.
    pub(super) const NONE: Self = Self { seed: 0, depth: 0.0, quilts: false };

    /// Folds of `look`; `loose` is 0 for what lies on the skin, 1 for what hangs.
    pub(super) fn of(look: &Look, loose: f32) -> Self {
        let depth = match look.fabric {
            Fabric::Cotton => 1.0,
            Fabric::Knit => 0.7,
            Fabric::Denim => 0.85,
            Fabric::Leather => 0.8,
            Fabric::Nylon => 1.1,
            Fabric::Padded => 0.5,
        };
        Self {
            seed: look.seed as u32 ^ (look.seed >> 32) as u32,
            depth: depth * (0.002 + 0.006 * loose),
            quilts: look.fabric == Fabric::Padded,
        }
    }

    /// Folds across a trunk at `u` around and `v` along, stronger where `crumpled` is more than 1.
    pub(super) fn trunk(&self, u: f32, v: f32, crumpled: f32) -> f32 {
        let wave = noise(u * 7.0 + 3.0 * v, v * 9.0 - 2.0 * u, self.seed) - 0.5;
        let fine = noise(u * 16.0 - 5.0 * v, v * 22.0, self.seed ^ 0x51) - 0.5;
        crumpled * self.depth * (1.8 * wave + 0.9 * fine) + self.quilt(v)
    }

    /// Folds around a limb: rings near its hinge, `bent` radians, and at its end; `s` is the share of the limb.
    pub(super) fn limb(&self, angle: f32, v: f32, s: f32, bent: f32, end: f32) -> f32 {
        let lean = v * 42.0 + 0.9 * (angle + 1.3).sin();
        let ridge = noise(lean, 0.6 * angle.cos() + 7.0, self.seed ^ 0x77) - 0.5;
        let slow = noise(v * 12.0 + 0.5 * angle.sin(), 0.8 * angle.cos(), self.seed ^ 0x13) - 0.5;
        let near = (0.5 + 1.6 * bent.min(1.2)) * bump(s, 1.0, 0.22) + 1.3 * bump(s, end, 0.12);
        self.depth * (2.0 * near * ridge + 1.6 * slow) + self.quilt(v)
    }

    /// Folds that hang down, deeper further below.
    pub(super) fn hanging(&self, angle: f32, v: f32, below: f32) -> f32 {
        let phase = angle * 2.4 + 1.2 * noise(v * 3.0, 0.0, self.seed);
        let wave = noise(phase, v * 1.5, self.seed ^ 0x2f) - 0.5;
        self.depth * 6.0 * below.min(0.6) * wave
    }

    fn quilt(&self, v: f32) -> f32 {
        if self.quilts {
            0.011 * (std::f32::consts::PI * v / 0.075).sin().abs().sqrt()
        } else {
            0.0
        }
    }
}

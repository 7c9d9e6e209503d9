//! The girths of a body, as shares of its stature: sections of the trunk, radii of limbs.

use super::frame::{bump, curve, mix, step};
use crate::street::person::{Physique, Sex};

/// A horizontal section: half of its width, and its depth to the front and to the back; a superellipse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Section {
    pub(super) wide: f32,
    pub(super) front: f32,
    pub(super) back: f32,
    /// Exponent: 2 is an ellipse.
    pub(super) round: f32,
}

impl Section {
    /// The point at an angle from the front to the right, `ease` metres outside.
    pub(super) fn at(&self, angle: f32, ease: f32) -> (f32, f32) {
        let (s, c) = angle.sin_cos();
        let bend = |v: f32| v.signum() * v.abs().powf(2.0 / self.round);
        let deep = if c > 0.0 { self.front } else { self.back };
        ((self.wide + ease) * bend(s), (deep + ease) * bend(c))
    }

    /// How far the surface is in front of the middle, or behind it, at `x` to the side.
    pub(super) fn depth(&self, x: f32, front: bool, ease: f32) -> f32 {
        let share = (x.abs() / (self.wide + ease)).min(0.995).powf(self.round);
        let deep = (1.0 - share).powf(1.0 / self.round);
        if front { (self.front + ease) * deep } else { -(self.back + ease) * deep }
    }

    pub(super) fn mix(&self, other: &Self, t: f32) -> Self {
        Self {
            wide: mix(self.wide, other.wide, t),
            front: mix(self.front, other.front, t),
            back: mix(self.back, other.back, t),
            round: mix(self.round, other.round, t),
        }
    }
}

/// What shapes the sections of one body.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Form {
    pub(super) stature: f32,
    pub(super) girth: f32,
    pub(super) shoulders: f32,
    /// 0 for male and for small children, 1 for female.
    pub(super) female: f32,
}

/// Height over the hips as a share of the trunk, half-width, depth to the front and to the back.
const TRUNK: [[f32; 4]; 14] = [
    [-0.16, 0.076, 0.046, 0.056],
    [0.00, 0.098, 0.057, 0.074],
    [0.12, 0.099, 0.060, 0.071],
    [0.28, 0.091, 0.060, 0.056],
    [0.45, 0.085, 0.061, 0.050],
    [0.62, 0.089, 0.064, 0.055],
    [0.78, 0.098, 0.066, 0.061],
    [0.88, 0.102, 0.059, 0.063],
    [0.94, 0.097, 0.050, 0.061],
    [0.985, 0.086, 0.042, 0.056],
    [1.03, 0.068, 0.036, 0.050],
    [1.07, 0.051, 0.034, 0.044],
    [1.11, 0.038, 0.033, 0.037],
    [1.16, 0.033, 0.032, 0.033],
];

/// Share of the leg (1 is the knee), radius to the side, to the front, to the back.
const LEG: [[f32; 4]; 11] = [
    [0.0, 0.051, 0.052, 0.056],
    [0.3, 0.049, 0.050, 0.050],
    [0.6, 0.043, 0.044, 0.043],
    [0.85, 0.036, 0.038, 0.036],
    [1.0, 0.034, 0.036, 0.033],
    [1.12, 0.032, 0.031, 0.034],
    [1.3, 0.032, 0.027, 0.039],
    [1.5, 0.028, 0.025, 0.034],
    [1.75, 0.021, 0.020, 0.023],
    [1.92, 0.0185, 0.019, 0.022],
    [2.0, 0.019, 0.020, 0.023],
];

/// Share of the arm (1 is the elbow), radius to the side, to the front, to the back.
const ARM: [[f32; 4]; 8] = [
    [0.0, 0.026, 0.030, 0.030],
    [0.18, 0.031, 0.031, 0.031],
    [0.5, 0.027, 0.028, 0.028],
    [0.9, 0.023, 0.024, 0.024],
    [1.1, 0.0245, 0.024, 0.024],
    [1.4, 0.022, 0.022, 0.022],
    [1.8, 0.016, 0.017, 0.017],
    [2.0, 0.013, 0.017, 0.017],
];

impl Form {
    pub(super) fn of(physique: &Physique) -> Self {
        let grown = ((physique.age - 9.0) / 7.0).clamp(0.0, 1.0);
        Self {
            stature: physique.stature,
            girth: physique.girth,
            shoulders: physique.shoulders,
            female: if physique.sex == Sex::Female { grown } else { 0.0 },
        }
    }

    /// The section of the trunk at `h`.
    pub(super) fn trunk(&self, h: f32) -> Section {
        let [_, mut wide, mut front, mut back] = curve(&TRUNK, h.clamp(-0.16, 1.16));
        let (more, f) = (self.girth - 1.0, self.female);
        let below = 1.0 - step(0.9, 1.1, h);
        let fat = more * below;
        wide *= 1.0 + 0.55 * fat + 0.25 * fat.max(0.0) * bump(h, 0.35, 0.25);
        front *= 1.0 + 0.6 * fat + 1.1 * fat.max(0.0) * bump(h, 0.40, 0.25);
        back *= 1.0 + 0.6 * fat;
        let upper = step(0.6, 0.9, h);
        wide *= mix(1.0, self.shoulders, upper);
        wide *= 1.0 + f * (0.09 * bump(h, 0.02, 0.22) - 0.10 * bump(h, 0.5, 0.16) - 0.09 * upper);
        back *= 1.0 + f * (0.08 * bump(h, 0.05, 0.12) - 0.06 * upper);
        front *= 1.0 + f * (0.30 * bump(h, 0.74, 0.10) - 0.10 * bump(h, 0.42, 0.2));
        let round = 2.0 + 0.35 * bump(h, 0.8, 0.3);
        let k = self.stature;
        Section { wide: wide * k, front: front * k, back: back * k, round }
    }

    /// Radii of a leg to the side, the front and the back.
    pub(super) fn leg(&self, s: f32) -> [f32; 3] {
        let [_, side, front, back] = curve(&LEG, s.clamp(0.0, 2.0));
        let more = self.girth - 1.0;
        let k = self.stature
            * (1.0 + more * mix(0.75, 0.4, 0.5 * s) + 0.05 * self.female * (1.0 - s).max(0.0));
        [side * k, front * k, back * k]
    }

    /// Radii of an arm to the side, the front and the back.
    pub(super) fn arm(&self, s: f32) -> [f32; 3] {
        let [_, side, front, back] = curve(&ARM, s.clamp(0.0, 2.0));
        let k = self.stature * (1.03 + 0.6 * (self.girth - 1.0) - 0.12 * self.female);
        [side * k, front * k, back * k]
    }

    pub(super) fn neck(&self) -> f32 {
        self.stature * (0.033 - 0.004 * self.female + 0.008 * (self.girth - 1.0))
    }

    /// What the trunk is wider than usual next to the hands, in metres.
    pub(super) fn beside(&self) -> f32 {
        0.06 * (self.girth - 1.0).max(0.0) * self.stature
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::street::body::proportions::adult;

    #[test]
    fn girths_are_those_of_people() {
        let form = Form::of(&adult());
        // Circumference of an ellipse after Ramanujan, for a man of 1.8 m.
        let around = |s: Section| {
            let (a, b) = (s.wide, 0.5 * (s.front + s.back));
            std::f32::consts::PI * (3.0 * (a + b) - ((3.0 * a + b) * (a + 3.0 * b)).sqrt())
        };
        assert!((0.70..0.95).contains(&around(form.trunk(0.45))), "waist");
        assert!((0.85..1.10).contains(&around(form.trunk(0.80))), "chest");
        assert!((0.85..1.10).contains(&around(form.trunk(0.05))), "hips");
        let heavy = Form::of(&Physique { girth: 1.4, ..adult() });
        assert!(heavy.trunk(0.4).front > 1.4 * form.trunk(0.4).front);
        let woman = Form { female: 1.0, ..form };
        let ratio = |f: &Form| f.trunk(0.45).wide / f.trunk(0.02).wide;
        assert!(ratio(&woman) < 0.88 * ratio(&form));
    }

    #[test]
    fn the_depth_at_a_side_lies_on_the_section() {
        let section = Section { wide: 0.2, front: 0.1, back: 0.12, round: 2.3 };
        let (x, z) = section.at(0.7, 0.01);
        assert!((section.depth(x, true, 0.01) - z).abs() < 1e-5);
    }
}

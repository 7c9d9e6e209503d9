//! Lengths of a body as shares of its stature.
//!
//! Adults: Drillis and Contini, Body Segment Parameters, New York University 1966, technical report 1166.03. Children
//! have larger heads and shorter legs: at four years the head is about 0.18 of the stature.

use crate::street::person::{Physique, Sex};

/// Lengths in metres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bones {
    pub(super) stature: f32,
    /// Height of the ankle above the sole.
    pub(super) ankle: f32,
    pub(super) shank: f32,
    pub(super) thigh: f32,
    /// From the hips to the line of the shoulders.
    pub(super) trunk: f32,
    /// From the chin to the top.
    pub(super) head: f32,
    pub(super) upper_arm: f32,
    pub(super) forearm: f32,
    pub(super) hand: f32,
    pub(super) foot: f32,
    /// From the middle to the joint of a hip.
    pub(super) hip: f32,
    /// From the middle to the joint of a shoulder.
    pub(super) shoulder: f32,
}

impl Bones {
    pub(super) fn of(physique: &Physique) -> Self {
        let h = physique.stature;
        let young = ((16.0 - physique.age) / 12.0).clamp(0.0, 1.0);
        let legs = physique.legs * (1.0 - 0.09 * young);
        let head = (0.130 + 0.05 * young) * h;
        let top_of_legs = 0.530 * legs * h;
        let female = physique.sex == Sex::Female;
        Self {
            stature: h,
            ankle: 0.039 * h,
            shank: 0.246 * legs * h,
            thigh: top_of_legs - 0.039 * h - 0.246 * legs * h,
            trunk: (h - head - top_of_legs) * (0.818 - 0.530) / (0.870 - 0.530),
            head,
            upper_arm: 0.186 * h,
            forearm: 0.146 * h,
            hand: 0.108 * h,
            foot: 0.152 * h,
            hip: if female { 0.052 } else { 0.049 } * h,
            // Half of 0.259, less the muscle around the joint.
            shoulder: if female { 0.092 } else { 0.100 } * h * physique.shoulders,
        }
    }

    /// Height of the hips of someone who stands straight.
    #[cfg(test)]
    pub(super) fn hips(&self) -> f32 {
        self.ankle + self.shank + self.thigh
    }
}

#[cfg(test)]
pub(super) fn adult() -> Physique {
    Physique {
        sex: Sex::Male,
        age: 30.0,
        stature: 1.8,
        girth: 1.0,
        shoulders: 1.0,
        legs: 1.0,
        skin: [0.4, 0.25, 0.18],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adults_have_the_heights_of_the_published_table() {
        let b = Bones::of(&adult());
        let near = |a: f32, share: f32| assert!((a / 1.8 - share).abs() < 1e-4, "{a} {share}");
        near(b.hips(), 0.530);
        near(b.ankle + b.shank, 0.285);
        near(b.hips() + b.trunk, 0.818);
        near(b.stature - b.head, 0.870);
        near(b.upper_arm, 0.186);
        near(b.forearm, 0.146);
        near(b.hand, 0.108);
        near(b.foot, 0.152);
    }

    #[test]
    fn children_have_larger_heads_and_shorter_legs() {
        let child = Bones::of(&Physique { age: 4.0, stature: 1.05, ..adult() });
        assert!(child.head / child.stature > 0.17);
        assert!(child.hips() / child.stature < 0.49);
        let sum = child.hips() + child.trunk * (0.870 - 0.530) / (0.818 - 0.530) + child.head;
        assert!((sum - 1.05).abs() < 1e-4);
    }
}

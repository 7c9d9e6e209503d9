//! A posed skeleton in the frame of the person: the ground is at y = 0 and the person looks along z.

use super::frame::{Frame, cross, lerp};
use super::pose::{Arm, Leg, Pose, Task};
use super::proportions::Bones;
use crate::street::scene::space::{V3, add, dot, length, scale, sub, unit};

/// Where hands hold the bar of what is pushed, in the frame of the person: to the right, up, forwards.
pub(super) fn grip(bicycle: bool, side: f32, stature: f32) -> V3 {
    if bicycle {
        [0.40 + 0.24 * side, 0.98, 0.40]
    } else {
        [0.20 * side, (0.58 * stature).clamp(0.8, 1.05), 0.40]
    }
}

/// Two bones that meet in a hinge: leg or arm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Limb {
    /// Upper end, hinge, lower end.
    pub(super) joints: [V3; 3],
    /// Axis of the hinge, to the right of the person.
    pub(super) axis: V3,
}

/// How far from a hinge the limb is rounded, as a share of a bone.
const ROUND: f32 = 0.16;

impl Limb {
    /// The frame at `s`: 0 is the upper end, 1 the hinge, 2 the lower end. y points back along the limb.
    pub(super) fn frame(&self, s: f32) -> Frame {
        let [a, b, c] = self.joints;
        let (first, second) = (sub(b, a), sub(c, b));
        if s < 1.0 - ROUND {
            return Frame::upright(add(a, scale(first, s)), scale(first, -1.0), self.axis);
        }
        if s > 1.0 + ROUND {
            return Frame::upright(add(b, scale(second, s - 1.0)), scale(second, -1.0), self.axis);
        }
        let (start, end) = (sub(b, scale(first, ROUND)), add(b, scale(second, ROUND)));
        let t = (s - 1.0 + ROUND) / (2.0 * ROUND);
        let at = lerp(lerp(start, b, t), lerp(b, end, t), t);
        Frame::upright(at, scale(lerp(first, second, t), -1.0), self.axis)
    }

    /// Metres from the upper end to `s`.
    pub(super) fn reach(&self, s: f32) -> f32 {
        let [a, b, c] = self.joints;
        length(sub(b, a)) * s.min(1.0) + length(sub(c, b)) * (s - 1.0).max(0.0)
    }
}

/// Joints and frames.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Skeleton {
    pub(super) bones: Bones,
    /// Between the joints of the hips.
    pub(super) pelvis: Frame,
    /// Between the shoulders.
    pub(super) chest: Frame,
    /// Its origin is the chin's height in the middle of the head.
    pub(super) head: Frame,
    /// Left and right.
    pub(super) legs: [Limb; 2],
    /// At the ankles, z along the soles.
    pub(super) feet: [Frame; 2],
    pub(super) arms: [Limb; 2],
    /// At the wrists, y back along the hand.
    pub(super) hands: [Frame; 2],
    pub(super) tasks: [Task; 2],
}

pub(super) const SIDES: [f32; 2] = [-1.0, 1.0];

impl Skeleton {
    /// `lift` is the height of the heel over the ball of the foot, `wide` what clothes and girth add to a hip.
    pub(super) fn new(bones: Bones, pose: &Pose, lift: f32, wide: f32) -> Self {
        let pelvis = Frame::LEVEL.yaw(pose.pelvis.0).roll(pose.pelvis.1);
        let hips = SIDES.map(|side| scale(pelvis.x, side * bones.hip));
        let turned: [(Limb, Frame); 2] =
            std::array::from_fn(|i| leg(&bones, hips[i], SIDES[i], &pose.legs[i], lift));
        let lowest = turned.iter().map(|(_, foot)| lowest(&bones, foot, lift)).fold(0.0, f32::min);
        let up = [0.0, -lowest, 0.0];
        let pelvis = pelvis.put(up);
        let legs = turned.map(|(limb, _)| Limb { joints: limb.joints.map(|p| add(p, up)), ..limb });
        let feet = turned.map(|(_, foot)| foot.put(add(foot.o, up)));
        let (yaw, lean, roll) = pose.chest;
        let upper = Frame::LEVEL.yaw(yaw).pitch(lean).roll(roll);
        let half = 0.5 * bones.trunk;
        let bend = add(up, scale(pelvis.y, half));
        let chest = upper.put(add(bend, scale(upper.y, half)));
        let head = Frame::LEVEL
            .yaw(yaw + pose.head.0)
            .pitch(0.4 * lean + pose.head.1)
            .put(chest.at([0.0, (0.870 - 0.818) / 0.288 * bones.trunk, 0.012 * bones.stature]));
        let arms = std::array::from_fn(|i| {
            arm(&bones, &pelvis, &chest, &head, SIDES[i], &pose.arms[i], wide)
        });
        let hands = std::array::from_fn(|i| hand(&arms[i], &chest, SIDES[i], pose.arms[i].task));
        let tasks = pose.arms.map(|a| a.task);
        Self { bones, pelvis, chest, head, legs, feet, arms, hands, tasks }
    }

    /// The frame of the trunk at `h`: 0 is between the hips, 1 between the shoulders.
    pub(super) fn trunk(&self, h: f32) -> Frame {
        let (from, to) = (self.pelvis.o, self.chest.o);
        let half = 0.5 * self.bones.trunk;
        if h <= 0.0 {
            return self.pelvis.put(self.pelvis.at([0.0, h * self.bones.trunk, 0.0]));
        }
        if h >= 1.0 {
            return self.chest.put(self.chest.at([0.0, (h - 1.0) * self.bones.trunk, 0.0]));
        }
        let bend = add(from, scale(self.pelvis.y, half));
        let at = lerp(lerp(from, bend, h), lerp(bend, to, h), h);
        let up = lerp(self.pelvis.y, self.chest.y, h);
        Frame::upright(at, up, lerp(self.pelvis.x, self.chest.x, h))
    }
}

fn leg(b: &Bones, hip: V3, side: f32, leg: &Leg, lift: f32) -> (Limb, Frame) {
    let base = Frame::LEVEL.yaw(side * 0.5 * leg.toes);
    let down = |angle: f32, out: f32| {
        let (s, c) = angle.sin_cos();
        unit(add(add(scale(base.y, -c), scale(base.z, s)), scale(base.x, side * out)))
    };
    let knee = add(hip, scale(down(leg.hip, leg.out), b.thigh));
    let ankle = add(knee, scale(down(leg.hip - leg.knee, leg.out - 0.02), b.shank));
    let heel = (lift / (0.6 * b.foot)).atan();
    let foot = Frame::LEVEL.yaw(side * leg.toes).pitch(heel - leg.sole).put(ankle);
    (Limb { joints: [hip, knee, ankle], axis: base.x }, foot)
}

/// The lowest height of a sole: of the heel, the ball or the tip of the toes.
fn lowest(b: &Bones, foot: &Frame, lift: f32) -> f32 {
    let sole = -b.ankle;
    [[0.0, sole - lift, -0.25 * b.foot], [0.0, sole, 0.50 * b.foot], [0.0, sole, 0.75 * b.foot]]
        .map(|p| foot.at(p)[1])
        .into_iter()
        .fold(f32::MAX, f32::min)
}

fn arm(
    b: &Bones,
    pelvis: &Frame,
    chest: &Frame,
    head: &Frame,
    side: f32,
    arm: &Arm,
    wide: f32,
) -> Limb {
    let shoulder = chest.at([side * b.shoulder, -0.10 * b.trunk, -0.004 * b.stature]);
    let h = b.stature;
    let out = arm.out + 0.9 * wide;
    let (target, pole) = match arm.task {
        Task::Swing | Task::Carry => {
            let share = if arm.task == Task::Carry { 0.35 } else { 1.0 };
            let swing = arm.swing * share;
            let elbow = if arm.task == Task::Carry { 0.12 } else { arm.elbow };
            let down = |angle: f32, out: f32| {
                let (s, c) = angle.sin_cos();
                let lean = add(scale(chest.y, -c), scale(chest.z, s));
                unit(add(lean, scale(chest.x, side * out)))
            };
            let bend = add(shoulder, scale(down(swing, out), b.upper_arm));
            let wrist = add(bend, scale(down(swing + elbow, 0.4 * out - 0.05), b.forearm));
            return Limb { joints: [shoulder, bend, wrist], axis: chest.x };
        }
        Task::Pocket => {
            let at = [side * (0.096 * h + 0.8 * wide), 0.03 * h, 0.04 * h];
            (pelvis.at(at), [side * 0.45, 0.0, -1.0])
        }
        Task::Phone => (chest.at([side * 0.03 * h, -0.09 * h, 0.165 * h]), [side * 0.5, -1.0, 0.0]),
        Task::Call => (head.at([side * 0.062 * h, 0.02 * h, 0.02 * h]), [side * 0.5, -0.7, 0.9]),
        Task::Strap => {
            (chest.at([side * 0.075 * h, -0.075 * h, 0.075 * h]), [side * 0.9, -0.9, -0.2])
        }
        Task::Pull => (pelvis.at([side * 0.13 * h, 0.0, -0.09 * h]), [side * 0.4, 0.0, -1.0]),
        Task::Push | Task::Steer => {
            (grip(arm.task == Task::Steer, side, h), [side * 0.6, -0.6, -0.6])
        }
        Task::Raise => (chest.at([side * 0.09 * h, -0.07 * h, 0.13 * h]), [side * 0.6, -1.0, -0.2]),
    };
    let bend = hinge(shoulder, target, (b.upper_arm, b.forearm), chest.along(pole));
    let wrist = add(bend, scale(unit(sub(target, bend)), b.forearm));
    Limb { joints: [shoulder, bend, wrist], axis: chest.x }
}

/// Where the hinge of two bones is whose ends are at `from` and as near to `to` as they reach.
fn hinge(from: V3, to: V3, (upper, lower): (f32, f32), pole: V3) -> V3 {
    let way = sub(to, from);
    let far = length(way).clamp((upper - lower).abs() + 0.01, 0.999 * (upper + lower));
    let along = unit(way);
    let aside = unit(sub(pole, scale(along, dot(pole, along))));
    let near = (upper * upper - lower * lower + far * far) / (2.0 * far);
    let high = (upper * upper - near * near).max(0.0).sqrt();
    add(from, add(scale(along, near), scale(aside, high)))
}

fn hand(arm: &Limb, chest: &Frame, side: f32, task: Task) -> Frame {
    let [_, elbow, wrist] = arm.joints;
    let back = unit(sub(elbow, wrist));
    match task {
        Task::Push | Task::Steer => Frame::upright(wrist, add(back, [0.0, 0.4, 0.0]), chest.x),
        // Palms face the thighs, and thumbs point forwards.
        Task::Swing | Task::Carry | Task::Pull => {
            let x = unit(cross(back, add(chest.z, scale(chest.x, -0.5 * side))));
            Frame::upright(wrist, back, x)
        }
        Task::Pocket => Frame::upright(wrist, add(back, [0.0, 0.5, 0.0]), chest.x),
        Task::Phone | Task::Strap | Task::Raise | Task::Call => {
            let up = add(scale(back, 0.6), scale(chest.z, -0.3));
            Frame::upright(wrist, up, scale(chest.x, 1.0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::street::body::proportions::adult;
    use aio_types::rng;

    fn skeleton(seed: u64, still: bool) -> Skeleton {
        let pose = Pose::sample(still, 30.0, &[], &mut rng(seed, "pose", 0));
        Skeleton::new(Bones::of(&adult()), &pose, 0.0, 0.0)
    }

    #[test]
    fn bones_keep_their_lengths_in_every_pose() {
        for seed in 0..60 {
            let s = skeleton(seed, seed % 3 == 0);
            let long = |limb: &Limb, i: usize| length(sub(limb.joints[i + 1], limb.joints[i]));
            for limb in &s.legs {
                assert!((long(limb, 0) - s.bones.thigh).abs() < 1e-4);
                assert!((long(limb, 1) - s.bones.shank).abs() < 1e-4);
            }
            for limb in &s.arms {
                assert!((long(limb, 0) - s.bones.upper_arm).abs() < 1e-4);
                assert!((long(limb, 1) - s.bones.forearm).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn one_foot_is_on_the_ground_and_none_is_below_it() {
        for seed in 0..60 {
            let s = skeleton(seed, seed % 3 == 0);
            let heights = s.feet.map(|foot| lowest(&s.bones, &foot, 0.0));
            assert!(heights.iter().all(|h| *h > -1e-5), "{heights:?}");
            assert!(heights.iter().any(|h| h.abs() < 1e-5), "{heights:?}");
        }
    }

    #[test]
    fn a_limb_bends_at_its_hinge_without_a_corner() {
        let limb = Limb {
            joints: [[0.0, 1.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.5, -0.5]],
            axis: [1.0, 0.0, 0.0],
        };
        let mut last = limb.frame(0.0).y;
        for i in 1..=200 {
            let y = limb.frame(i as f32 / 100.0).y;
            assert!(dot(y, last) > 0.98);
            last = y;
        }
        assert!((limb.reach(2.0) - 1.0).abs() < 1e-6);
    }
}

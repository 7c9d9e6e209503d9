//! How someone stands or walks: angles of the joints in radians.

use super::frame::bump;
use crate::street::person::Bag;
use crate::street::photo::signed;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::f32::consts::TAU;

/// What an arm does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Hangs or swings.
    Swing,
    /// Hand in a pocket.
    Pocket,
    /// Looks at a phone.
    Phone,
    /// Phone at the ear.
    Call,
    /// Something heavy hangs from the hand.
    Carry,
    /// Hand at the strap of a bag.
    Strap,
    /// Pulls something.
    Pull,
    /// Holds something up.
    Raise,
    /// Pushes a pushchair.
    Push,
    /// Holds the bar of a bicycle.
    Steer,
}

/// Angles of an arm; forwards and outwards are positive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Arm {
    pub(super) task: Task,
    pub(super) swing: f32,
    pub(super) out: f32,
    pub(super) elbow: f32,
}

/// Angles of a leg; the foot's angle is that of the sole with the ground, toes up positive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Leg {
    pub(super) hip: f32,
    pub(super) knee: f32,
    pub(super) sole: f32,
    pub(super) out: f32,
    pub(super) toes: f32,
}

/// Angles of the whole body: left, then right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pose {
    pub(super) legs: [Leg; 2],
    pub(super) arms: [Arm; 2],
    /// Turn and lean to the right of the pelvis.
    pub(super) pelvis: (f32, f32),
    /// Turn, lean forwards and lean to the right of the chest.
    pub(super) chest: (f32, f32, f32),
    /// Turn and lean forwards of the head.
    pub(super) head: (f32, f32),
}

impl Pose {
    /// A pose of someone of `age` years who carries `bags`.
    pub(super) fn sample(still: bool, age: f32, bags: &[Bag], rng: &mut ChaCha8Rng) -> Self {
        let mut pose = if still { standing(rng) } else { walking(rng) };
        let stoop = ((age - 55.0) / 30.0).clamp(0.0, 1.0);
        pose.chest.1 += 0.05 * signed(rng) + 0.16 * stoop;
        pose.head.0 += if rng.random_bool(0.3) { 0.6 * signed(rng) } else { 0.12 * signed(rng) };
        pose.head.1 += 0.10 * rng.random::<f32>() - 0.05 * stoop;
        pose.hands(bags, rng);
        pose
    }

    fn hands(&mut self, bags: &[Bag], rng: &mut ChaCha8Rng) {
        let mut free = [true; 2];
        let first = usize::from(rng.random_bool(0.6));
        for bag in bags {
            let task = match bag {
                Bag::Handbag | Bag::ShoppingBag => Task::Carry,
                Bag::Trolley => Task::Pull,
                Bag::Umbrella => Task::Raise,
                Bag::Pushchair | Bag::Bicycle => {
                    free = [false; 2];
                    let push = if *bag == Bag::Bicycle { Task::Steer } else { Task::Push };
                    self.arms.iter_mut().for_each(|arm| arm.task = push);
                    continue;
                }
                Bag::Backpack | Bag::ShoulderBag => continue,
            };
            let hand = if free[first] { first } else { 1 - first };
            if free[hand] {
                free[hand] = false;
                self.arms[hand].task = task;
            }
        }
        let strapped = bags.iter().any(|b| matches!(b, Bag::Backpack | Bag::ShoulderBag));
        let habit = rng.random::<f32>();
        for hand in [first, 1 - first] {
            if !free[hand] {
                continue;
            }
            let alone = hand == first;
            self.arms[hand].task = match habit {
                0.0..0.07 if alone => Task::Phone,
                0.07..0.10 if alone => Task::Call,
                0.10..0.20 => Task::Pocket,
                0.20..0.27 if alone => Task::Pocket,
                0.30..0.40 if alone && strapped => Task::Strap,
                _ => Task::Swing,
            };
        }
        if self.arms.iter().any(|a| a.task == Task::Phone) {
            self.head.1 += 0.35;
        }
    }
}

fn walking(rng: &mut ChaCha8Rng) -> Pose {
    let phase = rng.random::<f32>();
    let reach = 1.0 + 0.22 * signed(rng);
    let vigour = 0.5 + 0.9 * rng.random::<f32>();
    let toes = 0.12 + 0.10 * signed(rng);
    let width = 0.02 * signed(rng);
    let legs = [phase, (phase + 0.5).fract()].map(|t| leg(t, reach, toes, width));
    let turn = (TAU * phase).cos();
    let bend = 0.28 + 0.25 * rng.random::<f32>();
    let out = 0.10 + 0.06 * rng.random::<f32>();
    let arms = [-turn, turn].map(|forward| Arm {
        task: Task::Swing,
        swing: vigour * (0.06 + 0.36 * forward),
        out,
        elbow: bend + 0.22 * vigour * forward.max(-0.5),
    });
    // Left leg forwards turns the pelvis to the right and the chest against it.
    let sway = (TAU * phase).sin();
    Pose {
        legs,
        arms,
        pelvis: (0.08 * reach * turn, 0.05 * sway),
        chest: (-0.09 * vigour * turn, 0.05 + 0.03 * reach, -0.02 * sway),
        head: (0.0, 0.0),
    }
}

/// A leg at the share `t` of its cycle, which begins when the heel meets the ground: after Winter, Biomechanics and
/// Motor Control of Human Movement, 2009, chapter 3, of normal cadence.
fn leg(t: f32, reach: f32, toes: f32, out: f32) -> Leg {
    let ring = |middle: f32, width: f32| {
        [-1.0, 0.0, 1.0].iter().map(|k| bump(t + k, middle, width)).sum::<f32>()
    };
    Leg {
        hip: reach * (0.15 + 0.36 * (TAU * (t - 0.96)).cos()),
        knee: 0.07 + 0.24 * ring(0.15, 0.10) + 1.0 * reach.sqrt() * ring(0.72, 0.13),
        sole: 0.30 * ring(0.0, 0.06) - 0.95 * ring(0.64, 0.12) + 0.05 * ring(0.9, 0.08),
        out,
        toes,
    }
}

fn standing(rng: &mut ChaCha8Rng) -> Pose {
    let lean = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
    let ease = rng.random::<f32>() * if rng.random_bool(0.5) { 1.0 } else { 0.3 };
    let apart = 0.03 + 0.08 * rng.random::<f32>();
    let legs = [-1.0, 1.0].map(|side: f32| {
        // The free leg bends.
        let free = if side == lean { 0.0 } else { ease };
        Leg {
            hip: 0.02 + 0.16 * free,
            knee: 0.03 + 0.30 * free,
            sole: 0.0,
            out: apart + 0.05 * free,
            toes: 0.15 + 0.15 * rng.random::<f32>() + 0.1 * free,
        }
    });
    let bend = 0.15 + 0.25 * rng.random::<f32>();
    let out = 0.11 + 0.07 * rng.random::<f32>();
    let arms = [0.0; 2].map(|_: f32| Arm {
        task: Task::Swing,
        swing: 0.02 + 0.06 * signed(rng),
        out,
        elbow: bend + 0.08 * signed(rng),
    });
    Pose {
        legs,
        arms,
        pelvis: (0.08 * signed(rng), -0.06 * lean * ease),
        chest: (0.10 * signed(rng), 0.02, 0.04 * lean * ease),
        head: (0.0, 0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_types::rng;

    #[test]
    fn a_walking_leg_lifts_with_a_bent_knee_and_lands_with_a_straight_one() {
        let (landing, swing) = (leg(0.0, 1.0, 0.1, 0.0), leg(0.72, 1.0, 0.1, 0.0));
        assert!(landing.knee < 0.2 && landing.sole > 0.2 && landing.hip > 0.4);
        assert!(swing.knee > 0.9);
        assert!(leg(0.25, 1.0, 0.1, 0.0).sole.abs() < 0.05, "the foot is flat in the middle");
        assert!(leg(0.52, 1.0, 0.1, 0.0).hip < -0.1, "the leg is behind before it is lifted");
    }

    #[test]
    fn what_is_carried_in_hands_takes_a_hand_each() {
        for seed in 0..50 {
            let bags = [Bag::Trolley, Bag::Umbrella, Bag::Backpack];
            let pose = Pose::sample(seed % 2 == 0, 30.0, &bags, &mut rng(seed, "pose", 0));
            for task in [Task::Pull, Task::Raise] {
                assert_eq!(pose.arms.iter().filter(|a| a.task == task).count(), 1);
            }
        }
    }
}

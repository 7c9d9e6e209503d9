//! The body as a few capsules: how much light it keeps from itself and from the ground.

use super::form::Form;
use super::mesh::Mesh;
use super::skeleton::Skeleton;
use crate::street::scene::space::{V3, add, dot, length, scale, sub};

/// A line with a radius.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Capsule {
    pub(super) from: V3,
    pub(super) to: V3,
    pub(super) radius: f32,
}

/// Capsules of a body; `more` metres are worn around trunk and limbs.
pub(super) fn capsules(skeleton: &Skeleton, form: &Form, more: f32) -> Vec<Capsule> {
    let mut all = Vec::new();
    let mut add = |from: V3, to: V3, radius: f32| all.push(Capsule { from, to, radius });
    for side in [-1.0, 1.0] {
        for (low, high) in [(-0.02, 0.42), (0.42, 0.90)] {
            let (a, b) = (skeleton.trunk(low), skeleton.trunk(high));
            let section = form.trunk(0.5 * (low + high));
            let r = 0.5 * (section.front + section.back) + 0.6 * more;
            let x = side * (section.wide - r).max(0.01);
            add(a.at([x, 0.0, 0.0]), b.at([x, 0.0, 0.0]), r);
        }
    }
    for leg in &skeleton.legs {
        add(leg.joints[0], leg.joints[1], form.leg(0.4)[0] + 0.5 * more);
        add(leg.joints[1], leg.joints[2], form.leg(1.4)[0] + 0.5 * more);
    }
    for (foot, k) in skeleton.feet.iter().zip([skeleton.bones.foot; 2]) {
        let low = -0.6 * skeleton.bones.ankle;
        add(foot.at([0.0, low, -0.12 * k]), foot.at([0.0, low, 0.6 * k]), 0.035);
    }
    for (arm, hand) in skeleton.arms.iter().zip(&skeleton.hands) {
        add(arm.joints[0], arm.joints[1], form.arm(0.5)[0] + 0.4 * more);
        add(arm.joints[1], arm.joints[2], form.arm(1.4)[0] + 0.3 * more);
        add(hand.o, hand.at([0.0, -0.7 * skeleton.bones.hand, 0.0]), 0.03);
    }
    let (head, k) = (&skeleton.head, skeleton.bones.head);
    add(head.at([0.0, 0.35 * k, 0.02 * k]), head.at([0.0, 0.65 * k, -0.02 * k]), 0.36 * k);
    add(skeleton.chest.o, head.at([0.0, 0.3 * k, 0.0]), form.neck());
    all
}

/// Darkens corners of `mesh` that face capsules nearby: the share of the hemisphere that a sphere hides.
pub(super) fn darken(mesh: &mut Mesh, capsules: &[Capsule]) {
    for vertex in &mut mesh.vertices {
        let from = add(vertex.position, scale(vertex.normal, 0.01));
        for capsule in capsules {
            let to = sub(capsule.nearest(from), from);
            let square = dot(to, to).max(1e-6);
            if square > 16.0 * capsule.radius * capsule.radius {
                continue;
            }
            let facing = dot(to, vertex.normal) / square.sqrt();
            if facing > 0.0 {
                let hidden = facing * (capsule.radius * capsule.radius / square).min(1.0);
                vertex.open *= 1.0 - 0.7 * hidden;
            }
        }
    }
}

impl Capsule {
    fn nearest(&self, point: V3) -> V3 {
        let way = sub(self.to, self.from);
        let t = (dot(sub(point, self.from), way) / dot(way, way).max(1e-9)).clamp(0.0, 1.0);
        add(self.from, scale(way, t))
    }

    /// Whether the ray from `from` in the unit direction `way` meets the capsule.
    pub(super) fn meets(&self, from: V3, way: V3) -> bool {
        // The nearest approach of the ray and the line.
        let (d, r) = (sub(self.to, self.from), sub(from, self.from));
        let (dd, wd, wr, dr) = (dot(d, d), dot(way, d), dot(way, r), dot(d, r));
        let det = dd - wd * wd;
        let u = if det > 1e-9 { (dr - wd * wr) / det } else { 0.0 };
        let t = (u.clamp(0.0, 1.0) * wd - wr).max(0.0);
        let u = ((dr + t * wd) / dd.max(1e-9)).clamp(0.0, 1.0);
        let gap = sub(add(from, scale(way, t)), add(self.from, scale(d, u)));
        length(gap) < self.radius
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rays_meet_capsules_before_them_only() {
        let capsule = Capsule { from: [0.0, 0.0, 2.0], to: [0.0, 2.0, 2.0], radius: 0.3 };
        assert!(capsule.meets([0.0, 1.0, 0.0], [0.0, 0.0, 1.0]));
        assert!(capsule.meets([0.29, 2.0, 0.0], [0.0, 0.0, 1.0]));
        assert!(!capsule.meets([0.31, 1.0, 0.0], [0.0, 0.0, 1.0]));
        assert!(!capsule.meets([0.0, 2.4, 0.0], [0.0, 0.0, 1.0]));
        assert!(!capsule.meets([0.0, 1.0, 0.0], [0.0, 0.0, -1.0]));
    }
}

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
    // Spheres outside of which a capsule does not count.
    let near: Vec<(V3, f32)> = capsules
        .iter()
        .map(|c| {
            let reach = 0.5 * length(sub(c.to, c.from)) + 4.0 * c.radius;
            (scale(add(c.from, c.to), 0.5), reach * reach)
        })
        .collect();
    for vertex in &mut mesh.vertices {
        let from = add(vertex.position, scale(vertex.normal, 0.01));
        for (capsule, (middle, reach)) in capsules.iter().zip(&near) {
            let way = sub(*middle, from);
            if dot(way, way) > *reach {
                continue;
            }
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::street::body::mesh::Grid;

    #[test]
    fn a_surface_that_faces_a_limb_is_darker_than_one_that_turns_away() {
        let capsule = Capsule { from: [0.0, 0.0, 0.2], to: [0.0, 1.0, 0.2], radius: 0.1 };
        let mut mesh = Mesh::default();
        mesh.grid(Grid { rows: 2, columns: 2, closed: false, part: 1 }, |i, j| {
            Some(([0.01 * i as f32, 0.5 + 0.01 * j as f32, 0.0], [0.0; 2], 1.0))
        });
        for (z, hidden) in [(1.0, true), (-1.0, false)] {
            mesh.vertices.iter_mut().for_each(|v| (v.normal, v.open) = ([0.0, 0.0, z], 1.0));
            darken(&mut mesh, &[capsule]);
            let open = mesh.vertices[0].open;
            // A sphere of 0.1 at 0.19 hides (0.1 / 0.19)² of the light; 0.7 of that counts.
            let expected = if hidden { 1.0 - 0.7 * (0.1_f32 / 0.19).powi(2) } else { 1.0 };
            assert!((open - expected).abs() < 0.01, "{open} {expected}");
        }
    }
}

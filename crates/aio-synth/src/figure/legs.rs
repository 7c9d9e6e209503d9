//! Legs, shoes and skirts.

use super::Point;
use super::shapes::{SOLE, capsule, darker, tube};
use super::skeleton::Builder;
use crate::person::{Lower, Shoes};
use std::f32::consts::PI;

impl Builder<'_> {
    pub(super) fn legs(&mut self) {
        let person = self.person;
        let s = self.scale;
        let wide = 0.8 + 0.2 * self.girth;
        for side in [-1.0f32, 1.0] {
            let swing =
                self.pose.stride * (self.pose.phase + if side > 0.0 { PI } else { 0.0 }).sin();
            let bend = (0.15
                + 1.1
                    * self.pose.stride
                    * (self.pose.phase + if side > 0.0 { PI } else { 0.0 }).cos().max(0.0))
            .min(1.2);
            let (hip_x, hip_y) = (0.095 * side * s * wide, 0.90 * s);
            let knee = (hip_x, hip_y - 0.42 * s * swing.cos(), 0.42 * s * swing.sin());
            let lower = swing - bend * 0.6;
            let ankle = (hip_x, knee.1 - 0.40 * s * lower.cos(), knee.2 + 0.40 * s * lower.sin());
            let (hip, hip_depth) = self.project(hip_x, hip_y, 0.0);
            let (knee_p, knee_depth) = self.project(knee.0, knee.1, knee.2);
            let (ankle_p, ankle_depth) = self.project(ankle.0, ankle.1, ankle.2);
            let depth = (hip_depth + knee_depth + ankle_depth) / 3.0 - 0.08;
            let girth = 0.5 + 0.5 * self.girth;
            let cloth = person.lower_colour.material;
            let bare_thigh = person.wears_dress()
                || matches!(person.lower, Lower::Shorts | Lower::Skirt | Lower::LongSkirt);
            let shin = if bare_thigh { person.skin } else { cloth };
            let (shin_top, shin_end) = match (bare_thigh, person.lower) {
                (true, _) => (0.058, 0.040),
                (false, Lower::Jeans) => (0.066, 0.050),
                (false, _) => (0.078, 0.074),
            };
            self.push(
                capsule(knee_p, ankle_p, shin_top * girth * s, shin_end * girth * s),
                shin,
                depth,
            );
            let skirted =
                person.wears_dress() || matches!(person.lower, Lower::Skirt | Lower::LongSkirt);
            let thigh = if skirted { person.skin } else { cloth };
            let cover = if person.lower == Lower::Shorts && !skirted { 0.098 } else { 0.088 };
            self.push(
                capsule(hip, knee_p, cover * girth * s, (cover - 0.016) * girth * s),
                thigh,
                depth + 0.01,
            );
            if person.lower == Lower::Jeans && !skirted {
                self.stroke(
                    vec![(hip.0, hip.1 - 0.1 * s), ankle_p],
                    0.008,
                    darker(cloth, 0.6),
                    depth + 0.011,
                );
            }
            self.foot(ankle, ankle_p, depth);
        }
        self.skirt();
    }

    fn foot(&mut self, ankle: (f32, f32, f32), ankle_p: Point, depth: f32) {
        let person = self.person;
        let s = self.scale;
        let (toe, _) = self.project(ankle.0, ankle.1 - 0.055 * s, ankle.2 + 0.15 * s);
        let heel = (ankle_p.0, ankle_p.1 - 0.045 * s);
        let shoe = person.shoe_colour.material;
        let toe = (toe.0, toe.1 - if self.facing() > 0.0 { 0.03 * s * self.facing() } else { 0.0 });
        match person.shoes {
            Shoes::Boots => {
                self.push(
                    capsule((ankle_p.0, ankle_p.1 + 0.17 * s), heel, 0.062 * s, 0.058 * s),
                    shoe,
                    depth + 0.02,
                );
                self.push(capsule(heel, toe, 0.052 * s, 0.042 * s), shoe, depth + 0.03);
            }
            Shoes::Sneakers => {
                let drop = |p: Point| (p.0, p.1 - 0.022 * s);
                self.push(capsule(drop(heel), drop(toe), 0.050 * s, 0.040 * s), SOLE, depth + 0.02);
                self.push(capsule(heel, toe, 0.050 * s, 0.040 * s), shoe, depth + 0.03);
            }
            Shoes::Sandals => {
                self.push(capsule(heel, toe, 0.042 * s, 0.034 * s), self.person.skin, depth + 0.02);
                let low = |p: Point, dx: f32| (p.0 + dx, p.1 - 0.036 * s);
                self.stroke(vec![low(heel, -0.03), low(toe, 0.03)], 0.024, shoe, depth + 0.03);
                self.stroke(
                    vec![(heel.0 - 0.04, heel.1 + 0.01), (heel.0 + 0.04, heel.1 - 0.01)],
                    0.018,
                    shoe,
                    depth + 0.031,
                );
            }
        }
    }

    fn skirt(&mut self) {
        let person = self.person;
        let s = self.scale;
        let (material, hem) = match (person.wears_dress(), person.lower) {
            (true, _) => (person.upper_colour.material, 0.46),
            (false, Lower::Skirt) => (person.lower_colour.material, 0.52),
            (false, Lower::LongSkirt) => (person.lower_colour.material, 0.18),
            _ => return,
        };
        let sway = 0.02 * self.pose.stride * self.pose.phase.sin();
        let top = self.half(0.155 * self.girth, 0.115 * self.girth) * s;
        let flare = self.half(0.245, 0.225) * s * (0.75 + 0.25 * self.girth);
        let axis = self.project(0.0, 0.98 * s, 0.0).0.0;
        let middle = (0.98 + hem) / 2.0;
        let outline = tube(&[
            (axis, 0.98 * s, top),
            (axis, 0.88 * s, top * 1.18),
            (axis + sway, middle * s, (top * 1.18 + flare) / 2.0),
            (axis + 2.0 * sway, hem * s, flare),
        ]);
        let print = if person.wears_dress() { self.print((axis, 0.75 * s)) } else { None };
        self.push(outline, material, 0.13).print = print;
        for fold in [-0.45f32, 0.1, 0.55] {
            let points = vec![
                (axis + fold * top, 0.86 * s),
                (axis + 2.0 * sway + fold * flare, (hem + 0.03) * s),
            ];
            self.stroke(points, 0.008, darker(material, 0.72), 0.131);
        }
    }
}

//! Arms and hands.

use super::shapes::{capsule, ellipse};
use super::skeleton::Builder;
use crate::person::{Pattern, Upper};
use std::f32::consts::PI;

impl Builder<'_> {
    pub(super) fn arms(&mut self) {
        let person = self.person;
        let s = self.scale;
        let g = self.girth;
        for side in [-1.0f32, 1.0] {
            let swing = 0.75
                * self.pose.stride
                * (self.pose.phase + if side > 0.0 { 0.0 } else { PI }).sin();
            let x = side * 0.190 * s * g;
            let out = side * 0.045 * s;
            let elbow = (x + out, 1.42 * s - 0.28 * s * swing.cos(), 0.28 * s * swing.sin());
            let fore = swing + self.pose.elbow;
            let hand =
                (x + out * 1.2, elbow.1 - 0.25 * s * fore.cos(), elbow.2 + 0.25 * s * fore.sin());
            let (shoulder, near) = self.project(x, 1.415 * s, 0.0);
            let (elbow_p, elbow_depth) = self.project(elbow.0, elbow.1, elbow.2);
            let (hand_p, hand_depth) = self.project(hand.0, hand.1, hand.2);
            // An arm at the near side hides the torso, one at the far side is hidden by it.
            let depth = if near.abs() < 0.05 { 0.12 + 0.02 * self.facing() } else { near + 0.12 };
            let thick = match person.upper {
                Upper::Hoodie | Upper::Jacket => 1.25,
                Upper::Coat => 1.32,
                _ => 1.0,
            } * (0.6 + 0.4 * g)
                * s;
            let cloth = person.upper_colour.material;
            let (upper, lower) = match person.upper {
                Upper::TankTop => (person.skin, person.skin),
                Upper::TShirt | Upper::Dress => (cloth, person.skin),
                _ => (cloth, cloth),
            };
            self.push(
                ellipse(hand_p, 0.036 * s, 0.044 * s),
                person.skin,
                depth + 0.3 * hand_depth.max(0.0),
            );
            let print = if upper == cloth
                && !matches!(person.upper, Upper::Jacket | Upper::Coat)
                && person.pattern != Pattern::Logo
            {
                self.print(elbow_p)
            } else {
                None
            };
            let (upper_width, fore_width) =
                if lower == person.skin { (0.062, 0.040) } else { (0.056, 0.048) };
            self.push(
                capsule(elbow_p, hand_p, fore_width * thick, 0.036 * thick),
                lower,
                depth + 0.001 + 0.3 * elbow_depth.max(0.0),
            )
            .print = print.filter(|_| lower == cloth);
            self.push(
                capsule(shoulder, elbow_p, upper_width * thick, (upper_width - 0.008) * thick),
                upper,
                depth + 0.002,
            )
            .print = print;
            if side > 0.0 {
                self.carried(hand_p, depth);
            }
        }
    }
}

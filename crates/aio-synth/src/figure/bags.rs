//! What is carried.

use super::Point;
use super::shapes::{DARK, METAL, arc, darker, ellipse, tube};
use super::skeleton::Builder;
use crate::person::Bag;
use std::f32::consts::PI;

impl Builder<'_> {
    pub(super) fn carried(&mut self, hand: Point, depth: f32) {
        let s = self.scale;
        let cloth = self.person.bag_colour.material;
        match self.person.bag {
            Bag::Handbag => {
                let (x, y) = (hand.0, hand.1 - 0.05 * s);
                self.stroke(
                    arc((x, y - 0.03 * s), 0.06 * s, 0.085 * s, 0.0, PI),
                    0.014,
                    darker(cloth, 0.7),
                    depth + 0.05,
                );
                let w = self.half(0.07, 0.15) * s;
                self.push(
                    tube(&[(x, y - 0.03 * s, w), (x, y - 0.2 * s, w * 1.15)]),
                    cloth,
                    depth + 0.051,
                );
                self.push(ellipse((x, y - 0.07 * s), 0.016, 0.016), METAL, depth + 0.052).detail =
                    true;
            }
            Bag::Suitcase => {
                let (x, top) = (hand.0 + 0.12 * s * self.facing().signum(), 0.60 * s);
                self.stroke(vec![hand, (x, 0.86 * s), (x, top)], 0.018, DARK, depth + 0.05);
                let w = self.half(0.12, 0.20) * s;
                self.push(tube(&[(x, top, w), (x, 0.09 * s, w)]), cloth, depth + 0.051);
                for y in [0.46, 0.32, 0.2] {
                    self.stroke(
                        vec![(x - w, y * s), (x + w, y * s)],
                        0.010,
                        darker(cloth, 0.6),
                        depth + 0.052,
                    );
                }
                for side in [-0.7, 0.7] {
                    self.push(
                        ellipse((x + side * w, 0.05 * s), 0.03 * s, 0.035 * s),
                        DARK,
                        depth + 0.05,
                    );
                }
            }
            Bag::ShoulderBag => {
                let (hip, hip_depth) = self.project(0.21 * s * self.girth, 0.90 * s, 0.03);
                let strap = darker(cloth, 0.75);
                let opposite = self.project(-0.10 * s, 1.45 * s, 0.04).0;
                self.stroke(vec![opposite, hip], 0.028, strap, 0.145);
                let w = self.half(0.075, 0.145) * s;
                let near = 0.16 + 0.2 * hip_depth;
                self.push(
                    tube(&[(hip.0, hip.1 + 0.05 * s, w), (hip.0, hip.1 - 0.15 * s, w * 1.05)]),
                    cloth,
                    near,
                );
                self.push(
                    tube(&[(hip.0, hip.1 + 0.05 * s, w), (hip.0, hip.1 - 0.03 * s, w)]),
                    darker(cloth, 0.85),
                    near + 0.001,
                )
                .detail = true;
            }
            Bag::Backpack => {
                let (centre, back) = self.project(0.0, 1.22 * s, -0.17 * s);
                let w = self.half(0.155, 0.095) * s;
                let levels = [
                    (centre.0, 1.43 * s, w * 0.72),
                    (centre.0, 1.38 * s, w),
                    (centre.0, 1.06 * s, w),
                    (centre.0, 1.0 * s, w * 0.9),
                ];
                let depth = back * 1.2 + 0.12;
                self.push(tube(&levels), cloth, depth);
                if self.facing() < 0.0 {
                    let pocket = [(centre.0, 1.2 * s, w * 0.7), (centre.0, 1.05 * s, w * 0.7)];
                    self.push(tube(&pocket), darker(cloth, 0.8), depth + 0.001).detail = true;
                }
                if self.facing() > -0.2 {
                    for side in [-1.0, 1.0] {
                        let top = self.project(side * 0.10 * s, 1.46 * s, 0.05).0;
                        let low = self.project(side * 0.125 * s * self.girth, 1.12 * s, 0.10).0;
                        self.stroke(vec![top, low], 0.034, darker(cloth, 0.85), 0.142);
                    }
                }
            }
            Bag::None => {}
        }
    }
}

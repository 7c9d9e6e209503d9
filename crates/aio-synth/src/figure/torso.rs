//! The upper garment.

use super::shapes::{METAL, SOLE, arc, darker, ellipse, tube};
use super::skeleton::Builder;
use super::{Point, Print};
use crate::person::{Presentation, Upper};
use std::f32::consts::{PI, TAU};

impl Builder<'_> {
    pub(super) fn torso(&mut self) {
        let person = self.person;
        let s = self.scale;
        let g = self.girth;
        let waist = if person.presentation == Presentation::Woman { 0.130 } else { 0.150 };
        let loose = match person.upper {
            Upper::Hoodie | Upper::Jacket => 1.12,
            Upper::Coat => 1.16,
            Upper::TankTop => 0.94,
            _ => 1.0,
        };
        let (hem, hem_wide) = match person.upper {
            Upper::Coat => (0.50, 0.23),
            Upper::Jacket => (0.86, 0.175),
            Upper::Hoodie => (0.84, 0.172),
            Upper::Dress => (0.92, 0.150),
            _ => (0.87, 0.160),
        };
        let axis = |b: &Self, y: f32| b.project(0.0, y * s, 0.0).0.0;
        let level = |b: &Self, y: f32, wide: f32, deep: f32| {
            (axis(b, y), y * s, b.half(wide * g * loose, deep * g * loose) * s)
        };
        let levels = [
            level(self, 1.475, 0.075, 0.065),
            level(self, 1.445, 0.165, 0.095),
            level(self, 1.38, 0.190, 0.120),
            level(self, 1.25, 0.180, 0.130),
            level(self, 1.08, waist, 0.112),
            level(self, 0.95, waist + 0.022, 0.120),
            level(self, hem, hem_wide, 0.135),
        ];
        let cloth = person.upper_colour.material;
        let centre = (axis(self, 1.28), 1.28 * s);
        let open = matches!(person.upper, Upper::Jacket | Upper::Coat) && self.facing() > 0.3;
        let print = if matches!(person.upper, Upper::Jacket | Upper::Coat) {
            None
        } else {
            self.print(centre)
        };
        self.push(tube(&levels), cloth, 0.0 + 0.10).print = print;
        let front = self.pose.yaw.sin() * 0.12 * s;
        if open {
            // A wedge of the garment underneath shows between the open fronts.
            let (x, y) = (centre.0 + front, centre.1);
            let wedge = vec![
                (x - 0.055 * s, 1.46 * s),
                (x + 0.055 * s, 1.46 * s),
                (x + 0.065 * s, y - 0.2 * s),
                (x + 0.035 * s, (hem + 0.02) * s),
                (x - 0.035 * s, (hem + 0.02) * s),
                (x - 0.065 * s, y - 0.2 * s),
            ];
            let inner = self.print(centre);
            let material = person.second_colour.material;
            let part = self.push(wedge, material, 0.11);
            part.print = inner.map(|p| Print { material: cloth, ..p });
            for side in [-1.0, 1.0] {
                let lapel = vec![
                    (x + side * 0.055 * s, 1.47 * s),
                    (x + side * 0.105 * s, 1.33 * s),
                    (x + side * 0.064 * s, 1.22 * s),
                ];
                self.push(lapel, darker(cloth, 0.8), 0.112).detail = true;
            }
        } else if self.facing() > 0.2 {
            self.front_details(centre, front, hem);
        }
        if person.upper == Upper::Hoodie {
            let hood = ellipse(
                (axis(self, 1.47) - self.pose.yaw.sin() * 0.06 * s, 1.465 * s),
                self.half(0.125, 0.10) * s,
                0.055 * s,
            );
            let depth = if self.facing() > 0.0 { 0.02 } else { 0.16 };
            self.push(hood, darker(cloth, 0.88), depth);
        }
        if person.upper == Upper::Shirt || person.upper == Upper::TShirt {
            let belt = level(self, hem + 0.015, hem_wide, 0.13);
            self.stroke(
                vec![(belt.0 - belt.2, belt.1), (belt.0 + belt.2, belt.1)],
                0.014,
                darker(cloth, 0.7),
                0.111,
            );
        }
    }

    fn front_details(&mut self, centre: Point, front: f32, hem: f32) {
        let s = self.scale;
        let cloth = self.person.upper_colour.material;
        let x = centre.0 + front;
        match self.person.upper {
            Upper::Shirt => {
                self.stroke(
                    vec![(x, 1.44 * s), (x, (hem + 0.02) * s)],
                    0.010,
                    darker(cloth, 0.6),
                    0.112,
                );
                for side in [-1.0, 1.0] {
                    let collar = vec![
                        (x, 1.42 * s),
                        (x + side * 0.07 * s, 1.485 * s),
                        (x + side * 0.075 * s, 1.425 * s),
                    ];
                    self.push(collar, darker(cloth, 0.9), 0.113).detail = true;
                }
            }
            Upper::Hoodie => {
                let pocket = vec![
                    (x - 0.09 * s, 0.93 * s),
                    (x - 0.06 * s, 1.05 * s),
                    (x + 0.06 * s, 1.05 * s),
                    (x + 0.09 * s, 0.93 * s),
                ];
                self.push(pocket, darker(cloth, 0.82), 0.112).detail = true;
                for side in [-0.02, 0.02] {
                    self.stroke(
                        vec![(x + side * s, 1.42 * s), (x + side * 1.4 * s, 1.28 * s)],
                        0.009,
                        SOLE,
                        0.113,
                    );
                }
            }
            Upper::TShirt | Upper::TankTop | Upper::Dress => {
                let deep = if self.person.upper == Upper::TShirt { 0.045 } else { 0.085 };
                let neck = arc((x, 1.475 * s), 0.062 * s, deep * s, PI, TAU);
                self.push(neck, self.person.skin, 0.112).detail = true;
            }
            Upper::Jacket | Upper::Coat => {
                self.stroke(vec![(x, 1.45 * s), (x, (hem + 0.03) * s)], 0.012, METAL, 0.112);
            }
        }
    }
}

//! A person in a pose as outlined parts, in metres.
//!
//! The skeleton is three-dimensional (x to the person's left, y up from the ground, z forward); parts are
//! projected for the viewing direction and ordered from far to near. The same parts are painted as a
//! photograph, an infrared photograph or a drawing, so all modalities of a person agree in shape.

use super::person::{Bag, Build, Hair, Hat, Lower, Material, Pattern, Person, Shoes, Upper};
use std::f32::consts::{PI, TAU};

/// A point of the figure plane: metres to the right of the body's axis, metres above the ground.
pub type Point = (f32, f32);

/// How the person stands relative to the camera.
#[derive(Debug, Clone, Copy)]
pub struct Pose {
    /// Viewing direction in radians: 0 faces the camera, π shows the back.
    pub yaw: f32,
    /// Phase of the walking cycle in radians.
    pub phase: f32,
    /// Swing of the legs in radians; 0 stands still.
    pub stride: f32,
    /// Bend of the elbows in radians.
    pub elbow: f32,
    /// Sideways lean of the upper body, in metres at the shoulders.
    pub lean: f32,
}

/// Fabric pattern on a part.
#[derive(Debug, Clone, Copy)]
pub struct Print {
    /// Its kind.
    pub kind: Pattern,
    /// What its second colour is made of.
    pub material: Material,
    /// Period in metres.
    pub period: f32,
    /// Centre of the part, where a logo sits.
    pub centre: Point,
}

/// One visible piece.
#[derive(Debug, Clone)]
pub struct Part {
    /// Closed outline, or an open polyline where `line` is set.
    pub outline: Vec<Point>,
    /// Width in metres of a part that is a line.
    pub line: Option<f32>,
    /// What it is made of.
    pub material: Material,
    /// Fabric pattern, if any.
    pub print: Option<Print>,
    /// Order from far (small) to near.
    depth: f32,
    /// Whether a hurried artist may leave it out.
    pub detail: bool,
}

/// A person in a pose.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Parts from far to near.
    pub parts: Vec<Part>,
    /// Height in metres from the ground to the top of the head.
    pub height: f32,
}

struct Builder<'a> {
    person: &'a Person,
    pose: Pose,
    parts: Vec<Part>,
    /// Body scale relative to the reference height of 1.75 m.
    scale: f32,
    /// Body width relative to the average.
    girth: f32,
}

const DARK: Material = Material { rgb: [0.10, 0.09, 0.10], infrared: 0.12 };
const METAL: Material = Material { rgb: [0.70, 0.70, 0.72], infrared: 0.55 };
const SOLE: Material = Material { rgb: [0.86, 0.85, 0.83], infrared: 0.60 };

fn darker(material: Material, factor: f32) -> Material {
    Material { rgb: material.rgb.map(|c| c * factor), infrared: material.infrared * factor }
}

/// Outline of two circles and what lies between them.
fn capsule(a: Point, b: Point, ra: f32, rb: f32) -> Vec<Point> {
    let angle = (b.1 - a.1).atan2(b.0 - a.0);
    let arc = |centre: Point, radius: f32, from: f32| {
        (0..=6).map(move |i| {
            let t = from + PI * i as f32 / 6.0;
            (centre.0 + radius * t.cos(), centre.1 + radius * t.sin())
        })
    };
    arc(b, rb, angle - PI / 2.0).chain(arc(a, ra, angle + PI / 2.0)).collect()
}

fn ellipse(centre: Point, rx: f32, ry: f32) -> Vec<Point> {
    arc(centre, rx, ry, 0.0, TAU)
}

fn arc(centre: Point, rx: f32, ry: f32, from: f32, to: f32) -> Vec<Point> {
    (0..20)
        .map(|i| {
            let t = from + (to - from) * i as f32 / 19.0;
            (centre.0 + rx * t.cos(), centre.1 + ry * t.sin())
        })
        .collect()
}

/// Outline around a vertical axis given as (x, y, half width) from top to bottom.
fn tube(levels: &[(f32, f32, f32)]) -> Vec<Point> {
    let right = levels.iter().map(|l| (l.0 + l.2, l.1));
    let left = levels.iter().rev().map(|l| (l.0 - l.2, l.1));
    right.chain(left).collect()
}

impl Builder<'_> {
    /// Projects a joint: the point on the figure plane, and how near it is.
    fn project(&self, x: f32, y: f32, z: f32) -> (Point, f32) {
        let (sin, cos) = self.pose.yaw.sin_cos();
        let lean = self.pose.lean * ((y / self.scale - 0.9) / 0.55).clamp(0.0, 1.3);
        ((x * cos + z * sin + lean, y), z * cos - x * sin)
    }

    /// Half width of an elliptic cross-section seen from the pose's direction.
    fn half(&self, wide: f32, deep: f32) -> f32 {
        let (sin, cos) = self.pose.yaw.sin_cos();
        ((wide * cos).powi(2) + (deep * sin).powi(2)).sqrt()
    }

    fn push(&mut self, outline: Vec<Point>, material: Material, depth: f32) -> &mut Part {
        self.parts.push(Part { outline, line: None, material, print: None, depth, detail: false });
        let last = self.parts.len() - 1;
        &mut self.parts[last]
    }

    fn stroke(&mut self, points: Vec<Point>, width: f32, material: Material, depth: f32) {
        self.parts.push(Part {
            outline: points,
            line: Some(width),
            material,
            print: None,
            depth,
            detail: true,
        });
    }

    fn facing(&self) -> f32 {
        self.pose.yaw.cos()
    }

    fn legs(&mut self) {
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

    fn print(&self, centre: Point) -> Option<Print> {
        let person = self.person;
        if person.pattern == Pattern::Plain
            || (person.pattern == Pattern::Logo && self.facing() < 0.25)
        {
            return None;
        }
        let period = 0.07 + 0.08 * person.pattern_scale;
        Some(Print {
            kind: person.pattern,
            material: person.second_colour.material,
            period,
            centre,
        })
    }

    fn torso(&mut self) {
        let person = self.person;
        let s = self.scale;
        let g = self.girth;
        let waist =
            if person.presentation == super::person::Presentation::Woman { 0.130 } else { 0.150 };
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

    fn arms(&mut self) {
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

    fn carried(&mut self, hand: Point, depth: f32) {
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

    fn head(&mut self) {
        let person = self.person;
        let s = 0.5 + 0.5 * self.scale;
        let top = self.scale;
        let (neck, _) = self.project(0.0, 1.47 * top, 0.0);
        let (face, _) = self.project(0.0, 1.615 * top, 0.015);
        let (sin, cos) = self.pose.yaw.sin_cos();
        let hair = person.hair_colour.material;
        let rx = self.half(0.086, 0.104) * s;
        let ry = 0.122 * s;
        self.push(
            capsule((neck.0, neck.1 - 0.02), (face.0, face.1 - 0.06), 0.052 * s, 0.050 * s),
            person.skin,
            0.105,
        );
        let away = (face.0 - sin * 0.035 * s, face.1);
        let behind = if cos > 0.0 { 0.095 } else { 0.152 };
        match person.hair {
            Hair::Long => {
                let fall = tube(&[
                    (away.0, face.1 + 0.10 * s, rx * 0.8),
                    (away.0, face.1 + 0.02 * s, rx * 1.16),
                    (away.0, face.1 - 0.16 * s, rx * 1.25),
                    (away.0, face.1 - 0.27 * s, rx * 1.05),
                ]);
                self.push(fall, hair, behind);
            }
            Hair::Ponytail => {
                let root = (face.0 - sin * 0.12 * s, face.1 + 0.05 * s);
                let tip = (face.0 - sin * 0.17 * s + 0.02, face.1 - 0.22 * s);
                self.push(capsule(root, tip, 0.045 * s, 0.028 * s), hair, behind + 0.002);
            }
            Hair::Bun => {
                self.push(
                    ellipse((face.0 - sin * 0.10 * s, face.1 + 0.115 * s), 0.055 * s, 0.05 * s),
                    hair,
                    behind + 0.002,
                );
            }
            Hair::Curly => {
                self.push(
                    ellipse((away.0, face.1 + 0.035 * s), rx * 1.48, ry * 1.22),
                    hair,
                    if cos > 0.0 { 0.10 } else { 0.152 },
                );
            }
            Hair::Short | Hair::Bald => {}
        }
        self.push(ellipse(face, rx, ry), person.skin, 0.145);
        if cos > 0.15 {
            self.face(face, rx, s);
        }
        if person.hair != Hair::Bald {
            // From the front the hair is a cap above the forehead; it comes down as the head turns away.
            let low = if cos > 0.0 { 0.45 - 0.35 * (1.0 - cos) } else { 0.10 - 0.55 * -cos };
            let start = low.asin();
            let cap = arc(
                (face.0 - sin * 0.018 * s, face.1 + 0.006),
                rx * 1.1,
                ry * 1.1,
                start,
                PI - start,
            );
            self.push(cap, hair, 0.15);
        }
        self.hat(face, rx, ry, s);
        if let Some(scarf) = person.scarf {
            let wrap = ellipse((neck.0, 1.475 * top), self.half(0.10, 0.095) * s, 0.045 * s);
            self.push(wrap, scarf.material, 0.148);
            let end = self.project(0.04, 1.44 * top, 0.11).0;
            if cos > 0.0 {
                self.push(
                    capsule(end, (end.0 + 0.01, end.1 - 0.22 * s), 0.035 * s, 0.04 * s),
                    scarf.material,
                    0.147,
                );
            }
        }
    }

    fn face(&mut self, face: Point, rx: f32, s: f32) {
        let (sin, cos) = self.pose.yaw.sin_cos();
        let shift = sin * rx * 0.75;
        let eye = 0.036 * s * cos;
        for side in [-1.0, 1.0] {
            let x = face.0 + shift + side * eye;
            self.push(ellipse((x, face.1 + 0.012 * s), 0.010 * s, 0.008 * s), DARK, 0.146).detail =
                true;
            if self.person.glasses {
                let ring = ellipse((x, face.1 + 0.012 * s), 0.028 * s * cos.max(0.5), 0.022 * s);
                self.stroke(ring, 0.011, DARK, 0.147);
            }
        }
        if self.person.glasses {
            self.stroke(
                vec![
                    (face.0 + shift - eye, face.1 + 0.014 * s),
                    (face.0 + shift + eye, face.1 + 0.014 * s),
                ],
                0.010,
                DARK,
                0.147,
            );
        }
        let skin = darker(self.person.skin, 0.72);
        self.stroke(
            vec![(face.0 + shift, face.1), (face.0 + shift + 0.008 * s, face.1 - 0.03 * s)],
            0.007,
            skin,
            0.146,
        );
        let mouth = [
            (face.0 + shift - 0.02 * s, face.1 - 0.062 * s),
            (face.0 + shift + 0.02 * s, face.1 - 0.062 * s),
        ];
        self.stroke(
            mouth.to_vec(),
            0.010,
            Material { rgb: [0.55, 0.25, 0.24], infrared: 0.45 },
            0.146,
        );
    }

    fn hat(&mut self, face: Point, rx: f32, ry: f32, s: f32) {
        let (sin, cos) = self.pose.yaw.sin_cos();
        let cloth = self.person.hat_colour.material;
        match self.person.hat {
            Hat::None => {}
            Hat::Beanie => {
                let dome = arc((face.0, face.1 + 0.035 * s), rx * 1.16, ry * 1.05, 0.0, PI);
                self.push(dome, cloth, 0.155);
                let rim = tube(&[
                    (face.0, face.1 + 0.068 * s, rx * 1.17),
                    (face.0, face.1 + 0.028 * s, rx * 1.17),
                ]);
                self.push(rim, darker(cloth, 0.8), 0.156);
            }
            Hat::Cap => {
                let dome = arc((face.0, face.1 + 0.045 * s), rx * 1.13, ry * 0.88, 0.0, PI);
                self.push(dome, cloth, 0.155);
                let brim = (face.0 + sin * rx * 1.25, face.1 + (0.052 - 0.018 * cos.max(0.0)) * s);
                if cos > -0.3 {
                    self.push(
                        ellipse(brim, rx * (0.55 + 0.35 * cos.abs()), 0.022 * s),
                        darker(cloth, 0.75),
                        0.157,
                    );
                }
            }
            Hat::SunHat => {
                let dome = arc((face.0, face.1 + 0.06 * s), rx * 1.05, ry * 0.8, 0.0, PI);
                self.push(
                    ellipse((face.0, face.1 + 0.062 * s), rx * 2.1, 0.036 * s),
                    darker(cloth, 0.88),
                    0.155,
                );
                self.push(dome, cloth, 0.156);
                self.stroke(
                    vec![
                        (face.0 - rx * 1.05, face.1 + 0.078 * s),
                        (face.0 + rx * 1.05, face.1 + 0.078 * s),
                    ],
                    0.022,
                    darker(cloth, 0.5),
                    0.157,
                );
            }
        }
    }
}

/// Builds the parts of `person` in `pose`, ordered from far to near.
#[must_use]
pub fn figure(person: &Person, pose: Pose) -> Figure {
    let scale = person.height / 1.75;
    let girth = match person.build {
        Build::Slim => 0.86,
        Build::Average => 1.0,
        Build::Heavy => 1.28,
    };
    let mut builder = Builder { person, pose, parts: Vec::new(), scale, girth };
    builder.legs();
    builder.torso();
    builder.arms();
    builder.head();
    let mut parts = builder.parts;
    parts.sort_by(|a, b| a.depth.total_cmp(&b.depth));
    Figure { parts, height: 1.76 * scale }
}

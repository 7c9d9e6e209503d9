//! Head, face, hair, hat and scarf.

use super::Point;
use super::shapes::{DARK, arc, capsule, darker, ellipse, tube};
use super::skeleton::Builder;
use crate::person::{Hair, Hat, Material};
use std::f32::consts::PI;

impl Builder<'_> {
    pub(super) fn head(&mut self) {
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

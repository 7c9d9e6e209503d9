//! What is around the neck: collars, hoods, lapels, scarves.

use super::cut::Cut;
use super::frame::mix;
use super::garment::Tailor;
use super::mesh::Grid;
use super::paint::Part;
use crate::street::person::Look;
use crate::street::texture::Piece;
use std::f32::consts::TAU;

impl Tailor<'_> {
    /// Adds the collar of a garment that is `gap` radians open to both sides.
    pub(super) fn collar(&mut self, cut: &Cut, look: &Look, gap: f32) {
        if !cut.hood && cut.collar <= 0.0 {
            return;
        }
        let part = self.piece(look, Piece::Trim);
        let neck = self.trunk.form.neck();
        let chest = self.trunk.skeleton.chest;
        let base = 0.085 * self.trunk.skeleton.bones.trunk;
        if cut.hood {
            // A roll behind and beside the neck.
            let (rows, columns) = (11, 23);
            self.mesh.grid(Grid { rows, columns, closed: false, part }, |i, j| {
                let angle = mix(0.12, 0.88, j as f32 / (columns - 1) as f32) * TAU;
                let back = 0.5 - 0.5 * angle.cos();
                let (s, c) = (TAU * i as f32 / (rows - 1) as f32).sin_cos();
                let thick = mix(0.006, 0.055, back * back);
                let out = neck + 0.012 + thick + thick * c;
                let drop = 0.035 * back * back;
                let p = [
                    out * angle.sin(),
                    base + 0.018 + thick * s - drop,
                    out * 1.1 * angle.cos() - 0.012,
                ];
                Some((chest.at(p), [0.1 * angle, 0.02 * i as f32], 0.9))
            });
        }
        let high = cut.collar;
        if high <= 0.0 {
            return;
        }
        let (rows, columns) = (5, 23);
        let closed = gap <= 0.0;
        self.mesh.grid(Grid { rows, columns, closed, part }, |i, j| {
            let share = j as f32 / (columns - 1) as f32;
            let angle = TAU * if closed { share } else { mix(gap / TAU, 1.0 - gap / TAU, share) };
            let t = i as f32 / (rows - 1) as f32;
            let front = 0.5 + 0.5 * angle.cos();
            let r = neck * 1.06 + cut.ease * 0.3 + mix(0.020, 0.005, t);
            let up = base - 0.012 + high * t * (1.0 - 0.35 * front) - 0.018 * front;
            let p = [r * angle.sin(), up, 1.08 * r * angle.cos() + 0.004];
            Some((chest.at(p), [0.07 * angle, -0.05 + 0.04 * t], mix(1.0, 0.85, t)))
        });
    }

    /// Adds a scarf around the neck with one end in front.
    pub(super) fn scarf(&mut self, colour: [f32; 3], ease: f32) {
        let part = self.part(Part::thing(colour, 0.0));
        let neck = self.trunk.form.neck();
        let (chest, long) = (self.trunk.skeleton.chest, self.trunk.skeleton.bones.trunk);
        let (rows, columns) = (11, 25);
        self.mesh.grid(Grid { rows, columns, closed: true, part }, |i, j| {
            let angle = TAU * j as f32 / (columns - 1) as f32;
            let (s, c) = (TAU * i as f32 / (rows - 1) as f32).sin_cos();
            let thick = 0.030 + 0.006 * (3.0 * angle).sin();
            let out = neck + 0.022 + 0.4 * ease + thick * (1.0 + c) * 0.8;
            let front = 0.5 + 0.5 * angle.cos();
            let p = [
                out * angle.sin(),
                0.10 * long + 1.2 * thick * s - 0.025 * front,
                out * 1.1 * angle.cos(),
            ];
            Some((chest.at(p), [0.1 * angle, 0.02 * i as f32], 0.9))
        });
        let (rows, columns) = (9, 7);
        let trunk = self.trunk;
        self.mesh.grid(Grid { rows, columns, closed: false, part }, |i, j| {
            let h = mix(1.02, 0.45, i as f32 / (rows - 1) as f32);
            let across = j as f32 / (columns - 1) as f32 - 0.5;
            let x = 0.03 + 0.12 * across;
            let (frame, section) = trunk.ring(h, 0.2);
            let z = section.depth(x, true, ease + 0.022) + 0.012 * (12.0 * across).cos();
            Some((frame.at([x, 0.0, z.max(0.07)]), [x, h * 0.5], 1.0))
        });
    }
}

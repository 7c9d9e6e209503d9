//! What surfaces of a place look like: colour, near-infrared reflectance and glow at a point given in metres.

use super::noise::{cell, fade, noise, rough};
use std::f32::consts::TAU;

/// What a kind of surface is made of. Lengths are metres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Asphalt or concrete: grain, patches, cracks.
    Grainy,
    /// Tiles, slabs or bricks of a size (rows, columns), every second row shifted by a share of the width.
    Tiled {
        /// Height and width of a tile.
        size: (f32, f32),
        /// Shift of every second row, in widths.
        shift: f32,
        /// Width of the joint.
        joint: f32,
        /// How much tiles differ.
        variety: f32,
    },
    /// Grass or earth.
    Lawn,
    /// Plaster, with dirt at the foot.
    Plaster,
    /// Windows in a wall, of a size (rows, columns); the share of the frame; the share that is lit at night.
    Windows {
        /// Height and width of a window with its share of the wall.
        size: (f32, f32),
        /// Share of the wall between windows.
        frame: f32,
        /// Share that is lit.
        lit: f32,
    },
    /// Corrugation or planks with a period; `upright` planks run upwards.
    Ribbed {
        /// Distance of two ribs.
        period: f32,
        /// Whether the ribs run upwards.
        upright: bool,
    },
    /// Leaves.
    Leaves,
    /// A coloured board with blocks and lines of something like text.
    Board,
    /// Even paint.
    Paint,
    /// A lamp.
    Lamp,
}

/// A material: a kind, two colours and a seed of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surface {
    /// The pattern.
    pub kind: Kind,
    /// Main colour, linear.
    pub base: [f32; 3],
    /// Colour of joints, panes, blocks.
    pub second: [f32; 3],
    /// Near-infrared reflectance of the main colour.
    pub infrared: f32,
    /// Share of mirrored light.
    pub gloss: f32,
    /// Seed of its noise.
    pub seed: u32,
}

/// A point of a surface.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Linear colour.
    pub albedo: [f32; 3],
    /// Near-infrared reflectance.
    pub infrared: f32,
    /// Share of mirrored light.
    pub gloss: f32,
    /// Own light, as a share of what a lit room emits.
    pub glow: f32,
}

impl Surface {
    /// The look at `(u, v)` for a sample of `footprint` metres.
    #[must_use]
    pub fn look(&self, u: f32, v: f32, footprint: f32) -> Look {
        let s = self.seed;
        let mut look =
            Look { albedo: self.base, infrared: self.infrared, gloss: self.gloss, glow: 0.0 };
        let dirt = rough(u, v, 2.7, 3, footprint, s);
        match self.kind {
            Kind::Grainy => {
                let grain = 0.5 * fade(0.05, footprint) * (noise(u * 42.0, v * 42.0, s ^ 9) - 0.5);
                let patch = if noise(u * 0.35, v * 0.21, s ^ 4) > 0.68 { -0.22 } else { 0.0 };
                let crack = noise(u * 0.5, v * 0.5, s ^ 23) > 0.6
                    && rough(u, v, 1.9, 3, footprint, s ^ 17).abs() < 0.006;
                look.scale(1.0 + 0.5 * dirt + grain + patch);
                if crack {
                    look.scale(0.55);
                }
            }
            Kind::Tiled { size, shift, joint, variety } => {
                let row = (v / size.0).floor();
                let along = u / size.1 + if row as i32 & 1 == 1 { shift } else { 0.0 };
                let column = along.floor();
                let edge = |f: f32, length: f32| f.min(1.0 - f) * length;
                let inside = edge(v / size.0 - row, size.0).min(edge(along - column, size.1));
                let seen = fade(size.0.min(size.1), footprint);
                let tint = variety * seen * (cell(column as i32, row as i32, s) - 0.5);
                look.scale(1.0 + tint + 0.35 * dirt);
                // Where a sample is wider than a joint, the joint darkens its share of the sample.
                let wide = footprint.max(joint);
                let share = if inside < 0.5 * wide { joint / wide } else { 0.0 };
                look.blend(self.second, 0.25, share * seen.max(0.3));
            }
            Kind::Lawn => {
                let blades = 0.9 * rough(u, v, 0.22, 3, footprint, s ^ 3);
                let worn = noise(u * 0.3, v * 0.3, s ^ 8);
                look.scale(1.0 + blades + 0.4 * dirt);
                look.blend(self.second, 0.35, ((worn - 0.62) * 5.0).clamp(0.0, 0.9));
            }
            Kind::Plaster => {
                let foot =
                    (1.0 - v / 0.8).clamp(0.0, 1.0) * (0.12 + 0.5 * noise(u * 2.0, v, s ^ 2));
                let streak = 0.12 * (noise(u * 5.0, v * 0.4, s ^ 6) - 0.5) * fade(0.2, footprint);
                look.scale(1.0 + 0.22 * dirt + streak - 0.5 * foot);
            }
            Kind::Windows { size, frame, lit } => self.pane(&mut look, (u, v), size, (frame, lit)),
            Kind::Ribbed { period, upright } => {
                let across = if upright { u } else { v };
                let i = (across / period).floor();
                let phase = across / period - i;
                let seen = fade(period, footprint);
                let shade =
                    0.35 * (phase * TAU).cos() * seen + 0.12 * (cell(i as i32, 5, s) - 0.5) * seen;
                look.scale(1.0 + shade + 0.25 * dirt);
            }
            Kind::Leaves => {
                let clump = 1.1 * rough(u, v, 0.45, 3, footprint, s ^ 11);
                let leaf = 0.8 * fade(0.07, footprint) * (noise(u * 22.0, v * 22.0, s) - 0.5);
                look.scale((1.0 + clump + leaf).max(0.15));
            }
            Kind::Board => self.board(&mut look, u, v, footprint),
            Kind::Paint => look.scale(1.0 + 0.12 * dirt),
            Kind::Lamp => look.glow = 1.0,
        }
        look
    }

    /// A window: frame, glass that mirrors the sky or shows a dark room, a blind, perhaps a lamp inside.
    fn pane(&self, look: &mut Look, at: (f32, f32), size: (f32, f32), (frame, lit): (f32, f32)) {
        let s = self.seed;
        let (column, row) = ((at.0 / size.1).floor(), (at.1 / size.0).floor());
        let (fu, fv) = (at.0 / size.1 - column, at.1 / size.0 - row);
        let (i, j) = (column as i32, row as i32);
        let border = 0.5 * frame;
        if fu < border || fu > 1.0 - border || fv < border || fv > 1.0 - border {
            look.scale(1.0 + 0.2 * rough(at.0, at.1, 1.5, 2, 0.01, s));
            return;
        }
        let bar = (fu - 0.5).abs() < 0.015 || (fv - 0.62).abs() < 0.012;
        let blind = fv > 1.0 - border - 0.7 * (cell(i, j, s ^ 1) - 0.4).max(0.0);
        let (colour, infrared, gloss) = match (bar, blind) {
            (true, _) => (self.base.map(|c| 0.7 * c), self.infrared, 0.1),
            (_, true) => ([0.5, 0.48, 0.42], 0.5, 0.05),
            _ => {
                let depth = 0.6 + 0.8 * noise(at.0 * 1.1, at.1 * 1.7, s ^ 3);
                (self.second.map(|c| c * depth), 0.05, 0.75)
            }
        };
        *look = Look { albedo: colour, infrared, gloss, glow: 0.0 };
        if cell(i, j, s ^ 2) < lit && !bar {
            look.glow = 0.5 + 0.5 * noise(at.0 * 2.0, at.1 * 2.0, s ^ 5);
        }
    }

    fn board(&self, look: &mut Look, u: f32, v: f32, footprint: f32) {
        let s = self.seed;
        let (i, j) = ((u / 0.55).floor(), (v / 0.4).floor());
        let pick = cell(i as i32, j as i32, s);
        if pick < 0.45 {
            let hue = |k: u32| 0.05 + 0.7 * cell(i as i32, j as i32, s ^ k);
            look.albedo = [hue(1), hue(2), hue(3)];
            look.infrared = hue(4);
        }
        let line = (v / 0.055).floor();
        let letters = noise(u * 28.0, line * 1.7, s ^ 6) > 0.45 && (v / 0.055 - line) > 0.4;
        if pick > 0.35 && letters {
            look.blend(self.second, 0.2, fade(0.055, footprint));
        }
    }
}

impl Look {
    fn scale(&mut self, factor: f32) {
        let factor = factor.max(0.1);
        self.albedo = self.albedo.map(|c| (c * factor).min(0.95));
        self.infrared = (self.infrared * (0.5 + 0.5 * factor)).min(0.95);
    }

    fn blend(&mut self, colour: [f32; 3], infrared: f32, share: f32) {
        for (own, other) in self.albedo.iter_mut().zip(colour) {
            *own += share * (other - *own);
        }
        self.infrared += share * (infrared - self.infrared);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall(kind: Kind) -> Surface {
        Surface {
            kind,
            base: [0.4, 0.2, 0.1],
            second: [0.05; 3],
            infrared: 0.4,
            gloss: 0.0,
            seed: 3,
        }
    }

    #[test]
    fn joints_lie_at_multiples_of_the_tile() {
        let brick = wall(Kind::Tiled { size: (0.1, 0.2), shift: 0.5, joint: 0.02, variety: 0.0 });
        let dark = |u, v| brick.look(u, v, 0.001).albedo[0] < 0.1;
        assert!(dark(0.2, 0.05) && dark(0.05, 0.1), "joints");
        assert!(!dark(0.1, 0.05), "middle of the first row");
        assert!(dark(0.1, 0.15), "the second row is shifted by half a brick");
    }

    #[test]
    fn every_look_is_a_reflectance() {
        let kinds = [
            Kind::Grainy,
            Kind::Tiled { size: (0.3, 0.3), shift: 0.0, joint: 0.01, variety: 0.4 },
            Kind::Lawn,
            Kind::Plaster,
            Kind::Windows { size: (2.0, 1.4), frame: 0.3, lit: 0.3 },
            Kind::Ribbed { period: 0.1, upright: true },
            Kind::Leaves,
            Kind::Board,
            Kind::Paint,
            Kind::Lamp,
        ];
        for kind in kinds {
            for i in 0..500 {
                let look = wall(kind).look(i as f32 * 0.037, (i % 23) as f32 * 0.21, 0.01);
                let all = look.albedo.iter().chain([&look.infrared, &look.gloss, &look.glow]);
                assert!(all.clone().all(|v| (0.0..=1.0).contains(v)), "{kind:?} {look:?}");
            }
        }
    }
}

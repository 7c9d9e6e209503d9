//! What is worn on the upper body, over what the legs wear.

use super::cloth::Folds;
use super::cut::{Cut, outer_cut, top_cut, tucked};
use super::frame::{mix, step};
use super::limb::{Sleeve, sleeve};
use super::mesh::Mesh;
use super::paint::Part;
use super::trunk::{Shell, Trunk};
use crate::street::person::{Look, Outfit};
use crate::street::texture::Piece;

/// Adds garments of one body.
pub(super) struct Tailor<'a> {
    pub(super) trunk: Trunk<'a>,
    pub(super) mesh: &'a mut Mesh,
    pub(super) parts: &'a mut Vec<Part>,
    pub(super) skin: u16,
}

/// A part of each limb: left, then right.
pub(super) type Pair = [u16; 2];

/// Radii of a surface around a limb.
pub(super) type Radii<'a> = &'a dyn Fn(f32) -> [f32; 3];

impl Tailor<'_> {
    pub(super) fn part(&mut self, part: Part) -> u16 {
        self.parts.push(part);
        self.parts.len() as u16
    }

    pub(super) fn piece(&mut self, look: &Look, piece: Piece) -> u16 {
        self.part(Part::cloth(*look, piece))
    }

    /// Adds everything of `outfit` but the shoes, and returns how far the outermost shell is from the trunk.
    pub(super) fn dress(&mut self, outfit: &Outfit) -> f32 {
        let (top, look) = outfit.top;
        let mut cut = top_cut(top, &look);
        let inside = tucked(outfit, self.trunk.form.female > 0.5);
        if inside {
            cut.hem = 0.28;
            cut.ease = cut.ease.min(0.014);
        }
        let outer = outfit.outer.map(|(kind, look, open)| (outer_cut(kind, &look), look, open));
        if let Some((over, ..)) = &outer {
            // What is inside lies closer to the body.
            cut.ease = cut.ease.min(0.4 * over.ease);
            cut.fitted = cut.fitted.max(over.fitted);
            cut.flare = 0.0;
            cut.gathered = false;
        }
        // What hides the upper part of trousers, as a share of the trunk.
        let hem = outer.as_ref().map_or(cut.hem, |(over, ..)| over.hem.min(cut.hem));
        let over = (!inside || outer.is_some()).then_some(hem);
        self.bottom(outfit, hem, over, inside.then_some(cut.ease));
        let sleeved = outer.as_ref().map_or(0.0, |(over, ..)| over.sleeves);
        let covered = outer.as_ref().is_some_and(|(_, _, open)| !open);
        // What a closed coat hides from neck to hem is left out; what is longer shows below it.
        let shows = outer.as_ref().is_none_or(|(over, _, open)| *open || cut.hem < over.hem - 0.02);
        if shows {
            self.upper(&cut, &look, (0.0, 0.0), sleeved);
        }
        if cut.sleeves < 1.5 && sleeved < 1.5 {
            let form = self.trunk.form;
            let hem = (cut.sleeves > 0.0).then_some(cut.sleeves);
            self.arms([self.skin; 2], 2.04, &|s| form.arm(s), Folds::NONE, hem);
        }
        if !covered || cut.collar > 0.0 || cut.hood {
            self.collar(&cut, &look, 0.0);
        }
        let Some((cut, look, open)) = outer else { return cut.ease };
        let gap = if open {
            let wide = (look.seed >> 50 & 0xf) as f32 / 15.0;
            (0.25 + 0.55 * wide, 0.30 + 0.12 * wide)
        } else {
            (0.0, 0.0)
        };
        self.upper(&cut, &look, gap, 0.0);
        self.collar(&cut, &look, gap.1);
        cut.ease
    }

    /// Trunk and sleeves of a garment; sleeves that those of another garment hide (to the share `hidden`) are left out.
    fn upper(&mut self, cut: &Cut, look: &Look, open: (f32, f32), hidden: f32) {
        let closed = open.1 <= 0.0;
        let part = self.piece(look, Piece::Trunk { opens: cut.opens && closed });
        let loose = (cut.ease * 30.0).min(1.0);
        self.trunk.shell(
            self.mesh,
            &Shell {
                part,
                top: if cut.collar > 0.0 { 1.11 } else { 1.085 },
                hem: cut.hem,
                ease: cut.ease,
                flare: cut.flare,
                fitted: cut.fitted,
                open,
                folds: Folds::of(look, loose),
                below: None,
                close: 0.0,
                gathered: cut.gathered,
            },
        );
        if cut.sleeves > 0.0 && hidden < cut.sleeves {
            let parts = [self.piece(look, Piece::Sleeve), self.piece(look, Piece::Sleeve)];
            let (form, ease, to) = (self.trunk.form, 0.72 * cut.ease, cut.sleeves);
            let flutter = if to < 1.5 { 0.014 } else { 0.006 };
            let radius = |s: f32| {
                // Sleeves narrow less than arms do, unless the cuff is gathered.
                let cuff = if cut.gathered { step(2.0, 1.8, s) } else { 1.0 };
                let least = form.stature * mix(0.030, 0.0215, 0.5 * s) * cuff;
                form.arm(s).map(|r| {
                    r.max(least) + ease * mix(0.6, 1.0, cuff) + flutter * step(0.2, 0.9, s) * cuff
                })
            };
            self.arms(parts, to, &radius, Folds::of(look, 0.7), None);
        }
    }

    /// Surfaces around both arms; hems above `below` keep light away.
    fn arms(&mut self, parts: Pair, to: f32, radius: Radii, folds: Folds, below: Option<f32>) {
        for (limb, part) in self.trunk.skeleton.arms.iter().zip(parts) {
            let piece = Sleeve { part, limb, from: 0.0, to, radius, folds, dome: true, below };
            sleeve(self.mesh, &piece);
        }
    }

    pub(super) fn legs(
        &mut self,
        parts: Pair,
        to: f32,
        radius: Radii,
        folds: Folds,
        below: Option<f32>,
    ) {
        for (limb, part) in self.trunk.skeleton.legs.iter().zip(parts) {
            let piece = Sleeve { part, limb, from: 0.0, to, radius, folds, dome: false, below };
            sleeve(self.mesh, &piece);
        }
    }
}

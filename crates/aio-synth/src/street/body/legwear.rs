//! What is worn on the legs: trousers, shorts, skirts, and bare legs below them.

use super::cloth::Folds;
use super::frame::{mix, step};
use super::garment::Tailor;
use super::paint::Part;
use super::trunk::{Shell, Trunk};
use crate::street::person::{Bottom, Look, Outfit, Shoes, Top};
use crate::street::texture::Piece;

/// Where the waistband is, as a share of the trunk.
const WAIST: f32 = 0.36;

/// Form of trousers.
struct Fit {
    /// Share of the leg that they cover.
    to: f32,
    ease: f32,
    /// Least radius at the end as a share of the stature.
    end: f32,
    loose: f32,
    cuffed: bool,
}

fn fit(bottom: Bottom, look: &Look) -> Fit {
    let free = (look.seed >> 17 & 0xff) as f32 / 255.0;
    let (to, ease, end, loose) = match bottom {
        Bottom::Trousers => (1.98, 0.010, 0.036 + 0.020 * free, 0.8),
        Bottom::Jeans => (1.96, 0.006, 0.028 + 0.020 * free * free, 0.6),
        Bottom::Leggings | Bottom::ShortSkirt | Bottom::LongSkirt => (1.94, 0.001, 0.0, 0.05),
        Bottom::Joggers => (1.93, 0.014, 0.042, 0.9),
        Bottom::Shorts => (0.70 + 0.35 * free, 0.014, 0.058, 0.7),
    };
    Fit { to, ease, end, loose, cuffed: bottom == Bottom::Joggers }
}

impl Tailor<'_> {
    /// Adds the garment of the legs. `hem` is the lowest hem above it, `over` the lowest that hangs over it; `tucked`
    /// is how far a top that is worn inside is from the body.
    pub(super) fn bottom(
        &mut self,
        outfit: &Outfit,
        hem: f32,
        over: Option<f32>,
        tucked: Option<f32>,
    ) {
        let (bottom, look) = outfit.bottom;
        let dress = outfit.top.0 == Top::Dress;
        let bones = &self.trunk.skeleton.bones;
        let shaded = (-hem * bones.trunk / bones.thigh).max(0.0);
        let skirt = matches!(bottom, Bottom::ShortSkirt | Bottom::LongSkirt);
        let waist = tucked.map_or(0.006, |inside| inside + 0.004);
        let close = tucked.map_or(0.002, |_| waist);
        if skirt || bottom == Bottom::Shorts || (dress && bottom != Bottom::Leggings) {
            let free = (look.seed >> 17 & 0xff) as f32 / 255.0;
            let covered = match bottom {
                _ if dress => shaded,
                Bottom::ShortSkirt => 0.62 + 0.2 * free,
                Bottom::LongSkirt => 1.35 + 0.2 * free,
                _ => fit(bottom, &look).to,
            };
            self.bare_legs(outfit.shoes.0, covered);
            if dress {
                return;
            }
            if skirt {
                self.skirt(&look, covered, waist, (over, close));
                self.belt(&look, waist, tucked.is_some());
                return;
            }
        }
        let folds = Folds::of(&look, fit(bottom, &look).loose);
        self.trousers(&fit(bottom, &look), &look, shaded, outfit.shoes.0);
        let part = self.piece(&look, Piece::Trim);
        // The seat ends inside the legs.
        let seat = Trunk { beneath: self.trunk.beneath - 0.018, ..self.trunk };
        seat.shell(
            self.mesh,
            &Shell {
                part,
                top: WAIST,
                hem: -0.11,
                ease: waist,
                flare: -0.12,
                fitted: 1.0,
                open: (0.0, 0.0),
                folds,
                below: over,
                close,
                gathered: false,
            },
        );
        self.belt(&look, waist, tucked.is_some());
    }

    fn bare_legs(&mut self, shoes: Shoes, covered: f32) {
        let form = self.trunk.form;
        let to = if shoes == Shoes::Boots { 1.6 } else { 2.0 };
        self.legs([self.skin; 2], to, &|s| form.leg(s), Folds::NONE, Some(covered.min(1.5)));
    }

    fn trousers(&mut self, fit: &Fit, look: &Look, shaded: f32, shoes: Shoes) {
        let parts = [self.piece(look, Piece::Leg(-1.0)), self.piece(look, Piece::Leg(1.0))];
        let form = self.trunk.form;
        let hung = fit.end * form.stature;
        // Narrow trousers are worn in boots, wide ones over them.
        let to = if shoes == Shoes::Boots && fit.end < 0.033 { 1.6 } else { fit.to };
        let radius = |s: f32| {
            let straight = mix(0.050 * form.stature, hung, (s / fit.to).min(1.0));
            let cuff = if fit.cuffed { step(1.93, 1.75, s) } else { 1.0 };
            form.leg(s)
                .map(|r| r + fit.ease * (0.3 + 0.7 * cuff) + cuff * (straight - r).max(0.0) * 0.8)
        };
        let most = [0.0, 0.15, 0.3, 0.5].map(|s| radius(s)[1] - form.leg(s)[1]);
        self.trunk.beneath = most.into_iter().fold(0.006, f32::max) + 0.010;
        self.legs(parts, to, &radius, Folds::of(look, fit.loose), Some(shaded));
    }

    /// `covered` is the share of the leg to which it hangs, `over` is the height of the hem of a garment over it, if there is
    /// one; above that hem it lies `close` to the body.
    fn skirt(&mut self, look: &Look, covered: f32, waist: f32, (over, close): (Option<f32>, f32)) {
        let part = self.piece(look, Piece::Skirt);
        let bones = &self.trunk.skeleton.bones;
        let hem = -covered * bones.thigh / bones.trunk;
        self.trunk.shell(
            self.mesh,
            &Shell {
                part,
                top: WAIST + 0.06,
                hem,
                ease: waist,
                flare: 0.03 + 0.2 * (look.seed >> 33 & 0xff) as f32 / 255.0,
                fitted: 0.9,
                open: (0.0, 0.0),
                folds: Folds::of(look, 0.6),
                below: over,
                close,
                gathered: false,
            },
        );
    }

    fn belt(&mut self, look: &Look, waist: f32, shown: bool) {
        if !shown || look.seed >> 40 & 3 == 0 {
            return;
        }
        let brown = look.seed >> 42 & 3 == 0;
        let colour = if brown { [0.09, 0.045, 0.022] } else { [0.018; 3] };
        let part = self.part(Part::thing(colour, 0.08));
        self.trunk.shell(
            self.mesh,
            &Shell {
                part,
                top: WAIST,
                hem: WAIST - 0.07,
                ease: waist + 0.004,
                flare: 0.0,
                fitted: 1.0,
                open: (0.0, 0.0),
                folds: Folds::NONE,
                below: None,
                close: 0.0,
                gathered: false,
            },
        );
    }
}

//! What is worn: shells around the trunk, sleeves, trouser legs, skirts, collars, hoods.

use super::cloth::Folds;
use super::frame::{mix, step};
use super::limb::{Sleeve, sleeve};
use super::mesh::{Grid, Mesh};
use super::paint::Part;
use super::trunk::{Shell, Trunk};
use crate::street::person::{Bottom, Fabric, Look, Outer, Outfit, Shoes, Top};
use std::f32::consts::TAU;

/// Form of a garment of the upper body.
#[derive(Debug, Clone, Copy)]
struct Cut {
    /// Share of the arm that sleeves cover.
    sleeves: f32,
    /// Height of the hem, as a share of the trunk.
    hem: f32,
    ease: f32,
    flare: f32,
    fitted: f32,
    collar: f32,
    hood: bool,
}

/// Metres that a fabric is thick.
fn thickness(fabric: Fabric) -> f32 {
    match fabric {
        Fabric::Padded => 0.022,
        Fabric::Knit => 0.006,
        Fabric::Leather | Fabric::Denim => 0.004,
        Fabric::Cotton | Fabric::Nylon => 0.002,
    }
}

fn top_cut(top: Top, look: &Look) -> Cut {
    // The seed of the garment decides details of its cut.
    let free = (look.seed >> 17 & 0xff) as f32 / 255.0;
    let base = Cut {
        sleeves: 1.93,
        hem: -0.06 - 0.10 * free,
        ease: 0.008 + 0.012 * free,
        flare: 0.0,
        fitted: 0.75 - 0.6 * free,
        collar: 0.0,
        hood: false,
    };
    match top {
        Top::TShirt => Cut { sleeves: 0.5 + 0.25 * free, ..base },
        Top::LongSleeve => base,
        Top::Polo => Cut { sleeves: 0.55 + 0.15 * free, collar: 0.028, ..base },
        Top::Shirt => Cut { collar: 0.035, ..base },
        Top::Sweater => Cut { ease: base.ease + 0.010, fitted: 0.2, collar: 0.012, ..base },
        Top::Hoodie => Cut { ease: base.ease + 0.014, fitted: 0.1, hood: true, ..base },
        Top::Vest => Cut { sleeves: 0.0, ..base },
        Top::Dress => Cut {
            sleeves: if free < 0.4 { 0.0 } else { 0.55 },
            hem: -0.55 - 0.9 * (look.seed >> 29 & 0xff) as f32 / 255.0,
            ease: 0.006,
            flare: 0.05 + 0.22 * free,
            fitted: 0.9,
            ..base
        },
    }
}

fn outer_cut(outer: Outer, look: &Look) -> Cut {
    let free = (look.seed >> 17 & 0xff) as f32 / 255.0;
    let base = Cut {
        sleeves: 1.96,
        hem: -0.06 - 0.12 * free,
        ease: 0.026 + 0.012 * free + thickness(look.fabric),
        flare: 0.0,
        fitted: 0.35,
        collar: 0.045,
        hood: false,
    };
    match outer {
        Outer::Jacket => {
            let hood = look.seed >> 37 & 3 == 0;
            Cut { hood, collar: if hood { 0.0 } else { 0.05 }, ..base }
        }
        Outer::Blazer => Cut { hem: -0.16, fitted: 0.7, collar: 0.03, ease: 0.024, ..base },
        Outer::Coat => Cut { hem: -0.65 - 0.4 * free, flare: 0.05, collar: 0.05, ..base },
        Outer::Gilet => Cut { sleeves: 0.0, ..base },
    }
}

/// Adds garments of one body.
pub(super) struct Tailor<'a> {
    pub(super) trunk: Trunk<'a>,
    pub(super) mesh: &'a mut Mesh,
    pub(super) parts: &'a mut Vec<Part>,
    pub(super) skin: u16,
}

impl Tailor<'_> {
    fn part(&mut self, part: Part) -> u16 {
        self.parts.push(part);
        self.parts.len() as u16
    }

    /// Adds everything of `outfit` but the shoes, and returns how far the outermost shell is from the trunk.
    pub(super) fn dress(&mut self, outfit: &Outfit) -> f32 {
        let (top, look) = outfit.top;
        let cut = top_cut(top, &look);
        let outer = outfit.outer.map(|(kind, look, open)| (outer_cut(kind, &look), look, open));
        // What hides the upper part of trousers, as a share of the trunk.
        let hem = outer.map_or(cut.hem, |(over, ..)| over.hem.min(cut.hem));
        self.bottom(outfit.bottom.0, &outfit.bottom.1, hem, top == Top::Dress, outfit.shoes.0);
        let part = self.part(Part::cloth(look));
        let covered = outer.is_some_and(|(over, _, open)| !open && over.collar + 0.01 > cut.collar);
        self.trunk_shell(part, &cut, &look, (0.0, 0.0));
        let sleeved = outer.map_or(0.0, |(over, ..)| over.sleeves);
        if sleeved < cut.sleeves {
            self.sleeves(part, cut.sleeves, cut.ease * 0.7, &look);
        }
        if cut.sleeves < 1.5 && sleeved < 1.5 {
            let form = self.trunk.form;
            self.arms(self.skin, 0.0, 2.04, &|s| form.arm(s), Folds::NONE, cut.sleeves);
        }
        if !covered {
            self.collar(part, &cut, 0.0);
        }
        let Some((cut, look, open)) = outer else { return cut.ease };
        let part = self.part(Part::cloth(look));
        let gap = if open { (0.55, 0.30) } else { (0.0, 0.0) };
        self.trunk_shell(part, &cut, &look, gap);
        if cut.sleeves > 0.0 {
            self.sleeves(part, cut.sleeves, cut.ease * 0.75, &look);
        }
        self.collar(part, &cut, gap.1);
        cut.ease
    }

    fn trunk_shell(&mut self, part: u16, cut: &Cut, look: &Look, open: (f32, f32)) {
        self.trunk.shell(
            self.mesh,
            &Shell {
                part,
                top: 1.10,
                hem: cut.hem,
                ease: cut.ease,
                flare: cut.flare,
                fitted: cut.fitted,
                open,
                folds: Folds::of(look, (cut.ease * 30.0).min(1.0)),
                below: -9.0,
            },
        );
    }

    fn sleeves(&mut self, part: u16, to: f32, ease: f32, look: &Look) {
        let form = self.trunk.form;
        let loose = if to < 1.5 { 0.012 } else { 0.006 };
        let radius = |s: f32| {
            let body = form.arm(s);
            // Sleeves narrow less than arms do.
            let least = form.stature * mix(0.029, 0.020, 0.5 * s);
            body.map(|r| r.max(least) + ease + loose * step(0.2, 0.9, s))
        };
        self.arms(part, 0.0, to, &radius, Folds::of(look, 0.7), 9.0);
    }

    fn arms(
        &mut self,
        part: u16,
        from: f32,
        to: f32,
        radius: &dyn Fn(f32) -> [f32; 3],
        folds: Folds,
        below: f32,
    ) {
        for limb in &self.trunk.skeleton.arms {
            let below = if below > 0.0 { below } else { 9.0 };
            let piece = Sleeve { part, limb, from, to, radius, folds, dome: true, below };
            sleeve(self.mesh, &piece);
        }
    }

    fn legs(
        &mut self,
        part: u16,
        to: f32,
        radius: &dyn Fn(f32) -> [f32; 3],
        folds: Folds,
        below: f32,
    ) {
        for limb in &self.trunk.skeleton.legs {
            let piece = Sleeve { part, limb, from: 0.0, to, radius, folds, dome: false, below };
            sleeve(self.mesh, &piece);
        }
    }

    fn bottom(&mut self, bottom: Bottom, look: &Look, hem: f32, dress: bool, shoes: Shoes) {
        let form = self.trunk.form;
        let bones = &self.trunk.skeleton.bones;
        let part = self.part(Part::cloth(*look));
        let free = (look.seed >> 17 & 0xff) as f32 / 255.0;
        let shaded = (-hem * bones.trunk / bones.thigh).max(0.0);
        let skirt = matches!(bottom, Bottom::ShortSkirt | Bottom::LongSkirt) && !dress;
        let (to, ease, end, loose) = match bottom {
            Bottom::Trousers => (1.97, 0.010, 0.050 + 0.018 * free, 0.8),
            Bottom::Jeans => (1.95, 0.006, 0.036 + 0.016 * free, 0.6),
            Bottom::Leggings | Bottom::ShortSkirt | Bottom::LongSkirt => (1.94, 0.001, 0.0, 0.0),
            Bottom::Joggers => (1.90, 0.016, 0.050, 0.9),
            Bottom::Shorts => (0.75 + 0.3 * free, 0.014, 0.056, 0.7),
        };
        let cuffed = bottom == Bottom::Joggers;
        let hung = end * form.stature / 1.0;
        let radius = move |s: f32| {
            let body = form.leg(s);
            let straight = mix(0.050 * form.stature, hung, (s / to).min(1.0));
            let cuff = if cuffed { step(1.92, 1.78, s) } else { 1.0 };
            body.map(|r| r + ease * (0.3 + 0.7 * cuff) + cuff * (straight - r).max(0.0) * 0.8)
        };
        if skirt || bottom == Bottom::Shorts || (dress && bottom != Bottom::Leggings) {
            let to: f32 = if shoes == Shoes::Boots { 1.6 } else { 2.0 };
            let below = if skirt { 0.3 } else { to.min(0.9) };
            let bare = self.skin;
            self.legs(bare, to, &|s| form.leg(s), Folds::NONE, below);
        }
        let folds = Folds::of(look, loose);
        if skirt {
            let length = if bottom == Bottom::ShortSkirt { 0.62 } else { 1.35 } + 0.2 * free;
            let hem = -length * bones.thigh / bones.trunk;
            self.trunk.shell(
                self.mesh,
                &Shell {
                    part,
                    top: 0.42,
                    hem,
                    ease: 0.006,
                    flare: 0.04 + 0.2 * (look.seed >> 33 & 0xff) as f32 / 255.0,
                    fitted: 0.9,
                    open: (0.0, 0.0),
                    folds,
                    below: hem.max(-9.0) - 9.0,
                },
            );
            return;
        }
        if dress && bottom != Bottom::Leggings {
            return;
        }
        self.legs(part, to, &radius, folds, shaded);
        self.trunk.shell(
            self.mesh,
            &Shell {
                part,
                top: 0.40,
                hem: -0.11,
                ease: ease.min(0.008),
                flare: -0.12,
                fitted: 1.0,
                open: (0.0, 0.0),
                folds,
                below: hem,
            },
        );
    }

    fn collar(&mut self, part: u16, cut: &Cut, gap: f32) {
        let neck = self.trunk.form.neck();
        let chest = self.trunk.skeleton.chest;
        let long = self.trunk.skeleton.bones.trunk;
        let base = 0.085 * long;
        if cut.hood {
            // A roll behind and beside the neck.
            let (rows, columns) = (13, 25);
            self.mesh.grid(Grid { rows, columns, closed: false, part }, |i, j| {
                let angle = mix(0.16, 0.84, j as f32 / (columns - 1) as f32) * TAU;
                let back = 0.5 - 0.5 * angle.cos();
                let (s, c) = (TAU * i as f32 / (rows - 1) as f32).sin_cos();
                let thick = mix(0.018, 0.055, back * back);
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
        let high = cut.collar.max(0.008);
        let (rows, columns) = (5, 25);
        let closed = gap <= 0.0;
        self.mesh.grid(Grid { rows, columns, closed, part }, |i, j| {
            let share = j as f32 / (columns - 1) as f32;
            let angle = TAU * if closed { share } else { mix(gap / TAU, 1.0 - gap / TAU, share) };
            let t = i as f32 / (rows - 1) as f32;
            let front = 0.5 + 0.5 * angle.cos();
            let r = neck * 1.12 + cut.ease * 0.35 + mix(0.022, 0.006, t);
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

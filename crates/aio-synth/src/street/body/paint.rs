//! The parts of a person, and the colour of a point of a part.

use super::frame::{bump, mix, step};
use crate::street::drawing::Role;
use crate::street::person::{Fabric, Look};
use crate::street::texture::{Piece, cloth, creases, slope};

/// What a part is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Paint {
    /// One colour and one near-infrared reflectance.
    Flat([f32; 3], f32),
    /// Skin with a face: colour of the skin, of the brows, and whether the lips are red.
    Face([f32; 3], [f32; 3], bool),
    /// Hair.
    Hair([f32; 3], u32),
    /// A piece of a garment.
    Cloth(Look, Piece),
}

/// A part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Part {
    pub(super) role: Role,
    pub(super) paint: Paint,
    /// Share of mirrored light.
    pub(super) gloss: f32,
    /// Depth of creases against those of loose cotton.
    pub(super) crease: f32,
}

/// Near-infrared reflectance of skin; it hardly depends on the colour of skin.
pub(super) const SKIN: f32 = 0.62;

impl Part {
    pub(super) fn skin(colour: [f32; 3]) -> Self {
        Self { role: Role::Skin, paint: Paint::Flat(colour, SKIN), gloss: 0.02, crease: 0.0 }
    }

    pub(super) fn hair(colour: [f32; 3], seed: u32) -> Self {
        Self { role: Role::Hair, paint: Paint::Hair(colour, seed), gloss: 0.06, crease: 0.0 }
    }

    pub(super) fn cloth(look: Look, piece: Piece) -> Self {
        let gloss = match look.fabric {
            Fabric::Leather => 0.18,
            Fabric::Nylon => 0.09,
            Fabric::Padded => 0.07,
            Fabric::Cotton | Fabric::Knit | Fabric::Denim => 0.0,
        };
        Self {
            role: Role::Cloth,
            paint: Paint::Cloth(look, piece),
            gloss,
            crease: creases(look.fabric),
        }
    }

    pub(super) fn thing(colour: [f32; 3], gloss: f32) -> Self {
        let grey = colour.iter().sum::<f32>() / 3.0;
        Self {
            role: Role::Cloth,
            paint: Paint::Flat(colour, 0.25 + 0.5 * grey),
            gloss,
            crease: 0.0,
        }
    }

    /// Slope of the surface along `u` and `v` where cloth is creased.
    pub(super) fn slope(&self, at: [f32; 2]) -> Option<[f32; 2]> {
        match &self.paint {
            Paint::Cloth(look, piece) if self.crease > 0.0 => {
                Some(slope(look.seed as u32, *piece, at).map(|s| self.crease * s))
            }
            _ => None,
        }
    }

    /// Colour, near-infrared reflectance and returned light at a point of the surface, in a sample of `footprint`
    /// metres.
    pub(super) fn colour(&self, [u, v]: [f32; 2], footprint: f32) -> ([f32; 3], f32, f32) {
        match &self.paint {
            Paint::Flat(colour, infrared) => (*colour, *infrared, 0.0),
            Paint::Face(skin, brows, lips) => {
                let (colour, infrared) = face(*skin, *brows, *lips, u, v);
                (colour, infrared, 0.0)
            }
            Paint::Hair(colour, seed) => {
                let strand = crate::street::scene::noise::noise(u * 90.0, v * 9.0, *seed);
                (colour.map(|c| c * (0.7 + 0.6 * strand)), 0.32 + 0.1 * strand, 0.0)
            }
            Paint::Cloth(look, piece) => cloth(look, *piece, [u, v], footprint),
        }
    }
}

/// A face at `u` to the side and `v` above the chin, in heights of the head.
fn face(skin: [f32; 3], brows: [f32; 3], lips: bool, u: f32, v: f32) -> ([f32; 3], f32) {
    let side = u.abs();
    let mut colour = skin;
    let mut infrared = SKIN;
    let mut lay = |over: [f32; 3], reflects: f32, share: f32| {
        for (c, o) in colour.iter_mut().zip(over) {
            *c = mix(*c, o, share);
        }
        infrared = mix(infrared, reflects, share);
    };
    // Cheeks and nose are redder.
    let red = 0.35 * bump(side, 0.19, 0.09) * bump(v, 0.36, 0.09)
        + 0.25 * bump(v, 0.36, 0.05) * bump(u, 0.0, 0.05);
    lay([skin[0] * 1.05, skin[1] * 0.78, skin[2] * 0.74], SKIN, red);
    // Sockets are dark.
    lay(skin.map(|c| 0.55 * c), 0.5, 0.75 * bump(side, 0.135, 0.075) * bump(v, 0.495, 0.035));
    let eye = step(1.0, 0.75, ((side - 0.14) / 0.062).hypot((v - 0.485) / 0.022));
    lay([0.55, 0.53, 0.50], 0.5, 0.8 * eye);
    lay([0.03, 0.02, 0.015], 0.2, step(1.0, 0.7, (side - 0.14).hypot(v - 0.485) / 0.027));
    let arch = 0.56 - 1.6 * (side - 0.15).powi(2);
    lay(brows, 0.35, 0.8 * bump(v, arch, 0.017) * step(0.04, 0.06, side) * step(0.24, 0.2, side));
    let mouth = bump(v, 0.205, 0.022) * step(0.125, 0.085, side);
    let tint =
        if lips { [0.36, 0.07, 0.07] } else { [skin[0] * 0.75, skin[1] * 0.5, skin[2] * 0.5] };
    lay(tint, 0.58, 0.8 * mouth);
    lay(skin.map(|c| 0.25 * c), 0.4, 0.6 * bump(v, 0.207, 0.007) * step(0.12, 0.09, side));
    // Nostrils and the shadows below nose and lips.
    lay(skin.map(|c| 0.45 * c), 0.45, 0.7 * bump(v, 0.315, 0.014) * step(0.085, 0.05, side));
    lay(skin.map(|c| 0.7 * c), 0.5, 0.5 * bump(v, 0.15, 0.018) * step(0.11, 0.05, side));
    (colour, infrared)
}

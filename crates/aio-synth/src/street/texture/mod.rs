//! What is seen on cloth: patterns in the second colour, and weave, wear and seams that lighten or darken it.

mod crease;
mod pattern;

use super::person::{Fabric, Look};
use super::scene::noise::{fade, noise};
pub(super) use crease::{creases, slope};
use pattern::second;

/// Which piece of a garment a surface is; patterns differ between them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Piece {
    /// Around chest and belly; whether it can be opened in front.
    Trunk {
        /// A zip or a row of buttons.
        opens: bool,
    },
    /// Around an arm.
    Sleeve,
    /// Around a leg, left (-1) or right (1).
    Leg(f32),
    /// Around both legs.
    Skirt,
    /// Collars, hoods, belts.
    Trim,
}

/// Linear colour, near-infrared reflectance and returned light of a garment at `u` around and `v` along a piece, in
/// metres; `footprint` is the size of a sample.
pub(super) fn cloth(
    look: &Look,
    piece: Piece,
    [u, v]: [f32; 2],
    footprint: f32,
) -> ([f32; 3], f32, f32) {
    let second = second(look, piece, u, v, footprint);
    let factor = relief(look, piece, u, v, footprint);
    let colour = std::array::from_fn(|c| {
        let (a, b) = (look.colour.rgb[c], look.second.rgb[c]);
        ((a + second.share * (b - a)) * factor).clamp(0.008, 0.92)
    });
    let [own, other] = look.infrared;
    let infrared = (own + second.share * (other - own)) * (0.5 + 0.5 * factor);
    (colour, infrared.clamp(0.03, 0.95), second.share * second.retro)
}

/// Brightness of the cloth against its mean.
fn relief(look: &Look, piece: Piece, u: f32, v: f32, footprint: f32) -> f32 {
    let seed = look.seed as u32;
    let coarse = noise(u * 11.0, v * 8.0, seed ^ 0x5a) - 0.5;
    let fine = (noise(u * 95.0, v * 95.0, seed ^ 0x3c) - 0.5) * fade(0.02, footprint);
    let mut factor = match look.fabric {
        Fabric::Cotton => 1.0 + 0.08 * coarse + 0.06 * fine,
        Fabric::Knit => {
            let rib = (std::f32::consts::TAU * u / 0.012).sin() * fade(0.012, footprint);
            1.0 + 0.10 * coarse + 0.16 * fine + 0.06 * rib
        }
        Fabric::Denim => 1.0 + 0.12 * coarse + 0.22 * fine,
        Fabric::Leather => 1.0 + 0.20 * coarse + 0.12 * fine,
        Fabric::Nylon | Fabric::Padded => 1.0 + 0.06 * coarse,
    };
    if look.fabric == Fabric::Denim
        && let Piece::Leg(_) = piece
    {
        // Jeans are worn on the thighs and at the knees, and dark along their seams.
        let bump = |value: f32, middle: f32, width: f32| {
            let t = (value - middle) / width;
            (-t * t).exp()
        };
        let wear = (look.seed >> 45 & 0xff) as f32 / 255.0;
        let front = bump(u, 0.0, 0.07);
        factor *= 1.0 + wear * front * (0.7 * bump(v, 0.22, 0.14) + 0.4 * bump(v, 0.44, 0.06));
        let seam = bump(u.abs(), 0.094, 0.006) * fade(0.03, footprint);
        factor *= 1.0 - 0.25 * seam;
    }
    if let Piece::Trunk { opens: true } = piece {
        let line = (1.0 - (u.abs() - 0.007).max(0.0) / footprint.max(0.004)).clamp(0.0, 1.0);
        let strength = if look.seed >> 53 & 1 == 0 { -0.35 } else { 0.3 };
        factor *= 1.0 + strength * line * fade(0.03, footprint);
    }
    factor
}

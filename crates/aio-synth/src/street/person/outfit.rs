//! Outfits that belong together: fabrics, colours that go with each other, near-infrared reflectance.

use super::clothes::{Bottom, Fabric, Look, Outer, Outfit, Pattern, Shoes, Top};
use super::colour::{Dye, Worn};
use super::fashion::Fashion;
use super::occasion::{Occasion, pick};
use super::print::{bottom_pattern, outer_pattern, top_pattern};
use super::shade::Shade;
use super::{Physique, Sex};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// The fabric of a garment of the upper body.
fn top_fabric(top: Top) -> Fabric {
    match top {
        Top::Sweater => Fabric::Knit,
        _ => Fabric::Cotton,
    }
}

fn outer_fabric(outer: Outer, cold: f32, rng: &mut ChaCha8Rng) -> Fabric {
    let padded = 4.0 * (cold - 0.45).max(0.0);
    let table = match outer {
        Outer::Blazer => [(Fabric::Cotton, 1.0), (Fabric::Knit, 0.0), (Fabric::Padded, 0.0)],
        Outer::Coat => [(Fabric::Knit, 2.0), (Fabric::Cotton, 1.0), (Fabric::Padded, padded)],
        Outer::Gilet => [(Fabric::Padded, 2.0), (Fabric::Knit, 0.5), (Fabric::Nylon, 0.5)],
        Outer::Jacket => {
            return pick(
                &[
                    (Fabric::Nylon, 3.0),
                    (Fabric::Padded, 2.0 * padded),
                    (Fabric::Cotton, 2.0),
                    (Fabric::Leather, 1.0),
                    (Fabric::Denim, 0.8),
                    (Fabric::Knit, 0.6),
                ],
                Fabric::Nylon,
                rng,
            );
        }
    };
    pick(&table, Fabric::Cotton, rng)
}

impl Look {
    /// A garment of `fabric`; its second colour goes with the first.
    pub(super) fn sample(
        colour: Dye,
        fabric: Fabric,
        pattern: Pattern,
        fashion: &Fashion,
        rng: &mut ChaCha8Rng,
    ) -> Self {
        let light = colour.luminance() > 0.2;
        let contrast = if light { Shade::Black } else { Shade::White };
        let second = match rng.random_range(0..10) {
            0..5 => Dye::of(contrast, rng),
            5..7 => Dye::of(if light { Shade::Navy } else { Shade::Grey }, rng),
            _ => Dye::sample(Worn::Top, fashion, rng),
        };
        let infrared = Self::reflectance(&colour, &second, fabric, rng);
        Self { colour, second, infrared, fabric, pattern, seed: rng.random() }
    }

    /// Near-infrared reflectance of two dyes on one fabric: half of it follows the luminance, half the fabric. Most
    /// dyes absorb visible light alone, so that many prints vanish.
    fn reflectance(colour: &Dye, second: &Dye, fabric: Fabric, rng: &mut ChaCha8Rng) -> [f32; 2] {
        let (low, high) = match fabric {
            Fabric::Leather => (0.15, 0.55),
            Fabric::Denim => (0.35, 0.70),
            Fabric::Nylon | Fabric::Padded => (0.20, 0.90),
            Fabric::Cotton | Fabric::Knit => (0.30, 0.95),
        };
        let own = low + (high - low) * rng.random::<f32>();
        let of = |dye: &Dye| (0.5 * dye.luminance().sqrt() + 0.5 * own).clamp(0.06, 0.9);
        let first = of(colour);
        let vanishes = rng.random_bool(0.45);
        let other = if vanishes { first + 0.03 * rng.random::<f32>() } else { of(second) };
        [first, other]
    }
}

impl Outfit {
    pub(super) fn sample(physique: &Physique, occasion: Occasion, rng: &mut ChaCha8Rng) -> Self {
        let top = occasion.top(physique, rng);
        let top = (top, Self::top_look(top, occasion, physique.sex, rng));
        let outer = occasion.outer(rng).map(|kind| {
            let look = Self::outer_look(kind, occasion, rng);
            let open = match kind {
                Outer::Blazer => rng.random_bool(0.6),
                _ => rng.random_bool((0.75 - 0.6 * f64::from(occasion.cold)).max(0.1)),
            };
            (kind, look, open)
        });
        let bright = !top.1.colour.shade.neutral() || top.1.pattern != Pattern::Plain;
        let bottom = occasion.bottom(physique, rng);
        let mut look = Self::bottom_look(bottom, bright, physique.sex, occasion.fashion, rng);
        if let Some((Outer::Blazer, blazer, _)) = &outer
            && occasion.formal
            && rng.random_bool(0.6)
        {
            // A suit.
            look = Look { seed: rng.random(), pattern: Pattern::Plain, ..*blazer };
        }
        let shoes = occasion.shoes(physique, bottom, rng);
        let shoes = (shoes, Self::shoe_look(shoes, occasion.fashion, rng));
        let scarf = rng.random_bool(f64::from((occasion.cold - 0.6).max(0.0)));
        let scarf = scarf.then(|| Dye::sample(Worn::Top, occasion.fashion, rng));
        Self { top, outer, bottom: (bottom, look), shoes, scarf }
    }

    pub(super) fn top_look(top: Top, occasion: Occasion, sex: Sex, rng: &mut ChaCha8Rng) -> Look {
        let shade = if occasion.formal && top == Top::Shirt {
            pick(
                &[
                    (Shade::White, 6.0),
                    (Shade::LightBlue, 3.0),
                    (Shade::Black, 1.0),
                    (Shade::Pink, 0.5),
                ],
                Shade::White,
                rng,
            )
        } else {
            Shade::sample(Worn::Top, occasion.fashion, rng)
        };
        let pattern = if occasion.formal && rng.random_bool(0.8) {
            Pattern::Plain
        } else {
            top_pattern(top, sex, occasion.fashion.patterns, rng)
        };
        Look::sample(Dye::of(shade, rng), top_fabric(top), pattern, occasion.fashion, rng)
    }

    pub(super) fn outer_look(outer: Outer, occasion: Occasion, rng: &mut ChaCha8Rng) -> Look {
        let fabric = outer_fabric(outer, occasion.cold, rng);
        let shade = match fabric {
            Fabric::Leather => pick(&[(Shade::Black, 3.0), (Shade::Brown, 1.0)], Shade::Black, rng),
            Fabric::Denim => Shade::Denim,
            _ => Shade::sample(Worn::Outer, occasion.fashion, rng),
        };
        let pattern = outer_pattern(outer, occasion.fashion.patterns, rng);
        Look::sample(Dye::of(shade, rng), fabric, pattern, occasion.fashion, rng)
    }

    /// `bright` is whether the garment above it asks for something quiet.
    pub(super) fn bottom_look(
        bottom: Bottom,
        bright: bool,
        sex: Sex,
        fashion: &Fashion,
        rng: &mut ChaCha8Rng,
    ) -> Look {
        let fabric = match bottom {
            Bottom::Jeans => Fabric::Denim,
            Bottom::Joggers => Fabric::Knit,
            _ => Fabric::Cotton,
        };
        let shade = if bottom == Bottom::Jeans {
            let jeans =
                [(Shade::Denim, 7.0), (Shade::Black, 2.0), (Shade::Grey, 0.8), (Shade::White, 0.3)];
            pick(&jeans, Shade::Denim, rng)
        } else {
            let first = Shade::sample(Worn::Bottom, fashion, rng);
            let quiet =
                first.neutral() || matches!(first, Shade::Beige | Shade::Brown | Shade::Olive);
            if bright && !quiet { Shade::sample(Worn::Bottom, fashion, rng) } else { first }
        };
        let pattern = if bright && rng.random_bool(0.7) {
            Pattern::Plain
        } else {
            bottom_pattern(bottom, sex, fashion.patterns, rng)
        };
        Look::sample(Dye::of(shade, rng), fabric, pattern, fashion, rng)
    }

    pub(super) fn shoe_look(shoes: Shoes, fashion: &Fashion, rng: &mut ChaCha8Rng) -> Look {
        let shade = match shoes {
            Shoes::Trainers => {
                let white = rng.random_bool(0.35);
                if white { Shade::White } else { Shade::sample(Worn::Thing, fashion, rng) }
            }
            Shoes::Boots | Shoes::Leather | Shoes::Heels => {
                let leather = [
                    (Shade::Black, 6.0),
                    (Shade::Brown, 3.0),
                    (Shade::Beige, 0.7),
                    (Shade::Red, 0.3),
                ];
                pick(&leather, Shade::Black, rng)
            }
            Shoes::Sandals => pick(&[(Shade::Black, 1.0), (Shade::Brown, 1.0)], Shade::Brown, rng),
        };
        let mut look =
            Look::sample(Dye::of(shade, rng), Fabric::Leather, Pattern::Plain, fashion, rng);
        if shoes == Shoes::Trainers {
            let sole = if rng.random_bool(0.8) { Shade::White } else { Shade::Grey };
            look.second = Dye::of(sole, rng);
        }
        look
    }
}

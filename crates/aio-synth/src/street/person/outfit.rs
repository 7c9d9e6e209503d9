//! Outfits that belong together: garments for a season and an occasion, colours that go with each other.

use super::clothes::{Bottom, Fabric, Look, Outer, Outfit, Pattern, Shoes, Top};
use super::colour::{Dye, Shade, Worn};
use super::{Physique, Sex};
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

/// What an outfit is for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Occasion {
    /// 0 is a hot day, 1 a freezing one.
    pub(super) cold: f32,
    /// Whether people dress as in an office.
    pub(super) formal: bool,
}

fn pick<T: Copy>(table: &[(T, f32)], otherwise: T, rng: &mut ChaCha8Rng) -> T {
    table.choose_weighted(rng, |row| row.1.max(0.0)).map_or(otherwise, |row| row.0)
}

impl Occasion {
    pub(super) fn sample(physique: &Physique, rng: &mut ChaCha8Rng) -> Self {
        let grown = physique.age > 20.0;
        Self { cold: rng.random(), formal: grown && rng.random_bool(0.22) }
    }

    pub(super) fn top(self, physique: &Physique, rng: &mut ChaCha8Rng) -> Top {
        let (warm, mild, cold) = self.weights();
        let female = if physique.sex == Sex::Female { 1.0 } else { 0.0 };
        if self.formal {
            return pick(
                &[(Top::Shirt, 7.0), (Top::LongSleeve, 1.0), (Top::Dress, 2.0 * female)],
                Top::Shirt,
                rng,
            );
        }
        let dress = female * (1.4 * warm + 0.5 * mild + 0.1 * cold);
        let table = [
            (Top::TShirt, 5.0 * warm + 1.5 * mild + 0.4 * cold),
            (Top::LongSleeve, 0.4 * warm + 2.0 * mild + 1.2 * cold),
            (Top::Polo, 1.0 * warm + 0.3 * mild),
            (Top::Shirt, 0.9 * warm + 1.5 * mild + 0.8 * cold),
            (Top::Sweater, 1.5 * mild + 2.5 * cold),
            (Top::Hoodie, if physique.age < 60.0 { 2.0 * mild + 1.5 * cold } else { 0.3 * mild }),
            (Top::Vest, (0.3 + 0.5 * female) * warm),
            (Top::Dress, dress),
        ];
        pick(&table, Top::TShirt, rng)
    }

    pub(super) fn outer(self, rng: &mut ChaCha8Rng) -> Option<Outer> {
        let (_, mild, cold) = self.weights();
        let wears = if self.formal { 0.3 + 0.6 * (mild + cold).min(1.0) } else { 0.4 * mild + cold };
        if rng.random::<f32>() > wears {
            return None;
        }
        let table = if self.formal {
            [
                (Outer::Blazer, 5.0),
                (Outer::Coat, 4.0 * cold),
                (Outer::Jacket, 1.5 * (mild + cold)),
                (Outer::Gilet, 0.1),
            ]
        } else {
            [
                (Outer::Jacket, 6.0),
                (Outer::Coat, 3.0 * cold),
                (Outer::Blazer, 0.4 * mild),
                (Outer::Gilet, 0.5),
            ]
        };
        Some(pick(&table, Outer::Jacket, rng))
    }

    pub(super) fn bottom(self, physique: &Physique, rng: &mut ChaCha8Rng) -> Bottom {
        let (warm, mild, cold) = self.weights();
        let female = if physique.sex == Sex::Female { 1.0 } else { 0.0 };
        if self.formal {
            let table = [
                (Bottom::Trousers, 5.0),
                (Bottom::ShortSkirt, 1.5 * female),
                (Bottom::LongSkirt, 0.8 * female),
            ];
            return pick(&table, Bottom::Trousers, rng);
        }
        let table = [
            (Bottom::Trousers, 3.0),
            (Bottom::Jeans, 5.0),
            (Bottom::Leggings, female * (0.8 + mild)),
            (Bottom::Joggers, if physique.age < 50.0 { 1.5 } else { 0.5 }),
            (Bottom::Shorts, (4.0 - 1.5 * female) * warm),
            (Bottom::ShortSkirt, female * (1.6 * warm + 0.6 * mild + 0.2 * cold)),
            (Bottom::LongSkirt, female * (1.0 * warm + 0.6 * mild + 0.4 * cold)),
        ];
        pick(&table, Bottom::Jeans, rng)
    }

    pub(super) fn shoes(self, physique: &Physique, bottom: Bottom, rng: &mut ChaCha8Rng) -> Shoes {
        let (warm, mild, cold) = self.weights();
        let female = physique.sex == Sex::Female && physique.age > 14.0;
        let heels = if female { if self.formal { 4.0 } else { 0.5 } } else { 0.0 };
        let boots = if bottom == Bottom::Shorts { 0.0 } else { 0.4 * mild + 2.0 * cold };
        let table = [
            (Shoes::Trainers, if self.formal { 0.5 } else { 6.0 }),
            (Shoes::Boots, if female { 1.3 * boots } else { 0.4 * boots }),
            (Shoes::Leather, if self.formal { 6.0 } else { 1.2 }),
            (Shoes::Sandals, if self.formal { 0.0 } else { 1.5 * warm }),
            (Shoes::Heels, heels),
        ];
        pick(&table, Shoes::Trainers, rng)
    }

    /// Shares of a hot, a mild and a cold day.
    fn weights(self) -> (f32, f32, f32) {
        let warm = (1.0 - 2.5 * self.cold).max(0.0);
        let cold = (2.5 * self.cold - 1.5).max(0.0);
        (warm, 1.0 - warm - cold, cold)
    }
}

/// The fabric of a garment of the upper body.
pub(super) fn top_fabric(top: Top) -> Fabric {
    match top {
        Top::Sweater => Fabric::Knit,
        _ => Fabric::Cotton,
    }
}

pub(super) fn outer_fabric(outer: Outer, cold: f32, rng: &mut ChaCha8Rng) -> Fabric {
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

/// A pattern for a garment of the upper body.
pub(super) fn top_pattern(top: Top, sex: Sex, rng: &mut ChaCha8Rng) -> Pattern {
    let period = 0.03 + 0.07 * rng.random::<f32>().powi(2);
    let female = if sex == Sex::Female { 1.0 } else { 0.0 };
    let plain = Pattern::Plain;
    let horizontal = Pattern::HorizontalStripes { period };
    let vertical = Pattern::VerticalStripes { period: 0.6 * period };
    let checks = Pattern::Checks { period: 0.03 + 0.6 * period };
    let dots = Pattern::Dots { period: 0.02 + 0.5 * period };
    let print = Pattern::AllOver { period: 0.03 + period };
    let table: &[(Pattern, f32)] = match top {
        Top::TShirt | Top::LongSleeve | Top::Vest => &[
            (plain, 45.0),
            (horizontal, 12.0),
            (Pattern::ChestLogo, 14.0),
            (Pattern::Lettering, 12.0),
            (print, 3.0 + 4.0 * female),
            (dots, 2.0 * female),
            (Pattern::TwoTone, 5.0),
            (Pattern::ChestBand, 4.0),
        ],
        Top::Polo => &[(plain, 70.0), (horizontal, 20.0), (Pattern::TwoTone, 10.0)],
        Top::Shirt => &[
            (plain, 55.0),
            (checks, 22.0),
            (vertical, 12.0),
            (print, 4.0 + 4.0 * female),
            (dots, 3.0 * female),
        ],
        Top::Sweater => &[(plain, 68.0), (horizontal, 16.0), (Pattern::ChestBand, 12.0), (print, 4.0)],
        Top::Hoodie => &[
            (plain, 55.0),
            (Pattern::ChestLogo, 12.0),
            (Pattern::Lettering, 18.0),
            (Pattern::TwoTone, 8.0),
            (Pattern::ChestBand, 7.0),
        ],
        Top::Dress => &[
            (plain, 45.0),
            (print, 28.0),
            (dots, 10.0),
            (horizontal, 9.0),
            (checks, 4.0),
            (vertical, 4.0),
        ],
    };
    pick(table, plain, rng)
}

pub(super) fn outer_pattern(outer: Outer, rng: &mut ChaCha8Rng) -> Pattern {
    let table: &[(Pattern, f32)] = match outer {
        Outer::Jacket => &[
            (Pattern::Plain, 74.0),
            (Pattern::TwoTone, 14.0),
            (Pattern::ChestBand, 7.0),
            (Pattern::ReflectiveStrips, 2.5),
            (Pattern::AllOver { period: 0.1 }, 2.5),
        ],
        Outer::Coat | Outer::Blazer => &[
            (Pattern::Plain, 92.0),
            (Pattern::Checks { period: 0.06 }, 5.0),
            (Pattern::VerticalStripes { period: 0.025 }, 3.0),
        ],
        Outer::Gilet => &[(Pattern::Plain, 90.0), (Pattern::ReflectiveStrips, 10.0)],
    };
    pick(table, Pattern::Plain, rng)
}

pub(super) fn bottom_pattern(bottom: Bottom, sex: Sex, rng: &mut ChaCha8Rng) -> Pattern {
    let period = 0.04 + 0.05 * rng.random::<f32>();
    let female = if sex == Sex::Female { 1.0 } else { 0.0 };
    let table: &[(Pattern, f32)] = match bottom {
        Bottom::Jeans => &[(Pattern::Plain, 1.0)],
        Bottom::Trousers => &[
            (Pattern::Plain, 92.0),
            (Pattern::Checks { period }, 4.0),
            (Pattern::AllOver { period: 0.09 }, 4.0),
        ],
        Bottom::Joggers | Bottom::Leggings => &[
            (Pattern::Plain, 76.0),
            (Pattern::TwoTone, 20.0),
            (Pattern::AllOver { period }, 4.0),
        ],
        Bottom::Shorts => &[
            (Pattern::Plain, 80.0),
            (Pattern::AllOver { period: 0.08 }, 9.0),
            (Pattern::TwoTone, 6.0),
            (Pattern::Checks { period }, 5.0),
        ],
        Bottom::ShortSkirt | Bottom::LongSkirt => &[
            (Pattern::Plain, 66.0),
            (Pattern::AllOver { period: 0.06 }, 16.0 * female),
            (Pattern::Checks { period }, 9.0),
            (Pattern::Dots { period: 0.04 }, 6.0),
            (Pattern::HorizontalStripes { period: 0.08 }, 3.0),
        ],
    };
    pick(table, Pattern::Plain, rng)
}

impl Look {
    /// A garment of `fabric`; its second colour goes with the first.
    pub(super) fn sample(colour: Dye, fabric: Fabric, pattern: Pattern, rng: &mut ChaCha8Rng) -> Self {
        let light = colour.luminance() > 0.2;
        let contrast = if light { Shade::Black } else { Shade::White };
        let second = match rng.random_range(0..10) {
            0..5 => Dye::of(contrast, rng),
            5..7 => Dye::of(if light { Shade::Navy } else { Shade::Grey }, rng),
            _ => Dye::sample(Worn::Top, rng),
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
            let look = Self::outer_look(kind, occasion.cold, rng);
            let open = match kind {
                Outer::Blazer => rng.random_bool(0.6),
                _ => rng.random_bool((0.75 - 0.6 * f64::from(occasion.cold)).max(0.1)),
            };
            (kind, look, open)
        });
        let bright = !top.1.colour.shade.neutral() || top.1.pattern != Pattern::Plain;
        let bottom = occasion.bottom(physique, rng);
        let mut look = Self::bottom_look(bottom, bright, physique.sex, rng);
        if let Some((Outer::Blazer, blazer, _)) = &outer
            && occasion.formal
            && rng.random_bool(0.6)
        {
            // A suit.
            look = Look { seed: rng.random(), pattern: Pattern::Plain, ..*blazer };
        }
        let shoes = occasion.shoes(physique, bottom, rng);
        let shoes = (shoes, Self::shoe_look(shoes, rng));
        let scarf = rng.random_bool(f64::from((occasion.cold - 0.6).max(0.0)));
        let scarf = scarf.then(|| Dye::sample(Worn::Top, rng));
        Self { top, outer, bottom: (bottom, look), shoes, scarf }
    }

    pub(super) fn top_look(top: Top, occasion: Occasion, sex: Sex, rng: &mut ChaCha8Rng) -> Look {
        let shade = if occasion.formal && top == Top::Shirt {
            pick(
                &[(Shade::White, 6.0), (Shade::LightBlue, 3.0), (Shade::Black, 1.0), (Shade::Pink, 0.5)],
                Shade::White,
                rng,
            )
        } else {
            Shade::sample(Worn::Top, rng)
        };
        let pattern = if occasion.formal && rng.random_bool(0.8) {
            Pattern::Plain
        } else {
            top_pattern(top, sex, rng)
        };
        Look::sample(Dye::of(shade, rng), top_fabric(top), pattern, rng)
    }

    pub(super) fn outer_look(outer: Outer, cold: f32, rng: &mut ChaCha8Rng) -> Look {
        let fabric = outer_fabric(outer, cold, rng);
        let shade = match fabric {
            Fabric::Leather => pick(&[(Shade::Black, 3.0), (Shade::Brown, 1.0)], Shade::Black, rng),
            Fabric::Denim => Shade::Denim,
            _ => Shade::sample(Worn::Outer, rng),
        };
        Look::sample(Dye::of(shade, rng), fabric, outer_pattern(outer, rng), rng)
    }

    /// `bright` is whether the garment above it asks for something quiet.
    pub(super) fn bottom_look(bottom: Bottom, bright: bool, sex: Sex, rng: &mut ChaCha8Rng) -> Look {
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
            let first = Shade::sample(Worn::Bottom, rng);
            let quiet = first.neutral() || matches!(first, Shade::Beige | Shade::Brown | Shade::Olive);
            if bright && !quiet { Shade::sample(Worn::Bottom, rng) } else { first }
        };
        let pattern =
            if bright && rng.random_bool(0.7) { Pattern::Plain } else { bottom_pattern(bottom, sex, rng) };
        Look::sample(Dye::of(shade, rng), fabric, pattern, rng)
    }

    pub(super) fn shoe_look(shoes: Shoes, rng: &mut ChaCha8Rng) -> Look {
        let shade = match shoes {
            Shoes::Trainers => {
                let white = rng.random_bool(0.35);
                if white { Shade::White } else { Shade::sample(Worn::Thing, rng) }
            }
            Shoes::Boots | Shoes::Leather | Shoes::Heels => {
                let leather =
                    [(Shade::Black, 6.0), (Shade::Brown, 3.0), (Shade::Beige, 0.7), (Shade::Red, 0.3)];
                pick(&leather, Shade::Black, rng)
            }
            Shoes::Sandals => pick(&[(Shade::Black, 1.0), (Shade::Brown, 1.0)], Shade::Brown, rng),
        };
        let mut look = Look::sample(Dye::of(shade, rng), Fabric::Leather, Pattern::Plain, rng);
        if shoes == Shoes::Trainers {
            let sole = if rng.random_bool(0.8) { Shade::White } else { Shade::Grey };
            look.second = Dye::of(sole, rng);
        }
        look
    }
}

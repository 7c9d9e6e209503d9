//! How often garments have patterns, and which.

use super::Sex;
use super::clothes::{Bottom, Outer, Pattern, Top};
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

/// One of a table; `patterns` is the factor of everything but plain cloth.
fn draw(table: &[(Pattern, f32)], patterns: f32, rng: &mut ChaCha8Rng) -> Pattern {
    let weight = |row: &(Pattern, f32)| match row.0 {
        Pattern::Plain => row.1,
        _ => row.1 * patterns,
    };
    table.choose_weighted(rng, weight).map_or(Pattern::Plain, |row| row.0)
}

/// A pattern for a garment of the upper body.
pub(super) fn top_pattern(top: Top, sex: Sex, patterns: f32, rng: &mut ChaCha8Rng) -> Pattern {
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
            (plain, 115.0),
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
            (plain, 95.0),
            (checks, 22.0),
            (vertical, 12.0),
            (print, 4.0 + 4.0 * female),
            (dots, 3.0 * female),
        ],
        Top::Sweater => {
            &[(plain, 95.0), (horizontal, 16.0), (Pattern::ChestBand, 12.0), (print, 4.0)]
        }
        Top::Hoodie => &[
            (plain, 110.0),
            (Pattern::ChestLogo, 12.0),
            (Pattern::Lettering, 18.0),
            (Pattern::TwoTone, 8.0),
            (Pattern::ChestBand, 7.0),
        ],
        Top::Dress => &[
            (plain, 75.0),
            (print, 28.0),
            (dots, 10.0),
            (horizontal, 9.0),
            (checks, 4.0),
            (vertical, 4.0),
        ],
    };
    draw(table, patterns, rng)
}

pub(super) fn outer_pattern(outer: Outer, patterns: f32, rng: &mut ChaCha8Rng) -> Pattern {
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
    draw(table, patterns, rng)
}

pub(super) fn bottom_pattern(
    bottom: Bottom,
    sex: Sex,
    patterns: f32,
    rng: &mut ChaCha8Rng,
) -> Pattern {
    let period = 0.04 + 0.05 * rng.random::<f32>();
    let female = if sex == Sex::Female { 1.0 } else { 0.0 };
    let table: &[(Pattern, f32)] = match bottom {
        Bottom::Jeans => &[(Pattern::Plain, 1.0)],
        Bottom::Trousers => &[
            (Pattern::Plain, 92.0),
            (Pattern::Checks { period }, 4.0),
            (Pattern::AllOver { period: 0.09 }, 4.0),
        ],
        Bottom::Joggers | Bottom::Leggings => {
            &[(Pattern::Plain, 76.0), (Pattern::TwoTone, 20.0), (Pattern::AllOver { period }, 4.0)]
        }
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
    draw(table, patterns, rng)
}

//! Bodies: stature by sex and age, girth, skin, hair.
//!
//! Statures follow the growth charts of the United States (Kuczmarski et al., 2000 CDC Growth Charts, Vital and Health
//! Statistics 11(246), 2002): medians by age, with the standard deviation of adults scaled by stature.

use super::colour::{Dye, linear};
use super::fashion::Fashion;
use super::shade::Shade;
use super::{HairStyle, Physique, Sex};
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

/// Years, median stature of boys and of girls in metres.
const STATURE: [(f32, f32, f32); 9] = [
    (4.0, 1.025, 1.010),
    (6.0, 1.155, 1.150),
    (8.0, 1.280, 1.278),
    (10.0, 1.388, 1.382),
    (12.0, 1.491, 1.515),
    (14.0, 1.640, 1.604),
    (16.0, 1.735, 1.624),
    (18.0, 1.761, 1.630),
    (20.0, 1.768, 1.633),
];

/// sRGB of skin, from light to dark.
const SKIN: [[f32; 3]; 6] = [
    [0.92, 0.77, 0.68],
    [0.87, 0.70, 0.58],
    [0.80, 0.61, 0.47],
    [0.66, 0.47, 0.34],
    [0.46, 0.31, 0.22],
    [0.30, 0.20, 0.15],
];

/// A value of a normal distribution, cut at 2.5 deviations (sum of twelve uniform values, Irwin 1927).
fn normal(rng: &mut ChaCha8Rng) -> f32 {
    ((0..12).map(|_| rng.random::<f32>()).sum::<f32>() - 6.0).clamp(-2.5, 2.5)
}

/// Median stature in metres.
#[must_use]
pub(super) fn median_stature(sex: Sex, age: f32) -> f32 {
    let of = |row: &(f32, f32, f32)| if sex == Sex::Male { row.1 } else { row.2 };
    let next = STATURE.iter().position(|row| row.0 >= age).unwrap_or(STATURE.len() - 1).max(1);
    let (low, high) = (&STATURE[next - 1], &STATURE[next]);
    let share = ((age - low.0) / (high.0 - low.0)).clamp(0.0, 1.0);
    of(low) + share * (of(high) - of(low))
}

impl Physique {
    /// A body of the kind that public places show: mostly adults, some children, some old people.
    pub(super) fn sample(fashion: &Fashion, rng: &mut ChaCha8Rng) -> Self {
        let sex = if rng.random_bool(0.5) { Sex::Female } else { Sex::Male };
        let groups = [(4.0, 12.0), (12.0, 18.0), (18.0, 35.0), (35.0, 60.0), (60.0, 85.0)];
        let numbers: [usize; 5] = std::array::from_fn(|k| k);
        let group = numbers.choose_weighted(rng, |k| fashion.ages[*k]).map_or(2, |k| *k);
        let (low, high) = groups[group];
        let age = low + (high - low) * rng.random::<f32>();
        Self {
            sex,
            age,
            stature: Self::stature(sex, age, rng),
            girth: Self::girth(age, rng),
            shoulders: 1.0 + 0.05 * normal(rng),
            legs: 1.0 + 0.018 * normal(rng),
            skin: Self::skin(rng),
        }
    }

    pub(super) fn stature(sex: Sex, age: f32, rng: &mut ChaCha8Rng) -> f32 {
        // Vertebrae lose about two centimetres to the age of 70.
        let shrunk = 0.001 * (age - 50.0).clamp(0.0, 30.0);
        median_stature(sex, age) * (1.0 + 0.040 * normal(rng)) - shrunk
    }

    pub(super) fn girth(age: f32, rng: &mut ChaCha8Rng) -> f32 {
        let usual = if age < 30.0 { 0.97 } else { 1.05 };
        let spread = normal(rng);
        // More people are heavy than are thin.
        usual + if spread > 0.0 { 0.13 * spread } else { 0.065 * spread }
    }

    pub(super) fn skin(rng: &mut ChaCha8Rng) -> [f32; 3] {
        let at = rng.random::<f32>().powf(1.3) * 4.999;
        let (low, share) = (SKIN[at as usize], at.fract());
        let high = SKIN[at as usize + 1];
        let tint = 0.03 * (2.0 * rng.random::<f32>() - 1.0);
        std::array::from_fn(|c| {
            linear(low[c] + share * (high[c] - low[c]) + [0.5, -0.5, -1.0][c] * tint)
        })
    }
}

/// Names, sRGB and weights of colours of hair: of everybody, then of people with light skin alone.
const HAIR: [(Shade, [f32; 3], f32, f32); 7] = [
    (Shade::Black, [0.10, 0.09, 0.09], 9.0, 0.0),
    (Shade::Black, [0.16, 0.12, 0.10], 5.0, 3.0),
    (Shade::Brown, [0.26, 0.17, 0.12], 0.6, 6.0),
    (Shade::Brown, [0.38, 0.26, 0.17], 0.1, 5.0),
    (Shade::Beige, [0.62, 0.47, 0.30], 0.05, 3.5),
    (Shade::Yellow, [0.78, 0.65, 0.44], 0.03, 1.5),
    (Shade::Red, [0.50, 0.22, 0.11], 0.05, 0.8),
];

/// A colour of hair that goes with age and skin.
pub(super) fn hair_colour(physique: &Physique, rng: &mut ChaCha8Rng) -> Dye {
    let age = physique.age;
    let grey = ((age - 38.0) / 35.0).clamp(0.0, 1.0);
    if rng.random::<f32>() < grey * if physique.sex == Sex::Female { 0.6 } else { 0.9 } {
        let value = 0.42 + 0.45 * rng.random::<f32>() * (0.5 + 0.5 * grey);
        let shade = if value > 0.66 { Shade::White } else { Shade::Grey };
        return Dye { shade, rgb: [value, 0.985 * value, 0.96 * value].map(linear) };
    }
    let dyed = if physique.sex == Sex::Female { 0.035 } else { 0.01 };
    if age > 14.0 && rng.random_bool(dyed) {
        let bright = [Shade::Red, Shade::Purple, Shade::Pink, Shade::Blue, Shade::Green];
        return Dye::of(*bright.choose(rng).unwrap_or(&Shade::Red), rng);
    }
    let light = if physique.skin[0] > 0.45 { 1.0 } else { 0.0 };
    let all = HAIR.choose_weighted(rng, |row| row.2 * (1.0 - 0.75 * light) + row.3 * light);
    let row = all.unwrap_or(&HAIR[0]);
    let value = 0.85 + 0.3 * rng.random::<f32>();
    Dye { shade: row.0, rgb: row.1.map(|c| linear(c * value)) }
}

/// A style of hair that goes with sex and age.
pub(super) fn hair_style(physique: &Physique, rng: &mut ChaCha8Rng) -> HairStyle {
    use HairStyle::{Bald, Bob, Bun, Cropped, Curly, Long, Ponytail, Short};
    let old = ((physique.age - 45.0) / 30.0).clamp(0.0, 1.0);
    let male = [
        (Bald, if physique.age > 22.0 { 0.03 + 0.2 * old } else { 0.0 }),
        (Cropped, 0.32),
        (Short, 0.50),
        (Curly, 0.05),
        (Bob, 0.03),
        (Long, 0.02),
        (Bun, 0.02),
        (Ponytail, 0.02),
    ];
    let female = [
        (Bald, 0.0),
        (Cropped, 0.02),
        (Short, 0.08 + 0.25 * old),
        (Curly, 0.06),
        (Bob, 0.18),
        (Long, 0.36 - 0.2 * old),
        (Bun, 0.09),
        (Ponytail, 0.21 - 0.1 * old),
    ];
    let table = if physique.sex == Sex::Male { male } else { female };
    table.choose_weighted(rng, |row| row.1).map_or(Short, |row| row.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_types::rng;

    #[test]
    fn statures_have_the_published_median_and_spread() {
        for (sex, median, deviation) in [(Sex::Male, 1.768, 0.071), (Sex::Female, 1.633, 0.065)] {
            let rng = &mut rng(3, "stature", 0);
            let all: Vec<f32> = (0..4000).map(|_| Physique::stature(sex, 30.0, rng)).collect();
            let mean = all.iter().sum::<f32>() / 4000.0;
            let square = all.iter().map(|h| (h - mean).powi(2)).sum::<f32>() / 4000.0;
            assert!((mean - median).abs() < 0.005, "{mean}");
            assert!((square.sqrt() - deviation).abs() < 0.006, "{}", square.sqrt());
        }
        assert!((median_stature(Sex::Female, 12.0) - 1.515).abs() < 1e-4);
        assert!((median_stature(Sex::Male, 5.0) - 1.09).abs() < 1e-3);
    }
}

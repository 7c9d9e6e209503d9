//! Colours of things people wear, by name, and how often they are worn.

use super::fashion::Fashion;
use super::shade::Shade;
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use Shade::{
    Beige, Black, Blue, Brown, Burgundy, Denim, Green, Grey, LightBlue, Navy, Olive, Orange, Pink,
    Purple, Red, Teal, White, Yellow,
};

/// A colour as one thing has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dye {
    /// What it is called.
    pub shade: Shade,
    /// Linear RGB.
    pub rgb: [f32; 3],
}

/// What people wear most.
const TOPS: [(Shade, f32); 18] = [
    (Black, 20.0),
    (White, 13.0),
    (Grey, 12.0),
    (Navy, 7.0),
    (Denim, 1.0),
    (Blue, 7.0),
    (LightBlue, 5.0),
    (Teal, 2.2),
    (Green, 3.5),
    (Olive, 4.5),
    (Yellow, 2.8),
    (Orange, 2.2),
    (Red, 6.0),
    (Burgundy, 3.0),
    (Pink, 4.5),
    (Purple, 2.2),
    (Brown, 3.0),
    (Beige, 5.5),
];

const OUTERS: [(Shade, f32); 15] = [
    (Black, 32.0),
    (White, 2.5),
    (Grey, 10.0),
    (Navy, 11.0),
    (Denim, 2.0),
    (Blue, 5.5),
    (Teal, 1.5),
    (Green, 3.0),
    (Olive, 8.0),
    (Yellow, 1.8),
    (Red, 5.0),
    (Burgundy, 2.5),
    (Pink, 2.0),
    (Brown, 6.0),
    (Beige, 9.0),
];

const BOTTOMS: [(Shade, f32); 12] = [
    (Black, 25.0),
    (White, 2.5),
    (Grey, 9.0),
    (Navy, 9.0),
    (Blue, 5.0),
    (Olive, 9.0),
    (Red, 2.5),
    (Burgundy, 2.5),
    (Pink, 2.5),
    (Green, 3.0),
    (Brown, 9.0),
    (Beige, 21.0),
];

/// Shoes, bags and hats.
const THINGS: [(Shade, f32); 14] = [
    (Black, 45.0),
    (White, 8.0),
    (Grey, 10.0),
    (Navy, 6.0),
    (Blue, 4.0),
    (Teal, 1.5),
    (Green, 2.0),
    (Olive, 3.0),
    (Yellow, 1.5),
    (Red, 4.0),
    (Pink, 3.0),
    (Purple, 1.5),
    (Brown, 8.0),
    (Beige, 4.0),
];

/// What kind of thing a colour is drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Worn {
    Top,
    Outer,
    Bottom,
    Thing,
}

impl Shade {
    /// A shade for a kind of thing, as often as it is worn.
    pub(super) fn sample(worn: Worn, fashion: &Fashion, rng: &mut ChaCha8Rng) -> Self {
        let table: &[(Self, f32)] = match worn {
            Worn::Top => &TOPS,
            Worn::Outer => &OUTERS,
            Worn::Bottom => &BOTTOMS,
            Worn::Thing => &THINGS,
        };
        let weight = |row: &(Self, f32)| row.1 * fashion.favours(row.0);
        table.choose_weighted(rng, weight).map_or(Black, |row| row.0)
    }

    /// Whether it goes with everything.
    #[must_use]
    pub fn neutral(self) -> bool {
        matches!(self, Black | White | Grey | Navy | Denim)
    }

    /// Value, saturation and hue in turns of sRGB: their middles and their spreads.
    fn range(self) -> ([f32; 3], [f32; 3]) {
        match self {
            Black => ([0.13, 0.12, 0.65], [0.05, 0.12, 0.4]),
            White => ([0.87, 0.04, 0.12], [0.06, 0.04, 0.4]),
            Grey => ([0.47, 0.05, 0.62], [0.16, 0.06, 0.4]),
            Navy => ([0.21, 0.55, 0.63], [0.06, 0.20, 0.03]),
            Denim => ([0.38, 0.42, 0.60], [0.15, 0.14, 0.025]),
            Blue => ([0.48, 0.72, 0.60], [0.10, 0.18, 0.035]),
            LightBlue => ([0.72, 0.30, 0.57], [0.08, 0.12, 0.04]),
            Teal => ([0.45, 0.65, 0.49], [0.12, 0.25, 0.03]),
            Green => ([0.42, 0.60, 0.38], [0.13, 0.22, 0.06]),
            Olive => ([0.33, 0.38, 0.19], [0.09, 0.14, 0.04]),
            Yellow => ([0.83, 0.72, 0.135], [0.06, 0.22, 0.02]),
            Orange => ([0.80, 0.82, 0.065], [0.08, 0.14, 0.018]),
            Red => ([0.66, 0.84, 0.995], [0.13, 0.12, 0.018]),
            Burgundy => ([0.34, 0.66, 0.975], [0.06, 0.12, 0.02]),
            Pink => ([0.84, 0.36, 0.945], [0.07, 0.18, 0.04]),
            Purple => ([0.47, 0.48, 0.77], [0.13, 0.20, 0.035]),
            Brown => ([0.36, 0.48, 0.07], [0.10, 0.14, 0.02]),
            Beige => ([0.72, 0.27, 0.10], [0.09, 0.10, 0.02]),
        }
    }
}

impl Dye {
    /// A dye that bears the name.
    pub(super) fn of(shade: Shade, rng: &mut ChaCha8Rng) -> Self {
        let (middle, spread) = shade.range();
        let mut of = |k: usize| middle[k] + spread[k] * (2.0 * rng.random::<f32>() - 1.0);
        let (value, saturation, hue) = (of(0), of(1).clamp(0.0, 0.95), of(2).rem_euclid(1.0));
        Self { shade, rgb: from_hsv(hue, saturation, value).map(linear) }
    }

    /// A dye for a kind of thing.
    pub(super) fn sample(worn: Worn, fashion: &Fashion, rng: &mut ChaCha8Rng) -> Self {
        Self::of(Shade::sample(worn, fashion, rng), rng)
    }

    /// Luminance in linear light.
    #[must_use]
    pub fn luminance(&self) -> f32 {
        0.2126 * self.rgb[0] + 0.7152 * self.rgb[1] + 0.0722 * self.rgb[2]
    }
}

/// Linear light of an sRGB value.
pub(super) fn linear(value: f32) -> f32 {
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// The sRGB colour of a hue in turns, a saturation and a value.
fn from_hsv(hue: f32, saturation: f32, value: f32) -> [f32; 3] {
    [5.0, 3.0, 1.0].map(|n| {
        let k = (n + 6.0 * hue) % 6.0;
        value * (1.0 - saturation * k.min(4.0 - k).clamp(0.0, 1.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hues_are_those_of_the_colour_circle() {
        assert_eq!(from_hsv(0.0, 1.0, 1.0), [1.0, 0.0, 0.0]);
        assert_eq!(from_hsv(1.0 / 3.0, 1.0, 1.0), [0.0, 1.0, 0.0]);
        let near = |a: [f32; 3], b: [f32; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(near(from_hsv(2.0 / 3.0, 0.5, 0.8), [0.4, 0.4, 0.8]));
        assert!((linear(0.5) - 0.2140).abs() < 1e-4);
    }
}

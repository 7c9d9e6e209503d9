//! Names of colours as people see them: the nearest of a table in a perceptual space.
//!
//! The space is OKLab (B. Ottosson, A perceptual color space for image processing, 2020), in which equal distances
//! look about equally large.

/// The name of a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum ColourName {
    Black,
    DarkGrey,
    Grey,
    LightGrey,
    White,
    Cream,
    Beige,
    Khaki,
    Tan,
    Brown,
    DarkBrown,
    Maroon,
    Red,
    Orange,
    Mustard,
    Yellow,
    Olive,
    DarkGreen,
    Green,
    LightGreen,
    Teal,
    Turquoise,
    LightBlue,
    Blue,
    SteelBlue,
    Navy,
    Purple,
    Lavender,
    Pink,
    Magenta,
}

use ColourName::{
    Beige, Black, Blue, Brown, Cream, DarkBrown, DarkGreen, DarkGrey, Green, Grey, Khaki, Lavender,
    LightBlue, LightGreen, LightGrey, Magenta, Maroon, Mustard, Navy, Olive, Orange, Pink, Purple,
    Red, SteelBlue, Tan, Teal, Turquoise, White, Yellow,
};

/// Every name with a typical colour in OKLab: lightness, green to red, blue to yellow.
const TYPICAL: [(ColourName, [f32; 3]); 30] = [
    (Black, [0.20, 0.000, 0.000]),
    (DarkGrey, [0.37, 0.000, -0.003]),
    (Grey, [0.57, 0.000, 0.000]),
    (LightGrey, [0.78, 0.000, 0.000]),
    (White, [0.94, 0.000, 0.003]),
    (Cream, [0.93, 0.002, 0.045]),
    (Beige, [0.80, 0.010, 0.050]),
    (Khaki, [0.62, 0.000, 0.055]),
    (Tan, [0.66, 0.035, 0.080]),
    (Brown, [0.47, 0.045, 0.060]),
    (DarkBrown, [0.32, 0.025, 0.030]),
    (Maroon, [0.36, 0.110, 0.035]),
    (Red, [0.55, 0.190, 0.090]),
    (Orange, [0.70, 0.110, 0.140]),
    (Mustard, [0.70, 0.020, 0.130]),
    (Yellow, [0.87, -0.010, 0.160]),
    (Olive, [0.45, -0.020, 0.060]),
    (DarkGreen, [0.36, -0.060, 0.030]),
    (Green, [0.56, -0.110, 0.080]),
    (LightGreen, [0.80, -0.100, 0.090]),
    (Teal, [0.48, -0.070, -0.030]),
    (Turquoise, [0.72, -0.090, -0.040]),
    (LightBlue, [0.78, -0.025, -0.065]),
    (Blue, [0.50, -0.020, -0.160]),
    (SteelBlue, [0.48, -0.015, -0.065]),
    (Navy, [0.29, -0.005, -0.070]),
    (Purple, [0.42, 0.085, -0.090]),
    (Lavender, [0.74, 0.045, -0.070]),
    (Pink, [0.78, 0.090, 0.010]),
    (Magenta, [0.58, 0.200, -0.030]),
];

impl ColourName {
    /// Every name.
    pub const ALL: [Self; TYPICAL.len()] = {
        let mut names = [Black; TYPICAL.len()];
        let mut i = 0;
        while i < TYPICAL.len() {
            names[i] = TYPICAL[i].0;
            i += 1;
        }
        names
    };
}

/// Lightness, green to red and blue to yellow of linear RGB.
#[must_use]
fn oklab([r, g, b]: [f32; 3]) -> [f32; 3] {
    let l = (0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
    let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
    let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

/// Squared distance; lightness counts for less than hue, because light changes it.
fn distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    (0.6 * (a[0] - b[0])).powi(2) + (a[1] - b[1]).powi(2) + (a[2] - b[2]).powi(2)
}

impl ColourName {
    /// Every name.
    pub fn all() -> impl Iterator<Item = Self> {
        TYPICAL.iter().map(|row| row.0)
    }

    /// The name of a colour in linear RGB.
    #[must_use]
    pub fn of(rgb: [f32; 3]) -> Self {
        let seen = oklab(rgb);
        let mut nearest = (f32::MAX, Black);
        for (name, typical) in TYPICAL {
            let away = distance(seen, typical);
            if away < nearest.0 {
                nearest = (away, name);
            }
        }
        nearest.1
    }

    fn typical(self) -> [f32; 3] {
        TYPICAL.iter().find(|row| row.0 == self).map_or([0.0; 3], |row| row.1)
    }

    /// Lightness of a typical colour of the name, from 0 to 1.
    #[must_use]
    pub fn lightness(self) -> f32 {
        self.typical()[0]
    }

    /// The three other names whose typical colours are nearest.
    #[must_use]
    pub fn neighbours(self) -> [Self; 3] {
        let own = self.typical();
        let mut others: Vec<(f32, Self)> = TYPICAL
            .iter()
            .filter(|row| row.0 != self)
            .map(|row| (distance(own, row.1), row.0))
            .collect();
        others.sort_by(|a, b| a.0.total_cmp(&b.0));
        [others[0].1, others[1].1, others[2].1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_srgb(hex: u32) -> ColourName {
        let linear = |v: u32| {
            let v = (v & 0xff) as f32 / 255.0;
            if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        ColourName::of([linear(hex >> 16), linear(hex >> 8), linear(hex)])
    }

    /// Values of <https://bottosson.github.io/posts/oklab/>: white is (1, 0, 0) and sRGB red (0.628, 0.225, 0.126).
    #[test]
    fn oklab_has_the_published_values() {
        let near = |a: [f32; 3], b: [f32; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3);
        assert!(near(oklab([1.0; 3]), [1.0, 0.0, 0.0]));
        assert!(near(oklab([1.0, 0.0, 0.0]), [0.628, 0.225, 0.126]));
        assert!(near(oklab([0.0, 0.0, 1.0]), [0.452, -0.032, -0.312]));
    }

    /// Colours of the CSS named colours and their like.
    #[test]
    fn well_known_colours_have_their_names() {
        for (hex, name) in [
            (0x14_1416, Black),
            (0x40_4043, DarkGrey),
            (0x80_8080, Grey),
            (0xc0_c0c0, LightGrey),
            (0xf2_f2f0, White),
            (0xf5_f0d8, Cream),
            (0xd2_c0a0, Beige),
            (0xd2_a070, Tan),
            (0x8b_4513, Brown),
            (0x60_1020, Maroon),
            (0xd0_2020, Red),
            (0xff_8c00, Orange),
            (0xf5_d510, Yellow),
            (0x55_5b2f, Olive),
            (0x1c_4a2a, DarkGreen),
            (0x30_9040, Green),
            (0x00_7080, Teal),
            (0x40_c8c0, Turquoise),
            (0x9c_c4e8, LightBlue),
            (0x20_50c8, Blue),
            (0x18_2448, Navy),
            (0x60_3090, Purple),
            (0xb8_a0e0, Lavender),
            (0xf0_a8b8, Pink),
            (0xd0_2080, Magenta),
        ] {
            assert_eq!(of_srgb(hex), name, "{hex:06x}");
        }
    }

    #[test]
    fn every_typical_colour_has_its_own_name_and_neighbours_are_others() {
        for name in ColourName::all() {
            assert!(!name.neighbours().contains(&name));
        }
        assert!(Black.neighbours().contains(&DarkGrey));
        assert!(Navy.neighbours().contains(&Black) || Navy.neighbours().contains(&SteelBlue));
        assert_eq!(ColourName::all().count(), 30);
    }
}

//! How people of a region and a season dress: what domains differ in.

use super::shade::Shade;

/// Weights by which people and their clothes are drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Fashion {
    /// Middle and half width of the range of cold: 0 is a hot day, 1 a freezing one.
    pub cold: (f32, f32),
    /// Share of adults who dress as in an office.
    pub formal: f64,
    /// Factor of the weight of patterns against plain cloth.
    pub patterns: f32,
    /// Factor of the weight of carrying something against nothing.
    pub bags: f32,
    /// Weights of ages below 12, 18, 35, 60 and above.
    pub ages: [f32; 5],
    /// Factors of the weights of colours; colours that are missing have the factor 1.
    pub colours: Vec<(Shade, f32)>,
}

impl Fashion {
    /// People of every place and season.
    #[must_use]
    pub fn world() -> Self {
        Self {
            cold: (0.5, 0.5),
            formal: 0.22,
            patterns: 1.0,
            bags: 1.0,
            ages: [5.0, 5.0, 50.0, 28.0, 12.0],
            colours: Vec::new(),
        }
    }

    /// Students in mild and warm weather: backpacks, prints and light colours.
    #[must_use]
    pub fn campus() -> Self {
        Self {
            cold: (0.35, 0.30),
            formal: 0.06,
            patterns: 1.25,
            bags: 1.35,
            ages: [0.5, 4.0, 75.0, 16.0, 4.5],
            colours: vec![
                (Shade::White, 1.3),
                (Shade::LightBlue, 1.4),
                (Shade::Yellow, 1.4),
                (Shade::Pink, 1.4),
                (Shade::Brown, 0.6),
                (Shade::Burgundy, 0.6),
            ],
        }
    }

    /// A town in the cold half of the year: coats, offices and muted colours.
    #[must_use]
    pub fn town() -> Self {
        Self {
            cold: (0.70, 0.30),
            formal: 0.34,
            patterns: 0.8,
            bags: 1.0,
            ages: [4.0, 5.0, 38.0, 35.0, 18.0],
            colours: vec![
                (Shade::Navy, 1.3),
                (Shade::Beige, 1.4),
                (Shade::Burgundy, 1.5),
                (Shade::Olive, 1.3),
                (Shade::White, 0.8),
                (Shade::Pink, 0.6),
            ],
        }
    }

    /// Leisure in summer: shorts, dresses, sandals and strong colours.
    #[must_use]
    pub fn leisure() -> Self {
        Self {
            cold: (0.18, 0.18),
            formal: 0.02,
            patterns: 1.5,
            bags: 0.8,
            ages: [14.0, 9.0, 36.0, 27.0, 14.0],
            colours: vec![
                (Shade::Red, 1.4),
                (Shade::Orange, 1.6),
                (Shade::Teal, 1.6),
                (Shade::Green, 1.3),
                (Shade::Black, 0.8),
                (Shade::Navy, 0.8),
            ],
        }
    }

    /// Factor of a colour.
    pub(super) fn favours(&self, shade: Shade) -> f32 {
        self.colours.iter().find(|row| row.0 == shade).map_or(1.0, |row| row.1)
    }
}

//! Who is drawn: attributes, sampled independently, and the materials that follow from them.

use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

/// The colours that captions can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Colour {
    Black,
    White,
    Grey,
    Red,
    Orange,
    Yellow,
    Green,
    Blue,
    Navy,
    Purple,
    Pink,
    Brown,
    Beige,
    Teal,
}

impl Colour {
    /// Every colour.
    pub const ALL: [Self; 14] = [
        Self::Black,
        Self::White,
        Self::Grey,
        Self::Red,
        Self::Orange,
        Self::Yellow,
        Self::Green,
        Self::Blue,
        Self::Navy,
        Self::Purple,
        Self::Pink,
        Self::Brown,
        Self::Beige,
        Self::Teal,
    ];

    /// The centre of the colour, before a palette and a garment move it.
    fn rgb(self) -> [f32; 3] {
        match self {
            Self::Black => [0.09, 0.09, 0.10],
            Self::White => [0.93, 0.93, 0.92],
            Self::Grey => [0.52, 0.53, 0.54],
            Self::Red => [0.78, 0.12, 0.13],
            Self::Orange => [0.93, 0.50, 0.10],
            Self::Yellow => [0.94, 0.83, 0.20],
            Self::Green => [0.16, 0.52, 0.22],
            Self::Blue => [0.16, 0.38, 0.80],
            Self::Navy => [0.08, 0.12, 0.33],
            Self::Purple => [0.46, 0.20, 0.58],
            Self::Pink => [0.94, 0.56, 0.70],
            Self::Brown => [0.40, 0.25, 0.14],
            Self::Beige => [0.82, 0.73, 0.57],
            Self::Teal => [0.10, 0.55, 0.56],
        }
    }
}

/// How a surface answers to light: visible colour and near-infrared reflectance, both in 0..1.
///
/// Dyes absorb visible light and mostly not infrared, so `infrared` is drawn from the fabric and not
/// from the colour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Material {
    /// Linear-looking display colour.
    pub rgb: [f32; 3],
    /// Reflectance in the near infrared.
    pub infrared: f32,
}

/// A domain's way of realising the named colours.
#[derive(Debug, Clone)]
pub struct Palette {
    weights: Vec<(Colour, f32)>,
    shift: Vec<[f32; 3]>,
}

impl Palette {
    /// A palette drawn from `rng`: some colours are common, some rare, and each is shifted by up to `spread`.
    #[must_use]
    pub fn sample(rng: &mut ChaCha8Rng, spread: f32) -> Self {
        let weights = Colour::ALL.iter().map(|c| (*c, 0.35 + rng.random::<f32>())).collect();
        let shift = Colour::ALL
            .iter()
            .map(|_| std::array::from_fn(|_| (rng.random::<f32>() - 0.5) * 2.0 * spread))
            .collect();
        Self { weights, shift }
    }

    fn pick(&self, rng: &mut ChaCha8Rng) -> Colour {
        self.weights.choose_weighted(rng, |w| w.1).map_or(Colour::Grey, |w| w.0)
    }

    fn dye(&self, colour: Colour, rng: &mut ChaCha8Rng) -> Material {
        let centre = colour.rgb();
        let shift = self.shift[colour as usize];
        let value = 0.9 + 0.2 * rng.random::<f32>();
        let rgb = std::array::from_fn(|c| {
            ((centre[c] + shift[c]) * value + (rng.random::<f32>() - 0.5) * 0.05).clamp(0.03, 0.97)
        });
        Material { rgb, infrared: 0.18 + 0.72 * rng.random::<f32>() }
    }
}

/// A garment's colour and what it is made of.
#[derive(Debug, Clone, Copy)]
pub struct Dyed {
    /// The name a caption uses.
    pub colour: Colour,
    /// What cameras see.
    pub material: Material,
}

/// Declares a field-less enum with the list of its variants.
macro_rules! attribute {
    ($(#[$doc:meta])* $name:ident { $($variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum $name { $($variant),+ }
        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
        }
    };
}

attribute!(/// How a caption's writer addresses the person.
    Presentation { Man, Woman });
attribute!(/// Body width.
    Build { Slim, Average, Heavy });
attribute!(/// Hair style.
    Hair { Short, Long, Ponytail, Bun, Curly, Bald });
attribute!(/// Head covering.
    Hat { None, Cap, Beanie, SunHat });
attribute!(/// Upper garment.
    Upper { TShirt, Shirt, Hoodie, Jacket, Coat, TankTop, Dress });
attribute!(/// Lower garment; hidden under a dress.
    Lower { Trousers, Jeans, Shorts, Skirt, LongSkirt });
attribute!(/// Pattern of the upper garment.
    Pattern { Plain, Horizontal, Vertical, Checked, Dotted, Logo });
attribute!(/// Footwear.
    Shoes { Sneakers, Boots, Sandals });
attribute!(/// What is carried.
    Bag { None, Backpack, ShoulderBag, Handbag, Suitcase });

/// A rendered person: every field is drawn independently of the others, so that none predicts another.
#[derive(Debug, Clone)]
pub struct Person {
    /// How captions address the person.
    pub presentation: Presentation,
    /// Body width.
    pub build: Build,
    /// Height in metres.
    pub height: f32,
    /// Skin.
    pub skin: Material,
    /// Hair style.
    pub hair: Hair,
    /// Hair colour.
    pub hair_colour: Dyed,
    /// Head covering.
    pub hat: Hat,
    /// Its colour.
    pub hat_colour: Dyed,
    /// Whether glasses are worn.
    pub glasses: bool,
    /// Upper garment.
    pub upper: Upper,
    /// Its colour.
    pub upper_colour: Dyed,
    /// Its pattern.
    pub pattern: Pattern,
    /// Colour of the pattern, or of what shows under an open jacket.
    pub second_colour: Dyed,
    /// Pattern period, 0..1 from fine to coarse.
    pub pattern_scale: f32,
    /// Lower garment.
    pub lower: Lower,
    /// Its colour.
    pub lower_colour: Dyed,
    /// Footwear.
    pub shoes: Shoes,
    /// Its colour.
    pub shoe_colour: Dyed,
    /// What is carried.
    pub bag: Bag,
    /// Its colour.
    pub bag_colour: Dyed,
    /// Scarf, if one is worn.
    pub scarf: Option<Dyed>,
}

fn weighted<T: Copy>(rng: &mut ChaCha8Rng, choices: &[T], weights: &[f32]) -> T {
    let total: f32 = weights.iter().sum();
    let mut left = rng.random::<f32>() * total;
    for (choice, weight) in choices.iter().zip(weights) {
        left -= weight;
        if left <= 0.0 {
            return *choice;
        }
    }
    choices[choices.len() - 1]
}

impl Person {
    /// Draws a person whose colours come from `palette`.
    #[must_use]
    pub fn sample(rng: &mut ChaCha8Rng, palette: &Palette) -> Self {
        let dyed = |rng: &mut ChaCha8Rng| {
            let colour = palette.pick(rng);
            Dyed { colour, material: palette.dye(colour, rng) }
        };
        let tone: f32 = rng.random();
        let skin = Material {
            rgb: [0.92 - 0.52 * tone, 0.76 - 0.50 * tone, 0.66 - 0.48 * tone],
            infrared: 0.62 + 0.12 * rng.random::<f32>(),
        };
        let natural = [Colour::Black, Colour::Brown, Colour::Yellow, Colour::Grey, Colour::Orange];
        let colour = weighted(rng, &natural, &[0.38, 0.30, 0.18, 0.08, 0.06]);
        let hair_colour = Dyed { colour, material: palette.dye(colour, rng) };
        let presentation = weighted(rng, Presentation::ALL, &[0.5, 0.5]);
        let woman = presentation == Presentation::Woman;
        let mut second_colour = dyed(rng);
        let upper_colour = dyed(rng);
        while second_colour.colour == upper_colour.colour {
            second_colour = dyed(rng);
        }
        Self {
            presentation,
            build: weighted(rng, Build::ALL, &[0.3, 0.45, 0.25]),
            height: 1.50 + 0.45 * rng.random::<f32>(),
            skin,
            hair: weighted(
                rng,
                Hair::ALL,
                if woman {
                    &[0.15, 0.38, 0.22, 0.12, 0.13, 0.0]
                } else {
                    &[0.56, 0.10, 0.06, 0.04, 0.10, 0.14]
                },
            ),
            hair_colour,
            hat: weighted(rng, Hat::ALL, &[0.66, 0.15, 0.12, 0.07]),
            hat_colour: dyed(rng),
            glasses: rng.random_bool(0.25),
            upper: weighted(
                rng,
                Upper::ALL,
                &[0.24, 0.20, 0.14, 0.16, 0.12, 0.08, if woman { 0.16 } else { 0.0 }],
            ),
            upper_colour,
            pattern: weighted(rng, Pattern::ALL, &[0.48, 0.13, 0.09, 0.09, 0.08, 0.13]),
            second_colour,
            pattern_scale: rng.random(),
            lower: weighted(
                rng,
                Lower::ALL,
                &[0.36, 0.22, 0.22, if woman { 0.16 } else { 0.0 }, if woman { 0.10 } else { 0.0 }],
            ),
            lower_colour: dyed(rng),
            shoes: weighted(rng, Shoes::ALL, &[0.56, 0.26, 0.18]),
            shoe_colour: dyed(rng),
            bag: weighted(rng, Bag::ALL, &[0.40, 0.23, 0.16, 0.13, 0.08]),
            bag_colour: dyed(rng),
            scarf: if rng.random_bool(0.13) { Some(dyed(rng)) } else { None },
        }
    }

    /// Whether the garment of the upper body also covers the legs down to the knee.
    #[must_use]
    pub fn wears_dress(&self) -> bool {
        self.upper == Upper::Dress
    }
}

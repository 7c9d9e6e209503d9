//! What is worn: kinds of garments, fabrics, patterns and dyes.

use super::colour::Dye;

/// Cloth or leather.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fabric {
    /// Woven cotton.
    Cotton,
    /// Knitted wool or jersey.
    Knit,
    /// Denim.
    Denim,
    /// Leather.
    Leather,
    /// Nylon and other smooth synthetics.
    Nylon,
    /// Padded, as down jackets.
    Padded,
}

/// What is printed or woven on a garment; lengths in metres of the garment's surface.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pattern {
    /// One colour.
    Plain,
    /// Stripes around the body.
    HorizontalStripes {
        /// Distance from stripe to stripe.
        period: f32,
    },
    /// Stripes along the body.
    VerticalStripes {
        /// Distance from stripe to stripe.
        period: f32,
    },
    /// Crossing stripes.
    Checks {
        /// Distance from stripe to stripe.
        period: f32,
    },
    /// Round dots.
    Dots {
        /// Distance from dot to dot.
        period: f32,
    },
    /// Blotches of any form all over: flowers, camouflage.
    AllOver {
        /// Size of a blotch.
        period: f32,
    },
    /// A figure on the chest.
    ChestLogo,
    /// Lines of letters on the chest.
    Lettering,
    /// A broad band around the chest.
    ChestBand,
    /// Sleeves or side panels in the second colour.
    TwoTone,
    /// Strips that send light back to its source.
    ReflectiveStrips,
}

/// How one garment looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Main colour.
    pub colour: Dye,
    /// Second colour, of the pattern.
    pub second: Dye,
    /// Near-infrared reflectance of the main and of the second colour.
    pub infrared: [f32; 2],
    /// Cloth or leather.
    pub fabric: Fabric,
    /// What is printed or woven on it.
    pub pattern: Pattern,
    /// Seed of the pattern's details and of folds.
    pub seed: u64,
}

/// Kind of a garment of the upper body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Top {
    /// Short sleeves, no collar.
    TShirt,
    /// Long sleeves, no collar.
    LongSleeve,
    /// Short sleeves and a collar.
    Polo,
    /// Collar, buttons, long sleeves.
    Shirt,
    /// Thick, long sleeves.
    Sweater,
    /// With a hood.
    Hoodie,
    /// Without sleeves.
    Vest,
    /// Down to the thigh or the calf, in one piece with the skirt.
    Dress,
}

/// Kind of a garment over the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outer {
    /// To the hips.
    Jacket,
    /// Of a suit.
    Blazer,
    /// To the knees.
    Coat,
    /// Without sleeves.
    Gilet,
}

/// Kind of a garment of the legs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bottom {
    /// Straight.
    Trousers,
    /// Of denim, close to the leg.
    Jeans,
    /// On the skin.
    Leggings,
    /// Wide, narrow at the ankle.
    Joggers,
    /// To the knee.
    Shorts,
    /// Above the knee.
    ShortSkirt,
    /// To the calf.
    LongSkirt,
}

/// Kind of shoes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shoes {
    /// With a light sole.
    Trainers,
    /// To the calf.
    Boots,
    /// Of leather, flat.
    Leather,
    /// Open.
    Sandals,
    /// With heels.
    Heels,
}

/// What is worn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outfit {
    /// The upper body.
    pub top: (Top, Look),
    /// Over it, and whether it is open in front.
    pub outer: Option<(Outer, Look, bool)>,
    /// The legs; under a dress what shows below it, as tights or leggings do.
    pub bottom: (Bottom, Look),
    /// The feet.
    pub shoes: (Shoes, Look),
    /// A scarf around the neck and its colour.
    pub scarf: Option<Dye>,
}

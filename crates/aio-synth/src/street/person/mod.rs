//! Who is drawn: the attributes of a person that every picture, drawing and caption of the person shares.

/// Sex, which shifts proportions, hair and clothes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// Female.
    Female,
    /// Male.
    Male,
}

/// The body under the clothes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Physique {
    /// Sex.
    pub sex: Sex,
    /// Years.
    pub age: f32,
    /// Metres.
    pub stature: f32,
    /// Girth against the mean of the same stature: 0.8 is thin, 1.4 heavy.
    pub girth: f32,
    /// Width of the shoulders against the mean.
    pub shoulders: f32,
    /// Length of the legs against the mean.
    pub legs: f32,
    /// Skin in linear RGB.
    pub skin: [f32; 3],
}

/// How hair is worn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HairStyle {
    /// None.
    Bald,
    /// Close to the head.
    Cropped,
    /// Short, with some volume.
    Short,
    /// To the chin.
    Bob,
    /// To the shoulders or below.
    Long,
    /// Tied at the back.
    Ponytail,
    /// Wound up at the back of the head.
    Bun,
    /// Wide and round.
    Curly,
}

/// Head: hair and what is worn there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Head {
    /// How hair is worn.
    pub hair: HairStyle,
    /// Hair in linear RGB.
    pub hair_colour: [f32; 3],
    /// A beard.
    pub beard: bool,
    /// Glasses.
    pub glasses: bool,
    /// A face mask and its colour.
    pub mask: Option<[f32; 3]>,
    /// A hat or cap and its colour.
    pub hat: Option<(Hat, [f32; 3])>,
}

/// What is worn on the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hat {
    /// With a peak.
    Cap,
    /// Knitted.
    Beanie,
    /// With a brim.
    Brimmed,
    /// A scarf over hair and neck.
    Headscarf,
}

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
    /// Main colour in linear RGB.
    pub colour: [f32; 3],
    /// Second colour, of the pattern, in linear RGB.
    pub second: [f32; 3],
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
    pub scarf: Option<[f32; 3]>,
}

/// What is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bag {
    /// On both shoulders.
    Backpack,
    /// On a strap across the body.
    ShoulderBag,
    /// In the hand.
    Handbag,
    /// A plastic or paper bag in the hand.
    ShoppingBag,
    /// On wheels, pulled.
    Trolley,
    /// An open umbrella.
    Umbrella,
}

/// A person.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// The body under the clothes.
    pub physique: Physique,
    /// Hair and what is worn on the head.
    pub head: Head,
    /// What is worn.
    pub outfit: Outfit,
    /// What is carried, with its colour in linear RGB.
    pub bags: Vec<(Bag, [f32; 3])>,
}

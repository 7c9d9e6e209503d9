//! Who is drawn: the attributes of a person that every picture, drawing and caption of the person shares.

mod accessories;
mod alike;
mod attribute;
mod attributes;
mod clothes;
mod colour;
mod fashion;
mod naming;
mod occasion;
mod outfit;
mod physique;
mod print;
mod shade;

pub use attribute::Attribute;
pub use attributes::{Age, Attributes, Complexion, Garment, Print, Size};
pub use clothes::{Bottom, Fabric, Look, Outer, Outfit, Pattern, Shoes, Top};
pub use colour::Dye;
pub use fashion::Fashion;
pub use naming::ColourName;
pub use shade::Shade;

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
    /// Colour of the hair.
    pub hair_colour: Dye,
    /// A beard.
    pub beard: bool,
    /// Glasses.
    pub glasses: bool,
    /// A face mask and its colour.
    pub mask: Option<Dye>,
    /// A hat or cap and its colour.
    pub hat: Option<(Hat, Dye)>,
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

/// What is carried, pulled or pushed.
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
    /// A pushchair, pushed.
    Pushchair,
    /// A bicycle, walked.
    Bicycle,
}

impl Bag {
    /// Whether it takes both hands.
    #[must_use]
    pub fn both(self) -> bool {
        matches!(self, Self::Pushchair | Self::Bicycle)
    }

    /// Whether it takes a hand.
    #[must_use]
    pub fn held(self) -> bool {
        !matches!(self, Self::Backpack | Self::ShoulderBag)
    }
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
    /// What is carried and its colour.
    pub bags: Vec<(Bag, Dye)>,
}

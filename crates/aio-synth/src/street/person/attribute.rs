//! By what people can be told apart.

/// One thing by which people can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attribute {
    /// Stature, girth and proportions.
    Build,
    /// Colour of the skin.
    Skin,
    /// How hair is worn.
    HairStyle,
    /// Colour of the hair.
    HairColour,
    /// Beard.
    Beard,
    /// Glasses.
    Glasses,
    /// Mask.
    Mask,
    /// Hat.
    Hat,
    /// Scarf.
    Scarf,
    /// The garment of the upper body.
    Top,
    /// Jacket or coat.
    Outer,
    /// The garment of the legs.
    Bottom,
    /// Shoes.
    Shoes,
    /// What is carried.
    Bags,
}

impl Attribute {
    /// Every attribute.
    pub const ALL: [Self; 14] = [
        Self::Build,
        Self::Skin,
        Self::HairStyle,
        Self::HairColour,
        Self::Beard,
        Self::Glasses,
        Self::Mask,
        Self::Hat,
        Self::Scarf,
        Self::Top,
        Self::Outer,
        Self::Bottom,
        Self::Shoes,
        Self::Bags,
    ];
}

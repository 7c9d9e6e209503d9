//! Names of colours.

/// A named colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Shade {
    Black,
    White,
    Grey,
    Navy,
    Denim,
    Blue,
    LightBlue,
    Teal,
    Green,
    Olive,
    Yellow,
    Orange,
    Red,
    Burgundy,
    Pink,
    Purple,
    Brown,
    Beige,
}

//! What can be named about a person: what a caption may say and a reader of attributes may know.

use super::attribute::Attribute;
use super::naming::ColourName;
use super::{
    Bag, Bottom, Fabric, HairStyle, Hat, Look, Outer, Pattern, Person, Physique, Sex, Shoes, Top,
};

/// Age as it is guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// Up to 13 years.
    Child,
    /// Up to 35 years.
    Young,
    /// Up to 60 years.
    Middle,
    /// Above.
    Old,
}

/// A measure against its mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Clearly below: short, thin.
    Small,
    /// Not worth a word.
    Usual,
    /// Clearly above: tall, heavy.
    Large,
}

/// Lightness of skin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Complexion {
    /// Light.
    Light,
    /// Between.
    Medium,
    /// Dark.
    Dark,
}

/// A pattern without its measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Print {
    Stripes,
    UprightStripes,
    Checks,
    Dots,
    AllOver,
    Logo,
    Letters,
    Band,
    TwoTone,
    Reflective,
}

impl Print {
    /// The name of a pattern; `None` if it is plain.
    #[must_use]
    pub fn of(pattern: Pattern) -> Option<Self> {
        Some(match pattern {
            Pattern::Plain => return None,
            Pattern::HorizontalStripes { .. } => Self::Stripes,
            Pattern::VerticalStripes { .. } => Self::UprightStripes,
            Pattern::Checks { .. } => Self::Checks,
            Pattern::Dots { .. } => Self::Dots,
            Pattern::AllOver { .. } => Self::AllOver,
            Pattern::ChestLogo => Self::Logo,
            Pattern::Lettering => Self::Letters,
            Pattern::ChestBand => Self::Band,
            Pattern::TwoTone => Self::TwoTone,
            Pattern::ReflectiveStrips => Self::Reflective,
        })
    }
}

/// A garment by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Garment<K> {
    /// Its kind.
    pub kind: K,
    /// Its main colour.
    pub colour: ColourName,
    /// Its pattern and the pattern's colour.
    pub print: Option<(Print, ColourName)>,
}

impl<K> Garment<K> {
    fn of(kind: K, look: &Look) -> Self {
        let second = ColourName::of(look.second.rgb);
        Self {
            kind,
            colour: ColourName::of(look.colour.rgb),
            print: Print::of(look.pattern).map(|print| (print, second)),
        }
    }
}

/// Everything that can be named about a person. What other garments hide is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes {
    /// Sex.
    pub sex: Sex,
    /// Age.
    pub age: Age,
    /// Stature, against people of the same sex; `Usual` for children.
    pub stature: Size,
    /// Girth.
    pub girth: Size,
    /// Skin.
    pub skin: Complexion,
    /// Hair, unless a headscarf hides it.
    pub hair: Option<HairStyle>,
    /// Colour of the hair, where there is any.
    pub hair_colour: Option<ColourName>,
    /// Beard.
    pub beard: bool,
    /// Glasses.
    pub glasses: bool,
    /// Mask.
    pub mask: Option<ColourName>,
    /// Hat.
    pub hat: Option<(Hat, ColourName)>,
    /// Scarf.
    pub scarf: Option<ColourName>,
    /// Upper body; `None` under a closed jacket.
    pub top: Option<Garment<Top>>,
    /// Over it, with its fabric.
    pub outer: Option<Garment<(Outer, Fabric)>>,
    /// Legs; `None` where a dress leaves them bare.
    pub bottom: Option<Garment<Bottom>>,
    /// Shoes.
    pub shoes: Garment<Shoes>,
    /// What is carried.
    pub bags: Vec<(Bag, ColourName)>,
}

impl Attributes {
    /// The attributes of a person.
    #[must_use]
    pub fn of(person: &Person) -> Self {
        let Person { physique, head, outfit, bags } = person;
        let (top, look) = &outfit.top;
        let hidden = matches!(outfit.outer, Some((kind, _, false)) if kind != Outer::Gilet);
        let bare = *top == Top::Dress && outfit.bottom.0 != Bottom::Leggings;
        let hair = (!matches!(head.hat, Some((Hat::Headscarf, _)))).then_some(head.hair);
        let hairy = hair.is_some_and(|style| style != HairStyle::Bald);
        Self {
            sex: physique.sex,
            age: age(physique),
            stature: stature(physique),
            girth: size(physique.girth, 0.92, 1.18),
            skin: complexion(physique.skin),
            hair,
            hair_colour: hairy.then(|| ColourName::of(head.hair_colour.rgb)),
            beard: head.beard,
            glasses: head.glasses,
            mask: head.mask.map(|dye| ColourName::of(dye.rgb)),
            hat: head.hat.map(|(hat, dye)| (hat, ColourName::of(dye.rgb))),
            scarf: outfit.scarf.map(|dye| ColourName::of(dye.rgb)),
            // The skirt of a dress is longer than most jackets.
            top: (!hidden || *top == Top::Dress).then(|| Garment::of(*top, look)),
            outer: outfit.outer.map(|(kind, look, _)| Garment::of((kind, look.fabric), &look)),
            bottom: (!bare).then(|| Garment::of(outfit.bottom.0, &outfit.bottom.1)),
            shoes: Garment::of(outfit.shoes.0, &outfit.shoes.1),
            bags: bags.iter().map(|(bag, dye)| (*bag, ColourName::of(dye.rgb))).collect(),
        }
    }

    /// The attributes in which two people have different names.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<Attribute> {
        let build = |a: &Self| (a.sex, a.age, a.stature, a.girth);
        let pairs = [
            (Attribute::Build, build(self) != build(other)),
            (Attribute::Skin, self.skin != other.skin),
            (Attribute::HairStyle, self.hair != other.hair),
            // Hair that one of the two does not have is a difference of style.
            (
                Attribute::HairColour,
                matches!((self.hair_colour, other.hair_colour), (Some(a), Some(b)) if a != b),
            ),
            (Attribute::Beard, self.beard != other.beard),
            (Attribute::Glasses, self.glasses != other.glasses),
            (Attribute::Mask, self.mask != other.mask),
            (Attribute::Hat, self.hat != other.hat),
            (Attribute::Scarf, self.scarf != other.scarf),
            (Attribute::Top, matches!((self.top, other.top), (Some(a), Some(b)) if a != b)),
            (Attribute::Outer, self.outer != other.outer),
            (
                Attribute::Bottom,
                matches!((self.bottom, other.bottom), (Some(a), Some(b)) if a != b),
            ),
            (Attribute::Shoes, self.shoes != other.shoes),
            (Attribute::Bags, self.bags != other.bags),
        ];
        pairs.into_iter().filter(|pair| pair.1).map(|pair| pair.0).collect()
    }

    /// The number of attributes that differ by name.
    #[must_use]
    pub fn distance(&self, other: &Self) -> usize {
        self.differences(other).len()
    }
}

fn age(physique: &Physique) -> Age {
    match physique.age {
        ..13.0 => Age::Child,
        13.0..35.0 => Age::Young,
        35.0..60.0 => Age::Middle,
        _ => Age::Old,
    }
}

fn stature(physique: &Physique) -> Size {
    if physique.age < 16.0 {
        return Size::Usual;
    }
    let (low, high) = match physique.sex {
        Sex::Female => (1.55, 1.72),
        Sex::Male => (1.66, 1.85),
    };
    size(physique.stature, low, high)
}

fn size(value: f32, low: f32, high: f32) -> Size {
    if value < low {
        Size::Small
    } else if value > high {
        Size::Large
    } else {
        Size::Usual
    }
}

/// The class of skin in linear RGB, by its luminance.
fn complexion(skin: [f32; 3]) -> Complexion {
    let luminance = 0.2126 * skin[0] + 0.7152 * skin[1] + 0.0722 * skin[2];
    match luminance {
        ..0.11 => Complexion::Dark,
        0.11..0.36 => Complexion::Medium,
        _ => Complexion::Light,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_types::rng;

    fn people(count: u64) -> Vec<Person> {
        (0..count).map(|i| Person::sample(&mut rng(21, "people", i))).collect()
    }

    #[test]
    fn what_is_under_a_closed_jacket_or_a_dress_has_no_name() {
        let mut seen = [0, 0];
        for person in people(2_000) {
            let a = Attributes::of(&person);
            if let Some((Outer::Jacket | Outer::Coat | Outer::Blazer, _, open)) =
                person.outfit.outer
                && person.outfit.top.0 != Top::Dress
            {
                assert_eq!(a.top.is_some(), open);
                seen[0] += 1;
            }
            if person.outfit.top.0 == Top::Dress {
                assert_eq!(a.bottom.is_some(), person.outfit.bottom.0 == Bottom::Leggings);
                seen[1] += 1;
            }
        }
        assert!(seen[0] > 300 && seen[1] > 40, "{seen:?}");
    }

    #[test]
    fn distance_is_symmetric_and_counts_what_was_changed() {
        let all = people(40);
        let named: Vec<Attributes> = all.iter().map(Attributes::of).collect();
        for a in &named {
            assert_eq!(a.distance(a), 0);
            assert!(named.iter().all(|b| a.distance(b) == b.distance(a)));
        }
        let mut other = all[0].clone();
        other.head.glasses = !other.head.glasses;
        let changed = named[0].differences(&Attributes::of(&other));
        assert_eq!(changed, [Attribute::Glasses]);
    }

    /// People drawn apart from each other have different names: a perfect reader of attributes finds nearly everybody.
    #[test]
    fn names_tell_nearly_everybody_apart() {
        let named: Vec<Attributes> = people(1_000).iter().map(Attributes::of).collect();
        let unique = |i: &usize| named.iter().enumerate().all(|(j, b)| j == *i || named[*i] != *b);
        let count = (0..named.len()).filter(unique).count();
        assert!(count > 980, "{count}");
    }
}

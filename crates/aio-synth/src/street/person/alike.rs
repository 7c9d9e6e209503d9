//! People at random, and people who differ from someone in a few attributes only.

use super::clothes::{Bottom, Outfit, Top};
use super::colour::{Dye, Shade, Worn};
use super::outfit::Occasion;
use super::physique::{hair_colour, hair_style};
use super::{Bag, HairStyle, Hat, Head, Person, Physique, Sex};
use rand::RngExt;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;

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

impl Person {
    /// Someone of the kind that public places show.
    #[must_use]
    pub fn sample(rng: &mut ChaCha8Rng) -> Self {
        let physique = Physique::sample(rng);
        let occasion = Occasion::sample(&physique, rng);
        let head = Head::sample(&physique, occasion, rng);
        let outfit = Outfit::sample(&physique, occasion, rng);
        let bags = bags(&physique, rng);
        Self { physique, head, outfit, bags }
    }

    /// The attributes in which two people differ.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<Attribute> {
        let (p, q) = (&self.physique, &other.physique);
        let (h, k) = (&self.head, &other.head);
        let (o, w) = (&self.outfit, &other.outfit);
        let build = |p: &Physique| (p.sex, p.age, p.stature, p.girth, p.shoulders, p.legs);
        let pairs = [
            (Attribute::Build, build(p) != build(q)),
            (Attribute::Skin, p.skin != q.skin),
            (Attribute::HairStyle, h.hair != k.hair),
            (Attribute::HairColour, h.hair_colour != k.hair_colour),
            (Attribute::Beard, h.beard != k.beard),
            (Attribute::Glasses, h.glasses != k.glasses),
            (Attribute::Mask, h.mask != k.mask),
            (Attribute::Hat, h.hat != k.hat),
            (Attribute::Scarf, o.scarf != w.scarf),
            (Attribute::Top, o.top != w.top),
            (Attribute::Outer, o.outer != w.outer),
            (Attribute::Bottom, o.bottom != w.bottom),
            (Attribute::Shoes, o.shoes != w.shoes),
            (Attribute::Bags, self.bags != other.bags),
        ];
        pairs.into_iter().filter(|pair| pair.1).map(|pair| pair.0).collect()
    }

    /// Someone who differs from this person in `changes` attributes, clothes and bags more often than the rest.
    ///
    /// # Panics
    /// If `changes` is not between 1 and 3.
    #[must_use]
    pub fn look_alike(&self, rng: &mut ChaCha8Rng, changes: usize) -> Self {
        assert!((1..=3).contains(&changes), "1 to 3 changes, not {changes}");
        let mut order: Vec<Attribute> = Attribute::ALL.to_vec();
        order.extend([
            Attribute::Top,
            Attribute::Bottom,
            Attribute::Shoes,
            Attribute::Outer,
            Attribute::Bags,
        ]);
        order.shuffle(rng);
        let mut other = self.clone();
        for attribute in order {
            if self.differences(&other).len() == changes {
                break;
            }
            if !self.differences(&other).contains(&attribute) {
                other.change(attribute, rng);
            }
        }
        other
    }

    fn change(&mut self, attribute: Attribute, rng: &mut ChaCha8Rng) {
        let physique = self.physique;
        let (sex, age) = (physique.sex, physique.age);
        // The season stays that of the garments that stay.
        let cold = if self.outfit.outer.is_some() { 0.75 } else { 0.25 };
        let occasion = Occasion { cold, formal: false };
        match attribute {
            Attribute::Build => {
                let fresh = Physique::sample(rng);
                self.physique.stature = Physique::stature(sex, age, rng);
                self.physique.girth = Physique::girth(age, rng);
                (self.physique.shoulders, self.physique.legs) = (fresh.shoulders, fresh.legs);
            }
            Attribute::Skin => self.physique.skin = Physique::skin(rng),
            Attribute::HairStyle => self.head.hair = hair_style(&physique, rng),
            Attribute::HairColour => self.head.hair_colour = hair_colour(&physique, rng),
            Attribute::Beard => self.head.beard ^= sex == Sex::Male && age > 19.0,
            Attribute::Glasses => self.head.glasses = !self.head.glasses,
            Attribute::Mask => self.head.mask = if self.head.mask.is_some() { None } else { Some(mask(rng)) },
            Attribute::Hat => {
                self.head.hat = if self.head.hat.is_some() { None } else { Some(hat(cold, rng)) };
            }
            Attribute::Scarf => {
                let none = self.outfit.scarf.is_some();
                self.outfit.scarf = if none { None } else { Some(Dye::sample(Worn::Top, rng)) };
            }
            Attribute::Top => {
                let kind = if rng.random_bool(0.6) { self.outfit.top.0 } else { occasion.top(&physique, rng) };
                self.outfit.top = (kind, Outfit::top_look(kind, occasion, sex, rng));
            }
            Attribute::Outer => {
                self.outfit.outer = match (self.outfit.outer, occasion.outer(rng)) {
                    (Some((kind, _, open)), Some(_)) if rng.random_bool(0.5) => {
                        Some((kind, Outfit::outer_look(kind, cold, rng), open))
                    }
                    (Some((kind, look, open)), Some(_)) => Some((kind, look, !open)),
                    (Some(_), None) => None,
                    (None, other) => other.map(|kind| {
                        (kind, Outfit::outer_look(kind, 0.5, rng), rng.random_bool(0.5))
                    }),
                };
            }
            Attribute::Bottom => {
                let kind = if rng.random_bool(0.5) {
                    self.outfit.bottom.0
                } else {
                    occasion.bottom(&physique, rng)
                };
                self.outfit.bottom = (kind, Outfit::bottom_look(kind, true, sex, rng));
            }
            Attribute::Shoes => {
                let kind = occasion.shoes(&physique, self.outfit.bottom.0, rng);
                self.outfit.shoes = (kind, Outfit::shoe_look(kind, rng));
            }
            Attribute::Bags => self.bags = bags(&physique, rng),
        }
    }
}

impl Head {
    fn sample(physique: &Physique, occasion: Occasion, rng: &mut ChaCha8Rng) -> Self {
        let male = physique.sex == Sex::Male;
        let bearded = male && physique.age > 19.0 && rng.random_bool(0.22);
        let seldom = 0.10 + 0.14 * f64::from(occasion.cold);
        let wears = rng.random_bool(if occasion.formal { 0.03 } else { seldom });
        let mut hat = wears.then(|| hat(occasion.cold, rng));
        if !male && physique.age > 12.0 && rng.random_bool(0.035) {
            hat = Some((Hat::Headscarf, Dye::sample(Worn::Top, rng)));
        }
        Self {
            hair: if matches!(hat, Some((Hat::Headscarf, _))) {
                HairStyle::Bald
            } else {
                hair_style(physique, rng)
            },
            hair_colour: hair_colour(physique, rng),
            beard: bearded,
            glasses: rng.random_bool(if physique.age > 45.0 { 0.4 } else { 0.22 }),
            mask: rng.random_bool(0.07).then(|| mask(rng)),
            hat,
        }
    }
}

fn mask(rng: &mut ChaCha8Rng) -> Dye {
    let table = [(Shade::White, 4.0), (Shade::LightBlue, 4.0), (Shade::Black, 3.0)];
    Dye::of(table.choose_weighted(rng, |row| row.1).map_or(Shade::White, |row| row.0), rng)
}

fn hat(cold: f32, rng: &mut ChaCha8Rng) -> (Hat, Dye) {
    let table = [(Hat::Cap, 1.0), (Hat::Beanie, 3.0 * (cold - 0.3).max(0.0)), (Hat::Brimmed, 0.2)];
    let kind = table.choose_weighted(rng, |row| row.1).map_or(Hat::Cap, |row| row.0);
    (kind, Dye::sample(Worn::Thing, rng))
}

fn bags(physique: &Physique, rng: &mut ChaCha8Rng) -> Vec<(Bag, Dye)> {
    let female = if physique.sex == Sex::Female { 1.0 } else { 0.0 };
    let grown = if physique.age > 14.0 { 1.0 } else { 0.0 };
    let table = [
        (None, 42.0),
        (Some(Bag::Backpack), 24.0),
        (Some(Bag::ShoulderBag), 9.0 + 9.0 * female),
        (Some(Bag::Handbag), 12.0 * female * grown),
        (Some(Bag::ShoppingBag), 7.0),
        (Some(Bag::Trolley), 3.0 * grown),
        (Some(Bag::Umbrella), 2.0 * grown),
        (Some(Bag::Pushchair), 1.5 * grown),
        (Some(Bag::Bicycle), 2.0 * grown),
    ];
    let mut all: Vec<(Bag, Dye)> = Vec::new();
    for share in [1.0, 0.14] {
        if rng.random_bool(share)
            && let Some(bag) = table.choose_weighted(rng, |row| row.1).ok().and_then(|row| row.0)
            && !all.iter().any(|(other, _)| *other == bag || (other.both() && bag.held()) || (bag.both() && other.held()))
        {
            let dye = match bag {
                Bag::ShoppingBag => {
                    let table =
                        [(Shade::White, 5.0), (Shade::Beige, 2.0), (Shade::Red, 1.0), (Shade::Green, 1.0)];
                    Dye::of(table.choose_weighted(rng, |row| row.1).map_or(Shade::White, |r| r.0), rng)
                }
                _ => Dye::sample(Worn::Thing, rng),
            };
            all.push((bag, dye));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_types::rng;

    /// Clothes in shops and surveys: black, white, grey, navy and denim make up about 60 %.
    #[test]
    fn three_fifths_of_clothes_are_neutral() {
        let (mut neutral, mut all) = (0, 0);
        for i in 0..10_000 {
            let outfit = Person::sample(&mut rng(1, "people", i)).outfit;
            let upper = outfit.outer.map_or(outfit.top.1, |outer| outer.1);
            let mut colours = vec![upper.colour];
            if outfit.top.0 != Top::Dress || outfit.bottom.0 == Bottom::Leggings {
                colours.push(outfit.bottom.1.colour);
            }
            all += colours.len();
            neutral += colours.iter().filter(|dye| dye.shade.neutral()).count();
        }
        let share = neutral as f32 / all as f32;
        assert!((0.55..0.65).contains(&share), "{share}");
    }

    #[test]
    fn look_alikes_differ_in_as_many_attributes_as_asked_for() {
        for i in 0..600 {
            let rng = &mut rng(2, "people", i);
            let person = Person::sample(rng);
            let changes = 1 + i as usize % 3;
            let other = person.look_alike(rng, changes);
            assert_eq!(person.differences(&other).len(), changes);
        }
    }

    #[test]
    fn a_person_is_a_function_of_the_seed() {
        let of = |i| Person::sample(&mut rng(3, "people", i));
        assert_eq!(of(0), of(0));
        assert!((1..50).all(|i| of(i) != of(0)));
    }
}

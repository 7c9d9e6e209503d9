//! People at random, and people who differ from someone in a few attributes only.

use super::accessories::{bags, hat, mask};
use super::attribute::Attribute;
use super::attributes::Attributes;
use super::clothes::Outfit;
use super::colour::{Dye, Worn};
use super::fashion::Fashion;
use super::occasion::Occasion;
use super::physique::{hair_colour, hair_style};
use super::{Head, Person, Physique, Sex};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Draws until a change of an attribute can be named.
const TRIES: usize = 12;

impl Person {
    /// Someone of the kind that public places show.
    #[must_use]
    pub fn sample(rng: &mut ChaCha8Rng) -> Self {
        Self::dressed(&Fashion::world(), rng)
    }

    /// Someone who follows a fashion.
    #[must_use]
    pub fn dressed(fashion: &Fashion, rng: &mut ChaCha8Rng) -> Self {
        let physique = Physique::sample(fashion, rng);
        let occasion = Occasion::sample(&physique, fashion, rng);
        let head = Head::sample(&physique, occasion, rng);
        let outfit = Outfit::sample(&physique, occasion, rng);
        let bags = bags(&physique, fashion, rng);
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

    /// Someone who differs from this person in `changes` attributes that can be named, and is the same in everything
    /// else; clothes and bags change more often than the rest.
    ///
    /// # Panics
    /// If `changes` is not between 1 and 3.
    #[must_use]
    pub fn look_alike(&self, rng: &mut ChaCha8Rng, changes: usize) -> Self {
        self.look_alike_in(&Fashion::world(), rng, changes)
    }

    /// A look-alike whose changes follow a fashion.
    ///
    /// # Panics
    /// If `changes` is not between 1 and 3.
    #[must_use]
    fn look_alike_in(&self, fashion: &Fashion, rng: &mut ChaCha8Rng, changes: usize) -> Self {
        assert!((1..=3).contains(&changes), "1 to 3 changes, not {changes}");
        let own = Attributes::of(self);
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
        let mut changed = Vec::new();
        for attribute in order {
            if changed.len() == changes {
                break;
            }
            if changed.contains(&attribute) {
                continue;
            }
            // A change that nobody could name, such as another black, is none, and one that uncovers or hides other
            // things is more than one, but for the top and the bottom, which an outer garment may hide.
            for _ in 0..TRIES {
                let mut next = other.clone();
                next.change(attribute, fashion, rng);
                let mut wanted = changed.clone();
                wanted.push(attribute);
                wanted.sort_unstable();
                if self.differences(&next) == wanted
                    && own.differences(&Attributes::of(&next)) == wanted
                {
                    (other, changed) = (next, wanted);
                    break;
                }
            }
        }
        other
    }

    /// `size` people who look alike: somebody, and others with 1 to 3 changes, each of whom differs from all others in
    /// something that can be named.
    #[must_use]
    pub fn family(fashion: &Fashion, rng: &mut ChaCha8Rng, size: usize) -> Vec<Self> {
        let first = Self::dressed(fashion, rng);
        let mut named = vec![Attributes::of(&first)];
        let mut all = vec![first];
        while all.len() < size {
            let other = all[0].look_alike_in(fashion, rng, 1 + all.len() % 3);
            let attributes = Attributes::of(&other);
            if !named.contains(&attributes) {
                named.push(attributes);
                all.push(other);
            }
        }
        all
    }

    fn change(&mut self, attribute: Attribute, fashion: &Fashion, rng: &mut ChaCha8Rng) {
        let physique = self.physique;
        let (sex, age) = (physique.sex, physique.age);
        // The season stays that of the garments that stay.
        let cold = if self.outfit.outer.is_some() { 0.75 } else { 0.25 };
        let occasion = Occasion { cold, formal: false, fashion };
        match attribute {
            Attribute::Build => {
                let fresh = Physique::sample(fashion, rng);
                self.physique.stature = Physique::stature(sex, age, rng);
                self.physique.girth = Physique::girth(age, rng);
                (self.physique.shoulders, self.physique.legs) = (fresh.shoulders, fresh.legs);
            }
            Attribute::Skin => self.physique.skin = Physique::skin(rng),
            Attribute::HairStyle => self.head.hair = hair_style(&physique, rng),
            Attribute::HairColour => self.head.hair_colour = hair_colour(&physique, rng),
            Attribute::Beard => self.head.beard ^= sex == Sex::Male && age > 19.0,
            Attribute::Glasses => self.head.glasses = !self.head.glasses,
            Attribute::Mask => {
                self.head.mask = if self.head.mask.is_some() { None } else { Some(mask(rng)) }
            }
            Attribute::Hat => {
                self.head.hat =
                    if self.head.hat.is_some() { None } else { Some(hat(occasion, rng)) };
            }
            Attribute::Scarf => {
                let none = self.outfit.scarf.is_some();
                self.outfit.scarf =
                    if none { None } else { Some(Dye::sample(Worn::Top, fashion, rng)) };
            }
            Attribute::Top => {
                let kind = if rng.random_bool(0.6) {
                    self.outfit.top.0
                } else {
                    occasion.top(&physique, rng)
                };
                self.outfit.top = (kind, Outfit::top_look(kind, occasion, sex, rng));
            }
            Attribute::Outer => {
                self.outfit.outer = match (self.outfit.outer, occasion.outer(rng)) {
                    (Some((kind, _, open)), Some(_)) if rng.random_bool(0.5) => {
                        Some((kind, Outfit::outer_look(kind, occasion, rng), open))
                    }
                    (Some((kind, look, open)), Some(_)) => Some((kind, look, !open)),
                    (Some(_), None) => None,
                    (None, other) => other.map(|kind| {
                        (
                            kind,
                            Outfit::outer_look(kind, Occasion { cold: 0.5, ..occasion }, rng),
                            rng.random_bool(0.5),
                        )
                    }),
                };
            }
            Attribute::Bottom => {
                let kind = if rng.random_bool(0.5) {
                    self.outfit.bottom.0
                } else {
                    occasion.bottom(&physique, rng)
                };
                self.outfit.bottom = (kind, Outfit::bottom_look(kind, true, sex, fashion, rng));
            }
            Attribute::Shoes => {
                let kind = occasion.shoes(&physique, self.outfit.bottom.0, rng);
                self.outfit.shoes = (kind, Outfit::shoe_look(kind, fashion, rng));
            }
            Attribute::Bags => self.bags = bags(&physique, fashion, rng),
        }
    }
}

#[cfg(test)]
mod tests;

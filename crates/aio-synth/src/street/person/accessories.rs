//! What is worn on the head and what is carried.

use super::colour::{Dye, Worn};
use super::fashion::Fashion;
use super::occasion::Occasion;
use super::physique::{hair_colour, hair_style};
use super::shade::Shade;
use super::{Bag, HairStyle, Hat, Head, Physique, Sex};
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

impl Head {
    pub(super) fn sample(physique: &Physique, occasion: Occasion, rng: &mut ChaCha8Rng) -> Self {
        let male = physique.sex == Sex::Male;
        let bearded = male && physique.age > 19.0 && rng.random_bool(0.22);
        let seldom = 0.10 + 0.14 * f64::from(occasion.cold);
        let wears = rng.random_bool(if occasion.formal { 0.03 } else { seldom });
        let mut hat = wears.then(|| hat(occasion, rng));
        if !male && physique.age > 12.0 && rng.random_bool(0.035) {
            hat = Some((Hat::Headscarf, Dye::sample(Worn::Top, occasion.fashion, rng)));
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

pub(super) fn mask(rng: &mut ChaCha8Rng) -> Dye {
    let table = [(Shade::White, 4.0), (Shade::LightBlue, 4.0), (Shade::Black, 3.0)];
    Dye::of(table.choose_weighted(rng, |row| row.1).map_or(Shade::White, |row| row.0), rng)
}

pub(super) fn hat(occasion: Occasion, rng: &mut ChaCha8Rng) -> (Hat, Dye) {
    let table =
        [(Hat::Cap, 1.0), (Hat::Beanie, 3.0 * (occasion.cold - 0.3).max(0.0)), (Hat::Brimmed, 0.2)];
    let kind = table.choose_weighted(rng, |row| row.1).map_or(Hat::Cap, |row| row.0);
    (kind, Dye::sample(Worn::Thing, occasion.fashion, rng))
}

/// What is carried.
pub(super) fn bags(
    physique: &Physique,
    fashion: &Fashion,
    rng: &mut ChaCha8Rng,
) -> Vec<(Bag, Dye)> {
    let female = if physique.sex == Sex::Female { 1.0 } else { 0.0 };
    let grown = if physique.age > 14.0 { 1.0 } else { 0.0 };
    let table = [
        (None, 78.0 / fashion.bags),
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
            && !all.iter().any(|(other, _)| {
                *other == bag || (other.both() && bag.held()) || (bag.both() && other.held())
            })
        {
            let dye = match bag {
                Bag::ShoppingBag => {
                    let table = [
                        (Shade::White, 5.0),
                        (Shade::Beige, 2.0),
                        (Shade::Red, 1.0),
                        (Shade::Green, 1.0),
                    ];
                    Dye::of(
                        table.choose_weighted(rng, |row| row.1).map_or(Shade::White, |r| r.0),
                        rng,
                    )
                }
                _ => Dye::sample(Worn::Thing, fashion, rng),
            };
            all.push((bag, dye));
        }
    }
    all
}

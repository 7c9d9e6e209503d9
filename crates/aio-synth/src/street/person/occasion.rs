//! Which garments go with the weather and with an office.

use super::clothes::{Bottom, Outer, Shoes, Top};
use super::fashion::Fashion;
use super::{Physique, Sex};
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

/// What an outfit is for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Occasion<'a> {
    /// 0 is a hot day, 1 a freezing one.
    pub(super) cold: f32,
    /// Whether people dress as in an office.
    pub(super) formal: bool,
    pub(super) fashion: &'a Fashion,
}

/// One of a table, as often as its weight says.
pub(super) fn pick<T: Copy>(table: &[(T, f32)], otherwise: T, rng: &mut ChaCha8Rng) -> T {
    table.choose_weighted(rng, |row| row.1.max(0.0)).map_or(otherwise, |row| row.0)
}

impl<'a> Occasion<'a> {
    pub(super) fn sample(physique: &Physique, fashion: &'a Fashion, rng: &mut ChaCha8Rng) -> Self {
        let (mean, spread) = fashion.cold;
        let cold = (mean + spread * (2.0 * rng.random::<f32>() - 1.0)).clamp(0.0, 1.0);
        let formal = physique.age > 20.0 && rng.random_bool(fashion.formal);
        Self { cold, formal, fashion }
    }

    pub(super) fn top(self, physique: &Physique, rng: &mut ChaCha8Rng) -> Top {
        let (warm, mild, cold) = self.weights();
        let female = if physique.sex == Sex::Female { 1.0 } else { 0.0 };
        if self.formal {
            return pick(
                &[(Top::Shirt, 7.0), (Top::LongSleeve, 1.0), (Top::Dress, 2.0 * female)],
                Top::Shirt,
                rng,
            );
        }
        let dress = female * (1.4 * warm + 0.5 * mild + 0.1 * cold);
        let table = [
            (Top::TShirt, 5.0 * warm + 1.5 * mild + 0.4 * cold),
            (Top::LongSleeve, 0.4 * warm + 2.0 * mild + 1.2 * cold),
            (Top::Polo, 1.0 * warm + 0.3 * mild),
            (Top::Shirt, 0.9 * warm + 1.5 * mild + 0.8 * cold),
            (Top::Sweater, 1.5 * mild + 2.5 * cold),
            (Top::Hoodie, if physique.age < 60.0 { 2.0 * mild + 1.5 * cold } else { 0.3 * mild }),
            (Top::Vest, (0.3 + 0.5 * female) * warm),
            (Top::Dress, dress),
        ];
        pick(&table, Top::TShirt, rng)
    }

    pub(super) fn outer(self, rng: &mut ChaCha8Rng) -> Option<Outer> {
        let (_, mild, cold) = self.weights();
        let wears =
            if self.formal { 0.3 + 0.6 * (mild + cold).min(1.0) } else { 0.4 * mild + cold };
        if rng.random::<f32>() > wears {
            return None;
        }
        let table = if self.formal {
            [
                (Outer::Blazer, 5.0),
                (Outer::Coat, 4.0 * cold),
                (Outer::Jacket, 1.5 * (mild + cold)),
                (Outer::Gilet, 0.1),
            ]
        } else {
            [
                (Outer::Jacket, 6.0),
                (Outer::Coat, 3.0 * cold),
                (Outer::Blazer, 0.4 * mild),
                (Outer::Gilet, 0.5),
            ]
        };
        Some(pick(&table, Outer::Jacket, rng))
    }

    pub(super) fn bottom(self, physique: &Physique, rng: &mut ChaCha8Rng) -> Bottom {
        let (warm, mild, cold) = self.weights();
        let female = if physique.sex == Sex::Female { 1.0 } else { 0.0 };
        if self.formal {
            let table = [
                (Bottom::Trousers, 5.0),
                (Bottom::ShortSkirt, 1.5 * female),
                (Bottom::LongSkirt, 0.8 * female),
            ];
            return pick(&table, Bottom::Trousers, rng);
        }
        let table = [
            (Bottom::Trousers, 3.0),
            (Bottom::Jeans, 5.0),
            (Bottom::Leggings, female * (0.8 + mild)),
            (Bottom::Joggers, if physique.age < 50.0 { 1.5 } else { 0.5 }),
            (Bottom::Shorts, (4.0 - 1.5 * female) * warm),
            (Bottom::ShortSkirt, female * (1.6 * warm + 0.6 * mild + 0.2 * cold)),
            (Bottom::LongSkirt, female * (1.0 * warm + 0.6 * mild + 0.4 * cold)),
        ];
        pick(&table, Bottom::Jeans, rng)
    }

    pub(super) fn shoes(self, physique: &Physique, bottom: Bottom, rng: &mut ChaCha8Rng) -> Shoes {
        let (warm, mild, cold) = self.weights();
        let female = physique.sex == Sex::Female && physique.age > 14.0;
        let heels = if female { if self.formal { 4.0 } else { 0.5 } } else { 0.0 };
        let boots = if bottom == Bottom::Shorts { 0.0 } else { 0.4 * mild + 2.0 * cold };
        let table = [
            (Shoes::Trainers, if self.formal { 0.5 } else { 6.0 }),
            (Shoes::Boots, if female { 1.3 * boots } else { 0.4 * boots }),
            (Shoes::Leather, if self.formal { 6.0 } else { 1.2 }),
            (Shoes::Sandals, if self.formal { 0.0 } else { 1.5 * warm }),
            (Shoes::Heels, heels),
        ];
        pick(&table, Shoes::Trainers, rng)
    }

    /// Shares of a hot, a mild and a cold day.
    fn weights(self) -> (f32, f32, f32) {
        let warm = (1.0 - 2.5 * self.cold).max(0.0);
        let cold = (2.5 * self.cold - 1.5).max(0.0);
        (warm, 1.0 - warm - cold, cold)
    }
}

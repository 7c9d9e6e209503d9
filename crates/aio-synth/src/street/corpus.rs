//! The pre-training corpus: every person in two pictures, and described anew as often as one asks.
//!
//! Every picture has a camera or an artist of its own, and cameras differ more than those of any one data set for training. No picture,
//! camera or artist is one of the benchmark, and writers use no word that is held out for its test domains.

use super::caption::{Wording, caption};
use super::compose::domain::{Counts, Domain, Picture as Kind};
use super::compose::layer::Model;
use super::compose::style::Style;
use super::person::Person;
use super::photo::Quality;
use super::scene::place::Setting;
use super::scene::view::Detector;
use aio_data::picture;
use aio_types::{Modality, Picture, PictureSize, rng};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::ops::ControlFlow;

/// Fractions of pictures of each kind; the others are photographs in visible light.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mix {
    /// Fraction photographed in near infrared.
    pub infrared: f32,
    /// Fraction drawn with a pencil.
    pub sketch: f32,
    /// Fraction drawn with colour pencils.
    pub colour_pencil: f32,
}

/// A picture of a person and its kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Shot {
    /// The picture.
    pub picture: Picture,
    /// What kind of picture it is.
    pub modality: Modality,
}

/// A person of the corpus in two pictures.
#[derive(Debug, Clone)]
pub struct Item {
    person: Box<Person>,
    /// Pictures by two cameras or artists, or one of each.
    pub shots: [Shot; 2],
}

/// People who may walk by in one picture.
const PASSERS: usize = 2;

/// Share of what can be told that captions leave out: less than in any data set, since the encoder has to learn all words from few captions.
/// Hasty writers alone leave out 13 % in the mean, so that this stands for that.
const OMISSION: f64 = 0.1;

impl Mix {
    fn draw(&self, rng: &mut ChaCha8Rng) -> Modality {
        let at: f32 = rng.random();
        let infrared = self.infrared;
        let sketch = infrared + self.sketch;
        match at {
            _ if at < infrared => Modality::Infrared,
            _ if at < sketch => Modality::Sketch,
            _ if at < sketch + self.colour_pencil => Modality::ColourPencil,
            _ => Modality::Rgb,
        }
    }
}

/// A style for one picture.
fn style(rng: &mut ChaCha8Rng) -> Style {
    let within =
        |rng: &mut ChaCha8Rng, low: f32, high: f32| low + (high - low) * rng.random::<f32>();
    let height = within(rng, 1.4, 4.2);
    let distance = within(rng, 4.0, 14.0);
    let rows = within(rng, 60.0, 175.0);
    Style {
        settings: [
            (Setting::Plaza, 0.22),
            (Setting::Street, 0.22),
            (Setting::Park, 0.18),
            (Setting::Yard, 0.15),
            (Setting::Hall, 0.13),
            (Setting::Corridor, 0.10),
        ],
        height: (height, height),
        distance: (distance, distance),
        rows: (rows, rows),
        quality: Quality { harshness: within(rng, 0.3, 1.5), cast: within(rng, 0.3, 1.6) },
        detector: Detector { jitter: within(rng, 0.04, 0.18), truncation: 0.12 },
        clutter: 5,
        occlusion: 0.12,
        company: 0.2,
        stored: None,
        paired: false,
        untidiness: within(rng, 0.6, 1.5),
    }
}

impl Shot {
    fn take(person: &Person, size: PictureSize, mix: Mix, rng: &mut ChaCha8Rng) -> Self {
        let modality = mix.draw(rng);
        let one = |this: Modality| usize::from(this == modality);
        let counts = Counts {
            visible: one(Modality::Rgb),
            infrared: one(Modality::Infrared),
            artists: one(Modality::Sketch) + one(Modality::ColourPencil),
        };
        let domain = Domain::sample(rng.random(), "corpus", style(rng), counts);
        let passers: [Person; PASSERS] = std::array::from_fn(|_| Person::sample(rng));
        let passers = [0, 1].map(|i| &passers[i] as &dyn Model);
        let kind = match modality {
            Modality::Infrared => Kind::Infrared(0),
            Modality::Sketch => Kind::Sketch(0),
            Modality::ColourPencil => Kind::ColourPencil(0),
            _ => Kind::Rgb(0),
        };
        let made = domain.picture(kind, person, &passers, (size.height, size.width), rng);
        let picture = picture::resized(&made, size).expect("a picture has pixels");
        Self { picture, modality }
    }
}

impl Item {
    fn render(seed: u64, index: u64, size: PictureSize, mix: Mix) -> Self {
        let person = Person::sample(&mut rng(seed, "street corpus person", index));
        let shots = ["street corpus first", "street corpus second"]
            .map(|name| Shot::take(&person, size, mix, &mut rng(seed, name, index)));
        Self { person: Box::new(person), shots }
    }

    /// Describes the person in words drawn from `rng`: a vocabulary and a sentence pattern of training data, with
    /// omissions.
    #[must_use]
    pub fn caption(&self, rng: &mut ChaCha8Rng) -> String {
        caption(&self.person, &wording(true), rng)
    }

    /// Describes the person without naming a colour, as someone does who sees a pencil sketch or an infrared picture.
    #[must_use]
    pub fn caption_without_colours(&self, rng: &mut ChaCha8Rng) -> String {
        caption(&self.person, &wording(false), rng)
    }
}

fn wording(colours: bool) -> Wording {
    Wording { omission: OMISSION, error: 0.0, vagueness: 0.0, colours, ..Wording::training() }
}

/// Renders the corpus of (`seed`, `count`) in parallel, at `size`; `tick` is called after each item. `None` if it asks
/// to stop.
///
/// Items are a pure function of (`seed`, index, `size`, `mix`).
#[must_use]
pub fn render(
    seed: u64,
    count: usize,
    size: PictureSize,
    mix: Mix,
    tick: &(dyn Fn() -> ControlFlow<()> + Sync),
) -> Option<Vec<Item>> {
    (0..count as u64)
        .into_par_iter()
        .map(|index| {
            let item = Item::render(seed, index, size, mix);
            tick().is_continue().then_some(item)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const SIZE: PictureSize = PictureSize { height: 64, width: 32 };
    const MIX: Mix = Mix { infrared: 0.25, sketch: 0.2, colour_pencil: 0.1 };

    fn rendered(seed: u64, count: usize) -> Vec<Item> {
        render(seed, count, SIZE, MIX, &|| ControlFlow::Continue(())).expect("not stopped")
    }

    #[test]
    fn an_item_depends_on_seed_and_index_alone() {
        let (few, many) = (rendered(1, 6), rendered(1, 12));
        let other = rendered(2, 6);
        for i in 0..6 {
            assert_eq!(few[i].shots, many[i].shots);
            assert_ne!(few[i].shots, other[i].shots);
            let say = |item: &Item| item.caption(&mut rng(3, "say", i as u64));
            assert_eq!(say(&few[i]), say(&many[i]));
        }
    }

    #[test]
    fn kinds_come_as_often_as_the_mix_says_and_pictures_have_the_size() {
        let items = rendered(4, 150);
        let shots: Vec<&Shot> = items.iter().flat_map(|item| &item.shots).collect();
        let share = |modality: Modality| {
            shots.iter().filter(|shot| shot.modality == modality).count() as f32 / 300.0
        };
        // Three standard errors of 300 draws are at most 0.087.
        for (modality, expected) in [
            (Modality::Rgb, 0.45),
            (Modality::Infrared, 0.25),
            (Modality::Sketch, 0.2),
            (Modality::ColourPencil, 0.1),
        ] {
            assert!((share(modality) - expected).abs() < 0.087, "{modality}: {}", share(modality));
        }
        for shot in &shots {
            assert_eq!(shot.picture.pixels.len(), 64 * 32 * 3);
            let grey = shot.picture.pixels.chunks_exact(3).all(|p| p[0] == p[1] && p[1] == p[2]);
            assert!(grey || shot.modality != Modality::Infrared);
        }
    }

    #[test]
    fn captions_vary_and_leave_out_colours_where_asked() {
        let item = &rendered(5, 1)[0];
        let rng = &mut rng(5, "captions", 0);
        let all: BTreeSet<String> = (0..40).map(|_| item.caption(rng)).collect();
        assert!(all.len() > 35, "{}", all.len());
        for _ in 0..40 {
            let text = item.caption_without_colours(rng).to_lowercase();
            let words: BTreeSet<&str> = text.split(|c: char| !c.is_alphabetic()).collect();
            for colour in ["black", "white", "red", "blue", "navy", "green", "brown", "grey"] {
                assert!(!words.contains(colour), "{text}");
            }
        }
    }

    #[test]
    fn rendering_stops_when_asked() {
        assert!(render(6, 4, SIZE, MIX, &|| ControlFlow::Break(())).is_none());
    }
}

//! The pre-training corpus: rendered people and objects with captions, no identity shown twice.
//!
//! Every picture has a camera and a palette of its own, drawn from streams that no domain of the benchmark uses.

use super::camera::{CameraModel, CameraRange, to_rgb};
use super::caption::{Wording, caption};
use super::figure::{Pose, figure};
use super::paint::{Hand, Light, Placement, drawing};
use super::person::{Palette, Person};
use super::tags::{CLASSES, tags};
use super::{scene, world};
use aio_data::{
    augment::{Augmentation, Kind},
    picture,
    synthesis::channel_exchange,
};
use aio_types::{Picture, PictureSize, rng};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::ops::ControlFlow;
use tiny_skia::Pixmap;

/// An item of the corpus and what it shows.
#[derive(Debug, Clone)]
pub enum Item {
    /// A person in two pictures; the second is only shown together with the first.
    Person(Box<Person>, [Shot; 2]),
    /// Coloured objects with their caption.
    Objects(Picture, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depiction {
    Photograph,
    Infrared,
    Drawing,
}

/// A picture of a person.
#[derive(Debug, Clone)]
pub struct Shot {
    picture: Picture,
    depiction: Depiction,
}

/// An item as it is shown in one pass over the corpus.
#[derive(Debug, Clone)]
pub struct View {
    /// The picture, augmented.
    pub picture: Picture,
    /// A caption of it.
    pub caption: String,
    /// What a caption that leaves nothing out would say; nothing is known of pictures of objects.
    pub tags: [Option<usize>; CLASSES.len()],
}

/// What a person's picture is shown together with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Company {
    /// Whether the person's second picture is there.
    pub second: bool,
    /// Whether there is a caption that names colours, whatever the pictures show: a witness who saw more than a camera.
    pub witness: bool,
}

/// A person's picture in company: inputs that say more together than any of them alone.
#[derive(Debug, Clone)]
pub struct Together {
    /// One or two pictures, augmented.
    pub pictures: Vec<Picture>,
    /// The witness, if there is one.
    pub witness: Option<String>,
    /// What a caption that leaves nothing out would say of all of them.
    pub tags: [Option<usize>; CLASSES.len()],
}

/// Fraction of pictures that show objects instead of a person.
const OBJECTS: f64 = 0.08;

/// Probability that a caption does not mention an attribute.
const OMISSION: f64 = 0.3;

/// Fraction of photographs that are shown without their colours, and of those in colour whose caption names none.
/// Colours tell people apart so well that nothing else is learned where they always help.
const GREY: f64 = 0.25;
const COLOURLESS: f64 = 0.3;

/// Fractions of people that are drawn, and that are photographed in infrared; the others are colour photographs.
/// Web-scale corpora hold drawings and grey pictures, too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Depictions {
    /// Fraction drawn.
    pub drawn: f32,
    /// Fraction photographed in infrared.
    pub infrared: f32,
}

impl Shot {
    fn take(person: &Person, size: PictureSize, mix: Depictions, rng: &mut ChaCha8Rng) -> Self {
        let depiction: f32 = rng.random();
        if depiction < mix.drawn {
            let hand = world::hand(rng, 1.0);
            let drawing = sketch(person, &hand, false, rng);
            let picture = picture::resized(&drawing, size).expect("a drawing has pixels");
            return Self { picture, depiction: Depiction::Drawing };
        }
        let (light, depiction) = match depiction < mix.drawn + mix.infrared {
            true => (Light::Infrared, Depiction::Infrared),
            false => (Light::Visible, Depiction::Photograph),
        };
        let range = CameraRange {
            harshness: 0.9 * rng.random::<f32>(),
            cast: 1.0,
            clutter: 4,
            occlusion: 0.05,
        };
        let photo = CameraModel::sample(rng, light, range).shoot(person, rng);
        let picture = picture::resized(&photo, size).expect("a camera's picture has pixels");
        Self { picture, depiction }
    }

    /// Whether this picture is shown without colours this time.
    fn grey(&self, rng: &mut ChaCha8Rng) -> bool {
        match self.depiction {
            Depiction::Infrared => true,
            Depiction::Drawing => false,
            Depiction::Photograph => rng.random_bool(GREY),
        }
    }

    fn augmented(&self, grey: bool, augmentation: &Augmentation, rng: &mut ChaCha8Rng) -> Picture {
        let mut picture = self.picture.clone();
        let is_drawn = self.depiction == Depiction::Drawing;
        let kind = if is_drawn { Kind::Drawing } else { Kind::Photograph };
        augmentation.apply(&mut picture, kind, rng);
        if grey {
            channel_exchange(&mut picture, 3, rng);
        }
        picture
    }
}

impl Item {
    fn render(seed: u64, index: u64, size: PictureSize, mix: Depictions) -> Self {
        let stream = &mut rng(seed, "pre-training corpus", index);
        let palette = Palette::sample(stream, 0.08);
        if stream.random_bool(OBJECTS)
            && let Some((canvas, text)) =
                scene::objects(2 * size.height as u32, 2 * size.width as u32, &palette, stream)
            && let Ok(picture) = picture::resized(&to_rgb(&canvas), size)
        {
            return Self::Objects(picture, text);
        }
        let person = Person::sample(stream, &palette);
        let first = Shot::take(&person, size, mix, stream);
        let second = Shot::take(&person, size, mix, &mut rng(seed, "pre-training company", index));
        Self::Person(Box::new(person), [first, second])
    }

    /// This item in one pass: augmented and, if it shows a person, described anew.
    ///
    /// Pictures without colours (drawings, infrared, a part of the photographs) have captions and tags that name none.
    #[must_use]
    pub fn view(&self, augmentation: &Augmentation, seed: u64, index: u64, pass: u64) -> View {
        let rng = &mut rng(seed, &format!("pre-training view {index}"), pass);
        match self {
            Self::Person(person, [shot, _]) => {
                let grey = shot.grey(rng);
                let shown = shot.depiction == Depiction::Photograph && !grey;
                let named = shown && !rng.random_bool(COLOURLESS);
                let (caption, tags) = (caption(person, &wording(named), rng), tags(person, shown));
                View { picture: shot.augmented(grey, augmentation, rng), caption, tags }
            }
            Self::Objects(picture, caption) => {
                let mut picture = picture.clone();
                augmentation.apply(&mut picture, Kind::Photograph, rng);
                View { picture, caption: caption.clone(), tags: [None; CLASSES.len()] }
            }
        }
    }

    /// The person of this item in `company` in one pass, or `None` if it shows objects.
    #[must_use]
    pub fn together(
        &self,
        company: Company,
        augmentation: &Augmentation,
        seed: u64,
        index: u64,
        pass: u64,
    ) -> Option<Together> {
        let Self::Person(person, shots) = self else { return None };
        let rng = &mut rng(seed, &format!("pre-training company {index}"), pass);
        let witness = company.witness.then(|| caption(person, &wording(true), rng));
        let mut shown = company.witness;
        let mut pictures = Vec::new();
        for shot in &shots[..1 + usize::from(company.second)] {
            let grey = shot.grey(rng);
            shown |= shot.depiction == Depiction::Photograph && !grey;
            pictures.push(shot.augmented(grey, augmentation, rng));
        }
        Some(Together { pictures, witness, tags: tags(person, shown) })
    }
}

/// Draws `person` as the artist `hand` does.
fn sketch(person: &Person, hand: &Hand, coloured: bool, rng: &mut ChaCha8Rng) -> image::RgbImage {
    let mut canvas = Pixmap::new(72, 144).expect("valid size");
    let mut signed = || 2.0 * rng.random::<f32>() - 1.0;
    let pose = Pose {
        yaw: 0.75 * signed(),
        phase: 1.5 * signed(),
        stride: 0.12,
        elbow: 0.25 + 0.2 * signed(),
        lean: 0.0,
    };
    let drawn = figure(person, pose);
    let scale = 0.91 * 144.0 / (0.25 * 1.76 + 0.75 * drawn.height);
    let at = Placement { scale, stretch: 1.0, x: 36.0 + 2.0 * signed(), y: 139.0 + 1.5 * signed() };
    drawing(&mut canvas, &drawn, at, hand, coloured, rng);
    to_rgb(&canvas)
}

fn wording(colours: bool) -> Wording {
    Wording { vocabularies: vec![0, 1, 2], omission: OMISSION, error: 0.0, colours }
}

/// Renders the corpus of (`seed`, `count`) in parallel; `tick` is called after each picture. `None` if it asks to stop.
#[must_use]
pub fn render(
    seed: u64,
    count: usize,
    size: PictureSize,
    mix: Depictions,
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
    use crate::caption::colour_word;
    use crate::person::Colour;

    fn rendered(seed: u64, count: usize, mix: Depictions) -> Vec<Item> {
        let size = PictureSize { height: 32, width: 16 };
        render(seed, count, size, mix, &|| ControlFlow::Continue(())).expect("not stopped")
    }

    #[test]
    fn a_picture_without_colours_has_a_caption_that_names_none() {
        let mix = Depictions { drawn: 0.3, infrared: 0.3 };
        let items = rendered(5, 60, mix);
        let colours: Vec<&str> =
            Colour::ALL.iter().flat_map(|c| (0..3).map(|v| colour_word(*c, v))).collect();
        let names_a_colour = |text: &str| {
            text.split(|c: char| !c.is_alphabetic()).any(|word| colours.contains(&word))
        };
        let (mut grey, mut coloured) = (0, 0);
        for (index, item) in items.iter().enumerate() {
            for pass in 0..4 {
                let view = item.view(&Augmentation::default(), 5, index as u64, pass);
                let drawing = matches!(
                    item,
                    Item::Person(_, [Shot { depiction: Depiction::Drawing, .. }, _])
                );
                if drawing
                    || view.picture.pixels.chunks_exact(3).all(|p| p[0] == p[1] && p[1] == p[2])
                {
                    grey += 1;
                    assert!(!names_a_colour(&view.caption), "{}", view.caption);
                    assert_eq!(view.tags[11..], [None; 8], "tags of colours");
                } else {
                    coloured += usize::from(names_a_colour(&view.caption));
                }
            }
        }
        assert!(
            grey > 100 && coloured > 20,
            "{grey} without colours, {coloured} described in colour"
        );
    }

    #[test]
    fn a_witness_names_the_colours_that_pictures_do_not_show() {
        let mix = Depictions { drawn: 0.5, infrared: 0.5 };
        let items = rendered(6, 40, mix);
        let augmentation = Augmentation::default();
        let mut people = 0;
        for (index, item) in (0..).zip(&items) {
            let alone = item.view(&augmentation, 6, index, 0).tags;
            let together = |second, witness| {
                item.together(Company { second, witness }, &augmentation, 6, index, 0)
            };
            let (Some(with_second), Some(witnessed)) =
                (together(true, false), together(false, true))
            else {
                assert!(matches!(item, Item::Objects(..)));
                continue;
            };
            people += 1;
            assert_eq!((with_second.pictures.len(), with_second.witness), (2, None));
            assert_eq!(with_second.tags, alone, "neither drawings nor infrared show colours");
            assert_eq!(witnessed.pictures.len(), 1);
            assert!(witnessed.witness.is_some_and(|text| !text.is_empty()));
            assert!(witnessed.tags[13].is_some(), "the colour of the upper garment");
            assert_eq!(witnessed.tags[..11], alone[..11]);
        }
        assert!(people > 30, "{people}");
    }
}

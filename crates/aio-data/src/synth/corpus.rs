//! The pre-training corpus: rendered people and objects with captions, no identity shown twice.
//!
//! Every picture has a camera and a palette of its own, drawn from streams that no domain of the benchmark uses.

use super::camera::{CameraModel, CameraRange, to_rgb};
use super::caption::{Wording, caption};
use super::paint::Light;
use super::person::{Palette, Person};
use super::tags::{CLASSES, tags};
use super::{benchmark, scene, world};
use crate::augment::{Augmentation, Colours};
use crate::picture::{Picture, PictureSize};
use crate::rng;
use crate::synthesis::channel_exchange;
use rand::RngExt;
use rayon::prelude::*;

/// What a picture of the corpus shows.
#[derive(Debug, Clone)]
enum Subject {
    Person(Box<Person>, Depiction),
    Objects(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depiction {
    Photograph,
    Infrared,
    Drawing,
}

/// A picture and what it shows.
#[derive(Debug, Clone)]
pub struct Item {
    picture: Picture,
    subject: Subject,
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

impl Item {
    fn render(seed: u64, index: u64, size: PictureSize, mix: Depictions) -> Self {
        let rng = &mut rng(seed, "pre-training corpus", index);
        let palette = Palette::sample(rng, 0.08);
        if rng.random_bool(OBJECTS)
            && let Some((canvas, text)) = scene::objects(2 * size.height as u32, 2 * size.width as u32, &palette, rng)
            && let Ok(picture) = Picture::resized(&to_rgb(&canvas), size)
        {
            return Self { picture, subject: Subject::Objects(text) };
        }
        let person = Person::sample(rng, &palette);
        let depiction: f32 = rng.random();
        if depiction < mix.drawn {
            let hand = world::hand(rng, 1.0);
            let drawing = benchmark::sketch(&person, &hand, false, rng);
            let picture = Picture::resized(&drawing, size).expect("a drawing has pixels");
            return Self { picture, subject: Subject::Person(Box::new(person), Depiction::Drawing) };
        }
        let (light, depiction) = match depiction < mix.drawn + mix.infrared {
            true => (Light::Infrared, Depiction::Infrared),
            false => (Light::Visible, Depiction::Photograph),
        };
        let range = CameraRange { harshness: 0.9 * rng.random::<f32>(), clutter: 4, occlusion: 0.05 };
        let photo = CameraModel::sample(rng, light, range).shoot(&person, rng);
        let picture = Picture::resized(&photo, size).expect("a camera's picture has pixels");
        Self { picture, subject: Subject::Person(Box::new(person), depiction) }
    }

    /// This item in one pass: augmented and, if it shows a person, described anew.
    ///
    /// Pictures without colours (drawings, infrared, a part of the photographs) have captions and tags that name none.
    #[must_use]
    pub fn view(&self, augmentation: &Augmentation, seed: u64, index: u64, pass: u64) -> View {
        let rng = &mut rng(seed, &format!("pre-training view {index}"), pass);
        let depiction = match &self.subject {
            Subject::Person(_, depiction) => *depiction,
            Subject::Objects(_) => Depiction::Photograph,
        };
        let grey = match depiction {
            Depiction::Infrared => true,
            Depiction::Drawing => false,
            Depiction::Photograph => matches!(self.subject, Subject::Person(..)) && rng.random_bool(GREY),
        };
        let coloured = depiction == Depiction::Photograph && !grey && !rng.random_bool(COLOURLESS);
        let wording = Wording { vocabularies: vec![0, 1, 2], omission: OMISSION, error: 0.0, colours: coloured };
        let (caption, tags) = match &self.subject {
            Subject::Objects(text) => (text.clone(), [None; CLASSES.len()]),
            Subject::Person(person, _) => (caption(person, &wording, rng), tags(person, depiction == Depiction::Photograph && !grey)),
        };
        let mut picture = self.picture.clone();
        let (fill, colours) = if depiction == Depiction::Drawing { ([255; 3], Colours::Keep) } else { ([128; 3], Colours::Vary) };
        augmentation.apply(&mut picture, fill, colours, rng);
        if grey {
            channel_exchange(&mut picture, 3, rng);
        }
        View { picture, caption, tags }
    }
}

/// Renders the corpus of (`seed`, `count`) in parallel; `tick` is called after each picture.
#[must_use]
pub fn render(seed: u64, count: usize, size: PictureSize, mix: Depictions, tick: &(dyn Fn() + Sync)) -> Vec<Item> {
    (0..count as u64)
        .into_par_iter()
        .map(|index| {
            let item = Item::render(seed, index, size, mix);
            tick();
            item
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::caption::colour_word;
    use crate::synth::person::Colour;

    #[test]
    fn a_picture_without_colours_has_a_caption_that_names_none() {
        let mix = Depictions { drawn: 0.3, infrared: 0.3 };
        let items = render(5, 60, PictureSize { height: 32, width: 16 }, mix, &|| ());
        let colours: Vec<&str> = Colour::ALL.iter().flat_map(|c| (0..3).map(|v| colour_word(*c, v))).collect();
        let names_a_colour = |text: &str| text.split(|c: char| !c.is_alphabetic()).any(|word| colours.contains(&word));
        let (mut grey, mut coloured) = (0, 0);
        for (index, item) in items.iter().enumerate() {
            for pass in 0..4 {
                let view = item.view(&Augmentation::default(), 5, index as u64, pass);
                let drawing = matches!(item.subject, Subject::Person(_, Depiction::Drawing));
                if drawing || view.picture.pixels.chunks_exact(3).all(|p| p[0] == p[1] && p[1] == p[2]) {
                    grey += 1;
                    assert!(!names_a_colour(&view.caption), "{}", view.caption);
                    assert_eq!(view.tags[11..], [None; 8], "tags of colours");
                } else {
                    coloured += usize::from(names_a_colour(&view.caption));
                }
            }
        }
        assert!(grey > 100 && coloured > 20, "{grey} without colours, {coloured} described in colour");
    }
}

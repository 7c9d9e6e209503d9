//! The pre-training corpus: rendered people and objects with captions, no identity shown twice.
//!
//! Every picture has a camera and a palette of its own, drawn from streams that no domain of the benchmark uses.

use super::camera::{CameraModel, CameraRange, to_rgb};
use super::caption::{Wording, caption};
use super::paint::Light;
use super::person::{Palette, Person};
use super::{benchmark, scene, world};
use crate::picture::{Picture, PictureSize};
use crate::rng;
use rand::RngExt;
use rayon::prelude::*;

/// What a picture of the corpus shows.
#[derive(Debug, Clone)]
enum Subject {
    Person { person: Box<Person>, colours: bool },
    Objects(String),
}

/// A picture and what it shows.
#[derive(Debug, Clone)]
pub struct Item {
    /// The picture, resized for the encoder.
    pub picture: Picture,
    subject: Subject,
}

/// Fraction of pictures that show objects instead of a person.
const OBJECTS: f64 = 0.12;

/// Fractions of people that are drawn, and that are photographed in infrared; the others are colour photographs.
/// Web-scale corpora hold drawings and grey pictures, too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Depictions {
    /// Fraction drawn.
    pub drawn: f32,
    /// Fraction photographed in infrared.
    pub infrared: f32,
}

fn wording(colours: bool) -> Wording {
    Wording { vocabularies: vec![0, 1, 2], omission: 0.4, error: 0.0, colours }
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
            return Self { picture, subject: Subject::Person { person: Box::new(person), colours: false } };
        }
        let light = if depiction < mix.drawn + mix.infrared { Light::Infrared } else { Light::Visible };
        let range = CameraRange { harshness: 0.9 * rng.random::<f32>(), clutter: 4, occlusion: 0.05 };
        let photo = CameraModel::sample(rng, light, range).shoot(&person, rng);
        let picture = Picture::resized(&photo, size).expect("a camera's picture has pixels");
        Self { picture, subject: Subject::Person { person: Box::new(person), colours: light == Light::Visible } }
    }

    /// The caption of this item in `epoch`; people are described anew every time.
    #[must_use]
    pub fn caption(&self, seed: u64, index: u64, epoch: u64) -> String {
        match &self.subject {
            Subject::Objects(text) => text.clone(),
            Subject::Person { person, colours } => {
                caption(person, &wording(*colours), &mut rng(seed, &format!("pre-training caption {index}"), epoch))
            }
        }
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

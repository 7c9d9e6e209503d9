//! A domain: its cameras and artists, and the pictures that they make of people.

use super::layer::{Figure, Model, Stand};
use super::photograph::{Cast, photograph};
use super::portrait::portrait;
use super::station::{Band, Station};
use super::style::Style;
use crate::street::drawing::{Artist, Medium};
use crate::street::photo::{Stored, signed};
use aio_types::rng;
use image::RgbImage;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::f32::consts::PI;

/// How many cameras and artists a domain has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Cameras for visible light.
    pub visible: usize,
    /// Cameras for near infrared.
    pub infrared: usize,
    /// Artists.
    pub artists: usize,
}

/// Cameras and artists that all pictures of a domain come from.
#[derive(Debug, Clone)]
pub struct Domain {
    /// Its way of taking pictures.
    pub style: Style,
    /// Cameras for visible light.
    pub visible: Vec<Station>,
    /// Cameras for near infrared.
    pub infrared: Vec<Station>,
    /// Artists.
    pub artists: Vec<Artist>,
}

/// What kind of picture, and by which camera or artist of the domain; numbers wrap around.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    /// A photograph in visible light.
    Rgb(usize),
    /// A photograph in near infrared.
    Infrared(usize),
    /// A pencil sketch.
    Sketch(usize),
    /// A colour-pencil drawing.
    ColourPencil(usize),
}

/// Most people that may be in a picture beside the one it shows.
const COMPANY: usize = 3;
/// Size (height, width) and JPEG quality of scanned drawings.
const SCAN: (usize, usize) = (192, 96);
const SCAN_QUALITY: u8 = 90;

impl Domain {
    /// Draws the domain `name` of `seed`.
    #[must_use]
    pub fn sample(seed: u64, name: &str, style: Style, counts: Counts) -> Self {
        let stream = |kind: &str, i: usize| rng(seed, &format!("street {name} {kind}"), i as u64);
        let visible: Vec<Station> = (0..counts.visible)
            .map(|i| Station::sample(&mut stream("camera", i), &style, Band::Visible))
            .collect();
        let infrared = (0..counts.infrared)
            .map(|i| {
                let rng = &mut stream("infrared camera", i);
                match visible.get(i) {
                    Some(by_day) if style.paired => by_day.by_night(rng, &style),
                    _ => Station::sample(rng, &style, Band::Infrared),
                }
            })
            .collect();
        let artists = (0..counts.artists)
            .map(|i| Artist::sample(&mut stream("artist", i), style.untidiness))
            .collect();
        Self { style, visible, infrared, artists }
    }

    /// Makes one picture of `person` and returns it at `size` (height, width) as a reader sees it; `passers` are people
    /// who may be in it, too.
    ///
    /// # Panics
    /// If the domain has no camera or artist of the kind that is asked for.
    #[must_use]
    pub fn picture(
        &self,
        picture: Picture,
        person: &dyn Model,
        passers: &[&dyn Model],
        size: (usize, usize),
        rng: &mut ChaCha8Rng,
    ) -> RgbImage {
        match picture {
            Picture::Rgb(i) => self.photograph(&self.visible, i, person, passers, rng).shown(size),
            Picture::Infrared(i) => {
                self.photograph(&self.infrared, i, person, passers, rng).shown(size)
            }
            Picture::Sketch(i) => self.drawing(i, Medium::Pencil, person, size, rng),
            Picture::ColourPencil(i) => self.drawing(i, Medium::ColourPencils, person, size, rng),
        }
    }

    /// Makes one picture of `person` and returns its JPEG file: a photograph in the size and with the compression of
    /// its camera, a drawing as it is scanned.
    ///
    /// # Panics
    /// If the domain has no camera or artist of the kind that is asked for.
    #[must_use]
    pub fn file(
        &self,
        picture: Picture,
        person: &dyn Model,
        passers: &[&dyn Model],
        rng: &mut ChaCha8Rng,
    ) -> Vec<u8> {
        match picture {
            Picture::Rgb(i) => self.photograph(&self.visible, i, person, passers, rng).file(),
            Picture::Infrared(i) => self.photograph(&self.infrared, i, person, passers, rng).file(),
            Picture::Sketch(_) | Picture::ColourPencil(_) => {
                let picture = self.picture(picture, person, passers, SCAN, rng);
                Stored { picture, quality: SCAN_QUALITY }.file()
            }
        }
    }

    /// This domain with the cameras and artists of another one behind its own; the style stays.
    #[must_use]
    pub fn joined(mut self, other: Self) -> Self {
        self.visible.extend(other.visible);
        self.infrared.extend(other.infrared);
        self.artists.extend(other.artists);
        self
    }

    fn photograph(
        &self,
        stations: &[Station],
        number: usize,
        person: &dyn Model,
        passers: &[&dyn Model],
        rng: &mut ChaCha8Rng,
    ) -> Stored {
        assert!(!stations.is_empty(), "the domain has no camera of this kind");
        let station = &stations[number % stations.len()];
        let (at, turn) = station.spot(rng);
        let figure = person.stand(Stand { at, turn, still: false }, rng);
        let mut company: Vec<Box<dyn Figure + '_>> = Vec::new();
        for passer in passers.iter().take(COMPANY) {
            if rng.random_bool(self.style.company) {
                let (at, turn) = station.beside(at, turn, rng);
                company.push(passer.stand(Stand { at, turn, still: false }, rng));
            }
        }
        let others: Vec<&dyn Figure> = company.iter().map(AsRef::as_ref).collect();
        let cast = Cast { person: figure.as_ref(), others: &others };
        photograph(station, &self.style, &cast, rng)
    }

    fn drawing(
        &self,
        number: usize,
        medium: Medium,
        person: &dyn Model,
        output: (usize, usize),
        rng: &mut ChaCha8Rng,
    ) -> RgbImage {
        assert!(!self.artists.is_empty(), "the domain has no artist");
        let artist = &self.artists[number % self.artists.len()];
        // The artist sits at negative z; people are drawn from the front, seldom quite straight.
        let turn = PI + 0.6 * signed(rng);
        let figure = person.stand(Stand { at: [0.0; 3], turn, still: true }, rng);
        portrait(figure.as_ref(), artist, medium, output, rng)
    }
}

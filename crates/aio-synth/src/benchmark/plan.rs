//! Files of one data set, collected before they are rendered in parallel.

use crate::camera::{CameraModel, jpeg, to_rgb};
use crate::caption::caption;
use crate::figure::{Pose, figure};
use crate::paint::{Hand, Placement, drawing};
use crate::person::Person;
use crate::world::Domain;
use aio_types::rng;
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use tiny_skia::Pixmap;

/// A file to be rendered: where it goes and how its bytes are made.
pub(super) struct Job<'a> {
    pub(super) path: String,
    pub(super) render: Box<dyn Fn() -> Vec<u8> + Send + Sync + 'a>,
}

/// Files of one data set, collected before they are rendered in parallel.
pub(super) struct Plan<'a> {
    pub(super) domain: &'a Domain,
    pub(super) seed: u64,
    pub(super) name: &'static str,
    pub(super) jobs: Vec<Job<'a>>,
}

/// Draws `person` as the artist `hand` does.
///
/// # Panics
/// Never: the canvas has a fixed valid size.
#[must_use]
pub fn sketch(
    person: &Person,
    hand: &Hand,
    coloured: bool,
    rng: &mut ChaCha8Rng,
) -> image::RgbImage {
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

impl<'a> Plan<'a> {
    pub(super) fn stream(&self, what: &str, index: u64) -> ChaCha8Rng {
        rng(self.seed, &format!("{}/{what}", self.name), index)
    }

    pub(super) fn people(&self, what: &str, count: usize) -> Vec<Person> {
        (0..count)
            .map(|i| Person::sample(&mut self.stream(what, i as u64), &self.domain.palette))
            .collect()
    }

    pub(super) fn photo(&mut self, path: String, person: &Person, camera: &'a CameraModel) {
        let (person, mut stream) = (person.clone(), self.stream(&path, 0));
        stream.set_stream(1);
        self.jobs.push(Job {
            path,
            render: Box::new(move || camera.compress(&camera.shoot(&person, &mut stream.clone()))),
        });
    }

    pub(super) fn sketch(&mut self, path: String, person: &Person, hand: &'a Hand, coloured: bool) {
        let (person, stream) = (person.clone(), self.stream(&path, 0));
        self.jobs.push(Job {
            path,
            render: Box::new(move || {
                jpeg(&sketch(&person, hand, coloured, &mut stream.clone()), 90)
            }),
        });
    }

    pub(super) fn text(&mut self, path: &str, text: String) {
        self.jobs.push(Job {
            path: path.to_owned(),
            render: Box::new(move || text.clone().into_bytes()),
        });
    }

    pub(super) fn json(&mut self, path: &str, value: &serde_json::Value) {
        let mut text = serde_json::to_string(value).unwrap_or_default();
        text.push('\n');
        self.text(path, text);
    }

    pub(super) fn visible(&self, i: usize) -> &'a CameraModel {
        &self.domain.visible[i % self.domain.visible.len()]
    }

    pub(super) fn hand(&self, i: usize) -> &'a Hand {
        &self.domain.hands[i % self.domain.hands.len()]
    }

    pub(super) fn captions(&self, person: &Person, index: u64, count: usize) -> Vec<String> {
        let mut stream = self.stream("captions", index);
        (0..count).map(|_| caption(person, &self.domain.wording, &mut stream)).collect()
    }

    /// Distinct cameras for one person, `count` of them where the domain has so many.
    pub(super) fn cameras(&self, person: usize, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.domain.visible.len()).collect();
        order.shuffle(&mut self.stream("cameras", person as u64));
        (0..count).map(|i| order[i % order.len()]).collect()
    }
}

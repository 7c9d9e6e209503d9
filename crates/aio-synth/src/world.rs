//! Domains: what a data set has of its own, so that training and test data differ as real ones do.

use super::camera::{CameraModel, CameraRange};
use super::caption::Wording;
use super::paint::{Hand, Light};
use super::person::Palette;
use aio_types::rng;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A data set's cameras, palette, artists and writers.
#[derive(Debug, Clone)]
pub struct Domain {
    /// The colours its people wear.
    pub palette: Palette,
    /// Its cameras in visible light.
    pub visible: Vec<CameraModel>,
    /// Its cameras in the near infrared.
    pub infrared: Vec<CameraModel>,
    /// Its sketch artists.
    pub hands: Vec<Hand>,
    /// Its caption writers.
    pub wording: Wording,
}

/// What a domain is drawn from.
#[derive(Debug, Clone, Copy)]
pub struct DomainSpec {
    /// Name; it seeds everything the domain has.
    pub name: &'static str,
    /// Number of cameras in visible light.
    pub visible: usize,
    /// Number of infrared cameras.
    pub infrared: usize,
    /// Number of artists.
    pub hands: usize,
    /// Vocabularies of its writers.
    pub vocabularies: &'static [usize],
    /// How far from ordinary its cameras are; those of the pre-training corpus have 0 to 0.9.
    pub harshness: f32,
    /// How untidy its artists draw; 1 is ordinary, and those of the pre-training corpus are.
    pub untidiness: f32,
}

/// How much stronger than in the pre-training corpus the cameras' colour casts are at equal harshness: surveillance cameras
/// are not balanced like those of people who share pictures.
const CAST: f32 = 1.8;

impl Domain {
    /// The domain that (`seed`, `spec`) names.
    #[must_use]
    pub fn new(seed: u64, spec: DomainSpec) -> Self {
        let rng = &mut rng(seed, &format!("domain {}", spec.name), 0);
        let range =
            CameraRange { harshness: spec.harshness, cast: CAST, clutter: 4, occlusion: 0.12 };
        Self {
            palette: Palette::sample(rng, 0.06),
            visible: (0..spec.visible)
                .map(|_| CameraModel::sample(rng, Light::Visible, range))
                .collect(),
            infrared: (0..spec.infrared)
                .map(|_| CameraModel::sample(rng, Light::Infrared, range))
                .collect(),
            hands: (0..spec.hands).map(|_| hand(rng, spec.untidiness)).collect(),
            wording: Wording {
                vocabularies: spec.vocabularies.to_vec(),
                omission: 0.2,
                error: 0.04,
                colours: true,
            },
        }
    }
}

/// Draws an artist; 1 is ordinary untidiness.
pub(super) fn hand(rng: &mut ChaCha8Rng, untidiness: f32) -> Hand {
    let mut up_to = |limit: f32| limit * rng.random::<f32>();
    Hand {
        weight: 0.007 + up_to(0.008),
        wobble: 0.004 + up_to(0.010) * untidiness,
        proportion: 0.03 + up_to(0.07) * untidiness,
        omission: 0.05 + up_to(0.3) * untidiness,
        hatching: 0.55 + up_to(0.45),
        slant: up_to(3.1),
        restate: up_to(0.4),
        pressure: 0.65 + up_to(0.35),
        paper: [1.0 - up_to(0.05), 1.0 - up_to(0.06), 1.0 - up_to(0.12)],
    }
}

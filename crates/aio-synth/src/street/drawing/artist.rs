//! Who draws: habits that all drawings of an artist share.

use crate::street::photo::signed;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// How an artist shows the tone of surfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Not at all.
    None,
    /// Soft shading of the form, whatever the colour is.
    Form,
    /// A smudge as dark as the cloth.
    Smudge,
    /// Strokes as dense as the cloth is dark.
    Hatching,
}

/// An artist.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Artist {
    /// Factors of the height of legs, torso and head, and of the width.
    pub proportions: [f32; 4],
    /// How much proportions differ between two drawings.
    pub unsteadiness: f32,
    /// Amplitude of the wobble of lines, as a share of the height.
    pub wobble: f32,
    /// Width of a line in pixels of a sheet of 384 rows.
    pub width: f32,
    /// Darkness of the lead.
    pub darkness: f32,
    /// How much the pressure changes along a stroke.
    pub dynamics: f32,
    /// Probability that a line of an outline is repeated.
    pub repeats: f32,
    /// How far strokes run past their ends, in pixels of a sheet of 384 rows.
    pub overshoot: f32,
    /// Probability of a gap in a long stroke.
    pub gaps: f32,
    /// Longest stroke in pixels of a sheet of 384 rows before the pencil is set down anew.
    pub reach: f32,
    /// Rounds of smoothing: more is rounder.
    pub smoothing: usize,
    /// Probability that a crease is drawn.
    pub creases: f32,
    /// Probability that a line of a pattern is drawn.
    pub patterns: f32,
    /// Probability that a border or an occlusion inside the figure is left out.
    pub omission: f32,
    /// How tone is shown.
    pub tone: Tone,
    /// Strength of the tone.
    pub tone_strength: f32,
    /// Whether hair is filled.
    pub fills_hair: bool,
    /// Direction of hatching in radians.
    pub slant: f32,
    /// Distance of hatching strokes in pixels of a sheet of 384 rows.
    pub spacing: f32,
    /// How hard colour pencils are pressed: 1 is ordinary.
    pub fill: f32,
    /// How precisely a face is drawn, 0..1.
    pub face: f32,
    /// Roughness of the paper.
    pub rough: f32,
    /// Display colour of the paper.
    pub paper: [f32; 3],
}

/// Rows of the sheet that lengths in pixels are given for.
const ROWS: f32 = 384.0;

impl Artist {
    /// The artist at work on a sheet of `rows`: the same drawing in other pixels.
    #[must_use]
    pub(super) fn on_rows(&self, rows: usize) -> Self {
        let scale = rows as f32 / ROWS;
        Self {
            width: scale * self.width,
            overshoot: scale * self.overshoot,
            reach: scale * self.reach,
            spacing: scale * self.spacing,
            ..*self
        }
    }

    /// Draws an artist; `untidiness` scales errors and omissions, 1 is ordinary.
    #[must_use]
    pub fn sample(rng: &mut ChaCha8Rng, untidiness: f32) -> Self {
        let u = untidiness;
        let tone = match rng.random_range(0..10) {
            0..4 => Tone::None,
            4..6 => Tone::Form,
            6..8 => Tone::Smudge,
            _ => Tone::Hatching,
        };
        let yellow = 0.08 * rng.random::<f32>();
        let white = 0.9 + 0.08 * rng.random::<f32>();
        Self {
            proportions: std::array::from_fn(|_| 1.0 + 0.07 * u * signed(rng)),
            unsteadiness: 0.03 * u,
            wobble: (0.0025 + 0.005 * rng.random::<f32>()) * u,
            width: 2.0 + 2.6 * rng.random::<f32>(),
            darkness: 0.66 + 0.32 * rng.random::<f32>(),
            dynamics: 0.2 + 0.6 * rng.random::<f32>(),
            repeats: 0.7 * rng.random::<f32>().powi(2),
            overshoot: 5.0 * rng.random::<f32>().powi(2),
            gaps: 0.35 * rng.random::<f32>() * u.min(1.5),
            reach: 40.0 + 140.0 * rng.random::<f32>(),
            smoothing: rng.random_range(4..14),
            creases: 0.3 + 0.7 * rng.random::<f32>(),
            patterns: rng.random::<f32>().sqrt(),
            omission: 0.12 * u * rng.random::<f32>(),
            tone,
            tone_strength: 0.4 + 0.6 * rng.random::<f32>(),
            fills_hair: rng.random_bool(0.7),
            slant: 0.6 + 0.7 * signed(rng),
            spacing: 3.2 + 2.6 * rng.random::<f32>(),
            fill: 0.95 + 0.3 * signed(rng),
            face: rng.random(),
            rough: 0.2 + 0.5 * rng.random::<f32>(),
            paper: [white, white * (1.0 - 0.3 * yellow), white * (1.0 - yellow)],
        }
    }
}

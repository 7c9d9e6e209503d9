//! What the pictures of a domain have in common: kinds of places, how cameras hang, how detectors cut.

use crate::street::photo::Quality;
use crate::street::scene::place::Setting;
use crate::street::scene::view::Detector;

/// A way of taking pictures. Domains of one style differ by their seeds; styles differ by design.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    /// Settings with their weights.
    pub settings: [(Setting, f32); 6],
    /// Lowest and highest camera in metres.
    pub height: (f32, f32),
    /// Nearest and farthest middle of the region where people walk, in metres.
    pub distance: (f32, f32),
    /// Rows that a person has at that distance, lowest and highest.
    pub rows: (f32, f32),
    /// How bad the cameras are.
    pub quality: Quality,
    /// How detectors cut.
    pub detector: Detector,
    /// Things in a place beside what belongs to it.
    pub clutter: usize,
    /// Probability that something stands in front of the person.
    pub occlusion: f64,
    /// Probability that other people are in the picture.
    pub company: f64,
    /// Rows and columns of a stored picture, if all have one size.
    pub stored: Option<(usize, usize)>,
    /// Whether the cameras for near infrared are those for visible light at night.
    pub paired: bool,
    /// Errors and omissions of artists: 1 is ordinary.
    pub untidiness: f32,
}

impl Style {
    /// Cameras around a campus: long lenses, good light, tight boxes, pictures stored at 128 × 64.
    pub const CAMPUS: Self = Self {
        settings: [
            (Setting::Plaza, 0.4),
            (Setting::Street, 0.2),
            (Setting::Park, 0.25),
            (Setting::Yard, 0.15),
            (Setting::Hall, 0.0),
            (Setting::Corridor, 0.0),
        ],
        height: (1.6, 3.6),
        distance: (7.0, 14.0),
        rows: (90.0, 170.0),
        quality: Quality { harshness: 1.0, cast: 1.0 },
        detector: Detector { jitter: 0.10, truncation: 0.10 },
        clutter: 6,
        occlusion: 0.14,
        company: 0.3,
        stored: Some((128, 64)),
        paired: false,
        untidiness: 1.0,
    };

    /// Cameras under ceilings and over doors: short lenses, steep views, dim rooms, boxes as they come.
    pub const BUILDING: Self = Self {
        settings: [
            (Setting::Plaza, 0.1),
            (Setting::Street, 0.15),
            (Setting::Park, 0.05),
            (Setting::Yard, 0.2),
            (Setting::Hall, 0.3),
            (Setting::Corridor, 0.2),
        ],
        height: (2.2, 3.4),
        distance: (3.8, 8.0),
        rows: (70.0, 150.0),
        quality: Quality { harshness: 1.2, cast: 1.4 },
        detector: Detector { jitter: 0.16, truncation: 0.2 },
        clutter: 4,
        occlusion: 0.18,
        company: 0.2,
        stored: None,
        paired: true,
        untidiness: 1.4,
    };
}

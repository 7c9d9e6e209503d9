//! What the domains are drawn from.

use super::domains::{Purpose, Recipe};
use crate::street::caption::Wording;
use crate::street::compose::domain::Counts;
use crate::street::compose::style::Style;
use crate::street::person::{Fashion, Shade};
use crate::street::photo::Quality;
use crate::street::scene::place::Setting;
use crate::street::scene::view::Detector;

const fn counts(visible: usize, infrared: usize, artists: usize) -> Counts {
    Counts { visible, infrared, artists }
}

/// Weights of plazas, streets, parks, yards, halls and corridors.
const fn settings(weights: [f32; 6]) -> [(Setting, f32); 6] {
    let [plaza, street, park, yard, hall, corridor] = weights;
    [
        (Setting::Plaza, plaza),
        (Setting::Street, street),
        (Setting::Park, park),
        (Setting::Yard, yard),
        (Setting::Hall, hall),
        (Setting::Corridor, corridor),
    ]
}

/// RGB and text, for training: the widest range of cameras and people.
pub(super) fn synth_pedes() -> Recipe {
    let style = Style {
        settings: settings([0.25, 0.25, 0.15, 0.10, 0.15, 0.10]),
        height: (1.5, 4.2),
        distance: (5.0, 14.0),
        rows: (60.0, 170.0),
        quality: Quality { harshness: 1.0, cast: 1.3 },
        detector: Detector { jitter: 0.14, truncation: 0.15 },
        clutter: 5,
        occlusion: 0.15,
        company: 0.25,
        stored: None,
        ..Style::CAMPUS
    };
    Recipe {
        name: "synth-pedes",
        purpose: Purpose::Training,
        parts: vec![(style, counts(24, 0, 0))],
        fashion: Fashion::world(),
        wording: Wording::training(),
    }
}

/// RGB and infrared, for training: nine cameras that see near infrared at night.
pub(super) fn llcm() -> Recipe {
    let style = Style {
        settings: settings([0.25, 0.35, 0.15, 0.25, 0.0, 0.0]),
        height: (2.5, 4.5),
        distance: (5.0, 11.0),
        rows: (70.0, 140.0),
        quality: Quality { harshness: 1.3, cast: 1.1 },
        ..Style::BUILDING
    };
    let fashion = Fashion { bags: 1.2, ..Fashion::town() };
    Recipe {
        name: "llcm",
        purpose: Purpose::Training,
        parts: vec![(style, counts(9, 9, 0))],
        fashion,
        wording: Wording::training(),
    }
}

/// RGB and sketch, for training: six cameras of a supermarket's forecourt and six artists.
pub(super) fn market_sketch() -> Recipe {
    let style = Style {
        settings: settings([0.35, 0.30, 0.15, 0.20, 0.0, 0.0]),
        height: (1.5, 3.2),
        distance: (6.0, 12.0),
        quality: Quality { harshness: 0.8, cast: 0.9 },
        untidiness: 1.2,
        ..Style::CAMPUS
    };
    let fashion = Fashion { cold: (0.3, 0.3), bags: 1.1, ..Fashion::leisure() };
    Recipe {
        name: "market-sketch-1k",
        purpose: Purpose::Training,
        parts: vec![(style, counts(6, 0, 6))],
        fashion,
        wording: Wording::training(),
    }
}

/// RGB, for testing: six cameras of a campus.
pub(super) fn market() -> Recipe {
    Recipe {
        name: "market1501",
        purpose: Purpose::Test,
        parts: vec![(Style::CAMPUS, counts(6, 0, 0))],
        fashion: Fashion::campus(),
        wording: test_wording(&[0, 1, 3], 0),
    }
}

/// RGB and infrared, for testing: half of the cameras are indoors.
///
/// The first camera for infrared is the first for visible light by night; the second has a place of its own.
pub(super) fn sysu() -> Recipe {
    let indoor = Style {
        settings: settings([0.0, 0.0, 0.0, 0.0, 0.7, 0.3]),
        company: 0.1,
        occlusion: 0.1,
        ..Style::BUILDING
    };
    let outdoor = Style {
        settings: settings([0.3, 0.1, 0.4, 0.2, 0.0, 0.0]),
        height: (2.0, 3.8),
        distance: (5.0, 10.0),
        paired: false,
        ..Style::BUILDING
    };
    let fashion = Fashion { cold: (0.2, 0.2), patterns: 1.1, ..Fashion::campus() };
    Recipe {
        name: "sysu-mm01",
        purpose: Purpose::Test,
        parts: vec![(indoor, counts(2, 1, 0)), (outdoor, counts(2, 1, 0))],
        fashion,
        wording: test_wording(&[1, 2, 3], 0),
    }
}

/// RGB and sketch, for testing: five artists.
pub(super) fn pku() -> Recipe {
    let style = Style {
        settings: settings([0.3, 0.25, 0.2, 0.15, 0.1, 0.0]),
        height: (2.0, 4.0),
        rows: (100.0, 170.0),
        quality: Quality { harshness: 0.9, cast: 0.8 },
        company: 0.15,
        stored: None,
        untidiness: 1.1,
        ..Style::CAMPUS
    };
    let fashion = Fashion { formal: 0.12, ages: [1.0, 3.0, 60.0, 26.0, 10.0], ..Fashion::campus() };
    Recipe {
        name: "pku-sketch",
        purpose: Purpose::Test,
        parts: vec![(style, counts(7, 0, 5))],
        fashion,
        wording: test_wording(&[0, 2, 3], 0),
    }
}

/// RGB, text and sketch, for testing: pictures of several sources.
pub(super) fn cuhk() -> Recipe {
    let style = Style {
        settings: settings([0.2, 0.3, 0.15, 0.15, 0.1, 0.1]),
        height: (1.4, 3.8),
        distance: (5.0, 12.0),
        rows: (80.0, 170.0),
        quality: Quality { harshness: 1.1, cast: 1.2 },
        stored: None,
        ..Style::CAMPUS
    };
    let fashion = Fashion {
        cold: (0.4, 0.35),
        formal: 0.1,
        colours: vec![(Shade::Red, 1.3), (Shade::Purple, 1.3), (Shade::Grey, 0.8)],
        ..Fashion::world()
    };
    Recipe {
        name: "cuhk-pedes",
        purpose: Purpose::Test,
        parts: vec![(style, counts(7, 0, 3))],
        fashion,
        wording: Wording { omission: 0.34, error: 0.08, ..test_wording(&[0, 1, 3], 0) },
    }
}

/// All five modalities, for testing.
pub(super) fn orbench() -> Recipe {
    let style = Style {
        settings: settings([0.2, 0.25, 0.15, 0.2, 0.15, 0.05]),
        quality: Quality { harshness: 1.1, cast: 1.2 },
        untidiness: 1.3,
        ..Style::BUILDING
    };
    let fashion =
        Fashion { cold: (0.6, 0.35), formal: 0.18, patterns: 1.1, bags: 1.15, ..Fashion::town() };
    Recipe {
        name: "orbench",
        purpose: Purpose::Test,
        parts: vec![(style, counts(6, 3, 4))],
        fashion,
        wording: Wording { omission: 0.32, vagueness: 0.1, ..test_wording(&[1, 2, 3], 1) },
    }
}

/// Every modality, for development: ordinary cameras.
pub(super) fn ordinary() -> Recipe {
    let style = Style {
        settings: settings([0.25, 0.25, 0.2, 0.15, 0.1, 0.05]),
        height: (1.8, 3.4),
        distance: (5.0, 12.0),
        rows: (80.0, 160.0),
        quality: Quality { harshness: 1.0, cast: 1.1 },
        stored: None,
        ..Style::CAMPUS
    };
    let fashion = Fashion {
        cold: (0.45, 0.35),
        colours: vec![(Shade::Green, 1.4), (Shade::Navy, 1.2), (Shade::Red, 0.8)],
        ..Fashion::world()
    };
    Recipe {
        name: "dev-ordinary",
        purpose: Purpose::Development,
        parts: vec![(style, counts(6, 3, 3))],
        fashion,
        wording: Wording { omission: 0.36, ..Wording::training() },
    }
}

/// Every modality, for development: coarse pictures with false colours from cameras under ceilings and on roofs,
/// children and old people in summer.
pub(super) fn steep() -> Recipe {
    let style = Style {
        settings: settings([0.1, 0.25, 0.05, 0.3, 0.2, 0.1]),
        height: (3.6, 5.5),
        distance: (3.2, 5.5),
        rows: (64.0, 100.0),
        quality: Quality { harshness: 1.05, cast: 2.2 },
        detector: Detector { jitter: 0.22, truncation: 0.25 },
        clutter: 3,
        occlusion: 0.22,
        company: 0.3,
        stored: None,
        paired: false,
        untidiness: 1.8,
    };
    let fashion = Fashion {
        patterns: 1.8,
        bags: 0.6,
        ages: [22.0, 14.0, 14.0, 20.0, 30.0],
        ..Fashion::leisure()
    };
    Recipe {
        name: "dev-steep",
        purpose: Purpose::Development,
        parts: vec![(style, counts(6, 3, 3))],
        fashion,
        wording: Wording { omission: 0.45, error: 0.14, vagueness: 0.14, ..Wording::training() },
    }
}

/// Writers of a test domain: `vocabularies`, every second pattern from `first` and all that are held out.
fn test_wording(vocabularies: &[usize], first: usize) -> Wording {
    let second =
        |pattern: &usize| pattern % 2 == first || Wording::HELD_OUT_PATTERNS.contains(pattern);
    Wording {
        vocabularies: vocabularies.to_vec(),
        patterns: (0..Wording::PATTERNS).filter(second).collect(),
        ..Wording::usual()
    }
}

//! How garments of the upper body are cut: lengths, width, collar; details follow from the seed of the garment.

use super::cloth::thickness;
use crate::street::person::{Fabric, Look, Outer, Outfit, Top};

/// Form of a garment of the upper body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    /// Share of the arm that sleeves cover.
    pub(super) sleeves: f32,
    /// Height of the hem, as a share of the trunk.
    pub(super) hem: f32,
    pub(super) ease: f32,
    pub(super) flare: f32,
    pub(super) fitted: f32,
    pub(super) collar: f32,
    pub(super) hood: bool,
    /// Whether it has a zip or buttons in front.
    pub(super) opens: bool,
    /// Whether the hem is gathered.
    pub(super) gathered: bool,
}

/// A share that the garment keeps, number `k`.
fn free(look: &Look, k: u32) -> f32 {
    (look.seed >> (8 * k + 1) & 0xff) as f32 / 255.0
}

/// Whether the top is worn inside the trousers or the skirt.
pub(super) fn tucked(outfit: &Outfit, female: bool) -> bool {
    let (top, look) = outfit.top;
    let share = match top {
        Top::Shirt => 0.5,
        Top::Polo | Top::TShirt | Top::LongSleeve | Top::Vest => {
            0.12 + if female { 0.2 } else { 0.0 }
        }
        Top::Sweater | Top::Hoodie | Top::Dress => 0.0,
    };
    free(&look, 6) < share
}

pub(super) fn top_cut(top: Top, look: &Look) -> Cut {
    let wide = free(look, 2);
    let base = Cut {
        sleeves: 1.94,
        hem: -0.04 - 0.14 * free(look, 3),
        ease: 0.008 + 0.016 * wide,
        flare: 0.0,
        fitted: 0.75 - 0.6 * wide,
        collar: 0.0,
        hood: false,
        opens: false,
        gathered: false,
    };
    match top {
        Top::TShirt => Cut { sleeves: 0.45 + 0.30 * free(look, 1), ..base },
        Top::LongSleeve => base,
        Top::Polo => Cut { sleeves: 0.55 + 0.15 * free(look, 1), collar: 0.028, ..base },
        Top::Shirt => {
            let rolled = free(look, 1) < 0.25;
            Cut { collar: 0.035, opens: true, sleeves: if rolled { 1.15 } else { 1.95 }, ..base }
        }
        Top::Sweater => Cut {
            ease: base.ease + 0.010,
            fitted: 0.2,
            collar: if free(look, 1) < 0.2 { 0.06 } else { 0.012 },
            gathered: true,
            ..base
        },
        Top::Hoodie => Cut {
            ease: base.ease + 0.014,
            fitted: 0.1,
            hood: true,
            opens: free(look, 1) < 0.45,
            gathered: true,
            ..base
        },
        Top::Vest => Cut { sleeves: 0.0, ..base },
        Top::Dress => Cut {
            sleeves: if free(look, 1) < 0.4 { 0.0 } else { 0.55 },
            hem: -0.55 - 0.9 * free(look, 3),
            ease: 0.006,
            flare: 0.04 + 0.22 * wide,
            fitted: 0.9,
            ..base
        },
    }
}

pub(super) fn outer_cut(outer: Outer, look: &Look) -> Cut {
    let wide = free(look, 2);
    let gathered = matches!(look.fabric, Fabric::Nylon | Fabric::Padded) && free(look, 3) < 0.5;
    let base = Cut {
        sleeves: 1.97,
        hem: if gathered { -0.08 } else { -0.10 - 0.18 * free(look, 3) },
        ease: 0.022 + 0.014 * wide + thickness(look.fabric),
        flare: 0.0,
        fitted: 0.35,
        collar: 0.045,
        hood: false,
        opens: true,
        gathered,
    };
    match outer {
        Outer::Jacket => {
            let hood = free(look, 4) < 0.35 && look.fabric != Fabric::Leather;
            Cut { hood, collar: if hood { 0.02 } else { 0.05 }, ..base }
        }
        Outer::Blazer => Cut { hem: -0.24, fitted: 0.7, collar: 0.03, ease: 0.022, ..base },
        Outer::Coat => Cut {
            hem: -0.60 - 0.6 * free(look, 3),
            flare: 0.02 + 0.05 * wide,
            collar: 0.05,
            gathered: false,
            hood: look.fabric == Fabric::Padded && free(look, 4) < 0.6,
            ..base
        },
        Outer::Gilet => Cut { sleeves: 0.0, ..base },
    }
}

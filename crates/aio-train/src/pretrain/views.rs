//! Pictures of the corpus as they are shown: augmented, without colours, or reduced to lines.

use super::recipe::Recipe;
use aio_data::augment::{Augmentation, Kind};
use aio_data::synthesis::{GreyFrom, channel_exchange, line_drawing};
use aio_synth::street::corpus::Shot;
use aio_types::{Modality, Picture};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Fraction of photographs that are shown without their colours.
const GREY: f64 = 0.25;

/// The augmentation of pre-training.
pub(super) fn augmentation(recipe: &Recipe) -> Augmentation {
    Augmentation { erase: 0.15, randomise: recipe.randomise, ..Augmentation::default() }
}

/// A picture as it is shown in one pass, and whether colours can be seen in it.
pub(super) struct Shown {
    pub(super) picture: Picture,
    pub(super) coloured: bool,
}

pub(super) fn shown(shot: &Shot, augmentation: &Augmentation, rng: &mut ChaCha8Rng) -> Shown {
    let kind = match shot.modality {
        Modality::Infrared => Kind::Infrared,
        Modality::Sketch => Kind::Drawing,
        Modality::ColourPencil => Kind::ColourDrawing,
        Modality::Rgb | Modality::Text => Kind::Photograph,
    };
    let grey = kind == Kind::Photograph && rng.random_bool(GREY);
    let mut picture = shot.picture.clone();
    augmentation.apply(&mut picture, kind, rng);
    if grey {
        channel_exchange(&mut picture, GreyFrom::ChannelOrLuminance, rng);
    }
    let coloured = matches!(kind, Kind::Photograph | Kind::ColourDrawing) && !grey;
    Shown { picture, coloured }
}

/// Fractions of second views of photographs that show one channel or the luminance, and lines.
const VIEW_GREY: f64 = 0.3;
const VIEW_LINES: f64 = 0.3;

/// Another view of a picture: augmented anew, and a photograph perhaps without its colours or reduced to its lines.
pub(super) fn second_view(
    shot: &Shot,
    augmentation: &Augmentation,
    rng: &mut ChaCha8Rng,
) -> Picture {
    if shot.modality != Modality::Rgb {
        return shown(shot, augmentation, rng).picture;
    }
    let mut picture = shot.picture.clone();
    let at = rng.random::<f64>();
    let kind = if at < VIEW_GREY {
        channel_exchange(&mut picture, GreyFrom::ChannelOrLuminance, rng);
        Kind::Infrared
    } else if at < VIEW_GREY + VIEW_LINES {
        line_drawing(&mut picture, rng);
        Kind::Drawing
    } else {
        Kind::Photograph
    };
    augmentation.apply(&mut picture, kind, rng);
    picture
}

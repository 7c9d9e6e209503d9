//! Infrared pictures made from photographs.

use crate::augment::rectangle;
use crate::picture::luminance;
use aio_types::Picture;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a missing infrared picture is made from a photograph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum MadeInfrared {
    /// One of the three channels, drawn anew for every picture (channel exchange; Ye et al., CAJ, ICCV 2021), as in the paper.
    #[default]
    ChannelExchange,
    /// A mean of the three channels with random weights, and in half of the pictures random factors in rectangles (random
    /// linear enhancement; Tan et al., RLE, NeurIPS 2024).
    LinearEnhancement,
    /// Every colour gets a random reflectance, as if the dyes were others; between it and the luminance lies what is shown
    /// (a choice of this project).
    RandomReflectance,
}

impl MadeInfrared {
    /// Turns a photograph into a grey picture that resembles an infrared one.
    pub fn apply(self, picture: &mut Picture, rng: &mut ChaCha8Rng) {
        match self {
            Self::ChannelExchange => channel_exchange(picture, GreyFrom::Channel, rng),
            Self::LinearEnhancement => linear_enhancement(picture, rng),
            Self::RandomReflectance => random_reflectance(picture, rng),
        }
    }
}

/// Where the grey of [`channel_exchange`] comes from, at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GreyFrom {
    /// One of the three channels, as where infrared pictures are made.
    Channel,
    /// One of the three channels, or the luminance.
    ChannelOrLuminance,
}

/// Replaces all channels by one of them, or by the luminance, at random.
///
/// `ChannelExchange` of Ye et al., "Channel Augmented Joint Learning" (ICCV 2021): in the reference the index is drawn from
/// `0..=grey`; 0, 1 and 2 copy that channel and 3 takes the luminance. CAJ trains with `grey = 2`, where the
/// luminance is never chosen ([`GreyFrom::Channel`]). The reference works on normalised tensors; copying commutes with a
/// normalisation that is equal for all channels.
pub fn channel_exchange(picture: &mut Picture, source: GreyFrom, rng: &mut ChaCha8Rng) {
    let last: u8 = match source {
        GreyFrom::Channel => 2,
        GreyFrom::ChannelOrLuminance => 3,
    };
    let index = rng.random_range(0..=last);
    picture.map(|pixel| match index {
        0..=2 => [pixel[usize::from(index)]; 3],
        _ => [luminance(pixel).round() as u8; 3],
    });
}

/// Smallest product of factors at which no further rectangle is drawn.
const LEAST_FACTOR: f32 = 0.1;
const MOST_RECTANGLES: usize = 100;

/// A number of the distribution Beta(½, ½), by its inverse distribution function.
fn beta_half(rng: &mut ChaCha8Rng) -> f32 {
    (std::f32::consts::FRAC_PI_2 * rng.random::<f32>()).sin().powi(2)
}

/// `ModerateRLE` and `RadicalRLE` of Tan et al., "RLE" (NeurIPS 2024), with the parameter ½ of Beta, which is the reference's default.
///
/// Every picture becomes grey, because it is one of another modality; in the reference, half of them do. In half of the
/// pictures, rectangles as those of random erasing are scaled to a random maximum, one after the other, until one factor
/// falls below [`LEAST_FACTOR`].
fn linear_enhancement(picture: &mut Picture, rng: &mut ChaCha8Rng) {
    let weights: [f32; 3] = std::array::from_fn(|_| beta_half(rng).max(1e-6));
    let total: f32 = weights.iter().sum();
    picture.map(|pixel| {
        let sum: f32 = (0..3).map(|c| weights[c] * f32::from(pixel[c])).sum();
        [(sum / total).round() as u8; 3]
    });
    if rng.random_bool(0.5) {
        return;
    }
    for _ in 0..MOST_RECTANGLES {
        let Some(area) = rectangle(picture.size, rng) else { return };
        let brightest = area.pixels(picture.size).map(|i| picture.pixels[i]).max().unwrap_or(0);
        let factor = beta_half(rng) * 255.0 / f32::from(brightest.max(1));
        for i in area.pixels(picture.size) {
            let grey = (f32::from(picture.pixels[i]) * factor).round() as u8;
            picture.pixels[i..i + 3].fill(grey);
        }
        if factor < LEAST_FACTOR {
            return;
        }
    }
}

/// Colours whose reflectance is drawn; others have a mean of theirs.
const DYES: usize = 6;
/// Distance at which a colour hardly follows a dye, as a fraction of the range of a channel.
const NEAR: f32 = 0.18;

/// Gives every colour of the photograph another brightness, the same one wherever the colour occurs.
///
/// Near-infrared light passes most dyes, so that the brightness of clothing says little of its colour there. Lights and
/// shades of one colour stay in their order in most pictures, edges between two colours may vanish.
fn random_reflectance(picture: &mut Picture, rng: &mut ChaCha8Rng) {
    let dyes: [([f32; 3], f32); DYES] = std::array::from_fn(|_| {
        (std::array::from_fn(|_| rng.random()), 0.1 + 0.85 * rng.random::<f32>())
    });
    let share = rng.random_range(0.3..0.8);
    picture.map(|pixel| {
        let colour = pixel.map(|value| f32::from(value) / 255.0);
        let (mut sum, mut total) = (0.0, 1e-9);
        for (dye, reflectance) in &dyes {
            let square: f32 = (0..3).map(|c| (colour[c] - dye[c]).powi(2)).sum();
            let weight = (-square / (2.0 * NEAR * NEAR)).exp();
            sum += weight * reflectance;
            total += weight;
        }
        let light = luminance(pixel) / 255.0;
        let value = (1.0 - share) * light + share * sum / total;
        [(255.0 * value).round() as u8; 3]
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_types::PictureSize;
    use aio_types::rng;

    fn two_tone() -> Picture {
        let size = PictureSize { height: 16, width: 16 };
        let pixel = |i: usize| if i % 16 < 8 { [200, 60, 40] } else { [30, 90, 220] };
        Picture { size, pixels: (0..256).flat_map(pixel).collect() }
    }

    #[test]
    fn channel_exchange_copies_one_channel_and_grey_is_never_chosen_at_2() {
        let mut seen = std::collections::BTreeSet::new();
        for epoch in 0..40 {
            let mut picture = two_tone();
            channel_exchange(&mut picture, GreyFrom::Channel, &mut rng(0, "exchange", epoch));
            let [r, g, b] = picture.at(0, 0);
            assert!(r == g && g == b);
            seen.insert(r);
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [40, 60, 200]);
    }

    #[test]
    fn channel_exchange_with_3_also_takes_the_luminance() {
        let luminance = (0.2989f32 * 200.0 + 0.5870 * 60.0 + 0.1140 * 40.0).round() as u8;
        let found = (0..40).any(|epoch| {
            let mut picture = two_tone();
            channel_exchange(
                &mut picture,
                GreyFrom::ChannelOrLuminance,
                &mut rng(0, "exchange", epoch),
            );
            picture.at(0, 0)[0] == luminance
        });
        assert!(found);
    }

    fn made(kind: MadeInfrared, photograph: &Picture, number: u64) -> Picture {
        let mut picture = photograph.clone();
        kind.apply(&mut picture, &mut rng(0, "infrared", number));
        picture
    }

    fn levels(picture: &Picture) -> std::collections::BTreeSet<u8> {
        picture.pixels.iter().copied().collect()
    }

    #[test]
    fn every_way_gives_grey_pictures_that_differ_from_draw_to_draw() {
        use MadeInfrared::{ChannelExchange, LinearEnhancement, RandomReflectance};
        for kind in [ChannelExchange, LinearEnhancement, RandomReflectance] {
            let pictures: Vec<Picture> = (0..20).map(|i| made(kind, &two_tone(), i)).collect();
            for picture in &pictures {
                assert!(picture.pixels.chunks_exact(3).all(|p| p[0] == p[1] && p[1] == p[2]));
            }
            assert!(pictures.iter().any(|picture| *picture != pictures[0]), "{kind:?}");
        }
    }

    #[test]
    fn linear_enhancement_stays_between_the_channels_except_in_rectangles() {
        let mut plain = 0;
        for number in 0..200 {
            let picture = made(MadeInfrared::LinearEnhancement, &two_tone(), number);
            let [left, right] = [picture.at(0, 0)[0], picture.at(15, 15)[0]];
            if levels(&picture).len() <= 2 {
                plain += 1;
                assert!((40..=200).contains(&left) && (30..=220).contains(&right));
            }
        }
        assert!((70..=130).contains(&plain), "{plain} of 200 have no rectangle");
    }

    #[test]
    fn rectangles_of_linear_enhancement_end_with_a_small_factor() {
        let white = Picture { pixels: vec![255; 768], ..two_tone() };
        for number in 0..100 {
            let picture = made(MadeInfrared::LinearEnhancement, &white, number);
            let darkest = picture.pixels.iter().min().copied().expect("pixels");
            // 255 times the smallest factor.
            assert!(darkest == 255 || darkest <= 25, "{darkest}");
        }
    }

    #[test]
    fn reflectances_belong_to_colours_and_change_their_order() {
        let mut brighter_left = 0;
        for number in 0..100 {
            let picture = made(MadeInfrared::RandomReflectance, &two_tone(), number);
            assert!(levels(&picture).len() <= 2, "one for each of the two colours");
            brighter_left += usize::from(picture.at(0, 0)[0] > picture.at(0, 15)[0]);
        }
        assert!((20..=80).contains(&brighter_left), "{brighter_left} of 100");
    }
}

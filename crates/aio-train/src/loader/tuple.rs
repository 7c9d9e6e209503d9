//! The picture of one tuple in one modality: real or made from the photograph, then augmented.

use aio_data::augment::{Augmentation, Colours};
use aio_data::synthesis::{channel_exchange, colour_pencil, line_drawing, shade};
use aio_types::{Modality, Picture};
use rand_chacha::ChaCha8Rng;

/// Largest index that channel exchange draws: one of the three channels is copied, never the luminance.
const LAST_CHANNEL: u8 = 2;

/// What random erasing and shifts paint on photographs, and on drawings.
const PHOTOGRAPH_FILL: [u8; 3] = [128; 3];
const PAPER: [u8; 3] = [255; 3];

/// The picture of a modality that is made from a photograph. Where there is one, `sketch` is the sketch generator's drawing of it; without it, a line
/// filter draws.
pub(super) fn synthesised(
    modality: Modality,
    mut photograph: Picture,
    sketch: Option<&Picture>,
    stream: &mut ChaCha8Rng,
) -> Picture {
    match (modality, sketch) {
        (Modality::Infrared, _) => channel_exchange(&mut photograph, LAST_CHANNEL, stream),
        (Modality::ColourPencil, Some(sketch)) => shade(&mut photograph, sketch, stream),
        (Modality::ColourPencil, None) => colour_pencil(&mut photograph, stream),
        (_, Some(sketch)) => return sketch.clone(),
        (_, None) => line_drawing(&mut photograph, stream),
    }
    photograph
}

/// Augments a picture of a modality.
pub(super) fn augment(
    augmentation: &Augmentation,
    modality: Modality,
    picture: &mut Picture,
    stream: &mut ChaCha8Rng,
) {
    let is_photograph = matches!(modality, Modality::Rgb | Modality::Infrared);
    let (fill, colours) =
        if is_photograph { (PHOTOGRAPH_FILL, Colours::Vary) } else { (PAPER, Colours::Keep) };
    augmentation.apply(picture, fill, colours, stream);
    if modality == Modality::Infrared {
        // Colour jitter must not give infrared pictures a tint.
        picture.map(|[_, green, _]| [green; 3]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_types::{PictureSize, rng};
    use rand::RngExt;

    fn photograph() -> Picture {
        let size = PictureSize { height: 16, width: 8 };
        let mut stream = rng(0, "test picture", 0);
        Picture { size, pixels: (0..16 * 8 * 3).map(|_| stream.random()).collect() }
    }

    #[test]
    fn infrared_pictures_are_grey_after_augmentation() {
        let stream = &mut rng(1, "test", 0);
        let mut infrared = synthesised(Modality::Infrared, photograph(), None, stream);
        let augmentation = Augmentation { jitter: 0.5, ..Augmentation::default() };
        augment(&augmentation, Modality::Infrared, &mut infrared, stream);
        assert!(infrared.pixels.chunks_exact(3).all(|p| p[0] == p[1] && p[1] == p[2]));
    }

    #[test]
    fn a_sketch_is_the_generators_where_there_is_one() {
        let drawn = Picture { pixels: vec![7; 16 * 8 * 3], ..photograph() };
        let stream = &mut rng(1, "test", 0);
        let sketch = synthesised(Modality::Sketch, photograph(), Some(&drawn), stream);
        assert_eq!(sketch, drawn);
        assert_ne!(synthesised(Modality::Sketch, photograph(), None, stream), drawn);
    }

    #[test]
    fn colours_of_drawings_are_kept() {
        let still = Augmentation { flip: 0.0, pad: 0, jitter: 0.9, erase: 0.0 };
        let augmented = |modality| {
            let mut picture = photograph();
            augment(&still, modality, &mut picture, &mut rng(1, "test", 0));
            picture
        };
        assert_eq!(augmented(Modality::Sketch), photograph());
        assert_ne!(augmented(Modality::Rgb), photograph());
    }
}

//! The picture of one tuple in one modality: real or made from the photograph, then augmented.

use aio_data::augment::{Augmentation, Kind};
use aio_data::synthesis::{MadeInfrared, colour_pencil, line_drawing, shade};
use aio_types::{Modality, Picture};
use rand_chacha::ChaCha8Rng;
use std::borrow::Cow;

/// What the pictures of a tuple are made from. The photograph is opened once, whatever is made from it.
pub(super) struct TupleSource<'a> {
    pub(super) photograph: Cow<'a, Picture>,
    /// The sketch generator's drawing of the photograph. Where there is none, a line filter draws.
    pub(super) sketch: Option<Cow<'a, Picture>>,
    /// How infrared pictures are made.
    pub(super) infrared: MadeInfrared,
}

impl TupleSource<'_> {
    /// The photograph itself.
    pub(super) fn photograph(&self) -> Picture {
        self.photograph.clone().into_owned()
    }

    /// The picture of a modality that is made from the photograph.
    pub(super) fn synthesised(&self, modality: Modality, stream: &mut ChaCha8Rng) -> Picture {
        if let (Modality::Sketch, Some(sketch)) = (modality, &self.sketch) {
            return sketch.clone().into_owned();
        }
        let mut made = self.photograph();
        match (modality, &self.sketch) {
            (Modality::Infrared, _) => self.infrared.apply(&mut made, stream),
            (Modality::ColourPencil, Some(sketch)) => shade(&mut made, sketch, stream),
            (Modality::ColourPencil, None) => colour_pencil(&mut made, stream),
            _ => line_drawing(&mut made, stream),
        }
        made
    }
}

/// Augments a picture of a modality.
///
/// # Panics
/// For text, which has no picture.
pub(super) fn augment(
    augmentation: &Augmentation,
    modality: Modality,
    picture: &mut Picture,
    stream: &mut ChaCha8Rng,
) {
    let kind = match modality {
        Modality::Rgb => Kind::Photograph,
        Modality::Infrared => Kind::Infrared,
        Modality::Sketch => Kind::Drawing,
        Modality::ColourPencil => Kind::ColourDrawing,
        Modality::Text => unreachable!("pictures are asked for by visual modality"),
    };
    augmentation.apply(picture, kind, stream);
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

    fn source(sketch: Option<&Picture>) -> TupleSource<'_> {
        TupleSource {
            photograph: Cow::Owned(photograph()),
            sketch: sketch.map(Cow::Borrowed),
            infrared: MadeInfrared::default(),
        }
    }

    #[test]
    fn infrared_pictures_are_grey_after_augmentation() {
        let stream = &mut rng(1, "test", 0);
        let mut infrared = source(None).synthesised(Modality::Infrared, stream);
        let augmentation = Augmentation { jitter: 0.5, ..Augmentation::default() };
        augment(&augmentation, Modality::Infrared, &mut infrared, stream);
        assert!(infrared.pixels.chunks_exact(3).all(|p| p[0] == p[1] && p[1] == p[2]));
    }

    #[test]
    fn a_sketch_is_the_generators_where_there_is_one() {
        let drawn = Picture { pixels: vec![7; 16 * 8 * 3], ..photograph() };
        let stream = &mut rng(1, "test", 0);
        let sketch = source(Some(&drawn)).synthesised(Modality::Sketch, stream);
        assert_eq!(sketch, drawn);
        assert_ne!(source(None).synthesised(Modality::Sketch, stream), drawn);
    }

    #[test]
    fn colours_of_drawings_are_kept() {
        let still =
            Augmentation { flip: 0.0, pad: 0, jitter: 0.9, erase: 0.0, ..Augmentation::default() };
        let augmented = |modality| {
            let mut picture = photograph();
            augment(&still, modality, &mut picture, &mut rng(1, "test", 0));
            picture
        };
        assert_eq!(augmented(Modality::Sketch), photograph());
        assert_ne!(augmented(Modality::Rgb), photograph());
    }
}

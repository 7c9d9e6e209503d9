//! Hand-made descriptors of pictures: what results of a model are compared with.

mod centred;
mod histogram;
mod hog;
#[cfg(test)]
mod tests;

pub use centred::centred;

use crate::picture::resized;
use aio_types::{Picture, PictureSize};
use image::RgbImage;
use serde::{Deserialize, Serialize};

const SIZE: PictureSize = Descriptor::SIZE;

/// A feature that is computed from the pixels of one picture by a fixed rule, without training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Descriptor {
    /// Colours in horizontal stripes. Non-negative, of length 1.
    ///
    /// Horizontal stripes as in Gray and Tao, "Viewpoint Invariant Pedestrian Recognition with an Ensemble of
    /// Localized Features" (ECCV 2008), here six of equal height as in Prosser et al., "Person Re-Identification by
    /// Support Vector Ranking" (BMVC 2010). The boundaries of the stripes are rounded to rows 0, 21, 43, 64, 85, 107 and
    /// 128. Every stripe gives a joint histogram of 8 × 8 × 8 bins of red, green and blue as fractions of its pixels, and
    /// their square roots: the inner product is the Hellinger kernel. The order is stripe, red, green, blue.
    #[serde(rename = "histogram")]
    ColourHistogram,
    /// Histograms of oriented gradients of the luminance. Non-negative; zero where the picture has one tone.
    ///
    /// Dalal and Triggs, "Histograms of Oriented Gradients for Human Detection" (CVPR 2005), as scikit-image computes
    /// them: 9 orientations over 180°, cells of 8 × 8 pixels, blocks of 2 × 2 cells, L2-Hys. The order is row and column
    /// of the block, row and column of the cell in it, orientation.
    #[serde(rename = "hog")]
    Hog,
}

impl Descriptor {
    /// The size that every picture is resized to first: the detection window of Dalal and Triggs.
    pub const SIZE: PictureSize = PictureSize { height: 128, width: 64 };

    /// Every descriptor, in the order of tables.
    pub const ALL: [Self; 2] = [Self::ColourHistogram, Self::Hog];

    /// The name in tables and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ColourHistogram => "colour histogram",
            Self::Hog => "HOG",
        }
    }

    /// The name in files and on the command line.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::ColourHistogram => "histogram",
            Self::Hog => "hog",
        }
    }

    /// Number of values: 3072 of the colour histogram, 3780 of HOG.
    #[must_use]
    pub fn width(self) -> usize {
        match self {
            Self::ColourHistogram => histogram::WIDTH,
            Self::Hog => hog::WIDTH,
        }
    }

    /// Describes a picture of any size, which is first resized to 128 × 64 as [`resized`] does: [`width`](Self::width)
    /// values. A picture that was resized before, to another size, has other values than its file.
    ///
    /// # Panics
    /// If the picture has fewer bytes than its size says.
    #[must_use]
    pub fn describe(self, picture: &Picture) -> Vec<f32> {
        let (height, width) = (picture.size.height as u32, picture.size.width as u32);
        let image = RgbImage::from_raw(width, height, picture.pixels.clone())
            .expect("three bytes for every pixel");
        let picture = resized(&image, SIZE).expect("a picture of 8-bit RGB pixels");
        match self {
            Self::ColourHistogram => histogram::describe(&picture),
            Self::Hog => hog::describe(&picture),
        }
    }
}

use aio_types::PictureSize;
use serde::{Deserialize, Serialize};

/// How pictures must be prepared for a model. Every weights file holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preprocessing {
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Mean per channel, of values in 0..1.
    pub mean: [f32; 3],
    /// Standard deviation per channel.
    pub std: [f32; 3],
    /// The resampling filter, in words, for readers of the file. The framework itself has one filter, [`Preprocessing::BILINEAR`], and does not
    /// read this field.
    pub interpolation: String,
}

impl Preprocessing {
    /// The resampling filter of the framework: bilinear, with antialiasing when a picture becomes smaller.
    pub const BILINEAR: &str = "bilinear, antialiased";

    /// Height and width of the input.
    #[must_use]
    pub fn size(&self) -> PictureSize {
        PictureSize { height: self.height, width: self.width }
    }
}

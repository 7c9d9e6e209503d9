//! Pictures that came with a request: from base64 to what a model takes, with bounds on the way.

use super::wire::{LONGEST_NAME, SearchBody, UploadedPicture};
use crate::error::{Error, Result};
use aio_data::picture::{check_pixels, decode, resized};
use aio_types::{Modality, Observation, ParseModalityError, Picture, PictureSize};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Pixels of a picture of a request or of a row; its header is read before anything is decoded.
pub(super) const MOST_PIXELS: u64 = 50_000_000;

/// Decodes the pictures of a search and resizes them for the model.
///
/// # Errors
/// [`Error`] naming the modality that does not exist, or the picture that cannot be decoded or is too large.
pub(super) fn observation(body: &SearchBody, size: PictureSize) -> Result<Observation<Picture>> {
    let mut pictures = Vec::with_capacity(body.pictures.len());
    for (name, uploaded) in &body.pictures {
        let wrong = |problem: String| {
            Error::user(
                format!("`pictures.{name}`: {problem}"),
                "send a JPEG, PNG, BMP, WebP or TIFF file in base64",
            )
        };
        let modality: Modality =
            name.parse().map_err(|e: ParseModalityError| wrong(e.to_string()))?;
        if !modality.is_visual() {
            return Err(wrong("a sentence is no picture; use `text`".into()));
        }
        pictures.push((modality, picture(uploaded, size).map_err(wrong)?));
    }
    let text = body.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
    Ok(Observation { pictures, caption: text.map(str::to_owned) })
}

fn picture(uploaded: &UploadedPicture, size: PictureSize) -> std::result::Result<Picture, String> {
    if uploaded.name.as_ref().is_some_and(|name| name.len() > LONGEST_NAME) {
        return Err(format!("its name has more than {LONGEST_NAME} bytes"));
    }
    let bytes = STANDARD.decode(uploaded.data.as_bytes()).map_err(|e| format!("no base64: {e}"))?;
    let image = check_pixels(&bytes, MOST_PIXELS).and_then(|()| decode(&bytes));
    resized(&image.map_err(|e| e.to_string())?, size)
}

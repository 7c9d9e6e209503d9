//! MOTChallenge's text: `frame,track,left,top,width,height,confidence,…` per line.

use super::{Detection, Frames, Source};
use crate::error::Result;
use crate::record::BoundingBox;
use aio_data::fs;

/// Fields that a line has at least.
const FIELDS: usize = 6;

/// Reads detections or tracks in MOTChallenge's format. Boxes are pixels from the upper left corner of the frame, whose number begins at 1;
/// track −1 means none; the confidence may be missing.
///
/// # Errors
/// [`GalleryError::Data`](crate::GalleryError::Data) naming the line that cannot be used, or the frame that is not there.
pub fn mot(source: &Source) -> Result<Vec<Detection>> {
    let frames = Frames::list(source.frames)?;
    let text = fs::read_to_string(source.file)?;
    let mut detections = Vec::new();
    for (row, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let fields: Vec<&str> = line.split([',', ' ', '\t']).filter(|f| !f.is_empty()).collect();
        if fields.len() < FIELDS {
            let problem = format!(
                "{} fields; expected frame,track,left,top,width,height,confidence",
                fields.len()
            );
            return Err(source.wrong(row, problem));
        }
        let numbers: Option<Vec<f64>> =
            fields.iter().take(FIELDS + 1).map(|field| field.parse().ok()).collect();
        let Some(numbers) = numbers.filter(|n| n.iter().all(|n| n.is_finite())) else {
            return Err(source.wrong(row, format!("`{line}` holds a field that is not a number")));
        };
        let [number, track, left, top, width, height] = numbers[..FIELDS] else { continue };
        // Some trackers write whole numbers with a fraction.
        if number.fract() != 0.0 || track.fract() != 0.0 {
            return Err(source.wrong(row, "frame and track are whole numbers".into()));
        }
        if width <= 0.0 || height <= 0.0 {
            return Err(source.wrong(row, format!("a box of {width} × {height} pixels")));
        }
        let number = number as i64;
        let frame = frames.get(number).ok_or_else(|| {
            let folder = source.frames.display();
            source.wrong(row, format!("{folder} holds no picture of frame {number}"))
        })?;
        detections.push(Detection {
            frame: frame.clone(),
            crop: BoundingBox { left, top, height, width },
            track: (track >= 0.0).then_some(track as i64),
            confidence: numbers.get(FIELDS).copied(),
            number,
            row,
        });
    }
    source.ordered(detections)
}

//! MOTChallenge's text: `frame,track,left,top,width,height,confidence,…` per line.

use super::{Detected, Detection, Frames, Source};
use crate::error::Result;
use crate::record::BoundingBox;
use aio_data::fs;

/// Fields that a line has at least.
const FIELDS: usize = 6;

/// Fields of a line of ground truth since MOT16: behind the box a flag, a class and the visible share.
const TRUTH_FIELDS: usize = 9;

/// What trackers write where they have no confidence.
const NO_CONFIDENCE: f64 = -1.0;

/// Reads detections or tracks in MOTChallenge's format. Boxes are pixels from the upper left corner of the frame, whose number begins at 1;
/// track −1 means none; the confidence may be missing, and −1 means that there is none. Every other number is a confidence.
///
/// A file is ground truth if all its lines are as those of MOT16 and later (Milan et al., arXiv:1603.00831): nine fields, the seventh of which is 0 or 1,
/// the eighth a class from 1 on, and the ninth a share from 0 to 1. Its seventh field is no confidence; a box with 0 is to be ignored and is left out. In the ground
/// truth of MOT15 the flag cannot be told from a confidence.
///
/// # Errors
/// [`GalleryError::Data`](crate::GalleryError::Data) naming the line that cannot be used, or the frame that is not there.
pub fn mot(source: &Source) -> Result<Detected> {
    let frames = Frames::list(source.frames)?;
    let text = fs::read_text(source.file)?;
    let lines = || {
        let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        lines.map(|(row, line)| (row, line, fields(line)))
    };
    let is_truth = lines().all(|(_, _, fields)| is_truth(&fields));
    let (mut detections, mut ignored) = (Vec::new(), 0);
    for (row, line, fields) in lines() {
        if fields.len() < FIELDS {
            let problem = format!(
                "{} fields; expected frame,track,left,top,width,height,confidence",
                fields.len()
            );
            return Err(source.wrong(row, problem));
        }
        if fields[..FIELDS].contains(&"") {
            let problem = "a field is blank; expected frame,track,left,top,width,height,confidence, with -1 for no track";
            return Err(source.wrong(row, problem.into()));
        }
        // A confidence may be missing, also before further fields.
        let read = if fields.get(FIELDS) == Some(&"") { FIELDS } else { FIELDS + 1 };
        let numbers: Option<Vec<f64>> =
            fields.iter().take(read).map(|field| field.parse().ok()).collect();
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
        let last = numbers.get(FIELDS).copied();
        if is_truth && last == Some(0.0) {
            ignored += 1;
            continue;
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
            confidence: last.filter(|last| !is_truth && *last != NO_CONFIDENCE),
            number,
            row,
        });
    }
    source.detected(detections, ignored)
}

/// The fields of a line without blank ones at its end. Another blank field stays: without it those behind it would stand for something else.
fn fields(line: &str) -> Vec<&str> {
    if !line.contains(',') {
        return line.split_whitespace().collect();
    }
    let mut fields: Vec<&str> = line.split(',').map(str::trim).collect();
    while fields.last() == Some(&"") {
        fields.pop();
    }
    fields
}

/// Whether a line can be one of ground truth.
fn is_truth(fields: &[&str]) -> bool {
    if fields.len() != TRUTH_FIELDS {
        return false;
    }
    let number = |field: usize| fields[field].parse::<f64>().unwrap_or(f64::NAN);
    let (flag, class, visible) = (number(6), number(7), number(8));
    (flag == 0.0 || flag == 1.0)
        && class >= 1.0
        && class.fract() == 0.0
        && (0.0..=1.0).contains(&visible)
}

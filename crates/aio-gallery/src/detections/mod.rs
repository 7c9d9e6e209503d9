//! Detections: boxes in the frames of a video, from the file of a tracker or a detector.

mod coco;
mod mot;

pub use coco::coco;
pub use mot::mot;

use crate::error::{GalleryError, Result};
use crate::record::BoundingBox;
use aio_data::{DataError, fs};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A box in a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// The picture.
    pub frame: PathBuf,
    /// Its part.
    pub crop: BoundingBox,
    /// The track that it belongs to, unique within the file.
    pub track: Option<i64>,
    /// How sure the detector was, as the file has it: some detectors give negative numbers.
    pub confidence: Option<f64>,
    /// Number of the frame, or of the image in a COCO file.
    pub number: i64,
    /// Line of the file, or position in its list, from 1.
    pub row: usize,
}

/// The detections of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Detected {
    /// Those that are wanted, in the order of the frames.
    pub wanted: Vec<Detection>,
    /// How many were left out: those of a lower confidence than asked for, those that ground truth says to ignore, and those around several people.
    pub left_out: usize,
}

/// Where detections come from, and which of them are wanted.
#[derive(Debug, Clone)]
pub struct Source<'a> {
    /// The file.
    pub file: &'a Path,
    /// Folder of the frames.
    pub frames: &'a Path,
    /// Detections with a lower confidence are left out; one without a confidence is not. None to leave none out.
    pub least_confidence: Option<f64>,
}

/// Where at least one box of a file must end, in pixels. Boxes that are shares of the picture end near 1, and each would be one pixel.
const SMALLEST_END: f64 = 2.0;

impl Source<'_> {
    fn wrong(&self, row: usize, problem: String) -> GalleryError {
        DataError::Row { path: self.file.to_path_buf(), row, problem }.into()
    }

    /// The wanted ones in the order of the frames, so that each is decoded once. `ignored` were left out before.
    fn detected(&self, mut all: Vec<Detection>, ignored: usize) -> Result<Detected> {
        let before = all.len();
        let least = self.least_confidence.unwrap_or(f64::NEG_INFINITY);
        all.retain(|detection| detection.confidence.is_none_or(|found| found >= least));
        let left_out = before - all.len() + ignored;
        if all.is_empty() {
            let file = self.file.display();
            return Err(GalleryError::request(
                format!("{file} holds no detection that is wanted; {left_out} were left out"),
                "check --least-confidence and the categories",
            ));
        }
        let end = |BoundingBox { left, top, height, width }: &BoundingBox| {
            (left + width).max(top + height)
        };
        if all.iter().all(|detection| end(&detection.crop) <= SMALLEST_END) {
            return Err(GalleryError::request(
                format!(
                    "no box of {} reaches beyond the second pixel of its picture",
                    self.file.display()
                ),
                "boxes are left,top,width,height in pixels: if these are shares of the picture, multiply them by its width and height",
            ));
        }
        all.sort_by(|a, b| (a.number, &a.frame, a.row).cmp(&(b.number, &b.frame, b.row)));
        Ok(Detected { wanted: all, left_out })
    }
}

/// The frames of a folder by their numbers: the last digits of their names, as in `000017.jpg` and `frame_17.png`.
#[derive(Debug)]
pub struct Frames(BTreeMap<i64, PathBuf>);

impl Frames {
    /// Lists a folder.
    ///
    /// # Errors
    /// [`GalleryError::Data`] naming the folder, [`GalleryError::Request`] naming two frames of one number.
    pub fn list(folder: &Path) -> Result<Self> {
        let mut frames = BTreeMap::new();
        for path in fs::sorted_entries(folder)? {
            if !path.is_file() || !aio_data::picture::is_picture(&path) {
                continue;
            }
            let Some(number) = number_of(&path) else { continue };
            if let Some(other) = frames.insert(number, path.clone()) {
                let problem =
                    format!("{} and {} are both frame {number}", other.display(), path.display());
                return Err(GalleryError::request(problem, "keep one picture per frame"));
            }
        }
        Ok(Self(frames))
    }

    fn get(&self, number: i64) -> Option<&PathBuf> {
        self.0.get(&number)
    }
}

/// The digits at the end of a file name.
fn number_of(path: &Path) -> Option<i64> {
    let stem = path.file_stem()?.to_str()?;
    let digits = stem.len() - stem.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    stem[stem.len() - digits..].parse().ok()
}

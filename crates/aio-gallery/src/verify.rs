//! Finds every byte of a gallery that is not as it was written.

use crate::error::{GalleryError, Result};
use crate::gallery::Gallery;
use crate::manifest::Manifest;
use crate::segment::{INFO, SegmentInfo};
use crate::sums::FileSum;
use rayon::prelude::*;
use serde::Serialize;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Part of a gallery that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// The file.
    pub file: PathBuf,
    /// The bytes among which it differs, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Range<u64>>,
    /// What was found.
    pub problem: String,
}

/// What [`Gallery::verify`] found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Files that were read.
    pub files: usize,
    /// Bytes that were read.
    pub bytes: u64,
    /// Every part that differs, in the order of the files.
    pub damages: Vec<Damage>,
}

impl Gallery {
    /// Reads every file that the manifest of a gallery names and compares it with its checksums. `tick` is called with the bytes of each
    /// file that is done.
    ///
    /// # Errors
    /// [`GalleryError::NotAGallery`]. Damage is no error but part of the result.
    pub fn verify(directory: &Path, tick: &(dyn Fn(u64) + Sync)) -> Result<Verified> {
        let mut verified = Verified { files: 1, bytes: 0, damages: Vec::new() };
        let manifest = match Manifest::read(directory) {
            Ok(manifest) => manifest,
            Err(error @ GalleryError::NotAGallery { .. }) => return Err(error),
            Err(error) => {
                // Without its manifest nothing is known of the other files.
                verified.damages.push(whole(Manifest::path(directory), &error));
                return Ok(verified);
            }
        };
        let mut files: Vec<(PathBuf, FileSum)> = Vec::new();
        if let Some(removed) = &manifest.removed {
            files.push((directory.join(&removed.file), removed.sum.clone()));
        }
        for entry in &manifest.segments {
            let folder = SegmentInfo::folder(directory, &entry.id);
            verified.files += 1;
            match SegmentInfo::read(&folder, &entry.id) {
                Ok(info) => {
                    files
                        .extend(info.files.into_iter().map(|(name, sum)| (folder.join(name), sum)));
                }
                Err(error) => verified.damages.push(whole(folder.join(INFO), &error)),
            }
        }
        verified.files += files.len();
        verified.bytes = files.iter().map(|(_, sum)| sum.bytes).sum();
        let found: Vec<Vec<Damage>> = files
            .par_iter()
            .map(|(path, sum)| {
                let damages = compare(path, sum);
                tick(sum.bytes);
                damages
            })
            .collect();
        verified.damages.extend(found.into_iter().flatten());
        if verified.damages.is_empty() {
            // Files that are as they were written can still contradict each other if the writer was wrong.
            let gallery = Self::of(directory, manifest)?;
            for (segment, entry) in gallery.segments.iter().zip(&gallery.manifest.segments) {
                if let Some(problem) = segment.inconsistency() {
                    let file = SegmentInfo::folder(directory, &entry.id);
                    verified.damages.push(Damage { file, bytes: None, problem });
                }
            }
        }
        Ok(verified)
    }
}

fn whole(file: PathBuf, error: &GalleryError) -> Damage {
    Damage { file, bytes: None, problem: error.to_string() }
}

fn compare(path: &Path, sum: &FileSum) -> Vec<Damage> {
    match sum.differences(path) {
        Err(error) => vec![whole(path.to_path_buf(), &error)],
        Ok(ranges) => ranges
            .into_iter()
            .map(|bytes| Damage {
                file: path.to_path_buf(),
                problem: format!("bytes {} to {} are not as written", bytes.start, bytes.end),
                bytes: Some(bytes),
            })
            .collect(),
    }
}

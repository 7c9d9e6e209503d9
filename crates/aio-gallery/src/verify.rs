//! Finds every byte of a gallery that is not as it was written.

use crate::error::{GalleryError, Result};
use crate::gallery::{ATTEMPTS, Gallery, is_gone};
use crate::manifest::Manifest;
use crate::segment::{INFO, SegmentInfo};
use crate::sums::{FileSum, not_as_written};
use aio_data::DataError;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
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
    /// file that is done and says whether to go on. A writer that changes the gallery meanwhile does no harm: where files go, those of the new
    /// manifest are compared.
    ///
    /// # Errors
    /// [`GalleryError::NotAGallery`] or [`GalleryError::OfFeatures`]; [`GalleryError::Request`] if files go again and again; [`DataError::Interrupted`] if `tick` asks to stop.
    /// Damage is no error but part of the result.
    pub fn verify(
        directory: &Path,
        tick: &(dyn Fn(u64) -> ControlFlow<()> + Sync),
    ) -> Result<Verified> {
        let mut compared = BTreeMap::new();
        let mut manifest = match Manifest::read(directory) {
            Ok(manifest) => manifest,
            Err(error @ (GalleryError::NotAGallery { .. } | GalleryError::OfFeatures { .. })) => {
                return Err(error);
            }
            Err(error) => {
                // Without its manifest nothing is known of the other files.
                let damages = vec![whole(Manifest::path(directory), &error)];
                return Ok(Verified { files: 1, bytes: 0, damages });
            }
        };
        for _ in 0..ATTEMPTS {
            let mut state = State { compared: &mut compared, is_gone: false };
            let verified = state.verify(directory, &manifest, tick)?;
            if !state.is_gone {
                return Ok(verified);
            }
            // A compaction removes files that no manifest names any more.
            let now = Manifest::read(directory)?;
            if now.generation == manifest.generation {
                return Ok(verified);
            }
            manifest = now;
        }
        let problem = format!("{} changes faster than it can be verified", directory.display());
        Err(GalleryError::request(problem, "verify it again when it changes less often"))
    }
}

/// What is known while manifests are compared one after the other.
struct State<'a> {
    /// Damage of the files that were compared. They are never written again, so that it holds for every manifest.
    compared: &'a mut BTreeMap<PathBuf, Vec<Damage>>,
    /// Whether a file was not there.
    is_gone: bool,
}

impl State<'_> {
    fn verify(
        &mut self,
        directory: &Path,
        manifest: &Manifest,
        tick: &(dyn Fn(u64) -> ControlFlow<()> + Sync),
    ) -> Result<Verified> {
        let mut verified = Verified { files: 1, bytes: 0, damages: Vec::new() };
        let files = manifest.files().map(|(file, sum)| (directory.join(file), sum.clone()));
        let mut files: Vec<(PathBuf, FileSum)> = files.collect();
        for entry in &manifest.segments {
            let folder = SegmentInfo::folder(directory, &entry.id);
            verified.files += 1;
            match SegmentInfo::read(&folder, &entry.id) {
                Ok(info) => {
                    files
                        .extend(info.files.into_iter().map(|(name, sum)| (folder.join(name), sum)));
                }
                Err(error) => {
                    self.is_gone |= is_gone(&error);
                    verified.damages.push(whole(folder.join(INFO), &error));
                }
            }
        }
        verified.files += files.len();
        verified.bytes = files.iter().map(|(_, sum)| sum.bytes).sum();
        let new = files.par_iter().filter(|(path, _)| !self.compared.contains_key(path));
        let found: Vec<(PathBuf, Result<Vec<Range<u64>>>)> = new
            .map(|(path, sum)| {
                let found = sum.differences(path);
                match tick(sum.bytes) {
                    ControlFlow::Continue(()) => Ok((path.clone(), found)),
                    ControlFlow::Break(()) => {
                        Err(GalleryError::Data(DataError::Interrupted { phase: "verifying" }))
                    }
                }
            })
            .collect::<Result<_>>()?;
        let mut gone = BTreeMap::new();
        for (path, found) in found {
            match found {
                Err(error) if is_gone(&error) => {
                    self.is_gone = true;
                    gone.insert(path.clone(), whole(path, &error));
                }
                Err(error) => {
                    self.compared.insert(path.clone(), vec![whole(path, &error)]);
                }
                Ok(ranges) => {
                    let damages = ranges.into_iter().map(|bytes| changed(&path, bytes)).collect();
                    self.compared.insert(path, damages);
                }
            }
        }
        for (path, _) in &files {
            verified.damages.extend(self.compared.get(path).into_iter().flatten().cloned());
            verified.damages.extend(gone.remove(path));
        }
        if verified.damages.is_empty() {
            // Files that are as they were written can still contradict each other if the writer was wrong.
            let gallery = match Gallery::of(directory, manifest.clone()) {
                Err(error) if is_gone(&error) => {
                    self.is_gone = true;
                    verified.damages.push(whole(directory.to_path_buf(), &error));
                    return Ok(verified);
                }
                opened => opened?,
            };
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

fn changed(path: &Path, bytes: Range<u64>) -> Damage {
    let problem = not_as_written(&bytes);
    Damage { file: path.to_path_buf(), bytes: Some(bytes), problem }
}

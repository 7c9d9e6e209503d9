//! The galleries over which the protocol averages.

use super::{INFO, Permutations, ids, samples};
use crate::{DataError, Result};
use aio_eval::{Entry, single_shot};
use aio_types::{Camera, Identity};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Which cameras the gallery is drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Cameras 1, 2, 4 and 5.
    All,
    /// Cameras 1 and 2.
    Indoor,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 2] = [Self::All, Self::Indoor];

    /// The name used in tasks and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Indoor => "indoor",
        }
    }

    /// The mode of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// The RGB cameras of the gallery.
    #[must_use]
    pub fn cameras(self) -> &'static [Camera] {
        match self {
            Self::All => &[Camera(1), Camera(2), Camera(4), Camera(5)],
            Self::Indoor => &[Camera(1), Camera(2)],
        }
    }
}

/// Trials over which scores are averaged.
pub(super) const DRAWS: u32 = 10;

pub(super) const SINGLE_SHOT: &str = "the Python draws are single-shot";

pub(super) const PERMUTATIONS_HINT: &str = "it comes with the authors' evaluation code (evaluation/data_split); place it in exp/ of the data set's folder";

/// Who drew the galleries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `random.seed(trial); random.choice(…)` of the reference code in Python, which nearly all papers use.
    Python,
    /// `rand_perm_cam.mat` of the data set's authors; looked for in the data set's folder where no file is named.
    Official(Option<PathBuf>),
}

/// The gallery of one trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrialGallery {
    /// Number of the trial, from 0.
    pub trial: u32,
    /// Pictures, relative to the data set's folder.
    pub gallery: Vec<String>,
}

/// Draws the galleries of the copy at or below `root`, with `shots` images of every identity and camera.
///
/// # Errors
/// [`DataError`] naming what is missing below the root or in the authors' file, or if the Python draws are to be
/// multi-shot, or nobody is in any gallery.
pub fn galleries(
    root: &Path,
    mode: Mode,
    source: &Source,
    shots: u32,
) -> Result<Vec<TrialGallery>> {
    let directory = INFO.locate(INFO.name, root)?;
    // In the order identity, camera, file name, over which the draws run.
    let samples = samples(&directory, &ids(&directory, "test_id.txt")?)?;
    let entries: Vec<Entry> = samples.iter().map(crate::Sample::entry).collect();
    let galleries = match source {
        Source::Python if shots > 1 => {
            return Err(DataError::Request {
                problem: SINGLE_SHOT.into(),
                hint: "add --source official for multi-shot galleries".into(),
            });
        }
        Source::Python => {
            (0..DRAWS).map(|trial| single_shot(&entries, mode.cameras(), trial)).collect()
        }
        Source::Official(named) => {
            let found = named.clone().or_else(|| Permutations::find(&directory));
            let path = found.ok_or_else(|| DataError::Request {
                problem: format!("no {} below {}", Permutations::FILE, directory.display()),
                hint: format!("{PERMUTATIONS_HINT}, or name it with --permutations"),
            })?;
            official_galleries(&entries, mode, &path, shots)?
        }
    };
    if galleries.iter().all(Vec::is_empty) {
        return Err(DataError::Empty {
            dataset: INFO.name,
            what: format!("people with pictures of the cameras of mode {}", mode.name()),
            path: directory.join("exp/test_id.txt"),
        });
    }
    let relative = |index: &usize| match samples[*index].path() {
        Some(path) => {
            let path = path.strip_prefix(&directory).unwrap_or(path);
            path.to_string_lossy().replace('\\', "/")
        }
        None => String::new(),
    };
    let named = (0..).zip(&galleries).map(|(trial, gallery)| TrialGallery {
        trial,
        gallery: gallery.iter().map(relative).collect(),
    });
    Ok(named.collect())
}

/// The galleries of the authors' file at `path`, `shots` images of every identity and camera: indices into `entries`, of
/// which those of one identity and camera stand in the order of their file names.
pub(super) fn official_galleries(
    entries: &[Entry],
    mode: Mode,
    path: &Path,
    shots: u32,
) -> Result<Vec<Vec<usize>>> {
    let permutations = Permutations::read(path)?;
    let mut groups: BTreeMap<(Identity, Camera), Vec<usize>> = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        if let Some(camera) = entry.camera.filter(|camera| mode.cameras().contains(camera)) {
            groups.entry((entry.identity, camera)).or_default().push(index);
        }
    }
    let mut galleries = Vec::new();
    for trial in 0..DRAWS as usize {
        let mut gallery = Vec::new();
        for ((identity, camera), members) in &groups {
            let images = permutations.images(*camera, *identity, members.len())?;
            let chosen = images.choose(trial, shots as usize)?;
            gallery.extend(chosen.into_iter().map(|place| members[place]));
        }
        galleries.push(gallery);
    }
    Ok(galleries)
}

//! `aio data trials`: the galleries over which a protocol averages.

use crate::error::{Error, Result};
use aio_data::{
    DatasetName, Sample,
    readers::sysu_mm01::{self, Permutations},
};
use aio_eval::{Entry, single_shot};
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
    /// The name used in tasks and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Indoor => "indoor",
        }
    }

    /// The RGB cameras of the gallery.
    #[must_use]
    pub fn cameras(self) -> &'static [i64] {
        match self {
            Self::All => &[1, 2, 4, 5],
            Self::Indoor => &[1, 2],
        }
    }
}

/// Who drew the galleries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// `random.seed(trial); random.choice(…)` of the reference code in Python, which nearly all papers use. One shot only.
    Python,
    /// `rand_perm_cam.mat` of the data set's authors.
    Official,
}

/// Trials over which SYSU-MM01 and LLCM are averaged.
pub const DRAWS: u32 = 10;

/// Which galleries are drawn.
#[derive(Debug, Clone)]
pub struct Request {
    /// Directory of the data sets, or of SYSU-MM01 itself.
    pub root: PathBuf,
    /// Which cameras the gallery is drawn from.
    pub mode: Mode,
    /// Who drew the galleries.
    pub source: Source,
    /// Images per identity and camera (official source: 1 or 10 in papers).
    pub shots: u32,
    /// The authors' rand_perm_cam.mat, if it does not lie below the root.
    pub permutations: Option<PathBuf>,
}

/// Galleries, by trial.
#[derive(Debug, Clone, Serialize)]
pub struct Trials {
    trials: Vec<Trial>,
}

#[derive(Debug, Clone, Serialize)]
struct Trial {
    trial: u32,
    gallery: Vec<String>,
}

/// Draws the galleries.
///
/// # Errors
/// [`Error`] naming what is missing below the root or in the authors' file.
pub fn run(request: &Request) -> Result<Trials> {
    let directory = DatasetName::SysuMm01.locate(&request.root)?;
    let samples = sysu_mm01::test_samples(&request.root)?;
    let entries: Vec<Entry> = samples.iter().map(entry).collect();
    let cameras = request.mode.cameras();
    let galleries = match request.source {
        Source::Python if request.shots > 1 => {
            return Err(Error::user(
                "the Python draws are single-shot",
                "add --source official for multi-shot galleries",
            ));
        }
        Source::Python => (0..DRAWS).map(|trial| single_shot(&entries, cameras, trial)).collect(),
        Source::Official => {
            let found = request.permutations.clone().or_else(|| Permutations::find(&request.root));
            let path = found.ok_or_else(|| no_permutations(&request.root.display().to_string()))?;
            official(&entries, cameras, &path, request.shots)?
        }
    };
    let name = |index: &usize| {
        samples[*index].path().map_or(String::new(), |path| relative(&directory, path))
    };
    let trials = (0..)
        .zip(&galleries)
        .map(|(trial, gallery): (u32, &Vec<usize>)| Trial {
            trial,
            gallery: gallery.iter().map(name).collect(),
        })
        .collect();
    Ok(Trials { trials })
}

impl Trials {
    /// One line per picture: trial and path.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for Trial { trial, gallery } in &self.trials {
            for path in gallery {
                text += &format!("{trial} {path}\n");
            }
        }
        text
    }
}

fn entry(sample: &Sample) -> Entry {
    Entry { identity: sample.identity.0, camera: sample.camera.map_or(-1, |c| c.0), image: -1 }
}

fn relative(directory: &Path, path: &Path) -> String {
    path.strip_prefix(directory).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// The error of galleries that the authors' file would have to define.
#[must_use]
pub fn no_permutations(place: &str) -> Error {
    Error::user(
        format!("no {} below {place}", Permutations::FILE),
        "it comes with the authors' evaluation code (evaluation/data_split); place it in exp/ or name it with --permutations",
    )
}

/// The galleries of the authors' file at `path`, `shots` images of every identity and camera: indices into `entries`, of which those of
/// one identity and camera stand in the order of their file names.
///
/// # Errors
/// [`Error`] naming the identity and camera that the file does not fit.
pub fn official(
    entries: &[Entry],
    cameras: &[i64],
    path: &Path,
    shots: u32,
) -> Result<Vec<Vec<usize>>> {
    let permutations = Permutations::read(path)?;
    let mut groups: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        if cameras.contains(&entry.camera) {
            groups.entry((entry.identity, entry.camera)).or_default().push(index);
        }
    }
    (0..DRAWS as usize)
        .map(|trial| {
            let mut gallery = Vec::new();
            for ((identity, camera), members) in &groups {
                let chosen = permutations.choose(
                    *camera,
                    *identity,
                    trial,
                    members.len(),
                    shots as usize,
                )?;
                gallery.extend(chosen.into_iter().map(|place| members[place]));
            }
            Ok(gallery)
        })
        .collect()
}

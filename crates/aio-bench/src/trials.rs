//! `aio data trials`: the galleries over which a protocol averages.

use crate::error::{Error, Result};
use aio_data::{
    DatasetName, Sample,
    readers::sysu_mm01::{self, Permutations},
};
use aio_eval::{Entry, single_shot};
use clap::ValueEnum;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Which cameras the gallery is drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Source {
    /// `random.seed(trial); random.choice(…)` of the reference code in Python, which nearly all papers use. One shot only.
    Python,
    /// `rand_perm_cam.mat` of the data set's authors.
    Official,
}

/// Trials over which SYSU-MM01 and LLCM are averaged.
pub const DRAWS: u32 = 10;

/// What is asked for.
#[derive(Debug, Clone, clap::Args)]
pub struct Request {
    /// The data set; only SYSU-MM01 has galleries of two sources.
    #[arg(value_parser = ["sysu-mm01"])]
    pub dataset: String,
    /// Directory of the data sets, or of SYSU-MM01 itself.
    #[arg(long, default_value = "datasets")]
    pub root: PathBuf,
    /// Which cameras the gallery is drawn from.
    #[arg(long, value_enum, default_value = "all")]
    pub mode: Mode,
    /// Who drew the galleries.
    #[arg(long, value_enum, default_value = "python")]
    pub source: Source,
    /// Images per identity and camera (official source: 1 or 10 in papers).
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub shots: u32,
    /// The authors' rand_perm_cam.mat, where it does not lie below the root.
    #[arg(long, value_name = "FILE")]
    pub permutations: Option<PathBuf>,
    /// Print JSON instead of one path a line.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Serialize)]
struct Printed {
    trials: Vec<Trial>,
}

#[derive(Debug, Serialize)]
struct Trial {
    trial: u32,
    gallery: Vec<String>,
}

/// Draws the galleries and returns what belongs on standard output.
///
/// # Errors
/// [`Error`] naming what is missing below the root or in the authors' file.
pub fn run(request: &Request) -> Result<String> {
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
    let printed = Printed { trials };
    if request.json {
        return serde_json::to_string(&printed)
            .map(|t| t + "\n")
            .map_err(|e| Error::Failure(e.to_string()));
    }
    let lines = |trial: &Trial| {
        trial.gallery.iter().map(|path| format!("{} {path}\n", trial.trial)).collect::<String>()
    };
    Ok(printed.trials.iter().map(lines).collect())
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

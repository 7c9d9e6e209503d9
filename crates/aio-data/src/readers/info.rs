use crate::evaluation::TaskRules;
use crate::list::{listed, plain};
use crate::picture::{FORMATS, is_picture};
use crate::{DataError, Dataset, Result, Sample, Split, fs};
use aio_types::Modality;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What is known of a data set beside its samples.
#[derive(Debug)]
pub struct DatasetInfo {
    /// The name used in configuration files and task names.
    pub name: &'static str,
    /// What it holds.
    pub modalities: &'static [Modality],
    /// The published tree, as the hint of an error shows it.
    pub layout: &'static str,
    /// Folders under the data root in which it is looked for, in this order.
    pub folders: &'static [&'static str],
    /// Files or folders one of which every copy has.
    pub markers: &'static [&'static str],
    /// Published counts; empty where none are. Of data sets with several splits they are those of all splits together
    /// ([`DatasetName::counts`](super::DatasetName::counts)).
    pub counts: &'static [Count],
    /// Terms of use, and where it comes from.
    pub terms: &'static str,
    /// Collections of people that it shows; data sets that share a collection show some of the same people.
    pub people: &'static [&'static str],
    /// Data sets of one family share their people and their division into training and test.
    pub family: &'static str,
    /// How it is tested.
    pub rules: TaskRules,
    /// Its splits, where each divides the people otherwise.
    pub(super) splits: Option<&'static Splits>,
    pub(super) read: fn(&Path) -> Result<Dataset>,
    /// Published numbers that are no counts of one part, of the copy in a folder.
    pub(crate) further: fn(&Path, &Dataset) -> Result<Vec<FurtherCount>>,
}

/// Splits of a data set, of which an experiment trains and tests on one.
#[derive(Debug)]
pub(super) struct Splits {
    /// Names of the data set with all splits and with each.
    pub(super) names: &'static [&'static str],
    /// Reads one split from the data set's folder: training and test.
    pub(super) read: fn(&Path, u8) -> Result<Dataset>,
    /// Published counts of one split.
    pub(super) counts: &'static [Count],
}

/// A published number that is no count of one part and modality, such as the queries of one list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FurtherCount {
    /// What is counted, in words.
    pub what: String,
    /// The number in the copy.
    pub found: usize,
    /// The published number.
    pub published: usize,
}

impl FurtherCount {
    pub(super) fn new(what: impl Into<String>, found: usize, published: usize) -> Self {
        Self { what: what.into(), found, published }
    }

    /// Queries and gallery entries of every test split, each with its people. `names` are those of the data set with all splits and with each.
    pub(super) fn of_trials(
        dataset: &Dataset,
        names: &[&str],
        query: (usize, usize),
        gallery: (usize, usize),
    ) -> Vec<Self> {
        let people = |samples: &[Sample], chosen: &[usize]| {
            chosen.iter().map(|i| samples[*i].identity).collect::<BTreeSet<_>>().len()
        };
        // With all splits the trials are numbered from 1; of one split there is one trial.
        let first = names.iter().position(|name| *name == dataset.name).unwrap_or(0).max(1);
        let splits = names.len() - 1;
        let mut counts = Vec::new();
        for (number, trial) in (first..).zip(&dataset.trials) {
            for (what, samples, chosen, (published, of_people)) in [
                ("queries", &dataset.query, &trial.query, query),
                ("gallery pictures", &dataset.gallery, &trial.gallery, gallery),
            ] {
                let split = format!("test split {number} of {splits}");
                counts.push(Self::new(format!("{what} of {split}"), chosen.len(), published));
                let shown = people(samples, chosen);
                counts.push(Self::new(
                    format!("people in the {what} of {split}"),
                    shown,
                    of_people,
                ));
            }
        }
        counts
    }

    /// How the copy differs from what was published, in words; `None` if it does not.
    pub(crate) fn difference(&self) -> Option<String> {
        let Self { what, found, published } = self;
        (found != published).then(|| format!("{what}: {found}; published are {published}"))
    }
}

/// What a data set says of which no further number is published.
pub(super) fn nothing_further(_: &Path, _: &Dataset) -> Result<Vec<FurtherCount>> {
    Ok(Vec::new())
}

/// A published count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The part.
    pub split: Split,
    /// The modality.
    pub modality: Modality,
    /// Samples of it.
    pub samples: usize,
    /// Their identities, where published.
    pub identities: Option<usize>,
}

pub(super) const fn count(
    split: Split,
    modality: Modality,
    samples: usize,
    identities: usize,
) -> Count {
    Count { split, modality, samples, identities: Some(identities) }
}

impl DatasetInfo {
    /// The data set's folder under `root`, or `root` itself where its files lie there directly; `name` stands in errors.
    pub(super) fn locate(&self, name: &'static str, root: &Path) -> Result<PathBuf> {
        let mut candidates = self.folders_below(root).chain([root.to_path_buf()]);
        if let Some(found) = candidates.find(|directory| self.is_marked(directory)) {
            return Ok(found);
        }
        let path = match self.folders_below(root).find(|directory| directory.is_dir()) {
            Some(incomplete) => incomplete.join(self.markers[0]),
            None => root.join(self.folders[0]),
        };
        Err(DataError::Missing { dataset: name, path, layout: self.layout })
    }

    /// As [`Self::locate`], where nobody has said that the data set is there. Folders such as `images` and `query` are in many places: `root` itself
    /// is the data set's folder only if it has the name of one or holds a file that marks it.
    pub(crate) fn found(&self, root: &Path) -> Option<PathBuf> {
        let has_name = || {
            let whole = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
            self.folders.iter().any(|folder| whole.ends_with(folder))
        };
        let has_file = || self.markers.iter().any(|marker| root.join(marker).is_file());
        let of_root = || self.is_marked(root) && (has_name() || has_file());
        let below = self.folders_below(root).find(|directory| self.is_marked(directory));
        below.or_else(|| of_root().then(|| root.to_path_buf()))
    }

    fn folders_below(&self, root: &Path) -> impl Iterator<Item = PathBuf> {
        self.folders.iter().map(|folder| root.join(folder))
    }

    fn is_marked(&self, directory: &Path) -> bool {
        self.markers.iter().any(|marker| directory.join(marker).exists())
    }

    /// That something of the published tree is not there.
    pub(super) fn missing(&self, path: PathBuf) -> DataError {
        DataError::Missing { dataset: self.name, path, layout: self.layout }
    }

    /// The picture that a list of the data set in `root` names by its path below `folder`, or below `root` itself if `folder` is empty.
    ///
    /// # Errors
    /// [`DataError::Missing`] if the first folder of the path is not there: then every picture of it is missing. As [`listed`].
    pub(super) fn listed(
        &self,
        list: &Path,
        row: usize,
        (root, folder): (&Path, &str),
        relative: &str,
    ) -> Result<PathBuf> {
        let relative = plain(list, row, relative)?;
        let (inner, first) = match folder {
            "" => (root.to_path_buf(), relative.split_once('/').map(|(first, _)| first)),
            folder => (root.join(folder), Some(folder)),
        };
        listed(list, row, &inner, relative).map_err(|error| {
            let first = first.map(|first| root.join(first)).filter(|path| !path.is_dir());
            first.map_or(error, |path| self.missing(path))
        })
    }

    /// Image files of a folder in the order of their names.
    pub(super) fn images(&self, directory: &Path) -> Result<Vec<PathBuf>> {
        if !directory.is_dir() {
            return Err(self.missing(directory.to_path_buf()));
        }
        let found: Vec<PathBuf> =
            fs::sorted_entries(directory)?.into_iter().filter(|path| is_picture(path)).collect();
        if found.is_empty() {
            return Err(DataError::Empty {
                dataset: self.name,
                what: format!("images ({FORMATS})"),
                path: directory.to_path_buf(),
            });
        }
        Ok(found)
    }
}

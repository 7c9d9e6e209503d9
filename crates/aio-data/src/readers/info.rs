use crate::evaluation::TaskRules;
use crate::picture::is_picture;
use crate::{DataError, Dataset, Result, Split, fs};
use aio_types::Modality;
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
    /// Published counts; empty where none are.
    pub counts: &'static [Count],
    /// Terms of use, and where it comes from.
    pub terms: &'static str,
    /// Collections of people that it shows; data sets that share a collection show some of the same people.
    pub people: &'static [&'static str],
    /// Data sets of one family share their people and their division into training and test.
    pub family: &'static str,
    /// How it is tested.
    pub rules: TaskRules,
    pub(super) read: fn(&Path) -> Result<Dataset>,
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
        let complete =
            |directory: &PathBuf| self.markers.iter().any(|marker| directory.join(marker).exists());
        let folders = || self.folders.iter().map(|folder| root.join(folder));
        if let Some(found) = folders().chain([root.to_path_buf()]).find(complete) {
            return Ok(found);
        }
        let path = match folders().find(|directory| directory.is_dir()) {
            Some(incomplete) => incomplete.join(self.markers[0]),
            None => root.join(self.folders[0]),
        };
        Err(DataError::Missing { dataset: name, path, layout: self.layout })
    }

    /// Image files of a folder in the order of their names.
    pub(super) fn images(&self, directory: &Path) -> Result<Vec<PathBuf>> {
        if !directory.is_dir() {
            return Err(DataError::Missing {
                dataset: self.name,
                path: directory.to_path_buf(),
                layout: self.layout,
            });
        }
        let found: Vec<PathBuf> =
            fs::sorted_entries(directory)?.into_iter().filter(|path| is_picture(path)).collect();
        if found.is_empty() {
            return Err(DataError::Empty {
                dataset: self.name,
                what: "images (*.jpg, *.png, *.bmp)",
                path: directory.to_path_buf(),
            });
        }
        Ok(found)
    }
}

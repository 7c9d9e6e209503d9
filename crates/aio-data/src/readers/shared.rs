use crate::Sample;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Samples that several trials share: every picture once, whichever trials name it.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) samples: Vec<Sample>,
    places: BTreeMap<PathBuf, usize>,
}

impl Shared {
    /// Adds the pictures that are not there yet and returns the indices of all.
    pub(super) fn add(&mut self, samples: Vec<Sample>) -> Vec<usize> {
        let place = |sample: Sample| {
            let path = sample.path().map(Path::to_path_buf).unwrap_or_default();
            *self.places.entry(path).or_insert_with(|| {
                self.samples.push(sample);
                self.samples.len() - 1
            })
        };
        samples.into_iter().map(place).collect()
    }
}

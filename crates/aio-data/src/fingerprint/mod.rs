//! Tells whether a data set still has the contents that it had for an earlier call.

use crate::error::io;
use crate::{Content, DataError, Dataset, Result, Sample, Split, Trial, fs};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;

/// Stands before every fingerprint and names the rule that made it. The first rule had no name; it left out sources, artists, attributes, trials,
/// combinations, and the labels of further pictures.
const RULE: &str = "2:";

/// As [`RULE`], of a data set that is read by its index: pictures and sentences are too many to be compared, so that the annotation file stands for
/// them. Whether the index was built before a run or after it, nobody can tell from the two fingerprints.
const INDEXED_RULE: &str = "2-indexed:";

/// As [`RULE`], of a data set with published combinations (ORBench). Under that rule the photographs of its captions were left out.
const COMBINED_RULE: &str = "2-combined:";

/// Fingerprints of the contents of a data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentFingerprint {
    /// BLAKE3 over everything that the reader found, and the name, length, times and number (inode) of every file: quick to compute.
    pub files: String,
    /// BLAKE3 over everything that the reader found, and the name and bytes of every file.
    pub content: String,
}

/// Whether two fingerprints are of the same contents; `None` if they were made by different rules, so that nobody can tell.
#[must_use]
pub fn same_content(a: &str, b: &str) -> Option<bool> {
    let rule = |fingerprint: &str| fingerprint.split_once(':').map(|(rule, _)| rule.to_owned());
    (rule(a) == rule(b)).then(|| a == b)
}

/// A path below `root`, with the separators of every system.
fn below(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// Adds a value and the end of its line. JSON keeps neighbouring values apart, whatever they contain.
fn add(hasher: &mut blake3::Hasher, value: &impl Serialize) {
    let line = serde_json::to_vec(value).expect("numbers and texts are always JSON");
    hasher.update(&line).update(b"\n");
}

/// Adds a sample of a part of the data set.
fn add_sample(hasher: &mut blake3::Hasher, part: &str, sample: &Sample, root: &Path) {
    let Sample { identity, camera, modality, content, source, attributes, artist, clothes } =
        sample;
    let (kind, what) = match content {
        Content::Image(path) => ("picture", below(root, path)),
        Content::Caption(text) => ("caption", text.clone()),
    };
    let labels = (identity.0, camera.map(|c| c.0), source.map(|s| s.0), clothes.map(|c| c.0));
    add(hasher, &(part, modality.name(), kind, what, labels, attributes, artist));
}

impl Dataset {
    /// BLAKE3 over everything that the reader found: labels, sentences, and paths below `root`, of all parts; published trials and combinations. Two
    /// copies of a data set have the same fingerprint if they list the same samples; the pixels do not count.
    #[must_use]
    pub fn fingerprint(&self, root: &Path) -> String {
        format!("{}{}", self.rule(), &self.listing(root)[..16])
    }

    fn rule(&self) -> &'static str {
        match (&self.indexed, self.combinations.is_empty()) {
            (Some(_), _) => INDEXED_RULE,
            (None, false) => COMBINED_RULE,
            (None, true) => RULE,
        }
    }

    fn listing(&self, root: &Path) -> String {
        // The name is known to whoever keeps the fingerprint; the names of people and cameras are in their numbers.
        let Self {
            name: _,
            names: _,
            train: _,
            validation: _,
            query: _,
            gallery: _,
            indexed,
            trials,
            combinations,
            more,
            permutations,
        } = self;
        let mut hasher = blake3::Hasher::new();
        let splits = Split::ALL.map(|split| (split.name(), self.split(split)));
        for (part, samples) in splits.into_iter().chain([("more", more.as_slice())]) {
            for sample in samples {
                add_sample(&mut hasher, part, sample, root);
            }
        }
        for Trial { query, gallery } in trials {
            add(&mut hasher, &("trial", query, gallery));
        }
        add(&mut hasher, &("combinations", combinations));
        add(&mut hasher, &("permutations", permutations.as_ref().map(|path| below(root, path))));
        if let Some(indexed) = indexed {
            let (people, captions) = (indexed.index.identities(), indexed.index.captions());
            people.iter().zip(captions).for_each(|row| add(&mut hasher, &row));
        }
        hasher.finalize().to_hex().to_string()
    }

    /// Every file that is read later: pictures of all splits, and the annotations of photographs that are too many to be held. The photographs
    /// themselves of such a data set (SYNTH-PEDES, prepared) are not among them.
    fn files(&self) -> BTreeSet<&Path> {
        let splits = Split::ALL.iter().flat_map(|split| self.split(*split));
        let pictures = splits.chain(&self.more).filter_map(|sample| sample.path());
        let annotations = self.indexed.iter().map(|indexed| indexed.index.annotations());
        pictures.chain(annotations).chain(self.permutations.as_deref()).collect()
    }

    /// The fingerprints of this data set, whose root is `root`. Files are read only where their names, lengths, times or numbers differ from those of
    /// `earlier`; `tick` is called after each with the number of all.
    ///
    /// # Errors
    /// [`DataError::Io`] naming the file that cannot be read, [`DataError::Interrupted`] if `tick` asks to stop.
    pub fn content_fingerprint(
        &self,
        root: &Path,
        earlier: Option<&ContentFingerprint>,
        tick: &(dyn Fn(usize) -> ControlFlow<()> + Sync),
    ) -> Result<ContentFingerprint> {
        let paths: Vec<&Path> = self.files().into_iter().collect();
        let rule = self.rule();
        let listing = self.listing(root);
        let mut files = blake3::Hasher::new();
        files.update(listing.as_bytes());
        for path in &paths {
            let found = std::fs::metadata(path).map_err(io("read", path))?;
            files.update(format!("{}\t{}\n", below(root, path), fs::stamp(&found)).as_bytes());
        }
        let files = format!("{rule}{}", files.finalize().to_hex());
        if let Some(earlier) = earlier.filter(|earlier| earlier.files == files) {
            return Ok(earlier.clone());
        }
        let hashes = paths.par_iter().map(|path| {
            let mut hasher = blake3::Hasher::new();
            let read = fs::open(path)?;
            hasher.update_reader(read).map_err(io("read", path))?;
            if tick(paths.len()).is_break() {
                return Err(DataError::Interrupted { phase: "comparing data" });
            }
            Ok(hasher.finalize())
        });
        let hashes = hashes.collect::<Result<Vec<_>>>()?;
        let mut content = blake3::Hasher::new();
        content.update(listing.as_bytes());
        for (path, hash) in paths.iter().zip(hashes) {
            content.update(format!("{}\t{hash}\n", below(root, path)).as_bytes());
        }
        Ok(ContentFingerprint { files, content: format!("{rule}{}", content.finalize().to_hex()) })
    }
}

#[cfg(test)]
mod tests;

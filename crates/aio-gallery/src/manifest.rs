//! `gallery.json`: the model, the segments, the removed rows and the calibrations of a gallery.

use crate::calibration::Calibration;
use crate::encode::Storage;
use crate::error::{GalleryError, Result};
use crate::layout::{MANIFEST, SEGMENTS, is_name};
use crate::model::Model;
use crate::sums::{FileSum, hash};
use aio_data::checksum::inside;
use aio_data::{DataError, fs};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Version of the layout.
const FORMAT: u32 = 1;

/// Most values of a row.
const WIDEST: usize = 1 << 20;

/// A segment of the gallery: its rows have the numbers from `base` on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SegmentEntry {
    /// Name of its folder: the hash of its `segment.json`, which has the checksums of the other files.
    pub(crate) id: String,
    /// Added to the row numbers that the segment holds.
    pub(crate) base: u64,
    /// Rows of the segment, with removed ones.
    pub(crate) rows: usize,
}

/// A file with the numbers or the contents of removed rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemovedEntry {
    pub(crate) file: String,
    pub(crate) rows: usize,
    pub(crate) sum: FileSum,
}

/// An index of the rows of the first segments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IndexEntry {
    /// Links of every row, removed ones as well.
    pub(crate) file: String,
    pub(crate) sum: FileSum,
    /// How many segments it covers.
    pub(crate) segments: usize,
    /// Hash of their names.
    pub(crate) of: String,
    /// Links that each row was to have.
    pub(crate) links: usize,
    /// Places for links of a row.
    pub(crate) slots: usize,
    /// Where every search begins: a row, counted through the segments.
    pub(crate) start: u32,
}

/// Contents of the manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    /// Counts replacements of the manifest.
    pub(crate) generation: u64,
    pub(crate) model: Model,
    /// Values per row.
    pub(crate) width: usize,
    pub(crate) storage: Storage,
    /// The user's columns, in the order of their names.
    pub(crate) columns: Vec<String>,
    /// Number of the row that is added next. Numbers are never used twice.
    pub(crate) next_row: u64,
    /// In the order of their row numbers.
    pub(crate) segments: Vec<SegmentEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) removed: Option<RemovedEntry>,
    /// Contents of rows that were removed from this gallery, which a merge does not bring back. Those of rows that were added again may be
    /// among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) removed_contents: Option<RemovedEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) index: Option<IndexEntry>,
    /// By the modalities of the query, or `any`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) calibrations: BTreeMap<String, Calibration>,
}

impl Manifest {
    pub(crate) fn new(model: Model, width: usize, storage: Storage) -> Self {
        Self {
            format: FORMAT,
            generation: 0,
            model,
            width,
            storage,
            columns: Vec::new(),
            next_row: 0,
            segments: Vec::new(),
            removed: None,
            removed_contents: None,
            index: None,
            calibrations: BTreeMap::new(),
        }
    }

    /// Refuses rows that no gallery has.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(crate) fn check_width(width: usize) -> std::result::Result<(), String> {
        if (1..=WIDEST).contains(&width) {
            return Ok(());
        }
        Err(format!("features of {width} values; a gallery holds rows of 1 to {WIDEST}"))
    }

    pub(crate) fn path(directory: &Path) -> PathBuf {
        directory.join(MANIFEST)
    }

    /// Refuses a directory that is no gallery. Features that are called `gallery.safetensors` have a manifest of the same name, but no folder of segments.
    ///
    /// # Errors
    /// [`GalleryError::NotAGallery`] or [`GalleryError::OfFeatures`].
    pub(crate) fn check_at(directory: &Path) -> Result<()> {
        let path = Self::path(directory);
        if !path.is_file() {
            return Err(GalleryError::NotAGallery { directory: directory.to_path_buf() });
        }
        let features = path.with_extension("safetensors");
        if features.is_file() && !directory.join(SEGMENTS).is_dir() {
            return Err(GalleryError::OfFeatures { directory: directory.to_path_buf(), features });
        }
        Ok(())
    }

    /// Reads the manifest of a gallery.
    ///
    /// # Errors
    /// As [`Manifest::check_at`]; [`GalleryError::Data`] naming the manifest if it is damaged or of a later version.
    pub(crate) fn read(directory: &Path) -> Result<Self> {
        Self::check_at(directory)?;
        let path = Self::path(directory);
        let text = fs::read_to_string(&path)?;
        if inside::stated(&text).is_none() {
            return Err(GalleryError::damaged(&path, "it states no checksum"));
        }
        let manifest: Self = inside::from_json(&path, &text)?;
        if manifest.format != FORMAT {
            let problem =
                format!("it has format {}, and this program reads {FORMAT}", manifest.format);
            return Err(DataError::Parse { path, problem }.into());
        }
        if let Err(problem) = Self::check_width(manifest.width) {
            return Err(GalleryError::damaged(&path, problem));
        }
        if manifest.index_is_outdated() {
            return Err(GalleryError::damaged(&path, "its index is of other segments"));
        }
        // Another spelling of the same content is a change, too.
        if text != manifest.to_json()? {
            return Err(GalleryError::damaged(&path, "it is not spelled as it was written"));
        }
        let names = manifest.segments.iter().map(|segment| &segment.id);
        let mut names = names.map(String::as_str).chain(manifest.files().map(|(name, _)| name));
        let wrong = names.find(|name| !is_name(name)).map(str::to_owned);
        drop(names);
        if let Some(name) = wrong {
            return Err(GalleryError::damaged(&path, format!("it names `{name}`")));
        }
        Ok(manifest)
    }

    pub(crate) fn to_json(&self) -> Result<String> {
        inside::to_json(self).map_err(|e| {
            let problem = format!("cannot serialise the manifest: {e}");
            GalleryError::Failure { problem, hint: Some("report this".into()) }
        })
    }

    /// Hash of the names of the first `count` segments, in their order; nothing if there are fewer.
    pub(crate) fn hash_of_segments(&self, count: usize) -> Option<String> {
        let segments = self.segments.get(..count)?.iter();
        let names: Vec<&str> = segments.map(|segment| segment.id.as_str()).collect();
        Some(hash(names.join("\n").as_bytes()))
    }

    /// Whether the index, if there is one, covers segments that are no longer the first ones.
    pub(crate) fn index_is_outdated(&self) -> bool {
        let index = self.index.as_ref();
        index.is_some_and(|index| self.hash_of_segments(index.segments).as_ref() != Some(&index.of))
    }

    /// Segment folders and files that the manifest names.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.segments.iter().any(|segment| segment.id == name)
            || self.files().any(|(file, _)| file == name)
    }

    /// Files beside the segments: the lists of removed rows and of their contents, and the index.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &FileSum)> {
        let lists = self.removed.iter().chain(&self.removed_contents);
        let lists = lists.map(|list| (list.file.as_str(), &list.sum));
        lists.chain(self.index.iter().map(|index| (index.file.as_str(), &index.sum)))
    }
}

//! Segments: folders of immutable files with the features, rows and thumbnails of some of a gallery's rows.

mod rows;
mod text;
mod write;

pub(crate) use rows::Rows;
pub(crate) use write::SegmentWriter;

use crate::encode::{EXACT, SCALES, Storage, decode, integers};
use crate::error::{GalleryError, Result};
use crate::layout::{SEGMENTS, is_name};
use crate::manifest::{Manifest, SegmentEntry};
use crate::mapped::Mapped;
use crate::record::Content;
use crate::sums::{FileSum, hash};
use aio_data::fs;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Describes the other files of a segment. Its hash is the segment's name.
pub(crate) const INFO: &str = "segment.json";
/// Row numbers, counted from the segment's base: little-endian u64, increasing.
const NUMBERS: &str = "numbers.u64";
/// What is known of the rows.
const ROWS: &str = "rows.parquet";
/// Thumbnails (JPEG), one behind the other.
const THUMBNAILS: &str = "thumbnails.jpegs";
/// Where each thumbnail ends: little-endian u64.
const ENDS: &str = "thumbnails.u64";

/// Contents of `segment.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SegmentInfo {
    /// Makes the name of every segment its own, also where two hold the same.
    pub(crate) token: String,
    pub(crate) rows: usize,
    pub(crate) width: usize,
    pub(crate) storage: Storage,
    /// One more than the largest row number.
    pub(crate) span: u64,
    /// The user's columns.
    pub(crate) columns: Vec<String>,
    pub(crate) files: BTreeMap<String, FileSum>,
}

impl SegmentInfo {
    /// Where a segment of a gallery lies.
    pub(crate) fn folder(directory: &Path, id: &str) -> PathBuf {
        directory.join(SEGMENTS).join(id)
    }

    /// Reads the description of the segment `id`.
    ///
    /// # Errors
    /// [`GalleryError::Data`] naming the file, if it is gone or does not have the hash that is its name.
    pub(crate) fn read(folder: &Path, id: &str) -> Result<Self> {
        let path = folder.join(INFO);
        let bytes = fs::read(&path)?;
        if hash(&bytes) != id {
            return Err(GalleryError::damaged(&path, format!("its hash is not {id}")));
        }
        let info: Self = serde_json::from_slice(&bytes)
            .map_err(|e| GalleryError::damaged(&path, e.to_string()))?;
        match info.files.keys().find(|name| !is_name(name)) {
            Some(name) => Err(GalleryError::damaged(&path, format!("it names `{name}`"))),
            None => Ok(info),
        }
    }
}

/// Features as a search reads them.
pub(crate) enum Searched<'a> {
    /// Whole numbers of 8 bits, to be multiplied by the scales of their rows.
    Rounded(&'a [u8]),
    Full(&'a [f32]),
}

/// An opened segment. Its files stay readable after they are removed from their folder.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) base: u64,
    pub(crate) info: SegmentInfo,
    folder: PathBuf,
    numbers: Mapped,
    features: Mapped,
    scales: Option<Mapped>,
    exact: Option<Mapped>,
    thumbnails: Mapped,
    ends: Mapped,
    /// As the others, so that no segment keeps a file open: a process may have some hundred open files, and a gallery more segments.
    table: Mapped,
    rows: Mutex<Option<Arc<Rows>>>,
}

impl Segment {
    /// Opens a segment of a gallery.
    ///
    /// # Errors
    /// [`GalleryError::Data`] naming the file that is gone, has another length, or does not fit the manifest.
    pub(crate) fn open(
        directory: &Path,
        manifest: &Manifest,
        entry: &SegmentEntry,
    ) -> Result<Self> {
        let folder = SegmentInfo::folder(directory, &entry.id);
        let info = SegmentInfo::read(&folder, &entry.id)?;
        let (width, storage) = (manifest.width, manifest.storage);
        if info.rows != entry.rows || info.width != width || info.storage != storage {
            let path = folder.join(INFO);
            let problem = format!(
                "it describes {} rows of {} values ({}); the gallery expects {} of {width} ({})",
                info.rows,
                info.width,
                info.storage.name(),
                entry.rows,
                storage.name()
            );
            return Err(GalleryError::damaged(&path, problem));
        }
        let map = |name: &str, bytes_per_row: Option<usize>| {
            let path = folder.join(name);
            let sum = info.files.get(name);
            let sum = sum.ok_or_else(|| GalleryError::damaged(&path, "it is not described"))?;
            let of_rows = |bytes: usize| (info.rows as u64).checked_mul(bytes as u64);
            if bytes_per_row.is_some_and(|bytes| of_rows(bytes) != Some(sum.bytes)) {
                let problem = format!("{} bytes do not hold {} rows", sum.bytes, info.rows);
                return Err(GalleryError::damaged(&path, problem));
            }
            Mapped::open(&path, sum.bytes)
        };
        let mut features = Vec::new();
        for (name, bytes) in storage.files(width) {
            features.push((name, map(name, Some(bytes))?));
        }
        let mut take = |name: &str| {
            let at = features.iter().position(|(found, _)| *found == name)?;
            Some(features.remove(at).1)
        };
        let (scales, exact) = (take(SCALES), take(EXACT));
        let path = folder.join(INFO);
        let features = features.pop().ok_or_else(|| GalleryError::damaged(&path, "no features"))?.1;
        Ok(Self {
            base: entry.base,
            numbers: map(NUMBERS, Some(8))?,
            features,
            scales,
            exact,
            thumbnails: map(THUMBNAILS, None)?,
            ends: map(ENDS, Some(8))?,
            table: map(ROWS, None)?,
            rows: Mutex::new(None),
            folder,
            info,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.info.rows
    }

    /// The row number at a position.
    pub(crate) fn number(&self, position: usize) -> u64 {
        self.base + integers(&self.numbers.bytes()[8 * position..]).next().unwrap_or_default()
    }

    /// Where the row with this number lies, if the segment holds it.
    pub(crate) fn position(&self, number: u64) -> Option<usize> {
        let local = number.checked_sub(self.base)?;
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match (self.number(middle) - self.base).cmp(&local) {
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// Values of a row.
    pub(crate) fn width(&self) -> usize {
        self.info.width
    }

    /// The features that a search reads, of the rows at some positions. `buffer` takes those that have to be decoded.
    pub(crate) fn searched<'a>(
        &'a self,
        positions: Range<usize>,
        buffer: &'a mut Vec<f32>,
    ) -> Searched<'a> {
        let (storage, width) = (self.info.storage, self.info.width);
        let bytes_per_row = storage.row_bytes(width);
        let places = positions.start * bytes_per_row..positions.end * bytes_per_row;
        let bytes = &self.features.bytes()[places];
        if storage == Storage::Int8 {
            return Searched::Rounded(bytes);
        }
        buffer.resize(positions.len() * width, 0.0);
        decode(storage, bytes, buffer);
        Searched::Full(buffer)
    }

    /// Of rows at some positions the scales, and the lengths of what their searched features lack.
    pub(crate) fn scales(&self, positions: Range<usize>) -> impl Iterator<Item = (f32, f32)> {
        let scales = self.scales.as_ref().map(|scales| scales.bytes().as_chunks::<4>().0);
        let value = |place: [u8; 4]| f32::from_le_bytes(place);
        positions.map(move |position| {
            scales.map_or((1.0, 0.0), |scales| {
                (value(scales[2 * position]), value(scales[2 * position + 1]))
            })
        })
    }

    /// Fills `values` with the features of a row as a search reads them.
    pub(crate) fn read(&self, position: usize, values: &mut [f32]) {
        let (storage, width) = (self.info.storage, self.info.width);
        let bytes = &self.features.bytes()[storage.row_bytes(width) * position..]
            [..storage.row_bytes(width)];
        if storage == Storage::Int8 {
            let scale = self.scales(position..position + 1).next().map_or(1.0, |(scale, _)| scale);
            let numbers = bytes.iter().map(|value| f32::from(value.cast_signed()));
            values.iter_mut().zip(numbers).for_each(|(value, number)| *value = scale * number);
        } else {
            decode(storage, bytes, values);
        }
    }

    /// The features of a row: the full ones where both are stored.
    pub(crate) fn features(&self, position: usize) -> Vec<f32> {
        let (width, storage) = (self.info.width, self.info.storage);
        let (file, storage) = match &self.exact {
            Some(exact) => (exact, Storage::F32),
            None => (&self.features, storage),
        };
        let mut values = vec![0.0; width];
        decode(storage, &file.bytes()[storage.row_bytes(width) * position..], &mut values);
        values
    }

    /// The stored bytes of a row, in the order of [`Storage::files`].
    pub(crate) fn stored(&self, position: usize) -> Vec<&[u8]> {
        let files = [Some(&self.features), self.scales.as_ref(), self.exact.as_ref()];
        let lengths = self.info.storage.files(self.info.width);
        let parts = files.into_iter().flatten().zip(lengths);
        parts.map(|(file, (_, n))| &file.bytes()[n * position..n * (position + 1)]).collect()
    }

    /// The thumbnail of a row (JPEG); empty if it has none.
    pub(crate) fn thumbnail(&self, position: usize) -> &[u8] {
        let end = |position: usize| integers(&self.ends.bytes()[8 * position..]).next();
        let from = position.checked_sub(1).and_then(end).unwrap_or_default() as usize;
        let to = end(position).unwrap_or_default() as usize;
        // A damaged index gives no thumbnail.
        self.thumbnails.bytes().get(from..to).unwrap_or_default()
    }

    /// What is known of the rows, which is read when it is first needed and kept.
    pub(crate) fn rows(&self) -> Result<Arc<Rows>> {
        let mut kept = self.kept();
        if let Some(rows) = &*kept {
            return Ok(Arc::clone(rows));
        }
        Ok(Arc::clone(kept.insert(Arc::new(self.read_rows()?))))
    }

    /// As [`Segment::rows`], for whoever needs the table once: it is not kept.
    pub(crate) fn table(&self) -> Result<Arc<Rows>> {
        let kept = self.kept();
        if let Some(rows) = &*kept {
            return Ok(Arc::clone(rows));
        }
        self.read_rows().map(Arc::new)
    }

    fn read_rows(&self) -> Result<Rows> {
        let read = Rows::read(self.table.bytes(), &self.folder.join(ROWS), self.len());
        self.table.release();
        read
    }

    /// The contents of the rows; nothing of them is kept.
    pub(crate) fn contents(&self) -> Result<Vec<Option<Content>>> {
        let _kept = self.kept();
        let read = Rows::contents(self.table.bytes(), &self.folder.join(ROWS), self.len());
        self.table.release();
        read
    }

    /// The table, if it was read. Whoever reads the file holds this lock: its pages are given back behind it.
    fn kept(&self) -> MutexGuard<'_, Option<Arc<Rows>>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses a segment with a byte that is not as it was written.
    ///
    /// # Errors
    /// [`GalleryError::Data`] naming the file.
    pub(crate) fn check_sums(&self) -> Result<()> {
        self.info.files.iter().try_for_each(|(name, sum)| sum.check(&self.folder.join(name)))
    }

    /// The error of a row whose content is not named.
    pub(crate) fn no_content(&self, position: usize) -> GalleryError {
        let problem = format!("the row at {position} names no content");
        GalleryError::damaged(&self.folder.join(ROWS), problem)
    }

    /// What is wrong inside files whose checksums are right.
    pub(crate) fn inconsistency(&self) -> Option<String> {
        let numbers: Vec<u64> = integers(self.numbers.bytes()).collect();
        let ends: Vec<u64> = integers(self.ends.bytes()).collect();
        if !numbers.is_sorted_by(|a, b| a < b)
            || numbers.last().map_or(0, |n| n + 1) != self.info.span
        {
            return Some(format!("{NUMBERS}: row numbers do not increase"));
        }
        if !ends.is_sorted()
            || ends.last().copied().unwrap_or(0) != self.thumbnails.bytes().len() as u64
        {
            return Some(format!("{ENDS}: thumbnails do not follow each other"));
        }
        self.table().err().map(|e| e.to_string())
    }
}

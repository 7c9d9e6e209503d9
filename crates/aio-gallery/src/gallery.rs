//! A snapshot of a gallery.

use crate::calibration::Calibration;
use crate::encode::{Storage, integers};
use crate::error::{GalleryError, Result};
use crate::groups::LastGroups;
use crate::index::Index;
use crate::manifest::{Manifest, RemovedEntry};
use crate::model::Model;
use crate::record::{COLUMNS, Content, Record};
use crate::segment::{Rows, Segment};
use aio_data::{DataError, fs};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Attempts to open or verify a gallery that writers change meanwhile.
pub(crate) const ATTEMPTS: usize = 20;

/// A gallery as it was when it was opened. Later additions, removals and compactions do not change it.
#[derive(Debug)]
pub struct Gallery {
    directory: PathBuf,
    pub(crate) manifest: Manifest,
    pub(crate) segments: Arc<Vec<Segment>>,
    /// Numbers of removed rows, increasing.
    pub(crate) removed: Vec<u64>,
    pub(crate) groups: LastGroups,
    /// None also where its file is damaged or gone: exact searches do without it.
    pub(crate) index: Option<Arc<Index>>,
}

/// A row of a gallery.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its number, which is its own as long as the gallery exists.
    pub number: u64,
    /// What is known of it.
    pub record: Record,
    /// Its features, of length 1.
    pub features: Vec<f32>,
    /// Its thumbnail (JPEG); empty if it has none.
    pub thumbnail: Vec<u8>,
}

impl Gallery {
    /// Whether a directory is a gallery, be it damaged or not.
    #[must_use]
    pub fn is_at(directory: &Path) -> bool {
        Manifest::check_at(directory).is_ok()
    }

    /// Opens a gallery. Its files are mapped, not read.
    ///
    /// # Errors
    /// [`GalleryError::NotAGallery`] or [`GalleryError::OfFeatures`]; [`GalleryError::Data`] naming the file that is damaged or gone.
    pub fn open(directory: &Path) -> Result<Self> {
        let mut manifest = Manifest::read(directory)?;
        for _ in 0..ATTEMPTS {
            let error = match Self::of(directory, manifest.clone()) {
                // The index may have been replaced between the two steps.
                Ok(gallery) if gallery.index.is_some() == gallery.manifest.index.is_some() => {
                    return Ok(gallery);
                }
                Ok(gallery) => {
                    let now = Manifest::read(directory)?;
                    if now.generation == gallery.manifest.generation {
                        return Ok(gallery);
                    }
                    manifest = now;
                    continue;
                }
                Err(error) => error,
            };
            // A compaction may have removed a segment between the two steps; then the manifest is another one.
            let now = Manifest::read(directory)?;
            if !is_gone(&error) || now.generation == manifest.generation {
                return Err(error);
            }
            manifest = now;
        }
        let problem = format!("{} changes faster than it can be opened", directory.display());
        Err(GalleryError::request(problem, "try again"))
    }

    pub(crate) fn of(directory: &Path, manifest: Manifest) -> Result<Self> {
        let mut segments = Vec::with_capacity(manifest.segments.len());
        for entry in &manifest.segments {
            segments.push(Segment::open(directory, &manifest, entry)?);
        }
        let removed = match &manifest.removed {
            Some(entry) => read_removed(directory, entry)?,
            None => Vec::new(),
        };
        let (directory, groups) = (directory.to_path_buf(), LastGroups::default());
        let segments = Arc::new(segments);
        let index = manifest.index.as_ref();
        let index = index.and_then(|entry| Index::open(&directory, entry, &segments).ok());
        let index = index.map(Arc::new);
        Ok(Self { directory, manifest, segments, removed, groups, index })
    }

    /// Where it lies.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What made its features.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.manifest.model
    }

    /// Values per row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.manifest.width
    }

    /// How its features are stored.
    #[must_use]
    pub fn storage(&self) -> Storage {
        self.manifest.storage
    }

    /// How often the gallery was changed.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.manifest.generation
    }

    /// Names of all columns, the user's own last.
    #[must_use]
    pub fn columns(&self) -> Vec<&str> {
        let fixed = COLUMNS.into_iter().filter(|column| Record::is_column(column));
        fixed.chain(self.manifest.columns.iter().map(String::as_str)).collect()
    }

    /// Rows that are not removed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.segments.iter().map(Segment::len).sum::<usize>() - self.removed.len()
    }

    /// Whether no row is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removed rows that are still stored.
    #[must_use]
    pub fn removed(&self) -> usize {
        self.removed.len()
    }

    /// Number of segments.
    #[must_use]
    pub fn segments(&self) -> usize {
        self.segments.len()
    }

    /// Bytes of all segments.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let files = self.segments.iter().flat_map(|segment| segment.info.files.values());
        files.map(|sum| sum.bytes).sum()
    }

    /// Rows that the index covers with those that were removed since, and bytes of its file; nothing without an index.
    #[must_use]
    pub fn indexed(&self) -> Option<(usize, u64)> {
        let entry = self.manifest.index.as_ref()?;
        let covered = self.segments.iter().take(entry.segments);
        Some((covered.map(Segment::len).sum(), entry.sum.bytes))
    }

    /// Calibrations by the modalities of the query, or `any`.
    #[must_use]
    pub fn calibrations(&self) -> &BTreeMap<String, Calibration> {
        &self.manifest.calibrations
    }

    /// The calibration for queries of these modalities (`sketch`, `infrared+text`), or the one for any.
    #[must_use]
    pub fn calibration(&self, modalities: &str) -> Option<&Calibration> {
        Calibration::of(&self.manifest.calibrations, modalities)
    }

    /// Where a row lies: segment and position; nowhere if it is removed or never was.
    pub(crate) fn place(&self, number: u64) -> Option<(usize, usize)> {
        if self.is_removed(number) {
            return None;
        }
        let after = self.segments.partition_point(|segment| segment.base <= number);
        let segment = after.checked_sub(1)?;
        Some((segment, self.segments[segment].position(number)?))
    }

    pub(crate) fn is_removed(&self, number: u64) -> bool {
        self.removed.binary_search(&number).is_ok()
    }

    /// The row with a number.
    ///
    /// # Errors
    /// [`GalleryError::NoRow`] if it is removed or never was, [`GalleryError::Data`] if its table is damaged.
    pub fn row(&self, number: u64) -> Result<Row> {
        let (segment, position) = self.located(number)?;
        Ok(row_at(segment, &*segment.rows()?, position))
    }

    /// The features of a row, `[width]`, without its record and thumbnail.
    ///
    /// # Errors
    /// [`GalleryError::NoRow`] if there is no such row.
    pub(crate) fn row_features(&self, number: u64) -> Result<Vec<f32>> {
        let (segment, position) = self.located(number)?;
        Ok(segment.features(position))
    }

    /// The segment of a row and its position there.
    fn located(&self, number: u64) -> Result<(&Segment, usize)> {
        let (segment, position) = self.place(number).ok_or_else(|| {
            let place = self.directory.display().to_string();
            GalleryError::NoRow { place, row: number }
        })?;
        Ok((&self.segments[segment], position))
    }

    /// What is known of every row that is not removed, in the order of their numbers, without features. The table of one segment is in
    /// memory at a time.
    ///
    /// The errors are those of [`Gallery::row`]; one for each segment whose table is damaged.
    pub fn records(&self) -> impl Iterator<Item = Result<(u64, Record)>> + '_ {
        self.walk(|segment, rows, position| (segment.number(position), rows.record(position)))
    }

    /// What the rows of the contents that are wanted were embedded from, and what is known of them. As [`Gallery::records`].
    pub fn records_of(
        &self,
        is_wanted: impl Fn(&Content) -> bool + Copy,
    ) -> impl Iterator<Item = Result<(Content, Record)>> {
        let found = self.walk(move |_, rows, position| {
            let content = rows.content(position).filter(is_wanted)?;
            Some((content, rows.record(position)))
        });
        found.filter_map(Result::transpose)
    }

    /// Calls `row` for every row that is not removed.
    fn walk<T>(
        &self,
        row: impl Fn(&Segment, &Rows, usize) -> T + Copy,
    ) -> impl Iterator<Item = Result<T>> {
        self.segments.iter().flat_map(move |segment| {
            let (rows, error) = match segment.table() {
                Ok(rows) => (Some(rows), None),
                Err(error) => (None, Some(Err(error))),
            };
            let live = (0..segment.len()).filter(|p| !self.is_removed(segment.number(*p)));
            let live = live.map_while(move |p| Some(Ok(row(segment, rows.as_ref()?, p))));
            error.into_iter().chain(live)
        })
    }

    /// The thumbnail of a row (JPEG); empty if it has none or is not there.
    #[must_use]
    pub fn thumbnail(&self, number: u64) -> &[u8] {
        self.place(number)
            .map_or(&[], |(segment, position)| self.segments[segment].thumbnail(position))
    }

    /// All rows that are not removed, in the order of their numbers. The table of one segment is in memory at a time.
    pub fn rows(&self) -> impl Iterator<Item = Result<Row>> + '_ {
        self.walk(row_at)
    }
}

fn row_at(segment: &Segment, rows: &Rows, position: usize) -> Row {
    Row {
        number: segment.number(position),
        record: rows.record(position),
        features: segment.features(position),
        thumbnail: segment.thumbnail(position).to_vec(),
    }
}

/// Whether a file was not there.
pub(crate) fn is_gone(error: &GalleryError) -> bool {
    matches!(error, GalleryError::Data(DataError::Io { source, .. }) if source.kind() == ErrorKind::NotFound)
}

fn read_removed(directory: &Path, entry: &RemovedEntry) -> Result<Vec<u64>> {
    let bytes = read_list(directory, entry, 8)?;
    let numbers: Vec<u64> = integers(&bytes).collect();
    if !numbers.is_sorted_by(|a, b| a < b) {
        let path = directory.join(&entry.file);
        return Err(GalleryError::damaged(&path, "its row numbers do not increase"));
    }
    Ok(numbers)
}

/// Reads a list of removed rows or of their contents. One wrong bit could bring a removed row back, so that every byte is compared.
pub(crate) fn read_list(
    directory: &Path,
    entry: &RemovedEntry,
    bytes_per_row: usize,
) -> Result<Vec<u8>> {
    let path = directory.join(&entry.file);
    let bytes = fs::read(&path)?;
    let of_rows = bytes_per_row.checked_mul(entry.rows);
    if bytes.len() as u64 != entry.sum.bytes || Some(bytes.len()) != of_rows {
        let problem = format!("it has {} bytes, expected {}", bytes.len(), entry.sum.bytes);
        return Err(GalleryError::damaged(&path, problem));
    }
    if !entry.sum.is_of(&bytes) {
        return Err(GalleryError::damaged(&path, "its bytes are not as written"));
    }
    Ok(bytes)
}

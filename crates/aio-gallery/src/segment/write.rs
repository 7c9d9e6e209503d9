//! Writing a segment: all its files in a temporary folder, which is then renamed.

use super::text::Text;
use super::{ENDS, INFO, NUMBERS, ROWS, Rows, SegmentInfo, THUMBNAILS};
use crate::encode::{Storage, integers};
use crate::error::{GalleryError, Result, io};
use crate::layout::SEGMENTS;
use crate::manifest::SegmentEntry;
use crate::mapped::Mapped;
use crate::record::{Content, Record};
use crate::step::Step;
use crate::sums::{FileSum, SummedFile, hash};
use aio_data::fs;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A segment that is being written.
#[derive(Debug)]
pub(crate) struct SegmentWriter {
    directory: PathBuf,
    temporary: PathBuf,
    width: usize,
    storage: Storage,
    base: u64,
    /// Number of the next row that may be added, from the base.
    span: u64,
    features: Vec<(&'static str, SummedFile)>,
    numbers: SummedFile,
    thumbnails: SummedFile,
    ends: SummedFile,
    end: u64,
    rows: Vec<(Record, Content)>,
    text: Text,
}

impl SegmentWriter {
    /// Starts a segment whose row numbers are counted from `base`.
    pub(crate) fn create(
        directory: &Path,
        width: usize,
        storage: Storage,
        base: u64,
    ) -> Result<Self> {
        let temporary = fs::temporary_beside(&directory.join(SEGMENTS).join("segment"));
        fs::create_dir_all(&temporary)?;
        let create = |name: &str| SummedFile::create(temporary.join(name));
        let mut features = Vec::new();
        for (name, _) in storage.files(width) {
            features.push((name, create(name)?));
        }
        Ok(Self {
            directory: directory.to_path_buf(),
            width,
            storage,
            base,
            span: 0,
            features,
            numbers: create(NUMBERS)?,
            thumbnails: create(THUMBNAILS)?,
            ends: create(ENDS)?,
            end: 0,
            rows: Vec::new(),
            text: Text::default(),
            temporary,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Of its rows.
    pub(crate) fn contents(&self) -> impl Iterator<Item = Content> + '_ {
        self.rows.iter().map(|(_, content)| *content)
    }

    /// Whether its table can be read with one more row. The next row begins another segment otherwise.
    pub(crate) fn fits(&self, row: &(Record, Content)) -> bool {
        self.text.fits(row)
    }

    /// Appends a row: its number, its features as they are stored, what is known of it, and its thumbnail. After an error the files may
    /// differ in length: [`SegmentWriter::cut`].
    pub(crate) fn push(
        &mut self,
        number: u64,
        features: &[impl AsRef<[u8]>],
        row: (Record, Content),
        thumbnail: &[u8],
    ) -> Result<()> {
        for ((_, file), bytes) in self.features.iter_mut().zip(features) {
            file.write(bytes.as_ref())?;
        }
        let local = number - self.base;
        self.numbers.write(&local.to_le_bytes())?;
        self.thumbnails.write(thumbnail)?;
        self.end += thumbnail.len() as u64;
        self.ends.write(&self.end.to_le_bytes())?;
        self.span = local + 1;
        self.text.add(&row);
        self.rows.push(row);
        Ok(())
    }

    /// After a write that failed: cuts all files to the rows that every one of them holds, and returns the contents of the other rows.
    ///
    /// # Errors
    /// [`GalleryError::Data`] naming the file that cannot be cut. The segment is of no use then.
    pub(crate) fn cut(&mut self) -> Result<Vec<Content>> {
        let lengths = self.storage.files(self.width);
        let mut rows = self.rows.len() as u64;
        for ((_, file), (_, bytes)) in self.features.iter_mut().zip(&lengths) {
            rows = rows.min(file.held()? / *bytes as u64);
        }
        rows = rows.min(self.numbers.held()? / 8).min(self.ends.held()? / 8);
        let thumbnails = self.thumbnails.held()?;
        let ends = fs::read(self.ends.path())?;
        let ends: Vec<u64> = integers(&ends).take(rows as usize).collect();
        let rows = ends.partition_point(|end| *end <= thumbnails);
        let numbers = fs::read(self.numbers.path())?;
        self.span = integers(&numbers).take(rows).last().map_or(0, |number| number + 1);
        self.end = rows.checked_sub(1).map_or(0, |last| ends[last]);
        for ((_, file), (_, bytes)) in self.features.iter_mut().zip(&lengths) {
            file.cut((bytes * rows) as u64)?;
        }
        self.numbers.cut(8 * rows as u64)?;
        self.ends.cut(8 * rows as u64)?;
        self.thumbnails.cut(self.end)?;
        let lost = self.rows.split_off(rows);
        self.text = Text::of(&self.rows);
        Ok(lost.into_iter().map(|(_, content)| content).collect())
    }

    /// Lengths that the files must have, so that all hold the same rows.
    fn lengths(&self) -> BTreeMap<&'static str, u64> {
        let rows = self.rows.len() as u64;
        let features = self.storage.files(self.width).into_iter();
        let features = features.map(|(name, bytes)| (name, bytes as u64 * rows));
        features.chain([(NUMBERS, 8 * rows), (ENDS, 8 * rows), (THUMBNAILS, self.end)]).collect()
    }

    /// Writes the remaining files, waits until the disk has all of them, and gives the segment its name.
    pub(crate) fn finish(self, reached: &dyn Fn(Step) -> Result<()>) -> Result<SegmentEntry> {
        let own: Vec<String> =
            Record::own_columns(self.rows.iter().map(|(record, _)| record)).into_iter().collect();
        let lengths = self.lengths();
        let mut files = BTreeMap::new();
        for (name, file) in self.features {
            files.insert(name.to_owned(), file.finish()?);
        }
        for (name, file) in
            [(NUMBERS, self.numbers), (THUMBNAILS, self.thumbnails), (ENDS, self.ends)]
        {
            files.insert(name.to_owned(), file.finish()?);
        }
        for (name, expected) in lengths {
            let path = self.temporary.join(name);
            let found = std::fs::metadata(&path).map_err(io("read", &path))?.len();
            if found != expected || files.get(name).is_none_or(|sum| sum.bytes != expected) {
                let rows = self.rows.len();
                let problem = format!("{rows} rows need {expected} bytes, and it has {found}");
                return Err(GalleryError::damaged(&path, problem));
            }
        }
        reached(Step::Features)?;
        let path = self.temporary.join(ROWS);
        Rows::write(&path, &own, &self.rows)?;
        let sum = FileSum::of_file(&path)?;
        // A compaction removes the tables that it replaces.
        Rows::read(Mapped::open(&path, sum.bytes)?.bytes(), &path, self.rows.len()).map_err(
            |e| GalleryError::Failure {
                problem: format!("a table of rows that was just written cannot be read: {e}"),
                hint: Some(
                    "nothing was changed; give the rows fewer columns or shorter names of columns"
                        .into(),
                ),
            },
        )?;
        files.insert(ROWS.to_owned(), sum);
        reached(Step::Rows)?;
        let info = SegmentInfo {
            token: hash(self.temporary.as_os_str().as_encoded_bytes()),
            rows: self.rows.len(),
            width: self.width,
            storage: self.storage,
            span: self.span,
            columns: own,
            files,
        };
        let path = self.temporary.join(INFO);
        let text = serde_json::to_string_pretty(&info)
            .map_err(|e| GalleryError::damaged(&path, e.to_string()))?;
        std::fs::write(&path, &text).map_err(io("write", &path))?;
        let id = hash(text.as_bytes());
        reached(Step::Described)?;
        fs::replace_directory(&self.temporary, &SegmentInfo::folder(&self.directory, &id))?;
        reached(Step::Named)?;
        Ok(SegmentEntry { id, base: self.base, rows: info.rows })
    }
}

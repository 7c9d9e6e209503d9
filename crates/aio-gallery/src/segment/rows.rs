//! The table of a segment: what is known of its rows.

use crate::error::{GalleryError, Result, io};
use crate::record::{COLUMNS, Content, Record};
use aio_parquet::{Column, ColumnType, ParquetError, ParquetFile, ParquetFileWriter, Texts};
use std::fs::File;
use std::path::Path;

/// Rows of a block of the Parquet file.
const BLOCK: usize = 8192;

/// Position of the column of times among [`COLUMNS`].
const TIME: usize = 3;
/// Position of the column of contents.
const CONTENT: usize = 7;

/// What is known of the rows of a segment.
pub(crate) struct Rows {
    texts: Texts,
    /// Of the columns, in order.
    names: Vec<String>,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Rows {
    /// From the bytes of a table; `path` names it in errors.
    pub(super) fn read(bytes: &[u8], path: &Path, rows: usize) -> Result<Self> {
        let wrong = |e: ParquetError| GalleryError::damaged(path, e.to_string());
        let table = ParquetFile::of_bytes(bytes).and_then(|file| file.read(None)).map_err(wrong)?;
        let names: Vec<String> = table.names().into_iter().map(str::to_owned).collect();
        if table.height() != rows
            || names.len() < COLUMNS.len()
            || names[..COLUMNS.len()] != COLUMNS
        {
            let problem =
                format!("it has {} rows of the columns {names:?}, expected {rows}", table.height());
            return Err(GalleryError::damaged(path, problem));
        }
        Ok(Self { texts: table.texts().map_err(wrong)?, names })
    }

    /// The contents of the rows of a table, of which nothing else is read.
    pub(super) fn contents(bytes: &[u8], path: &Path, rows: usize) -> Result<Vec<Option<Content>>> {
        let wrong = |e: ParquetError| GalleryError::damaged(path, e.to_string());
        let file = ParquetFile::of_bytes(bytes);
        let table = file.and_then(|file| file.read(Some(&[COLUMNS[CONTENT]]))).map_err(wrong)?;
        if table.height() != rows {
            let problem = format!("it has {} rows, expected {rows}", table.height());
            return Err(GalleryError::damaged(path, problem));
        }
        let texts = table.texts().map_err(wrong)?;
        Ok((0..rows).map(|row| Content::parse(texts.get(0, row)?)).collect())
    }

    /// Where a column is, if the segment has it.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|found| found == name)
    }

    /// The text in a column of a row, if there is one. Times are microseconds.
    pub(crate) fn text(&self, column: usize, position: usize) -> Option<&str> {
        // An empty text is no value, so that rows with one are not all of one group or person.
        self.texts.get(column, position).filter(|text| !text.is_empty())
    }

    /// The time of a row.
    pub(crate) fn time(&self, position: usize) -> Option<i64> {
        self.text(TIME, position)?.parse().ok()
    }

    pub(crate) fn content(&self, position: usize) -> Option<Content> {
        Content::parse(self.text(CONTENT, position)?)
    }

    pub(crate) fn record(&self, position: usize) -> Record {
        let text = |column: usize| self.text(column, position).map(str::to_owned);
        let own = self.names.iter().enumerate().skip(COLUMNS.len());
        let extra = own.filter_map(|(column, name)| Some((name.clone(), text(column)?)));
        Record {
            path: text(0),
            identity: text(1),
            camera: text(2),
            time: self.time(position),
            crop: text(4).and_then(|text| text.parse().ok()),
            modality: text(5).unwrap_or_default(),
            caption: text(6),
            extra: extra.collect(),
        }
    }

    /// Writes the table of a new segment; `own` are the user's columns.
    pub(super) fn write(path: &Path, own: &[String], rows: &[(Record, Content)]) -> Result<()> {
        let kind = |name: &str| if name == "time" { ColumnType::I64 } else { ColumnType::Text };
        let names = COLUMNS.iter().copied().chain(own.iter().map(String::as_str));
        let columns: Vec<(&str, ColumnType)> = names.map(|name| (name, kind(name))).collect();
        let failed = |e: ParquetError| io("write", path)(e.into());
        let file = File::create_new(path).map_err(io("write", path))?;
        let mut writer = ParquetFileWriter::create(file, &columns, Vec::new()).map_err(failed)?;
        for block in rows.chunks(BLOCK) {
            let texts = |of: &dyn Fn(&Record) -> Option<String>| {
                Column::OptionalText(block.iter().map(|(record, _)| of(record)).collect())
            };
            let mut values = vec![
                texts(&|record| record.path.clone()),
                texts(&|record| record.identity.clone()),
                texts(&|record| record.camera.clone()),
                Column::OptionalI64(block.iter().map(|(record, _)| record.time).collect()),
                texts(&|record| record.crop.map(|crop| crop.to_string())),
                texts(&|record| Some(record.modality.clone())),
                texts(&|record| record.caption.clone()),
                Column::Text(block.iter().map(|(_, content)| content.to_string()).collect()),
            ];
            values.extend(own.iter().map(|name| texts(&|record| record.extra.get(name).cloned())));
            writer.write(block.len(), &values).map_err(failed)?;
        }
        writer.finish().map_err(failed)
    }
}

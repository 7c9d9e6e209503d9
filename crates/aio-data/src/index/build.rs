use super::{CHECKSUM, SOURCE, fingerprint};
use crate::checksum::{Checksum, inside};
use crate::list::Annotations;
use crate::parquet::damaged;
use crate::{Result, fs};
use aio_parquet::{Column, ColumnType, ParquetFileWriter};
use serde::de::DeserializeOwned;
use std::fs::File;
use std::path::Path;

/// Rows that are encoded at once: few enough to be small in memory, many enough for quick reading.
const ROW_GROUP: usize = 1 << 18;

/// Columns of an index.
const COLUMNS: [(&str, ColumnType); 5] = [
    ("identity", ColumnType::I64),
    ("path", ColumnType::Text),
    ("captions", ColumnType::U32),
    ("offset", ColumnType::U64),
    ("length", ColumnType::U32),
];

/// One row of an index before it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Who is shown.
    pub identity: i64,
    /// The photograph, relative to the data set's folder.
    pub path: String,
    /// Captions that the annotation holds.
    pub captions: u32,
}

/// Builds the index of `annotations`, a JSON array of which `row` makes rows, and writes it to `path`. `tick` is
/// called with the bytes read so far.
///
/// # Errors
/// [`crate::DataError`] naming the row that is wrong, or the file that cannot be written; nothing half-written stays.
pub fn build<T: DeserializeOwned>(
    annotations: &Path,
    path: &Path,
    mut row: impl FnMut(usize, T) -> Result<Row>,
    tick: &dyn Fn(u64),
) -> Result<usize> {
    let metadata = vec![
        (SOURCE.to_owned(), fingerprint(annotations)?),
        (CHECKSUM.to_owned(), Checksum::UNKNOWN.to_string()),
    ];
    let mut reader = Annotations::open(annotations)?;
    let mut count = 0;
    let mut outcome = Ok(());
    let written = fs::replace_output(path, |temporary| {
        let file = File::create(temporary)?;
        let mut writer = ParquetFileWriter::create(file, &COLUMNS, metadata)?;
        let mut block = Block::default();
        outcome = reader.each(|number, span, item: T| {
            block.push(row(number, item)?, span);
            count += 1;
            if block.identity.len() == ROW_GROUP {
                block.write(&mut writer).map_err(damaged(path))?;
                tick(span.0);
            }
            Ok(())
        });
        if outcome.is_err() {
            return Err(std::io::Error::other("the annotations are wrong"));
        }
        if !block.identity.is_empty() {
            block.write(&mut writer)?;
        }
        writer.finish()?;
        inside::seal_file(temporary).map(|_| ())
    });
    outcome?;
    written?;
    Ok(count)
}

/// Rows that wait to be written, column by column.
#[derive(Default)]
struct Block {
    identity: Vec<i64>,
    path: Vec<String>,
    captions: Vec<u32>,
    offset: Vec<u64>,
    length: Vec<u32>,
}

impl Block {
    fn push(&mut self, row: Row, (start, end): (u64, u64)) {
        self.identity.push(row.identity);
        self.path.push(row.path);
        self.captions.push(row.captions);
        self.offset.push(start);
        self.length.push((end - start) as u32);
    }

    /// Writes the rows as one block and forgets them.
    fn write(&mut self, writer: &mut ParquetFileWriter) -> aio_parquet::Result<()> {
        let Self { identity, path, captions, offset, length } = std::mem::take(self);
        let rows = identity.len();
        let columns = [
            Column::I64(identity),
            Column::Text(path),
            Column::U32(captions),
            Column::U64(offset),
            Column::U32(length),
        ];
        writer.write(rows, &columns)
    }
}

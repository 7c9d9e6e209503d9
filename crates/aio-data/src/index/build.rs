use super::{SOURCE, failed, fingerprint};
use crate::list::Annotations;
use crate::{Result, fs};
use polars::prelude::*;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::path::Path;

/// Rows that are encoded at once: few enough to be small in memory, many enough for quick reading.
const ROW_GROUP: usize = 1 << 18;

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
    let metadata =
        KeyValueMetadata::from_static(vec![(SOURCE.to_owned(), fingerprint(annotations)?)]);
    let schema = Schema::from_iter([
        Field::new("identity".into(), DataType::Int64),
        Field::new("path".into(), DataType::String),
        Field::new("captions".into(), DataType::UInt32),
        Field::new("offset".into(), DataType::UInt64),
        Field::new("length".into(), DataType::UInt32),
    ]);
    let mut reader = Annotations::open(annotations)?;
    let mut count = 0;
    let mut outcome = Ok(());
    let written = fs::replace(path, |temporary| {
        let other = |e: PolarsError| std::io::Error::other(e.to_string());
        let writer = ParquetWriter::new(File::create(temporary)?)
            .with_compression(ParquetCompression::Uncompressed);
        let mut writer =
            writer.with_key_value_metadata(Some(metadata)).batched(&schema).map_err(other)?;
        let mut block = Block::default();
        outcome = reader.each(|number, span, item: T| {
            block.push(row(number, item)?, span);
            count += 1;
            if block.identity.len() == ROW_GROUP {
                writer
                    .write_batch(&block.take().map_err(|e| failed(path, e))?)
                    .map_err(|e| failed(path, e))?;
                tick(span.0);
            }
            Ok(())
        });
        if outcome.is_err() {
            return Err(std::io::Error::other("the annotations are wrong"));
        }
        if !block.identity.is_empty() {
            writer.write_batch(&block.take().map_err(other)?).map_err(other)?;
        }
        writer.finish().map_err(other)?;
        Ok(())
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

    fn take(&mut self) -> PolarsResult<DataFrame> {
        let Self { identity, path, captions, offset, length } = std::mem::take(self);
        let columns = vec![
            Column::new("identity".into(), &identity),
            Column::new("path".into(), &path),
            Column::new("captions".into(), &captions),
            Column::new("offset".into(), &offset),
            Column::new("length".into(), &length),
        ];
        DataFrame::new(identity.len(), columns)
    }
}

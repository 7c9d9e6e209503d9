//! Writing files block by block.

use crate::{ParquetError, Result};
use polars::prelude::{
    BatchedWriter, DataFrame, DataType, Field, KeyValueMetadata, ParquetCompression, ParquetWriter,
    Schema,
};
use std::fs::File;

/// Type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// Signed 64-bit integers.
    I64,
    /// Unsigned 32-bit integers.
    U32,
    /// Unsigned 64-bit integers.
    U64,
    /// Text.
    Text,
}

/// Values of a column in a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// Signed 64-bit integers.
    I64(Vec<i64>),
    /// Unsigned 32-bit integers.
    U32(Vec<u32>),
    /// Unsigned 64-bit integers.
    U64(Vec<u64>),
    /// Text.
    Text(Vec<String>),
    /// Signed 64-bit integers, with gaps, for a column of [`ColumnType::I64`].
    OptionalI64(Vec<Option<i64>>),
    /// Text with gaps, for a column of [`ColumnType::Text`].
    OptionalText(Vec<Option<String>>),
}

/// Writes a file without compression, one block of rows at a time.
pub struct ParquetFileWriter {
    writer: BatchedWriter<File>,
    names: Vec<String>,
}

impl ParquetFileWriter {
    /// Starts a file with these columns and metadata.
    ///
    /// # Errors
    /// [`ParquetError`] if the file cannot be written.
    pub fn create(
        file: File,
        columns: &[(&str, ColumnType)],
        metadata: Vec<(String, String)>,
    ) -> Result<Self> {
        let schema = Schema::from_iter(columns.iter().map(|(name, kind)| {
            let kind = match kind {
                ColumnType::I64 => DataType::Int64,
                ColumnType::U32 => DataType::UInt32,
                ColumnType::U64 => DataType::UInt64,
                ColumnType::Text => DataType::String,
            };
            Field::new((*name).into(), kind)
        }));
        let writer = ParquetWriter::new(file)
            .with_compression(ParquetCompression::Uncompressed)
            .with_key_value_metadata(Some(KeyValueMetadata::from_static(metadata)))
            .batched(&schema)
            .map_err(ParquetError::new)?;
        let names = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        Ok(Self { writer, names })
    }

    /// Appends a block of `rows` rows: the values of every column, in the order of [`ParquetFileWriter::create`].
    ///
    /// # Errors
    /// [`ParquetError`] if the columns do not fit, or the file cannot be written.
    pub fn write(&mut self, rows: usize, columns: &[Column]) -> Result<()> {
        let columns = self.names.iter().zip(columns).map(|(name, column)| {
            let name = name.as_str().into();
            match column {
                Column::I64(values) => polars::prelude::Column::new(name, values),
                Column::U32(values) => polars::prelude::Column::new(name, values),
                Column::U64(values) => polars::prelude::Column::new(name, values),
                Column::Text(values) => polars::prelude::Column::new(name, values),
                Column::OptionalI64(values) => polars::prelude::Column::new(name, values),
                Column::OptionalText(values) => polars::prelude::Column::new(name, values),
            }
        });
        let frame = DataFrame::new(rows, columns.collect()).map_err(ParquetError::new)?;
        self.writer.write_batch(&frame).map_err(ParquetError::new)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`ParquetError`] if it cannot be written.
    pub fn finish(self) -> Result<()> {
        self.writer.finish().map(|_| ()).map_err(ParquetError::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ParquetFile;

    #[test]
    fn what_is_written_is_read_back() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("x.parquet");
        let columns = [("id", ColumnType::I64), ("name", ColumnType::Text)];
        let pairs = vec![("aio.source".to_owned(), "a".to_owned())];
        let file = File::create(&path).expect("created");
        let mut writer = ParquetFileWriter::create(file, &columns, pairs).expect("started");
        for block in [&[3i64, -4][..], &[5]] {
            let names = block.iter().map(|id| format!("n{id}")).collect();
            let block = [Column::I64(block.to_vec()), Column::Text(names)];
            let rows = if let Column::I64(ids) = &block[0] { ids.len() } else { 0 };
            writer.write(rows, &block).expect("written");
        }
        writer.finish().expect("finished");

        let file = ParquetFile::open(File::open(&path).expect("opened")).expect("metadata");
        assert_eq!((file.rows(), file.metadata("aio.source")), (3, Some("a")));
        assert_eq!(file.metadata("another"), None);
        let table = file.read(None).expect("read");
        assert_eq!((table.height(), table.names()), (3, vec!["id", "name"]));
        assert_eq!(table.i64s("id").expect("integers"), [3, -4, 5]);
        assert!(table.u32s("id").is_err() && table.i64s("none").is_err());
        let texts = table.texts().expect("text");
        assert_eq!((texts.get(0, 1), texts.get(1, 2)), (Some("-4"), Some("n5")));
    }

    #[test]
    fn a_gap_is_no_empty_text_and_no_zero() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("x.parquet");
        let columns = [("time", ColumnType::I64), ("name", ColumnType::Text)];
        let file = File::create(&path).expect("created");
        let mut writer = ParquetFileWriter::create(file, &columns, Vec::new()).expect("started");
        let times = Column::OptionalI64(vec![None, Some(0)]);
        let names = Column::OptionalText(vec![Some(String::new()), None]);
        writer.write(2, &[times, names]).expect("written");
        writer.finish().expect("finished");
        let file = ParquetFile::open(File::open(&path).expect("opened")).expect("metadata");
        let table = file.read(None).expect("read");
        let texts = table.texts().expect("text");
        assert_eq!([texts.get(0, 0), texts.get(0, 1)], [None, Some("0")]);
        assert_eq!([texts.get(1, 0), texts.get(1, 1)], [Some(""), None]);
        assert!(table.i64s("time").is_err(), "it has a gap");
    }
}

//! Reading files that come from elsewhere.

use crate::announced::{check, most_unpacked};
use crate::guard::guarded;
use crate::{ParquetError, Result};
use polars::io::mmap::MmapBytesReader;
use polars::prelude::{
    ArrowDataType, DataFrame, DataType, ParallelStrategy, ParquetReader, PlSmallStr, SerReader,
    StringChunked,
};
use std::fs::File;
use std::io::Cursor;

/// A file, or its bytes.
type Source<'a> = Box<dyn MmapBytesReader + 'a>;

/// An opened file whose metadata is read and whose columns are not.
pub struct ParquetFile<'a> {
    reader: ParquetReader<Source<'a>>,
    bytes: u64,
    rows: u64,
    metadata: Vec<(String, String)>,
    /// Names of the columns, with those types that are not read.
    columns: Vec<(String, Option<String>)>,
}

impl<'a> ParquetFile<'a> {
    /// Reads the metadata of `file`, after a comparison of what it announces with its length.
    ///
    /// # Errors
    /// [`ParquetError`] if it is no Parquet file, or announces more than its length allows.
    pub fn open(file: File) -> Result<Self> {
        Self::of(Box::new(file))
    }

    /// As [`ParquetFile::open`], of a file whose bytes are in memory or mapped.
    ///
    /// # Errors
    /// As [`ParquetFile::open`].
    pub fn of_bytes(bytes: &'a [u8]) -> Result<Self> {
        Self::of(Box::new(Cursor::new(bytes)))
    }

    fn of(mut source: Source<'a>) -> Result<Self> {
        let bytes = check(&mut source)?;
        let mut reader = ParquetReader::new(source).read_parallel(ParallelStrategy::None);
        let (rows, metadata, columns) = guarded(|| {
            let schema = reader.schema().map_err(ParquetError::new)?;
            let columns = schema.iter_values().map(|field| {
                let kind = &field.dtype;
                (field.name.to_string(), (!is_read(kind)).then(|| format!("{kind:?}")))
            });
            let columns = columns.collect();
            let found = reader.get_metadata().map_err(ParquetError::new)?;
            let pairs = found.key_value_metadata.iter().flatten();
            let pairs = pairs.filter_map(|pair| Some((pair.key.clone(), pair.value.clone()?)));
            Ok((found.num_rows as u64, pairs.collect(), columns))
        })?;
        Ok(Self { reader, bytes, rows, metadata, columns })
    }

    /// Names of the columns, in order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.columns.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Rows that the metadata announces.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The value of a key of the file's metadata.
    #[must_use]
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// Reads all columns, or the named ones.
    ///
    /// # Errors
    /// [`ParquetError`] if the file is damaged, lacks a named column, or a column has a type that is not read: integers of 8 and 16 bits, dates and times,
    /// decimals.
    pub fn read(self, columns: Option<&[&str]>) -> Result<Table> {
        let is_wanted = |name: &str| columns.is_none_or(|names| names.contains(&name));
        for (name, kind) in &self.columns {
            if let Some(kind) = kind.as_ref().filter(|_| is_wanted(name)) {
                return Err(ParquetError::new(format!(
                    "its column `{name}` has the type {kind}, which is not read; write integers of 32 or 64 bits, or text"
                )));
            }
        }
        let columns = columns.map(|names| names.iter().map(|n| (*n).to_owned()).collect());
        let reader = self.reader.with_columns(columns);
        guarded(|| reader.finish().map_err(ParquetError::new))
            .map(|columns| Table { columns, bytes: self.bytes })
    }
}

/// Whether columns of a type are read.
fn is_read(kind: &ArrowDataType) -> bool {
    use ArrowDataType::{
        Date32, Date64, Decimal, Duration, Float16, Int8, Int16, Map, Time32, Time64, Timestamp,
        UInt8, UInt16,
    };
    !matches!(
        kind,
        Int8 | Int16
            | UInt8
            | UInt16
            | Float16
            | Date32
            | Date64
            | Time32(_)
            | Time64(_)
            | Timestamp(..)
            | Duration(_)
            | Decimal(..)
            | Map(..)
    )
}

/// Columns in memory.
pub struct Table {
    columns: DataFrame,
    /// Length of the file.
    bytes: u64,
}

impl Table {
    /// Number of rows.
    #[must_use]
    pub fn height(&self) -> usize {
        self.columns.height()
    }

    /// Names of the columns, in order.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.columns.get_column_names().into_iter().map(PlSmallStr::as_str).collect()
    }

    /// Every column as text, numbers as written in decimal. What is not a number in a column of floating-point numbers is a gap: some programs write
    /// gaps so.
    ///
    /// # Errors
    /// [`ParquetError`] naming a column that has no form as text, or if the text is far longer than the file.
    pub fn texts(&self) -> Result<Texts> {
        let text = |column: &polars::prelude::Column| -> Result<StringChunked> {
            let text = column.cast(&DataType::String).map_err(ParquetError::new)?;
            let text = text.str().map_err(ParquetError::new)?;
            if !column.dtype().is_float() {
                return Ok(text.clone());
            }
            let is_gap = column.is_nan().map_err(ParquetError::new)?;
            let values = text.iter().zip(is_gap.iter());
            Ok(values.map(|(value, is_gap)| value.filter(|_| is_gap != Some(true))).collect())
        };
        let texts = self.columns.columns().iter().map(text).collect::<Result<Vec<_>>>()?;
        // A file may name one long text in many rows, which share it here and would not share it later.
        let lengths = texts.iter().flat_map(|column| column.iter().flatten()).map(str::len);
        let total = lengths.fold(0u64, |all, length| all.saturating_add(length as u64));
        if total > most_unpacked(self.bytes) {
            let problem = format!("it unpacks to {total} bytes of text in {} bytes", self.bytes);
            return Err(ParquetError::new(problem));
        }
        Ok(Texts(texts))
    }

    /// A column of 64-bit integers without gaps.
    ///
    /// # Errors
    /// [`ParquetError`] if it is missing, of another type, or has gaps.
    pub fn i64s(&self, name: &str) -> Result<Vec<i64>> {
        let column = self.whole(name)?.i64().map_err(ParquetError::new)?;
        Ok(column.into_no_null_iter().collect())
    }

    /// A column of unsigned 32-bit integers without gaps.
    ///
    /// # Errors
    /// As [`Table::i64s`].
    pub fn u32s(&self, name: &str) -> Result<Vec<u32>> {
        let column = self.whole(name)?.u32().map_err(ParquetError::new)?;
        Ok(column.into_no_null_iter().collect())
    }

    /// A column of unsigned 64-bit integers without gaps.
    ///
    /// # Errors
    /// As [`Table::i64s`].
    pub fn u64s(&self, name: &str) -> Result<Vec<u64>> {
        let column = self.whole(name)?.u64().map_err(ParquetError::new)?;
        Ok(column.into_no_null_iter().collect())
    }

    fn whole(&self, name: &str) -> Result<&polars::prelude::Column> {
        let column = self.columns.column(name).map_err(ParquetError::new)?;
        if column.has_nulls() {
            return Err(ParquetError::new(format!("the column `{name}` has rows without a value")));
        }
        Ok(column)
    }
}

/// Columns as text.
pub struct Texts(Vec<StringChunked>);

impl Texts {
    /// The text in a row of a column, both counted from 0; `None` where there is no value.
    // Searches read a value of every row, and this crate is not optimised in every profile: the crate that reads compiles this.
    #[inline]
    #[must_use]
    pub fn get(&self, column: usize, row: usize) -> Option<&str> {
        self.0[column].get(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::Column;

    #[test]
    fn what_is_not_a_number_is_a_gap_and_the_word_for_it_is_text() {
        let cameras = [Some(3.0), Some(f64::NAN), None, Some(-1.0)];
        let names = ["NaN", "anna", "", "ben"];
        let columns =
            vec![Column::new("camera".into(), &cameras), Column::new("name".into(), &names)];
        let columns = DataFrame::new(4, columns).expect("a table");
        let texts = Table { columns, bytes: 100 }.texts().expect("text");
        let numbers = [0, 1, 2, 3].map(|row| texts.get(0, row).map(str::parse::<f64>));
        assert_eq!(numbers, [Some(Ok(3.0)), None, None, Some(Ok(-1.0))]);
        let words = [0, 1, 2, 3].map(|row| texts.get(1, row));
        assert_eq!(words, [Some("NaN"), Some("anna"), Some(""), Some("ben")]);
    }
}

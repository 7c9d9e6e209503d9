//! What a Parquet file announces, compared with its length before polars reads it.
//!
//! polars takes numbers from the headers of a file as they are, and reserves memory for them. A file of two kilobytes can so ask for
//! more memory than any machine has, which ends the program.
//! Source of the structures and their field numbers: apache/parquet-format, `parquet.thrift`.

use crate::thrift::{Compact, Shape, Value};
use crate::{ParquetError, Result};
use std::io::{BufReader, Read, Seek, SeekFrom};

/// Most rows and values per byte of a file, and most bytes of its text and of its columns after decompression; a file that
/// announces more is damaged. Dictionaries and runs make columns small, but not without limit.
const PER_BYTE: u64 = 100;

/// Bytes that a file of any length may unpack to.
const ALWAYS: u64 = 1 << 24;

/// Bytes of the longest footer that is read: the structures that stand for it in memory are many times as large.
const LONGEST_FOOTER: u64 = 16 << 20;

/// Deepest nesting of columns.
const DEPTH: usize = 32;

const EMPTY: Shape = Shape::Struct(&[]);
const KEY_VALUES: Shape = Shape::List(&Shape::Struct(&[(1, Shape::Bytes), (2, Shape::Bytes)]));
const TIME_UNIT: Shape = Shape::Struct(&[(1, EMPTY), (2, EMPTY), (3, EMPTY)]);
const TIME: Shape = Shape::Struct(&[(1, Shape::Bool), (2, TIME_UNIT)]);
const LOGICAL_TYPE: Shape = Shape::Struct(&[
    (1, EMPTY),
    (2, EMPTY),
    (3, EMPTY),
    (4, EMPTY),
    (5, Shape::Struct(&[(1, Shape::I32), (2, Shape::I32)])),
    (6, EMPTY),
    (7, TIME),
    (8, TIME),
    (10, Shape::Struct(&[(1, Shape::I8), (2, Shape::Bool)])),
    (11, EMPTY),
    (12, EMPTY),
    (13, EMPTY),
    (14, EMPTY),
    (15, EMPTY),
]);
const SCHEMA_ELEMENT: Shape = Shape::Struct(&[
    (1, Shape::I32),
    (2, Shape::I32),
    (3, Shape::I32),
    (4, Shape::Bytes),
    (5, Shape::I32),
    (6, Shape::I32),
    (7, Shape::I32),
    (8, Shape::I32),
    (9, Shape::I32),
    (10, LOGICAL_TYPE),
]);
const STATISTICS: Shape = Shape::Struct(&[
    (1, Shape::Bytes),
    (2, Shape::Bytes),
    (3, Shape::I64),
    (4, Shape::I64),
    (5, Shape::Bytes),
    (6, Shape::Bytes),
    (7, Shape::Bool),
    (8, Shape::Bool),
]);
const COLUMN: Shape = Shape::Struct(&[
    (1, Shape::I32),
    (2, Shape::List(&Shape::I32)),
    (3, Shape::List(&Shape::Bytes)),
    (4, Shape::I32),
    (5, Shape::I64),
    (6, Shape::I64),
    (7, Shape::I64),
    (8, KEY_VALUES),
    (9, Shape::I64),
    (10, Shape::I64),
    (11, Shape::I64),
    (12, STATISTICS),
    (13, Shape::List(&Shape::Struct(&[(1, Shape::I32), (2, Shape::I32), (3, Shape::I32)]))),
    (14, Shape::I64),
    (15, Shape::I32),
]);
const COLUMN_CHUNK: Shape = Shape::Struct(&[
    (1, Shape::Bytes),
    (2, Shape::I64),
    (3, COLUMN),
    (4, Shape::I64),
    (5, Shape::I32),
    (6, Shape::I64),
    (7, Shape::I32),
]);
const SORTING: Shape = Shape::Struct(&[(1, Shape::I32), (2, Shape::Bool), (3, Shape::Bool)]);
const ROW_GROUP: Shape = Shape::Struct(&[
    (1, Shape::List(&COLUMN_CHUNK)),
    (2, Shape::I64),
    (3, Shape::I64),
    (4, Shape::List(&SORTING)),
    (5, Shape::I64),
    (6, Shape::I64),
    (7, Shape::I16),
]);
const FILE: &[(i16, Shape)] = &[
    (1, Shape::I32),
    (2, Shape::List(&SCHEMA_ELEMENT)),
    (3, Shape::I64),
    (4, Shape::List(&ROW_GROUP)),
    (5, KEY_VALUES),
    (6, Shape::Bytes),
    (7, Shape::List(&Shape::Struct(&[(1, EMPTY)]))),
];
const PAGE: &[(i16, Shape)] = &[
    (1, Shape::I32),
    (2, Shape::I32),
    (3, Shape::I32),
    (4, Shape::I32),
    (
        5,
        Shape::Struct(&[
            (1, Shape::I32),
            (2, Shape::I32),
            (3, Shape::I32),
            (4, Shape::I32),
            (5, STATISTICS),
        ]),
    ),
    (6, EMPTY),
    (7, Shape::Struct(&[(1, Shape::I32), (2, Shape::I32), (3, Shape::Bool)])),
    (
        8,
        Shape::Struct(&[
            (1, Shape::I32),
            (2, Shape::I32),
            (3, Shape::I32),
            (4, Shape::I32),
            (5, Shape::I32),
            (6, Shape::I32),
            (7, Shape::Bool),
            (8, STATISTICS),
        ]),
    ),
];

/// Most bytes that a file of `bytes` bytes may unpack to, also as text in which rows that share a text count each: a larger one is refused.
#[must_use]
pub fn most_unpacked(bytes: u64) -> u64 {
    bytes.saturating_mul(PER_BYTE).max(ALWAYS)
}

/// The values of one column in one group of rows.
struct Chunk {
    /// Where its first page begins.
    start: u64,
    /// Bytes of its pages.
    bytes: u64,
    values: u64,
}

/// Compares the footer and the header of every page with the length of the file, which it returns.
///
/// # Errors
/// [`ParquetError`] if it is no Parquet file, or announces more than its length allows.
pub(crate) fn check(file: impl Read + Seek) -> Result<u64> {
    let mut reader = BufReader::new(file);
    let bytes = reader.seek(SeekFrom::End(0)).map_err(ParquetError::new)?;
    let footer = footer(&mut reader, bytes)?;
    let widest = schema(footer.list(2))?;
    let rows = natural(footer.int(3), "rows")?;
    if rows > bytes.saturating_mul(PER_BYTE) {
        return Err(ParquetError::new(format!("it announces {rows} rows in {bytes} bytes")));
    }
    let (mut in_groups, mut unpacked, mut chunks) = (0u64, 0u64, Vec::new());
    for group in footer.list(4) {
        in_groups = in_groups.saturating_add(natural(group.int(3), "rows of a group")?);
        for column in group.list(1).iter().filter_map(|chunk| chunk.field(3)) {
            let start = column.int(11).or(column.int(9));
            let chunk = Chunk {
                start: natural(start, "bytes before a column")?,
                bytes: natural(column.int(7), "bytes of a column")?,
                values: natural(column.int(5), "values of a column")?,
            };
            let wide = chunk.values.saturating_mul(widest);
            if chunk.values > bytes.saturating_mul(PER_BYTE) || wide > most_unpacked(bytes) {
                let values = chunk.values;
                return Err(ParquetError::new(format!(
                    "a column announces {values} values in a file of {bytes} bytes"
                )));
            }
            if chunk.start.saturating_add(chunk.bytes) > bytes {
                return Err(ParquetError::new("a column lies beyond the end of the file"));
            }
            unpacked = unpacked.saturating_add(natural(column.int(6), "bytes of a column")?);
            chunks.push(chunk);
        }
    }
    if in_groups != rows {
        return Err(ParquetError::new(format!(
            "it announces {rows} rows, and {in_groups} in its groups of rows"
        )));
    }
    let in_pages = chunks.iter().try_fold(0u64, |all, chunk| {
        pages(&mut reader, chunk).map(|unpacked| all.saturating_add(unpacked))
    })?;
    let unpacked = unpacked.max(in_pages);
    if unpacked > most_unpacked(bytes) {
        return Err(ParquetError::new(format!(
            "it announces {unpacked} bytes of columns in {bytes} bytes"
        )));
    }
    Ok(bytes)
}

/// Reads the footer, which lies before its own length and `PAR1` at the end of the file.
fn footer<R: Read + Seek>(reader: &mut BufReader<R>, bytes: u64) -> Result<Value> {
    let none = || ParquetError::new("it is no Parquet file: `PAR1` is missing at its begin or end");
    let end = bytes.checked_sub(12).ok_or_else(none)? + 4;
    let mut tail = [0; 8];
    reader.rewind().map_err(ParquetError::new)?;
    reader.read_exact(&mut tail[..4]).map_err(ParquetError::new)?;
    let begins = tail.starts_with(b"PAR1");
    reader.seek(SeekFrom::Start(end)).map_err(ParquetError::new)?;
    reader.read_exact(&mut tail).map_err(ParquetError::new)?;
    if !begins || !tail.ends_with(b"PAR1") {
        return Err(none());
    }
    let length = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
    if length > LONGEST_FOOTER {
        return Err(ParquetError::new(format!(
            "its footer has {length} bytes; more than {LONGEST_FOOTER} are not read"
        )));
    }
    let start = end
        .checked_sub(length)
        .ok_or_else(|| ParquetError::new(format!("its footer has {length} bytes of {bytes}")))?;
    reader.seek(SeekFrom::Start(start)).map_err(ParquetError::new)?;
    Compact::new(reader, length).structure(FILE)
}

/// Walks the tree of columns, and returns the widest value of fixed width in bytes.
fn schema(elements: &[Value]) -> Result<u64> {
    let damaged = || ParquetError::new("its list of columns is damaged");
    let (mut open, mut widest) = (vec![1u64], 1);
    for element in elements {
        *open.last_mut().ok_or_else(damaged)? -= 1;
        widest = widest.max(natural(element.int(2).or(Some(0)), "bytes of a value")?);
        let children = natural(element.int(5).or(Some(0)), "columns of a group")?;
        open.push(children);
        if open.len() > DEPTH {
            return Err(ParquetError::new("its columns are nested too deeply"));
        }
        while open.last() == Some(&0) {
            open.pop();
        }
    }
    if open.is_empty() { Ok(widest) } else { Err(damaged()) }
}

/// Compares the headers of the pages of a column with its length, and returns the bytes that they unpack to.
fn pages<R: Read + Seek>(reader: &mut BufReader<R>, chunk: &Chunk) -> Result<u64> {
    reader.seek(SeekFrom::Start(chunk.start)).map_err(ParquetError::new)?;
    let mut pages = Compact::new(reader, chunk.bytes);
    let (mut values, mut unpacked) = (0u64, 0u64);
    // A dictionary is read even where a column announces no values.
    while values < chunk.values || (chunk.values == 0 && pages.left() > 0) {
        let page = pages.structure(PAGE)?;
        let size = natural(page.int(2), "bytes of a page")?;
        unpacked = unpacked.saturating_add(size);
        for data in [page.field(5), page.field(8)].into_iter().flatten() {
            values = values.saturating_add(natural(data.int(1), "values of a page")?);
        }
        if values > chunk.values {
            return Err(ParquetError::new(
                "the pages of a column hold more values than the column",
            ));
        }
        if let Some(dictionary) = page.field(7) {
            let values = natural(dictionary.int(1), "values of a dictionary")?;
            if values > size {
                return Err(ParquetError::new(format!(
                    "a dictionary announces {values} values in {size} bytes"
                )));
            }
        }
        if let Some(levels) = page.field(8) {
            for (field, what) in [(2, "gaps of a page"), (3, "rows of a page")] {
                natural(levels.int(field), what)?;
            }
            for field in [5, 6] {
                natural(levels.int(field), "bytes of levels")?;
            }
        }
        pages.skip(natural(page.int(3), "bytes of a page")?)?;
    }
    Ok(unpacked)
}

/// A number that is there and not negative.
fn natural(number: Option<i64>, what: &str) -> Result<u64> {
    let number =
        number.ok_or_else(|| ParquetError::new(format!("the number of {what} is missing")))?;
    u64::try_from(number).map_err(|_| ParquetError::new(format!("it announces {number} {what}")))
}

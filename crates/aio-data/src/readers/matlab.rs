//! MATLAB 5 files, as far as the field's list files need them: cell arrays and real numeric arrays.
//!
//! Format: MathWorks, "MAT-File Format", level 5. Everything is bounds-checked: the files come from the internet.

use crate::{DataError, Result, fs};
use flate2::read::ZlibDecoder;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// A variable of a MATLAB file.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A cell array, column by column.
    Cell(Vec<Value>),
    /// A real matrix (more than two dimensions are folded into the columns), column by column.
    Matrix {
        /// Number of rows.
        rows: usize,
        /// Number of columns.
        columns: usize,
        /// The values.
        values: Vec<f64>,
    },
    /// Anything else: text, structures, complex or sparse arrays.
    Other,
}

/// Largest size of a decompressed variable.
const LARGEST: u64 = 1 << 28;

/// Deepest nesting of cells that is read.
const DEEPEST: usize = 8;

type Parsed<T> = std::result::Result<T, String>;

/// Reads the variables of a MATLAB 5 file by name.
///
/// # Errors
/// [`DataError`] if the file cannot be read, is of another version, or is damaged.
pub fn read(path: &Path) -> Result<BTreeMap<String, Value>> {
    let bytes = fs::read(path)?;
    parse(&bytes).map_err(|problem| DataError::Parse { path: path.to_path_buf(), problem })
}

fn parse(bytes: &[u8]) -> Parsed<BTreeMap<String, Value>> {
    let header = bytes.get(..128).ok_or("shorter than the header of a MATLAB 5 file")?;
    if header.starts_with(b"MATLAB 7.3") {
        return Err("a MATLAB 7.3 (HDF5) file; save it as version 5 (`save -v6`)".into());
    }
    if &header[126..] != b"IM" {
        return Err("not a little-endian MATLAB 5 file".into());
    }
    let mut cursor = Cursor { bytes: &bytes[128..] };
    let mut variables = BTreeMap::new();
    while !cursor.bytes.is_empty() {
        let (kind, data) = cursor.element()?;
        let unpacked;
        let data = match kind {
            COMPRESSED => {
                unpacked = inflate(data)?;
                let mut inner = Cursor { bytes: &unpacked };
                let (kind, data) = inner.element()?;
                if kind != MATRIX {
                    continue;
                }
                data
            }
            MATRIX => data,
            _ => continue,
        };
        let (name, value) = matrix(data, 0)?;
        variables.insert(name, value);
    }
    Ok(variables)
}

fn inflate(data: &[u8]) -> Parsed<Vec<u8>> {
    let mut bytes = Vec::new();
    ZlibDecoder::new(data)
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| format!("a compressed variable is damaged: {e}"))?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("a variable unpacks to more than {LARGEST} bytes"));
    }
    Ok(bytes)
}

const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;

struct Cursor<'a> {
    bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Parsed<&'a [u8]> {
        if count > self.bytes.len() {
            return Err(format!(
                "cut short: {count} bytes are announced, {} are left",
                self.bytes.len()
            ));
        }
        let (taken, rest) = self.bytes.split_at(count);
        self.bytes = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Parsed<u32> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// The next data element: its type and its bytes.
    fn element(&mut self) -> Parsed<(u32, &'a [u8])> {
        let tag = self.number()?;
        if tag >> 16 != 0 {
            // The small form: type and length share the tag, and four bytes of data follow.
            let data = self.take(4)?;
            let length = (tag >> 16) as usize;
            return data
                .get(..length)
                .map(|d| (tag & 0xffff, d))
                .ok_or_else(|| format!("a small element announces {length} bytes"));
        }
        let length = self.number()? as usize;
        let data = self.take(length)?;
        if tag != COMPRESSED {
            // Elements are padded to eight bytes; the last one of a file need not be.
            let padding = (length.next_multiple_of(8) - length).min(self.bytes.len());
            self.take(padding)?;
        }
        Ok((tag, data))
    }
}

/// A matrix element: its name and value.
fn matrix(data: &[u8], depth: usize) -> Parsed<(String, Value)> {
    const CELL: u8 = 1;
    const NUMERIC: std::ops::RangeInclusive<u8> = 6..=15;
    if depth > DEEPEST {
        return Err(format!("cells are nested deeper than {DEEPEST}"));
    }
    if data.is_empty() {
        return Ok((String::new(), Value::Matrix { rows: 0, columns: 0, values: Vec::new() }));
    }
    let mut cursor = Cursor { bytes: data };
    let (_, flags) = cursor.element()?;
    let [class, attributes, ..] = flags else { return Err("a matrix without flags".into()) };
    let (_, dimensions) = cursor.element()?;
    let dimensions: Vec<usize> = dimensions
        .chunks_exact(4)
        .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize)
        .collect();
    let count = dimensions
        .iter()
        .try_fold(1usize, |product, n| product.checked_mul(*n))
        .ok_or("dimensions that overflow")?;
    let (_, name) = cursor.element()?;
    let name = String::from_utf8_lossy(name).into_owned();
    if *class == CELL {
        // Every cell takes at least a tag.
        if count > cursor.bytes.len() / 8 {
            return Err(format!("`{name}` announces {count} cells"));
        }
        let cells = (0..count).map(|_| match cursor.element()? {
            (MATRIX, data) => Ok(matrix(data, depth + 1)?.1),
            (kind, _) => Err(format!("a cell of `{name}` is of type {kind}")),
        });
        return Ok((name.clone(), Value::Cell(cells.collect::<Parsed<_>>()?)));
    }
    const COMPLEX: u8 = 0x08;
    if !NUMERIC.contains(class) || attributes & COMPLEX != 0 {
        return Ok((name, Value::Other));
    }
    let values = if count == 0 && cursor.bytes.is_empty() {
        Vec::new()
    } else {
        let (kind, data) = cursor.element()?;
        numbers(kind, data)?
    };
    if values.len() != count {
        return Err(format!("`{name}` has {} values for dimensions {dimensions:?}", values.len()));
    }
    let rows = dimensions.first().copied().unwrap_or(0);
    Ok((name, Value::Matrix { rows, columns: count.checked_div(rows).unwrap_or(0), values }))
}

fn numbers(kind: u32, data: &[u8]) -> Parsed<Vec<f64>> {
    fn each<const N: usize>(data: &[u8], parse: fn([u8; N]) -> f64) -> Vec<f64> {
        data.chunks_exact(N)
            .map(|b| parse(b.try_into().expect("chunks have that length")))
            .collect()
    }
    Ok(match kind {
        1 => each(data, |b| f64::from(i8::from_le_bytes(b))),
        2 => each(data, |b| f64::from(u8::from_le_bytes(b))),
        3 => each(data, |b| f64::from(i16::from_le_bytes(b))),
        4 => each(data, |b| f64::from(u16::from_le_bytes(b))),
        5 => each(data, |b| f64::from(i32::from_le_bytes(b))),
        6 => each(data, |b| f64::from(u32::from_le_bytes(b))),
        7 => each(data, |b| f64::from(f32::from_le_bytes(b))),
        9 => each(data, f64::from_le_bytes),
        12 => each(data, |b| i64::from_le_bytes(b) as f64),
        13 => each(data, |b| u64::from_le_bytes(b) as f64),
        other => return Err(format!("numbers of type {other}")),
    })
}

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

/// Largest file, and largest size of all its variables after decompression.
const LARGEST: u64 = 1 << 28;

/// Most numbers and cells of a file. SYSU-MM01's permutations have about eight million numbers.
const MOST_VALUES: usize = 1 << 25;

/// Deepest nesting of cells that is read.
const DEEPEST: usize = 8;

type Parsed<T> = std::result::Result<T, String>;

/// Reads the variables of a MATLAB 5 file by name.
///
/// # Errors
/// [`DataError`] if the file cannot be read, is of another version, or is damaged.
pub fn read(path: &Path) -> Result<BTreeMap<String, Value>> {
    let failed = |problem| DataError::Parse { path: path.to_path_buf(), problem };
    let size = std::fs::metadata(path).map_or(0, |m| m.len());
    if size > LARGEST {
        return Err(failed(format!(
            "it holds {size} bytes, more than the {LARGEST} that are read"
        )));
    }
    parse(&fs::read(path)?).map_err(failed)
}

/// What the variables of a file may still take.
struct Budget {
    unpacked: u64,
    values: usize,
}

impl Budget {
    fn take_values(&mut self, name: &str, count: usize) -> Parsed<()> {
        self.values = self.values.checked_sub(count).ok_or_else(|| {
            format!("with `{name}` it holds more than {MOST_VALUES} numbers and cells")
        })?;
        Ok(())
    }
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
    let mut budget = Budget { unpacked: LARGEST, values: MOST_VALUES };
    while !cursor.bytes.is_empty() {
        let (kind, data) = cursor.element()?;
        let unpacked;
        let data = match kind {
            COMPRESSED => {
                unpacked = inflate(data, &mut budget)?;
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
        let (name, value) = matrix(data, 0, &mut budget)?;
        variables.insert(name, value);
    }
    Ok(variables)
}

fn inflate(data: &[u8], budget: &mut Budget) -> Parsed<Vec<u8>> {
    let mut bytes = Vec::new();
    ZlibDecoder::new(data)
        .take(budget.unpacked + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| format!("a compressed variable is damaged: {e}"))?;
    budget.unpacked = budget
        .unpacked
        .checked_sub(bytes.len() as u64)
        .ok_or_else(|| format!("its variables unpack to more than {LARGEST} bytes"))?;
    Ok(bytes)
}

// Types of elements.
const INT8: u32 = 1;
const UINT8: u32 = 2;
const INT16: u32 = 3;
const UINT16: u32 = 4;
const INT32: u32 = 5;
const UINT32: u32 = 6;
const SINGLE: u32 = 7;
const DOUBLE: u32 = 9;
const INT64: u32 = 12;
const UINT64: u32 = 13;
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
fn matrix(data: &[u8], depth: usize, budget: &mut Budget) -> Parsed<(String, Value)> {
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
        budget.take_values(&name, count)?;
        let cells = (0..count).map(|_| match cursor.element()? {
            (MATRIX, data) => Ok(matrix(data, depth + 1, budget)?.1),
            (kind, _) => Err(format!("a cell of `{name}` is of type {kind}")),
        });
        return Ok((name.clone(), Value::Cell(cells.collect::<Parsed<_>>()?)));
    }
    const COMPLEX: u8 = 0x08;
    if !NUMERIC.contains(class) || attributes & COMPLEX != 0 {
        return Ok((name, Value::Other));
    }
    let (kind, data) = match count {
        0 if cursor.bytes.is_empty() => (UINT8, &[][..]),
        _ => cursor.element()?,
    };
    let held = data.len() / width(kind)?;
    if held != count {
        return Err(format!("`{name}` has {held} values for dimensions {dimensions:?}"));
    }
    budget.take_values(&name, count)?;
    let values = numbers(kind, data)?;
    let rows = dimensions.first().copied().unwrap_or(0);
    Ok((name, Value::Matrix { rows, columns: count.checked_div(rows).unwrap_or(0), values }))
}

/// Bytes of a number of a type.
fn width(kind: u32) -> Parsed<usize> {
    Ok(match kind {
        INT8 | UINT8 => 1,
        INT16 | UINT16 => 2,
        INT32 | UINT32 | SINGLE => 4,
        DOUBLE | INT64 | UINT64 => 8,
        other => return Err(format!("numbers of type {other}")),
    })
}

fn numbers(kind: u32, data: &[u8]) -> Parsed<Vec<f64>> {
    fn each<const N: usize>(data: &[u8], parse: fn([u8; N]) -> f64) -> Vec<f64> {
        data.chunks_exact(N)
            .map(|b| parse(b.try_into().expect("chunks have that length")))
            .collect()
    }
    Ok(match kind {
        INT8 => each(data, |b| f64::from(i8::from_le_bytes(b))),
        UINT8 => each(data, |b| f64::from(u8::from_le_bytes(b))),
        INT16 => each(data, |b| f64::from(i16::from_le_bytes(b))),
        UINT16 => each(data, |b| f64::from(u16::from_le_bytes(b))),
        INT32 => each(data, |b| f64::from(i32::from_le_bytes(b))),
        UINT32 => each(data, |b| f64::from(u32::from_le_bytes(b))),
        SINGLE => each(data, |b| f64::from(f32::from_le_bytes(b))),
        DOUBLE => each(data, f64::from_le_bytes),
        INT64 => each(data, |b| i64::from_le_bytes(b) as f64),
        UINT64 => each(data, |b| u64::from_le_bytes(b) as f64),
        other => return Err(format!("numbers of type {other}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::ZlibEncoder};
    use std::io::Write;

    fn element(kind: u32, data: &[u8]) -> Vec<u8> {
        let mut bytes = [kind.to_le_bytes(), (data.len() as u32).to_le_bytes()].concat();
        bytes.extend_from_slice(data);
        if kind != COMPRESSED {
            bytes.resize(bytes.len().next_multiple_of(8), 0);
        }
        bytes
    }

    /// A row of `count` zeros of one byte each.
    fn variable(name: &str, count: usize) -> Vec<u8> {
        let dimensions = [1u32.to_le_bytes(), (count as u32).to_le_bytes()].concat();
        let parts = [
            element(UINT32, &[9, 0, 0, 0, 0, 0, 0, 0]),
            element(INT32, &dimensions),
            element(INT8, name.as_bytes()),
            element(UINT8, &vec![0; count]),
        ];
        element(MATRIX, &parts.concat())
    }

    fn file(variables: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = vec![b' '; 126];
        bytes.extend_from_slice(b"IM");
        bytes.extend(variables.concat());
        bytes
    }

    fn compressed(data: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(data).expect("memory");
        element(COMPRESSED, &encoder.finish().expect("memory"))
    }

    #[test]
    fn the_size_of_all_variables_together_is_bounded() {
        let one = compressed(&variable("a", 1 << 24));
        let two = compressed(&variable("b", 1 << 24));
        let read = parse(&file(&[one.clone(), two.clone()])).expect("within the bound");
        assert_eq!(read.len(), 2);
        let three = compressed(&variable("c", 8));
        let error = parse(&file(&[one, two, three])).expect_err("one number too many");
        assert!(error.contains("with `c` it holds more than 33554432 numbers"), "{error}");

        // A type that is skipped counts as well: 20 variables of 16 MiB from a file of 330 KB.
        let skipped = compressed(&element(INT8, &vec![0; 1 << 24]));
        let error = parse(&file(&vec![skipped; 20])).expect_err("320 MiB");
        assert!(error.contains("unpack to more than 268435456 bytes"), "{error}");
    }

    #[test]
    fn values_are_counted_before_they_are_converted() {
        let mut lying = variable("a", 16);
        // The second dimension says 2^31.
        let place = lying.windows(8).position(|w| w == [1, 0, 0, 0, 16, 0, 0, 0]).expect("there");
        lying[place + 4..place + 8].copy_from_slice(&(1u32 << 31).to_le_bytes());
        let error = parse(&file(&[lying])).expect_err("fewer values");
        assert!(error.contains("`a` has 16 values for dimensions [1, 2147483648]"), "{error}");
    }
}

//! Reading features from NumPy's `.npy` files.
//!
//! Format: NumPy Enhancement Proposal 1. The shape is compared with the length of the file before anything of that size is allocated.

use super::doubles::Doubles;
use super::{COLUMNS, Column, Contents, open, room, wrong};
use crate::error::{Error, Result};
use aio_data::DataError;
use half::f16;
use ndarray::{Array2, ShapeBuilder};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// Where the labels of a column of a `.npy` file lie.
pub(super) fn label_file(path: &Path, column: &Column) -> PathBuf {
    path.with_extension(format!("{}.npy", column.name))
}

/// Reads a `.npy` file and the label files beside it.
pub(super) fn read(path: &Path) -> Result<Contents> {
    let mut file = Array::open(path, "float16, float32 or float64 of shape [rows, width]")?;
    let &[rows, width] = file.shape.as_slice() else { return Err(file.unexpected()) };
    let values = match file.kind.as_str() {
        "f2" => file.values(|b| f16::from_le_bytes(b).into(), |b| f16::from_be_bytes(b).into())?,
        "f4" => file.values(f32::from_le_bytes, f32::from_be_bytes)?,
        "f8" => {
            let doubles = Doubles::default();
            let values = file.values(
                |b| doubles.narrowed(f64::from_le_bytes(b)),
                |b| doubles.narrowed(f64::from_be_bytes(b)),
            )?;
            doubles.warn(path, values.len());
            values
        }
        _ => return Err(file.unexpected()),
    };
    let features = Array2::from_shape_vec((rows, width).set_f(file.by_columns), values)
        .map_err(|e| file.damaged(&e.to_string()))?;
    let mut columns = [const { None }; COLUMNS.len()];
    for (labels, column) in columns.iter_mut().zip(&COLUMNS) {
        let path = label_file(path, column);
        if path.exists() {
            *labels = Some(Array::open(&path, "whole numbers of shape [rows]")?.labels()?);
        }
    }
    let features = if features.is_standard_layout() {
        features
    } else {
        features.as_standard_layout().into_owned()
    };
    Ok(Contents { features, columns, manifest: None })
}

/// A `.npy` file whose header has been read.
struct Array<'a> {
    path: &'a Path,
    /// What the file should hold, for errors.
    expected: &'static str,
    reader: BufReader<File>,
    /// Letter and bytes of the type of a value, such as `f4`.
    kind: String,
    big_endian: bool,
    /// Whether the values lie column by column.
    by_columns: bool,
    shape: Vec<usize>,
}

/// Longest header that is read; NumPy writes about a hundred bytes.
const LONGEST_HEADER: usize = 1 << 16;
/// Values that are read at once: more bytes than the buffer of the header, which they pass by.
const VALUES_AT_ONCE: usize = 1 << 16;

impl<'a> Array<'a> {
    fn open(path: &'a Path, expected: &'static str) -> Result<Self> {
        let damaged = |problem: &str| wrong(path, format!("is not {expected}: {problem}"));
        let file = open(path)?;
        let size = file.metadata().map_or(0, |m| m.len());
        let mut reader = BufReader::new(file);
        let cut = |_| damaged("it is no .npy file, or is cut short within its header");
        let mut start = [0; 8];
        reader.read_exact(&mut start).map_err(cut)?;
        let [magic @ .., version, _] = start;
        if magic != *b"\x93NUMPY" || !(1..=3).contains(&version) {
            return Err(damaged("it does not begin as a .npy file of version 1, 2 or 3"));
        }
        let mut length = [0; 4];
        let digits = if version == 1 { 2 } else { 4 };
        reader.read_exact(&mut length[..digits]).map_err(cut)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > LONGEST_HEADER {
            return Err(damaged(&format!("it announces a header of {length} bytes")));
        }
        let mut text = vec![0; length];
        reader.read_exact(&mut text).map_err(cut)?;
        let text = String::from_utf8_lossy(&text);
        let header = Header::parse(&text)
            .ok_or_else(|| damaged(&format!("its header `{}` is not understood", text.trim())))?;
        let Header { descr, by_columns, shape } = header;
        let (order, kind) = descr.split_at_checked(1).unwrap_or_default();
        let bytes: u64 = kind.get(1..).and_then(|n| n.parse().ok()).unwrap_or(0);
        let announced = shape.iter().try_fold(bytes, |all, n| all.checked_mul(*n as u64));
        let held = size.saturating_sub((8 + digits + length) as u64);
        // How long texts and objects are is not known here; they are refused as such.
        if kind.starts_with(['f', 'i', 'u']) && announced != Some(held) {
            let announced =
                announced.map_or("more bytes than exist".to_owned(), |n| format!("{n} bytes"));
            return Err(damaged(&format!(
                "type {descr} and shape {shape:?} make {announced}, the file holds {held} after its header"
            )));
        }
        let kind = kind.to_owned();
        Ok(Self { path, expected, reader, kind, big_endian: order == ">", by_columns, shape })
    }

    /// The labels that the file holds, of any type of whole numbers that 64 bits with a sign can hold.
    fn labels(mut self) -> Result<Vec<i64>> {
        if self.shape.len() != 1 {
            return Err(self.unexpected());
        }
        match self.kind.as_str() {
            "i1" => self.values(|b| i8::from_le_bytes(b).into(), |b| i8::from_be_bytes(b).into()),
            "i2" => self.values(|b| i16::from_le_bytes(b).into(), |b| i16::from_be_bytes(b).into()),
            "i4" => self.values(|b| i32::from_le_bytes(b).into(), |b| i32::from_be_bytes(b).into()),
            "i8" => self.values(i64::from_le_bytes, i64::from_be_bytes),
            "u1" => self.values(|b| u8::from_le_bytes(b).into(), |b| u8::from_be_bytes(b).into()),
            "u2" => self.values(|b| u16::from_le_bytes(b).into(), |b| u16::from_be_bytes(b).into()),
            "u4" => self.values(|b| u32::from_le_bytes(b).into(), |b| u32::from_be_bytes(b).into()),
            _ => Err(self.unexpected()),
        }
    }

    /// The error of an array of another type or shape.
    fn unexpected(&self) -> Error {
        let values = match self.kind.chars().next() {
            Some('U' | 'S') => "texts",
            Some('O') => "Python objects",
            _ => "values",
        };
        self.damaged(&format!("it holds {values} of type {} and shape {:?}", self.kind, self.shape))
    }

    fn damaged(&self, problem: &str) -> Error {
        wrong(self.path, format!("is not {}: {problem}", self.expected))
    }

    /// The values in the order of the file, whose length fits them.
    fn values<T, const N: usize>(
        &mut self,
        little: impl Fn([u8; N]) -> T,
        big: impl Fn([u8; N]) -> T,
    ) -> Result<Vec<T>> {
        let count = self.shape.iter().product();
        let mut values = room(count, self.path)?;
        let mut bytes = vec![0; N * VALUES_AT_ONCE.min(count)];
        while values.len() < count {
            let bytes = &mut bytes[..N * VALUES_AT_ONCE.min(count - values.len())];
            self.reader.read_exact(bytes).map_err(|source| {
                let path = self.path.to_path_buf();
                Error::Data(DataError::Io { action: "read", path, source })
            })?;
            let (read, _) = bytes.as_chunks::<N>();
            if self.big_endian {
                values.extend(read.iter().map(|value| big(*value)));
            } else {
                values.extend(read.iter().map(|value| little(*value)));
            }
        }
        Ok(values)
    }
}

/// What the header says: a Python dictionary with three keys.
struct Header {
    descr: String,
    by_columns: bool,
    shape: Vec<usize>,
}

impl Header {
    fn parse(text: &str) -> Option<Self> {
        let inside = text.trim().strip_prefix('{')?.strip_suffix('}')?;
        let (mut descr, mut by_columns, mut shape) = (None, None, None);
        let mut rest = inside.trim();
        while !rest.is_empty() {
            let (key, behind) = quoted(rest)?;
            let value = behind.trim_start().strip_prefix(':')?.trim_start();
            let behind = match key {
                "descr" => {
                    let (text, behind) = quoted(value)?;
                    descr = Some(text.to_owned());
                    behind
                }
                "fortran_order" => {
                    let known = [("True", true), ("False", false)];
                    let (word, truth) = known.iter().find(|(word, _)| value.starts_with(word))?;
                    by_columns = Some(*truth);
                    &value[word.len()..]
                }
                "shape" => {
                    let (numbers, behind) = value.strip_prefix('(')?.split_once(')')?;
                    let numbers = numbers.split(',').map(str::trim).filter(|n| !n.is_empty());
                    shape = Some(numbers.map(|n| n.parse().ok()).collect::<Option<_>>()?);
                    behind
                }
                _ => return None,
            };
            rest = behind.trim_start();
            rest = rest.strip_prefix(',').map_or(rest, str::trim_start);
        }
        Some(Self { descr: descr?, by_columns: by_columns?, shape: shape? })
    }
}

/// A text in single or double quotation marks, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let mark = text.chars().next().filter(|mark| matches!(mark, '\'' | '"'))?;
    text[1..].split_once(mark)
}

#[cfg(test)]
mod tests;

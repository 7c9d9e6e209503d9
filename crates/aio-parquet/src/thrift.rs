//! Thrift's compact protocol, read with a limit.
//!
//! polars reserves memory for as many elements as a list announces, and takes the type of a field from its number alone. Here a
//! list can have no more elements than bytes are left, and a field has to have the type that its number stands for, so that what
//! passes here is read in the same way there.
//! Source: Apache Thrift, `doc/specs/thrift-compact-protocol.md`.

use crate::{ParquetError, Result};
use std::io::{BufReader, Read, Seek};

/// Deepest nesting of structures and lists; Parquet's own headers have seven levels.
const DEPTH: usize = 16;

/// The type that a value has to have.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// A truth value.
    Bool,
    /// A signed integer of 8 bits.
    I8,
    /// A signed integer of 16 bits.
    I16,
    /// A signed integer of 32 bits.
    I32,
    /// A signed integer of 64 bits.
    I64,
    /// Bytes or text.
    Bytes,
    /// A list of values of one type.
    List(&'static Shape),
    /// A structure: the numbers of its fields and their types. Fields with other numbers may have any type.
    Struct(&'static [(i16, Shape)]),
}

/// A value that was read. Bytes, truth values and fields of unknown numbers are passed over.
#[derive(Debug)]
pub(crate) enum Value {
    Int(i64),
    List(Vec<Value>),
    Struct(Vec<(i16, Value)>),
    Other,
}

impl Value {
    /// The field of a structure with a number.
    pub(crate) fn field(&self, number: i16) -> Option<&Self> {
        let Self::Struct(fields) = self else { return None };
        fields.iter().rev().find(|(n, _)| *n == number).map(|(_, value)| value)
    }

    /// The field of a structure that is an integer.
    pub(crate) fn int(&self, number: i16) -> Option<i64> {
        self.field(number).and_then(|value| if let Self::Int(i) = value { Some(*i) } else { None })
    }

    /// The elements of the field of a structure that is a list; none if there is no such field.
    pub(crate) fn list(&self, number: i16) -> &[Self] {
        match self.field(number) {
            Some(Self::List(values)) => values,
            _ => &[],
        }
    }
}

/// Reads values, and no more bytes than it was allowed.
pub(crate) struct Compact<'a, R> {
    reader: &'a mut BufReader<R>,
    left: u64,
}

impl<'a, R: Read + Seek> Compact<'a, R> {
    /// Reads from the position of `reader` on, at most `left` bytes.
    pub(crate) fn new(reader: &'a mut BufReader<R>, left: u64) -> Self {
        Self { reader, left }
    }

    /// Bytes that may still be read.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// Reads a structure.
    ///
    /// # Errors
    /// [`ParquetError`] if it does not end in time, or a field or list has another type or length than it can have.
    pub(crate) fn structure(&mut self, fields: &[(i16, Shape)]) -> Result<Value> {
        self.fields(fields, DEPTH)
    }

    /// Passes over bytes.
    pub(crate) fn skip(&mut self, bytes: u64) -> Result<()> {
        self.left = self.left.checked_sub(bytes).ok_or_else(ends)?;
        let distance = i64::try_from(bytes).map_err(|_| ends())?;
        self.reader.seek_relative(distance).map_err(ParquetError::new)
    }

    fn fields(&mut self, shapes: &[(i16, Shape)], depth: usize) -> Result<Value> {
        let depth = depth.checked_sub(1).ok_or_else(|| damaged("is nested too deeply"))?;
        let mut fields = Vec::new();
        let mut number = 0i16;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Ok(Value::Struct(fields));
            }
            number = match i16::from(head >> 4) {
                0 => i16::try_from(self.integer()?)
                    .map_err(|_| damaged("numbers its fields wrongly"))?,
                step => {
                    number.checked_add(step).ok_or_else(|| damaged("numbers its fields wrongly"))?
                }
            };
            let found = head & 15;
            match shapes.iter().find(|(n, _)| *n == number) {
                // The truth value of a field is its type.
                Some((_, Shape::Bool)) if matches!(found, 1 | 2) => {}
                Some((_, shape)) if found == code(*shape) => {
                    let value = self.value(*shape, depth)?;
                    fields.push((number, value));
                }
                Some(_) => return Err(damaged(&format!("has a field {number} of the wrong type"))),
                None if matches!(found, 1 | 2) => {}
                None => self.pass(found, depth)?,
            }
        }
    }

    fn value(&mut self, shape: Shape, depth: usize) -> Result<Value> {
        let narrow = |value: i64, least: i64| {
            let fits = (least..=-(least + 1)).contains(&value);
            if fits {
                Ok(Value::Int(value))
            } else {
                Err(damaged("has a number that is too large"))
            }
        };
        match shape {
            Shape::Bool | Shape::I8 => self.byte().map(|_| Value::Other),
            Shape::I16 => narrow(self.integer()?, i64::from(i16::MIN)),
            Shape::I32 => narrow(self.integer()?, i64::from(i32::MIN)),
            Shape::I64 => self.integer().map(Value::Int),
            Shape::Bytes => self.pass(8, depth).map(|()| Value::Other),
            Shape::Struct(fields) => self.fields(fields, depth),
            Shape::List(element) => {
                let depth = depth.checked_sub(1).ok_or_else(|| damaged("is nested too deeply"))?;
                let (kind, length) = self.list_head()?;
                let fits = kind == code(*element)
                    || (matches!(element, Shape::Bool) && matches!(kind, 1 | 2));
                if length > 0 && !fits {
                    return Err(damaged("has a list of the wrong type"));
                }
                let mut values = Vec::new();
                for _ in 0..length {
                    values.push(self.value(*element, depth)?);
                }
                Ok(Value::List(values))
            }
        }
    }

    /// Passes over a value of a type given by its code.
    fn pass(&mut self, kind: u8, depth: usize) -> Result<()> {
        let depth = depth.checked_sub(1).ok_or_else(|| damaged("is nested too deeply"))?;
        match kind {
            1..=3 => self.skip(1),
            4..=6 => self.integer().map(|_| ()),
            7 => self.skip(8),
            8 => {
                let length = self.varint()?;
                self.skip(length)
            }
            9 | 10 => {
                let (kind, length) = self.list_head()?;
                (0..length).try_for_each(|_| self.pass(kind, depth))
            }
            11 => {
                let length = self.count()?;
                let kinds = if length > 0 { self.byte()? } else { 0 };
                for _ in 0..length {
                    self.pass(kinds >> 4, depth)?;
                    self.pass(kinds & 15, depth)?;
                }
                Ok(())
            }
            12 => self.fields(&[], depth + 1).map(|_| ()),
            _ => Err(damaged("has a value of an unknown type")),
        }
    }

    /// The type and the number of the elements of a list.
    fn list_head(&mut self) -> Result<(u8, u64)> {
        let head = self.byte()?;
        let length = if head >> 4 == 15 { self.count()? } else { u64::from(head >> 4) };
        if length > self.left {
            return Err(damaged("has a list that is longer than the file"));
        }
        Ok((head & 15, length))
    }

    /// A number of elements, each of which takes a byte or more.
    fn count(&mut self) -> Result<u64> {
        let length = self.varint()?;
        if length > self.left {
            return Err(damaged("has a list that is longer than the file"));
        }
        Ok(length)
    }

    fn byte(&mut self) -> Result<u8> {
        self.left = self.left.checked_sub(1).ok_or_else(ends)?;
        let mut byte = [0];
        self.reader.read_exact(&mut byte).map_err(ParquetError::new)?;
        Ok(byte[0])
    }

    fn varint(&mut self) -> Result<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Ok(value);
            }
        }
        Err(damaged("has a number that is too large"))
    }

    /// A signed integer: 0, −1, 1, −2, … are stored as 0, 1, 2, 3, ….
    fn integer(&mut self) -> Result<i64> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }
}

/// The code of a type in headers of fields and lists. A field's truth value is 1 or 2.
fn code(shape: Shape) -> u8 {
    match shape {
        Shape::Bool => 1,
        Shape::I8 => 3,
        Shape::I16 => 4,
        Shape::I32 => 5,
        Shape::I64 => 6,
        Shape::Bytes => 8,
        Shape::List(_) => 9,
        Shape::Struct(_) => 12,
    }
}

fn damaged(problem: &str) -> ParquetError {
    ParquetError::new(format!("a header of the Parquet file {problem}"))
}

fn ends() -> ParquetError {
    damaged("does not end before the part of the file that it describes")
}

//! Reading features from safetensors. A file that states its checksum is compared with it first.

use super::{CHECKSUM, COLUMNS, Contents, MANIFEST, OWN, open, room, wrong};
use crate::error::{Error, Result};
use aio_data::DataError;
use aio_data::checksum::{Checksum, inside};
use ndarray::Array2;
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// Reads a safetensors feature file.
pub(super) fn read(path: &Path) -> Result<Contents> {
    SafetensorsFile::open(path)?.read()
}

/// Whether a file is empty, or has the header of a feature file.
pub(super) fn is_replaceable(path: &Path) -> Result<bool> {
    let mut file = open(path)?;
    if file.metadata().is_ok_and(|found| found.len() == 0) {
        return Ok(true);
    }
    Ok(header(path, &mut file).is_ok_and(|(header, _)| header.info("features").is_some()))
}

/// The header of a file, and where its tensors begin.
fn header(path: &Path, file: &mut File) -> Result<(Metadata, u64)> {
    let damaged = |what: &str| wrong(path, format!("is not a safetensors file: {what}"));
    let size = file.metadata().map_or(0, |m| m.len());
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(|_| damaged("it is shorter than eight bytes"))?;
    let length = u64::from_le_bytes(length);
    if length > LARGEST_HEADER.min(size.saturating_sub(8)) {
        return Err(damaged(&format!("it announces a header of {length} bytes")));
    }
    let mut header = vec![0; length as usize];
    file.read_exact(&mut header).map_err(|e| damaged(&e.to_string()))?;
    let header = serde_json::from_slice(&header)
        .map_err(|e| damaged(&format!("its header is not valid: {e}")))?;
    Ok((header, 8 + length))
}

/// A safetensors file whose header has been read; its tensors are read one by one, so that memory holds each value once.
struct SafetensorsFile<'a> {
    path: &'a Path,
    file: File,
    header: Metadata,
    /// Offset of the tensors' bytes in the file.
    start: u64,
}

/// Largest header that is read: a feature file has five tensors.
const LARGEST_HEADER: u64 = 1 << 20;

impl<'a> SafetensorsFile<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        let damaged = |what: &str| wrong(path, format!("is not a safetensors file: {what}"));
        let mut file = open(path)?;
        let (header, start) = header(path, &mut file)?;
        if let Some(entries) = header.metadata() {
            match entries.get(CHECKSUM) {
                Some(stated) => inside::check_file(path, stated)?,
                // A damaged key must not make a file of this program one of another tool.
                None if entries.iter().any(|(key, value)| {
                    key.starts_with(OWN) || value.parse::<Checksum>().is_ok()
                }) =>
                {
                    return Err(damaged(&format!("its metadata lacks the entry `{CHECKSUM}`")));
                }
                None => {}
            }
        }
        let size = file.metadata().map_or(0, |m| m.len());
        let end = header.tensors().values().map(|t| t.data_offsets.1 as u64).max().unwrap_or(0);
        if end != size - start {
            return Err(damaged(&format!(
                "its header speaks of {end} bytes of tensors, it holds {}",
                size - start
            )));
        }
        Ok(Self { path, file, header, start })
    }

    fn read(mut self) -> Result<Contents> {
        let info = self.info("features").ok_or_else(|| {
            wrong(self.path, format!("has no tensor `features`; it holds {}", self.names()))
        })?;
        let &[rows, width] = info.shape.as_slice() else {
            return Err(wrong(
                self.path,
                format!("has `features` of shape {:?}, expected [rows, width]", info.shape),
            ));
        };
        if info.dtype != Dtype::F32 {
            return Err(wrong(
                self.path,
                format!("has `features` of type {:?}, expected F32", info.dtype),
            ));
        }
        let values = self.values(&info, f32::from_le_bytes)?;
        let features = Array2::from_shape_vec((rows, width), values)
            .map_err(|e| wrong(self.path, format!("has `features` of a wrong size: {e}")))?;
        let mut columns = [const { None }; COLUMNS.len()];
        for (labels, column) in columns.iter_mut().zip(COLUMNS) {
            let Some(info) = self.info(column.name) else { continue };
            if info.dtype != Dtype::I64 || info.shape.len() != 1 {
                return Err(wrong(
                    self.path,
                    format!(
                        "has `{}` of type {:?} and shape {:?}, expected I64 [rows]",
                        column.name, info.dtype, info.shape
                    ),
                ));
            }
            *labels = Some(self.values(&info, i64::from_le_bytes)?);
        }
        let entries = self.header.metadata().as_ref();
        let manifest = entries.and_then(|entries| entries.get(MANIFEST)).cloned();
        Ok(Contents { features, columns, manifest })
    }

    fn info(&self, name: &str) -> Option<TensorInfo> {
        self.header.info(name).cloned()
    }

    fn names(&self) -> String {
        let mut names: Vec<String> = self.header.tensors().into_keys().collect();
        names.sort();
        if names.is_empty() { "nothing".into() } else { names.join(", ") }
    }

    /// The values of a tensor; parsing the header has checked that its size fits its type.
    fn values<T, const N: usize>(
        &mut self,
        info: &TensorInfo,
        parse: fn([u8; N]) -> T,
    ) -> Result<Vec<T>> {
        let failed = |source| {
            Error::Data(DataError::Io { action: "read", path: self.path.to_path_buf(), source })
        };
        let (from, to) = info.data_offsets;
        self.file.seek(SeekFrom::Start(self.start + from as u64)).map_err(failed)?;
        let mut reader = BufReader::with_capacity(1 << 20, &self.file);
        let mut values = room((to - from) / N, self.path)?;
        let mut bytes = [0; N];
        for _ in 0..(to - from) / N {
            reader.read_exact(&mut bytes).map_err(failed)?;
            values.push(parse(bytes));
        }
        Ok(values)
    }
}

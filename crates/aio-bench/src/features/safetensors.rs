//! Reading features from safetensors. A file that states its checksum is compared with it first.

use super::doubles::Doubles;
use super::{CHECKSUM, COLUMNS, Contents, MANIFEST, OWN, open, room, wrong};
use crate::error::{Error, Result};
use aio_data::DataError;
use aio_data::checksum::{Checksum, inside};
use half::{bf16, f16};
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

/// Whether a file has the header of a feature file.
pub(super) fn is_replaceable(path: &Path) -> Result<bool> {
    let mut file = open(path)?;
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
        let info = self.info("features").ok_or_else(|| self.without_features())?;
        let &[rows, width] = info.shape.as_slice() else {
            return Err(wrong(
                self.path,
                format!("has `features` of shape {:?}, expected [rows, width]", info.shape),
            ));
        };
        let values = self.features(&info)?;
        let features = Array2::from_shape_vec((rows, width), values)
            .map_err(|e| wrong(self.path, format!("has `features` of a wrong size: {e}")))?;
        let mut columns = [const { None }; COLUMNS.len()];
        for (labels, column) in columns.iter_mut().zip(COLUMNS) {
            let Some(info) = self.info(column.name) else { continue };
            *labels = Some(self.labels(&info, column.name)?);
        }
        let entries = self.header.metadata().as_ref();
        let manifest = entries.and_then(|entries| entries.get(MANIFEST)).cloned();
        Ok(Contents { features, columns, manifest })
    }

    fn features(&mut self, info: &TensorInfo) -> Result<Vec<f32>> {
        match info.dtype {
            Dtype::F16 => self.values(info, |b| f16::from_le_bytes(b).into()),
            Dtype::BF16 => self.values(info, |b| bf16::from_le_bytes(b).into()),
            Dtype::F32 => self.values(info, f32::from_le_bytes),
            Dtype::F64 => {
                let doubles = Doubles::default();
                let values = self.values(info, |b| doubles.narrowed(f64::from_le_bytes(b)))?;
                doubles.warn(self.path, values.len());
                Ok(values)
            }
            other => Err(wrong(
                self.path,
                format!("has `features` of type {other:?}, expected F16, BF16, F32 or F64"),
            )),
        }
    }

    /// Labels of any type of whole numbers that 64 bits with a sign can hold.
    fn labels(&mut self, info: &TensorInfo, name: &str) -> Result<Vec<i64>> {
        match info.dtype {
            _ if info.shape.len() != 1 => {}
            Dtype::I8 => return self.values(info, |b| i8::from_le_bytes(b).into()),
            Dtype::I16 => return self.values(info, |b| i16::from_le_bytes(b).into()),
            Dtype::I32 => return self.values(info, |b| i32::from_le_bytes(b).into()),
            Dtype::I64 => return self.values(info, i64::from_le_bytes),
            Dtype::U8 => return self.values(info, |b| u8::from_le_bytes(b).into()),
            Dtype::U16 => return self.values(info, |b| u16::from_le_bytes(b).into()),
            Dtype::U32 => return self.values(info, |b| u32::from_le_bytes(b).into()),
            _ => {}
        }
        Err(wrong(
            self.path,
            format!(
                "has `{name}` of type {:?} and shape {:?}, expected whole numbers of shape [rows]",
                info.dtype, info.shape
            ),
        ))
    }

    fn info(&self, name: &str) -> Option<TensorInfo> {
        self.header.info(name).cloned()
    }

    /// The error of a file of something else. More tensors than features have labels are those of a model.
    fn without_features(&self) -> Error {
        let mut names: Vec<String> = self.header.tensors().into_keys().collect();
        names.sort();
        let (path, count) = (self.path.display(), names.len());
        if count > COLUMNS.len() + 1 {
            return Error::user(
                format!(
                    "{path} has no tensor `features`; it holds {count} tensors, as weights files do: {}, …",
                    names[..3].join(", ")
                ),
                "name a feature file; `aio embed --model FILE` makes one with these weights",
            );
        }
        let held = if names.is_empty() { "nothing".into() } else { names.join(", ") };
        wrong(self.path, format!("has no tensor `features`; it holds {held}"))
    }

    /// The values of a tensor; parsing the header has checked that its size fits its type.
    fn values<T, const N: usize>(
        &mut self,
        info: &TensorInfo,
        parse: impl Fn([u8; N]) -> T,
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

#[cfg(test)]
mod tests {
    use super::*;
    use safetensors::tensor::TensorView;

    /// What is read from a file with these tensors.
    fn contents(features: (Dtype, &[u8]), ids: (Dtype, &[u8])) -> Result<Contents> {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("f.safetensors");
        let view = |(kind, bytes), shape| TensorView::new(kind, shape, bytes).expect("a tensor");
        let tensors = [("features", view(features, vec![1, 2])), ("ids", view(ids, vec![1]))];
        safetensors::serialize_to_file(tensors, None, &path).expect("write");
        read(&path)
    }

    #[test]
    fn features_and_labels_of_every_type_are_read() {
        // 1.5 and -2, as torch.tensor([1.5, -2]).to(dtype) stores them.
        for (kind, bytes) in [
            (Dtype::F16, [0x00, 0x3e, 0x00, 0xc0].to_vec()),
            (Dtype::BF16, [0xc0, 0x3f, 0x00, 0xc0].to_vec()),
            (Dtype::F32, [0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0].to_vec()),
            (Dtype::F64, [0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0].to_vec()),
        ] {
            let read = contents((kind, &bytes), (Dtype::I64, &[3; 8])).expect("features");
            assert_eq!(read.features, ndarray::array![[1.5, -2.0]], "{kind:?}");
        }
        let features: (Dtype, &[u8]) = (Dtype::F16, &[0x00, 0x3e, 0x00, 0xc0]);
        for (kind, bytes, expected) in [
            (Dtype::I8, vec![0xff], -1),
            (Dtype::U8, vec![0xff], 255),
            (Dtype::I16, vec![0xff; 2], -1),
            (Dtype::U16, vec![0xff; 2], 65_535),
            (Dtype::I32, vec![0xff; 4], -1),
            (Dtype::U32, vec![0xff; 4], 4_294_967_295),
            (Dtype::I64, vec![0xff; 8], -1),
        ] {
            let read = contents(features, (kind, &bytes)).expect("labels");
            assert_eq!(read.columns[0], Some(vec![expected]), "{kind:?}");
        }
        let error = contents(features, (Dtype::U64, &[0xff; 8])).err().expect("u64").to_string();
        assert!(error.contains("has `ids` of type U64"), "{error}");
        let error = contents((Dtype::I8, &[1, 2]), (Dtype::I64, &[3; 8])).err().expect("i8");
        assert!(error.to_string().contains("expected F16, BF16, F32 or F64"), "{error}");
    }
}

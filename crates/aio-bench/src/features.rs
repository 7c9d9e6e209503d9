//! Feature files: features made by any tool, with their labels.
//!
//! A `.safetensors` file holds `features` F32 `[N, D]` and `ids` I64 `[N]`, and where they are known `cameras` and
//! `images` I64 `[N]`. A `.npy` file holds the features alone (float32 or float64); its labels (int64) lie beside it:
//! `NAME.npy` has `NAME.ids.npy` and perhaps `NAME.cameras.npy` and `NAME.images.npy`.

use crate::error::{Error, Result};
use aio_data::DataError;
use aio_eval::{Entry, Features, LabelledFeatures, Protocol};
use aio_types::{Camera, Identity, SourcePhoto};
use ndarray::{Array1, Array2};
use ndarray_npy::{ReadNpyError, ReadNpyExt};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// Features and labels of one side of an evaluation.
#[derive(Debug, Clone)]
pub struct FeatureFile {
    /// One row per sample.
    pub features: Features,
    /// Labels, parallel to the rows; cameras and images are none where the file does not name them.
    pub entries: Vec<Entry>,
}

/// A label column: its name in a file, and whether a protocol cannot do without it.
type Column = (&'static str, fn(Protocol) -> bool);

const COLUMNS: [Column; 3] =
    [("ids", |_| true), ("cameras", Protocol::needs_cameras), ("images", Protocol::needs_sources)];

impl FeatureFile {
    /// Features and labels together.
    #[must_use]
    pub fn labelled(&self) -> LabelledFeatures<'_> {
        LabelledFeatures { features: &self.features, entries: &self.entries }
    }

    /// Reads a feature file, demanding the labels that `protocol` compares.
    ///
    /// # Errors
    /// [`Error`] naming the file and the tensor that is missing, of another type or shape, or not finite.
    pub fn read(path: &Path, protocol: Protocol) -> Result<Self> {
        let (features, columns) = match path.extension().and_then(|e| e.to_str()) {
            Some("npy") => npy(path)?,
            Some("safetensors") => SafetensorsFile::open(path)?.read()?,
            _ => return Err(wrong(path, "is neither a .safetensors nor a .npy file".into())),
        };
        let (rows, width) = features.dim();
        if rows == 0 || width == 0 {
            return Err(wrong(path, format!("holds features of shape [{rows}, {width}]")));
        }
        let labels = |(column, (name, needed)): (Option<Vec<i64>>, Column)| match column {
            Some(labels) if labels.len() == rows => Ok(Some(labels)),
            Some(labels) => Err(wrong(
                path,
                format!("has {} `{name}` for {rows} rows of features", labels.len()),
            )),
            None if needed(protocol) => Err(wrong(
                path,
                format!("has no `{name}`, which the protocol `{}` compares", protocol.name()),
            )),
            None => Ok(None),
        };
        let [ids, cameras, images] = columns;
        let ids = labels((ids, COLUMNS[0]))?.unwrap_or_default();
        let cameras = labels((cameras, COLUMNS[1]))?;
        let images = labels((images, COLUMNS[2]))?;
        let entry = |(row, identity): (usize, &i64)| Entry {
            identity: Identity(*identity),
            camera: cameras.as_ref().map(|column| Camera(column[row])),
            source: images.as_ref().map(|column| SourcePhoto(column[row])),
        };
        let entries = ids.iter().enumerate().map(entry).collect();
        let (values, _) = features.into_raw_vec_and_offset();
        Ok(Self {
            features: Features::new(&path.display().to_string(), rows, width, values)?,
            entries,
        })
    }
}

type Columns = [Option<Vec<i64>>; 3];

fn wrong(path: &Path, problem: String) -> Error {
    Error::user(
        format!("{} {problem}", path.display()),
        "docs/protocols.md describes feature files",
    )
}

fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|source| {
        Error::Data(DataError::Io { action: "read", path: path.to_path_buf(), source })
    })
}

/// A safetensors file whose header has been read; tensors are read one by one, so that nothing is held twice.
struct SafetensorsFile<'a> {
    path: &'a Path,
    file: File,
    header: Metadata,
    /// Where the tensors' bytes begin.
    start: u64,
}

/// Largest header that is read: a feature file has four tensors.
const LARGEST_HEADER: u64 = 1 << 20;

impl<'a> SafetensorsFile<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        let damaged = |what: &str| wrong(path, format!("is no safetensors file: {what}"));
        let mut file = open(path)?;
        let size = file.metadata().map_or(0, |m| m.len());
        let mut length = [0; 8];
        file.read_exact(&mut length).map_err(|_| damaged("it is shorter than eight bytes"))?;
        let length = u64::from_le_bytes(length);
        if length > LARGEST_HEADER.min(size.saturating_sub(8)) {
            return Err(damaged(&format!("it announces a header of {length} bytes")));
        }
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header).map_err(|e| damaged(&e.to_string()))?;
        let header: Metadata = serde_json::from_slice(&header)
            .map_err(|e| damaged(&format!("its header is not valid: {e}")))?;
        let start = 8 + length;
        let end = header.tensors().values().map(|t| t.data_offsets.1 as u64).max().unwrap_or(0);
        if end != size - start {
            return Err(damaged(&format!(
                "its header speaks of {end} bytes of tensors, it holds {}",
                size - start
            )));
        }
        Ok(Self { path, file, header, start })
    }

    fn read(mut self) -> Result<(Array2<f32>, Columns)> {
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
        let mut columns = Columns::default();
        for (column, (name, _)) in columns.iter_mut().zip(COLUMNS) {
            let Some(info) = self.info(name) else { continue };
            if info.dtype != Dtype::I64 || info.shape.len() != 1 {
                return Err(wrong(
                    self.path,
                    format!(
                        "has `{name}` of type {:?} and shape {:?}, expected I64 [rows]",
                        info.dtype, info.shape
                    ),
                ));
            }
            *column = Some(self.values(&info, i64::from_le_bytes)?);
        }
        Ok((features, columns))
    }

    fn info(&self, name: &str) -> Option<TensorInfo> {
        self.header.info(name).cloned()
    }

    fn names(&self) -> String {
        let mut names: Vec<String> = self.header.tensors().into_keys().collect();
        names.sort();
        if names.is_empty() { "nothing".into() } else { names.join(", ") }
    }

    /// The values of a tensor, whose element size the header has vouched for.
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
        let mut values = Vec::with_capacity((to - from) / N);
        let mut bytes = [0; N];
        for _ in 0..(to - from) / N {
            reader.read_exact(&mut bytes).map_err(failed)?;
            values.push(parse(bytes));
        }
        Ok(values)
    }
}

fn npy(path: &Path) -> Result<(Array2<f32>, Columns)> {
    let features = match array::<Array2<f32>>(path) {
        Err(Refused::Type(_)) => array::<Array2<f64>>(path).map(|a| a.mapv(|v| v as f32)),
        other => other,
    };
    let features =
        features.map_err(|e| e.named(path, "float32 or float64 of shape [rows, width]"))?;
    let mut columns = Columns::default();
    for (column, (name, _)) in columns.iter_mut().zip(COLUMNS) {
        let path = path.with_extension(format!("{name}.npy"));
        if path.exists() {
            *column = Some(
                array::<Array1<i64>>(&path)
                    .map_err(|e| e.named(&path, "int64 of shape [rows]"))?
                    .to_vec(),
            );
        }
    }
    Ok((features.as_standard_layout().into_owned(), columns))
}

/// Why an array could not be read.
enum Refused {
    Type(ReadNpyError),
    Other(Error),
}

impl Refused {
    fn named(self, path: &Path, expected: &str) -> Error {
        match self {
            Self::Type(error) => wrong(path, format!("is not {expected}: {error}")),
            Self::Other(error) => error,
        }
    }
}

fn array<A: ReadNpyExt>(path: &Path) -> std::result::Result<A, Refused> {
    let file = open(path).map_err(Refused::Other)?;
    A::read_npy(BufReader::new(file)).map_err(Refused::Type)
}

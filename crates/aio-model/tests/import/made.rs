//! Small files that tests make of golden ones.

use crate::golden;
use aio_encoder::weights::{RawTensor, Tensors};
use aio_model::import;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// The tensors of floating point of a golden checkpoint.
pub(crate) fn tensors_of(file: &str) -> Tensors {
    import::read(&golden(file)).expect("reads").tensors
}

/// A tensor of zeros.
pub(crate) fn zeros(shape: &[usize]) -> RawTensor {
    RawTensor { shape: shape.to_vec(), values: vec![0.0; shape.iter().product()] }
}

/// A safetensors file in `directory` with tensors of 32 bits, scalars of 64-bit integers that are 1, and one metadata entry `aio` or none.
pub(crate) fn file(
    directory: &Path,
    tensors: &Tensors,
    integers: &[&str],
    aio: Option<&Value>,
) -> PathBuf {
    let (mut header, mut data) = (Map::new(), Vec::new());
    for name in integers {
        let offsets = [data.len(), data.len() + 8];
        data.extend(1i64.to_le_bytes());
        let entry = json!({"dtype": "I64", "shape": [], "data_offsets": offsets});
        header.insert((*name).to_owned(), entry);
    }
    for (name, RawTensor { shape, values }) in tensors {
        let offsets = [data.len(), data.len() + 4 * values.len()];
        data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        header
            .insert(name.clone(), json!({"dtype": "F32", "shape": shape, "data_offsets": offsets}));
    }
    if let Some(aio) = aio {
        header.insert("__metadata__".into(), json!({"aio": aio.to_string()}));
    }
    let header = Value::Object(header).to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    let path = directory.join("made.safetensors");
    std::fs::write(&path, bytes).expect("write");
    path
}

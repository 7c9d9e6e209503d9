//! Checkpoint files of other projects as named tensors; nothing in them is executed.

use super::pickle::refuse_calls;
use aio_encoder::weights::{
    Contents, FloatType, RawTensor, Tensors, Weights, WeightsError, regular_length,
};
use pytorch_reader::PytorchReader;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Reads a `.safetensors` file, a `.pth`, `.pt` or `.bin` file that PyTorch saved, or a `.bpk` file that Burn saved.
///
/// A pickle is read as data. One that names anything but tensors and containers is refused. Of tensors of integers, every kind of file gives the names
/// alone.
///
/// # Errors
/// [`WeightsError`] naming the file, and the name or tensor that is refused.
pub fn read(path: &Path) -> Result<Contents, WeightsError> {
    let unusable =
        |problem: String| WeightsError::Checkpoint { origin: path.display().to_string(), problem };
    match path.extension().and_then(|e| e.to_str()) {
        Some("safetensors") => Weights::open(path)?.contents(),
        Some("pth" | "pt" | "bin") => {
            regular_length(path)?;
            read_pytorch(path).map_err(unusable)
        }
        Some("bpk") => {
            regular_length(path)?;
            read_burn(path).map_err(unusable)
        }
        _ if !path.exists() => Err(unusable("there is no such file or directory".into())),
        _ if path.join("model").is_dir() => Err(unusable(format!(
            "this is the directory of a run; its model is {}",
            path.join("model").display()
        ))),
        _ if path.join("weights.safetensors").is_file() => Err(unusable(format!(
            "this is the directory of a model; its weights are {}",
            path.join("weights.safetensors").display()
        ))),
        _ if path.is_dir() => Err(unusable(
            "this is a directory without weights.safetensors; that of a model has it, such as runs/…/seed-0/model".into(),
        )),
        _ => {
            Err(unusable("the name ends in none of .safetensors, .pth, .pt, .bin and .bpk".into()))
        }
    }
}

/// Most bytes of tensors per byte of their file: a few may share a storage, and files may be compressed.
const TENSORS_PER_BYTE: usize = 16;

/// Refuses a file whose tensors would take far more memory than it has bytes, before any of them is read: views of one storage
/// may be as many and as large as a file likes.
fn check_total(path: &Path, sizes: impl Iterator<Item = usize>) -> Result<(), String> {
    let held = regular_length(path).map_err(|e| e.to_string())? as usize;
    let announced = sizes.fold(0usize, usize::saturating_add);
    if announced > held.saturating_mul(TENSORS_PER_BYTE) {
        return Err(format!("it announces {announced} bytes of tensors in a file of {held} bytes"));
    }
    Ok(())
}

fn read_pytorch(path: &Path) -> Result<Contents, String> {
    use pytorch_reader::DType;
    refuse_calls(path)?;
    let reader = PytorchReader::new(path).map_err(|e| e.to_string())?;
    let sorted: BTreeMap<_, _> = reader.into_tensors().into_iter().collect();
    check_total(path, sorted.values().map(pytorch_reader::Tensor::byte_len))?;
    let Contents { mut tensors, mut integers } = Contents::default();
    for (name, tensor) in sorted {
        let float = match tensor.dtype() {
            DType::F64 => FloatType::F64,
            DType::F32 => FloatType::F32,
            DType::F16 => FloatType::F16,
            DType::BF16 => FloatType::Bf16,
            // The types that are left are integers and truth values.
            _ => {
                integers.insert(name);
                continue;
            }
        };
        let bytes = tensor.read().map_err(|e| format!("`{name}`: {e}"))?;
        let raw = RawTensor { shape: tensor.shape().to_vec(), values: float.decode(&bytes) };
        tensors.insert(name, raw);
    }
    Ok(Contents { tensors, integers })
}

fn read_burn(path: &Path) -> Result<Contents, String> {
    use burn_pack::DType;
    let packed = burn_pack::Reader::from_file(path)
        .and_then(burn_pack::Reader::into_tensors)
        .map_err(|e| e.to_string())?;
    check_total(path, packed.iter().map(burn_pack::Tensor::byte_len))?;
    let Contents { mut tensors, mut integers } = Contents::default();
    for tensor in packed {
        let (name, shape) = (tensor.name.clone(), tensor.shape.to_vec());
        let float = match tensor.dtype {
            DType::F64 => FloatType::F64,
            DType::F32 | DType::Flex32 => FloatType::F32,
            DType::F16 => FloatType::F16,
            DType::BF16 => FloatType::Bf16,
            DType::QFloat(_) => {
                return Err(format!("`{name}` is quantised, expected F64, F32, F16 or BF16"));
            }
            _ => {
                integers.insert(name);
                continue;
            }
        };
        let bytes = tensor.into_bytes().map_err(|e| format!("`{name}`: {e}"))?;
        tensors.insert(name, RawTensor { shape, values: float.decode(&bytes) });
    }
    Ok(Contents { tensors: as_pytorch(tensors), integers })
}

/// Burn's names and layouts as PyTorch's: Burn calls the weight and bias of a normalisation `gamma` and `beta`, and stores linear maps
/// transposed.
fn as_pytorch(tensors: Tensors) -> Tensors {
    let norms: BTreeSet<String> =
        tensors.keys().filter_map(|name| name.strip_suffix(".beta").map(str::to_owned)).collect();
    let norm = |name: &str, part: &str| {
        name.strip_suffix(part).filter(|module| norms.contains(*module)).map(str::to_owned)
    };
    let mut renamed = Tensors::new();
    for (name, tensor) in tensors {
        if let Some(module) = norm(&name, ".gamma") {
            renamed.insert(format!("{module}.weight"), tensor);
        } else if let Some(module) = norm(&name, ".beta") {
            renamed.insert(format!("{module}.bias"), tensor);
        } else if is_linear(&name, &tensor) {
            renamed.insert(name, tensor.transposed());
        } else {
            renamed.insert(name, tensor);
        }
    }
    renamed
}

/// Embedding tables are matrices too, but Burn stores them as PyTorch does.
fn is_linear(name: &str, tensor: &RawTensor) -> bool {
    tensor.shape.len() == 2 && name.ends_with(".weight") && !name.ends_with("embedding.weight")
}

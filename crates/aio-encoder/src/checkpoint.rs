//! Checkpoints of other projects: named tensors, read without executing anything.

use crate::weights::WeightsError;
use pytorch_reader::{DType, PytorchReader};
use safetensors::{Dtype, SafeTensors};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A tensor as a checkpoint holds it, in 32-bit floating point, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct RawTensor {
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// Its values.
    pub values: Vec<f32>,
}

/// The tensors of a checkpoint by name.
pub type Tensors = BTreeMap<String, RawTensor>;

/// Reads a `.safetensors` file, a `.pth`, `.pt` or `.bin` file that PyTorch saved, or a `.bpk` file that Burn saved.
///
/// A pickle is read as data: what it would call to build something other than tensors and containers is refused.
///
/// # Errors
/// [`WeightsError`] naming the file, and the call or tensor that is refused.
pub fn read(path: &Path) -> Result<Tensors, WeightsError> {
    let format =
        |problem: String| WeightsError::Checkpoint { origin: path.display().to_string(), problem };
    let unreadable = |source| WeightsError::Io { action: "read", path: path.to_path_buf(), source };
    match path.extension().and_then(|e| e.to_str()) {
        Some("safetensors") => {
            let bytes = std::fs::read(path).map_err(unreadable)?;
            let file = SafeTensors::deserialize(&bytes).map_err(|e| format(e.to_string()))?;
            tensors(&file).map_err(format)
        }
        Some("pth" | "pt" | "bin") => {
            std::fs::metadata(path).map_err(unreadable)?;
            refuse_calls(path).map_err(&format)?;
            let reader = PytorchReader::new(path).map_err(|e| format(e.to_string()))?;
            let mut tensors = Tensors::new();
            for (name, tensor) in reader.into_tensors().into_iter().collect::<BTreeMap<_, _>>() {
                // Counters (`num_batches_tracked`) and masks are integers, and no weights.
                let Some(kind) = pytorch_type(tensor.dtype()) else { continue };
                let bytes = tensor.read().map_err(|e| format(format!("`{name}`: {e}")))?;
                let values = floats(Some(kind), &bytes)
                    .ok_or_else(|| format(format!("`{name}` is of type {:?}", tensor.dtype())))?;
                tensors.insert(name, RawTensor { shape: tensor.shape().to_vec(), values });
            }
            Ok(tensors)
        }
        Some("bpk") => {
            let packed = burn_pack::Reader::from_file(path)
                .and_then(burn_pack::Reader::into_tensors)
                .map_err(|e| format(e.to_string()))?;
            let mut tensors = Tensors::new();
            for tensor in packed {
                let Some(kind) = burn_type(tensor.dtype) else { continue };
                let (name, shape) = (tensor.name.clone(), tensor.shape.to_vec());
                let bytes = tensor.into_bytes().map_err(|e| format(format!("`{name}`: {e}")))?;
                let values = floats(Some(kind), &bytes)
                    .ok_or_else(|| format(format!("`{name}` is of no floating-point type")))?;
                tensors.insert(name, RawTensor { shape, values });
            }
            Ok(as_pytorch(tensors))
        }
        _ => Err(format("the name ends in none of .safetensors, .pth, .pt, .bin and .bpk".into())),
    }
}

/// Burn's names and layouts as PyTorch's: normalisations have `gamma` and `beta` there, and linear maps are stored transposed.
fn as_pytorch(tensors: Tensors) -> Tensors {
    let norms: BTreeSet<String> =
        tensors.keys().filter_map(|name| name.strip_suffix(".beta").map(str::to_owned)).collect();
    let renamed = |(name, tensor): (String, RawTensor)| {
        let of_norm = |part: &str| name.strip_suffix(part).filter(|module| norms.contains(*module));
        if let Some(module) = of_norm(".gamma") {
            return (format!("{module}.weight"), tensor);
        }
        if let Some(module) = of_norm(".beta") {
            return (format!("{module}.bias"), tensor);
        }
        // Tables of embeddings are matrices, too, and are stored as they are.
        let linear = tensor.shape.len() == 2
            && name.ends_with(".weight")
            && !name.ends_with("embedding.weight");
        (name, if linear { tensor.transposed() } else { tensor })
    };
    tensors.into_iter().map(renamed).collect()
}

impl RawTensor {
    /// A matrix with rows and columns exchanged.
    fn transposed(self) -> Self {
        let (rows, columns) = (self.shape[0], self.shape[1]);
        let values =
            (0..rows * columns).map(|i| self.values[i % rows * columns + i / rows]).collect();
        Self { shape: vec![columns, rows], values }
    }
}

/// The tensors of a safetensors file.
pub(crate) fn tensors(file: &SafeTensors) -> Result<Tensors, String> {
    let raw = |(name, view): (String, safetensors::tensor::TensorView)| {
        let values = floats(safetensors_type(view.dtype()), view.data())
            .ok_or_else(|| format!("`{name}` is of type {:?}", view.dtype()))?;
        Ok((name, RawTensor { shape: view.shape().to_vec(), values }))
    };
    file.tensors().into_iter().map(raw).collect()
}

#[derive(Clone, Copy)]
enum Float {
    F64,
    F32,
    F16,
    Bf16,
}

fn safetensors_type(dtype: Dtype) -> Option<Float> {
    Some(match dtype {
        Dtype::F64 => Float::F64,
        Dtype::F32 => Float::F32,
        Dtype::F16 => Float::F16,
        Dtype::BF16 => Float::Bf16,
        _ => return None,
    })
}

fn pytorch_type(dtype: DType) -> Option<Float> {
    Some(match dtype {
        DType::F64 => Float::F64,
        DType::F32 => Float::F32,
        DType::F16 => Float::F16,
        DType::BF16 => Float::Bf16,
        _ => return None,
    })
}

fn burn_type(dtype: burn_pack::DType) -> Option<Float> {
    use burn_pack::DType;
    Some(match dtype {
        DType::F64 => Float::F64,
        DType::F32 => Float::F32,
        DType::F16 => Float::F16,
        DType::BF16 => Float::Bf16,
        _ => return None,
    })
}

fn floats(kind: Option<Float>, bytes: &[u8]) -> Option<Vec<f32>> {
    fn each<const N: usize>(bytes: &[u8], parse: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        bytes
            .chunks_exact(N)
            .map(|b| parse(b.try_into().expect("chunks have that length")))
            .collect()
    }
    Some(match kind? {
        Float::F64 => each(bytes, |b| f64::from_le_bytes(b) as f32),
        Float::F32 => each(bytes, f32::from_le_bytes),
        Float::F16 => each(bytes, |b| half::f16::from_le_bytes(b).to_f32()),
        Float::Bf16 => each(bytes, |b| half::bf16::from_le_bytes(b).to_f32()),
    })
}

/// What a pickle of tensors may name: how PyTorch rebuilds tensors, its storages and types, and plain containers.
const ALLOWED: [(&str, &[&str]); 8] = [
    ("torch._utils", &["_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_parameter"]),
    (
        "torch",
        &[
            "FloatStorage",
            "HalfStorage",
            "BFloat16Storage",
            "DoubleStorage",
            "LongStorage",
            "IntStorage",
            "ShortStorage",
            "ByteStorage",
            "CharStorage",
            "BoolStorage",
            "float32",
            "float16",
            "bfloat16",
            "float64",
            "int64",
            "int32",
            "uint8",
            "bool",
            "Size",
            "device",
        ],
    ),
    ("torch.storage", &["UntypedStorage", "TypedStorage", "_load_from_bytes"]),
    ("torch.nn.parameter", &["Parameter"]),
    ("torch.serialization", &["_get_layout"]),
    ("collections", &["OrderedDict", "defaultdict"]),
    ("builtins", &["dict", "list", "set", "int", "float", "bool", "str"]),
    ("argparse", &["Namespace"]),
];

/// Refuses a file whose pickle names anything that is not in [`ALLOWED`].
///
/// Names are the only way in which a pickle reaches code, so every one of them is looked at, called or not. The scan reads the
/// opcodes of the pickle and interprets none.
fn refuse_calls(path: &Path) -> Result<(), String> {
    let pickle = pickle(path)?;
    let named = names(&pickle)?;
    let allowed = |module: &str, name: &str| {
        ALLOWED.iter().any(|(m, names)| *m == module && names.contains(&name))
    };
    match named.iter().find(|(module, name)| !allowed(module, name)) {
        Some((module, name)) => Err(format!(
            "its pickle names `{module}.{name}`, which is no part of a state dict; save the weights alone, as safetensors or with torch.save(model.state_dict())"
        )),
        None => Ok(()),
    }
}

/// The pickle of a zip archive, as PyTorch writes since 1.6, or the whole file.
fn pickle(path: &Path) -> Result<Vec<u8>, String> {
    let file = std::fs::File::open(path).map_err(|e| e.to_string())?;
    let Ok(mut archive) = zip::ZipArchive::new(file) else {
        return Err("not a zip archive: files from before PyTorch 1.6 are not read; load and save it again with a newer one".into());
    };
    let name = archive
        .file_names()
        .flatten()
        .find(|n| n.ends_with("data.pkl"))
        .map(std::borrow::Cow::into_owned)
        .ok_or("the archive holds no data.pkl")?;
    let mut entry = archive.by_name(&name).map_err(|e| e.to_string())?;
    // A state dict's pickle holds names and shapes, not values.
    const LARGEST: u64 = 1 << 28;
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut std::io::Read::take(&mut entry, LARGEST + 1), &mut bytes)
        .map_err(|e| e.to_string())?;
    if bytes.len() as u64 > LARGEST {
        Err(format!("its pickle is larger than {LARGEST} bytes"))
    } else {
        Ok(bytes)
    }
}

/// Every `module.name` that a pickle names by `GLOBAL` or `INST`. A pickle that can name things otherwise is refused:
/// `torch.save` writes protocol 2, which cannot.
fn names(pickle: &[u8]) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    let mut at = 0;
    let cut = |at: usize| format!("its pickle is cut short at byte {at}");
    let line = |at: &mut usize| -> Result<String, String> {
        let length = pickle[*at..].iter().position(|b| *b == b'\n').ok_or_else(|| cut(*at))?;
        let text = String::from_utf8_lossy(&pickle[*at..*at + length]).into_owned();
        *at += length + 1;
        Ok(text)
    };
    while at < pickle.len() {
        let code = pickle[at];
        at += 1;
        // Bytes that follow an opcode: of a fixed number, or as many as a number of so many bytes says.
        let (fixed, counted) = match code {
            b'c' | b'i' => {
                found.push((line(&mut at)?, line(&mut at)?));
                (0, 0)
            }
            b'F' | b'I' | b'L' | b'S' | b'V' | b'P' | b'g' | b'p' => {
                line(&mut at)?;
                (0, 0)
            }
            0x93 => return Err("its pickle builds names at run time (STACK_GLOBAL); save it with torch.save's own protocol, 2".into()),
            0x82..=0x84 => return Err("its pickle names things by numbers of the extension registry".into()),
            b'K' | b'q' | b'h' | 0x80 => (1, 0),
            b'M' => (2, 0),
            b'J' | b'r' | b'j' => (4, 0),
            b'G' | 0x95 => (8, 0),
            b'U' | b'C' | 0x8a | 0x8c => (0, 1),
            b'T' | b'X' | b'B' | 0x8b => (0, 4),
            0x8d | 0x8e | 0x96 => (0, 8),
            _ => (0, 0),
        };
        let size = pickle
            .get(at..at + counted)
            .ok_or_else(|| cut(at))?
            .iter()
            .rev()
            .fold(0u64, |n, b| n << 8 | u64::from(*b));
        let length = usize::try_from(size)
            .ok()
            .and_then(|n| n.checked_add(fixed + counted))
            .ok_or_else(|| cut(at))?;
        at = at.checked_add(length).filter(|end| *end <= pickle.len()).ok_or_else(|| cut(at))?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_what_hides_them_is_refused() {
        // pickle.dumps(os.system, protocol=0), then 4, and an INST.
        assert_eq!(
            names(b"cposix\nsystem\np0\n.").expect("read"),
            [("posix".into(), "system".into())]
        );
        assert_eq!(
            names(b"(S'ls'\niposix\nsystem\n.").expect("read"),
            [("posix".into(), "system".into())]
        );
        let four = b"\x80\x04\x95\x14\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.";
        assert!(names(four).expect_err("protocol 4").contains("STACK_GLOBAL"));
        assert!(names(b"\x80\x04\x8c\xffposix").expect_err("cut").contains("cut short"));
        assert!(names(b"\x80\x02\x82\x01.").expect_err("extension").contains("extension registry"));
        // A name inside a string is no name.
        assert_eq!(names(b"\x80\x02X\x0e\x00\x00\x00cposix\nsystem\nq\x00.").expect("read"), []);
    }
}

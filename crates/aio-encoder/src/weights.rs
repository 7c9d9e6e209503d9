//! Weights as safetensors with PyTorch key names: reading that checks every tensor, writing, and the embedded file.

use crate::checkpoint::{self, RawTensor, Tensors};
use burn::module::Module;
use burn::store::{BurnToPyTorchAdapter, ModuleSnapshot, PyTorchToBurnAdapter, SafetensorsStore};
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The weights that `aio pretrain` made, compiled into the binary. `weights/README.md` is their card.
pub const EMBEDDED: &[u8] = include_bytes!("../weights/embedded.safetensors");

/// SHA-256 of [`EMBEDDED`] as the model card states it.
#[must_use]
pub fn embedded_sha256() -> String {
    sha256(EMBEDDED)
}

/// SHA-256 of bytes, in lower-case hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// The one metadata entry of a file, a JSON object. Several entries would be written in random order, and equal
/// weights would have different checksums.
const METADATA: &str = "aio";

/// How pictures must be prepared for weights, stored with them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preprocessing {
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Mean per channel, of values in 0..1.
    pub mean: [f32; 3],
    /// Standard deviation per channel.
    pub std: [f32; 3],
    /// Resampling filter.
    pub interpolation: String,
}

/// Why weights could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The file cannot be read or written.
    #[error("cannot {action} the weights {}: {source}", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The bytes are not safetensors.
    #[error("{origin} is not a safetensors file: {problem}")]
    Format {
        /// Where the bytes come from.
        origin: String,
        /// The parser's message.
        problem: String,
    },
    /// A checkpoint of another project cannot be used.
    #[error("the checkpoint {origin} cannot be used: {problem}")]
    Checkpoint {
        /// Where the bytes come from.
        origin: String,
        /// Why.
        problem: String,
    },
    /// Tensors are missing, left over, or of another shape.
    #[error("{origin} does not fit the model: {}", problems.join("; "))]
    Mismatch {
        /// Where the bytes come from.
        origin: String,
        /// One entry per tensor, by name.
        problems: Vec<String>,
    },
    /// A metadata entry is absent or malformed.
    #[error("{origin} lacks the metadata entry `{key}`: {problem}")]
    Metadata {
        /// Where the bytes come from.
        origin: String,
        /// The entry's key.
        key: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

/// A weights file in memory.
#[derive(Debug, Clone)]
pub struct Weights {
    origin: String,
    bytes: Vec<u8>,
}

impl Weights {
    /// The weights compiled into the binary.
    #[must_use]
    pub fn embedded() -> Self {
        Self { origin: "the embedded encoder".into(), bytes: EMBEDDED.to_vec() }
    }

    /// Reads a safetensors file.
    ///
    /// # Errors
    /// [`WeightsError::Io`] naming the path.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        let bytes = std::fs::read(path).map_err(|source| WeightsError::Io {
            action: "read",
            path: path.to_path_buf(),
            source,
        })?;
        Ok(Self { origin: path.display().to_string(), bytes })
    }

    /// Takes bytes that came from `origin`.
    #[must_use]
    pub fn from_bytes(origin: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self { origin: origin.into(), bytes }
    }

    /// SHA-256 of the file.
    #[must_use]
    pub fn sha256(&self) -> String {
        sha256(&self.bytes)
    }

    fn format(&self, problem: impl ToString) -> WeightsError {
        WeightsError::Format { origin: self.origin.clone(), problem: problem.to_string() }
    }

    /// Names and shapes of the tensors, by name.
    ///
    /// # Errors
    /// [`WeightsError::Format`] if the bytes are not safetensors.
    pub fn shapes(&self) -> Result<BTreeMap<String, Vec<usize>>, WeightsError> {
        let file = SafeTensors::deserialize(&self.bytes).map_err(|e| self.format(e))?;
        Ok(file.tensors().into_iter().map(|(name, view)| (name, view.shape().to_vec())).collect())
    }

    /// All tensors, in 32-bit floating point.
    ///
    /// # Errors
    /// [`WeightsError::Format`] if the bytes are not safetensors, or hold other types.
    pub fn tensors(&self) -> Result<Tensors, WeightsError> {
        let file = SafeTensors::deserialize(&self.bytes).map_err(|e| self.format(e))?;
        checkpoint::tensors(&file).map_err(|e| self.format(e))
    }

    /// A file with these tensors and the metadata of `like`.
    ///
    /// # Errors
    /// [`WeightsError::Format`] if the tensors cannot be serialised.
    pub fn from_tensors(
        origin: &str,
        tensors: &Tensors,
        like: &Self,
    ) -> Result<Self, WeightsError> {
        let (_, header) = SafeTensors::read_metadata(&like.bytes).map_err(|e| like.format(e))?;
        let bytes: BTreeMap<&String, Vec<u8>> = tensors
            .iter()
            .map(|(name, t)| (name, t.values.iter().flat_map(|v| v.to_le_bytes()).collect()))
            .collect();
        let view = |(name, tensor): (&String, &RawTensor)| {
            TensorView::new(safetensors::Dtype::F32, tensor.shape.clone(), &bytes[name])
                .map(|view| (name.clone(), view))
                .map_err(|e| like.format(e))
        };
        let views = tensors.iter().map(view).collect::<Result<BTreeMap<_, _>, _>>()?;
        let bytes =
            safetensors::serialize(views, header.metadata().clone()).map_err(|e| like.format(e))?;
        Ok(Self { origin: origin.to_owned(), bytes })
    }

    /// The bytes of the file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A metadata entry.
    ///
    /// # Errors
    /// [`WeightsError::Metadata`] if it is absent or does not parse.
    pub fn metadata<T: serde::de::DeserializeOwned>(
        &self,
        key: &'static str,
    ) -> Result<T, WeightsError> {
        let (_, header) = SafeTensors::read_metadata(&self.bytes).map_err(|e| self.format(e))?;
        let error = |problem: String| self.malformed(key, problem);
        let text = header
            .metadata()
            .as_ref()
            .and_then(|m| m.get(METADATA))
            .ok_or_else(|| error("not there".into()))?;
        let mut entries: BTreeMap<String, serde_json::Value> =
            serde_json::from_str(text).map_err(|e| error(e.to_string()))?;
        let value = entries.remove(key).ok_or_else(|| error("not there".into()))?;
        serde_json::from_value(value).map_err(|e| error(e.to_string()))
    }

    /// The error of a metadata entry that parses and still cannot be used.
    #[must_use]
    pub fn malformed(&self, key: &'static str, problem: String) -> WeightsError {
        WeightsError::Metadata { origin: self.origin.clone(), key, problem }
    }

    /// Splits off the tensors below `prefix` (which ends in a dot), without the prefix.
    ///
    /// # Errors
    /// [`WeightsError::Format`] if the bytes are not safetensors.
    pub fn below(&self, prefix: &str) -> Result<Self, WeightsError> {
        let file = SafeTensors::deserialize(&self.bytes).map_err(|e| self.format(e))?;
        let chosen = file.tensors().into_iter().filter_map(|(name, view)| {
            name.strip_prefix(prefix).map(|rest| (rest.to_owned(), view))
        });
        let bytes = safetensors::serialize(chosen, None).map_err(|e| self.format(e))?;
        Ok(Self { origin: format!("{} ({prefix}*)", self.origin), bytes })
    }

    /// Loads every tensor into `module`, whose parameters mirror the key names. Takes the file, so that large ones are not held twice.
    ///
    /// # Errors
    /// [`WeightsError::Mismatch`] if a tensor is missing, unused or of another shape: each by name.
    pub fn load<M: Module + ModuleSnapshot>(self, mut module: M) -> Result<M, WeightsError> {
        let Self { origin, bytes } = self;
        let format = |problem: String| WeightsError::Format { origin: origin.clone(), problem };
        SafeTensors::deserialize(&bytes).map_err(|e| format(e.to_string()))?;
        let mut store = SafetensorsStore::from_bytes(Some(bytes))
            .with_from_adapter(PyTorchToBurnAdapter)
            .allow_partial(true)
            .validate(false);
        let result = module.load_from(&mut store).map_err(|e| format(e.to_string()))?;
        let mut problems: Vec<String> =
            result.missing.iter().map(|(name, _)| format!("missing `{name}`")).collect();
        problems.extend(result.unused.iter().map(|name| format!("unused `{name}`")));
        problems.extend(result.errors.iter().map(ToString::to_string));
        if problems.is_empty() {
            Ok(module)
        } else {
            Err(WeightsError::Mismatch { origin, problems })
        }
    }
}

/// The safetensors bytes of modules below their prefixes, with metadata, under PyTorch key names.
///
/// # Errors
/// [`WeightsError::Format`] if a tensor cannot be serialised.
pub fn to_bytes(
    modules: Vec<(&str, Vec<u8>)>,
    metadata: BTreeMap<String, serde_json::Value>,
) -> Result<Vec<u8>, WeightsError> {
    let format = |problem: String| WeightsError::Format { origin: "the model".into(), problem };
    let parts = modules
        .iter()
        .map(|(prefix, bytes)| {
            SafeTensors::deserialize(bytes)
                .map(|file| (*prefix, file))
                .map_err(|e| format(e.to_string()))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let tensors = parts.iter().flat_map(|(prefix, file)| {
        file.tensors().into_iter().map(move |(name, view)| (format!("{prefix}{name}"), view))
    });
    let sorted: BTreeMap<String, _> = tensors.collect();
    let text = serde_json::to_string(&metadata).map_err(|e| format(e.to_string()))?;
    safetensors::serialize(sorted, Some([(METADATA.to_owned(), text)].into()))
        .map_err(|e| format(e.to_string()))
}

/// The safetensors bytes of one module under PyTorch key names.
///
/// # Errors
/// [`WeightsError::Format`] if a tensor cannot be serialised.
pub fn module_bytes<M: Module + ModuleSnapshot>(module: &M) -> Result<Vec<u8>, WeightsError> {
    let format = |problem: String| WeightsError::Format { origin: "the model".into(), problem };
    let mut store = SafetensorsStore::from_bytes(None)
        .with_to_adapter(BurnToPyTorchAdapter)
        .skip_enum_variants(true)
        .clear_metadata();
    module.save_into(&mut store).map_err(|e| format(e.to_string()))?;
    store.get_bytes().map_err(|e| format(e.to_string()))
}

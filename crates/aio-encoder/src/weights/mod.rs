//! Weights files: safetensors with PyTorch key names and one metadata entry.
//!
//! [`Weights`] reads a file and checks every tensor when a module is loaded; [`to_bytes`] writes one. [`Shipped`] are the weights that are
//! compiled into the program.

mod error;
mod mean;
mod pack;
mod preprocessing;
mod shipped;
mod tensors;
mod write;

pub use error::WeightsError;
pub use preprocessing::Preprocessing;
pub use shipped::Shipped;
pub use tensors::{Contents, FloatType, RawTensor, Tensors};
pub use write::{module_bytes, to_bytes};

use burn::module::Module;
use burn::store::{ModuleSnapshot, PyTorchToBurnAdapter, SafetensorsStore};
use safetensors::SafeTensors;
use safetensors::tensor::Metadata;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// SHA-256 of bytes, in lower-case hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// The one metadata entry of a file, a JSON object. Several entries would be written in random order, and equal
/// weights would have different checksums.
const METADATA: &str = "aio";

/// The length of a regular file. Whoever opens a pipe waits for its writer, perhaps for ever.
///
/// # Errors
/// [`WeightsError::Io`] naming the path, also if it is a folder, a pipe, a socket or a device.
pub fn regular_length(path: &Path) -> Result<u64, WeightsError> {
    let found = std::fs::metadata(path).map_err(cannot_read(path))?;
    if !found.is_file() {
        let kind = if found.is_dir() { "a folder" } else { "a pipe, a socket or a device" };
        let problem = format!("it is {kind}, expected a regular file");
        return Err(cannot_read(path)(std::io::Error::other(problem)));
    }
    Ok(found.len())
}

/// Longest header of a safetensors file, in bytes, as the format states it.
const LONGEST_HEADER: u64 = 100_000_000;

/// Whether a file has the header of a weights file of this project. Its tensors are not read.
///
/// # Errors
/// [`WeightsError::Io`] naming the path, also if it is not a regular file.
pub fn is_own(path: &Path) -> Result<bool, WeightsError> {
    let length = regular_length(path)?;
    let mut file = std::fs::File::open(path).map_err(cannot_read(path))?;
    let mut size = [0; 8];
    if length < 8 {
        return Ok(false);
    }
    file.read_exact(&mut size).map_err(cannot_read(path))?;
    let size = u64::from_le_bytes(size);
    if size > LONGEST_HEADER.min(length - 8) {
        return Ok(false);
    }
    let mut header = vec![0; size as usize];
    file.read_exact(&mut header).map_err(cannot_read(path))?;
    Ok(serde_json::from_slice(&header).is_ok_and(|header: Metadata| has_entry(&header)))
}

/// Whether a header has a metadata entry of this project.
fn has_entry(header: &Metadata) -> bool {
    header.metadata().as_ref().is_some_and(|entries| entries.contains_key(METADATA))
}

fn cannot_read(path: &Path) -> impl Fn(std::io::Error) -> WeightsError {
    let path = path.to_path_buf();
    move |source| WeightsError::Io { action: "read", path: path.clone(), source }
}

/// A weights file in memory.
#[derive(Debug, Clone)]
pub struct Weights {
    origin: String,
    bytes: Vec<u8>,
}

impl Weights {
    /// Reads a safetensors file.
    ///
    /// # Errors
    /// [`WeightsError::Io`] naming the path, also if it is not a regular file or memory is too small for it.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        let length = regular_length(path)?;
        let (unreadable, mut bytes) = (cannot_read(path), Vec::new());
        let room = usize::try_from(length).is_ok_and(|l| bytes.try_reserve_exact(l).is_ok());
        if !room {
            let problem = format!("it holds {length} bytes, more than memory has room for");
            return Err(unreadable(std::io::Error::other(problem)));
        }
        let read = std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
        read.map_err(unreadable)?;
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
        tensors::of_safetensors(&file).map_err(|e| self.format(e))
    }

    /// What a file of another project holds: its tensors of floating point, in 32 bits, and the names of those of integers.
    ///
    /// # Errors
    /// [`WeightsError::Checkpoint`] if the bytes are not safetensors, or hold other types.
    pub fn contents(&self) -> Result<Contents, WeightsError> {
        let file = SafeTensors::deserialize(&self.bytes).map_err(|e| e.to_string());
        file.and_then(|file| tensors::contents_of(&file))
            .map_err(|problem| WeightsError::Checkpoint { origin: self.origin.clone(), problem })
    }

    /// Whether there is a metadata entry of this project, whatever is in it.
    #[must_use]
    pub fn has_metadata(&self) -> bool {
        SafeTensors::read_metadata(&self.bytes).is_ok_and(|(_, header)| has_entry(&header))
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
        like.with_tensors(origin, tensors, FloatType::F32)
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
        let error = |problem: String| self.malformed(key, problem);
        let value = self.entries(key)?.remove(key).ok_or_else(|| error("not there".into()))?;
        serde_json::from_value(value)
            .map_err(|e| error(format!("{e}; another version of the program may have written it")))
    }

    /// All metadata entries; an error names `key`, which is wanted.
    fn entries(
        &self,
        key: &'static str,
    ) -> Result<BTreeMap<String, serde_json::Value>, WeightsError> {
        let error = |problem: String| self.malformed(key, problem);
        let (_, header) = SafeTensors::read_metadata(&self.bytes).map_err(|e| self.format(e))?;
        let text = header
            .metadata()
            .as_ref()
            .and_then(|m| m.get(METADATA))
            .ok_or_else(|| error("not there".into()))?;
        serde_json::from_str(text).map_err(|e| error(e.to_string()))
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

    /// Whether every tensor is below one of the prefixes, which end in a dot.
    ///
    /// # Errors
    /// [`WeightsError::Mismatch`] naming the others.
    pub fn check_prefixes(&self, prefixes: &[&str]) -> Result<(), WeightsError> {
        let is_known = |name: &str| prefixes.iter().any(|prefix| name.starts_with(prefix));
        let unknown = self.shapes()?.into_keys().filter(|name| !is_known(name));
        let problems: Vec<String> = unknown.map(|name| format!("`{name}` is unknown")).collect();
        self.without_problems(problems)
    }

    /// All tensors, each of finite values.
    fn finite_tensors(&self) -> Result<Tensors, WeightsError> {
        let tensors = self.tensors()?;
        let lost = tensors.iter().find(|(_, t)| t.values.iter().any(|value| !value.is_finite()));
        match lost {
            Some((name, _)) => {
                Err(WeightsError::NotFinite { origin: self.origin.clone(), tensor: name.clone() })
            }
            None => Ok(tensors),
        }
    }

    /// An error if there are problems with tensors of this file.
    fn without_problems(&self, problems: Vec<String>) -> Result<(), WeightsError> {
        if problems.is_empty() {
            return Ok(());
        }
        Err(WeightsError::Mismatch { origin: self.origin.clone(), problems })
    }

    /// Loads every tensor into `module`, whose parameters mirror the key names. Takes the file, so that large ones are not held twice.
    ///
    /// # Errors
    /// [`WeightsError::Mismatch`] if a tensor is missing, unused or of another shape: each by name.
    pub fn load<M: Module + ModuleSnapshot>(self, mut module: M) -> Result<M, WeightsError> {
        let Self { origin, bytes } = self;
        let format = |problem: String| WeightsError::Format { origin: origin.clone(), problem };
        let bytes = pack::widened(bytes).map_err(format)?;
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

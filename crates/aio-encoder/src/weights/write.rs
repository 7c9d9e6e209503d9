use super::{METADATA, WeightsError};
use burn::module::Module;
use burn::store::{BurnToPyTorchAdapter, ModuleSnapshot, SafetensorsStore};
use safetensors::SafeTensors;
use std::collections::BTreeMap;

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

use super::key_map::KeyMap;
use super::parts::{
    CLS, Geometry, PROJECTION_NORM, ProjectionSource, REGISTERS, add_registers, patches, projection,
};
use aio_encoder::weights::RawTensor;

/// Where a model without absolute positions has the parts in front of its blocks.
pub(super) struct Front {
    pub(super) patches: &'static str,
    pub(super) cls: &'static str,
    /// Names of the registers; a checkpoint has at most one of them.
    pub(super) registers: &'static [&'static str],
}

impl Front {
    /// Those of timm and of Meta's own files.
    pub(super) const TIMM: Self = Self {
        patches: "patch_embed.proj",
        cls: "cls_token",
        registers: &["reg_token", "storage_tokens"],
    };
    /// Those of Hugging Face's transformers.
    pub(super) const HUGGING_FACE: Self = Self {
        patches: "embeddings.patch_embeddings",
        cls: "embeddings.cls_token",
        registers: &["embeddings.register_tokens"],
    };
}

/// Stem, `[CLS]`, registers and output normalisation of DINOv3. Its embedding is the normalised `[CLS]`.
pub(super) fn parts(keys: &mut KeyMap, front: &Front, width: usize) -> Geometry {
    let patch = patches(keys, front.patches, width);
    match keys.take(front.cls) {
        Some(tensor) if tensor.values.len() == width => {
            let tensor = RawTensor { shape: vec![1, width], ..tensor };
            keys.put(front.cls, CLS, tensor);
        }
        Some(tensor) => keys.note_misshaped(front.cls, &tensor, &format!("[1, 1, {width}]")),
        None => keys.note_lacking(CLS),
    }
    for name in front.registers {
        match keys.take(name) {
            Some(tensor) if tensor.shape.last() == Some(&width) => {
                keys.note_loaded(name, REGISTERS);
                add_registers(keys, tensor.values, width);
            }
            Some(tensor) => keys.note_misshaped(name, &tensor, &format!("[1, tokens, {width}]")),
            None => {}
        }
    }
    keys.require_norm("norm", PROJECTION_NORM, width);
    projection(keys, ProjectionSource::Identity, width);
    Geometry { patch, ..Geometry::default() }
}

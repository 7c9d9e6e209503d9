use super::Layout;
use super::key_map::KeyMap;
use super::parts::{
    CLS, Geometry, Named, POSITIONS, PROJECTION_NORM, ProjectionSource, REGISTERS, add_registers,
    patches, positions, projection,
};
use super::transreid_ssl;

/// Stem, `[CLS]`, positions, registers and projection of timm's vision transformers, and of TransReID-SSL with its own stem.
///
/// # Errors
/// A sentence if the positions make no grid.
pub(super) fn parts(keys: &mut KeyMap, layout: Layout, width: usize) -> Result<Geometry, String> {
    let patch = if layout == Layout::TransreidSsl {
        transreid_ssl::stem(keys, width)
    } else {
        patches(keys, "patch_embed.proj", width)
    };
    let mut front = Vec::new();
    for name in ["cls_token", "dist_token"] {
        front.extend(keys.take(name).map(|tensor| Named { name, tensor }));
    }
    let mut grid = None;
    match keys.take("pos_embed") {
        Some(tensor) if !front.is_empty() => {
            grid = positions(keys, Named { name: "pos_embed", tensor }, front, width)?;
        }
        _ => {
            keys.note_missing(CLS);
            keys.note_missing(POSITIONS);
        }
    }
    for name in ["register_tokens", "reg_token"] {
        if let Some(tensor) = keys.take(name) {
            keys.note_loaded(name, REGISTERS);
            add_registers(keys, tensor.values, width);
        }
    }
    keys.require_norm("norm", PROJECTION_NORM, width);
    let source = projection_source(keys);
    projection(keys, source, width);
    Ok(Geometry { grid, patch })
}

/// timm stores CLIP's projection as the classifier, without a bias. A classifier with a bias is of no use here.
fn projection_source(keys: &KeyMap) -> ProjectionSource {
    let is_clip = keys.moved.contains_key("encoder.norm_pre.weight");
    if is_clip && keys.shape("head.weight").is_some() && keys.shape("head.bias").is_none() {
        ProjectionSource::EmbeddingByWidth("head.weight")
    } else {
        ProjectionSource::Identity
    }
}

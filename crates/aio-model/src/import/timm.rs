use super::Layout;
use super::key_map::KeyMap;
use super::parts::{
    CLS, Geometry, NORM_PRE, Named, POSITIONS, PROJECTION, PROJECTION_BIAS, PROJECTION_NORM,
    ProjectionSource, REGISTERS, add_registers, output_norm, patches, positions, projection,
};
use super::transreid_ssl;

/// Stem, `[CLS]`, positions, registers and projection of timm's vision transformers, and of TransReID-SSL with its own stem.
///
/// # Errors
/// A sentence if the positions make no grid, or if the embedding is the mean of the patches.
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
    let no_class_token = front.is_empty() && layout.is_pooled(keys);
    if front.is_empty() && !no_class_token {
        return Err("it has neither a class token (`cls_token`) nor an attention pooling (`attn_pool.latent`): its embedding is the mean of its patches, as in I-JEPA and timm's models with `gap` in their names, which cannot be imported".into());
    }
    if keys.shape("fc_norm.weight").is_some() && keys.shape("norm.weight").is_none() {
        return Err("it has `fc_norm` and no `norm`: its embedding is the mean of its patches, as in MAE's fine-tuned models, which cannot be imported".into());
    }
    if no_class_token {
        keys.put_constant(CLS, &[1, width], vec![0.0; width]);
    }
    let mut grid = None;
    match keys.take("pos_embed") {
        Some(tensor) => {
            grid = positions(keys, Named { name: "pos_embed", tensor }, front, width)?;
        }
        None => keys.note_lacking(POSITIONS),
    }
    for name in ["register_tokens", "reg_token"] {
        if let Some(tensor) = keys.take(name) {
            keys.note_loaded(name, REGISTERS);
            add_registers(keys, tensor.values, width);
        }
    }
    if keys.moved.contains_key(NORM_PRE) {
        output_norm(keys, "norm", width)?;
    } else {
        keys.require_norm("norm", PROJECTION_NORM, width);
    }
    let source = projection_source(keys, layout);
    projection(keys, source, width);
    if layout.is_pooled(keys) && source != ProjectionSource::Identity {
        let [embedding, _] =
            keys.moved.get(PROJECTION).map_or([0, 0], |t| [t.shape[0], t.shape[1]]);
        keys.accept("head.bias", PROJECTION_BIAS, &[embedding]);
    }
    Ok(Geometry { grid, patch, no_class_token })
}

/// timm stores CLIP's projection as the classifier, without a bias, and that of PE, with one. Another classifier with a bias is of no use here.
fn projection_source(keys: &KeyMap, layout: Layout) -> ProjectionSource {
    let is_clip = keys.moved.contains_key(NORM_PRE);
    let has_bias = keys.shape("head.bias").is_some();
    let has_head = keys.shape("head.weight").is_some();
    if is_clip && has_head && (!has_bias || layout.is_pooled(keys)) {
        ProjectionSource::EmbeddingByWidth("head.weight")
    } else {
        ProjectionSource::Identity
    }
}

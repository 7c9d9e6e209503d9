use super::key_map::KeyMap;
use super::parts::{
    CLS, Geometry, Named, POSITIONS, PROJECTION_NORM, ProjectionSource, patches, positions,
    projection,
};

/// Stem, positions and output normalisation of SigLIP's visual tower in Hugging Face's transformers. It has no class token, and its embedding is what
/// its pooling gives.
///
/// # Errors
/// A sentence if the positions make no grid.
pub(super) fn parts(keys: &mut KeyMap, width: usize) -> Result<Geometry, String> {
    let patch = patches(keys, "embeddings.patch_embedding", width);
    keys.put_constant(CLS, &[1, width], vec![0.0; width]);
    let name = "embeddings.position_embedding.weight";
    let mut grid = None;
    match keys.take(name) {
        Some(tensor) => grid = positions(keys, Named { name, tensor }, Vec::new(), width)?,
        None => keys.note_lacking(POSITIONS),
    }
    keys.require_norm("post_layernorm", PROJECTION_NORM, width);
    projection(keys, ProjectionSource::Identity, width);
    Ok(Geometry { grid, patch, no_class_token: true })
}

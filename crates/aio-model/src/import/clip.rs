use super::key_map::KeyMap;
use super::parts::{
    CLS, Geometry, Named, POSITIONS, PROJECTION_NORM, ProjectionSource, patches, positions,
    projection,
};

/// Stem, `[CLS]`, positions and projection of CLIP's visual tower.
///
/// # Errors
/// A sentence if the positions make no grid.
pub(super) fn parts(keys: &mut KeyMap, width: usize) -> Result<Geometry, String> {
    let patch = patches(keys, "conv1", width);
    let position = keys.take("positional_embedding");
    let cls = keys.take("class_embedding");
    let mut grid = None;
    if let (Some(position), Some(cls)) = (position, cls) {
        let front = vec![Named { name: "class_embedding", tensor: cls }];
        let position = Named { name: "positional_embedding", tensor: position };
        grid = positions(keys, position, front, width)?;
    } else {
        keys.note_missing(CLS);
        keys.note_missing(POSITIONS);
    }
    keys.require_norm("ln_post", PROJECTION_NORM, width);
    let source = match keys.shape("proj") {
        Some(_) => ProjectionSource::WidthByEmbedding("proj"),
        None => ProjectionSource::Identity,
    };
    projection(keys, source, width);
    Ok(Geometry { grid, patch })
}

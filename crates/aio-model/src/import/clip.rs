use super::key_map::KeyMap;
use super::parts::{
    CLS, Geometry, Named, POSITIONS, PROJECTION_NORM, ProjectionSource, TOKEN_TABLE, patches,
    positions, projection,
};

/// Stem, `[CLS]`, positions, projection and token table of CLIP.
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
    token_table(keys);
    Ok(Geometry { grid, patch })
}

/// The token table belongs to the text tower, which is stored beside the visual one.
fn token_table(keys: &mut KeyMap) {
    let beside = keys.prefix.strip_suffix("visual.").unwrap_or(&keys.prefix).to_owned();
    for name in ["token_embedding.weight", "text.token_embedding.weight"] {
        let name = format!("{beside}{name}");
        if let Some(tensor) = keys.left.remove(&name) {
            if tensor.shape.len() != 2 {
                let problem = format!("{name}: {:?}, expected [tokens, width]", tensor.shape);
                keys.coverage.misshaped.push(problem);
                return;
            }
            keys.coverage.loaded.push((name, TOKEN_TABLE.into()));
            keys.moved.insert(TOKEN_TABLE.into(), tensor);
            return;
        }
    }
}

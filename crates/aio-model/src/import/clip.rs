use super::Layout;
use super::key_map::KeyMap;
use super::parts::{
    CLS, Geometry, NORM_PRE, Named, POSITIONS, ProjectionSource, output_norm, patches, positions,
    projection,
};

/// Stem, `[CLS]`, positions and projection of CLIP's visual tower.
///
/// # Errors
/// A sentence if the positions make no grid, or if it is an encoder of CLIPA or PE that computes something else than CLIP's.
pub(super) fn parts(keys: &mut KeyMap, width: usize) -> Result<Geometry, String> {
    if !keys.moved.contains_key(NORM_PRE) {
        return Err("it has no `ln_pre` in front of its blocks. CLIPA's models have none, and their embedding is the mean of the patches, which cannot be imported".into());
    }
    let patch = patches(keys, "conv1", width);
    let position = keys.take("positional_embedding");
    let cls = keys.take("class_embedding");
    let mut grid = None;
    let no_class_token = cls.is_none() && Layout::Clip.is_pooled(keys);
    if no_class_token {
        keys.put_constant(CLS, &[1, width], vec![0.0; width]);
    }
    if let (Some(position), true) = (position, cls.is_some() || no_class_token) {
        let front = cls.map(|tensor| Named { name: "class_embedding", tensor });
        let front = front.into_iter().collect();
        let position = Named { name: "positional_embedding", tensor: position };
        grid = positions(keys, position, front, width)?;
    } else {
        keys.note_lacking(CLS);
        keys.note_lacking(POSITIONS);
    }
    output_norm(keys, "ln_post", width)?;
    let source = match keys.shape("proj") {
        Some(_) => ProjectionSource::WidthByEmbedding("proj"),
        None => ProjectionSource::Identity,
    };
    projection(keys, source, width);
    Ok(Geometry { grid, patch, no_class_token })
}

//! The attention pooling of a checkpoint.

use super::Layout;
use super::key_map::KeyMap;
use super::parts::POOLING;
use crate::PoolingConfig;
use aio_encoder::weights::RawTensor;

/// Names of a pooling's tensors.
pub(super) struct PoolingNames {
    probe: &'static str,
    /// Weight and bias of one map of queries, keys and values, or of a map of queries and one of keys and values.
    qkv: &'static [&'static str],
    proj: &'static str,
    norm: &'static str,
    fc1: &'static str,
    fc2: &'static str,
}

impl Layout {
    /// Names of the pooling of this layout, if it has one.
    fn pooling(self) -> Option<PoolingNames> {
        match self {
            Self::Clip => Some(PoolingNames {
                probe: "attn_pool.probe",
                qkv: &["attn_pool.attn.in_proj_"],
                proj: "attn_pool.attn.out_proj",
                norm: "attn_pool.layernorm",
                fc1: "attn_pool.mlp.c_fc",
                fc2: "attn_pool.mlp.c_proj",
            }),
            Self::Timm => Some(PoolingNames {
                probe: "attn_pool.latent",
                qkv: &["attn_pool.q.", "attn_pool.kv."],
                proj: "attn_pool.proj",
                norm: "attn_pool.norm",
                fc1: "attn_pool.mlp.fc1",
                fc2: "attn_pool.mlp.fc2",
            }),
            Self::HuggingFaceSiglip => Some(PoolingNames {
                probe: "head.probe",
                qkv: &["head.attention.in_proj_"],
                proj: "head.attention.out_proj",
                norm: "head.layernorm",
                fc1: "head.mlp.fc1",
                fc2: "head.mlp.fc2",
            }),
            _ => None,
        }
    }

    /// Whether a checkpoint of this layout has a pooling.
    pub(super) fn is_pooled(self, keys: &KeyMap) -> bool {
        self.pooling().is_some_and(|names| keys.shape(names.probe).is_some())
    }
}

/// Moves the pooling of a checkpoint, if it has one.
pub(super) fn pooling(
    keys: &mut KeyMap,
    layout: Layout,
    width: usize,
    heads: usize,
) -> Option<PoolingConfig> {
    let names = layout.pooling().filter(|names| keys.shape(names.probe).is_some())?;
    let mlp = *keys.shape(&format!("{}.weight", names.fc1))?.first()?;
    query_and_map(keys, &names, width);
    keys.require_norm(names.norm, &format!("{POOLING}norm"), width);
    for (from, to, rows, columns) in [
        (names.proj, "proj", width, width),
        (names.fc1, "fc1", mlp, width),
        (names.fc2, "fc2", width, mlp),
    ] {
        keys.require(&format!("{from}.weight"), &format!("{POOLING}{to}.weight"), &[rows, columns]);
        keys.require(&format!("{from}.bias"), &format!("{POOLING}{to}.bias"), &[rows]);
    }
    if let Some((part, _)) = names.probe.split_once('.') {
        keys.note_unknown(&format!("{}{part}.", keys.prefix));
    }
    Some(PoolingConfig { heads, mlp })
}

/// The query is the map of queries of the learned probe: `W·probe + b`. Keys and values keep their map.
fn query_and_map(keys: &mut KeyMap, names: &PoolingNames, width: usize) {
    let (query, kv) = (format!("{POOLING}query"), format!("{POOLING}kv."));
    let probe = keys.take(names.probe);
    let mut of = |part: &str| {
        let full: Vec<String> = names.qkv.iter().map(|name| format!("{name}{part}")).collect();
        let found: Option<Vec<RawTensor>> = full.iter().map(|name| keys.take(name)).collect();
        (
            full,
            found.map(|tensors| tensors.into_iter().flat_map(|t| t.values).collect::<Vec<f32>>()),
        )
    };
    let ((weight_names, weight), (bias_names, bias)) = (of("weight"), of("bias"));
    let (Some(probe), Some(weight), Some(bias)) = (probe, weight, bias) else {
        return [query, format!("{kv}weight"), format!("{kv}bias")]
            .iter()
            .for_each(|name| keys.note_lacking(name));
    };
    let lengths = [probe.values.len(), weight.len(), bias.len()];
    if lengths != [width, 3 * width * width, 3 * width] {
        let expected = format!("one query of {width}, and maps to {} and {}", width, 2 * width);
        return keys.note_misshaped(names.probe, &probe, &expected);
    }
    let rows = weight.chunks_exact(width).zip(&bias).take(width);
    let dot =
        |row: &[f32]| row.iter().zip(&probe.values).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    let values = rows.map(|(row, bias)| (dot(row) + f64::from(*bias)) as f32).collect();
    keys.put(names.probe, &query, RawTensor { shape: vec![width], values });
    weight_names.iter().for_each(|name| keys.note_loaded(name, &format!("{kv}weight")));
    bias_names.iter().for_each(|name| keys.note_loaded(name, &format!("{kv}bias")));
    keys.put_constant(
        &format!("{kv}weight"),
        &[2 * width, width],
        weight[width * width..].to_vec(),
    );
    keys.put_constant(&format!("{kv}bias"), &[2 * width], bias[width..].to_vec());
}

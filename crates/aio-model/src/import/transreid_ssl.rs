use super::key_map::KeyMap;
use super::parts::{PATCH_BIAS, PATCH_WEIGHT, STEM_LAYERS};
use aio_encoder::weights::RawTensor;

/// The three convolutions of the stem: numbers of convolution and normalisation in `patch_embed.conv`, side of the kernel, whether it has IBN.
const LAYERS: [Layer; 3] = [
    Layer { conv: 0, norm: 1, side: 7, ibn: true },
    Layer { conv: 3, norm: 4, side: 3, ibn: true },
    Layer { conv: 6, norm: 7, side: 3, ibn: false },
];

struct Layer {
    conv: usize,
    norm: usize,
    side: usize,
    ibn: bool,
}

/// TransReID-SSL's stem: three convolutions with IBN, IBN and batch normalisation, then one convolution per patch. Returns the side of a patch
/// in pixels: the first convolution halves the picture.
pub(super) fn stem(keys: &mut KeyMap, width: usize) -> Option<usize> {
    let size = |keys: &KeyMap, name: &str, axis: usize| {
        keys.shape(name).and_then(|shape| shape.get(axis).copied())
    };
    let channels = size(keys, "patch_embed.conv.0.weight", 0).unwrap_or(0);
    for (number, layer) in LAYERS.iter().enumerate() {
        let inputs = if number == 0 { 3 } else { channels };
        let to = format!("{STEM_LAYERS}.{number}.");
        keys.require(
            &format!("patch_embed.conv.{}.weight", layer.conv),
            &format!("{to}conv.weight"),
            &[channels, inputs, layer.side, layer.side],
        );
        let from = format!("patch_embed.conv.{}.", layer.norm);
        if layer.ibn {
            ibn(keys, &from, &to, channels);
        } else {
            for part in ["weight", "bias", "running_mean", "running_var"] {
                keys.require(&format!("{from}{part}"), &format!("{to}norm.{part}"), &[channels]);
            }
        }
        // Counters of batches are integers, which some files store as floats.
        for counter in ["num_batches_tracked", "BN.num_batches_tracked"] {
            keys.take(&format!("{from}{counter}"));
        }
    }
    let side = size(keys, "patch_embed.proj.weight", 2).unwrap_or(8);
    keys.require("patch_embed.proj.weight", PATCH_WEIGHT, &[width, channels, side, side]);
    keys.require("patch_embed.proj.bias", PATCH_BIAS, &[width]);
    let stored = keys.moved.get(PATCH_WEIGHT)?;
    stored.shape.get(2).map(|side| 2 * side)
}

/// IBN: the affine maps of instance and batch normalisation become one vector, the running statistics are those of batch normalisation.
fn ibn(keys: &mut KeyMap, from: &str, to: &str, channels: usize) {
    let half = channels / 2;
    for part in ["weight", "bias"] {
        let (instance, batch) = (format!("{from}IN.{part}"), format!("{from}BN.{part}"));
        let to = format!("{to}norm.{part}");
        match (keys.take(&instance), keys.take(&batch)) {
            (Some(a), Some(b)) if a.shape == [half] && b.shape == [channels - half] => {
                let values = [a.values, b.values].concat();
                keys.note_loaded(&instance, &to);
                keys.put(&batch, &to, RawTensor { shape: vec![channels], values });
            }
            _ => keys.note_lacking(&to),
        }
    }
    for part in ["running_mean", "running_var"] {
        keys.require(&format!("{from}BN.{part}"), &format!("{to}norm.{part}"), &[channels - half]);
    }
}

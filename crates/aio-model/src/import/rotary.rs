//! Which checkpoints turn queries and keys by the places of their tokens. Nothing in a file says so but the names beside which there are no
//! other positions.

use super::Layout;
use super::key_map::KeyMap;
use aio_encoder::{Coordinates, RotaryConfig};

/// The rotary positions of a published family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rotary {
    /// DINOv3: no other positions; the map of the keys has no bias.
    Dinov3,
    /// PE-Core: beside absolute positions.
    PeCore {
        /// Whether there is a class token, with which rows and columns are counted from 1.
        class_token: bool,
    },
}

impl Rotary {
    /// The rotary positions of a checkpoint, if it has some.
    pub(super) fn of(keys: &KeyMap, layout: Layout) -> Option<Self> {
        let has = |name: &str| keys.shape(name).is_some();
        match layout {
            Layout::HuggingFaceDinov3 => Some(Self::Dinov3),
            Layout::Clip if layout.is_pooled(keys) => {
                Some(Self::PeCore { class_token: has("class_embedding") })
            }
            // SigLIP has such a pooling too, and no normalisation in front of its blocks.
            Layout::Timm if layout.is_pooled(keys) && has("norm_pre.weight") => {
                Some(Self::PeCore { class_token: has("cls_token") })
            }
            // Registers tell it from other models of timm without absolute positions, whose rotary positions are of other kinds.
            Layout::Timm if has("cls_token") && !has("pos_embed") => {
                let of_timm = has("reg_token") && has("blocks.0.gamma_1");
                (has("storage_tokens") || of_timm).then_some(Self::Dinov3)
            }
            _ => None,
        }
    }

    /// The angles.
    pub(super) fn config(self) -> RotaryConfig {
        match self {
            Self::Dinov3 => RotaryConfig { base: 100.0, coordinates: Coordinates::Centred },
            Self::PeCore { class_token: true } => {
                RotaryConfig { base: 10_000.0, coordinates: Coordinates::CountedFromOne }
            }
            Self::PeCore { class_token: false } => {
                RotaryConfig { base: 10_000.0, coordinates: Coordinates::CountedFromZero }
            }
        }
    }

    /// Puts the rows of the queries' and keys' maps of a block below `to` into the order in which their channels are turned here.
    ///
    /// PE turns neighbouring channels, first those of columns and then those of rows. A permutation of the channels of queries and keys of a head changes
    /// none of their products.
    pub(super) fn reorder(self, keys: &mut KeyMap, to: &str, width: usize, heads: usize) {
        if self == Self::Dinov3 {
            return;
        }
        let head_dim = width / heads;
        for part in ["weight", "bias"] {
            let Some(tensor) = keys.moved.get_mut(&format!("{to}attn.qkv.{part}")) else {
                continue;
            };
            let row = tensor.values.len() / (3 * width);
            let before = tensor.values.clone();
            for (i, values) in tensor.values.chunks_exact_mut(row).take(2 * width).enumerate() {
                let first = i - i % head_dim;
                let from = first + channel(i % head_dim, head_dim);
                values.copy_from_slice(&before[from * row..(from + 1) * row]);
            }
        }
    }
}

/// The channel of a head of PE that becomes the channel `ours`.
fn channel(ours: usize, head_dim: usize) -> usize {
    let (half, quarter) = (head_dim / 2, head_dim / 4);
    let pair = (ours % half + quarter) % half;
    2 * pair + ours / half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_channels_become_halves_with_rows_in_front() {
        // Eight channels: PE's pairs (0 1)(2 3) belong to columns, (4 5)(6 7) to rows.
        let found: Vec<usize> = (0..8).map(|ours| channel(ours, 8)).collect();
        assert_eq!(found, [4, 6, 0, 2, 5, 7, 1, 3]);
    }
}

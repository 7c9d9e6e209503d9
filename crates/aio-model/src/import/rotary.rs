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
}

impl Rotary {
    /// The rotary positions of a checkpoint, if it has some.
    pub(super) fn of(keys: &KeyMap, layout: Layout) -> Option<Self> {
        let has = |name: &str| keys.shape(name).is_some();
        match layout {
            Layout::HuggingFaceDinov3 => Some(Self::Dinov3),
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
        }
    }
}

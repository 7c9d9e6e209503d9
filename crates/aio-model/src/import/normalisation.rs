use super::{Imported, Layout};
use serde::{Deserialize, Serialize};

/// Mean and standard deviation that pictures are normalised with.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Normalisation {
    /// By the name of a published file, otherwise by the layout: CLIP's for CLIP and Meta-Transformer, ImageNet's for DINOv2 and DINOv3, 0.5
    /// for the others. DINO, MAE and DeiT have the layout of timm's own weights but need `imagenet`.
    #[default]
    Auto,
    /// CLIP's.
    Clip,
    /// ImageNet's.
    Imagenet,
    /// 0.5 and 0.5.
    Half,
}

/// Mean and standard deviation per channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ChannelStatistics {
    pub(super) mean: [f32; 3],
    pub(super) std: [f32; 3],
}

/// CLIP's.
const CLIP: ChannelStatistics = ChannelStatistics {
    mean: [0.481_454_66, 0.457_827_5, 0.408_210_73],
    std: [0.268_629_54, 0.261_302_6, 0.275_777_1],
};
/// ImageNet's.
const IMAGENET: ChannelStatistics =
    ChannelStatistics { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
/// Those of most of timm's own weights and of TransReID-SSL.
const HALF: ChannelStatistics = ChannelStatistics { mean: [0.5; 3], std: [0.5; 3] };

impl Normalisation {
    /// The statistics for a checkpoint; `Auto` decides by its layout.
    pub(super) fn statistics(self, imported: &Imported) -> ChannelStatistics {
        match self {
            Self::Clip => CLIP,
            Self::Imagenet => IMAGENET,
            Self::Half => HALF,
            Self::Auto => of_layout(imported),
        }
    }
}

fn of_layout(imported: &Imported) -> ChannelStatistics {
    let is_dinov2 = imported.encoder.layer_scale || imported.registers() > 0;
    if imported.pooling.is_some() {
        return HALF;
    }
    match imported.layout {
        Layout::Clip | Layout::MetaTransformer => CLIP,
        Layout::Timm if imported.encoder.pre_norm => CLIP,
        Layout::HuggingFaceDinov3 => IMAGENET,
        Layout::HuggingFaceSiglip => HALF,
        Layout::Timm if is_dinov2 => IMAGENET,
        Layout::Timm | Layout::TransreidSsl => HALF,
    }
}

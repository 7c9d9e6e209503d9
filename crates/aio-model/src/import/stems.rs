use aio_tokenize::{StemConfig, StemKind};
use serde::{Deserialize, Serialize};

/// TransReID-SSL's stem.
pub(super) const TRANSREID_SSL: StemConfig =
    StemConfig { kind: StemKind::TransreidSsl, channels: 64, patch: 16, ibn: true };

/// Names of the image stems in the model.
const IMAGE_STEMS: [&str; 4] = ["rgb.", "infrared.", "sketch.", "colour_pencil."];

/// Where image stems and text table start from.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Stems {
    /// From the checkpoint, if it has them. Stems from scratch in front of frozen blocks are known to train poorly.
    #[default]
    FromCheckpoint,
    /// Stems, `[CLS]` and text table from scratch. The stem is TransReID-SSL's, or a pyramid if the weights have one.
    Fresh,
    /// Only the stems from scratch, with IBN: TransReID-SSL's layers (a reconstruction of the paper's projectors) over patches of the weights'
    /// size, or a pyramid if the weights have one.
    FreshIbn,
    /// As `fresh-ibn`, with batch normalisation instead of IBN: the plain stem of an ablation.
    FreshBatch,
    /// Only the stems from scratch, with one convolution per patch.
    FreshPatch,
}

impl Stems {
    /// The stem that replaces `known`.
    pub(super) fn replacement(self, known: StemConfig) -> StemConfig {
        let deep = match known.kind {
            StemKind::Patch => StemConfig { patch: known.patch, ..TRANSREID_SSL },
            StemKind::TransreidSsl | StemKind::Pyramid => known,
        };
        match self {
            Self::FromCheckpoint => known,
            Self::Fresh if deep.kind == StemKind::TransreidSsl => TRANSREID_SSL,
            Self::Fresh | Self::FreshIbn => StemConfig { ibn: true, ..deep },
            Self::FreshBatch => StemConfig { ibn: false, ..deep },
            Self::FreshPatch => StemConfig { kind: StemKind::Patch, channels: 0, ..known },
        }
    }

    /// Whether the tensor of this name starts from scratch.
    pub(super) fn redraws(self, name: &str) -> bool {
        let Some(part) = name.strip_prefix("tokenizers.") else { return false };
        match self {
            Self::FromCheckpoint => false,
            Self::Fresh => true,
            Self::FreshIbn | Self::FreshBatch | Self::FreshPatch => {
                IMAGE_STEMS.iter().any(|stem| part.starts_with(stem))
            }
        }
    }
}

//! Layouts of checkpoints: how they are recognised and what their blocks' tensors are called.

use super::parts::OPEN_CLIP_TRUNK;
use aio_encoder::weights::Tensors;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whose names a checkpoint uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// Blocks alone, numbered at the top.
    MetaTransformer,
    /// OpenAI's and open_clip's visual tower, and the text tower's token table.
    Clip,
    /// timm's vision transformer.
    Timm,
    /// timm's with the convolution stem of TransReID-SSL.
    TransreidSsl,
    /// DINOv3 in Hugging Face's transformers.
    HuggingFaceDinov3,
    /// The visual tower of SigLIP in Hugging Face's transformers.
    HuggingFaceSiglip,
}

impl Layout {
    /// Every layout.
    pub const ALL: [Self; 6] = [
        Self::MetaTransformer,
        Self::Clip,
        Self::Timm,
        Self::TransreidSsl,
        Self::HuggingFaceDinov3,
        Self::HuggingFaceSiglip,
    ];

    /// The name on the command line and in weights files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MetaTransformer => "meta-transformer",
            Self::Clip => "clip",
            Self::Timm => "timm",
            Self::TransreidSsl => "transreid-ssl",
            Self::HuggingFaceDinov3 => "hugging-face-dinov3",
            Self::HuggingFaceSiglip => "hugging-face-siglip",
        }
    }

    /// A tensor that every checkpoint of this layout has, below a prefix.
    fn marker(self) -> &'static str {
        match self {
            Self::MetaTransformer => "0.norm1.weight",
            Self::Clip => "transformer.resblocks.0.ln_1.weight",
            Self::Timm => "blocks.0.norm1.weight",
            Self::TransreidSsl => "patch_embed.conv.0.weight",
            Self::HuggingFaceDinov3 => "layer.0.attention.q_proj.weight",
            // The text tower has no such thing.
            Self::HuggingFaceSiglip => "head.probe",
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Finds the layout of a checkpoint and the prefix of its names.
///
/// # Errors
/// A sentence if no layout fits.
pub(super) fn detect(tensors: &Tensors, hint: Option<Layout>) -> Result<(Layout, String), String> {
    refuse_own(tensors)?;
    if let Some(layout) = hint {
        let prefix = prefix(tensors, layout).ok_or_else(|| no_layout(tensors))?;
        return checked(tensors, layout, prefix);
    }
    let in_trunk = prefix(tensors, Layout::Timm).filter(|p| p.ends_with(OPEN_CLIP_TRUNK));
    if let Some(prefix) = in_trunk {
        // The text tower beside it has CLIP's names.
        return Ok((Layout::Timm, prefix));
    }
    for layout in [
        Layout::HuggingFaceDinov3,
        Layout::HuggingFaceSiglip,
        Layout::TransreidSsl,
        Layout::Clip,
        Layout::Timm,
        Layout::MetaTransformer,
    ] {
        match prefix(tensors, layout) {
            // timm's blocks without a stem are a file of blocks alone, whatever their prefix. Files that Burn saved are of this kind.
            Some(prefix) if layout == Layout::Timm && !has_stem(tensors, &prefix) => {}
            Some(prefix) => return checked(tensors, layout, prefix),
            None => {}
        }
    }
    Err(no_layout(tensors))
}

/// Refuses names of a weights file of this project. Its metadata say what no tensor shows, and whoever reads it looks for them first.
fn refuse_own(tensors: &Tensors) -> Result<(), String> {
    let has = |beginning: &str| tensors.keys().any(|name| name.starts_with(beginning));
    if has("encoder.blocks.") && has("tokenizers.") {
        return Err("its names are those of a weights file of this project, whose sizes are in the metadata entry `aio`, and it has none; a program that stores the tensors again must keep the metadata of the file".into());
    }
    Ok(())
}

/// Refuses the text tower of a CLIP whose visual one is no vision transformer: its blocks have the names of one. Refuses a file of blocks alone that holds
/// something else: whatever does not lie among them belongs to a model that is not known.
fn checked(tensors: &Tensors, layout: Layout, prefix: String) -> Result<(Layout, String), String> {
    let is_visual = |name: &String| name.starts_with(&format!("{prefix}visual."));
    if layout == Layout::Clip && tensors.keys().any(is_visual) {
        return Err(format!(
            "its visual tower is no vision transformer: below `{prefix}visual.` it has no `{}`; a ResNet or a ConvNeXt cannot be imported",
            layout.marker()
        ));
    }
    let outside = tensors.keys().find(|name| !name.starts_with(&prefix));
    match outside.filter(|_| layout == Layout::MetaTransformer) {
        Some(name) => Err(format!(
            "{}; `{prefix}{}` would make it a file of blocks alone, but `{name}` is none of them",
            no_layout(tensors),
            layout.marker()
        )),
        None => Ok((layout, prefix)),
    }
}

/// What stands in front of the names, if the checkpoint has the layout's marker. Of the two networks in a file of DINO's training, the teacher is the
/// model; student and teacher have the same names.
fn prefix(tensors: &Tensors, layout: Layout) -> Option<String> {
    let mut found: Vec<&str> = tensors
        .keys()
        .filter_map(|name| name.strip_suffix(layout.marker()))
        .filter(|prefix| prefix.is_empty() || prefix.ends_with('.'))
        .collect();
    // The text tower of a CLIP file has blocks of the same names.
    found.sort_by_key(|prefix| {
        (!prefix.contains("visual"), !prefix.contains("teacher"), prefix.len())
    });
    found.first().map(|prefix| (*prefix).to_owned())
}

fn has_stem(tensors: &Tensors, prefix: &str) -> bool {
    tensors.contains_key(&format!("{prefix}patch_embed.proj.weight"))
}

fn no_layout(tensors: &Tensors) -> String {
    let known = Layout::ALL.map(|l| format!("{l} (…{})", l.marker())).join(", ");
    let some: Vec<&str> = tensors.keys().take(5).map(String::as_str).collect();
    format!(
        "its names are of no known layout: {known}; it has {} tensors, such as {}",
        tensors.len(),
        some.join(", ")
    )
}

/// Names of the tensors of a block. The map of queries, keys and values is one matrix, or three.
pub(super) struct BlockNames {
    pub(super) norm1: &'static str,
    pub(super) qkv: &'static [&'static str],
    pub(super) proj: &'static str,
    pub(super) norm2: &'static str,
    pub(super) fc1: &'static str,
    pub(super) fc2: &'static str,
    /// The scales of both branches: any of these names, if the blocks have them.
    pub(super) scales: &'static [[&'static str; 2]],
}

impl Layout {
    /// Prefix of a block's names, below the prefix of the checkpoint.
    pub(super) fn block(self, number: usize) -> String {
        match self {
            Self::MetaTransformer => format!("{number}."),
            Self::Clip => format!("transformer.resblocks.{number}."),
            Self::Timm | Self::TransreidSsl => format!("blocks.{number}."),
            Self::HuggingFaceDinov3 => format!("layer.{number}."),
            Self::HuggingFaceSiglip => format!("encoder.layers.{number}."),
        }
    }

    pub(super) fn block_names(self) -> BlockNames {
        match self {
            Self::Clip => BlockNames {
                norm1: "ln_1",
                qkv: &["attn.in_proj_"],
                proj: "attn.out_proj",
                norm2: "ln_2",
                fc1: "mlp.c_fc",
                fc2: "mlp.c_proj",
                scales: &[],
            },
            Self::MetaTransformer | Self::Timm | Self::TransreidSsl => BlockNames {
                norm1: "norm1",
                qkv: &["attn.qkv."],
                proj: "attn.proj",
                norm2: "norm2",
                fc1: "mlp.fc1",
                fc2: "mlp.fc2",
                scales: &[["ls1.gamma", "ls2.gamma"]],
            },
            Self::HuggingFaceDinov3 => BlockNames {
                norm1: "norm1",
                qkv: &["attention.q_proj.", "attention.k_proj.", "attention.v_proj."],
                proj: "attention.o_proj",
                norm2: "norm2",
                fc1: "mlp.up_proj",
                fc2: "mlp.down_proj",
                scales: &[["layer_scale1.lambda1", "layer_scale2.lambda1"]],
            },
            Self::HuggingFaceSiglip => BlockNames {
                norm1: "layer_norm1",
                qkv: &["self_attn.q_proj.", "self_attn.k_proj.", "self_attn.v_proj."],
                proj: "self_attn.out_proj",
                norm2: "layer_norm2",
                fc1: "mlp.fc1",
                fc2: "mlp.fc2",
                scales: &[],
            },
        }
    }
}

//! Checkpoints of other projects: read, put under this project's names, and completed to a [`Backbone`](crate::Backbone).
//!
//! ```text
//! file → own, read (files, pickle) → named tensors
//!      → import (imported, layout, blocks, attention, rotary, pooling, parts, clip, text, siglip_text, timm, transreid_ssl, dinov3, siglip; key_map and
//!        coverage keep the account) → Imported
//!      → convert (assemble, tokenizer_file, stems, normalisation, redraw) → weights file
//! ```
//!
//! [`open()`] takes a name and does all of it; [`PUBLISHED`] lists what other projects published.
//!
//! | layout | known by | source |
//! |---|---|---|
//! | Meta-Transformer | `0.norm1.weight`, blocks alone | invictus717/MetaTransformer; blocks that Burn saved (`.bpk`) |
//! | CLIP | `transformer.resblocks.0.ln_1.weight` | openai/CLIP, mlfoundations/open_clip; PE-Core of facebookresearch/perception_models |
//! | timm | `blocks.0.norm1.weight` with `patch_embed.proj.weight` | timm's `VisionTransformer` and `Eva`: AugReg, CLIP, DeiT, MAE, DINO, DINOv2, DINOv3, PE-Core, SigLIP |
//! | TransReID-SSL | the same with `patch_embed.conv.0.weight` | damo-cv/TransReID-SSL |
//! | Hugging Face's SigLIP | `head.probe` | huggingface/transformers, `SiglipModel` |
//! | Hugging Face's DINOv3 | `layer.0.attention.q_proj.weight` | huggingface/transformers, `DINOv3ViTModel` |
//!
//! A checkpoint has at most one image stem, which becomes the stem of RGB. The stems of infrared, sketch and colour pencil start as copies of it:
//! [`aio_tokenize::Tokenizers::from_pretrained`].

mod assemble;
mod attention;
mod blocks;
mod clip;
mod coverage;
mod dinov3;
mod files;
mod hints;
mod imported;
mod key_map;
mod layout;
mod normalisation;
mod open;
mod own;
mod parts;
mod pickle;
mod pooling;
mod redraw;
mod registry;
mod rotary;
mod siglip;
mod siglip_text;
mod stems;
mod text;
mod timm;
mod tokenizer_file;
mod transreid_ssl;

pub use assemble::{Converted, ImportOptions, convert};
pub use coverage::Coverage;
pub use files::read;
pub use hints::Hints;
pub use imported::{Imported, import};
pub use layout::Layout;
pub use normalisation::Normalisation;
pub use open::{Opened, open, open_encoder, tokenizer_beside};
pub use own::own_weights;
pub use redraw::{with_random_encoder, with_stems};
pub use registry::{PUBLISHED, PublishedCheckpoint, normalisation_by_name, published};
pub use stems::Stems;

//! The heads and their losses: identity, attribute (VGMAM) and binding, and the tag head of pre-training.
//!
//! Losses are compared with PyTorch, values and gradients: `tests/losses.rs` against the numbers that `scripts/golden/heads.py` prints. The
//! documentation of each item says which equations are reconstructions.

mod attribute;
mod binding;
mod buffer;
mod centres;
mod identity;
pub mod loss;
mod queue;
mod tags;

pub use attribute::{
    AttributeHead, AttributeVocabulary, AttributeWord, MASK, Masked, WordCount, attribute_accuracy,
    attribute_loss,
};
pub use binding::{
    AnchorFeatures, AnchorGradient, BindingKind, BindingOptions, Labelled, OwnPhoto, binding_loss,
    not_partners, part_hinge,
};
pub use centres::{Centres, RowAdamW};
pub use identity::IdentityHead;
pub use queue::{AnchorQueue, AnchorRows};
pub use tags::TagHead;

//! The cross-modal heads and their losses: identity, attribute (VGMAM) and binding; and the tag head of pre-training.
//!
//! Equations are reconstructions where the module says so; the loss functions are tested against numbers printed by
//! PyTorch (`tests/golden.py`).

mod attribute;
mod binding;
mod identity;
pub mod loss;
mod tags;

pub use attribute::{AttributeHead, AttributeVocabulary, MASK, Masked};
pub use binding::{Anchors, OwnPhoto, binding_loss};
pub use identity::IdentityHead;
pub use tags::TagHead;

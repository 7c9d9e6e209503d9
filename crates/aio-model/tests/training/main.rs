//! The model in training, at a small size: what learns, the loss terms, activation checkpointing, and embedding afterwards.

mod activation_checkpointing;
mod adaptation;
mod adapters;
mod attribute;
mod binding;
mod extractor;
mod fixtures;
mod freezing;
mod fusion;
mod gradients;
mod losses;
mod shapes;
mod text_tower;
mod tokens;

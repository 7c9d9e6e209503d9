//! The street: people and places in three dimensions, as cameras and artists show them.

pub mod photo;
pub mod scene;

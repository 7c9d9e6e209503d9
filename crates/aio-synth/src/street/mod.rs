//! The street: people and places in three dimensions, as cameras and artists show them.

mod body;
pub mod caption;
pub mod compose;
pub mod corpus;
pub mod drawing;
pub mod infrared;
pub mod person;
pub mod photo;
pub mod raster;
pub mod scene;
mod texture;

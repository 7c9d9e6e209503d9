//! Places and what a camera sees of them.

mod holes;
pub mod light;
pub(in crate::street) mod noise;
pub mod place;
pub mod render;
pub mod sampling;
pub mod shape;
pub(in crate::street) mod space;
pub mod surface;
pub mod trace;
pub mod view;

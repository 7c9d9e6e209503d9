//! Pictures of a person: photographs in visible light and near infrared, pencil sketches, colour-pencil drawings.

pub mod layer;
mod occluder;
pub mod photograph;
pub mod portrait;
pub mod station;
pub mod style;

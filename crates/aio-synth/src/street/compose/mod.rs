//! Pictures of a person: photographs in visible light and near infrared, pencil sketches, colour-pencil drawings.
//!
//! [`Domain::picture`](domain::Domain::picture) is the entry point. People enter through the traits of [`layer`]: a
//! [`Model`](layer::Model) can be put anywhere, a [`Figure`](layer::Figure) gives its samples in a crop. The place
//! stands in [`scene`](super::scene), the camera's part is [`photo`](super::photo), the artist's is
//! [`drawing`](super::drawing).

pub mod domain;
pub mod layer;
mod occluder;
pub mod photograph;
pub mod portrait;
pub mod station;
pub mod style;

//! The small types that every crate of the framework shares: modalities, labels, pictures in memory and random streams.
//!
//! Nothing here reads a file or knows of data sets, tensors or metrics.

mod label;
mod metric_id;
mod modality;
mod picture;
mod rng;
mod task_id;

pub use label::{Camera, Identity, SourcePhoto};
pub use metric_id::{Measure, MetricId, ParseMeasureError, ParseMetricError};
pub use modality::{Modality, ModalitySet, ParseModalityError};
pub use picture::{Picture, PictureSize};
pub use rng::rng;
pub use task_id::{ParseTaskError, TaskId, TaskPattern, TaskQuery};

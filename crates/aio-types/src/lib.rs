//! The small types that every crate shares: modalities, labels, pictures in memory, places on their grids, what is known of a
//! person, names of tasks and metrics, random streams.
//!
//! Nothing here reads a file or depends on a data set, a tensor or a metric.

mod grid_place;
mod label;
mod metric_id;
mod modality;
mod nearest;
mod observation;
mod picture;
mod rng;
mod task_id;

pub use grid_place::GridPlace;
pub use label::{Camera, Clothes, Identity, SourcePhoto};
pub use metric_id::{Measure, MetricId, ParseMeasureError, ParseMetricError};
pub use modality::{Modality, ModalitySet, ParseModalityError};
pub use nearest::nearest;
pub use observation::Observation;
pub use picture::{Picture, PictureSize};
pub use rng::rng;
pub use task_id::{ParseTaskError, TaskId, TaskPattern, TaskQuery};

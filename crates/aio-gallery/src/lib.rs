//! Persistent galleries: features and rows of pictures on disk, searched in place.
//!
//! A gallery is a directory. `gallery.json` names immutable segments, each with features, rows, and thumbnails, and the rows that are
//! removed. A [`Writer`] adds segments and then replaces `gallery.json`; a [`Gallery`] is a snapshot that later writes do not change.
//!
//! ```
//! use aio_gallery::{Content, Entry, Gallery, Model, Query, Record, Storage, Unclaimed, Writer};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let directory = folder.path().join("people");
//! // What makes the features: two models whose weights or settings differ do not fit each other.
//! let model = Model {
//!     name: "two-values".into(),
//!     sha256: "the hash of its weights".into(),
//!     settings: Default::default(),
//!     description: Default::default(),
//! };
//! // `Unclaimed` is for directories that no other process can change; others need a lock.
//! let mut writer = Writer::create(&directory, model.clone(), 2, Storage::F32, Unclaimed)?;
//! for (path, camera, features) in
//!     [("a.jpg", "gate 1", [1.0, 0.0]), ("b.jpg", "gate 2", [0.6, 0.8]), ("c.jpg", "gate 2", [0.0, 2.0])]
//! {
//!     let content = Content::of([("rgb", path.as_bytes())]);
//!     let record = Record {
//!         path: Some(path.into()),
//!         camera: Some(camera.into()),
//!         modality: "rgb".into(),
//!         ..Record::default()
//!     };
//!     writer.add(Entry { content, features: &features, record, thumbnail: &[] })?;
//! }
//! writer.commit()?;
//!
//! let gallery = Gallery::open(&directory)?;
//! let mut query = Query::of(model, vec![3.0, 4.0], "rgb", 2);
//! let hits = gallery.search(&query)?;
//! assert_eq!(hits[0].record.path.as_deref(), Some("b.jpg"));
//! assert!((hits[0].similarity - 1.0).abs() < 1e-6);
//! query.filter.cameras = vec!["gate 1".into()];
//! assert_eq!(gallery.search(&query)?[0].row, 0);
//!
//! writer.remove(&[1])?;
//! writer.compact(&|| false)?;
//! query.filter = Default::default();
//! // The gallery that was opened stays as it was.
//! assert_eq!(gallery.search(&query)?[0].row, 1);
//! assert_eq!(Gallery::open(&directory)?.search(&query)?[0].row, 2);
//! # Ok(())
//! # }
//! ```
//!
//! Nothing here embeds or prints: rows come with their features, and a search returns [`Hit`]s. docs/gallery.md describes the files and
//! what is guaranteed.

mod calibration;
mod detections;
mod encode;
mod error;
mod gallery;
mod groups;
mod index;
mod layout;
mod manifest;
mod mapped;
mod model;
mod product;
mod recall;
mod record;
mod refine;
mod search;
mod segment;
mod step;
mod sums;
mod time;
mod verify;
mod writer;

pub use calibration::{
    Calibration, Curve, Labelled, Method, calibrate, expected_calibration_error,
};
pub use detections::{Detected, Detection, Frames, Source, coco, mot};
pub use encode::Storage;
pub use error::{GalleryError, Result};
pub use gallery::{Gallery, Row};
pub use layout::{MANIFEST, SEGMENTS};
pub use model::Model;
pub use recall::{Recall, recall};
pub use record::{BoundingBox, Content, Record};
pub use refine::{
    CANDIDATES, Dialogue, Mentions, Phrase, Question, REPLY_WEIGHT, Replied, Reply, best_question,
    described, questions, rocchio,
};
pub use search::{
    Answer, Check, Collection, Condition, Filter, Group, Hit, Near, Query, Relation, Scan,
};
pub use step::Step;
pub use time::{TIME_FORMS, Time, format_time, parse_time};
pub use verify::{Damage, Verified};
pub use writer::{Added, Claim, Compacted, Entry, Indexed, Merged, Unclaimed, Writer};

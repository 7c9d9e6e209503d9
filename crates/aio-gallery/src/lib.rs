//! Persistent galleries: features and rows of pictures on disk, searched in place.
//!
//! A gallery is a directory. `gallery.json` names immutable segments, each with features, rows, and thumbnails, and the rows that are
//! removed. A [`Writer`] adds segments and then replaces `gallery.json`; a [`Gallery`] is a snapshot that later writes do not change.
//!
//! Nothing here embeds or prints: rows come with their features, and a search returns [`Hit`]s. docs/gallery.md describes the files and
//! what is guaranteed.

mod calibration;
mod detections;
mod encode;
mod error;
mod gallery;
mod layout;
mod manifest;
mod mapped;
mod model;
mod product;
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
pub use detections::{Detection, Frames, Source, coco, mot};
pub use encode::Storage;
pub use error::{GalleryError, Result};
pub use gallery::{Gallery, Row};
pub use layout::MANIFEST;
pub use model::Model;
pub use record::{BoundingBox, Content, Record};
pub use refine::{
    CANDIDATES, Dialogue, Mentions, Phrase, Question, REPLY_WEIGHT, Replied, Reply, best_question,
    questions, rocchio,
};
pub use search::{Answer, Check, Collection, Condition, Filter, Hit, Query, Relation};
pub use step::Step;
pub use time::{TIME_FORMS, Time, format_time, parse_time};
pub use verify::{Damage, Verified};
pub use writer::{Added, Claim, Compacted, Entry, Merged, Unclaimed, Writer};

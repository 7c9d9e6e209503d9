//! Galleries of synthetic features.

mod calibration;
mod compaction;
mod crash;
mod damage;
mod detections;
mod exact;
mod failures;
mod filters;
mod groups;
mod index;
mod leftovers;
mod memory;
mod merge;
mod round_trip;
mod support;
mod texts;

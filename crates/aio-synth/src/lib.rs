//! The synthetic benchmark: rendered people in the published layouts of real data sets.
//!
//! [`street`] renders people in three dimensions, as cameras and artists show them, and describes them in words.
//! [`benchmark`] gives every data set a domain of its own (cameras, places, fashion, artists, writers) and writes it to
//! disk; [`street::corpus`] renders pictures for pre-training.
//!
//! No real person is involved, and everything is a pure function of (seed, version).

pub mod benchmark;
pub mod street;

/// Version of the renderer. It is raised whenever a pixel or word changes, because results of different
/// versions cannot be compared.
pub const VERSION: u32 = 3;

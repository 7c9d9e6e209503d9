//! The synthetic benchmark: rendered people in the published layouts of real data sets.
//!
//! [`street`] renders people in three dimensions, as cameras and artists show them, and describes them in words.
//! [`benchmark`] gives every data set a domain of its own (cameras, places, fashion, artists, writers) and writes it to
//! disk; [`street::corpus`] renders pictures for pre-training.
//!
//! The other modules are the flat renderer, which [`corpus`] uses: a [`Person`] is a set of independent attributes;
//! [`figure`] turns a person in a pose into outlined parts in metres; [`paint`] draws the parts; [`camera`] degrades
//! photographs as cameras do; [`caption`] describes the person in words and [`tags`] in classes.
//!
//! No real person is involved, and everything is a pure function of (seed, version).

pub mod benchmark;
pub mod camera;
pub mod caption;
pub mod corpus;
pub mod figure;
pub mod paint;
pub mod person;
pub mod scene;
pub mod street;
pub mod tags;
pub mod world;

pub use person::Person;

/// Version of the renderer. It is raised whenever a pixel or word changes, because results of different
/// versions cannot be compared.
pub const VERSION: u32 = 3;

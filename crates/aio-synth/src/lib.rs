//! The synthetic benchmark: rendered people in the published layouts of real data sets.
//!
//! A [`Person`] is a set of independent attributes. [`figure`] turns a person in a pose into outlined parts in
//! metres; [`paint`] draws the parts as an RGB photograph, an infrared photograph, a sketch or a colour-pencil
//! drawing; [`camera`] degrades photographs as cameras do; [`caption`] describes the person in words and [`tags`] in classes. A
//! [`Domain`](world::Domain) fixes what a data set has of its own (palette, cameras, sketch hands, wording), and
//! [`benchmark`] writes every data set to disk.
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

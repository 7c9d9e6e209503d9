//! Reading list and annotation files that come from the internet: every line, element and path is bounded and checked.

mod annotations;
mod bounded;
mod columns;
mod lines;
mod paths;
mod records;

pub(crate) use annotations::{Annotations, annotations, document, keyed_annotations};
pub(crate) use bounded::{Bounded, LARGEST_ELEMENT};
pub(crate) use columns::check_distinct;
pub use columns::repeated;
pub(crate) use lines::{comma_separated, lines};
pub(crate) use paths::{Once, file_name, listed, plain};
pub use records::CsvRecords;

//! Reading list and annotation files that come from the internet: every line, element and path is bounded and checked.

mod annotations;
mod lines;
mod paths;

pub(crate) use annotations::{Annotations, LARGEST_ELEMENT, annotations, document};
pub(crate) use lines::{comma_separated, lines};
pub(crate) use paths::{Once, file_name, listed, plain};

use crate::fs::open;

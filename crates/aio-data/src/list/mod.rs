//! Reading list and annotation files that come from the internet: every line, element and path is bounded and checked.

mod annotations;
mod bounded;
mod lines;
mod paths;

pub(crate) use annotations::{Annotations, annotations, document, keyed_annotations};
pub(crate) use bounded::{Bounded, LARGEST_ELEMENT};
pub(crate) use lines::{comma_separated, lines};
pub(crate) use paths::{Once, file_name, listed, plain};

use crate::{DataError, Result};
use std::fs::File;
use std::path::Path;

fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|source| DataError::Io {
        action: "read",
        path: path.to_path_buf(),
        source,
    })
}

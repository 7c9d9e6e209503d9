//! Names of columns.

use crate::{DataError, Result};
use std::path::Path;

/// The first name that stands twice: which of two columns is meant, nobody knows.
pub fn repeated<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = std::collections::BTreeSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}

/// Refuses the names in a row of a file if one of them stands twice.
pub(crate) fn check_distinct<'a>(
    path: &Path,
    row: usize,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<()> {
    match repeated(names) {
        None => Ok(()),
        Some(name) => {
            let problem = format!("has two columns `{name}`");
            Err(DataError::Row { path: path.to_path_buf(), row, problem })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_that_stands_twice_is_found() {
        assert_eq!(repeated(["a", "b", "c"]), None);
        assert_eq!(repeated(["a", "b", "c", "b", "a"]), Some("b"));
    }
}

//! Files behind paths: two paths may lead to one file.

use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Paths with the files that they lead to. A path that leads nowhere stands for itself.
pub(crate) fn resolved<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Vec<(&'a Path, PathBuf)> {
    let paths: Vec<&Path> = paths.into_iter().collect();
    let file = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    paths.into_par_iter().map(|path| (path, file(path))).collect()
}

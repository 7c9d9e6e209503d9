//! A small tree in the layout of a data set.

use std::path::{Path, PathBuf};

/// A tree of files; readers open no picture, so that one byte makes one.
pub(crate) struct Tree(tempfile::TempDir);

impl Tree {
    pub(crate) fn new(files: &[&str]) -> Self {
        let tree = Self(tempfile::tempdir().expect("temporary directory"));
        files.iter().for_each(|file| tree.write(file, "x"));
        tree
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.root().join(file)
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        std::fs::create_dir_all(self.path(file).parent().expect("a parent")).expect("create");
        std::fs::write(self.path(file), text).expect("write");
    }
}

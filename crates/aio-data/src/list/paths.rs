use crate::fs::kind;
use crate::{DataError, Result};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// A relative path from a list file, refused if it is absolute or climbs.
pub(crate) fn plain<'a>(list: &Path, row: usize, relative: &'a str) -> Result<&'a str> {
    let relative = relative.strip_prefix("./").unwrap_or(relative);
    let normal = Path::new(relative).components().all(|c| matches!(c, Component::Normal(_)));
    if relative.is_empty() || !normal {
        return Err(DataError::Row {
            path: list.to_path_buf(),
            row,
            problem: format!("`{relative}` is not a plain relative path"),
        });
    }
    Ok(relative)
}

/// A path from a list file, checked to stay below `root`, links followed, and to exist.
pub(crate) fn listed(list: &Path, row: usize, root: &Path, relative: &str) -> Result<PathBuf> {
    let problem = |problem: String| DataError::Row { path: list.to_path_buf(), row, problem };
    let relative = plain(list, row, relative)?;
    let path = root.join(relative);
    match std::fs::metadata(&path) {
        Ok(found) if found.is_file() => {}
        Ok(found) => {
            let found = kind(found.file_type());
            return Err(problem(format!("{} is {found}, expected a picture", path.display())));
        }
        Err(_) => return Err(problem(format!("the image {} does not exist", path.display()))),
    }
    // Links are rare, so the expensive look at where they lead is taken only where a part of the path is one.
    let linked =
        |path: &Path| std::fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_symlink());
    let inner = path.ancestors().take_while(|ancestor| *ancestor != root);
    if inner.into_iter().any(linked) {
        let inside =
            path.canonicalize().and_then(|real| Ok(real.starts_with(root.canonicalize()?)));
        if !inside.is_ok_and(|inside| inside) {
            return Err(problem(format!(
                "`{relative}` is a link that leads out of {}",
                root.display()
            )));
        }
    }
    Ok(path)
}

/// Refuses an item that a list names twice.
#[derive(Debug, Default)]
pub(crate) struct Once(BTreeMap<PathBuf, usize>);

impl Once {
    pub(crate) fn check(&mut self, list: &Path, row: usize, path: &Path) -> Result<()> {
        match self.0.insert(path.to_path_buf(), row) {
            None => Ok(()),
            Some(first) => Err(DataError::Row {
                path: list.to_path_buf(),
                row,
                problem: format!("{} is listed already in row {first}", path.display()),
            }),
        }
    }
}

/// The last part of a path.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_told_from_what_is_not_there() {
        let directory = tempfile::tempdir().expect("temporary directory");
        std::fs::create_dir(directory.path().join("pics")).expect("create");
        let list = directory.path().join("list");
        let refused = |path: &str| {
            listed(&list, 4, directory.path(), path).expect_err("no picture").to_string()
        };
        let folder = refused("pics");
        assert!(folder.contains("row 4") && folder.contains("pics is a folder"), "{folder}");
        assert!(refused("pics/a.jpg").ends_with("a.jpg does not exist"));
    }

    #[cfg(unix)]
    #[test]
    fn links_may_lead_about_but_not_out() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let root = directory.path().join("root");
        std::fs::create_dir_all(root.join("a")).expect("create");
        std::fs::write(root.join("a/x.jpg"), b"x").expect("write");
        std::fs::write(directory.path().join("secret.jpg"), b"x").expect("write");
        std::os::unix::fs::symlink(root.join("a"), root.join("b")).expect("link");
        std::os::unix::fs::symlink(directory.path(), root.join("c")).expect("link");
        let list = root.join("list");
        assert!(listed(&list, 1, &root, "b/x.jpg").is_ok());
        let error = listed(&list, 2, &root, "c/secret.jpg").expect_err("outside").to_string();
        assert!(error.contains("row 2") && error.contains("leads out of"), "{error}");
        for path in ["/etc/passwd", "../secret.jpg", "a/../../secret.jpg", ""] {
            assert!(
                listed(&list, 3, &root, path)
                    .expect_err(path)
                    .to_string()
                    .contains("plain relative path")
            );
        }
    }
}

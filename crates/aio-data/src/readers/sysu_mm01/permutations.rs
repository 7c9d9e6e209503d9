use super::super::matlab;
use crate::{DataError, Result, fs};
use aio_types::{Camera, Identity};
use std::path::{Path, PathBuf};

/// The official galleries: `rand_perm_cam.mat` of the data set's authors.
///
/// Its variable `rand_perm_cam` is a cell per camera of a cell per identity of a matrix `[10, images]`, whose row t is the
/// permutation of that identity's images at that camera in trial t, counted from 1.
#[derive(Debug)]
pub(super) struct Permutations {
    path: PathBuf,
    cameras: Vec<matlab::Value>,
}

impl Permutations {
    /// Name of the authors' file.
    pub(super) const FILE: &str = "rand_perm_cam.mat";

    /// Reads the authors' file.
    ///
    /// # Errors
    /// [`DataError`] if it is damaged or holds something else.
    pub(super) fn read(path: &Path) -> Result<Self> {
        match matlab::read(path)?.remove("rand_perm_cam") {
            Some(matlab::Value::Cell(cameras)) => Ok(Self { path: path.to_path_buf(), cameras }),
            _ => Err(DataError::Parse {
                path: path.to_path_buf(),
                problem: "no cell array `rand_perm_cam`".into(),
            }),
        }
    }

    /// Looks for the authors' file below `root`, at most three folders deep.
    pub(super) fn find(root: &Path) -> Option<PathBuf> {
        fn search(directory: &Path, depth: usize) -> Option<PathBuf> {
            let file = directory.join(Permutations::FILE);
            if file.is_file() {
                return Some(file);
            }
            // The cameras' folders hold thousands of identities and no lists.
            let is_camera = |path: &Path| {
                path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("cam"))
            };
            let folders = fs::sorted_entries(directory)
                .ok()?
                .into_iter()
                .filter(|p| p.is_dir() && !is_camera(p));
            (depth > 0)
                .then(|| folders.into_iter().find_map(|folder| search(&folder, depth - 1)))
                .flatten()
        }
        search(root, 3)
    }

    /// The permutations of (`camera`, `identity`), of which `count` images are on disk.
    ///
    /// # Errors
    /// [`DataError`] naming camera and identity if the file holds no permutations of them.
    pub(super) fn images(
        &self,
        camera: Camera,
        identity: Identity,
        count: usize,
    ) -> Result<Images<'_>> {
        let whose = format!("camera {}, identity {}", camera.0, identity.0);
        let problem = |problem: &str| DataError::Parse {
            path: self.path.clone(),
            problem: format!("{whose}: {problem}"),
        };
        let at = |cells: &'_ [matlab::Value], number: i64| {
            usize::try_from(number - 1).ok().filter(|place| *place < cells.len())
        };
        let place = at(&self.cameras, camera.0).ok_or_else(|| problem("no such camera"))?;
        let matrix = match &self.cameras[place] {
            matlab::Value::Cell(people) => at(people, identity.0).map(|place| &people[place]),
            _ => None,
        };
        let Some(matlab::Value::Matrix { rows, columns, values }) = matrix else {
            return Err(problem("no permutations"));
        };
        let (rows, columns) = (*rows, *columns);
        Ok(Images { path: &self.path, whose, rows, columns, values, count })
    }
}

/// The permutations of one identity's images at one camera.
#[derive(Debug)]
pub(super) struct Images<'a> {
    path: &'a Path,
    whose: String,
    rows: usize,
    columns: usize,
    /// `[rows, columns]`, column by column.
    values: &'a [f64],
    count: usize,
}

impl Images<'_> {
    /// The first `shots` images in `trial` (from 0), as places from 0 among the images in the order of their file names.
    ///
    /// # Errors
    /// [`DataError`] naming camera and identity if the file does not hold as many images as are on disk.
    pub(super) fn choose(&self, trial: usize, shots: usize) -> Result<Vec<usize>> {
        let Self { rows, columns, count, .. } = *self;
        let problem = |problem: String| DataError::Parse {
            path: self.path.to_path_buf(),
            problem: format!("{}: {problem}", self.whose),
        };
        if columns != count || trial >= rows {
            return Err(problem(format!(
                "permutations [{rows}, {columns}] for trial {} of {count} images on disk",
                trial + 1
            )));
        }
        let entry = |place: usize| {
            let value = self.values[place * rows + trial];
            (value >= 1.0 && value <= count as f64)
                .then(|| value as usize - 1)
                .ok_or_else(|| problem(format!("{value} is none of the {count} images")))
        };
        (0..shots.min(count)).map(entry).collect()
    }
}

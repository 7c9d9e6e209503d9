//! The user's own data: one CSV or Parquet file `path,identity,camera,modality,split[,caption,source,clothes]`.
//!
//! `table:shop` is `shop.csv` or `shop.parquet` below the data root, or the file of that name in a folder `shop`. Paths are
//! relative to the file's folder and stay below it. A row of modality `text` has a caption and no path. `camera`, `source` and `clothes` are not
//! known where they are empty or below 0. Identities, cameras and clothes are integers or names.

mod draft;
mod mixed;
mod rows;
mod tasks;

pub(crate) use crate::table_name::{NAME_RULE, is_name, name_of, plain};
pub use draft::{Draft, Drafted, Naming};

use super::{DatasetInfo, nothing_further};
use crate::list::{Bounded, CsvRecords, check_distinct};
use crate::parquet::damaged;
use crate::{DataError, Dataset, Result};
use aio_types::Modality;
use rows::Rows;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub(super) const INFO: DatasetInfo = DatasetInfo {
    name: "table",
    modalities: &Modality::ALL,
    layout: "\
NAME.csv (or NAME.parquet), below the data root or in a folder NAME, with the columns
    path,identity,camera,modality,split[,caption,source,clothes]
where modality is rgb, infrared, sketch, colour-pencil or text, and split is train, validation, query or gallery",
    folders: &["."],
    markers: &[""],
    counts: &[],
    terms: "yours",
    // Who is shown is not known here.
    people: &[],
    family: "table",
    rules: tasks::RULES,
    splits: None,
    read,
    further: nothing_further,
};

/// The columns; those from `caption` on may be absent.
pub const COLUMNS: [&str; 8] =
    ["path", "identity", "camera", "modality", "split", "caption", "source", "clothes"];

/// Columns that must be there.
const REQUIRED: usize = 5;

/// Largest table, in bytes of CSV.
const LARGEST: u64 = 1 << 30;

/// Whether there is a file of the table `name` below `root`, or the folder in which it would lie.
pub(super) fn is_there(name: &str, root: &Path) -> bool {
    let plain = plain(name);
    root.join(plain).exists() || files(plain, root).next().is_some()
}

/// The file of the table `name` below `root`.
///
/// # Errors
/// [`DataError::Missing`] if there is none, [`DataError::Request`] if there are several.
pub(super) fn locate(name: &'static str, root: &Path) -> Result<PathBuf> {
    let plain = plain(name);
    let mut files = files(plain, root);
    let file = files.next().ok_or_else(|| DataError::Missing {
        dataset: name,
        path: root.join(format!("{plain}.csv")),
        layout: INFO.layout,
    })?;
    match files.next() {
        None => Ok(file),
        Some(other) => Err(DataError::Request {
            problem: format!(
                "{name} is both {} and {}; expected one file",
                file.display(),
                other.display()
            ),
            hint: "rename one of them, or move it elsewhere".into(),
        }),
    }
}

/// The files that the name of a table stands for.
fn files(plain: &str, root: &Path) -> impl Iterator<Item = PathBuf> {
    let candidates = ["csv", "parquet"].into_iter().flat_map(move |e| {
        [root.join(format!("{plain}.{e}")), root.join(format!("{plain}/{plain}.{e}"))]
    });
    candidates.filter(|path| path.is_file())
}

/// The tables below `root` with their files, in the order of their names; several files of one name are all named. CSV files with other columns are
/// passed over.
#[must_use]
pub fn below(root: &Path) -> Vec<(String, PathBuf)> {
    let mut tables = named_below(root);
    tables.retain(|(_, file)| has_columns(file));
    tables
}

/// The files below `root` that have the name of a table, in the order of the names, and whatever columns.
pub(crate) fn named_below(root: &Path) -> Vec<(String, PathBuf)> {
    let entries = crate::fs::sorted_entries(root).unwrap_or_default();
    // A file and a folder can stand for the same table.
    let names: BTreeSet<String> = entries
        .iter()
        .filter_map(|entry| Some(name_of(entry.file_stem()?.to_str()?)))
        .filter(|name| is_name(name))
        .collect();
    let named = |name: String| -> Vec<(String, PathBuf)> {
        files(plain(&name), root).map(|file| (name.clone(), file)).collect()
    };
    names.into_iter().flat_map(named).collect()
}

fn has_columns(file: &Path) -> bool {
    if file.extension().is_some_and(|e| e == "parquet") {
        return true;
    }
    let Ok(opened) = crate::fs::open(file) else { return false };
    CsvRecords::new(file, Bounded::new(opened).0).is_ok_and(|records| {
        let (row, names) = records.names();
        places(file, row, names.iter()).is_ok()
    })
}

/// A row, its fields in the order of [`COLUMNS`]; absent columns are empty.
type Row = [String; COLUMNS.len()];

/// Reads a table from its file.
///
/// # Errors
/// [`DataError`] naming the row and the column that is wrong.
pub fn read(file: &Path) -> Result<Dataset> {
    let mut rows = Rows::new(file);
    if file.extension().is_some_and(|e| e == "parquet") {
        parquet(file, |row, fields| rows.add(row, fields))?;
    } else {
        csv(file, |row, fields| rows.add(row, fields))?;
    }
    Ok(rows.finish())
}

/// Where each of [`COLUMNS`] stands among the `names` of a file, which are in its row `row`.
fn places<'a>(
    file: &Path,
    row: usize,
    names: impl Iterator<Item = &'a str>,
) -> Result<[Option<usize>; COLUMNS.len()]> {
    let names: Vec<&str> = names.map(str::trim).collect();
    let problem = |problem: String| DataError::Row { path: file.to_path_buf(), row, problem };
    if let Some(unknown) = names.iter().find(|n| !COLUMNS.contains(n)) {
        return Err(problem(format!(
            "unknown column `{unknown}`; the columns are {}",
            COLUMNS.join(",")
        )));
    }
    check_distinct(file, row, names.iter().copied())?;
    let places = COLUMNS.map(|column| names.iter().position(|n| *n == column));
    match places[..REQUIRED].iter().position(Option::is_none) {
        Some(missing) => Err(problem(format!(
            "the column `{}` is missing; expected {}",
            COLUMNS[missing],
            COLUMNS.join(",")
        ))),
        None => Ok(places),
    }
}

fn csv(file: &Path, mut visit: impl FnMut(usize, Row) -> Result<()>) -> Result<()> {
    let unreadable =
        |source: std::io::Error| DataError::Io { action: "read", path: file.to_path_buf(), source };
    let opened = crate::fs::open(file)?;
    if opened.metadata().map_err(unreadable)?.len() > LARGEST {
        return Err(DataError::Parse {
            path: file.to_path_buf(),
            problem: format!("larger than {LARGEST} bytes; use Parquet"),
        });
    }
    let (opened, budget) = Bounded::new(opened);
    let mut records = CsvRecords::new(file, opened)?;
    let (row, names) = records.names();
    let places = places(file, row, names.iter())?;
    while let Some((row, record)) = records.next_record()? {
        budget.renew();
        visit(
            row,
            places.map(|place| place.and_then(|p| record.get(p)).unwrap_or_default().to_owned()),
        )?;
    }
    Ok(())
}

fn parquet(file: &Path, mut visit: impl FnMut(usize, Row) -> Result<()>) -> Result<()> {
    let opened = crate::parquet::open(file)?;
    let places = places(file, 1, opened.names().iter().map(String::as_str))?;
    let table = opened.read(None).map_err(damaged(file))?;
    let texts = table.texts().map_err(damaged(file))?;
    // Rows are counted as in the CSV file of the same table: the first is that of the names.
    (0..table.height()).try_for_each(|i| {
        let field = |place: Option<usize>| place.and_then(|p| texts.get(p, i));
        visit(i + 2, places.map(|place| field(place).unwrap_or_default().to_owned()))
    })
}

//! The user's own data: one CSV or Parquet file `path,identity,camera,modality,split[,caption,source]`.
//!
//! `table:shop` is `shop.csv` or `shop.parquet` below the data root, or the file of that name in a folder `shop`. Paths are
//! relative to the file's folder and stay below it. A row of modality `text` has a caption and no path. `camera` and `source` may be empty.

use super::{DatasetInfo, nothing_further};
use crate::evaluation::{
    Direction, Evaluation, Query, Refusal, TaskRules, TestSet, gallery_pictures,
    photograph_combinations, queries,
};
use crate::list::{Bounded, listed};
use crate::parquet::damaged;
use crate::{DataError, Dataset, Result, Sample};
use aio_eval::{Entry, Protocol};
use aio_types::Modality;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) const INFO: DatasetInfo = DatasetInfo {
    name: "table",
    modalities: &Modality::ALL,
    layout: "\
NAME.csv (or NAME.parquet), below the data root or in a folder NAME, with the columns
    path,identity,camera,modality,split[,caption,source]
where modality is rgb, infrared, sketch, colour-pencil or text, and split is train, validation, query or gallery",
    folders: &["."],
    markers: &[""],
    counts: &[],
    terms: "yours",
    // Who is shown is not known here.
    people: &[],
    family: "table",
    rules: RULES,
    read,
    further: nothing_further,
};

/// Any one modality against any pictures, under the protocol that the task names.
const RULES: TaskRules = TaskRules {
    usual: &[],
    every_query: photograph_combinations,
    evaluation: |request| {
        let mut protocol = None;
        for word in request.variants {
            let known = "the protocols of `aio score`";
            let unknown = || Refusal::Variant { word: word.clone(), known };
            protocol = Some(Protocol::named(word).ok_or_else(unknown)?);
        }
        let direction = request.direction;
        if direction.query.len() != 1 || !direction.gallery.is_visual() {
            return Err(Refusal::Direction);
        }
        Ok(Arc::new(OwnSearch { direction, protocol }))
    },
};

#[derive(Debug)]
struct OwnSearch {
    direction: Direction,
    /// The protocol that the task names. Otherwise the rows of the task decide ([`by_cameras`]).
    protocol: Option<Protocol>,
}

/// One side of a task, as far as its cameras go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cameras {
    /// Every row has one.
    All,
    /// No row has one.
    None,
}

impl Evaluation for OwnSearch {
    fn variants(&self) -> Vec<String> {
        self.protocol.iter().map(|protocol| protocol.name().to_owned()).collect()
    }

    fn protocol(&self, test: &TestSet) -> Result<Protocol> {
        match self.protocol {
            Some(named) => Ok(named),
            None => by_cameras(test),
        }
    }

    fn test_set(&self, dataset: &Dataset) -> Result<TestSet> {
        Ok(TestSet {
            queries: queries(&dataset.query, self.direction.query),
            gallery: gallery_pictures(&dataset.gallery, self.direction.gallery),
        })
    }
}

/// Market-1501's protocol where every row of the task has a camera. Where no query has one, or no gallery picture, junk
/// cannot be told and nothing is hidden.
///
/// # Errors
/// [`DataError::Request`] where some rows of one side have a camera and others have not: each of the two protocols would be
/// wrong for some of them.
fn by_cameras(test: &TestSet) -> Result<Protocol> {
    let asked = test.queries.iter().map(|query| (query.entry, describe(query)));
    let shown = test.gallery.iter();
    let shown = shown.map(|picture| (picture.entry, picture.path.display().to_string()));
    Ok(match (cameras("query", asked)?, cameras("gallery", shown)?) {
        (Cameras::All, Cameras::All) => Protocol::Market1501,
        _ => Protocol::None,
    })
}

/// The picture or sentence of a query, as an error names it.
fn describe(query: &Query) -> String {
    let picture = query.pictures().next().map(|(_, picture)| picture.path.display().to_string());
    picture.or_else(|| query.caption().map(str::to_owned)).unwrap_or_default()
}

/// What the rows of the split `split` say of cameras.
fn cameras(split: &str, rows: impl Iterator<Item = (Entry, String)>) -> Result<Cameras> {
    let (mut with, mut without, mut first) = (0, 0, String::new());
    for (entry, what) in rows {
        if entry.camera.is_some() {
            with += 1;
        } else {
            if without == 0 {
                first = format!("`{what}` (identity {})", entry.identity.0);
            }
            without += 1;
        }
    }
    match (with, without) {
        (_, 0) => Ok(Cameras::All),
        (0, _) => Ok(Cameras::None),
        _ => Err(DataError::Request {
            problem: format!(
                "{with} {split} rows have a camera and {without} have none, the first of them {first}; \
                 with cameras, pictures of the query's identity and camera are hidden, without them nothing is"
            ),
            hint: format!(
                "fill in the column `camera`, leave it empty in every row, or name the protocol behind the task: .{} or .{}",
                Protocol::Market1501.name(),
                Protocol::None.name()
            ),
        }),
    }
}

/// What stands before the name of a table.
const PREFIX: &str = "table:";

/// The columns; those from `caption` on may be absent.
pub const COLUMNS: [&str; 7] =
    ["path", "identity", "camera", "modality", "split", "caption", "source"];

/// Columns that must be there.
const REQUIRED: usize = 5;

/// Largest table, in bytes of CSV.
const LARGEST: u64 = 1 << 30;

/// Whether `text` is `table:` and a plain name.
pub(super) fn is_name(text: &str) -> bool {
    let plain = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    text.strip_prefix(PREFIX).is_some_and(plain)
}

/// The file of the table `name` below `root`.
pub(super) fn locate(name: &'static str, root: &Path) -> Result<PathBuf> {
    let plain = name.strip_prefix(PREFIX).unwrap_or(name);
    let candidates = ["csv", "parquet"].into_iter().flat_map(|e| {
        [root.join(format!("{plain}.{e}")), root.join(format!("{plain}/{plain}.{e}"))]
    });
    let missing = || DataError::Missing {
        dataset: name,
        path: root.join(format!("{plain}.csv")),
        layout: INFO.layout,
    };
    candidates.into_iter().find(|path| path.is_file()).ok_or_else(missing)
}

/// A row, its fields in the order of [`COLUMNS`]; absent columns are empty.
type Row = [String; COLUMNS.len()];

/// Reads a table from its file.
///
/// # Errors
/// [`DataError`] naming the row and the column that is wrong.
pub fn read(file: &Path) -> Result<Dataset> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut dataset = Dataset::default();
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    let is_parquet = file.extension().is_some_and(|e| e == "parquet");
    let visit = |row: usize, fields: Row| -> Result<()> {
        let problem = |problem: String| DataError::Row { path: file.to_path_buf(), row, problem };
        let [path, identity, camera, modality, split, caption, source] = fields;
        let number = |column: &str, field: &str| {
            field
                .parse::<i64>()
                .map_err(|_| problem(format!("`{column}` is `{field}`; expected an integer")))
        };
        let modality: Modality =
            modality.parse().map_err(|e| problem(format!("`modality`: {e}")))?;
        let identity = number("identity", &identity)?;
        let sample = match (modality, path.is_empty(), caption.is_empty()) {
            (Modality::Text, true, false) => Sample::sentence(identity, caption),
            (Modality::Text, _, true) => return Err(problem("a text has no `caption`".into())),
            (Modality::Text, false, _) => {
                return Err(problem(format!(
                    "a text has the path `{path}`; name its photograph in `source`"
                )));
            }
            (_, true, _) => {
                return Err(problem(format!("`path` of a picture ({modality}) is empty")));
            }
            (_, false, _) => Sample::picture(identity, modality, listed(file, row, folder, &path)?),
        };
        let sample =
            if camera.is_empty() { sample } else { sample.taken_by(number("camera", &camera)?) };
        let sample =
            if source.is_empty() { sample } else { sample.made_from(number("source", &source)?) };
        if !path.is_empty()
            && let Some(first) = seen.insert((path.clone(), split.clone()), row)
        {
            return Err(problem(format!("`{path}` is in the split {split} already (row {first})")));
        }
        match split.as_str() {
            "train" => dataset.train.push(sample),
            "validation" => dataset.validation.push(sample),
            "query" => dataset.query.push(sample),
            "gallery" => dataset.gallery.push(sample),
            other => {
                return Err(problem(format!(
                    "`split` is `{other}`; expected train, validation, query or gallery"
                )));
            }
        }
        Ok(())
    };
    if is_parquet {
        parquet(file, visit)?
    } else {
        csv(file, visit)?
    }
    Ok(dataset)
}

/// Where each of [`COLUMNS`] stands among the `names` of a file.
fn places<'a>(
    file: &Path,
    names: impl Iterator<Item = &'a str>,
) -> Result<[Option<usize>; COLUMNS.len()]> {
    let names: Vec<&str> = names.map(str::trim).collect();
    let problem = |problem: String| DataError::Row { path: file.to_path_buf(), row: 1, problem };
    if let Some(unknown) = names.iter().find(|n| !COLUMNS.contains(n)) {
        return Err(problem(format!(
            "unknown column `{unknown}`; the columns are {}",
            COLUMNS.join(",")
        )));
    }
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
    let damaged = |e: csv::Error| {
        let row = e.position().map_or(0, csv::Position::line) as usize;
        DataError::Row { path: file.to_path_buf(), row, problem: e.to_string() }
    };
    let (opened, budget) = Bounded::new(opened);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(opened);
    let places = places(file, reader.headers().map_err(damaged)?.iter())?;
    for record in reader.records() {
        let record = record.map_err(damaged)?;
        budget.renew();
        let row = record.position().map_or(0, csv::Position::line) as usize;
        visit(
            row,
            places.map(|place| place.and_then(|p| record.get(p)).unwrap_or_default().to_owned()),
        )?;
    }
    Ok(())
}

fn parquet(file: &Path, mut visit: impl FnMut(usize, Row) -> Result<()>) -> Result<()> {
    let table = crate::parquet::open(file)?.read(None).map_err(damaged(file))?;
    let places = places(file, table.names().into_iter())?;
    let texts = table.texts().map_err(damaged(file))?;
    // Rows are counted as in the CSV file of the same table: the first is that of the names.
    (0..table.height()).try_for_each(|i| {
        let field = |place: Option<usize>| place.and_then(|p| texts.get(p, i));
        visit(i + 2, places.map(|place| field(place).unwrap_or_default().to_owned()))
    })
}

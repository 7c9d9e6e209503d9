//! Feature files: features made by any tool, with their labels.
//!
//! A `.safetensors` file holds `features` `[N, D]` and `ids` `[N]`, and optionally `cameras`, `images` and `clothes` `[N]`, negative where
//! a camera, source photograph or clothes are not known. A `.npy` file holds the features alone; its labels are in files beside it:
//! `NAME.npy` has `NAME.ids.npy` and optionally `NAME.cameras.npy`, `NAME.images.npy` and `NAME.clothes.npy`. Features are floating-point
//! numbers of 16, 32 or 64 bits and are compared in 32; labels are whole numbers of any type but uint64. This program writes F32 and I64.
//!
//! A file that this program wrote states its own checksum in the metadata of its header; files of other tools need none.

mod doubles;
mod npy;
mod safetensors;
mod write;

use crate::error::{Error, Result};
use aio_data::fs;
use aio_eval::{Entry, Features, LabelledFeatures, Protocol};
use aio_types::{Camera, Clothes, Identity, SourcePhoto};
use ndarray::Array2;
use std::fs::File;
use std::path::{Path, PathBuf};

pub use write::{Labels, write};

/// Features and labels of one side of an evaluation.
#[derive(Debug, Clone)]
pub struct FeatureFile {
    /// One row per sample.
    pub features: Features,
    /// Labels of every row; without cameras, source photographs or clothes if the file does not give them.
    pub entries: Vec<Entry>,
}

/// How entries of the metadata begin that this program writes.
const OWN: &str = "aio.";

/// Entry of the metadata with the hash of the manifest beside the features.
const MANIFEST: &str = "aio.manifest";

/// Entry of the metadata with the checksum of the file.
const CHECKSUM: &str = "aio.checksum";

/// A column of labels.
struct Column {
    /// Name of the tensor, or of the file beside a `.npy` file.
    name: &'static str,
    /// Whether a protocol compares these labels.
    needed_by: fn(Protocol) -> bool,
}

const IDS: Column = Column { name: "ids", needed_by: |_| true };
const CAMERAS: Column = Column { name: "cameras", needed_by: Protocol::needs_cameras };
const IMAGES: Column = Column { name: "images", needed_by: Protocol::needs_sources };
const CLOTHES: Column = Column { name: "clothes", needed_by: Protocol::needs_clothes };

/// Every column of labels, in the order in which files are written.
const COLUMNS: [Column; 4] = [IDS, CAMERAS, IMAGES, CLOTHES];

/// What a file holds, before it is checked: features and the label columns that are there.
struct Contents {
    /// `[rows, width]`.
    features: Array2<f32>,
    /// In the order of [`COLUMNS`].
    columns: [Option<Vec<i64>>; COLUMNS.len()],
    /// The hash of the manifest that was written with the features.
    manifest: Option<String>,
}

impl FeatureFile {
    /// Reads a feature file with the labels that `protocol` compares.
    ///
    /// # Errors
    /// [`Error`] naming the file and the tensor that is missing, has another type or shape, or is not finite.
    pub fn read(path: &Path, protocol: Protocol) -> Result<Self> {
        Ok(Self::read_noted(path, protocol)?.0)
    }

    /// As [`FeatureFile::read`], with the hash of the manifest that was written with the features, if the file names it.
    ///
    /// # Errors
    /// As [`FeatureFile::read`].
    pub(crate) fn read_noted(path: &Path, protocol: Protocol) -> Result<(Self, Option<String>)> {
        let Contents { features, columns, manifest } = contents(path)?;
        Ok((Self::of(path, features, columns, protocol)?, manifest))
    }

    /// Features that are in memory, with the labels that `protocol` compares. `what` names them in errors.
    ///
    /// # Errors
    /// As [`FeatureFile::read`].
    pub fn new(
        what: &str,
        features: Array2<f32>,
        labels: Labels,
        protocol: Protocol,
    ) -> Result<Self> {
        let Labels { ids, cameras, images, clothes, .. } = labels;
        let what = Path::new(what);
        Self::of(what, with_values(what, features)?, [ids, cameras, images, clothes], protocol)
    }

    fn of(
        path: &Path,
        features: Array2<f32>,
        [ids, cameras, images, clothes]: [Option<Vec<i64>>; COLUMNS.len()],
        protocol: Protocol,
    ) -> Result<Self> {
        let rows = features.nrows();
        let ids = labels(path, ids, &IDS, rows, protocol)?;
        let cameras = labels(path, cameras, &CAMERAS, rows, protocol)?;
        let images = labels(path, images, &IMAGES, rows, protocol)?;
        let clothes = labels(path, clothes, &CLOTHES, rows, protocol)?;
        let ids = ids.unwrap_or_default();
        let mut entries = Vec::with_capacity(rows);
        for (row, identity) in ids.into_iter().enumerate() {
            let of = |column: &Option<Vec<i64>>| known(column.as_ref()?[row]);
            entries.push(Entry {
                camera: of(&cameras).map(Camera),
                source: of(&images).map(SourcePhoto),
                clothes: of(&clothes).map(Clothes),
                ..Entry::of(Identity(identity))
            });
        }
        warn_of_unknown(path, protocol, &entries);
        Ok(Self { features: checked(path, features)?, entries })
    }

    /// Features and labels together.
    #[must_use]
    pub fn labelled(&self) -> LabelledFeatures<'_> {
        LabelledFeatures { features: &self.features, entries: &self.entries }
    }
}

/// Reads the features of a file alone: those of pictures that nobody has labelled have no `ids`.
///
/// # Errors
/// As [`FeatureFile::read`].
pub fn read(path: &Path) -> Result<StoredFeatures> {
    let Contents { features, manifest, .. } = contents(path)?;
    Ok(StoredFeatures { features: checked(path, features)?, manifest })
}

/// Whether new features may be written over a file that is not empty: it is a feature file, damaged or not.
///
/// # Errors
/// [`Error`] naming the file that cannot be read.
pub(crate) fn is_replaceable(path: &Path) -> Result<bool> {
    safetensors::is_replaceable(path)
}

/// Where the label files of a `.npy` file lie; other feature files hold their labels.
pub(crate) fn label_files(path: &Path) -> Vec<PathBuf> {
    let is_npy = path.extension().is_some_and(|extension| extension == "npy");
    COLUMNS.iter().filter(|_| is_npy).map(|column| npy::label_file(path, column)).collect()
}

/// Features without labels.
#[derive(Debug, Clone)]
pub struct StoredFeatures {
    /// One row per sample.
    pub features: Features,
    /// The hash of the manifest that was written with them, if the file names it.
    pub manifest: Option<String>,
}

/// What a file holds, at least one row of at least one column.
fn contents(path: &Path) -> Result<Contents> {
    let contents = match path.extension().and_then(|e| e.to_str()) {
        Some("npy") => npy::read(path)?,
        Some("safetensors") => safetensors::read(path)?,
        _ => return Err(wrong(path, "is neither a .safetensors nor a .npy file".into())),
    };
    Ok(Contents { features: with_values(path, contents.features)?, ..contents })
}

/// Refuses features without rows or columns.
fn with_values(path: &Path, features: Array2<f32>) -> Result<Array2<f32>> {
    match features.dim() {
        (0, _) | (_, 0) => {
            Err(wrong(path, format!("holds features of shape {:?}", features.shape())))
        }
        _ => Ok(features),
    }
}

fn checked(path: &Path, features: Array2<f32>) -> Result<Features> {
    let (rows, width) = features.dim();
    let zero = features.rows().into_iter().filter(|row| row.iter().all(|v| *v == 0.0)).count();
    if zero > 0 {
        log::warn!(
            "{}: {zero} of {rows} rows are zero in every column; their cosine distances are all equal, so that the order of ties alone decides their ranks",
            path.display()
        );
    }
    let (values, _) = features.into_raw_vec_and_offset();
    Ok(Features::new(&path.display().to_string(), rows, width, values)?)
}

/// A camera, source photograph or clothes; negative numbers stand for one that is not known, as in the lists of Instruct-ReID.
fn known(label: i64) -> Option<i64> {
    (label >= 0).then_some(label)
}

/// Says how many rows lack a label that the protocol compares, and how many have a camera that it does not know.
fn warn_of_unknown(path: &Path, protocol: Protocol, entries: &[Entry]) {
    let strange = |entry: &&Entry| entry.camera.is_some_and(|camera| !protocol.knows(camera));
    let strangers = entries.iter().filter(strange).count();
    if strangers > 0 {
        log::warn!(
            "{}: in {strangers} of {} rows `cameras` is none of 1 to 6, as SYSU-MM01 numbers them; `{}` hides by these numbers, and takes 2 and 3 for one place",
            path.display(),
            entries.len(),
            protocol.name()
        );
    }
    let count = |label: fn(&Entry) -> bool| entries.iter().filter(|entry| label(entry)).count();
    let unknown = [
        (IDS, count(|entry| !entry.identity.is_known()), "they match nobody"),
        (CAMERAS, count(|entry| entry.camera.is_none()), "nothing is hidden because of it"),
        (IMAGES, count(|entry| entry.source.is_none()), "nothing is hidden because of it"),
        (CLOTHES, count(|entry| entry.clothes.is_none()), "nothing is hidden because of it"),
    ];
    for (Column { name, needed_by }, unknown, so) in unknown {
        if unknown > 0 && needed_by(protocol) {
            log::warn!(
                "{}: `{name}` is negative, that is unknown, in {unknown} of {} rows: {so}",
                path.display(),
                entries.len()
            );
        }
    }
}

/// The labels of a column, one per row of features; `None` if the file does not have the column.
fn labels(
    path: &Path,
    found: Option<Vec<i64>>,
    column: &Column,
    rows: usize,
    protocol: Protocol,
) -> Result<Option<Vec<i64>>> {
    let Column { name, needed_by } = column;
    match found {
        Some(labels) if labels.len() == rows => Ok(Some(labels)),
        Some(labels) => {
            let problem = format!("has {} `{name}` for {rows} rows of features", labels.len());
            Err(wrong(path, problem))
        }
        // Every protocol compares identities.
        None if *name == IDS.name => {
            Err(wrong(path, format!("has no `{name}`, which say who each row is")))
        }
        None if needed_by(protocol) => {
            let protocol = protocol.name();
            let problem = format!("has no `{name}`, which the protocol `{protocol}` compares");
            Err(wrong(path, problem))
        }
        None => Ok(None),
    }
}

fn wrong(path: &Path, problem: String) -> Error {
    Error::user(
        format!("{} {problem}", path.display()),
        "docs/protocols.md describes feature files",
    )
}

/// Room for so many values of a file, whose length may promise more than memory holds. Systems give out more room than they have memory, so
/// both are asked.
fn room<T>(count: usize, path: &Path) -> Result<Vec<T>> {
    use sysinfo::{MemoryRefreshKind, RefreshKind, System};
    let what = RefreshKind::nothing().with_memory(MemoryRefreshKind::everything());
    let system = System::new_with_specifics(what);
    let memory = system.total_memory().saturating_add(system.total_swap());
    let bytes = (count as u64).saturating_mul(size_of::<T>() as u64);
    let mut values = Vec::new();
    // A system that does not tell its memory has none.
    if (memory > 0 && bytes > memory) || values.try_reserve_exact(count).is_err() {
        return Err(wrong(path, format!("holds {count} values, more than memory has room for")));
    }
    Ok(values)
}

fn open(path: &Path) -> Result<File> {
    Ok(fs::open(path)?)
}

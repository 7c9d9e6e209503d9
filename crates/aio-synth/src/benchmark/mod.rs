//! Writes the benchmark to disk: every data set in the layout its owners published, two tables for development, and a
//! manifest of hashes.

mod cuhk;
mod development;
pub mod domains;
mod llcm;
mod market;
mod market_sketch;
mod orbench;
mod pku;
mod plan;
mod recipes;
mod sheet;
mod synth_pedes;
mod sysu;

pub use sheet::contact_sheet;

use super::VERSION;
use aio_data::{DataError, Result, fs};
use domains::{Domain, Recipe};
use plan::{Job, Plan};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::path::Path;

/// How many people each data set holds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Size {
    /// Identities of SYNTH-PEDES, the RGB–text source.
    #[schemars(range(min = 1, max = 1_000_000), extend("x-unit" = "identities"))]
    pub synth_pedes: usize,
    /// Training identities of LLCM, the infrared source.
    #[schemars(range(min = 1, max = 1_000_000), extend("x-unit" = "identities"))]
    pub llcm: usize,
    /// Training identities of Market-Sketch-1K, the sketch source.
    #[schemars(range(min = 1, max = 1_000_000), extend("x-unit" = "identities"))]
    pub market_sketch: usize,
    /// Test identities of Market-1501.
    #[schemars(range(min = 1, max = 1_000_000), extend("x-unit" = "identities"))]
    pub market: usize,
    /// Test identities of SYSU-MM01, CUHK-PEDES and ORBench each.
    #[schemars(range(min = 1, max = 1_000_000), extend("x-unit" = "identities"))]
    pub test: usize,
    /// Identities of PKU-Sketch, of which a quarter is tested in every split.
    #[schemars(range(min = 4, max = 1_000_000), extend("x-unit" = "identities"))]
    pub pku: usize,
    /// Identities of each of the two data sets for development.
    #[schemars(range(min = 1, max = 1_000_000), extend("x-unit" = "identities"))]
    pub development: usize,
}

impl Default for Size {
    fn default() -> Self {
        Self {
            synth_pedes: 1000,
            llcm: 250,
            market_sketch: 250,
            market: 600,
            test: 120,
            pku: 200,
            development: 100,
        }
    }
}

impl Size {
    /// The numbers of people with the keys that they have in `manifest.json` and in the configuration.
    fn by_name(&self) -> [(&'static str, usize); 7] {
        let Self { synth_pedes, llcm, market_sketch, market, test, pku, development } = *self;
        [
            ("synth_pedes", synth_pedes),
            ("llcm", llcm),
            ("market_sketch", market_sketch),
            ("market", market),
            ("test", test),
            ("pku", pku),
            ("development", development),
        ]
    }
}

/// What a benchmark directory holds, written last: its presence means that the benchmark is complete.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the renderer.
    pub version: u32,
    /// Seed of everything in it.
    pub seed: u64,
    /// People per data set.
    pub size: Size,
    /// Number of files.
    pub files: usize,
    /// BLAKE3 over the sorted relative paths and contents of all files.
    pub content: String,
}

/// Name of the manifest file.
pub const MANIFEST: &str = "manifest.json";

/// What is being rendered into a directory: the files in it were made for that, and are whole.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Begun {
    version: u32,
    seed: u64,
    size: Size,
}

/// Name of the file that says what is being rendered, from the first picture to the manifest.
const BEGUN: &str = "rendering.json";

impl Begun {
    /// Whether an earlier call began the same below `root`. Says there what is begun now.
    ///
    /// # Errors
    /// [`DataError::Request`] if `root` holds folders of the same names that no call with this seed and size began: they may be a real data set, and
    /// what an unfinished rendering of another size left would be mixed with this one.
    fn continues(&self, root: &Path) -> Result<bool> {
        let path = root.join(BEGUN);
        let earlier = std::fs::read(&path).ok();
        let parsed = earlier.as_ref().map(|bytes| serde_json::from_slice::<Self>(bytes).ok());
        if matches!(&parsed, Some(Some(begun)) if begun == self) {
            return Ok(true);
        }
        if let Some(folder) = FOLDERS.into_iter().find(|folder| root.join(folder).exists()) {
            let folder = root.join(folder);
            let (what, hint) = match earlier {
                Some(_) => (
                    "is of an unfinished rendering with another seed, size or version",
                    "remove the directory, or choose another root",
                ),
                None => (
                    "was not rendered by this program; rendering would overwrite its files",
                    "for real data sets set data.synthetic = false; for the rendered benchmark choose another root",
                ),
            };
            let problem = format!("{} {what}", folder.display());
            return Err(DataError::Request { problem, hint: hint.to_owned() });
        }
        let text = serde_json::to_string(self).unwrap_or_default() + "\n";
        fs::write_then_rename(&path, text.as_bytes())?;
        Ok(false)
    }
}

/// The error of a root that holds another benchmark than the requested one, with what differs.
fn another(root: &Path, found: &Manifest, wanted: &Begun) -> DataError {
    let Manifest { version, seed, size, .. } = found;
    let mut differs = Vec::new();
    let mut compare = |what: &str, found: u64, wanted: u64| {
        if found != wanted {
            differs.push(format!("{what} {found} instead of {wanted}"));
        }
    };
    compare("version", u64::from(*version), u64::from(wanted.version));
    compare("seed", *seed, wanted.seed);
    for ((what, found), (_, wanted)) in size.by_name().into_iter().zip(wanted.size.by_name()) {
        compare(&format!("size.{what}"), found as u64, wanted as u64);
    }
    let (root, differs) = (root.display(), differs.join(", "));
    DataError::Request {
        problem: format!(
            "{root} holds another rendered benchmark than the requested one: {differs}"
        ),
        hint: format!("remove the directory {root}, or choose another root"),
    }
}

/// Bytes at the end of every JPEG file.
const JPEG_END: [u8; 2] = [0xff, 0xd9];

/// The bytes of a picture that an earlier call has written; `None` if it is not there or not whole. Other files are made again: that takes no
/// time.
fn picture_of_earlier_call(path: &Path) -> Option<Vec<u8>> {
    if path.extension().is_none_or(|extension| extension != "jpg") {
        return None;
    }
    std::fs::read(path).ok().filter(|bytes| bytes.ends_with(&JPEG_END))
}

type Planner = fn(&mut Plan, Size);
type DataSet = (&'static str, fn() -> Recipe, Planner);

/// The data sets in the order in which they are written: folder, domain, planner.
const DATA_SETS: [DataSet; 10] = [
    ("SYNTH-PEDES", recipes::synth_pedes, synth_pedes::add_files),
    ("LLCM", recipes::llcm, llcm::add_files),
    ("MaSk1K", recipes::market_sketch, market_sketch::add_files),
    ("Market-1501-v15.09.15", recipes::market, market::add_files),
    ("SYSU-MM01", recipes::sysu, sysu::add_files),
    ("PKUSketchRE-ID_V1", recipes::pku, pku::add_files),
    ("CUHK-PEDES", recipes::cuhk, cuhk::add_files),
    ("ORBench", recipes::orbench, orbench::add_files),
    ("dev-ordinary", recipes::ordinary, development::add_files),
    ("dev-steep", recipes::steep, development::add_files),
];

/// Folders of the benchmark.
pub const FOLDERS: [&str; DATA_SETS.len()] = {
    let mut names = [""; DATA_SETS.len()];
    let mut number = 0;
    while number < names.len() {
        names[number] = DATA_SETS[number].0;
        number += 1;
    }
    names
};

/// Reads the manifest of a finished benchmark, or `None` where there is none.
///
/// # Errors
/// [`DataError`] if the file exists but cannot be read or parsed.
pub fn manifest(root: &Path) -> Result<Option<Manifest>> {
    let path = root.join(MANIFEST);
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(&path)?;
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|e| DataError::Parse { path, problem: e.to_string() })
}

/// Renders the benchmark of (`seed`, `size`) under `root` and returns its manifest.
///
/// A finished benchmark of the same seed, size and version is left as it is; pictures that a killed call of the same has already written are
/// kept. `progress` is called with (done, total) as files are finished; a later call continues where it asked to stop.
///
/// # Errors
/// [`DataError`] if a file cannot be written, or if `root` holds a benchmark of another seed, size or version, or folders of the same names that
/// this program did not render.
/// [`DataError::Interrupted`] if `progress` asks to stop.
pub fn write(
    root: &Path,
    seed: u64,
    size: Size,
    progress: &(dyn Fn(usize, usize) -> ControlFlow<()> + Sync),
) -> Result<Manifest> {
    if let Some(found) = manifest(root)? {
        if found.seed == seed && found.size == size && found.version == VERSION {
            return Ok(found);
        }
        return Err(another(root, &found, &Begun { version: VERSION, seed, size }));
    }
    let built: Vec<Domain> = domains::all(seed);
    let mut jobs = Vec::new();
    for ((folder, _, planner), domain) in DATA_SETS.iter().zip(&built) {
        let mut plan = Plan { domain, seed, jobs: Vec::new() };
        planner(&mut plan, size);
        jobs.extend(
            plan.jobs.into_iter().map(|job| Job { path: format!("{folder}/{}", job.path), ..job }),
        );
    }
    let continues = Begun { version: VERSION, seed, size }.continues(root)?;
    let total = jobs.len();
    let done = std::sync::atomic::AtomicUsize::new(0);
    let mut hashes = jobs
        .par_iter()
        .map(|job| {
            let path = root.join(&job.path);
            let kept = if continues { picture_of_earlier_call(&path) } else { None };
            let bytes = match kept {
                Some(bytes) => bytes,
                None => {
                    let bytes = (job.render)();
                    fs::write_then_rename_unsynced(&path, &bytes)?;
                    bytes
                }
            };
            let done = 1 + done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if progress(done, total).is_break() {
                return Err(DataError::Interrupted { phase: "rendering" });
            }
            Ok((job.path.clone(), blake3::hash(&bytes)))
        })
        .collect::<Result<Vec<_>>>()?;
    hashes.sort_by(|a, b| a.0.cmp(&b.0));
    let mut hasher = blake3::Hasher::new();
    for (path, hash) in &hashes {
        hasher.update(path.as_bytes());
        hasher.update(hash.as_bytes());
    }
    let found = Manifest {
        version: VERSION,
        seed,
        size,
        files: total,
        content: hasher.finalize().to_hex().to_string(),
    };
    let text = serde_json::to_string_pretty(&found).unwrap_or_default() + "\n";
    fs::write_then_rename(&root.join(MANIFEST), text.as_bytes())?;
    // Nothing reads it any more; one that stays behind does no harm.
    let _ = std::fs::remove_file(root.join(BEGUN));
    Ok(found)
}

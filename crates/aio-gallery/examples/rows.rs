//! Galleries of generated rows: how long it takes to fill, search and verify one, and what kill -9 leaves: `just bench rows 1000000 128`. An index is made and
//! searched if it is asked for: `just bench rows index DIRECTORY 1000000 128 f32`, then `approximate` in place of
//! `index`; the number of links may stand behind.
//!
//! Every phase runs in a process of its own, so that its peak memory is its own. A person has eight rows, which scatter about a direction
//! of the person's; a query is one more such row. Numbers are printed as one line of JSON per phase.

// A benchmark's result is what it prints.
#![allow(clippy::print_stdout)]

use aio_gallery::{
    Content, Entry, Filter, Gallery, MANIFEST, Model, Query, Record, Storage, Unclaimed, Writer,
    recall,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::io::{Read, Seek};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// Rows of a person.
const PER_PERSON: usize = 8;
/// Rows that become part of the gallery at once, as in `aio gallery add`.
const COMMIT_ROWS: usize = 16_384;
/// Queries of a phase.
const QUERIES: usize = 200;
/// Cameras that rows are spread over.
const CAMERAS: usize = 16;
/// The phase that fills a gallery and prints how many rows it has after every commit.
const COUNTED: &str = "fill-counted";
/// People of a list with one row per person.
const GROUPS: usize = 60;
/// Near rows that each row of an index is linked with.
const LINKS: usize = 32;
/// How far rows scatter about their person, as a share of the length of the person's direction.
const SCATTER: f32 = 0.9;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let text: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match text[..] {
        [] => all("1000000", "128"),
        [rows] => all(rows, "128"),
        [rows, width] => all(rows, width),
        [phase, directory, rows, width, storage, ref links @ ..] if links.len() < 2 => {
            let gallery = Generated {
                directory: Path::new(directory),
                rows: rows.parse()?,
                shape: width.parse()?,
                storage: named(storage)?,
                links: links.first().map_or(Ok(LINKS), |links| links.parse())?,
            };
            let started = Instant::now();
            let mut numbers = match phase {
                "fill" => gallery.fill(|_| ())?,
                COUNTED => gallery.fill(|rows| println!("{rows}"))?,
                "search" => gallery.search()?,
                "groups" => gallery.groups()?,
                "index" => gallery.index()?,
                "approximate" => gallery.approximate()?,
                "verify" => gallery.verify()?,
                _ => {
                    return Err(format!(
                        "`{phase}` is no phase: fill, search, groups, index, approximate, verify"
                    )
                    .into());
                }
            };
            numbers["phase"] = phase.into();
            numbers["storage"] = storage.into();
            numbers["seconds"] = rounded(started.elapsed());
            numbers["peak_mib"] = peak().into();
            println!("{numbers}");
            Ok(())
        }
        _ => Err("expected: [ROWS [WIDTH]]".into()),
    }
}

/// All phases for every form of storage, and the test with kill -9 for one.
fn all(rows: &str, width: &str) -> Outcome {
    let folder = tempfile::tempdir()?;
    for storage in ["f32", "f16", "int8"] {
        let directory = folder.path().join(storage);
        for phase in ["fill", "search", "groups", "verify"] {
            let status = child(phase, &directory, rows, width, storage)?.wait()?;
            if !status.success() {
                return Err(format!("{phase} of {storage} failed").into());
            }
        }
        std::fs::remove_dir_all(&directory)?;
    }
    println!("{}", killed(&folder.path().join("killed"), rows, width)?);
    Ok(())
}

fn child(
    phase: &str,
    directory: &Path,
    rows: &str,
    width: &str,
    storage: &str,
) -> std::io::Result<Child> {
    command(phase, directory, [rows, width, storage])?.spawn()
}

fn command(phase: &str, directory: &Path, gallery: [&str; 3]) -> std::io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(phase).arg(directory).args(gallery);
    Ok(command)
}

/// Kills the process that fills a gallery ten times, each time later, looks at what it left, and lets the last one finish.
fn killed(directory: &Path, rows: &str, width: &str) -> Outcome<Value> {
    // In proportion to the rows: a large gallery is to be killed while it is large.
    let step = Duration::from_millis(300).mul_f64((rows.parse::<f64>()? / 1e6).max(1.0));
    let mut found = Vec::new();
    for kill in 1..=10u32 {
        // A file takes everything that is printed before the kill.
        let mut counts = tempfile::tempfile()?;
        let mut filling = command(COUNTED, directory, [rows, width, "f32"])?;
        let mut filling = filling.stdout(counts.try_clone()?).spawn()?;
        std::thread::sleep(step * kill);
        filling.kill()?;
        filling.wait()?;
        let mut printed = String::new();
        counts.rewind()?;
        counts.read_to_string(&mut printed)?;
        // The last line of a filling that ended is JSON.
        let committed = printed.lines().filter_map(|line| line.parse::<usize>().ok()).last();
        let mut left = 0;
        if directory.join(MANIFEST).exists() {
            let verified = Gallery::verify(directory, &|_| ControlFlow::Continue(()))?;
            if !verified.damages.is_empty() {
                return Err(format!("damaged after kill {kill}: {:?}", verified.damages).into());
            }
            left = Gallery::open(directory)?.len();
        }
        if found.last().copied().max(committed).is_some_and(|before| left < before) {
            return Err(format!("kill {kill} lost rows: {left}, after {committed:?} had been committed, and {found:?} before").into());
        }
        found.push(left);
    }
    let finished = child("fill", directory, rows, width, "f32")?.wait()?.success();
    let rows = Gallery::open(directory)?.len();
    Ok(json!({"phase": "kill -9", "rows_after_each": found, "finished": finished, "rows": rows}))
}

fn named(storage: &str) -> Outcome<Storage> {
    match storage {
        "f32" => Ok(Storage::F32),
        "f16" => Ok(Storage::F16),
        "int8" => Ok(Storage::Int8),
        _ => Err(format!("`{storage}` is none of f32, f16, int8").into()),
    }
}

/// Evenly distributed numbers from -1 to 1.
fn random(seed: u64) -> impl Iterator<Item = f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    std::iter::repeat_with(move || rng.random_range(-1.0f32..1.0))
}

/// Values of a row, and how many numbers they follow from: `128`, or `128/24` for rows that have structure, as those of a model have.
struct Shape {
    width: usize,
    causes: usize,
    /// `[width, causes]`: what each of the numbers does to each value. Empty if the numbers are the values.
    map: Vec<f32>,
}

impl std::str::FromStr for Shape {
    type Err = std::num::ParseIntError;

    fn from_str(typed: &str) -> Result<Self, Self::Err> {
        let (width, causes) = typed.split_once('/').unwrap_or((typed, typed));
        let (width, causes) = (width.parse()?, causes.parse()?);
        let count = if typed.contains('/') { width * causes } else { 0 };
        Ok(Self { width, causes, map: random(0).take(count).collect() })
    }
}

/// A gallery whose rows are functions of their numbers.
struct Generated<'a> {
    directory: &'a Path,
    rows: usize,
    shape: Shape,
    storage: Storage,
    /// Of a row in the index.
    links: usize,
}

impl Generated<'_> {
    fn model() -> Model {
        Model {
            name: "generated".into(),
            sha256: "generated".into(),
            settings: Value::Null,
            description: Value::Null,
        }
    }

    /// The features of a person's sample; those of the gallery have the samples 0 to 7.
    fn features(&self, person: usize, sample: usize) -> Vec<f32> {
        let of_sample = 1 + (person * (PER_PERSON + 1) + sample) as u64;
        let causes: Vec<f32> = random(u64::MAX - person as u64)
            .zip(random(of_sample))
            .map(|(of_person, of_sample)| of_person + SCATTER * of_sample)
            .take(self.shape.causes)
            .collect();
        if self.shape.map.is_empty() {
            return causes;
        }
        let value = |row: &[f32]| row.iter().zip(&causes).map(|(a, b)| a * b).sum();
        self.shape.map.chunks(self.shape.causes).map(value).collect()
    }

    /// Adds the rows that are missing.
    /// Adds the rows that are missing. `committed` gets the number of rows after every commit.
    fn fill(&self, committed: impl Fn(usize)) -> Outcome<Value> {
        let mut writer = if self.directory.join(MANIFEST).exists() {
            Writer::open(self.directory, Unclaimed)?
        } else {
            let model = Self::model();
            Writer::create(self.directory, model, self.shape.width, self.storage, Unclaimed)?
        };
        let before = writer.contents().len();
        for row in 0..self.rows {
            let path = format!("photos/{:02}/{row:09}.jpg", row % CAMERAS);
            let content = Content::of([("rgb", path.as_bytes())]);
            if writer.contains(content) {
                continue;
            }
            let (person, sample) = (row / PER_PERSON, row % PER_PERSON);
            let record = Record {
                path: Some(path),
                identity: Some(person.to_string()),
                camera: Some(camera(row)),
                time: Some(1_790_000_000_000_000 + row as i64 * 1_000_000),
                modality: "rgb".into(),
                ..Record::default()
            };
            let features = self.features(person, sample);
            writer.add(Entry { content, features: &features, record, thumbnail: &[] })?;
            if writer.pending() >= COMMIT_ROWS {
                writer.commit()?;
                committed(writer.contents().len());
            }
        }
        writer.commit()?;
        Ok(json!({
            "rows": self.rows,
            "added": writer.contents().len() - before,
            "mib_on_disk": size(self.directory)? >> 20,
        }))
    }

    /// The person of a query: they are spread over the gallery.
    fn person(&self, query: usize) -> usize {
        query * (self.rows / PER_PERSON / QUERIES).max(1)
    }

    fn queries(&self, filter: &Filter) -> Vec<Query> {
        let query = |number| {
            let features = self.features(self.person(number), PER_PERSON);
            Query { filter: filter.clone(), ..Query::of(Self::model(), features, "rgb", 10) }
        };
        (0..QUERIES).map(query).collect()
    }

    /// Single queries, the same among the rows of one camera, and all of them as a batch.
    fn search(&self) -> Outcome<Value> {
        let opened = Instant::now();
        let gallery = Gallery::open(self.directory)?;
        let opened = opened.elapsed();
        let of_a_camera = Filter { cameras: vec![camera(3)], ..Filter::default() };
        let (plain, filtered) = (self.queries(&Filter::default()), self.queries(&of_a_camera));
        let first = Instant::now();
        gallery.search(&plain[0])?;
        let first = first.elapsed();
        let (mut times, mut found) = (Vec::new(), 0);
        for (number, query) in plain.iter().enumerate() {
            let start = Instant::now();
            let hits = gallery.search(query)?;
            times.push(start.elapsed());
            let person = self.person(number).to_string();
            let is_the_person =
                |hit: &aio_gallery::Hit| hit.record.identity.as_ref() == Some(&person);
            found += usize::from(hits.first().is_some_and(is_the_person));
        }
        let mut with_filter = Vec::new();
        for query in filtered.iter().take(20) {
            let start = Instant::now();
            gallery.search(query)?;
            with_filter.push(start.elapsed());
        }
        let batch = Instant::now();
        gallery.answers(&plain)?;
        let batch = batch.elapsed();
        Ok(json!({
            "rows": gallery.len(),
            "open_seconds": rounded(opened),
            "first_ms": milliseconds(first),
            "p50_ms": milliseconds(percentile(&mut times, 50)),
            "p99_ms": milliseconds(percentile(&mut times, 99)),
            "one_camera_p50_ms": milliseconds(percentile(&mut with_filter, 50)),
            "queries_per_second_in_batches": (QUERIES as f64 / batch.as_secs_f64()).round(),
            "first_hit_is_the_person": found as f64 / QUERIES as f64,
        }))
    }

    /// Lists with one row per person, and the further rows of their people.
    fn groups(&self) -> Outcome<Value> {
        let gallery = Gallery::open(self.directory)?;
        let (mut lists, mut further) = (Vec::new(), Vec::new());
        for query in self.queries(&Filter::default()).into_iter().step_by(10) {
            let query = Query { top: GROUPS, group_by: Some("identity".into()), ..query };
            let start = Instant::now();
            let hits = gallery.search(&query)?;
            lists.push(start.elapsed());
            let rows: Vec<u64> = hits.iter().map(|hit| hit.row).collect();
            let start = Instant::now();
            gallery.groups(&query, &rows, 6)?;
            further.push(start.elapsed());
        }
        Ok(json!({
            "rows": gallery.len(),
            // The first one reads the tables of the rows.
            "first_list_ms": milliseconds(lists[0]),
            "list_p50_ms": milliseconds(percentile(&mut lists, 50)),
            "further_p50_ms": milliseconds(percentile(&mut further, 50)),
        }))
    }

    /// Links rows with near ones.
    fn index(&self) -> Outcome<Value> {
        let mut writer = Writer::open(self.directory, Unclaimed)?;
        let before = cpu();
        let started = Instant::now();
        let made = writer.index(self.links, &|| ControlFlow::Continue(()))?;
        Ok(json!({
            "rows": made.rows,
            "links": made.links,
            "mib": made.bytes >> 20,
            "build_seconds": rounded(started.elapsed()),
            "processor_seconds": cpu() - before,
        }))
    }

    /// As [`Self::search`], along the links of the index, and which share of the exact results is found.
    fn approximate(&self) -> Outcome<Value> {
        let gallery = Gallery::open(self.directory)?;
        let of_a_camera = Filter { not_cameras: vec![camera(3)], ..Filter::default() };
        let (plain, filtered) = (self.queries(&Filter::default()), self.queries(&of_a_camera));
        let first = Instant::now();
        gallery.approximate_answers(&plain[..1])?;
        let first = first.elapsed();
        let (mut times, mut with_filter) = (Vec::new(), Vec::new());
        for query in &plain {
            let start = Instant::now();
            gallery.approximate_answers(std::slice::from_ref(query))?;
            times.push(start.elapsed());
        }
        for query in filtered.iter().take(20) {
            let start = Instant::now();
            gallery.approximate_answers(std::slice::from_ref(query))?;
            with_filter.push(start.elapsed());
        }
        let batch = Instant::now();
        let found = gallery.approximate_answers(&plain)?;
        let batch = batch.elapsed();
        let walked = found.iter().filter(|answer| answer.searched.is_none()).count();
        let recall = recall(&gallery, |queries| gallery.approximate_answers(queries))?;
        Ok(json!({
            "rows": gallery.len(),
            "followed": walked,
            "first_ms": milliseconds(first),
            "p50_ms": milliseconds(percentile(&mut times, 50)),
            "p99_ms": milliseconds(percentile(&mut times, 99)),
            "without_one_camera_p50_ms": milliseconds(percentile(&mut with_filter, 50)),
            "queries_per_second_in_batches": (QUERIES as f64 / batch.as_secs_f64()).round(),
            "recall": recall.map(|recall| recall.at),
        }))
    }

    fn verify(&self) -> Outcome<Value> {
        let verified = Gallery::verify(self.directory, &|_| ControlFlow::Continue(()))?;
        Ok(json!({"files": verified.files, "damages": verified.damages.len()}))
    }
}

fn camera(row: usize) -> String {
    format!("gate-{}", row % CAMERAS)
}

fn rounded(duration: Duration) -> Value {
    json!((duration.as_secs_f64() * 100.0).round() / 100.0)
}

fn milliseconds(duration: Duration) -> Value {
    json!((duration.as_secs_f64() * 1e5).round() / 100.0)
}

/// The nearest rank.
fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() * percent).div_ceil(100).max(1) - 1]
}

fn size(directory: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let about = entry.metadata()?;
        bytes += if about.is_dir() { size(&entry.path())? } else { about.len() };
    }
    Ok(bytes)
}

/// Processor time of this process in seconds, as Linux counts it in hundredths.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Peak memory of this process in MiB, as Linux counts it.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .and_then(|line| line.split_whitespace().nth(1)?.parse::<usize>().ok());
    line.unwrap_or(0) / 1024
}

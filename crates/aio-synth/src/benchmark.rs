//! Writes the benchmark to disk: every data set in the layout its owners published, with a manifest of hashes.

use super::VERSION;
use super::camera::{CameraModel, jpeg, to_rgb};
use super::caption::{attributes, caption};
use super::figure::{Pose, figure};
use super::paint::{Hand, Placement, drawing};
use super::person::Person;
use super::world::{Domain, DomainSpec};
use aio_data::{DataError, Result, fs};
use aio_types::rng;
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::{Path, PathBuf};
use tiny_skia::Pixmap;

/// How many people each data set holds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Size {
    /// Identities of SYNTH-PEDES, the RGB–text source.
    #[schemars(range(min = 1), extend("x-unit" = "identities"))]
    pub synth_pedes: usize,
    /// Training identities of LLCM, the infrared source.
    #[schemars(range(min = 1), extend("x-unit" = "identities"))]
    pub llcm: usize,
    /// Training identities of Market-Sketch-1K, the sketch source.
    #[schemars(range(min = 1), extend("x-unit" = "identities"))]
    pub market_sketch: usize,
    /// Test identities of Market-1501, SYSU-MM01, CUHK-PEDES and ORBench each.
    #[schemars(range(min = 1), extend("x-unit" = "identities"))]
    pub test: usize,
    /// Identities of PKU-Sketch, of which a quarter is tested in every split.
    #[schemars(range(min = 1), extend("x-unit" = "identities"))]
    pub pku: usize,
}

impl Default for Size {
    fn default() -> Self {
        Self { synth_pedes: 1120, llcm: 280, market_sketch: 280, test: 80, pku: 200 }
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

/// Domains of the benchmark. Sources and targets share neither cameras, palettes, artists nor writers.
pub mod domains {
    use super::DomainSpec;

    const fn source(
        name: &'static str,
        visible: usize,
        infrared: usize,
        hands: usize,
    ) -> DomainSpec {
        DomainSpec {
            name,
            visible,
            infrared,
            hands,
            vocabularies: &[0, 1],
            harshness: 1.4,
            untidiness: 1.5,
        }
    }

    const fn target(
        name: &'static str,
        visible: usize,
        infrared: usize,
        hands: usize,
    ) -> DomainSpec {
        DomainSpec {
            name,
            visible,
            infrared,
            hands,
            vocabularies: &[1, 2],
            harshness: 1.6,
            untidiness: 1.7,
        }
    }

    /// RGB and text, for training.
    pub const SYNTH_PEDES: DomainSpec = source("synth-pedes", 14, 0, 0);
    /// RGB and infrared, for training.
    pub const LLCM: DomainSpec = source("llcm", 9, 9, 0);
    /// RGB and sketch, for training.
    pub const MARKET_SKETCH: DomainSpec = source("market-sketch-1k", 6, 0, 6);
    /// RGB, for testing.
    pub const MARKET: DomainSpec = target("market1501", 6, 0, 0);
    /// RGB and infrared, for testing.
    pub const SYSU: DomainSpec = target("sysu-mm01", 4, 2, 0);
    /// RGB and sketch, for testing.
    pub const PKU: DomainSpec = target("pku-sketch", 5, 0, 5);
    /// RGB, text and sketch, for testing.
    pub const CUHK: DomainSpec = target("cuhk-pedes", 7, 0, 3);
    /// All five modalities, for testing.
    pub const ORBENCH: DomainSpec = target("orbench", 6, 3, 4);

    /// Every domain.
    pub const ALL: [DomainSpec; 8] =
        [SYNTH_PEDES, LLCM, MARKET_SKETCH, MARKET, SYSU, PKU, CUHK, ORBENCH];
}

/// A file to be rendered: where it goes and how its bytes are made.
struct Job<'a> {
    path: String,
    render: Box<dyn Fn() -> Vec<u8> + Send + Sync + 'a>,
}

/// Files of one data set, collected before they are rendered in parallel.
struct Plan<'a> {
    domain: &'a Domain,
    seed: u64,
    name: &'static str,
    jobs: Vec<Job<'a>>,
}

/// Draws `person` as the artist `hand` does.
///
/// # Panics
/// Never: the canvas has a fixed valid size.
#[must_use]
pub fn sketch(
    person: &Person,
    hand: &Hand,
    coloured: bool,
    rng: &mut ChaCha8Rng,
) -> image::RgbImage {
    let mut canvas = Pixmap::new(72, 144).expect("valid size");
    let mut signed = || 2.0 * rng.random::<f32>() - 1.0;
    let pose = Pose {
        yaw: 0.75 * signed(),
        phase: 1.5 * signed(),
        stride: 0.12,
        elbow: 0.25 + 0.2 * signed(),
        lean: 0.0,
    };
    let drawn = figure(person, pose);
    let scale = 0.91 * 144.0 / (0.25 * 1.76 + 0.75 * drawn.height);
    let at = Placement { scale, stretch: 1.0, x: 36.0 + 2.0 * signed(), y: 139.0 + 1.5 * signed() };
    drawing(&mut canvas, &drawn, at, hand, coloured, rng);
    to_rgb(&canvas)
}

impl<'a> Plan<'a> {
    fn stream(&self, what: &str, index: u64) -> ChaCha8Rng {
        rng(self.seed, &format!("{}/{what}", self.name), index)
    }

    fn people(&self, what: &str, count: usize) -> Vec<Person> {
        (0..count)
            .map(|i| Person::sample(&mut self.stream(what, i as u64), &self.domain.palette))
            .collect()
    }

    fn photo(&mut self, path: String, person: &Person, camera: &'a CameraModel) {
        let (person, mut stream) = (person.clone(), self.stream(&path, 0));
        stream.set_stream(1);
        self.jobs.push(Job {
            path,
            render: Box::new(move || camera.compress(&camera.shoot(&person, &mut stream.clone()))),
        });
    }

    fn sketch(&mut self, path: String, person: &Person, hand: &'a Hand, coloured: bool) {
        let (person, stream) = (person.clone(), self.stream(&path, 0));
        self.jobs.push(Job {
            path,
            render: Box::new(move || {
                jpeg(&sketch(&person, hand, coloured, &mut stream.clone()), 90)
            }),
        });
    }

    fn text(&mut self, path: &str, text: String) {
        self.jobs.push(Job {
            path: path.to_owned(),
            render: Box::new(move || text.clone().into_bytes()),
        });
    }

    fn json(&mut self, path: &str, value: &serde_json::Value) {
        let mut text = serde_json::to_string(value).unwrap_or_default();
        text.push('\n');
        self.text(path, text);
    }

    fn visible(&self, i: usize) -> &'a CameraModel {
        &self.domain.visible[i % self.domain.visible.len()]
    }

    fn hand(&self, i: usize) -> &'a Hand {
        &self.domain.hands[i % self.domain.hands.len()]
    }

    fn captions(&self, person: &Person, index: u64, count: usize) -> Vec<String> {
        let mut stream = self.stream("captions", index);
        (0..count).map(|_| caption(person, &self.domain.wording, &mut stream)).collect()
    }

    /// Distinct cameras for one person, as many as asked for where the domain has them.
    fn cameras(&self, person: usize, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.domain.visible.len()).collect();
        order.shuffle(&mut self.stream("cameras", person as u64));
        (0..count).map(|i| order[i % order.len()]).collect()
    }
}

fn synth_pedes(plan: &mut Plan, size: Size) {
    let mut items = Vec::new();
    for (i, person) in plan.people("train", size.synth_pedes).iter().enumerate() {
        for (n, camera) in plan.cameras(i, 4).into_iter().enumerate() {
            let file = format!("Part{}/{i}/{n}.jpg", 1 + i * 11 / size.synth_pedes.max(1));
            plan.photo(file.clone(), person, plan.visible(camera));
            let captions = plan.captions(person, (4 * i + n) as u64, 2);
            let prompt =
                format!("A photo of a person with {}.", attributes(person).replace(',', ", "));
            items.push(json!({"id": i, "file_path": file, "attributes": [attributes(person)], "captions": captions, "prompt_caption": [prompt]}));
        }
    }
    plan.json("synthpedes_dataset.json", &json!(items));
}

fn llcm(plan: &mut Plan, size: Size) {
    let test = (size.llcm / 5).max(4);
    let mut lists = [String::new(), String::new(), String::new(), String::new()];
    let mut test_ids = Vec::new();
    for (i, person) in plan.people("people", size.llcm + test).iter().enumerate() {
        let pid = i + 1;
        let is_test = i >= size.llcm;
        if is_test {
            test_ids.push(pid.to_string());
        }
        for (n, camera) in plan.cameras(i, 4).into_iter().enumerate() {
            for (m, modality) in ["vis", "nir"].into_iter().enumerate() {
                let name = format!(
                    "{pid:04}_c{:02}_s{:06}_f{}_{modality}.jpg",
                    camera + 1,
                    180_000 + 7 * i,
                    1000 + 13 * n
                );
                let folder = if is_test {
                    format!("test_{modality}/cam{}/{pid:04}", camera + 1)
                } else {
                    format!("{modality}/{pid:04}")
                };
                let model =
                    if m == 0 { plan.visible(camera) } else { &plan.domain.infrared[camera] };
                plan.photo(format!("{folder}/{name}"), person, model);
                let label = if is_test { i - size.llcm } else { i };
                lists[2 * usize::from(is_test) + m].push_str(&format!("{folder}/{name} {label}\n"));
            }
        }
    }
    for (name, list) in ["train_vis", "train_nir", "test_vis", "test_nir"].iter().zip(lists) {
        plan.text(&format!("idx/{name}.txt"), list);
    }
    plan.text("idx/test_id.txt", test_ids.join(",") + "\n");
}

fn market_sketch(plan: &mut Plan, size: Size) {
    let test = (size.market_sketch / 5).max(4);
    for (i, person) in plan.people("people", size.market_sketch + test).iter().enumerate() {
        let pid = i + 2;
        let part = if i < size.market_sketch { "train" } else { "query" };
        for (n, camera) in plan.cameras(i, 4).into_iter().enumerate() {
            let name = format!("{pid:04}_c{}s1_{:06}_{n:02}.jpg", camera + 1, 451 + 25 * n);
            plan.photo(format!("photo/{part}/{name}"), person, plan.visible(camera));
        }
        // Not every artist drew everybody, as in the original.
        for style in 0..plan.domain.hands.len() {
            if (i * 7 + style * 3) % 6 < 4 {
                let letter = char::from(b'A' + style as u8);
                plan.sketch(
                    format!("sketch/{letter}/{part}/{pid:04}_{letter}.jpg"),
                    person,
                    plan.hand(style),
                    false,
                );
            }
        }
    }
}

fn market(plan: &mut Plan, size: Size) {
    let train = (size.test / 5).max(2);
    let people = plan.people("people", size.test + train);
    for (i, person) in people.iter().enumerate() {
        let pid = i + 1;
        let is_train = i >= size.test;
        for (n, camera) in plan.cameras(i, 6).into_iter().enumerate() {
            let name = |detection: usize| {
                format!("{pid:04}_c{}s1_{:06}_{detection:02}.jpg", camera + 1, 301 + 50 * n)
            };
            let folder = if is_train { "bounding_box_train" } else { "bounding_box_test" };
            plan.photo(format!("{folder}/{}", name(1)), person, plan.visible(camera));
            if !is_train && n < 2 {
                plan.photo(format!("query/{}", name(0)), person, plan.visible(camera));
                for shot in 0..3 {
                    let box_name =
                        format!("{pid:04}_c{}s1_{:06}_00.jpg", camera + 1, 301 + 50 * n + 5 * shot);
                    plan.photo(format!("gt_bbox/{box_name}"), person, plan.visible(camera));
                }
            }
        }
    }
    for (i, person) in plan.people("distractors", size.test).iter().enumerate() {
        let camera = i % plan.domain.visible.len();
        let pid = if i % 3 == 2 { "-1".to_owned() } else { "0000".to_owned() };
        plan.photo(
            format!("bounding_box_test/{pid}_c{}s2_{:06}_{:02}.jpg", camera + 1, 100 + i, i % 7),
            person,
            plan.visible(camera),
        );
    }
}

fn sysu(plan: &mut Plan, size: Size) {
    let train = (size.test / 5).max(2);
    let ids = |range: std::ops::Range<usize>| {
        range.map(|i| (i + 1).to_string()).collect::<Vec<_>>().join(",") + "\n"
    };
    let people = plan.people("people", size.test + 2 * train);
    for (i, person) in people.iter().enumerate() {
        // Cameras 1 and 2 are rooms that not everybody enters; 3 (infrared) is in the room of camera 2.
        for camera in [1, 2, 3, 4, 5, 6] {
            if camera <= 2 && i % 5 >= 3 {
                continue;
            }
            let count = if camera == 3 || camera == 6 { 2 } else { 3 };
            for n in 1..=count {
                let model = match camera {
                    3 => &plan.domain.infrared[0],
                    6 => &plan.domain.infrared[1],
                    other => plan.visible([0, 0, 1, 1, 2, 3][other]),
                };
                plan.photo(format!("cam{camera}/{:04}/{n:04}.jpg", i + 1), person, model);
            }
        }
    }
    plan.text("exp/test_id.txt", ids(0..size.test));
    plan.text("exp/train_id.txt", ids(size.test..size.test + train));
    plan.text("exp/val_id.txt", ids(size.test + train..size.test + 2 * train));
    plan.text("exp/available_id.txt", ids(0..size.test + 2 * train));
}

fn pku(plan: &mut Plan, size: Size) {
    const PAIRS: [(usize, usize); 4] = [(4, 6), (3, 5), (4, 6), (3, 7)];
    for (i, person) in plan.people("people", size.pku).iter().enumerate() {
        let pair = PAIRS[i % PAIRS.len()];
        for camera in [pair.0, pair.1] {
            plan.photo(
                format!("photo/{}_{camera:02}_{}.jpg", i + 1, 300 + i),
                person,
                plan.visible(camera),
            );
        }
        plan.sketch(format!("sketch/{}.jpg", i + 1), person, plan.hand(i), false);
    }
    for style in 0..5 {
        let ids: Vec<String> =
            (0..size.pku).filter(|i| i % 5 == style).map(|i| (i + 1).to_string()).collect();
        let letter = char::from(b'a' + style as u8);
        plan.text(&format!("styleAnnotation/{letter}_{}.txt", ids.len()), ids.join("\n") + "\n");
    }
    for split in 1..=10u64 {
        let mut order: Vec<usize> = (0..size.pku).collect();
        order.shuffle(&mut plan.stream("split", split));
        let (test, train) = order.split_at(size.pku / 4);
        for (part, members) in [("train", train), ("test", test)] {
            let mut members = members.to_vec();
            members.sort_unstable();
            let (mut visible, mut sketches) = (String::new(), String::new());
            for (label, i) in members.iter().enumerate() {
                let pair = PAIRS[i % PAIRS.len()];
                for camera in [pair.0, pair.1] {
                    visible += &format!(
                        "photo/{}_{camera:02}_{}.jpg {} {camera:02} {label}\n",
                        i + 1,
                        300 + i,
                        i + 1
                    );
                }
                sketches += &format!("sketch/{}.jpg {} {label} {}\n", i + 1, i + 1, i % 5);
            }
            plan.text(&format!("idx/{part}_visible_{split}.txt"), visible);
            plan.text(&format!("idx/{part}_sketch_{split}.txt"), sketches);
        }
    }
}

fn cuhk(plan: &mut Plan, size: Size) {
    const FOLDERS: [&str; 7] =
        ["cam_a", "cam_b", "CUHK01", "CUHK03", "Market", "test_query", "train_query"];
    let other = (size.test / 5).max(2);
    let mut items = Vec::new();
    for (i, person) in plan.people("people", size.test + 2 * other).iter().enumerate() {
        let split = if i < other {
            "train"
        } else if i < 2 * other {
            "val"
        } else {
            "test"
        };
        for (n, camera) in plan.cameras(i, 3).into_iter().enumerate() {
            let file = format!("{}/{:04}_{n:03}.jpg", FOLDERS[camera % FOLDERS.len()], i + 1);
            plan.photo(format!("imgs/{file}"), person, plan.visible(camera));
            plan.sketch(format!("imgs-sketch2/{file}"), person, plan.hand(i + n), false);
            let captions = plan.captions(person, (3 * i + n) as u64, 2);
            let tokens: Vec<Vec<String>> = captions
                .iter()
                .map(|c| {
                    c.to_lowercase()
                        .split(|x: char| !x.is_alphanumeric())
                        .filter(|w| !w.is_empty())
                        .map(str::to_owned)
                        .collect()
                })
                .collect();
            items.push(json!({"split": split, "captions": captions, "file_path": file, "processed_tokens": tokens, "id": i + 1}));
        }
    }
    plan.json("reid_raw.json", &json!(items));
}

fn orbench(plan: &mut Plan, size: Size) {
    let train = (size.test / 4).max(2);
    let mut train_items = Vec::new();
    let mut gallery = Vec::new();
    let mut singles: [Vec<(usize, String)>; 4] = Default::default();
    for (i, person) in plan.people("people", size.test + train).iter().enumerate() {
        let id = i + 1;
        let is_train = i < train;
        let mut files: [Vec<String>; 4] = Default::default();
        for (n, camera) in plan.cameras(i, 5).into_iter().enumerate() {
            let file = format!("vis/{id:04}/{n:02}_c{}.jpg", camera + 1);
            plan.photo(file.clone(), person, plan.visible(camera));
            let text = plan.captions(person, (5 * i + n) as u64, 1).remove(0);
            if is_train {
                train_items.push(json!({"id": id, "file_path": file, "caption": text}));
            } else {
                gallery.push(json!([id, file]));
                files[3].push(text);
            }
        }
        for n in 0..plan.domain.infrared.len() {
            let file = format!("nir/{id:04}/{n:02}.jpg");
            plan.photo(file.clone(), person, &plan.domain.infrared[n]);
            files[0].push(file);
        }
        for n in 0..2 {
            for (slot, folder, coloured) in [(1, "cp", true), (2, "sk", false)] {
                let file = format!("{folder}/{id:04}/{n:02}.jpg");
                plan.sketch(file.clone(), person, plan.hand(i + 2 * n + slot), coloured);
                files[slot].push(file);
            }
        }
        if !is_train {
            for (single, files) in singles.iter_mut().zip(files) {
                single.extend(files.into_iter().map(|f| (id, f)));
            }
        }
    }
    plan.json("train_annos.json", &json!(train_items));
    let queries = orbench_queries(plan, &singles, gallery);
    plan.json("test_gallery_and_queries.json", &queries);
}

/// The 32 query keys of ORBench: the first element runs over its samples, the others are drawn.
fn orbench_queries(
    plan: &Plan,
    singles: &[Vec<(usize, String)>; 4],
    gallery: Vec<serde_json::Value>,
) -> serde_json::Value {
    const NAMES: [&str; 4] = ["NIR", "CP", "SK", "TEXT"];
    let mut result = serde_json::Map::new();
    result.insert("RGB_GALLERY".into(), json!(gallery));
    for bits in 1u8..16 {
        let members: Vec<usize> = (0..4).filter(|i| bits >> i & 1 == 1).collect();
        for first in &members {
            let order: Vec<usize> = std::iter::once(*first)
                .chain(members.iter().copied().filter(|m| m != first))
                .collect();
            let key = order.iter().map(|m| NAMES[*m]).collect::<Vec<_>>().join("+");
            let mut stream = plan.stream(&key, 0);
            let rows = singles[*first].iter().map(|(id, item)| {
                let mut row = vec![json!(id), json!(item)];
                for m in &order[1..] {
                    let choices: Vec<&String> = singles[*m]
                        .iter()
                        .filter(|(other, _)| other == id)
                        .map(|(_, f)| f)
                        .collect();
                    row.push(json!(choices[stream.random_range(0..choices.len())]));
                }
                json!(row)
            });
            result.insert(key, rows.collect());
        }
    }
    serde_json::Value::Object(result)
}

type Planner = fn(&mut Plan, Size);

/// The data sets in the order in which they are written: folder, domain, planner.
const DATA_SETS: [(&str, DomainSpec, Planner); 8] = [
    ("SYNTH-PEDES", domains::SYNTH_PEDES, synth_pedes),
    ("LLCM", domains::LLCM, llcm),
    ("MaSk1K", domains::MARKET_SKETCH, market_sketch),
    ("Market-1501-v15.09.15", domains::MARKET, market),
    ("SYSU-MM01", domains::SYSU, sysu),
    ("PKUSketchRE-ID_V1", domains::PKU, pku),
    ("CUHK-PEDES", domains::CUHK, cuhk),
    ("ORBench", domains::ORBENCH, orbench),
];

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
/// A finished benchmark of the same seed, size and version is left as it is; files that a killed call has
/// already written are kept. `progress` is told (done, total) as files are finished.
///
/// # Errors
/// [`DataError`] if a file cannot be written, or if `root` holds a benchmark of another seed, size or version.
pub fn write(
    root: &Path,
    seed: u64,
    size: Size,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Manifest> {
    if let Some(found) = manifest(root)? {
        if found.seed == seed && found.size == size && found.version == VERSION {
            return Ok(found);
        }
        let problem = format!(
            "holds another benchmark (seed {}, version {}) than the one asked for (seed {seed}, version {VERSION}); remove the directory {} or choose another root",
            found.seed,
            found.version,
            root.display()
        );
        return Err(DataError::Parse { path: root.join(MANIFEST), problem });
    }
    let built: Vec<Domain> =
        DATA_SETS.iter().map(|(_, spec, _)| Domain::new(seed, *spec)).collect();
    let mut jobs = Vec::new();
    for ((folder, spec, planner), domain) in DATA_SETS.iter().zip(&built) {
        let mut plan = Plan { domain, seed, name: spec.name, jobs: Vec::new() };
        planner(&mut plan, size);
        jobs.extend(
            plan.jobs.into_iter().map(|job| Job { path: format!("{folder}/{}", job.path), ..job }),
        );
    }
    let total = jobs.len();
    let done = std::sync::atomic::AtomicUsize::new(0);
    let mut hashes = jobs
        .par_iter()
        .map(|job| {
            let bytes = (job.render)();
            let path = root.join(&job.path);
            let kept = std::fs::metadata(&path).is_ok_and(|m| m.len() == bytes.len() as u64);
            if !kept {
                fs::write_then_rename_unsynced(&path, &bytes)?;
            }
            progress(1 + done.fetch_add(1, std::sync::atomic::Ordering::Relaxed), total);
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
    Ok(found)
}

/// One row of pictures per domain and modality, for looking at.
///
/// # Errors
/// [`DataError`] if the sheet cannot be written to `path`.
///
/// # Panics
/// Never: the thumbnails have a fixed size.
pub fn contact_sheet(path: &Path, seed: u64) -> Result<()> {
    const W: u32 = 64;
    const H: u32 = 128;
    const COLUMNS: usize = 14;
    let mut rows: Vec<Vec<image::RgbImage>> = Vec::new();
    for spec in domains::ALL {
        let domain = Domain::new(seed, spec);
        let plan = Plan { domain: &domain, seed, name: spec.name, jobs: Vec::new() };
        let people = plan.people("sheet", COLUMNS);
        let stream = |i: usize, what: &str| plan.stream(what, i as u64);
        let mut push = |row: Vec<image::RgbImage>| rows.push(row);
        push(
            people
                .iter()
                .enumerate()
                .map(|(i, p)| plan.visible(i).shoot(p, &mut stream(i, "sheet photo")))
                .collect(),
        );
        if !domain.infrared.is_empty() {
            let camera = |i: usize| &domain.infrared[i % domain.infrared.len()];
            push(
                people
                    .iter()
                    .enumerate()
                    .map(|(i, p)| camera(i).shoot(p, &mut stream(i, "sheet infrared")))
                    .collect(),
            );
        }
        if !domain.hands.is_empty() {
            push(
                people
                    .iter()
                    .enumerate()
                    .map(|(i, p)| sketch(p, plan.hand(i), false, &mut stream(i, "sheet sketch")))
                    .collect(),
            );
        }
        if spec.name == domains::ORBENCH.name {
            push(
                people
                    .iter()
                    .enumerate()
                    .map(|(i, p)| sketch(p, plan.hand(i), true, &mut stream(i, "sheet pencil")))
                    .collect(),
            );
        }
    }
    let (gap, columns) = (2, COLUMNS as u32);
    let mut sheet = image::RgbImage::from_pixel(
        columns * (W + gap) + gap,
        rows.len() as u32 * (H + gap) + gap,
        image::Rgb([255; 3]),
    );
    for (y, row) in rows.iter().enumerate() {
        for (x, picture) in row.iter().enumerate() {
            let thumbnail =
                image::imageops::resize(picture, W, H, image::imageops::FilterType::Triangle);
            let (x, y) = (gap + x as u32 * (W + gap), gap + y as u32 * (H + gap));
            image::imageops::replace(&mut sheet, &thumbnail, i64::from(x), i64::from(y));
        }
    }
    let mut bytes = std::io::Cursor::new(Vec::new());
    sheet.write_to(&mut bytes, image::ImageFormat::Png).expect("encoding to memory");
    fs::write_then_rename(path, bytes.get_ref())
}

/// The path of a data set below the benchmark's root, by the name that experiments use.
#[must_use]
pub fn folder(root: &Path, dataset: &str) -> Option<PathBuf> {
    let name = if dataset == "tri-cuhk-pedes" { "cuhk-pedes" } else { dataset };
    DATA_SETS.iter().find(|(_, spec, _)| spec.name == name).map(|(folder, ..)| root.join(folder))
}

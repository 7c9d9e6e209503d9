//! Scoring and indexing at the published sizes, on generated data: `just bench scale`.
//!
//! Market-1501 with 500,000 distractors (3,368 queries, 515,913 gallery entries, width 768) is scored, and an annotation file as large as
//! SYNTH-PEDES' (4,791,711 photographs, 12,138,157 captions) is indexed and opened. Each part runs in a process of its own, so that
//! its peak memory is its own.

// A benchmark's result is what it prints.
#![allow(clippy::print_stdout)]

use aio_data::index::{Index, Row, build};
use aio_eval::{Entry, EvalOptions, Features, LabelledFeatures, Protocol, evaluate};
use aio_types::{Camera, Identity};
use serde::Deserialize;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

const QUERIES: usize = 3_368;
const GALLERY: usize = 515_913;
const WIDTH: usize = 768;
const PHOTOGRAPHS: usize = 4_791_711;
const CAPTIONS: usize = 12_138_157;
const PEOPLE: usize = 312_321;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Peak memory of this process in MiB, as Linux counts it.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|l| l.starts_with("VmHWM:"))
        .and_then(|l| l.split_whitespace().nth(1)?.parse::<usize>().ok());
    line.unwrap_or(0) / 1024
}

/// A quick generator of numbers in −1..1; their quality does not matter here.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / 8_388_608.0 - 1.0
    }
}

/// Labels as in Market-1501: 750 people at six cameras, and distractors of identity 0.
fn entries(count: usize, known: usize) -> Vec<Entry> {
    (0..count)
        .map(|i| Entry {
            camera: Some(Camera(1 + (i / 750 % 6) as i64)),
            ..Entry::of(Identity(if i < known { 1 + (i % 750) as i64 } else { 0 }))
        })
        .collect()
}

fn features(
    what: &str,
    entries: &[Entry],
    numbers: &mut Numbers,
) -> Result<Features, aio_eval::EvalError> {
    let mut values = Vec::with_capacity(entries.len() * WIDTH);
    for entry in entries {
        let mut person = Numbers(
            0x9e37_79b9_7f4a_7c15
                ^ entry.identity.0.unsigned_abs().wrapping_mul(0x2545_f491_4f6c_dd1d),
        );
        values.extend((0..WIDTH).map(|_| 0.2 * person.next() + numbers.next()));
    }
    Features::new(what, entries.len(), WIDTH, values)
}

fn score() -> Outcome {
    let numbers = &mut Numbers(7);
    let (queries, gallery) = (entries(QUERIES, QUERIES), entries(GALLERY, 13_115));
    let (q, g) = (features("queries", &queries, numbers)?, features("gallery", &gallery, numbers)?);
    let (before, begun) = (peak(), Instant::now());
    let scores = evaluate(
        LabelledFeatures { features: &q, entries: &queries },
        LabelledFeatures { features: &g, entries: &gallery },
        Protocol::Market1501,
        EvalOptions::default(),
        |_, _| {},
    )?;
    let features = (QUERIES + GALLERY) * WIDTH * 4 / (1 << 20);
    println!(
        "score    {QUERIES} × {GALLERY} × {WIDTH}: {:.0} s, {} MiB beyond the {features} MiB of features (mAP {:.4}, {} queries skipped)",
        begun.elapsed().as_secs_f64(),
        peak().saturating_sub(before),
        scores.map,
        scores.skipped
    );
    Ok(())
}

#[derive(Deserialize)]
struct Item {
    id: i64,
    file_path: String,
    captions: Vec<String>,
}

fn write_annotations(path: &Path) -> Outcome {
    const WORDS: [&str; 8] = [
        "a young man",
        "with short black hair",
        "wearing a grey jacket",
        "and blue trousers",
        "carries",
        "a red backpack",
        "and walks",
        "to the left",
    ];
    let mut file = BufWriter::with_capacity(1 << 20, std::fs::File::create(path)?);
    file.write_all(b"[")?;
    let mut written = 0;
    for photo in 0..PHOTOGRAPHS {
        let person = photo * PEOPLE / PHOTOGRAPHS;
        // Captions spread evenly: two or three each.
        let until = (photo + 1) * CAPTIONS / PHOTOGRAPHS;
        let captions: Vec<String> = (written..until)
            .map(|n| {
                format!(
                    "{} {n}.",
                    WORDS.iter().cycle().skip(n % 8).take(8).copied().collect::<Vec<_>>().join(" ")
                )
            })
            .collect();
        written = until;
        let separator = if photo == 0 { "" } else { ", " };
        let path = format!("Part{}/{person}/{}.jpg", 1 + person * 11 / PEOPLE, photo % 100);
        let captions = serde_json::to_string(&captions)?;
        write!(
            file,
            r#"{separator}{{"id": {person}, "file_path": "{path}", "attributes": ["man,black hair,grey jacket,blue trousers,unknown,backpack"], "captions": {captions}, "prompt_caption": ["A photo of a man."]}}"#
        )?;
    }
    file.write_all(b"]")?;
    file.flush()?;
    Ok(())
}

fn index(annotations: &Path, path: &Path) -> Outcome {
    let begun = Instant::now();
    // The photographs are not there: whether they are is what `aio data prepare` checks beside this.
    let row = |_, item: Item| {
        Ok(Row { identity: item.id, captions: item.captions.len() as u32, path: item.file_path })
    };
    let rows = build(annotations, path, row, &|_| ())?;
    let size = |p: &Path| std::fs::metadata(p).map_or(0, |m| m.len() >> 20);
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "index    {rows} photographs of {} MiB: {seconds:.0} s, peak {} MiB, {} MiB of Parquet",
        size(annotations),
        peak(),
        size(path)
    );
    Ok(())
}

fn open(annotations: &Path, path: &Path) -> Outcome {
    let begun = Instant::now();
    let index = Index::open(annotations, path)?;
    let opened = begun.elapsed().as_secs_f64();
    let captions: usize = index.captions().iter().map(|n| *n as usize).sum();
    println!(
        "open     {} photographs, {captions} captions: {opened:.2} s, peak {} MiB",
        index.len(),
        peak()
    );
    let begun = Instant::now();
    let reads = 10_000;
    for i in 0..reads {
        let photo = i * 7_919_009 % index.len();
        let item: Item = index.annotation(photo)?;
        assert_eq!(
            (item.id, item.captions.len()),
            (index.identities()[photo], index.captions()[photo] as usize)
        );
    }
    println!(
        "read     {reads} annotations at random: {:.0} µs each",
        1e6 * begun.elapsed().as_secs_f64() / f64::from(reads as u32)
    );
    Ok(())
}

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let at = |i: usize| PathBuf::from(arguments.get(i).map_or("", String::as_str));
    match arguments.first().map(String::as_str) {
        Some("score") => return score(),
        Some("index") => return index(&at(1), &at(2)),
        Some("open") => return open(&at(1), &at(2)),
        _ => {}
    }
    let directory = std::env::temp_dir().join(format!("aio-scale-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let (annotations, path) = (directory.join("annotations.json"), directory.join("index.parquet"));
    let part = |arguments: &[&std::ffi::OsStr]| -> Outcome {
        let status =
            std::process::Command::new(std::env::current_exe()?).args(arguments).status()?;
        if status.success() { Ok(()) } else { Err(format!("{arguments:?} failed").into()) }
    };
    let outcome =
        part(&["score".as_ref()]).and_then(|()| write_annotations(&annotations)).and_then(|()| {
            part(&["index".as_ref(), annotations.as_ref(), path.as_ref()])?;
            part(&["open".as_ref(), annotations.as_ref(), path.as_ref()])
        });
    std::fs::remove_dir_all(&directory)?;
    outcome
}

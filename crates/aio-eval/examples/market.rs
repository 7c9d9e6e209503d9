//! Times scoring and re-ranking at the size of Market-1501, on generated features: `just bench market [score|rerank]`.
//!
//! Prints one JSON line for each, from a process of its own: the median of the seconds and of the processor time of some rounds, and the peak memory of
//! the process beyond the features. `scripts/bench/score.py` times the bare product of such features in NumPy.

use aio_eval::{Entry, EvalOptions, Features, LabelledFeatures, Protocol, Rerank, evaluate};
use aio_types::{Camera, Identity};
use std::time::Instant;

const QUERIES: usize = 3_368;
const GALLERY: usize = 15_913;
/// Gallery entries of people whom queries show.
const KNOWN: usize = 13_115;
const PEOPLE: usize = 750;
const WIDTH: usize = 768;
const ROUNDS: usize = 5;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

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

/// People at six cameras; who is not known has identity 0.
fn entries(count: usize, known: usize) -> Vec<Entry> {
    let entry = |i: usize| Entry {
        camera: Some(Camera(1 + (i / PEOPLE % 6) as i64)),
        ..Entry::of(Identity(if i < known { 1 + (i % PEOPLE) as i64 } else { 0 }))
    };
    (0..count).map(entry).collect()
}

fn features(what: &str, entries: &[Entry], seed: u64) -> Outcome<Features> {
    let mut noise = Numbers(seed);
    let mut values = Vec::with_capacity(entries.len() * WIDTH);
    for (i, entry) in entries.iter().enumerate() {
        let number = if entry.identity.0 > 0 { entry.identity.0 as u64 } else { 1_000 + i as u64 };
        let mut person = Numbers(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        (0..8).for_each(|_| _ = person.next());
        values.extend((0..WIDTH).map(|_| 0.4 * person.next() + noise.next()));
    }
    Ok(Features::new(what, entries.len(), WIDTH, values)?)
}

/// A number of a line of a file of Linux about this process.
fn number(file: &str, name: &str) -> f64 {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0.0)
}

/// Peak memory in MiB, as Linux counts it.
fn peak() -> f64 {
    number("/proc/self/status", "VmHWM:") / 1024.0
}

/// Seconds of processor time, as Linux counts them: hundredths, in fields 14 and 15.
fn processor_time() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11);
    fields.take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() -> Outcome<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if wanted.is_empty() {
        // The peak of a process never falls: each has one of its own.
        for name in ["score", "rerank"] {
            let status = std::process::Command::new(std::env::current_exe()?).arg(name).status()?;
            if !status.success() {
                return Err(format!("{name} failed").into());
            }
        }
        return Ok(());
    }
    let (queries, gallery) = (entries(QUERIES, QUERIES), entries(GALLERY, KNOWN));
    let (q, g) = (features("queries", &queries, 7)?, features("gallery", &gallery, 8)?);
    for (name, rerank) in [("score", None), ("rerank", Some(Rerank::default()))] {
        if !wanted.iter().any(|wanted| wanted == name) {
            continue;
        }
        let (mut seconds, mut processor, mut map) = (Vec::new(), Vec::new(), 0.0);
        let before = peak();
        for _ in 0..ROUNDS {
            let (begun, used) = (Instant::now(), processor_time());
            let scores = evaluate(
                LabelledFeatures { features: &q, entries: &queries },
                LabelledFeatures { features: &g, entries: &gallery },
                Protocol::Market1501,
                EvalOptions { rerank, ..EvalOptions::default() },
                |_, _| {},
            )?;
            seconds.push(begun.elapsed().as_secs_f64());
            processor.push(processor_time() - used);
            map = scores.map;
        }
        // An example is a program for a terminal.
        #[allow(clippy::print_stdout)]
        {
            println!(
                r#"{{"what": "{name}", "queries": {QUERIES}, "gallery": {GALLERY}, "width": {WIDTH}, "seconds": {:.3}, "processor_seconds": {:.2}, "mib": {:.0}, "map": {map:.6}}}"#,
                median(seconds),
                median(processor),
                peak() - before
            );
        }
    }
    Ok(())
}

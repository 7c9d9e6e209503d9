//! Every kind of file that the program reads, damaged at random: an error that names the file or the content that was written, no panic, and
//! bounded time and memory. docs/reliability.md holds the counts.
//!
//! `AIO_CORRUPTIONS` is the number of damaged copies of every kind. Tests of aio-train damage the checkpoints of a training.

mod damage;
mod data;
mod galleries;
mod models;
mod runs;
mod seeds;
mod trial;

use rayon::prelude::*;
use std::fmt::Write;
use trial::{Counts, Kind, Seal};

/// Damaged copies of every kind.
const COPIES: u64 = 1_000;

/// Most memory that the whole test may take, in KiB. The pictures need most: a damaged size can announce half a GiB of pixels.
const MOST_MEMORY: u64 = 3 << 20;

fn kinds() -> Vec<Kind> {
    let mut kinds = runs::kinds();
    kinds.extend(models::kinds());
    kinds.extend(data::kinds());
    kinds.extend(galleries::kinds());
    kinds
}

fn table(rows: &[(&Kind, Counts)]) -> String {
    let mut text = String::from(
        "| kind of file | checksum | copies | refused | content as written | another well-formed value |\n|---|---|--:|--:|--:|--:|\n",
    );
    for (kind, Counts { refused, same, other, .. }) in rows {
        let copies = refused + same + other;
        let (seal, other) = match kind.seal {
            Seal::Checksum => ("yes", "–".to_owned()),
            Seal::None => ("no", other.to_string()),
        };
        let _ =
            writeln!(text, "| {} | {seal} | {copies} | {refused} | {same} | {other} |", kind.name);
    }
    text
}

/// Largest resident memory of this process in KiB, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[test]
#[expect(clippy::print_stdout, reason = "the report of counts")]
fn damaged_files_are_refused_or_read_as_they_were_written() {
    trial::quiet_panics();
    let copies = std::env::var("AIO_CORRUPTIONS");
    let copies = copies.map_or(COPIES, |text| text.parse().expect("AIO_CORRUPTIONS is a number"));
    let kinds = kinds();
    let outcomes: Vec<_> = kinds.par_iter().map(|kind| kind.damage(copies)).collect();
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for (kind, outcome) in kinds.iter().zip(outcomes) {
        match outcome {
            Ok(counts) => rows.push((kind, counts)),
            Err(failure) => failures.push(failure.to_string()),
        }
    }
    println!("{}", table(&rows));
    let slowest = rows.iter().max_by_key(|(_, counts)| counts.slowest);
    if let Some((kind, Counts { slowest, .. })) = slowest {
        println!("slowest: {}, {slowest:?}", kind.name);
    }
    println!("memory at the peak: {:?} KiB", peak_memory());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(peak_memory().is_none_or(|peak| peak < MOST_MEMORY), "{:?}", peak_memory());
    for (kind, counts) in rows {
        assert!(counts.refused > 0, "no damaged copy of {} was refused: {counts:?}", kind.name);
    }
}

#[test]
fn the_documentation_lists_every_kind() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reliability.md");
    let text = std::fs::read_to_string(path).expect("docs/reliability.md");
    for kind in kinds() {
        assert!(text.contains(&format!("| {} |", kind.name)), "{} is not listed", kind.name);
    }
}

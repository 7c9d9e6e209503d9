//! Runs that are stopped, and disks that are full.

#![cfg(unix)]

use crate::harness::{Desk, SHORT, leftovers, refused};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn a_stopped_run_continues_to_bit_identical_weights() {
    let desk = Desk::new();
    let arguments =
        |runs: &'static str| [&["experiment", "smoke", "--runs", runs][..], &SHORT].concat();
    desk.succeed(&arguments("whole"));
    let expected = std::fs::read(desk.cell("whole", "smoke").join("model/weights.safetensors"))
        .expect("weights");
    let mut child = desk
        .command(&arguments("parts"))
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("starts");
    let begun = Instant::now();
    loop {
        let lines = std::fs::read_dir(desk.path("parts").join("smoke"))
            .into_iter()
            .flatten()
            .flatten()
            .next();
        let metrics = lines
            .map(|c| c.path().join("seed-0/metrics.jsonl"))
            .and_then(|p| std::fs::read_to_string(p).ok())
            .unwrap_or_default();
        if metrics.lines().count() >= 3 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(300), "no step within five minutes");
        std::thread::sleep(Duration::from_millis(5));
    }
    let killed =
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill");
    assert!(killed.success());
    assert_eq!(
        child.wait().expect("exits").code(),
        Some(75),
        "stopped with a checkpoint, to be run again"
    );
    assert!(!desk.cell("parts", "smoke").join("result.json").exists());
    desk.succeed(&arguments("parts"));
    let run = desk.cell("parts", "smoke");
    assert!(
        std::fs::read(run.join("model/weights.safetensors")).expect("weights") == expected,
        "the weights differ"
    );
    let steps: Vec<u64> = std::fs::read_to_string(run.join("metrics.jsonl"))
        .expect("metrics")
        .lines()
        .map(|l| {
            serde_json::from_str::<serde_json::Value>(l).expect("JSON")["step"]
                .as_u64()
                .expect("step")
        })
        .collect();
    assert_eq!(steps, (0..steps.len() as u64).collect::<Vec<_>>(), "every step is logged once");
}

#[test]
fn a_full_disk_while_writing_a_checkpoint_leaves_nothing_half_written() {
    let desk = Desk::new();
    desk.succeed(&[
        "experiment",
        "smoke",
        "--runs",
        "first",
        SHORT[0],
        SHORT[1],
        SHORT[2],
        SHORT[3],
    ]);
    // Files are limited to 1 MiB, less than a checkpoint; with the signal ignored, writing fails as on a full disk.
    let script = format!(
        "trap '' XFSZ; ulimit -f 2048; exec {} experiment smoke --runs limited {} '{}' {} {}",
        env!("CARGO_BIN_EXE_aio"),
        SHORT[0],
        SHORT[1],
        SHORT[2],
        SHORT[3]
    );
    let output =
        Command::new("sh").args(["-c", &script]).current_dir(desk.path("")).output().expect("sh");
    let text = refused(1, &output);
    assert!(text.contains("checkpoint"), "{text}");
    let run = desk.cell("limited", "smoke");
    assert!(leftovers(&run).is_empty(), "{:?}", leftovers(&run));
    assert!(std::fs::read_dir(run.join("checkpoint")).map_or(true, |mut d| d.next().is_none()));
    desk.succeed(&[
        "experiment",
        "smoke",
        "--runs",
        "limited",
        SHORT[0],
        SHORT[1],
        SHORT[2],
        SHORT[3],
    ]);
}

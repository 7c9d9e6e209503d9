//! What `manifest.json` contains: the program, machine and data behind a result, and what the run cost.
//!
//! The fourth step of an experiment (`experiment/save.rs`) writes it immediately before `result.json`.

use super::{Meter, Run};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a result comes from.
#[derive(Debug, Serialize)]
pub struct Manifest {
    /// Version of the program.
    pub version: &'static str,
    /// Commit of the sources that the program was built from, if they were in a Git repository.
    pub commit: Option<String>,
    /// Beginning of Git's hash of what had changed in the sources since the commit, if anything had.
    pub changes: Option<String>,
    /// BLAKE3 of the `Cargo.lock` that the program was built with, if the build had one.
    pub lock: Option<String>,
    /// Cargo features that the program was built with.
    pub features: Vec<&'static str>,
    /// Command line; the program is always called `aio` here.
    pub command: Vec<String>,
    /// Operating system and architecture.
    pub platform: String,
    /// Name of the processor, if the system gives it.
    pub processor: Option<String>,
    /// Memory of the machine in MiB, if the system gives it.
    pub memory: Option<u64>,
    /// Threads used.
    pub threads: usize,
    /// Largest resident memory of this process during the run in MiB; known on Linux only.
    pub peak_memory: Option<u64>,
    /// What the run itself knows.
    #[serde(flatten)]
    pub facts: RunFacts,
}

/// The part of a [`Manifest`] that depends on the run and not on the machine.
#[derive(Debug, Serialize)]
pub struct RunFacts {
    /// Device that computed.
    pub device: String,
    /// Seed.
    pub seed: u64,
    /// Content hash of the synthetic benchmark, if the run used it.
    pub benchmark: Option<String>,
    /// Fingerprint of every data set that was read, without the contents of its files ([`aio_data::Dataset::fingerprint`]); those of earlier versions
    /// have no rule in front.
    pub data: BTreeMap<String, String>,
    /// SHA-256 of the pre-trained weights.
    pub weights: String,
    /// Predicted peak memory in MiB; none if this call had nothing left to train, which the file writes as 0.
    #[serde(serialize_with = "zero_for_none")]
    pub predicted_memory: Option<usize>,
    /// Floating-point operations of this call's training steps, predicted; left out if it had nothing left to train.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicted_flops: Option<f64>,
    /// Seconds of this call's training steps as its first steps predicted them; left out if it had too few steps to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicted_seconds: Option<f64>,
    /// Share of the training, over all calls, in which it waited for its next batch, in 0..1; left out if there was no step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_for_data: Option<f64>,
    /// Seconds of this call.
    pub seconds: f64,
}

/// Manifests have always held a number here.
fn zero_for_none<S: serde::Serializer>(
    value: &Option<usize>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.unwrap_or(0).serialize(serializer)
}

impl Manifest {
    /// Adds what is known about program and machine to the facts of a run.
    #[must_use]
    pub fn collect(facts: RunFacts, meter: &Meter) -> Self {
        let features = [("wgpu", cfg!(feature = "wgpu")), ("cuda", cfg!(feature = "cuda"))];
        let (processor, memory) = processor_and_memory();
        Self {
            version: env!("CARGO_PKG_VERSION"),
            commit: known(env!("AIO_COMMIT")),
            changes: known(env!("AIO_CHANGES")).map(|hash| hash.chars().take(16).collect()),
            lock: fingerprint(include_bytes!(concat!(env!("OUT_DIR"), "/Cargo.lock"))),
            features: features.into_iter().filter_map(|(name, on)| on.then_some(name)).collect(),
            command: command(),
            platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            processor,
            memory,
            threads: rayon::current_num_threads(),
            peak_memory: meter.peak_memory(),
            facts,
        }
    }
}

/// What is read of the manifests of all versions, which have other keys beside these.
#[derive(Deserialize)]
struct Recorded {
    version: Option<String>,
    peak_memory: Option<u64>,
}

fn recorded(run: &Run) -> Option<Recorded> {
    run.read(super::layout::MANIFEST).ok().flatten()
}

/// The largest resident memory in MiB that the manifest of a run records, if there is a manifest that records one.
pub(crate) fn peak_memory(run: &Run) -> Option<u64> {
    recorded(run)?.peak_memory
}

/// The version of the program that the manifest of a run records, if there is a manifest that records one.
pub(crate) fn version(run: &Run) -> Option<String> {
    recorded(run)?.version
}

/// First 16 hexadecimal digits of the BLAKE3 of `bytes`, or none if there are no bytes.
fn fingerprint(bytes: &[u8]) -> Option<String> {
    (!bytes.is_empty()).then(|| blake3::hash(bytes).to_hex()[..16].to_owned())
}

/// The command line, without the path of the program, which says nothing about the result.
fn command() -> Vec<String> {
    std::iter::once("aio".to_owned()).chain(std::env::args().skip(1)).collect()
}

/// What the build wrote down, or none if it did not know.
fn known(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// Name of the processor, and memory of the machine in MiB.
fn processor_and_memory() -> (Option<String>, Option<u64>) {
    use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};
    let what = RefreshKind::nothing()
        .with_cpu(CpuRefreshKind::nothing())
        .with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(what);
    let processor = system.cpus().first().map(|cpu| cpu.brand().trim().to_owned());
    let memory = system.total_memory() >> 20;
    (processor.filter(|name| !name.is_empty()), (memory > 0).then_some(memory))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(predicted_memory: Option<usize>) -> RunFacts {
        RunFacts {
            device: "cpu".into(),
            seed: 1,
            benchmark: None,
            data: BTreeMap::new(),
            weights: "abc".into(),
            predicted_memory,
            predicted_flops: predicted_memory.map(|_| 3e12),
            predicted_seconds: None,
            waiting_for_data: predicted_memory.map(|_| 0.25),
            seconds: 0.5,
        }
    }

    #[test]
    fn the_machine_is_described_and_the_keys_stay_flat() {
        let written = serde_json::to_value(Manifest::collect(facts(Some(700)), &Meter::start()))
            .expect("serialises");
        assert_eq!(written["predicted_memory"], 700);
        assert_eq!(written["predicted_flops"], 3e12);
        assert!(written.get("predicted_seconds").is_none(), "too few steps");
        assert_eq!(written["weights"], "abc");
        assert_eq!(written["waiting_for_data"], 0.25);
        assert!(written["threads"].as_u64() >= Some(1));
        assert_eq!(written["lock"].as_str().map(str::len), Some(16));
        let none = serde_json::to_value(Manifest::collect(facts(None), &Meter::start()))
            .expect("serialises");
        assert_eq!(none["predicted_memory"], 0);
        assert!(none.get("waiting_for_data").is_none(), "nothing was trained");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_gives_the_memory_of_machine_and_process() {
        let manifest = Manifest::collect(facts(None), &Meter::start());
        let (machine, process) = (manifest.memory, manifest.peak_memory);
        assert!(machine > process && process > Some(0), "{machine:?} {process:?}");
        let status = std::fs::read_to_string("/proc/meminfo").expect("meminfo");
        let total = status.lines().find_map(|line| line.strip_prefix("MemTotal:")).expect("a line");
        let kibibytes: u64 =
            total.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number");
        assert_eq!(machine, Some(kibibytes / 1024));
    }

    #[test]
    fn the_peak_of_an_old_manifest_is_read_and_a_missing_one_is_none() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let run = Run::at(directory.path().to_path_buf());
        assert_eq!(peak_memory(&run), None);
        let old = r#"{"version": "0.1.0", "command": ["aio"], "peak_memory": 826}"#;
        std::fs::write(directory.path().join("manifest.json"), old).expect("write");
        assert_eq!(peak_memory(&run), Some(826));
        assert_eq!(version(&run).as_deref(), Some("0.1.0"));
        std::fs::write(directory.path().join("manifest.json"), "{}").expect("write");
        assert_eq!((peak_memory(&run), version(&run)), (None, None));
    }
}

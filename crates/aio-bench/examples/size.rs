//! Training at the size of ViT-B/16: predicted and taken memory, time, and a loss that falls: `just bench size`.
//!
//! Weights of that size are drawn at random, with CLIP's patch stem or TransReID-SSL's, and `experiments/size.toml` runs on them in a process
//! of its own per row, so that its peak memory is its own. `just bench size small` does the same at ViT-S/16's size, in 3 minutes; numbers
//! choose rows, further options are `--set` settings for every row.

// A benchmark's result is what it prints.
#![allow(clippy::print_stdout)]

use aio_bench::experiment::{self, Request, WhenTaken};
use aio_encoder::EncoderConfig;
use aio_encoder::weights::Preprocessing;
use aio_model::{AbsentUse, BackboneConfig, FusionUse};
use aio_tokenize::{StemConfig, StemKind, TextConfig, TokenizersConfig};
use aio_types::{Modality, ModalitySet};
use burn::tensor::Device;
use std::path::Path;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// A vision transformer with random weights as a weights file.
fn weights(stem: StemConfig, encoder: EncoderConfig) -> Outcome<Vec<u8>> {
    let modalities = [Modality::Rgb, Modality::Text].into_iter().collect::<ModalitySet>();
    let tokenizers = TokenizersConfig {
        modalities,
        height: 256,
        width: 128,
        stem,
        text: TextConfig { width: 512 },
        registers: 0,
        class_token: true,
    };
    let config = BackboneConfig {
        tokenizers,
        encoder,
        embedding: None,
        projection_bias: false,
        pooling: None,
        text_tower: None,
        text_context: None,
        text_pieces: None,
        fusion: FusionUse::Sequence,
        absent: AbsentUse::None,
    };
    let preprocessing = Preprocessing {
        height: 256,
        width: 128,
        mean: [0.5; 3],
        std: [0.5; 3],
        interpolation: Preprocessing::BILINEAR.into(),
    };
    let device = Device::flex();
    device.seed(0);
    Ok(config.init(&device).to_bytes(&config, &preprocessing, &[])?)
}

/// What a row reports.
fn row(name: &str, settings: &[String], runs: &Path) -> Outcome<()> {
    let request = Request {
        when_taken: WhenTaken::Refuse,
        name: "size".into(),
        settings: settings.to_vec(),
        device: "cpu".into(),
        runs: runs.to_path_buf(),
        config_id: None,
    };
    let (run, result) = experiment::run(&request)?;
    let manifest: serde_json::Value = run.read("manifest.json")?.ok_or("no manifest")?;
    let lines = std::fs::read_to_string(run.metrics())?;
    let losses: Vec<f64> = lines
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .map(|line| {
            line["terms"].as_object().into_iter().flatten().filter_map(|(_, v)| v.as_f64()).sum()
        })
        .collect();
    let (first, last) =
        (losses.first().copied().unwrap_or(f64::NAN), losses.last().copied().unwrap_or(f64::NAN));
    let (predicted, taken) = (
        manifest["predicted_memory"].as_f64().unwrap_or(0.0),
        manifest["peak_memory"].as_f64().unwrap_or(f64::NAN),
    );
    println!(
        "| {name} | {} | {:.1} | {first:.2} → {last:.2} | {predicted:.0} | {taken:.0} | {:.2} |",
        result.steps,
        result.train_seconds / result.steps.max(1) as f64,
        predicted / taken
    );
    Ok(())
}

fn main() -> Outcome<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, name, runs, settings @ ..] = &*arguments
        && mode == "row"
    {
        return row(name, settings, Path::new(runs));
    }
    let small = arguments.first().is_some_and(|word| word == "small");
    arguments.drain(..usize::from(small));
    let chosen: Vec<usize> = arguments.iter().map_while(|word| word.parse().ok()).collect();
    arguments.drain(..chosen.len());
    let (name, encoder) = if small {
        (
            "ViT-S/16",
            EncoderConfig { embed_dim: 384, heads: 6, mlp: 1536, ..EncoderConfig::vit_b_16() },
        )
    } else {
        ("ViT-B/16", EncoderConfig::vit_b_16())
    };
    let temporary = tempfile::tempdir()?;
    let folder = temporary.path();
    let stems = [
        ("patch", StemConfig { kind: StemKind::Patch, channels: 0, patch: 16, ibn: true }),
        ("ssl", StemConfig { kind: StemKind::TransreidSsl, channels: 64, patch: 16, ibn: true }),
    ];
    for (file, stem) in stems {
        std::fs::write(
            folder.join(format!("{file}.safetensors")),
            weights(stem, encoder.clone())?,
        )?;
    }
    println!(
        "| {name}, P × K = 4 × 2, four modalities | steps | s/step | sum of the losses | predicted MiB | taken MiB | ratio |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|");
    let rows: [(&str, &str, &[&str]); 6] = [
        ("256 × 128, patch stem, blocks kept", "patch", &[]),
        (
            "256 × 128, patch stem, blocks computed again",
            "patch",
            &["train.activation_checkpointing=true"],
        ),
        (
            "256 × 128, TransReID-SSL's stem, blocks computed again",
            "ssl",
            &["train.activation_checkpointing=true"],
        ),
        (
            "384 × 128, patch stem, blocks computed again",
            "patch",
            &["train.activation_checkpointing=true", "model.height=384"],
        ),
        (
            "256 × 128, patch stem, 2 × 2 in two micro-batches, blocks kept",
            "patch",
            &["train.identities=2", "train.accumulation_steps=2"],
        ),
        (
            "256 × 128, patch stem, encoder trained, blocks computed again",
            "patch",
            &["train.activation_checkpointing=true", "model.encoder=trained"],
        ),
    ];
    for (number, (name, stem, settings)) in (1..).zip(rows) {
        if !chosen.is_empty() && !chosen.contains(&number) {
            continue;
        }
        let own = std::process::Command::new(std::env::current_exe()?)
            .args(["row", name])
            .arg(folder.join(format!("runs-{number}")))
            .arg(format!("model.weights={}", folder.join(format!("{stem}.safetensors")).display()))
            .args(settings)
            .args(&arguments)
            .status()?;
        if !own.success() {
            return Err(format!("{name}: failed").into());
        }
    }
    Ok(())
}

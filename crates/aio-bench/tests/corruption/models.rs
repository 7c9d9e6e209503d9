//! Weights, model directories and checkpoints of other projects.

use crate::runs::{content, folder, repository};
use crate::trial::{Content, Kind, Seal};
use aio_bench::run::WEIGHTS;
use aio_data::checksum::folder as sums;
use aio_model::import::{self, ImportOptions};
use aio_model::{Backbone, SketchGenerator};
use burn::module::Module;
use burn::nn::LinearConfig;
use burn::tensor::Device;
use std::path::{Path, PathBuf};

pub(crate) fn kinds() -> Vec<Kind> {
    vec![
        model_weights("weights of a model directory", WEIGHTS),
        model_weights("`SHA256SUMS` of a model directory", sums::SUMS),
        weights_alone(),
        checkpoint("checkpoint of another project (safetensors)", "timm-augreg.safetensors", read),
        checkpoint("checkpoint of PyTorch (.pth)", "meta-transformer.pth", read),
        checkpoint("sketch generator (.pth)", "lines.pth", sketch_generator),
        burn_file(),
    ]
}

fn golden(name: &str) -> PathBuf {
    repository().join("crates/aio-model/tests/golden").join(name)
}

/// A small model of this project's form.
fn small_weights() -> Vec<u8> {
    let path = golden("timm-augreg.safetensors");
    let converted = import::convert(&path, &ImportOptions::default()).expect("converted");
    converted.weights.bytes().to_vec()
}

/// The weights as a model is built from them.
fn opened(path: &Path) -> Content {
    let name = path.to_str().expect("UTF-8");
    let (opened, sha256) =
        aio_train::open_weights(name, &ImportOptions::default()).map_err(|e| e.to_string())?;
    let loaded = Backbone::load(&opened.weights, &Device::flex()).map_err(|e| e.to_string())?;
    let (_, config, preprocessing) = loaded;
    Ok(format!("{sha256} {config:?} {preprocessing:?}"))
}

/// A model directory, of which `damaged` is damaged.
fn model_weights(name: &'static str, damaged: &'static str) -> Kind {
    let kept = folder();
    let path = kept.path().join(WEIGHTS);
    std::fs::write(&path, small_weights()).expect("write");
    std::fs::write(kept.path().join("README.md"), "A model.\n").expect("write");
    sums::write(kept.path(), &[WEIGHTS, "README.md"]).expect("written");
    let file = kept.path().join(damaged);
    let read = Box::new(move || opened(&path));
    Kind { name, seal: Seal::Checksum, file, read, _kept: kept }
}

fn weights_alone() -> Kind {
    let kept = folder();
    let file = kept.path().join("alone.safetensors");
    std::fs::write(&file, small_weights()).expect("write");
    let path = file.clone();
    let read = Box::new(move || opened(&path));
    Kind { name: "weights file alone", seal: Seal::None, file, read, _kept: kept }
}

fn checkpoint(name: &'static str, example: &str, read: fn(&Path) -> Content) -> Kind {
    let kept = folder();
    let file = kept.path().join(example);
    std::fs::copy(golden(example), &file).expect("copy");
    let path = file.clone();
    let read = Box::new(move || read(&path));
    Kind { name, seal: Seal::None, file, read, _kept: kept }
}

/// Reads a checkpoint and puts its tensors under the model's names.
fn read(path: &Path) -> Content {
    let tensors = import::read(path).map_err(|e| e.to_string())?;
    let values = format!("{tensors:?}");
    let origin = path.display().to_string();
    let imported = import::import(&origin, tensors, import::Hints::default());
    content(imported.map(|imported| (blake3::hash(values.as_bytes()), imported.encoder)))
}

fn sketch_generator(path: &Path) -> Content {
    let generator = SketchGenerator::open(path, &Device::flex()).map_err(|e| e.to_string())?;
    drop(generator);
    let tensors = import::read(path).map_err(|e| e.to_string())?;
    Ok(blake3::hash(format!("{tensors:?}").as_bytes()).to_string())
}

fn burn_file() -> Kind {
    let kept = folder();
    let file = kept.path().join("linear.bpk");
    LinearConfig::new(5, 3).init(&Device::flex()).save_file(&file).expect("saved");
    let path = file.clone();
    let read = Box::new(move || content(import::read(&path)));
    Kind { name: "checkpoint of Burn (.bpk)", seal: Seal::None, file, read, _kept: kept }
}

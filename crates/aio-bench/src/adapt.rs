//! A model adapted to pictures without labels, by the statistics of batch normalisation (`aio weights adapt`).

use crate::embed::{self, Loaded, ModelSource};
use crate::error::{Error, Result};
use crate::overwrite;
use aio_data::fs;
use aio_data::picture::open_all;
use aio_model::Adaptation;
use aio_tokenize::{StemKind, TokenizersConfig};
use aio_train::{Progress, StopFlag};
use aio_types::{Modality, ModalitySet, rng};
use rand::seq::SliceRandom;
use serde::Serialize;
use std::path::PathBuf;

/// What is adapted to what.
#[derive(Debug, Clone)]
pub struct Request {
    /// Pictures, and folders of pictures.
    pub inputs: Vec<PathBuf>,
    /// What the pictures are.
    pub modality: Modality,
    /// The model.
    pub model: ModelSource,
    /// The weights file to write.
    pub output: PathBuf,
}

/// What was written.
#[derive(Debug, Clone, Serialize)]
pub struct Adapted {
    output: PathBuf,
    modality: Modality,
    /// Pictures that were shown.
    pictures: usize,
    /// Of the file.
    sha256: String,
}

/// Seed of the order in which pictures are shown.
const SEED: u64 = 0;

/// Shows the pictures to the model in random order, and writes it with their statistics.
///
/// # Errors
/// [`Error`] if there are too few pictures, one cannot be read, or the model has no stem of the modality or none with batch normalisation, and if the
/// output is an input or holds something else than weights; [`Error::Cancelled`] after a signal.
pub fn run(request: &Request) -> Result<Adapted> {
    let Request { modality, .. } = *request;
    let mut paths = Vec::new();
    for input in &request.inputs {
        let rows = embed::pictures(input, modality)?;
        paths.extend(rows.into_iter().flat_map(|row| row.pictures.into_values()));
    }
    if paths.len() < Adaptation::BATCH {
        return Err(Error::user(
            format!("{} pictures are too few to estimate statistics", paths.len()),
            format!("at least {} are needed", Adaptation::BATCH),
        ));
    }
    let model = request.model.file();
    let inputs = paths.iter().chain([&model]).map(PathBuf::as_path);
    overwrite::check("--output", &request.output, inputs)?;
    overwrite::check_weights("--output", &request.output)?;
    let Loaded { backbone, config, preprocessing, device, sha256, stated_origin, .. } =
        request.model.load()?;
    check_stem(&request.model.name, &config.tokenizers, modality)?;
    let stop = StopFlag::on_signals()?;
    let size = preprocessing.size();
    let mut adaptation =
        Adaptation::new(&backbone, &config, preprocessing.clone(), modality, &device);
    paths.shuffle(&mut rng(SEED, "adaptation", 0));
    let batches = paths.len().div_ceil(Adaptation::BATCH).max(Adaptation::BATCHES);
    let progress = Progress::new("adapting", batches, "batches");
    let mut next = paths.iter().cycle();
    for _ in 0..batches {
        if stop.is_raised() {
            return Err(Error::Cancelled { phase: "adapting" });
        }
        let batch: Vec<&PathBuf> = next.by_ref().take(Adaptation::BATCH).collect();
        adaptation.show(&open_all(&batch, size, &|| {})?);
        progress.inc(1);
    }
    progress.finish();
    let mut card = stated_origin;
    card.extend([
        ("adapted_from", request.model.name.clone().into()),
        ("adapted_from_sha256", sha256.into()),
        ("adapted_to", format!("{} pictures, {modality}", paths.len()).into()),
    ]);
    let bytes = adaptation.finish().to_bytes(&config, &preprocessing, &card)?;
    fs::write_output(&request.output, &bytes)?;
    let sha256 = aio_encoder::weights::sha256(&bytes);
    Ok(Adapted { output: request.output.clone(), modality, pictures: paths.len(), sha256 })
}

/// Refuses a model that has no stem of the modality, or one that no statistics pass through.
fn check_stem(model: &str, config: &TokenizersConfig, modality: Modality) -> Result<()> {
    let known: ModalitySet = config.modalities.iter().filter(|m| m.is_visual()).collect();
    if !known.contains(modality) {
        return Err(Error::user(
            format!("the model `{model}` has no stem of {modality}; it has {known}"),
            "adapt it with --modality of a stem that it has",
        ));
    }
    if config.stem.kind == StemKind::Patch {
        return Err(Error::user(
            format!(
                "the model `{model}` has no batch normalisation: its stems are one convolution per patch, and nothing of it would change"
            ),
            "adapt a model whose stems have it, such as `default`",
        ));
    }
    Ok(())
}

impl Adapted {
    /// What was written.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { output, modality, pictures, sha256 } = self;
        format!("{} ({modality}, {pictures} pictures), sha256 {sha256}\n", output.display())
    }
}

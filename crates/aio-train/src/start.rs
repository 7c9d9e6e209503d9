//! The pre-trained starting point of a training.

use crate::config::ModelConfig;
use crate::error::{Result, TrainError};
use crate::started_from::StartedFrom;
use aio_data::checksum::{Checksum, folder};
use aio_encoder::weights::{Preprocessing, Shipped, Weights};
use aio_encoder::{AdapterKind, AdaptersConfig};
use aio_model::import::{self, Hints, ImportOptions, Normalisation, Opened, with_random_encoder};
use aio_model::{AbsentUse, Backbone, BackboneConfig, EncoderUse, FusionUse};
use aio_tokenize::{SentenceTokenizer, TokenizersConfig};
use aio_types::{Modality, PictureSize};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use std::path::Path;

/// Seed of everything that a starting point draws at random. It is the same for all seeds of an experiment: they differ in training alone, as with
/// any other weights.
const SEED: u64 = 0;

/// The pre-trained starting point with tokenizers for every modality of the configuration.
#[derive(Debug, Clone)]
pub struct StartingPoint {
    /// Sizes with the configuration's modalities.
    pub config: BackboneConfig,
    /// How pictures are prepared.
    pub preprocessing: Preprocessing,
    /// What makes token ids of captions.
    pub sentences: SentenceTokenizer,
    /// Checksum of the weights file, as [`open_weights`] gives it.
    pub sha256: String,
    weights: Weights,
}

/// Opens weights by name or path with [`import::open()`], and logs how a checkpoint of another project was converted.
/// Returns what was opened and the SHA-256 of the file that was named, which a `SHA256SUMS` beside it must agree with. If a tokenizer was read beside a
/// checkpoint of another project, the checksum covers both ([`weights_checksum`]).
///
/// # Errors
/// [`TrainError::Weights`] naming the file and the tensors that do not fit, [`TrainError::Data`] if the file is damaged.
pub fn open_weights(name: &str, options: &ImportOptions) -> Result<(Opened, String)> {
    let opened = import::open(name, options);
    let path = Path::new(name);
    let known = opened.as_ref().ok().and_then(|opened| opened.sha256.clone());
    let sha256 = match known {
        Some(sha256) => sha256,
        None if path.is_file() => Checksum::of_file(path)?.hex(),
        None => String::new(),
    };
    if let Some(found) = Checksum::from_hex(&sha256).filter(|_| Shipped::named(name).is_none()) {
        // Before the error of the reader, which may be a consequence of the damage.
        folder::check_beside(path, &found)?;
    }
    let opened = opened?;
    if let Some((layout, coverage)) = &opened.conversion {
        log::info!("{name}: layout {layout}; {coverage}");
    }
    let sha256 = of_both(sha256, opened.tokenizer.as_deref());
    Ok((opened, sha256))
}

/// The checksum that [`open_weights`] gives for a file, without making a model of it: its SHA-256, or, for a checkpoint whose text tower reads a
/// `tokenizer.json` beside it, the SHA-256 of both checksums.
///
/// # Errors
/// [`TrainError::Data`] if the file cannot be read, [`TrainError::Weights`] if it is a checkpoint that cannot be imported.
pub fn weights_checksum(path: &Path, hints: Hints) -> Result<String> {
    let tokenizer = import::tokenizer_beside(path, hints)?;
    Ok(of_both(Checksum::of_file(path)?.hex(), tokenizer.as_deref()))
}

fn of_both(weights: String, tokenizer: Option<&str>) -> String {
    match tokenizer {
        Some(tokenizer) => Checksum::of(format!("{weights} {tokenizer}").as_bytes()).hex(),
        None => weights,
    }
}

/// What a configuration says of the tensors of a checkpoint.
#[must_use]
pub fn import_hints(model: &ModelConfig) -> Hints {
    let has_text = model.modalities.contains(Modality::Text);
    Hints {
        heads: model.attention_heads,
        text: has_text.then_some(model.text),
        pictures_alone: !has_text,
        ..Hints::default()
    }
}

impl StartingPoint {
    /// Opens the weights that a configuration names, and fits them to it.
    ///
    /// # Errors
    /// [`TrainError::Weights`] naming the file or tensor that does not fit, [`TrainError::Invalid`] if the picture size does not fit the stem.
    pub fn open(model: &ModelConfig) -> Result<Self> {
        let usual = ImportOptions::default().size;
        let size = PictureSize {
            height: model.height.unwrap_or(usual.height),
            width: model.width.unwrap_or(usual.width),
        };
        let options = ImportOptions {
            size,
            stems: model.stems,
            hints: import_hints(model),
            normalisation: model.normalisation,
            seed: SEED,
        };
        let (Opened { weights, conversion, .. }, sha256) = open_weights(&model.weights, &options)?;
        if conversion.is_none() {
            check_stated(model)?;
        }
        let weights = if model.encoder == EncoderUse::Random {
            with_random_encoder(&weights, SEED)?
        } else {
            weights
        };
        let (loaded, mut config, mut preprocessing) = Backbone::load(&weights, &Device::flex())?;
        let sentences = loaded.sentences();
        preprocessing.height = model.height.unwrap_or(preprocessing.height);
        preprocessing.width = model.width.unwrap_or(preprocessing.width);
        let kind = model.adapter_kind();
        check_adapters(&config, kind)?;
        check_fusion(&config, model)?;
        config = config
            .with_modalities(model.modalities)
            .with_adapters(kind)
            .with_fusion(model.fusion, model.absent);
        config.encoder.check().map_err(|problem| {
            TrainError::invalid(
                format!("model.{problem}"),
                "change model.lora_rank, model.lora_alpha or model.prompt_tokens",
            )
        })?;
        config.tokenizers = TokenizersConfig {
            height: preprocessing.height,
            width: preprocessing.width,
            ..config.tokenizers
        };
        let stem = &config.tokenizers.stem;
        stem.check(preprocessing.height, preprocessing.width).map_err(|problem| {
            TrainError::invalid(
                format!("model.height, model.width: {problem}"),
                "choose multiples of the patch",
            )
        })?;
        Ok(Self { config, preprocessing, sentences, sha256, weights })
    }

    /// What the weights say of themselves; `name` is the one by which they were opened.
    #[must_use]
    pub fn started_from(&self, name: &str) -> StartedFrom {
        StartedFrom::new(name, &self.sha256, &self.weights)
    }

    /// Bytes of the weights file, which stays in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.weights.bytes().len()
    }

    /// Builds the backbone on `device`: every visual modality starts from the pre-trained image stem. It has adapters, a mixer and learned embeddings
    /// of absent modalities only if the weights have some: fresh ones are drawn for a training.
    ///
    /// # Errors
    /// As [`Backbone::load`].
    pub fn backbone(&self, device: &Device) -> Result<Backbone> {
        let (loaded, _, _) = Backbone::load(&self.weights, device)?;
        let mut backbone = loaded.with_tokenizers(&self.config.tokenizers);
        if self.config.text_tower.is_none() {
            backbone = backbone.without_text_tower();
        }
        backbone.fusion = self.config.fusion;
        Ok(backbone)
    }
}

/// Refuses keys that only a checkpoint of another project has a use for: weights of this project state both.
fn check_stated(model: &ModelConfig) -> Result<()> {
    let key = match (model.attention_heads, model.normalisation) {
        (Some(_), _) => "model.attention_heads",
        (None, normalisation) if normalisation != Normalisation::Auto => "model.normalisation",
        _ => return Ok(()),
    };
    Err(TrainError::invalid(
        format!("{key} does not apply to {}, weights of this project", model.weights),
        "leave it out; `aio weights convert` takes it for the checkpoint that they were made from",
    ))
}

/// Refuses weights whose adapters are not those of the configuration. Weights without any are given fresh ones.
fn check_adapters(weights: &BackboneConfig, wanted: Option<AdapterKind>) -> Result<()> {
    let said = |kind: AdapterKind| match kind {
        AdapterKind::Lora { rank, alpha } => {
            format!("model.adapters = \"lora\", lora_rank = {rank} and lora_alpha = {alpha}")
        }
        AdapterKind::Prompts { tokens } => {
            format!("model.adapters = \"prompts\" and prompt_tokens = {tokens}")
        }
    };
    match weights.encoder.adapters {
        Some(AdaptersConfig { kind, .. }) if wanted != Some(kind) => Err(TrainError::invalid(
            format!("model.adapters: the weights have others, trained with {}", said(kind)),
            "set the same, or start from weights without adapters",
        )),
        _ => Ok(()),
    }
}

/// Refuses weights with trained parts of another fusion than the configuration's. Weights without any are given fresh ones.
fn check_fusion(weights: &BackboneConfig, model: &ModelConfig) -> Result<()> {
    let BackboneConfig { fusion, absent, .. } = *weights;
    let is_trained = fusion == FusionUse::Mixer || absent == AbsentUse::Learned;
    if !is_trained || (fusion, absent) == (model.fusion, model.absent) {
        return Ok(());
    }
    let fusion = match fusion {
        FusionUse::Sequence => "sequence",
        FusionUse::Mean => "mean",
        FusionUse::Mixer => "mixer",
    };
    let absent = match absent {
        AbsentUse::None => "none",
        AbsentUse::Learned => "learned",
    };
    Err(TrainError::invalid(
        format!(
            "model.fusion, model.absent: the weights were trained with model.fusion = \"{fusion}\" and model.absent = \"{absent}\""
        ),
        "set the same, or start from weights without a mixer and without learned embeddings",
    ))
}

/// Draws the parameters that have no values yet, one field after the other. A parameter is drawn when it is first used, so that otherwise the values
/// would depend on what is used first.
pub(crate) fn draw_parameters<M: Module>(module: &M) {
    struct Draw;
    impl ModuleVisitor for Draw {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let _ = param.val();
        }
    }
    module.visit(&mut Draw);
}

/// Moves a model that was drawn on the CPU to a training device.
///
/// The random numbers of the CPU are the same on every machine, so lazy parameters are drawn before the move. Gradients are switched on after it: a
/// parameter that is moved later is no leaf of the graph, and would get no gradient.
pub(crate) fn to_training_device<M: Module>(model: M, training: &Device) -> M {
    draw_parameters(&model);
    model.to_device(&training.clone().inner()).train()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_model::TextUse;
    use aio_model::import::Stems;

    #[test]
    fn weights_with_random_parts_keep_their_origin_and_licence() {
        let of = |stems, encoder| {
            let model = ModelConfig { stems, encoder, ..ModelConfig::default() };
            StartingPoint::open(&model).expect("opens").started_from("embedded").entry()
        };
        let (_, expected) = of(Stems::FromCheckpoint, EncoderUse::Frozen);
        assert_eq!(expected["licence"], "MIT OR Apache-2.0");
        assert_eq!(of(Stems::Fresh, EncoderUse::Frozen).1, expected);
        assert_eq!(of(Stems::FromCheckpoint, EncoderUse::Random).1, expected);
    }

    /// The identity of a run is computed before the run, from the same files.
    #[test]
    fn a_checkpoint_has_one_checksum_whatever_text_is_wanted() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../aio-model/tests/golden");
        let path = directory.path().join("siglip.safetensors");
        let name = "siglip-text-hugging-face";
        std::fs::copy(golden.join(format!("{name}.safetensors")), &path).expect("copy");
        let model = |modalities: &[Modality], text| ModelConfig {
            weights: path.to_str().expect("UTF-8").to_owned(),
            height: Some(32),
            width: Some(32),
            attention_heads: Some(2),
            modalities: modalities.iter().copied().collect(),
            text,
            ..ModelConfig::default()
        };
        let checksums = |model: &ModelConfig| {
            let before = weights_checksum(&path, import_hints(model)).expect("a checksum");
            let start = StartingPoint::open(model).expect("opens");
            assert_eq!(before, start.sha256, "{:?}", model.modalities);
            before
        };
        let pictures = model(&[Modality::Rgb, Modality::Infrared], TextUse::Table);
        let file = Checksum::of_file(&path).expect("reads").hex();
        assert_eq!(checksums(&pictures), file, "pictures need no tokenizer");
        let tokenizer = golden.join(format!("{name}.tokenizer.json"));
        std::fs::copy(tokenizer, directory.path().join("tokenizer.json")).expect("copy");
        assert_eq!(checksums(&pictures), file, "it is not read");
        let all = [Modality::Rgb, Modality::Text];
        assert_eq!(checksums(&model(&all, TextUse::Table)), file);
        assert_ne!(checksums(&model(&all, TextUse::Tower)), file, "both files make the model");
        // Weights of this project may have a tower that pictures do not need.
        let hints = Hints { heads: Some(2), ..Hints::default() };
        let options = ImportOptions { hints, ..ImportOptions::default() };
        let (own, _) = open_weights(&pictures.weights, &options).expect("opens");
        std::fs::write(&path, own.weights.bytes()).expect("write");
        let refused = StartingPoint::open(&pictures).expect_err("they state their heads");
        assert!(
            refused.to_string().contains("model.attention_heads does not apply to"),
            "{refused}"
        );
        let stated = ModelConfig { attention_heads: None, ..pictures };
        let own = StartingPoint::open(&stated).expect("opens");
        assert!(own.config.text_tower.is_none());
        let other = ModelConfig { normalisation: Normalisation::Clip, ..stated };
        let refused = StartingPoint::open(&other).expect_err("they state it");
        assert!(refused.to_string().contains("model.normalisation does not apply to"), "{refused}");
    }
}

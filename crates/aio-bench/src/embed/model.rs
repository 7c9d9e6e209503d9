//! Which model embeds: by name, path, or a checkpoint of another project.

use crate::device;
use crate::error::{Error, Result};
use aio_encoder::Activation;
use aio_encoder::weights::Preprocessing;
use aio_model::import::{Hints, ImportOptions, Layout, Normalisation};
use aio_model::{Backbone, BackboneConfig, Extractor, Shipped, TextUse};
use aio_types::{Modality, ModalitySet};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Which model embeds, and where it computes.
#[derive(Debug, Clone)]
pub struct ModelSource {
    /// A run's model directory, a weights file, a checkpoint of another project, `default` or `embedded`.
    pub name: String,
    /// Name of the device.
    pub device: String,
    /// How a checkpoint of another project is read.
    pub import: ImportSettings,
}

/// What the tensors of a checkpoint of another project leave open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImportSettings {
    /// The layout, where detection would be wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layout: Option<Layout>,
    /// Attention heads; otherwise one per 64 channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heads: Option<usize>,
    /// The non-linearity; otherwise as the file implies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
    /// What embeds text; otherwise the text tower of the weights if they have one, and their table if not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<TextUse>,
    /// Mean and standard deviation of pictures.
    pub normalisation: Normalisation,
}

impl ImportSettings {
    /// Whether nothing was set.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The settings that concern tensors.
    #[must_use]
    pub fn hints(self) -> Hints {
        let Self { layout, heads, activation, text, .. } = self;
        Hints { layout, heads, activation, text }
    }
}

/// A model that is ready to embed.
#[derive(Debug)]
pub struct Model {
    /// The model.
    pub extractor: Extractor,
    /// SHA-256 of its weights file.
    pub sha256: String,
    /// The modalities that its weights have. It reads other pictures as photographs.
    pub known: ModalitySet,
}

/// A model as its weights hold it.
pub(crate) struct Loaded {
    pub(crate) backbone: Backbone,
    pub(crate) config: BackboneConfig,
    pub(crate) preprocessing: Preprocessing,
    /// SHA-256 of its weights file.
    pub(crate) sha256: String,
    pub(crate) device: Device,
}

impl ModelSource {
    /// Opens the model. A visual modality that its weights lack starts from the RGB stem, as in an experiment.
    ///
    /// # Errors
    /// [`Error`] naming the file or tensors that do not fit.
    pub fn open(&self) -> Result<Model> {
        let Loaded { backbone, config, preprocessing, sha256, device } = self.load()?;
        let known = config.modalities();
        let (backbone, config) = with_every_visual_modality(backbone, config);
        let extractor = Extractor::new(&backbone, &config, preprocessing, &device);
        Ok(Model { extractor, sha256, known })
    }

    /// Opens the weights of the model.
    ///
    /// # Errors
    /// As [`ModelSource::open`].
    pub(crate) fn load(&self) -> Result<Loaded> {
        if Shipped::named(&self.name).is_some() && !self.import.is_default() {
            return Err(Error::user(
                "--layout, --heads, --quick-gelu, --text-encoder and --normalisation do not apply to the models of the program",
                "leave them out, or name a checkpoint of another project with --model",
            ));
        }
        let device = device::open(&self.device)?;
        let name = crate::run::weights_file(Path::new(&self.name)).display().to_string();
        let options = ImportOptions {
            hints: self.import.hints(),
            normalisation: self.import.normalisation,
            ..ImportOptions::default()
        };
        let (weights, sha256) = aio_train::open_weights(&name, &options)?;
        log::debug!("model {name}: sha256 {sha256}");
        let (backbone, config, preprocessing) = Backbone::load(&weights, &device)?;
        Ok(Loaded { backbone, config, preprocessing, sha256, device })
    }
}

/// Gives a backbone the visual modalities that it lacks, which start from its RGB stem and adapters.
fn with_every_visual_modality(
    backbone: Backbone,
    config: BackboneConfig,
) -> (Backbone, BackboneConfig) {
    let known = config.modalities();
    let modalities: ModalitySet =
        Modality::ALL.into_iter().filter(|m| m.is_visual() || known.contains(*m)).collect();
    let config = config.with_modalities(modalities);
    (backbone.with_tokenizers(&config.tokenizers), config)
}

//! Which model embeds: by name, path, or a checkpoint of another project.

use crate::device;
use crate::error::{Error, Result};
use aio_encoder::Activation;
use aio_encoder::weights::Preprocessing;
use aio_model::import::{Hints, ImportOptions, Layout, Normalisation};
use aio_model::{Backbone, BackboneConfig, Extractor, Shipped, TextUse, stated_origin};
use aio_types::{Modality, ModalitySet};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

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
    /// Attention heads; otherwise those of the published models of the width.
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
        Hints { layout, heads, activation, text, pictures_alone: false }
    }

    /// Whether something was set that every weights file of this project states itself.
    fn is_stated_by_own_weights(&self) -> bool {
        let Self { layout, heads, activation, text: _, normalisation } = *self;
        let is_set = layout.is_some() || heads.is_some() || activation.is_some();
        is_set || normalisation != Normalisation::Auto
    }
}

/// A model that is ready to embed.
#[derive(Debug)]
pub struct Model {
    /// The model.
    pub extractor: Extractor,
    /// SHA-256 of its weights file.
    pub sha256: String,
    /// The modalities that its weights have: text only with a tower or a token table that is not random. It reads other pictures as photographs.
    pub known: ModalitySet,
}

/// A model as its weights hold it.
pub(crate) struct Loaded {
    pub(crate) backbone: Backbone,
    pub(crate) config: BackboneConfig,
    pub(crate) preprocessing: Preprocessing,
    /// SHA-256 of its weights file.
    pub(crate) sha256: String,
    /// What the file says of where it comes from ([`stated_origin`]).
    pub(crate) stated_origin: Vec<(&'static str, serde_json::Value)>,
    /// Whether it is a checkpoint whose rows of words were drawn at random.
    words_are_fresh: bool,
    pub(crate) device: Device,
}

impl ModelSource {
    /// Where the weights of a file or a model directory are. For `default` and `embedded` it is a path that names no weights.
    pub(crate) fn file(&self) -> PathBuf {
        crate::run::weights_file(Path::new(&self.name))
    }

    /// Opens the model. A visual modality that its weights lack starts from the RGB stem, as in an experiment.
    ///
    /// # Errors
    /// [`Error`] naming the file or tensors that do not fit.
    pub fn open(&self) -> Result<Model> {
        let Loaded { backbone, mut config, preprocessing, sha256, words_are_fresh, device, .. } =
            self.load()?;
        if words_are_fresh {
            let known = config.modalities().iter().filter(|m| m.is_visual()).collect();
            config = config.with_modalities(known);
        }
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
        let name = self.file().display().to_string();
        let options = ImportOptions {
            hints: self.import.hints(),
            normalisation: self.import.normalisation,
            ..ImportOptions::default()
        };
        let (opened, sha256) = aio_train::open_weights(&name, &options)?;
        if opened.conversion.is_none() && self.import.is_stated_by_own_weights() {
            return Err(Error::user(
                format!(
                    "--layout, --heads, --quick-gelu and --normalisation do not apply to {name}, a weights file of this project"
                ),
                "leave them out; `aio weights convert` takes them for the checkpoint that it was made from",
            ));
        }
        log::debug!("model {name}: sha256 {sha256}");
        let words_are_fresh = opened.words_are_fresh();
        let (backbone, config, preprocessing) = Backbone::load(&opened.weights, &device)?;
        let stated_origin = stated_origin(&opened.weights);
        Ok(Loaded {
            backbone,
            config,
            preprocessing,
            sha256,
            stated_origin,
            words_are_fresh,
            device,
        })
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

//! Arguments that several commands share, defined once.

use super::output::Output;
use crate::embed::{ImportSettings, ModelSource, OnError};
use crate::error::{Error, Result};
use crate::provenance::Provenance;
use aio_encoder::Activation;
use aio_model::import::{Layout, Normalisation};
use aio_model::{Shipped, TextUse};
use aio_types::Modality;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// A closed set of values by name.
pub(super) fn choice<T: Copy + Send + Sync + 'static>(
    values: &'static [(&'static str, T)],
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(values.iter().map(|(name, _)| *name)).map(|typed| {
        values.iter().find(|(name, _)| *name == typed).expect("clap accepts no other value").1
    })
}

/// A closed set of values that have names of their own.
pub(super) fn named_choice<T: Copy + Send + Sync + 'static, const N: usize>(
    values: [T; N],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(values.map(name)).map(move |typed| {
        let mut values = values.into_iter();
        values.find(|value| name(*value) == typed).expect("clap accepts no other value")
    })
}

/// A modality of pictures.
pub(super) fn visual() -> impl TypedValueParser<Value = Modality> {
    named_choice(
        [Modality::Rgb, Modality::Infrared, Modality::Sketch, Modality::ColourPencil],
        Modality::name,
    )
}

/// What to do about a row that cannot be read.
pub(super) const ON_ERROR: [(&str, OnError); 2] =
    [("fail", OnError::Fail), ("skip", OnError::Skip)];

/// A value as configuration files write it.
pub(super) fn named<T: DeserializeOwned>(typed: &str) -> std::result::Result<T, String> {
    serde_json::from_value(typed.into()).map_err(|e| e.to_string())
}

/// A gallery.
#[derive(Debug, Clone, Args)]
pub(super) struct GalleryArgument {
    /// The directory of the gallery.
    #[arg(value_name = "GALLERY")]
    gallery: PathBuf,
}

impl GalleryArgument {
    /// Its directory.
    ///
    /// # Errors
    /// As [`directory`].
    pub(super) fn directory(&self) -> Result<&Path> {
        directory(&self.gallery)
    }
}

/// The directory of a gallery.
///
/// # Errors
/// [`Error::User`] for what looks like an address of a database, which is not repeated: it may hold a password.
pub(super) fn directory(typed: &Path) -> Result<&Path> {
    if looks_like_address(typed) {
        return Err(Error::user(
            "an address is no directory of a gallery",
            "name the directory; a gallery in a database is written by `aio gallery push` and searched by `aio search`",
        ));
    }
    Ok(typed)
}

/// Whether what is typed is an address rather than a path, also a mistyped one.
pub(super) fn looks_like_address(typed: &Path) -> bool {
    typed.to_string_lossy().contains("://") && !typed.exists()
}

/// Heading in the help of what many commands take. Without one an option would stand under the heading of the group before it.
const GENERAL: &str = "General options";

/// `--json`.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct JsonArgument {
    /// Print one JSON document instead of text.
    #[arg(long, help_heading = GENERAL)]
    pub(super) json: bool,
}

impl JsonArgument {
    /// A value as one JSON document, or as `text` says it.
    ///
    /// # Errors
    /// [`Error::Failure`] for a value that JSON cannot hold.
    pub(super) fn output<T: Serialize>(
        self,
        value: &T,
        text: impl FnOnce() -> String,
    ) -> Result<Output> {
        if self.json { Output::json(value) } else { Ok(Output::text(text())) }
    }
}

/// `--runs`.
#[derive(Debug, Clone, Args)]
pub(super) struct RunsArgument {
    /// Directory of runs.
    #[arg(long, value_name = "DIR", env = "AIO_RUNS", default_value = "runs")]
    pub(super) runs: PathBuf,
}

/// `--device`.
#[derive(Debug, Clone, Args)]
pub(super) struct DeviceArgument {
    /// Where to compute: cpu, wgpu, wgpu:N, cuda, cuda:N or auto.
    #[arg(long, value_name = "DEVICE", env = "AIO_DEVICE", default_value = "cpu", help_heading = GENERAL)]
    pub(super) device: String,
}

/// `--data-root`.
#[derive(Debug, Clone, Args)]
pub(super) struct DataRootArgument {
    /// Directory of the data sets, or of the one that is named.
    #[arg(
        long,
        visible_alias = "root",
        value_name = "DIR",
        env = "AIO_DATA_ROOT",
        default_value = "datasets"
    )]
    pub(super) data_root: PathBuf,
}

/// `--output` of a command that must be given a file.
#[derive(Debug, Clone, Args)]
pub(super) struct OutputArgument {
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    pub(super) output: PathBuf,
}

/// What a weights file is to state of itself.
#[derive(Debug, Clone, Args)]
pub(super) struct ProvenanceArguments {
    /// Terms of use to write into the file; without this option, those that the model states.
    #[arg(long, value_name = "TEXT", value_parser = not_blank)]
    licence: Option<String>,
    /// Where the model comes from, to write into the file; without this option, what the model states.
    #[arg(long, value_name = "TEXT", value_parser = not_blank)]
    origin: Option<String>,
}

impl From<ProvenanceArguments> for Provenance {
    fn from(arguments: ProvenanceArguments) -> Self {
        let ProvenanceArguments { licence, origin } = arguments;
        Self { licence, origin }
    }
}

fn not_blank(typed: &str) -> std::result::Result<String, String> {
    let text = typed.trim();
    if text.is_empty() {
        return Err("expected a text; leave the option out to keep what the model states".into());
    }
    Ok(text.to_owned())
}

/// What the tensors of a checkpoint of another project leave open.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Checkpoints of other projects")]
pub(super) struct HintArguments {
    /// Layout of the checkpoint, where detection is wrong.
    #[arg(long, value_parser = named_choice(Layout::ALL, Layout::name))]
    layout: Option<Layout>,
    /// Attention heads; otherwise those of the published models of the width (docs/weights.md).
    #[arg(long, value_name = "N")]
    heads: Option<usize>,
    /// The MLP uses QuickGELU (MetaCLIP, DFN, OpenAI's CLIP stored by open_clip), which only OpenAI's own files show.
    #[arg(long)]
    quick_gelu: bool,
    /// What embeds text: the text tower of the weights, or a token table before the shared encoder; the tower otherwise, if there
    /// is one.
    #[arg(long, value_name = "WHAT", value_parser = choice(&TEXT_ENCODERS))]
    text_encoder: Option<TextUse>,
}

const TEXT_ENCODERS: [(&str, TextUse); 2] = [("table", TextUse::Table), ("tower", TextUse::Tower)];

impl HintArguments {
    /// The hints with a normalisation.
    pub(super) fn with(self, normalisation: Normalisation) -> ImportSettings {
        ImportSettings {
            layout: self.layout,
            heads: self.heads,
            activation: self.quick_gelu.then_some(Activation::QuickGelu),
            text: self.text_encoder,
            normalisation,
        }
    }
}

/// `--normalisation`.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Checkpoints of other projects")]
pub(super) struct NormalisationArgument {
    /// Mean and standard deviation of pictures; `auto` follows the layout and the file name.
    #[arg(long, default_value = "auto", value_parser = choice(&NORMALISATIONS))]
    pub(super) normalisation: Normalisation,
}

const NORMALISATIONS: [(&str, Normalisation); 4] = [
    ("auto", Normalisation::Auto),
    ("clip", Normalisation::Clip),
    ("imagenet", Normalisation::Imagenet),
    ("half", Normalisation::Half),
];

/// `--model`, `--device`, and how a checkpoint of another project is read.
#[derive(Debug, Clone, Args)]
pub(super) struct ModelArguments {
    /// A run's model directory, a weights file, a checkpoint of another project, `default` (the trained model of the program) or
    /// `embedded` (its encoder before training).
    #[arg(
        long,
        value_name = "MODEL",
        env = "AIO_MODEL",
        default_value = Shipped::Default.name(),
        help_heading = GENERAL
    )]
    model: String,
    #[command(flatten)]
    device: DeviceArgument,
    #[command(flatten)]
    hints: HintArguments,
    #[command(flatten)]
    normalisation: NormalisationArgument,
}

impl From<ModelArguments> for ModelSource {
    fn from(typed: ModelArguments) -> Self {
        Self {
            name: typed.model,
            device: typed.device.device,
            import: typed.hints.with(typed.normalisation.normalisation),
        }
    }
}

//! Weights files and checkpoints: list, inspection and conversion.

use crate::error::{Error, Result};
use crate::overwrite;
use crate::provenance::Provenance;
use crate::run::weights_file;
use aio_data::checksum::Checksum;
use aio_data::fs;
use aio_encoder::weights::{Shipped, Weights};
use aio_encoder::{EncoderConfig, RotaryConfig};
use aio_model::import::{
    self, Coverage, Hints, ImportOptions, Layout, Normalisation, PUBLISHED, PublishedCheckpoint,
};
use aio_model::{BackboneConfig, PoolingConfig};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Where published checkpoints are expected.
const DIRECTORY: &str = "weights";

/// The weights that can be used.
#[derive(Debug, Clone, Serialize)]
pub struct List {
    /// The encoder that is compiled into the program.
    pub embedded: Compiled,
    /// The trained model that is compiled into the program.
    pub default: Compiled,
    /// Checkpoints that other projects published.
    pub published: Vec<Published>,
}

/// Weights that are compiled into the program.
#[derive(Debug, Clone, Serialize)]
pub struct Compiled {
    /// Terms of use.
    pub licence: &'static str,
    /// SHA-256 of the weights file.
    pub sha256: String,
}

/// A checkpoint that another project published.
#[derive(Debug, Clone, Serialize)]
pub struct Published {
    /// Short name.
    pub name: &'static str,
    /// Where it is expected.
    pub path: PathBuf,
    /// Whose it is and where it comes from.
    pub source: &'static str,
    /// Terms of use.
    pub licence: &'static str,
    /// Mean and standard deviation of its pictures; none if it takes values from 0 to 1.
    pub normalisation: Option<Normalisation>,
    /// SHA-256 of the file, if it is present.
    pub sha256: Option<String>,
}

/// The weights that are compiled into the program, and the published checkpoints that can be imported.
#[must_use]
pub fn list() -> List {
    let mut published = Vec::with_capacity(PUBLISHED.len());
    for PublishedCheckpoint { name, file, source, licence, normalisation } in &PUBLISHED {
        let path = Path::new(DIRECTORY).join(file);
        // No publisher's checksum is recorded: this is the checksum of the user's own file.
        let sha256 = Checksum::of_file(&path).ok().map(|sum| sum.hex());
        let normalisation = *normalisation;
        published.push(Published { name, path, source, licence, normalisation, sha256 });
    }
    let compiled = |shipped: Shipped| Compiled {
        licence: "MIT OR Apache-2.0",
        sha256: shipped.sha256().to_owned(),
    };
    let (embedded, default) = (compiled(Shipped::Embedded), compiled(Shipped::Default));
    List { embedded, default, published }
}

impl List {
    /// The list for people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (shipped, compiled) in
            [(Shipped::Embedded, &self.embedded), (Shipped::Default, &self.default)]
        {
            let (name, Compiled { licence, sha256 }) = (shipped.name(), compiled);
            text += &format!("{name}\n    compiled into the program; {licence}; sha256 {sha256}\n");
        }
        for Published { name, path, source, licence, normalisation, sha256 } in &self.published {
            let found = if sha256.is_some() { "there" } else { "not there" };
            let checksum = sha256.as_deref().unwrap_or("not recorded");
            let pictures = match normalisation {
                None | Some(Normalisation::Auto) => "0 to 1",
                Some(Normalisation::Clip) => "CLIP's mean and deviation",
                Some(Normalisation::Imagenet) => "ImageNet's mean and deviation",
                Some(Normalisation::Half) => "mean and deviation 0.5",
            };
            text += &format!("{name}\n    {}: {found}\n    from {source}\n", path.display());
            text += &format!("    licence {licence}; pictures: {pictures}; sha256 {checksum}\n");
        }
        text
    }
}

/// The weights file that a command takes: a file, or the one in a model directory.
///
/// # Errors
/// [`Error::User`] for the name of a model that is compiled into the program.
pub(crate) fn named_file(typed: &Path) -> Result<PathBuf> {
    let file = weights_file(typed);
    let shipped = typed.to_str().and_then(Shipped::named).filter(|_| !file.exists());
    let Some(name) = shipped.map(Shipped::name) else { return Ok(file) };
    Err(Error::user(
        format!("`{name}` is compiled into the program, and this command takes a file"),
        format!(
            "its file is crates/aio-encoder/weights/{name}.safetensors in the source code of the program"
        ),
    ))
}

/// A weights file of this project, as it is: it may be packed.
///
/// # Errors
/// [`Error`] naming the file, if it cannot be read or is of another project.
pub(crate) fn own(path: &Path) -> Result<Weights> {
    let Some((_, weights)) = import::own_weights(path)? else {
        return Err(Error::user(
            format!("`{}` is not a weights file of this project", path.display()),
            "`aio weights convert` makes one of a checkpoint",
        ));
    };
    Ok(weights)
}

/// What a weights file or checkpoint holds.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Inspection {
    /// A weights file of this project.
    Own {
        /// The file.
        file: PathBuf,
        /// What it states of itself.
        #[serde(flatten)]
        provenance: Provenance,
        /// Sizes and variants.
        config: BackboneConfig,
    },
    /// A checkpoint of another project.
    Checkpoint(Checkpoint),
}

/// What a checkpoint of another project holds.
#[derive(Debug, Clone, Serialize)]
pub struct Checkpoint {
    file: PathBuf,
    tensors: usize,
    /// Values in all tensors of floating point.
    values: usize,
    layout: Layout,
    encoder: EncoderConfig,
    /// The attention pooling, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pooling: Option<PoolingConfig>,
    /// The text tower, if it would be loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    text_tower: Option<EncoderConfig>,
    /// Ids of the text tower's tokenizer, if that is a file beside the checkpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    text_vocabulary: Option<usize>,
    /// Rows and columns of tokens that the positions are for, if there are positions.
    grid: Option<[usize; 2]>,
    /// Side of a patch in pixels, if there is a stem.
    patch: Option<usize>,
    coverage: Coverage,
}

/// Reads a weights file or checkpoint, or the weights of a model directory, and finds what would be loaded from it.
///
/// # Errors
/// [`Error`] naming the file and why it cannot be read.
pub fn inspect(file: &Path, hints: Hints) -> Result<Inspection> {
    let found = named_file(file)?;
    let file = found.as_path();
    if let Some((config, weights)) = import::own_weights(file)? {
        let provenance = Provenance::of(&weights);
        return Ok(Inspection::Own { file: file.to_path_buf(), provenance, config });
    }
    let contents = import::read(file)?;
    let values = contents.tensors.values().map(|t| t.values.len()).sum();
    let count = contents.tensors.len() + contents.integers.len();
    let origin = file.display().to_string();
    let imported = import::import(&origin, contents, hints).map_err(|error| {
        Error::user(error.to_string(), "`aio weights list` shows what can be imported")
    })?;
    let imported = imported.with_fresh_named()?;
    Ok(Inspection::Checkpoint(Checkpoint {
        file: file.to_path_buf(),
        tensors: count,
        values,
        layout: imported.layout,
        encoder: imported.encoder,
        pooling: imported.pooling,
        text_tower: imported.text_tower,
        text_vocabulary: imported.text_vocabulary,
        grid: imported.grid.map(|grid| [grid.rows, grid.columns]),
        patch: imported.patch,
        coverage: imported.coverage,
    }))
}

impl Inspection {
    /// The contents for people.
    ///
    /// # Errors
    /// [`Error::Failure`] if the sizes cannot be serialised.
    pub fn text(&self) -> Result<String> {
        match self {
            Self::Own { file, provenance, config } => {
                let config = serde_json::to_string_pretty(config)
                    .map_err(|e| Error::Failure(e.to_string()))?;
                let (file, stated) = (file.display(), provenance.text());
                Ok(format!("{file}: a weights file of this project\n{stated}{config}\n"))
            }
            Self::Checkpoint(checkpoint) => Ok(checkpoint.text()),
        }
    }
}

/// A line about the blocks of an encoder.
fn blocks(encoder: &EncoderConfig) -> String {
    let EncoderConfig {
        depth,
        embed_dim,
        heads,
        mlp,
        epsilon,
        activation,
        pre_norm,
        layer_scale,
        causal,
        rotary,
        adapters: _,
    } = encoder;
    let sees = if *causal { ", causal" } else { "" };
    let turns = match rotary {
        Some(RotaryConfig { base, coordinates }) => {
            format!(", rotary positions of base {base}, {coordinates:?}")
        }
        None => String::new(),
    };
    format!(
        "{depth} blocks of width {embed_dim}, {heads} heads, MLP {mlp}, {activation:?}, epsilon {epsilon:e}, ln_pre {pre_norm}, LayerScale {layer_scale}{sees}{turns}\n"
    )
}

impl Checkpoint {
    fn text(&self) -> String {
        let Self { tensors, values, layout, .. } = self;
        let mut text = format!(
            "{}: {tensors} tensors, {values} values, layout {layout}\n",
            self.file.display()
        );
        text += &blocks(&self.encoder);
        if let Some(PoolingConfig { heads, mlp }) = &self.pooling {
            text += &format!("attention pooling of {heads} heads, MLP {mlp}\n");
        }
        if let Some(tower) = &self.text_tower {
            text += &format!("text tower: {}", blocks(tower));
        }
        if let Some(ids) = self.text_vocabulary {
            text +=
                &format!("text tower: needs its tokenizer.json with {ids} ids beside the file\n");
        }
        if let (Some([rows, columns]), Some(patch)) = (self.grid, self.patch) {
            text +=
                &format!("positions for {rows} × {columns} tokens, patches of {patch} pixels\n");
        }
        text += &self.coverage.to_string();
        for (theirs, ours) in &self.coverage.loaded {
            text += &format!("  loaded     {theirs} → {ours}\n");
        }
        text
    }
}

/// A checkpoint that was converted.
#[derive(Debug, Clone, Serialize)]
pub struct Conversion {
    output: PathBuf,
    layout: Layout,
    /// Of the weights file that was written.
    sha256: String,
    coverage: Coverage,
    /// SHA-256 of the `tokenizer.json` that the file holds, if its text tower needs one.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokenizer: Option<String>,
}

/// Turns a checkpoint into a weights file of this project.
///
/// # Errors
/// [`Error`] naming the file and the tensors that do not fit.
pub fn convert_file(file: &Path, output: &Path, options: &ImportOptions) -> Result<Conversion> {
    let file = named_file(file)?;
    overwrite::check("--output", output, [file.as_path()])?;
    overwrite::check_weights("--output", output)?;
    let converted = import::convert(&file, options)?;
    fs::write_output(output, converted.weights.bytes())?;
    Ok(Conversion {
        output: output.to_path_buf(),
        layout: converted.layout,
        sha256: converted.weights.sha256(),
        coverage: converted.coverage,
        tokenizer: converted.tokenizer,
    })
}

impl Conversion {
    /// What was written, and what became of every tensor.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { output, layout, sha256, coverage, tokenizer } = self;
        let tokenizer = tokenizer
            .as_ref()
            .map_or(String::new(), |sha256| format!("with its tokenizer.json, sha256 {sha256}\n"));
        format!("{} ({layout}), sha256 {sha256}\n{tokenizer}{coverage}", output.display())
    }
}

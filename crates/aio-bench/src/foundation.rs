//! `aio weights` and `aio encode`: encoders of other projects. Their import is in [`aio_model::import`].

use crate::device;
use crate::error::{Error, Result};
use aio_data::{DataError, fs};
use aio_encoder::weights::{self, Weights};
use aio_encoder::{Activation, Encoder, EncoderConfig};
use aio_model::import::{
    self, Hints, ImportOptions, Layout, Normalisation, Opened, PublishedCheckpoint, Stems,
};
use aio_tokenize::Grid;
use aio_types::PictureSize;
use burn::tensor::{Tensor, TensorData};
use safetensors::Dtype;
use safetensors::tensor::{SafeTensors, TensorView};
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// Subcommands of `aio weights`.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum WeightsCommand {
    /// List the published weights that can be imported: source, licence, file name, and the checksum of files that are present.
    List,
    /// Show layout, sizes and key map of a file: which tensors are loaded, fresh, unused, unknown, misshaped.
    Inspect {
        /// The checkpoint (.safetensors, .pth, .pt, .bin).
        file: PathBuf,
        /// What the tensors do not show.
        #[command(flatten)]
        hints: HintOptions,
    },
    /// Turn a checkpoint into a weights file of this project (safetensors under PyTorch key names).
    Convert {
        /// The checkpoint.
        file: PathBuf,
        /// Where to write.
        #[arg(long)]
        output: PathBuf,
        /// Rows of input pictures.
        #[arg(long, default_value_t = 256)]
        height: usize,
        /// Columns of input pictures.
        #[arg(long, default_value_t = 128)]
        width: usize,
        /// Where image stems and text table start from, as `model.stems`: from-checkpoint, fresh, fresh-ibn, fresh-batch or fresh-patch.
        #[arg(long, default_value = "from-checkpoint", value_parser = named::<Stems>)]
        stems: Stems,
        /// Mean and standard deviation of pictures, if the layout does not show them: clip, imagenet or half.
        #[arg(long, default_value = "auto", value_parser = named::<Normalisation>)]
        normalisation: Normalisation,
        /// Seed of what starts fresh.
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// What the tensors do not show.
        #[command(flatten)]
        hints: HintOptions,
    },
}

/// What a checkpoint's tensors do not show.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct HintOptions {
    /// Layout of the file, where detection is wrong.
    #[arg(long, value_parser = layout)]
    pub layout: Option<Layout>,
    /// Attention heads; one per 64 channels otherwise.
    #[arg(long)]
    pub heads: Option<usize>,
    /// The MLP uses QuickGELU (OpenAI's CLIP) although the file does not show it.
    #[arg(long)]
    pub quick_gelu: bool,
}

fn layout(typed: &str) -> std::result::Result<Layout, String> {
    let known = Layout::ALL.map(Layout::name).join(", ");
    Layout::ALL
        .into_iter()
        .find(|l| l.name() == typed)
        .ok_or_else(|| format!("expected one of {known}"))
}

/// A value as configuration files write it.
fn named<T: DeserializeOwned>(typed: &str) -> std::result::Result<T, String> {
    serde_json::from_value(typed.into()).map_err(|e| e.to_string())
}

impl HintOptions {
    fn hints(self) -> Hints {
        Hints {
            layout: self.layout,
            heads: self.heads,
            activation: self.quick_gelu.then_some(Activation::QuickGelu),
        }
    }
}

/// Runs `aio weights` and returns what belongs on standard output.
///
/// # Errors
/// [`Error`] naming the file and the tensors that do not fit.
pub fn run(command: &WeightsCommand) -> Result<String> {
    match command {
        WeightsCommand::List => Ok(list()),
        WeightsCommand::Inspect { file, hints } => inspect(file, hints.hints()),
        WeightsCommand::Convert {
            file,
            output,
            height,
            width,
            stems,
            normalisation,
            seed,
            hints,
        } => {
            let options = ImportOptions {
                size: PictureSize { height: *height, width: *width },
                stems: *stems,
                hints: hints.hints(),
                normalisation: *normalisation,
                seed: *seed,
            };
            let converted = import::convert(file, &options)?;
            fs::write_then_rename(output, converted.weights.bytes())?;
            Ok(format!(
                "{} ({}), sha256 {}\n{}",
                output.display(),
                converted.layout,
                converted.weights.sha256(),
                converted.coverage
            ))
        }
    }
}

fn list() -> String {
    let mut text = format!(
        "embedded\n    compiled into the program; MIT OR Apache-2.0; sha256 {}\n",
        weights::embedded_sha256()
    );
    for PublishedCheckpoint { name, file, source, licence, normalisation } in &import::PUBLISHED {
        let here = Path::new("weights").join(file);
        let (found, checksum) = match std::fs::read(&here) {
            Ok(bytes) => ("there", weights::sha256(&bytes)),
            Err(_) => ("not there", "not recorded".to_owned()),
        };
        let pictures = match normalisation {
            None | Some(Normalisation::Auto) => "0 to 1",
            Some(Normalisation::Clip) => "CLIP's mean and deviation",
            Some(Normalisation::Imagenet) => "ImageNet's mean and deviation",
            Some(Normalisation::Half) => "mean and deviation 0.5",
        };
        text += &format!(
            "{name}\n    {}: {found}\n    from {source}\n    licence {licence}; pictures: {pictures}; sha256 {checksum}\n",
            here.display()
        );
    }
    text
}

fn inspect(file: &Path, hints: Hints) -> Result<String> {
    if let Some((config, _)) = import::own_weights(file)? {
        return Ok(format!(
            "{}: a weights file of this project\n{}\n",
            file.display(),
            serde_json::to_string_pretty(&config).unwrap_or_default()
        ));
    }
    let tensors = import::read(file)?;
    let values: usize = tensors.values().map(|t| t.values.len()).sum();
    let count = tensors.len();
    let hint = "`aio weights list` shows what can be imported";
    let imported = import::import(&file.display().to_string(), tensors, hints)
        .map_err(|error| Error::user(error.to_string(), hint))?;
    let mut text = format!(
        "{}: {count} tensors, {values} values, layout {}\n",
        file.display(),
        imported.layout
    );
    text += &sizes(&imported.encoder);
    if let (Some(Grid { rows, columns }), Some(patch)) = (imported.grid, imported.patch) {
        text += &format!("positions for {rows} × {columns} tokens, patches of {patch} pixels\n");
    }
    text += &imported.coverage.to_string();
    for (theirs, ours) in &imported.coverage.loaded {
        text += &format!("  loaded     {theirs} → {ours}\n");
    }
    Ok(text)
}

fn sizes(encoder: &EncoderConfig) -> String {
    let EncoderConfig { depth, embed_dim, heads, mlp, epsilon, activation, pre_norm, layer_scale } =
        encoder;
    format!(
        "{depth} blocks of width {embed_dim}, {heads} heads, MLP {mlp}, {activation:?}, epsilon {epsilon:e}, ln_pre {pre_norm}, LayerScale {layer_scale}\n"
    )
}

/// Opens weights by name or path with [`import::open()`] and reports on stderr how a checkpoint of another project was converted. Returns the
/// weights and the SHA-256 of the file that was named.
///
/// # Errors
/// [`Error`] naming the file and the tensors that do not fit.
pub fn open(name: &str, options: &ImportOptions) -> Result<(Weights, String)> {
    let Opened { weights, sha256, conversion } = import::open(name, options)?;
    if let Some((layout, coverage)) = conversion {
        eprintln!("{name}: layout {layout}; {coverage}");
    }
    Ok((weights, sha256))
}

/// Options of `aio encode`.
#[derive(Debug, Clone, clap::Args)]
pub struct EncodeRequest {
    /// A checkpoint, a weights file of this project, or `embedded`.
    #[arg(long)]
    pub weights: String,
    /// Safetensors file with `tokens` F32 [batch, tokens, width].
    #[arg(long)]
    pub input: PathBuf,
    /// Safetensors file to write, with `features` of the same shape.
    #[arg(long)]
    pub output: PathBuf,
    /// Normalise tokens before the first block with CLIP's ln_pre.
    #[arg(long)]
    pub pre_norm: bool,
    /// Where to compute: cpu, wgpu, wgpu:N, cuda, cuda:N or auto.
    #[arg(long, default_value = "cpu")]
    pub device: String,
    /// What the tensors do not show.
    #[command(flatten)]
    pub hints: HintOptions,
}

/// Sequences that are encoded at once.
const BATCH: usize = 16;

/// Runs the frozen blocks alone over a token tensor.
///
/// # Errors
/// [`Error`] naming the file or tensor that does not fit.
pub fn encode(request: &EncodeRequest) -> Result<String> {
    let device = device::open(&request.device)?;
    let hint = "`aio weights inspect` shows what is in the file";
    let (config, weights) =
        import::open_encoder(&request.weights, request.hints.hints(), request.pre_norm)
            .map_err(|error| Error::user(error.to_string(), hint))?;
    let encoder: Encoder = weights.load(config.init(&device))?;
    let (shape, values) = tokens(&request.input)?;
    let [batch, count, width] = shape;
    if width != config.embed_dim {
        return Err(Error::user(
            format!("{} has tokens of width {width}", request.input.display()),
            format!("the blocks have width {}", config.embed_dim),
        ));
    }
    let mut features = Vec::with_capacity(values.len());
    for rows in values.chunks(BATCH * count * width) {
        let n = rows.len() / (count * width);
        let tokens =
            Tensor::<3>::from_data(TensorData::new(rows.to_vec(), [n, count, width]), &device);
        let encoded = encoder.forward(tokens, Tensor::ones([n, count], &device));
        features.extend(encoded.into_data().iter::<f32>());
    }
    let bytes: Vec<u8> = features.iter().flat_map(|v| v.to_le_bytes()).collect();
    let failed = |e: safetensors::SafeTensorError| Error::Failure(e.to_string());
    let view = TensorView::new(Dtype::F32, vec![batch, count, width], &bytes).map_err(failed)?;
    fs::write_then_rename(
        &request.output,
        &safetensors::serialize([("features", view)], None).map_err(failed)?,
    )?;
    Ok(format!(
        "{} [{batch}, {count}, {width}], {} blocks\n",
        request.output.display(),
        config.depth
    ))
}

fn tokens(path: &Path) -> Result<([usize; 3], Vec<f32>)> {
    let wrong = |problem: String| {
        Error::user(
            format!("{} {problem}", path.display()),
            "expected safetensors with `tokens` F32 [batch, tokens, width]",
        )
    };
    let bytes = std::fs::read(path).map_err(|source| {
        Error::Data(DataError::Io { action: "read", path: path.to_path_buf(), source })
    })?;
    let file = SafeTensors::deserialize(&bytes)
        .map_err(|e| wrong(format!("is no safetensors file: {e}")))?;
    let view = file.tensor("tokens").map_err(|_| wrong("has no tensor `tokens`".into()))?;
    let &[batch, count, width] = view.shape() else {
        return Err(wrong(format!("has `tokens` of shape {:?}", view.shape())));
    };
    if view.dtype() != Dtype::F32 || batch == 0 || count == 0 {
        return Err(wrong(format!(
            "has `tokens` of type {:?} and shape {:?}",
            view.dtype(),
            view.shape()
        )));
    }
    let values =
        view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    Ok(([batch, count, width], values))
}

//! `aio weights` and `aio encode`: foundation encoders of other projects.

use crate::device;
use crate::error::{Error, Result};
use aio_data::{DataError, fs};
use aio_encoder::checkpoint;
use aio_encoder::import::{Hints, Layout, import};
use aio_encoder::weights::{self, Weights};
use aio_encoder::{Activation, Encoder, EncoderConfig};
use aio_model::BackboneConfig;
use aio_model::import::{ImportOptions, Normalisation, Stems, convert, with_stems};
use burn::tensor::{Tensor, TensorData};
use safetensors::Dtype;
use safetensors::tensor::{SafeTensors, TensorView};
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// What is known of published weights.
#[derive(Debug)]
pub struct Origin {
    /// Short name.
    pub name: &'static str,
    /// The file, as its authors name it.
    pub file: &'static str,
    /// Whose it is and where it comes from.
    pub source: &'static str,
    /// Terms of use.
    pub licence: &'static str,
    /// Mean and standard deviation of pictures, which a file of this name gets unless the user says otherwise.
    pub normalisation: Normalisation,
}

/// Foundation weights that can be imported. Their checksums are not recorded: nobody has held the files here. `aio weights list` prints that of
/// a file which is there.
pub const REGISTRY: [Origin; 13] = [
    Origin {
        name: "meta-transformer-b16",
        file: "Meta-Transformer_base_patch16_encoder.pth",
        source: "github.com/invictus717/MetaTransformer, model zoo: ViT-B/16 blocks pre-trained on LAION-2B",
        licence: "Apache-2.0",
        normalisation: Normalisation::Clip,
    },
    Origin {
        name: "meta-transformer-l14",
        file: "Meta-Transformer_large_patch14_encoder.pth",
        source: "github.com/invictus717/MetaTransformer, model zoo: ViT-L/14 blocks",
        licence: "Apache-2.0",
        normalisation: Normalisation::Clip,
    },
    Origin {
        name: "open-clip-b16",
        file: "open_clip_model.safetensors",
        source: "huggingface.co/laion/CLIP-ViT-B-16-laion2B-s34B-b88K",
        licence: "MIT",
        normalisation: Normalisation::Clip,
    },
    Origin {
        name: "openai-clip-b16",
        file: "ViT-B-16.safetensors",
        source: "github.com/openai/CLIP: ViT-B-16.pt is a TorchScript archive; save torch.jit.load(…).state_dict() as safetensors",
        licence: "MIT",
        normalisation: Normalisation::Clip,
    },
    Origin {
        name: "timm-augreg-b16",
        file: "model.safetensors",
        source: "huggingface.co/timm/vit_base_patch16_224.augreg_in21k",
        licence: "Apache-2.0",
        normalisation: Normalisation::Half,
    },
    Origin {
        name: "timm-clip-b16",
        file: "model.safetensors",
        source: "huggingface.co/timm/vit_base_patch16_clip_224.laion2b",
        licence: "Apache-2.0",
        normalisation: Normalisation::Clip,
    },
    Origin {
        name: "dino-b16",
        file: "dino_vitbase16_pretrain.pth",
        source: "github.com/facebookresearch/dino",
        licence: "Apache-2.0",
        normalisation: Normalisation::Imagenet,
    },
    Origin {
        name: "dinov2-b14",
        file: "dinov2_vitb14_reg4_pretrain.pth",
        source: "github.com/facebookresearch/dinov2; pictures must divide by 14, such as 252 × 126",
        licence: "Apache-2.0",
        normalisation: Normalisation::Imagenet,
    },
    Origin {
        name: "mae-b16",
        file: "mae_pretrain_vit_base.pth",
        source: "github.com/facebookresearch/mae",
        licence: "CC-BY-NC 4.0",
        normalisation: Normalisation::Imagenet,
    },
    Origin {
        name: "deit-b16",
        file: "deit_base_patch16_224-b5f2ef4d.pth",
        source: "github.com/facebookresearch/deit; the distilled one is deit_base_distilled_patch16_224-df68dfff.pth",
        licence: "Apache-2.0",
        normalisation: Normalisation::Imagenet,
    },
    Origin {
        name: "deit-distilled-b16",
        file: "deit_base_distilled_patch16_224-df68dfff.pth",
        source: "github.com/facebookresearch/deit",
        licence: "Apache-2.0",
        normalisation: Normalisation::Imagenet,
    },
    Origin {
        name: "informative-drawings",
        file: "contour_style.pth",
        source: "github.com/carolineec/informative-drawings: checkpoints/contour_style/netG_A_latest.pth; for data.sketch_generator",
        licence: "MIT",
        normalisation: Normalisation::Auto,
    },
    Origin {
        name: "transreid-ssl-b16",
        file: "vit_base_ics_cfs_lup.pth",
        source: "github.com/damo-cv/TransReID-SSL",
        licence: "see its repository",
        normalisation: Normalisation::Half,
    },
];

/// What can be done with weights.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum WeightsCommand {
    /// Published weights that can be imported: whose, under which terms, where from and where to.
    List,
    /// Layout, sizes and key map of a file: what would be loaded, fresh, unused, unknown, misshaped.
    Inspect {
        /// The checkpoint (.safetensors, .pth, .pt, .bin).
        file: PathBuf,
        /// What the tensors do not tell.
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
        /// Mean and standard deviation of pictures, where the layout does not tell: clip, imagenet or half.
        #[arg(long, default_value = "auto", value_parser = named::<Normalisation>)]
        normalisation: Normalisation,
        /// Seed of what starts fresh.
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// What the tensors do not tell.
        #[command(flatten)]
        hints: HintOptions,
    },
}

/// What a checkpoint's tensors do not tell.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct HintOptions {
    /// Layout of the file, where detection is wrong.
    #[arg(long, value_parser = layout)]
    pub layout: Option<Layout>,
    /// Attention heads; one per 64 channels otherwise.
    #[arg(long)]
    pub heads: Option<usize>,
    /// The MLP uses QuickGELU (OpenAI's CLIP) although the file does not tell.
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
            let normalisation = known_normalisation(file, *normalisation);
            let options = ImportOptions {
                height: *height,
                width: *width,
                stems: *stems,
                hints: hints.hints(),
                normalisation,
                seed: *seed,
            };
            let converted = convert(file, &options)?;
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
    for Origin { name, file, source, licence, normalisation } in &REGISTRY {
        let here = Path::new("weights").join(file);
        // No publisher's checksum could be checked against a file here, so what is shown is the user's own.
        let (found, checksum) = match std::fs::read(&here) {
            Ok(bytes) => ("there", weights::sha256(&bytes)),
            Err(_) => ("not there", "not recorded".to_owned()),
        };
        let pictures = match normalisation {
            Normalisation::Auto => "0 to 1",
            Normalisation::Clip => "CLIP's mean and deviation",
            Normalisation::Imagenet => "ImageNet's mean and deviation",
            Normalisation::Half => "mean and deviation 0.5",
        };
        text += &format!(
            "{name}\n    {}: {found}\n    from {source}\n    licence {licence}; pictures: {pictures}; sha256 {checksum}\n",
            here.display()
        );
    }
    text
}

fn inspect(file: &Path, hints: Hints) -> Result<String> {
    let problem = |p: String| {
        Error::user(
            format!("{}: {p}", file.display()),
            "`aio weights list` shows what can be imported",
        )
    };
    if let Some((config, _)) = own(file)? {
        return Ok(format!(
            "{}: a weights file of this project\n{}\n",
            file.display(),
            serde_json::to_string_pretty(&config).unwrap_or_default()
        ));
    }
    let tensors = checkpoint::read(file)?;
    let values: usize = tensors.values().map(|t| t.values.len()).sum();
    let count = tensors.len();
    let imported = import(tensors, hints).map_err(problem)?;
    let EncoderConfig { depth, width, heads, mlp, epsilon, activation, pre_norm, layer_scale } =
        imported.encoder;
    let mut text = format!(
        "{}: {count} tensors, {values} values, layout {}\n",
        file.display(),
        imported.layout
    );
    text += &format!(
        "{depth} blocks of width {width}, {heads} heads, MLP {mlp}, {activation:?}, epsilon {epsilon:e}, ln_pre {pre_norm}, LayerScale {layer_scale}\n"
    );
    if let (Some((rows, columns)), Some(patch)) = (imported.grid, imported.patch) {
        text += &format!("positions for {rows} × {columns} tokens, patches of {patch} pixels\n");
    }
    text += &imported.coverage.to_string();
    for (theirs, ours) in &imported.coverage.loaded {
        text += &format!("  loaded     {theirs} → {ours}\n");
    }
    Ok(text)
}

/// A weights file of this project with the sizes in it, or `None` for another's.
fn own(file: &Path) -> Result<Option<(BackboneConfig, Weights)>> {
    if file.extension().is_none_or(|e| e != "safetensors") {
        return Ok(None);
    }
    let weights = Weights::open(file)?;
    Ok(weights.metadata("config").ok().map(|config| (config, weights)))
}

/// Opens weights by name or path: the embedded ones, a file of this project, or a checkpoint of another one, which is converted.
/// Returns them with the SHA-256 of the file itself.
///
/// # Errors
/// [`Error`] naming the file and the tensors that do not fit.
pub fn open(name: &str, options: &ImportOptions) -> Result<(Weights, String)> {
    if name == "embedded" {
        return Ok((
            with_stems(Weights::embedded(), options.stems, options.seed)?,
            weights::embedded_sha256(),
        ));
    }
    let path = Path::new(name);
    if let Some((_, opened)) = own(path)? {
        let sha256 = opened.sha256();
        return Ok((with_stems(opened, options.stems, options.seed)?, sha256));
    }
    let converted = convert(
        path,
        &ImportOptions {
            normalisation: known_normalisation(path, options.normalisation),
            ..*options
        },
    )?;
    eprintln!("{name}: layout {}; {}", converted.layout, converted.coverage);
    Ok((converted.weights, weights::sha256(&fs::read(path)?)))
}

/// The normalisation that the user asked for, or else that of the registry for a file of this name: DINO, MAE and DeiT have timm's names
/// and another normalisation, which nothing in the file tells.
fn known_normalisation(path: &Path, asked: Normalisation) -> Normalisation {
    // Several of timm's files have one name; the tensors tell those apart.
    let mut named =
        REGISTRY.iter().filter(|origin| path.file_name().is_some_and(|name| name == origin.file));
    match (asked, named.next(), named.next()) {
        (Normalisation::Auto, Some(only), None) => only.normalisation,
        _ => asked,
    }
}

/// Where a missing weights file comes from, if its name is known.
#[must_use]
pub fn origin(path: &Path) -> Option<&'static Origin> {
    let name = path.file_name()?;
    REGISTRY.iter().find(|origin| origin.file == name)
}

/// What `aio encode` is asked for.
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
    /// What the tensors do not tell.
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
    let (config, weights) = blocks(request)?;
    let encoder: Encoder = weights.load(config.init(&device))?;
    let (shape, values) = tokens(&request.input)?;
    let [batch, count, width] = shape;
    if width != config.width {
        return Err(Error::user(
            format!("{} has tokens of width {width}", request.input.display()),
            format!("the blocks have width {}", config.width),
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

/// The blocks of a weights file or checkpoint, and their sizes.
fn blocks(request: &EncodeRequest) -> Result<(EncoderConfig, Weights)> {
    let path = Path::new(&request.weights);
    let embedded = || -> Result<_> {
        let weights = Weights::embedded();
        Ok((weights.metadata("config")?, weights))
    };
    let known = if request.weights == "embedded" { Some(embedded()?) } else { own(path)? };
    if let Some((BackboneConfig { encoder, .. }, weights)) = known {
        return Ok((encoder, weights.below("encoder.")?));
    }
    let problem = |p: String| {
        Error::user(
            format!("{}: {p}", path.display()),
            "`aio weights inspect` shows what is in the file",
        )
    };
    let imported = import(checkpoint::read(path)?, request.hints.hints()).map_err(problem)?;
    let pre_norm = request.pre_norm && imported.encoder.pre_norm;
    if request.pre_norm && !pre_norm {
        return Err(problem("it has no ln_pre".into()));
    }
    let config = EncoderConfig { pre_norm, ..imported.encoder };
    let wanted = |name: &String| {
        name.starts_with("encoder.") && (pre_norm || !name.starts_with("encoder.norm_pre"))
    };
    let tensors = imported.tensors.into_iter().filter(|(name, _)| wanted(name)).collect();
    Ok((
        config,
        Weights::from_tensors(&request.weights, &tensors, &Weights::embedded())?
            .below("encoder.")?,
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

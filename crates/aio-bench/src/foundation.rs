//! Foundation encoders of other projects.

use crate::error::{Error, Result};
use aio_data::fs;
use aio_encoder::EncoderConfig;
use aio_encoder::checkpoint;
use aio_encoder::import::{Hints, import};
use aio_encoder::weights::{self, Weights};
use aio_model::BackboneConfig;
use aio_model::import::{ImportOptions, Normalisation, convert, with_stems};
use std::path::Path;

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
        source: "github.com/carolineec/informative-drawings: checkpoints/contour_style/netG_A_latest.pth; for data.lines",
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

/// A weights file of this project with the sizes in it, or `None` for another's.
pub(crate) fn own(file: &Path) -> Result<Option<(BackboneConfig, Weights)>> {
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
    log::info!("{name}: layout {}; {}", converted.layout, converted.coverage);
    Ok((converted.weights, weights::sha256(&fs::read(path)?)))
}

/// The normalisation that the user asked for, or else that of the registry for a file of this name: DINO, MAE and DeiT have timm's names
/// and another normalisation, which nothing in the file tells.
pub(crate) fn known_normalisation(path: &Path, asked: Normalisation) -> Normalisation {
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

/// The blocks of a weights file or checkpoint, and their sizes.
pub(crate) fn blocks(
    name: &str,
    hints: Hints,
    keep_pre_norm: bool,
) -> Result<(EncoderConfig, Weights)> {
    let path = Path::new(name);
    let embedded = || -> Result<_> {
        let weights = Weights::embedded();
        Ok((weights.metadata("config")?, weights))
    };
    let known = if name == "embedded" { Some(embedded()?) } else { own(path)? };
    if let Some((BackboneConfig { encoder, .. }, weights)) = known {
        return Ok((encoder, weights.below("encoder.")?));
    }
    let problem = |p: String| {
        Error::user(
            format!("{}: {p}", path.display()),
            "`aio weights inspect` shows what is in the file",
        )
    };
    let imported = import(checkpoint::read(path)?, hints).map_err(problem)?;
    let pre_norm = keep_pre_norm && imported.encoder.pre_norm;
    if keep_pre_norm && !pre_norm {
        return Err(problem("it has no ln_pre".into()));
    }
    let config = EncoderConfig { pre_norm, ..imported.encoder };
    let wanted = |name: &String| {
        name.starts_with("encoder.") && (pre_norm || !name.starts_with("encoder.norm_pre"))
    };
    let tensors = imported.tensors.into_iter().filter(|(name, _)| wanted(name)).collect();
    Ok((config, Weights::from_tensors(name, &tensors, &Weights::embedded())?.below("encoder.")?))
}

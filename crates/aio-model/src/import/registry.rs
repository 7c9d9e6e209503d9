use super::Normalisation;
use std::path::Path;

/// A checkpoint that another project published.
#[derive(Debug)]
pub struct PublishedCheckpoint {
    /// Short name.
    pub name: &'static str,
    /// The file name that its authors gave it.
    pub file: &'static str,
    /// Whose it is and where it comes from.
    pub source: &'static str,
    /// Terms of use.
    pub licence: &'static str,
    /// Mean and standard deviation of its pictures, unless the user names others. `None`: it takes values from 0 to 1.
    pub normalisation: Option<Normalisation>,
}

/// The published checkpoints that can be imported. The importer was not tested with the published files, so no checksum is recorded;
/// `aio weights list` prints the checksum of a file that is present.
pub const PUBLISHED: [PublishedCheckpoint; 19] = [
    PublishedCheckpoint {
        name: "meta-transformer-b16",
        file: "Meta-Transformer_base_patch16_encoder.pth",
        source: "github.com/invictus717/MetaTransformer, model zoo: ViT-B/16 blocks pre-trained on LAION-2B",
        licence: "Apache-2.0",
        normalisation: Some(Normalisation::Clip),
    },
    PublishedCheckpoint {
        name: "meta-transformer-l14",
        file: "Meta-Transformer_large_patch14_encoder.pth",
        source: "github.com/invictus717/MetaTransformer, model zoo: ViT-L/14 blocks",
        licence: "Apache-2.0",
        normalisation: Some(Normalisation::Clip),
    },
    PublishedCheckpoint {
        name: "open-clip-b16",
        file: "open_clip_model.safetensors",
        source: "huggingface.co/laion/CLIP-ViT-B-16-laion2B-s34B-b88K; other sizes likewise; convert MetaCLIP, DFN and open_clip's copies of OpenAI's with --quick-gelu first",
        licence: "MIT",
        normalisation: Some(Normalisation::Clip),
    },
    PublishedCheckpoint {
        name: "openai-clip-b16",
        file: "ViT-B-16.safetensors",
        source: "github.com/openai/CLIP: ViT-B-16.pt is a TorchScript archive; save torch.jit.load(…).state_dict() as safetensors",
        licence: "MIT",
        normalisation: Some(Normalisation::Clip),
    },
    PublishedCheckpoint {
        name: "timm-augreg-b16",
        file: "model.safetensors",
        source: "huggingface.co/timm/vit_base_patch16_224.augreg_in21k",
        licence: "Apache-2.0",
        normalisation: Some(Normalisation::Half),
    },
    PublishedCheckpoint {
        name: "timm-clip-b16",
        file: "model.safetensors",
        source: "huggingface.co/timm/vit_base_patch16_clip_224.laion2b",
        licence: "Apache-2.0",
        normalisation: Some(Normalisation::Clip),
    },
    PublishedCheckpoint {
        name: "dino-b16",
        file: "dino_vitbase16_pretrain.pth",
        source: "github.com/facebookresearch/dino",
        licence: "Apache-2.0",
        normalisation: Some(Normalisation::Imagenet),
    },
    PublishedCheckpoint {
        name: "dinov2-b14",
        file: "dinov2_vitb14_reg4_pretrain.pth",
        source: "github.com/facebookresearch/dinov2; pictures must divide by 14, such as 252 × 126",
        licence: "Apache-2.0",
        normalisation: Some(Normalisation::Imagenet),
    },
    PublishedCheckpoint {
        name: "dinov3-b16",
        file: "model.safetensors",
        source: "huggingface.co/facebook/dinov3-vitb16-pretrain-lvd1689m; S/16 and L/16 likewise",
        licence: "DINOv3 License",
        normalisation: Some(Normalisation::Imagenet),
    },
    PublishedCheckpoint {
        name: "dinov3-b16-meta",
        file: "dinov3_vitb16_pretrain_lvd1689m-73cec8be.pth",
        source: "github.com/facebookresearch/dinov3; S/16 and L/16 likewise",
        licence: "DINOv3 License",
        normalisation: Some(Normalisation::Imagenet),
    },
    PublishedCheckpoint {
        name: "pe-core-b16",
        file: "PE-Core-B16-224.pt",
        source: "huggingface.co/facebook/PE-Core-B16-224; the other sizes likewise",
        licence: "Apache-2.0",
        normalisation: Some(Normalisation::Half),
    },
    PublishedCheckpoint {
        name: "pe-core-l14",
        file: "PE-Core-L14-336.pt",
        source: "huggingface.co/facebook/PE-Core-L14-336; pictures must divide by 14, such as 252 × 126",
        licence: "Apache-2.0",
        normalisation: Some(Normalisation::Half),
    },
    PublishedCheckpoint {
        name: "siglip2-b16",
        file: "model.safetensors",
        source: "huggingface.co/google/siglip2-base-patch16-224; other fixed sizes and SigLIP likewise; with its tokenizer.json",
        licence: "Apache-2.0",
        normalisation: Some(Normalisation::Half),
    },
    PublishedCheckpoint {
        name: "siglip2-b16-open-clip",
        file: "open_clip_model.safetensors",
        source: "huggingface.co/timm/ViT-B-16-SigLIP2; other sizes and SigLIP likewise; with its tokenizer.json",
        licence: "Apache-2.0",
        normalisation: Some(Normalisation::Half),
    },
    PublishedCheckpoint {
        name: "mae-b16",
        file: "mae_pretrain_vit_base.pth",
        source: "github.com/facebookresearch/mae",
        licence: "CC-BY-NC 4.0",
        normalisation: Some(Normalisation::Imagenet),
    },
    PublishedCheckpoint {
        name: "deit-b16",
        file: "deit_base_patch16_224-b5f2ef4d.pth",
        source: "github.com/facebookresearch/deit; the distilled one is deit_base_distilled_patch16_224-df68dfff.pth",
        licence: "Apache-2.0",
        normalisation: Some(Normalisation::Imagenet),
    },
    PublishedCheckpoint {
        name: "deit-distilled-b16",
        file: "deit_base_distilled_patch16_224-df68dfff.pth",
        source: "github.com/facebookresearch/deit",
        licence: "Apache-2.0",
        normalisation: Some(Normalisation::Imagenet),
    },
    PublishedCheckpoint {
        name: "informative-drawings",
        file: "contour_style.pth",
        source: "github.com/carolineec/informative-drawings: checkpoints/contour_style/netG_A_latest.pth; for data.sketch_generator",
        licence: "MIT",
        normalisation: None,
    },
    PublishedCheckpoint {
        name: "transreid-ssl-b16",
        file: "vit_base_ics_cfs_lup.pth",
        source: "github.com/damo-cv/TransReID-SSL",
        licence: "see its repository",
        normalisation: Some(Normalisation::Half),
    },
];

/// The published checkpoint of this file name, for an error about a missing file. Several of timm's files share one name; the first is
/// returned.
#[must_use]
pub fn published(path: &Path) -> Option<&'static PublishedCheckpoint> {
    of_name(path).next()
}

/// The normalisation of the published checkpoint of this file name, if there is exactly one: DINO, MAE and DeiT have timm's layout and another
/// normalisation, which nothing in the file shows.
pub(super) fn normalisation_of(path: &Path) -> Option<Normalisation> {
    let mut named = of_name(path);
    match (named.next(), named.next()) {
        (Some(only), None) => only.normalisation,
        _ => None,
    }
}

/// Published checkpoints whose layout suggests another normalisation than theirs.
const DECIDED_BY_NAME: [&str; 3] = ["dino-b16", "mae-b16", "deit-b16"];

/// The normalisation that is chosen by the name of a file alone: another name would give another one, though the contents are the same.
#[must_use]
pub fn normalisation_by_name(path: &Path) -> Option<Normalisation> {
    of_name(path).find(|checkpoint| DECIDED_BY_NAME.contains(&checkpoint.name))?.normalisation
}

fn of_name(path: &Path) -> impl Iterator<Item = &'static PublishedCheckpoint> {
    let name = path.file_name();
    PUBLISHED.iter().filter(move |checkpoint| name.is_some_and(|name| name == checkpoint.file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_two_projects_use_has_no_normalisation_of_its_own() {
        let of = |name: &str| normalisation_of(Path::new(name));
        assert_eq!(of("weights/dino_vitbase16_pretrain.pth"), Some(Normalisation::Imagenet));
        assert_eq!(of("weights/model.safetensors"), None);
        assert_eq!(of("weights/mine.pth"), None);
        assert_eq!(
            published(Path::new("a/model.safetensors")).map(|p| p.name),
            Some("timm-augreg-b16")
        );
    }

    #[test]
    fn files_whose_name_decides_are_those_of_one_checkpoint_each() {
        for name in DECIDED_BY_NAME {
            let mut of_this_name = PUBLISHED.iter().filter(|checkpoint| checkpoint.name == name);
            let path = Path::new(of_this_name.next().expect("published").file);
            assert_eq!(normalisation_by_name(path), Some(Normalisation::Imagenet), "{name}");
            assert_eq!(normalisation_of(path), Some(Normalisation::Imagenet), "{name}");
        }
        for other in ["mine.pth", "dinov2_vitb14_reg4_pretrain.pth", "ViT-B-16.safetensors"] {
            assert_eq!(normalisation_by_name(Path::new(other)), None, "{other}");
        }
    }
}

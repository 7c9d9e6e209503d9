//! What a pre-training starts from: random weights, or those of a file.

use super::recipe::Recipe;
use crate::error::{Result, TrainError};
use crate::started_from::StartedFrom;
use aio_encoder::weights::{Preprocessing, Weights};
use aio_model::{Backbone, BackboneConfig};
use aio_types::Modality;
use burn::tensor::Device;

/// What a pre-training starts from.
pub(super) struct Start {
    /// Sizes of the backbone.
    pub(super) config: BackboneConfig,
    /// How pictures are prepared: as the weights have it, where there are some.
    pub(super) preprocessing: Preprocessing,
    /// The weights of the file; none where a pre-training starts from random ones.
    pub(super) weights: Option<StartedFrom>,
}

impl Start {
    /// The start of a recipe, with its backbone where that comes from a file.
    ///
    /// # Errors
    /// [`TrainError::Weights`] naming the file that does not fit, [`TrainError::Invalid`] if its model cannot learn from pictures and captions.
    pub(super) fn of(recipe: &Recipe, device: &Device) -> Result<(Self, Option<Backbone>)> {
        let Some(path) = &recipe.init else {
            let config = recipe.backbone()?;
            let preprocessing = preprocessing(&config);
            return Ok((Self { config, preprocessing, weights: None }, None));
        };
        let file = Weights::open(path)?;
        let sha256 = file.sha256();
        let file = file.unpacked()?;
        let (backbone, config, preprocessing) = Backbone::load(&file, device)?;
        if let Some(problem) = unfit(&config) {
            return Err(TrainError::invalid(
                format!("--init {}: {problem}", path.display()),
                "start from weights that read pictures and CLIP's tokens, or leave --init out",
            ));
        }
        let weights = Some(StartedFrom::new(&path.display().to_string(), &sha256, &file));
        Ok((Self { config, preprocessing, weights }, Some(backbone)))
    }

    /// SHA-256 of the weights of the file.
    pub(super) fn sha256(&self) -> Option<&str> {
        self.weights.as_ref().map(StartedFrom::sha256)
    }
}

/// Random weights learn from pictures that are normalised to −1..1, as TransReID-SSL's stem expects.
fn preprocessing(config: &BackboneConfig) -> Preprocessing {
    Preprocessing {
        height: config.tokenizers.height,
        width: config.tokenizers.width,
        mean: [0.5; 3],
        std: [0.5; 3],
        interpolation: Preprocessing::BILINEAR.into(),
    }
}

/// Why a model cannot be trained by the captioned pictures of the corpus.
fn unfit(config: &BackboneConfig) -> Option<String> {
    let needed = [Modality::Rgb, Modality::Text];
    let missing = needed.into_iter().find(|modality| !config.modalities().contains(*modality));
    if let Some(missing) = missing {
        let found = config.modalities();
        return Some(format!(
            "the model embeds {found}, not {missing}; pre-training needs rgb and text"
        ));
    }
    if config.text_pieces.is_some() {
        return Some("its text tower has a tokenizer of its own, and the captions of the corpus are in CLIP's tokens".into());
    }
    let context = config.text_context?;
    Some(format!("its text tower reads {context} tokens, and captions of the corpus may have more"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pretrain::run;
    use crate::signals::StopFlag;
    use aio_model::import::{ImportOptions, convert};
    use aio_types::PictureSize;
    use std::path::{Path, PathBuf};

    /// A golden checkpoint of another project as a weights file of this project.
    fn converted(directory: &Path, name: &str) -> PathBuf {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../aio-model/tests/golden");
        let mut options = ImportOptions {
            size: PictureSize { height: 64, width: 32 },
            ..ImportOptions::default()
        };
        options.hints.heads = Some(2);
        let file = golden.join(format!("{name}.safetensors"));
        let converted = convert(&file, &options).expect("converted");
        let path = directory.join(format!("{name}-converted.safetensors"));
        std::fs::write(&path, converted.weights.bytes()).expect("write");
        path
    }

    fn recipe(init: Option<PathBuf>) -> Recipe {
        Recipe {
            steps: 1,
            pictures_first: 0,
            company_steps: 1,
            warmup_steps: 1,
            corpus: 8,
            batch: 4,
            depth: 1,
            embed_dim: 32,
            init,
            ..Recipe::default()
        }
    }

    fn entry(weights: &Weights, key: &'static str) -> serde_json::Value {
        weights.metadata(key).expect(key)
    }

    #[test]
    fn weights_of_another_project_keep_their_normalisation_and_are_named() {
        let _alone = crate::test_data::exclusive();
        let directory = tempfile::tempdir().expect("temporary directory");
        let init = converted(directory.path(), "dinov2");
        let before = Weights::open(&init).expect("opens");
        let output = directory.path().join("output");
        let (device, stop) = (Device::flex(), StopFlag::default());
        let written = run(&recipe(Some(init)), &output, &device, &stop).expect("trains");
        let weights = Weights::open(&written).expect("opens");
        // DINOv2's, which are those of ImageNet.
        let preprocessing: Preprocessing = weights.metadata("preprocessing").expect("there");
        assert_eq!(preprocessing.mean, [0.485, 0.456, 0.406]);
        assert_eq!(preprocessing.std, [0.229, 0.224, 0.225]);
        let started_from = entry(&weights, "started_from");
        assert_eq!(started_from["name"], "dinov2-converted.safetensors");
        assert_eq!(started_from["sha256"], before.sha256());
        assert!(weights.metadata::<String>("licence").is_err(), "it is not known");
        let origin = entry(&weights, "origin").to_string();
        assert!(origin.contains("dinov2-converted.safetensors"), "{origin}");
        // The recipe says what was trained.
        let config: BackboneConfig = weights.metadata("config").expect("there");
        let recipe = entry(&weights, "recipe");
        assert_eq!(recipe["depth"], config.encoder.depth);
        assert_eq!(recipe["width"], config.encoder.embed_dim);
        assert_eq!(recipe["stem"]["kind"], "patch");
    }

    #[test]
    fn a_start_from_this_projects_weights_keeps_their_licence() {
        let _alone = crate::test_data::exclusive();
        let directory = tempfile::tempdir().expect("temporary directory");
        let (device, stop) = (Device::flex(), StopFlag::default());
        let run_into = |name: &str, init| {
            let written = run(&recipe(init), &directory.path().join(name), &device, &stop);
            let path = written.expect("trains");
            (Weights::open(&path).expect("opens"), path)
        };
        let (first, path) = run_into("first", None);
        assert_eq!(entry(&first, "origin"), "aio pretrain, rendered data only");
        assert!(first.metadata::<serde_json::Value>("started_from").is_err());
        let (second, _) = run_into("second", Some(path));
        assert_eq!(entry(&second, "licence"), "MIT OR Apache-2.0");
        assert_eq!(entry(&second, "started_from")["origin"], "aio pretrain, rendered data only");
    }

    #[test]
    fn weights_without_text_are_refused_before_anything_is_rendered() {
        let _alone = crate::test_data::exclusive();
        let directory = tempfile::tempdir().expect("temporary directory");
        let file = Weights::open(&converted(directory.path(), "dinov2")).expect("opens");
        let all: BackboneConfig = file.metadata("config").expect("sizes");
        let pictures = all.with_modalities(Modality::Rgb.into());
        let bytes =
            pictures.init(&Device::flex()).to_bytes(&pictures, &preprocessing(&pictures), &[]);
        let path = directory.path().join("pictures.safetensors");
        std::fs::write(&path, bytes.expect("serialises")).expect("write");
        let output = directory.path().join("output");
        let refused = run(&recipe(Some(path)), &output, &Device::flex(), &StopFlag::default());
        let error = refused.expect_err("no text").to_string();
        assert!(error.contains("the model embeds rgb, not text"), "{error}");
        assert!(!output.exists(), "nothing was written");
    }
}

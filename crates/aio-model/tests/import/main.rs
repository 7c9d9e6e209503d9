//! Checkpoints in the layouts of other projects give what their own code gives (`scripts/golden/checkpoints.py`).

mod accepted;
mod made;
mod refused;

use aio_encoder::EncoderConfig;
use aio_encoder::weights::{Shipped, Weights};
use aio_model::Backbone;
use aio_model::import::{
    self, Converted, Hints, ImportOptions, Imported, Layout, Normalisation, Stems, convert,
    with_stems,
};
use aio_tokenize::ModalityInput;
use aio_types::{Modality, PictureSize};
use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use std::path::{Path, PathBuf};

pub(crate) fn golden(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file)
}

pub(crate) fn expected<const D: usize>(name: &str) -> Tensor<D> {
    let mut tensors =
        Weights::open(&golden("expected.safetensors")).expect("golden").tensors().expect("tensors");
    let tensor = tensors.remove(name).unwrap_or_else(|| panic!("{name}"));
    Tensor::from_data(TensorData::new(tensor.values, tensor.shape), &Device::flex())
}

pub(crate) fn options(height: usize, width: usize, stems: Stems) -> ImportOptions {
    ImportOptions {
        size: PictureSize { height, width },
        stems,
        hints: Hints { heads: Some(2), ..Hints::default() },
        normalisation: Normalisation::Auto,
        seed: 3,
    }
}

fn converted(file: &str, height: usize, width: usize) -> Converted {
    convert(&golden(file), &options(height, width, Stems::FromCheckpoint))
        .unwrap_or_else(|e| panic!("{file}: {e}"))
}

fn difference<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
    assert_eq!(a.dims(), b.dims());
    (a - b).abs().max().into_scalar()
}

#[test]
fn every_layout_agrees_with_its_own_code() {
    for (file, layout, fresh_text) in [
        ("timm-augreg.safetensors", Layout::Timm, true),
        ("timm-clip.safetensors", Layout::Timm, true),
        ("dinov2.safetensors", Layout::Timm, true),
        ("dino.pth", Layout::Timm, true),
        ("mae.pth", Layout::Timm, true),
        ("deit.safetensors", Layout::Timm, true),
        ("timm-no-embed-class.safetensors", Layout::Timm, true),
        ("open-clip.safetensors", Layout::Clip, false),
        ("openai-clip.safetensors", Layout::Clip, true),
        ("transreid-ssl.pth", Layout::TransreidSsl, true),
    ] {
        let (height, picture) =
            if layout == Layout::TransreidSsl { (64, "tall") } else { (32, "picture") };
        let found = converted(file, height, 32);
        assert_eq!(found.layout, layout, "{file}");
        let fresh: Vec<&String> =
            found.coverage.missing.iter().filter(|n| !n.starts_with("tokenizers.text.")).collect();
        assert!(fresh.is_empty(), "{file}: {fresh:?}");
        assert_eq!(
            found.coverage.missing.iter().any(|n| n == "tokenizers.text.embedding.weight"),
            fresh_text,
            "{file}"
        );
        let (backbone, _, _) = Backbone::load(&found.weights, &Device::flex()).expect("loads");
        let ours = backbone.embed(&[ModalityInput::Pictures(Modality::Rgb, expected(picture))]);
        let name = file.split('.').next().expect("a name");
        let difference = difference(ours, expected::<2>(name));
        assert!(difference < 1e-4, "{file}: {difference}");
    }
}

#[test]
fn blocks_alone_agree_and_what_they_lack_starts_fresh() {
    let found = converted("meta-transformer.pth", 64, 32);
    assert_eq!(found.layout, Layout::MetaTransformer);
    for name in [
        "tokenizers.cls",
        "tokenizers.rgb.positions",
        "tokenizers.rgb.layers.0.conv.weight",
        "projection.norm.weight",
        "tokenizers.text.positions",
    ] {
        assert!(found.coverage.missing.iter().any(|n| n == name), "{name}");
    }
    assert!(found.coverage.missing.iter().all(|n| !n.starts_with("encoder.")));
    let (backbone, config, _) = Backbone::load(&found.weights, &Device::flex()).expect("loads");
    assert_eq!(
        (
            config.encoder.depth,
            config.encoder.embed_dim,
            config.encoder.mlp,
            config.encoder.epsilon
        ),
        (2, 32, 128, 1e-5)
    );
    let attention_mask = Tensor::ones([2, 5], &Device::flex());
    let ours = backbone.encoder.forward(expected("tokens"), attention_mask);
    assert!(difference(ours, expected::<3>("meta-transformer")) < 1e-4);
}

#[test]
fn what_burn_saved_is_read_as_blocks() {
    let (device, directory) = (Device::flex(), tempfile::tempdir().expect("temporary directory"));
    let config =
        EncoderConfig { depth: 2, embed_dim: 24, heads: 3, mlp: 96, ..EncoderConfig::embedded() };
    let encoder = config.init(&device);
    let path = directory.path().join("blocks.bpk");
    encoder.clone().save_file(&path).expect("saved");
    let hints = Hints { heads: Some(3), ..Hints::default() };
    let tensors = import::read(&path).expect("read");
    let Imported { layout, encoder: sizes, tensors, .. } =
        import::import("blocks.bpk", tensors, hints).expect("a known layout");
    assert_eq!((layout, &sizes), (Layout::MetaTransformer, &config));
    let weights =
        Weights::from_tensors("blocks.bpk", &tensors, &Shipped::Embedded.weights().expect("reads"))
            .expect("serialises");
    let loaded =
        weights.below("encoder.").expect("prefix").load(sizes.init(&device)).expect("fits");
    let x = Tensor::<3>::random([2, 7, 24], Distribution::Default, &device);
    let attention_mask = Tensor::<2>::ones([2, 7], &device);
    assert_eq!(
        difference(
            loaded.forward(x.clone(), attention_mask.clone()),
            encoder.forward(x, attention_mask)
        ),
        0.0
    );
}

#[test]
fn positions_are_interpolated_as_pytorch_does() {
    for name in ["open-clip", "openai-clip"] {
        let found = converted(&format!("{name}.safetensors"), 64, 32);
        let positions = found
            .weights
            .tensors()
            .expect("tensors")
            .remove("tokenizers.rgb.positions")
            .expect("positions");
        let ours = Tensor::<2>::from_data(
            TensorData::new(positions.values, positions.shape),
            &Device::flex(),
        );
        assert!(difference(ours, expected(&format!("{name}.regridded"))) < 1e-5);
    }
}

#[test]
fn a_pickle_that_calls_something_is_refused_by_name() {
    let error = import::read(&golden("call.pth")).expect_err("it calls print").to_string();
    assert!(
        error.contains("call.pth") && error.contains(".print`, which is no part of a state dict"),
        "{error}"
    );
}

#[test]
fn fresh_stems_leave_nothing_of_the_checkpoints_stem() {
    let found = convert(&golden("open-clip.safetensors"), &options(64, 32, Stems::Fresh))
        .expect("converted");
    assert!(found.coverage.loaded.iter().all(|(_, ours)| !ours.starts_with("tokenizers.")));
    assert!(found.coverage.missing.iter().any(|n| n == "tokenizers.rgb.layers.2.norm.running_var"));
    let again = convert(&golden("open-clip.safetensors"), &options(64, 32, Stems::Fresh))
        .expect("converted");
    assert_eq!(
        found.weights.sha256(),
        again.weights.sha256(),
        "what starts fresh is a function of the seed"
    );
}

#[test]
fn image_stems_alone_are_redrawn_in_the_chosen_form() {
    let clip = |stems| {
        convert(&golden("open-clip.safetensors"), &options(64, 32, stems)).expect("converted")
    };
    let Converted { weights: known, coverage, .. } = clip(Stems::FromCheckpoint);
    let kept = |weights: &Weights| {
        let mut tensors = weights.tensors().expect("tensors");
        tensors.retain(|name, _| {
            !name.starts_with("tokenizers.rgb.") && !coverage.missing.contains(name)
        });
        tensors
    };
    let running = |weights: &Weights| {
        weights
            .tensors()
            .expect("tensors")
            .get("tokenizers.rgb.layers.0.norm.running_mean")
            .map(|t| t.shape[0])
    };
    // Of 64 channels IBN leaves 32 to the batch; one convolution per patch has nothing to normalise.
    for (stems, channels) in
        [(Stems::FreshIbn, Some(32)), (Stems::FreshBatch, Some(64)), (Stems::FreshPatch, None)]
    {
        let imported = clip(stems).weights;
        assert_eq!(running(&imported), channels, "{stems:?}");
        assert!(kept(&imported) == kept(&known), "{stems:?}: everything else is the checkpoint's");
        // The same of a weights file of this project.
        let again = with_stems(known.clone(), stems, 3).expect("drawn");
        assert_eq!(running(&again), channels, "{stems:?}");
        assert!(kept(&again) == kept(&known), "{stems:?}");
        let embedded =
            with_stems(Shipped::Embedded.weights().expect("reads"), stems, 3).expect("drawn");
        let (backbone, _, _) = Backbone::load(&embedded, &Device::flex()).expect("loads");
        let picture = Tensor::<4>::ones([1, 96, 48, 3], &Device::flex());
        assert_eq!(
            backbone.embed(&[ModalityInput::Pictures(Modality::Rgb, picture)]).dims(),
            [1, 128]
        );
    }
    assert_eq!(
        with_stems(known.clone(), Stems::FromCheckpoint, 3).expect("as it is").sha256(),
        known.sha256()
    );
}

//! Foundation encoders with rotary positions give what their own code gives.

mod dinov3;
mod pe;
mod siglip;
mod siglip_text;

use aio_encoder::weights::{Preprocessing, Weights};
use aio_model::import::{Converted, Hints, ImportOptions, Layout, Normalisation, Stems, convert};
use aio_model::{Backbone, BackboneConfig};
use aio_tokenize::ModalityInput;
use aio_types::{Modality, PictureSize};
use burn::tensor::{Device, Tensor, TensorData};
use std::path::{Path, PathBuf};

pub(crate) fn golden(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file)
}

pub(crate) fn expected<const D: usize>(file: &str, name: &str) -> Tensor<D> {
    let mut tensors = Weights::open(&golden(file)).expect("golden").tensors().expect("tensors");
    let tensor = tensors.remove(name).unwrap_or_else(|| panic!("{name}"));
    Tensor::from_data(TensorData::new(tensor.values, tensor.shape), &Device::flex())
}

pub(crate) fn options(size: PictureSize) -> ImportOptions {
    ImportOptions {
        size,
        stems: Stems::FromCheckpoint,
        hints: Hints { heads: Some(2), ..Hints::default() },
        normalisation: Normalisation::Auto,
        seed: 3,
    }
}

pub(crate) const TALL: PictureSize = PictureSize { height: 64, width: 32 };

pub(crate) fn converted(file: &str, size: PictureSize) -> Converted {
    convert(&golden(file), &options(size)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// A converted checkpoint of a layout that gives everything but the text table.
pub(crate) fn whole(
    file: &str,
    layout: Layout,
    size: PictureSize,
) -> (Backbone, BackboneConfig, Preprocessing) {
    let found = converted(file, size);
    assert_eq!(found.layout, layout, "{file}");
    let fresh: Vec<&String> =
        found.coverage.missing.iter().filter(|n| !n.starts_with("tokenizers.text.")).collect();
    assert!(fresh.is_empty(), "{file}: {fresh:?}");
    Backbone::load(&found.weights, &Device::flex()).expect("loads")
}

/// The embedding of the golden picture is the one that the golden file has under the name of the checkpoint.
pub(crate) fn agrees(backbone: &Backbone, golden: &str, file: &str) {
    let ours = backbone.embed(&[rgb(expected(golden, "picture"))]);
    let name = file.split('.').next().expect("a name");
    let difference = difference(ours, expected::<2>(golden, name));
    assert!(difference < 1e-4, "{file}: {difference}");
}

pub(crate) fn loaded(file: &str, size: PictureSize, device: &Device) -> (Backbone, BackboneConfig) {
    let (backbone, config, _) =
        Backbone::load(&converted(file, size).weights, device).expect("loads");
    (backbone, config)
}

pub(crate) fn difference<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
    assert_eq!(a.dims(), b.dims());
    (a - b).abs().max().into_scalar()
}

pub(crate) fn rgb(picture: Tensor<4>) -> ModalityInput {
    ModalityInput::Pictures(Modality::Rgb, picture)
}

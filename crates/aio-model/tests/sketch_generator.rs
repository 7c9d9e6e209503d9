//! The sketch generator draws what PyTorch's draws (`scripts/golden/lines.py`), and names what does not fit.

use aio_encoder::weights::Weights;
use aio_model::SketchGenerator;
use aio_types::{Picture, PictureSize};
use burn::tensor::{Device, Tensor, TensorData};
use std::path::{Path, PathBuf};

fn golden(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file)
}

fn expected(name: &str) -> Tensor<4> {
    let mut tensors =
        Weights::open(&golden("lines.safetensors")).expect("golden").tensors().expect("tensors");
    let tensor = tensors.remove(name).expect(name);
    Tensor::from_data(TensorData::new(tensor.values, tensor.shape), &Device::flex())
}

#[test]
fn it_draws_what_pytorch_draws() {
    let generator = SketchGenerator::open(&golden("lines.pth"), &Device::flex()).expect("fits");
    let drawn = generator.tones(expected("photographs"));
    let difference: f32 = (drawn - expected("drawn")).abs().max().into_scalar();
    assert!(difference < 1e-4, "{difference}");
}

#[test]
fn pictures_of_any_size_are_drawn_and_a_batch_changes_nothing() {
    let generator = SketchGenerator::open(&golden("lines.pth"), &Device::flex()).expect("fits");
    let size = PictureSize { height: 22, width: 13 };
    let picture = |seed: usize| Picture {
        size,
        pixels: (0..22 * 13 * 3).map(|i| ((i * 31 + seed * 57 + i * i % 23) % 256) as u8).collect(),
    };
    let (a, b) = (picture(0), picture(1));
    let together = generator.draw(&[&a, &b]);
    assert_eq!(together, [generator.draw(&[&a]), generator.draw(&[&b])].concat());
    assert!(
        together[0].size == size
            && together[0].pixels.chunks_exact(3).all(|p| p[0] == p[1] && p[1] == p[2])
    );
    assert_ne!(together[0], together[1]);
}

#[test]
fn what_does_not_fit_is_named() {
    let error = SketchGenerator::open(&golden("timm-augreg.safetensors"), &Device::flex())
        .expect_err("no generator")
        .to_string();
    assert!(
        error.contains("`model0.1.weight` is missing")
            && error.contains("`norm.weight` has no place"),
        "{error}"
    );
}

//! Decoded pictures as normalised tensors.

use aio_encoder::weights::Preprocessing;
use aio_types::{Picture, PictureSize};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};

/// Stacks pictures of one size.
///
/// The CPU normalises while it stacks. To other devices pixels travel as bytes, a quarter of the size, and are normalised there.
///
/// # Shapes
/// - output: `[batch, height, width, 3]`, normalised
#[must_use]
pub fn pictures<'a>(
    batch: impl IntoIterator<Item = &'a Picture>,
    preprocessing: &Preprocessing,
    device: &Device,
) -> Tensor<4> {
    if *device != Device::flex() {
        return normalised_on_device(batch, preprocessing, device);
    }
    let PictureSize { height, width } = preprocessing.size();
    let (mut count, mut values) = (0, Vec::new());
    for picture in batch {
        picture.append_normalised(preprocessing.mean, preprocessing.std, &mut values);
        count += 1;
    }
    Tensor::from_data(TensorData::new(values, [count, height, width, 3]), device)
}

/// [`pictures`], normalised where they are used.
///
/// Four bytes travel in one integer of 32 bits, because not every device has integers of 8 bits.
fn normalised_on_device<'a>(
    batch: impl IntoIterator<Item = &'a Picture>,
    preprocessing: &Preprocessing,
    device: &Device,
) -> Tensor<4> {
    let PictureSize { height, width } = preprocessing.size();
    let (mut count, mut bytes) = (0, Vec::new());
    for picture in batch {
        bytes.extend_from_slice(&picture.pixels);
        count += 1;
    }
    let values = bytes.len();
    bytes.resize(values.next_multiple_of(4), 0);
    let words: Vec<i32> =
        bytes.chunks_exact(4).map(|b| i32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let length = words.len();
    let words = Tensor::<1, Int>::from_data(TensorData::new(words, [length]), (device, DType::I32));
    // The sign that an arithmetic shift drags along is cut off with the rest.
    let byte = |number: i32| {
        words.clone().bitwise_right_shift_scalar(8 * number).bitwise_and_scalar(0xff).float()
    };
    let pixels: Tensor<2> = Tensor::stack((0..4).map(byte).collect(), 1);
    let pixels = pixels.reshape([4 * length]).narrow(0, 0, values);
    let channels = |values: [f32; 3]| Tensor::<1>::from_data(values, device).unsqueeze::<4>();
    let pixels = pixels.reshape([count, height, width, 3]).div_scalar(255.0);
    (pixels - channels(preprocessing.mean)) / channels(preprocessing.std)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_that_travel_as_bytes_are_normalised_as_on_the_cpu() {
        // 3 × 5 × 3 bytes a picture: neither one picture nor all of them fill whole words.
        let preprocessing = Preprocessing {
            height: 3,
            width: 5,
            mean: [0.48, 0.46, 0.41],
            std: [0.27, 0.26, 0.28],
            interpolation: "bilinear".into(),
        };
        let picture = |seed: usize| Picture {
            size: preprocessing.size(),
            pixels: (0..45).map(|i| ((45 * seed + i) * 97) as u8).collect(),
        };
        let batch: Vec<Picture> = (0..7).map(picture).collect();
        let bytes: std::collections::BTreeSet<u8> =
            batch.iter().flat_map(|picture| picture.pixels.iter().copied()).collect();
        assert!(bytes.len() == 256, "every value of a byte");
        let device = Device::flex();
        let expected = pictures(&batch, &preprocessing, &device);
        let found = normalised_on_device(&batch, &preprocessing, &device);
        assert_eq!(found.dims(), [7, 3, 5, 3]);
        let difference: f32 = (found - expected).abs().max().into_scalar();
        assert!(difference < 1e-6, "{difference}");
    }
}

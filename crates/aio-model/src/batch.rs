//! From decoded pictures and encoded captions to tensors.

use aio_encoder::weights::Preprocessing;
use aio_types::Picture;
use burn::tensor::{Device, Int, Tensor, TensorData};

/// Stacks pictures of one size.
///
/// # Shapes
/// - output: `[batch, height, width, 3]`, normalised
#[must_use]
pub fn pictures<'a>(
    batch: impl IntoIterator<Item = &'a Picture>,
    preprocessing: &Preprocessing,
    device: &Device,
) -> Tensor<4> {
    let (height, width) = (preprocessing.height, preprocessing.width);
    let (mut count, mut values) = (0, Vec::new());
    for picture in batch {
        picture.append_normalised(preprocessing.mean, preprocessing.std, &mut values);
        count += 1;
    }
    Tensor::from_data(TensorData::new(values, [count, height, width, 3]), device)
}

/// Lengths to which captions are padded are multiples of this, so that few shapes occur.
const LENGTH_STEP: usize = 8;

/// Stacks token ids, padded with 0 to the longest (rounded up to a multiple of 8, at most 77).
///
/// # Shapes
/// - output: `[batch, length]`
#[must_use]
pub fn token_ids<'a>(
    batch: impl IntoIterator<Item = &'a [u32]>,
    device: &Device,
) -> Tensor<2, Int> {
    let batch: Vec<&[u32]> = batch.into_iter().collect();
    let longest = batch.iter().map(|ids| ids.len()).max().unwrap_or(1);
    let length = longest.next_multiple_of(LENGTH_STEP).min(aio_tokenize::bpe::CONTEXT.max(longest));
    let mut values = Vec::with_capacity(batch.len() * length);
    for ids in &batch {
        values.extend(ids.iter().map(|id| i64::from(*id)));
        values.resize(values.len() + length - ids.len(), 0);
    }
    Tensor::from_data(TensorData::new(values, [batch.len(), length]), device)
}

//! How features are stored: 32 or 16 bits of floating point, or 8 bits with the full values beside them.

use crate::error::{GalleryError, Result};
use crate::product::lost;
use aio_simd::wide;
use half::f16;
use serde::{Deserialize, Serialize};

/// Form of the features that a search reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Storage {
    /// 32-bit floating point: 4 bytes per value.
    #[default]
    F32,
    /// 16-bit floating point: 2 bytes per value. Similarities differ from those of `F32` by about 0.0005 at most.
    F16,
    /// 8-bit integers with a scale per row: 1 byte per value is searched, and the full values (4 bytes more) are read for the candidates
    /// alone. Results are those of `F32`.
    Int8,
}

impl Storage {
    /// The name on the command line and in the manifest.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Int8 => "int8",
        }
    }

    /// Bytes of a row of `width` values that every search reads.
    pub(crate) fn row_bytes(self, width: usize) -> usize {
        width
            * match self {
                Self::F32 => 4,
                Self::F16 => 2,
                Self::Int8 => 1,
            }
    }

    /// Files of a segment with features, and their bytes per row.
    pub(crate) fn files(self, width: usize) -> Vec<(&'static str, usize)> {
        match self {
            Self::F32 => vec![("features.f32", 4 * width)],
            Self::F16 => vec![("features.f16", 2 * width)],
            Self::Int8 => vec![("features.i8", width), (SCALES, 8), (EXACT, 4 * width)],
        }
    }
}

/// Two values of 32 bits per row: the scale, and the length of what rounding to 8 bits lost.
pub(crate) const SCALES: &str = "scales.f32";

/// The full values of a gallery with 8 bits.
pub(crate) const EXACT: &str = "exact.f32";

/// The features of a row scaled to length 1; `what` names it in the error.
///
/// # Errors
/// [`GalleryError::Request`] if they have another width, a value is not finite, or all are zero.
pub(crate) fn unit(what: &str, values: &[f32], width: usize) -> Result<Vec<f32>> {
    let wrong = |problem: String| {
        GalleryError::request(format!("{what} {problem}"), "was it made by the gallery's model?")
    };
    if values.len() != width {
        return Err(wrong(format!("has {} values, and the gallery's have {width}", values.len())));
    }
    if let Some(value) = values.iter().find(|value| !value.is_finite()) {
        return Err(wrong(format!("holds the value {value}")));
    }
    let square: f64 = values.iter().map(|value| f64::from(*value).powi(2)).sum();
    if square == 0.0 {
        return Err(wrong("has the length 0 and no direction".into()));
    }
    let length = square.sqrt();
    Ok(values.iter().map(|value| (f64::from(*value) / length) as f32).collect())
}

/// A row of length 1 as the files of [`Storage::files`] hold it, one part for each.
pub(crate) fn encode(storage: Storage, values: &[f32]) -> Vec<Vec<u8>> {
    let full = || values.iter().flat_map(|value| value.to_le_bytes()).collect();
    match storage {
        Storage::F32 => vec![full()],
        Storage::F16 => {
            vec![values.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect()]
        }
        Storage::Int8 => {
            let largest = values.iter().fold(0f32, |largest, value| largest.max(value.abs()));
            let scale = largest / 127.0;
            let rounded: Vec<i8> = values.iter().map(|v| (v / scale).round() as i8).collect();
            let lost = lost(values, scale, rounded.iter().copied());
            let scales = [scale, lost].iter().flat_map(|value| value.to_le_bytes()).collect();
            vec![rounded.iter().map(|value| value.cast_unsigned()).collect(), scales, full()]
        }
    }
}

/// Values of 32 bits.
pub(crate) fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    let (values, _) = bytes.as_chunks::<4>();
    values.iter().map(|value| f32::from_le_bytes(*value))
}

/// Values of 64 bits.
pub(crate) fn integers(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    let (values, _) = bytes.as_chunks::<8>();
    values.iter().map(|value| u64::from_le_bytes(*value))
}

/// Decodes rows of 32 or 16 bits into `values`.
pub(crate) fn decode(storage: Storage, bytes: &[u8], values: &mut [f32]) {
    if storage == Storage::F16 {
        let (halves, _) = bytes.as_chunks::<2>();
        wide(
            #[inline(always)]
            || {
                for (to, from) in values.iter_mut().zip(halves) {
                    *to = widened(u16::from_le_bytes(*from));
                }
            },
        );
    } else {
        values.iter_mut().zip(floats(bytes)).for_each(|(to, from)| *to = from);
    }
}

/// A finite value of 16 bits. The conversion of the crate `half` cannot be compiled for the vectors of the processor at hand.
#[inline(always)]
fn widened(half: u16) -> f32 {
    const MANTISSA: u32 = 13;
    /// What the exponents differ by, at its place.
    const BIAS: u32 = (127 - 15) << 23;
    const SMALLEST: u32 = 1 << 23;
    let half = u32::from(half);
    let size = (half & 0x7fff) << MANTISSA;
    // Below the smallest normal value, the mantissa counts from zero: it is put behind a leading one, which is then subtracted.
    let below = f32::from_bits(size + BIAS + SMALLEST) - f32::from_bits(BIAS + SMALLEST);
    let size = if size < SMALLEST { below.to_bits() } else { size + BIAS };
    f32::from_bits(size | (half & 0x8000) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        let values = unit("a row", &[3.0, 0.0, -4.0], 3).expect("a direction");
        assert_eq!(values, [0.6, 0.0, -0.8]);
        for (storage, error) in [(Storage::F32, 0.0), (Storage::F16, 5e-4)] {
            let mut decoded = [0.0; 3];
            decode(storage, &encode(storage, &values)[0], &mut decoded);
            for (a, b) in decoded.iter().zip(&values) {
                assert!((a - b).abs() <= error, "{storage:?}");
            }
        }
        let parts = encode(Storage::Int8, &values);
        // 0.6 / (0.8 / 127) = 95.25
        assert_eq!(parts[0], [95, 0, (-127i8).cast_unsigned()]);
        let scales: Vec<f32> = floats(&parts[1]).collect();
        assert_eq!(scales[0], 0.8 / 127.0);
        let lost = 0.25 * 0.8 / 127.0;
        assert!(scales[1] > lost - 1e-7 && scales[1] < lost + 1e-7, "{scales:?}");
        assert_eq!(floats(&parts[2]).collect::<Vec<_>>(), values);
        for (storage, width) in [(Storage::F32, 3), (Storage::F16, 3), (Storage::Int8, 3)] {
            let parts = encode(storage, &values);
            let lengths: Vec<usize> = parts.iter().map(Vec::len).collect();
            let files: Vec<usize> = storage.files(width).iter().map(|(_, bytes)| *bytes).collect();
            assert_eq!(lengths, files);
            assert_eq!(storage.row_bytes(width), lengths[0]);
        }
    }

    #[test]
    fn every_finite_value_of_16_bits_is_that_of_the_crate_half() {
        let all: Vec<f16> = (0..=u16::MAX).map(f16::from_bits).collect();
        let finite: Vec<f16> = all.into_iter().filter(|value| value.is_finite()).collect();
        let bytes: Vec<u8> = finite.iter().flat_map(|value| value.to_le_bytes()).collect();
        let mut values = vec![0.0; finite.len()];
        decode(Storage::F16, &bytes, &mut values);
        for (value, expected) in values.iter().zip(&finite) {
            assert_eq!(value.to_bits(), expected.to_f32().to_bits(), "{expected:?}");
        }
    }

    #[test]
    fn rows_without_a_direction_are_refused() {
        for (values, problem) in [
            (&[1.0, 2.0][..], "has 2 values"),
            (&[f32::NAN, 0.0, 0.0], "NaN"),
            (&[0.0, 0.0, 0.0], "length 0"),
        ] {
            let error = unit("the row", values, 3).expect_err(problem).to_string();
            assert!(error.contains("the row") && error.contains(problem), "{error}");
        }
        let huge = unit("a row", &[f32::MAX, f32::MAX], 2).expect("a direction");
        assert!((huge[0] - 0.5f32.sqrt()).abs() < 1e-6);
    }
}

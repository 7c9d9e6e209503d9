use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::{BTreeMap, BTreeSet};

/// A tensor of a file, converted to 32-bit floating point.
#[derive(Debug, Clone, PartialEq)]
pub struct RawTensor {
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// Its values, row by row.
    pub values: Vec<f32>,
}

impl RawTensor {
    /// A matrix with rows and columns exchanged.
    ///
    /// # Panics
    /// If the tensor does not have two dimensions.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let &[rows, columns] = self.shape.as_slice() else {
            panic!("a tensor of shape {:?} is no matrix", self.shape)
        };
        let mut values = Vec::with_capacity(self.values.len());
        for column in 0..columns {
            values.extend((0..rows).map(|row| self.values[row * columns + column]));
        }
        Self { shape: vec![columns, rows], values }
    }
}

/// The tensors of a file by name.
pub type Tensors = BTreeMap<String, RawTensor>;

/// The floating-point types that files may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloatType {
    /// 64 bits.
    F64,
    /// 32 bits.
    F32,
    /// 16 bits, IEEE 754.
    F16,
    /// 16 bits with the exponent of 32 bits (bfloat16).
    Bf16,
}

impl FloatType {
    /// Values of this type, little-endian, as 32-bit floating point.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> Vec<f32> {
        match self {
            Self::F64 => numbers(bytes, |b| f64::from_le_bytes(b) as f32),
            Self::F32 => numbers(bytes, f32::from_le_bytes),
            Self::F16 => numbers(bytes, |b| half::f16::from_le_bytes(b).to_f32()),
            Self::Bf16 => numbers(bytes, |b| half::bf16::from_le_bytes(b).to_f32()),
        }
    }

    /// Values as little-endian bytes of this type, each rounded to the nearest.
    pub(super) fn encode(self, values: &[f32]) -> Vec<u8> {
        match self {
            Self::F64 => values.iter().flat_map(|v| f64::from(*v).to_le_bytes()).collect(),
            Self::F32 => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Self::F16 => {
                values.iter().flat_map(|v| half::f16::from_f32(*v).to_le_bytes()).collect()
            }
            Self::Bf16 => {
                values.iter().flat_map(|v| half::bf16::from_f32(*v).to_le_bytes()).collect()
            }
        }
    }

    pub(super) fn safetensors(self) -> Dtype {
        match self {
            Self::F64 => Dtype::F64,
            Self::F32 => Dtype::F32,
            Self::F16 => Dtype::F16,
            Self::Bf16 => Dtype::BF16,
        }
    }

    pub(super) fn of_safetensors(dtype: Dtype) -> Option<Self> {
        match dtype {
            Dtype::F64 => Some(Self::F64),
            Dtype::F32 => Some(Self::F32),
            Dtype::F16 => Some(Self::F16),
            Dtype::BF16 => Some(Self::Bf16),
            _ => None,
        }
    }
}

fn numbers<const N: usize>(bytes: &[u8], parse: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes
        .chunks_exact(N)
        .map(|chunk| parse(chunk.try_into().expect("every chunk has N bytes")))
        .collect()
}

/// What a file of another project holds.
///
/// Integers are counters, masks, indices and sizes. None of them is a weight, and their names alone are kept: what stands in a file says whose it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Contents {
    /// The tensors of floating point.
    pub tensors: Tensors,
    /// Names of the tensors of integers and truth values.
    pub integers: BTreeSet<String>,
}

impl From<Tensors> for Contents {
    fn from(tensors: Tensors) -> Self {
        Self { tensors, integers: BTreeSet::new() }
    }
}

/// The tensors of a safetensors file; an error names the tensor that is not of floating point.
pub(super) fn of_safetensors(file: &SafeTensors) -> Result<Tensors, String> {
    file.tensors().into_iter().map(raw).collect()
}

/// The contents of a safetensors file; an error names a tensor that is neither of floating point nor of integers.
pub(super) fn contents_of(file: &SafeTensors) -> Result<Contents, String> {
    let is_integer = |(_, view): &(String, TensorView)| {
        use Dtype::{BOOL, I8, I16, I32, I64, U8, U16, U32, U64};
        matches!(view.dtype(), BOOL | I8 | I16 | I32 | I64 | U8 | U16 | U32 | U64)
    };
    let (integers, floats): (Vec<_>, Vec<_>) = file.tensors().into_iter().partition(is_integer);
    Ok(Contents {
        tensors: floats.into_iter().map(raw).collect::<Result<_, _>>()?,
        integers: integers.into_iter().map(|(name, _)| name).collect(),
    })
}

fn raw((name, view): (String, TensorView)) -> Result<(String, RawTensor), String> {
    let float = FloatType::of_safetensors(view.dtype()).ok_or_else(|| {
        format!("`{name}` is of type {:?}, expected F64, F32, F16 or BF16", view.dtype())
    })?;
    let tensor = RawTensor { shape: view.shape().to_vec(), values: float.decode(view.data()) };
    Ok((name, tensor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transposed_matrix_has_its_columns_as_rows() {
        let matrix = RawTensor { shape: vec![2, 3], values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] };
        let expected = RawTensor { shape: vec![3, 2], values: vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0] };
        assert_eq!(matrix.transposed(), expected);
        assert_eq!(matrix.transposed().transposed(), matrix);
    }

    #[test]
    fn integers_are_named_and_other_types_refused() {
        let of = |dtype, bytes: &[u8]| {
            let view = |dtype, bytes| TensorView::new(dtype, vec![1], bytes).expect("fits");
            let float = 1.5f32.to_le_bytes();
            let views = [("size", view(dtype, bytes)), ("weight", view(Dtype::F32, &float[..]))];
            let file = safetensors::serialize(views, None).expect("serialises");
            contents_of(&SafeTensors::deserialize(&file).expect("reads"))
        };
        for (dtype, bytes) in [(Dtype::I64, 8), (Dtype::I32, 4), (Dtype::U8, 1), (Dtype::BOOL, 1)] {
            let Contents { tensors, integers } = of(dtype, &vec![0; bytes]).expect("integers");
            assert_eq!(integers.iter().map(String::as_str).collect::<Vec<_>>(), ["size"]);
            assert_eq!(tensors.keys().map(String::as_str).collect::<Vec<_>>(), ["weight"]);
        }
        let refused = of(Dtype::F8_E4M3, &[0]).expect_err("8 bits");
        assert!(refused.contains("`size` is of type F8_E4M3, expected F64"), "{refused}");
    }

    #[test]
    fn every_type_decodes_to_the_same_numbers() {
        // 1.5 and −2 in each format: sign, exponent, fraction.
        let f64s = [1.5f64.to_le_bytes(), (-2.0f64).to_le_bytes()].concat();
        let f32s = [0x3fc0_0000u32.to_le_bytes(), 0xc000_0000u32.to_le_bytes()].concat();
        let f16s = [0x3e00u16.to_le_bytes(), 0xc000u16.to_le_bytes()].concat();
        let bf16s = [0x3fc0u16.to_le_bytes(), 0xc000u16.to_le_bytes()].concat();
        for (float, bytes) in [
            (FloatType::F64, f64s),
            (FloatType::F32, f32s),
            (FloatType::F16, f16s),
            (FloatType::Bf16, bf16s),
        ] {
            assert_eq!(float.decode(&bytes), [1.5, -2.0], "{float:?}");
        }
    }
}

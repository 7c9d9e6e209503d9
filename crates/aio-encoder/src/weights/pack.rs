//! Small weights files: 16 bits per value, and without the tensors of another file.

use super::tensors::{FloatType, Tensors, of_safetensors};
use super::{METADATA, Shipped, Weights, WeightsError};
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use std::collections::{BTreeMap, HashMap};

/// A file of tensors that are stored as `float`; an error names a tensor whose values it cannot hold.
pub(super) fn serialised(
    tensors: &Tensors,
    metadata: Option<HashMap<String, String>>,
    float: FloatType,
) -> Result<Vec<u8>, String> {
    let mut bytes = BTreeMap::new();
    for (name, tensor) in tensors {
        let encoded = float.encode(&tensor.values);
        let lost = |(before, after): (&f32, f32)| before.is_finite() && !after.is_finite();
        if tensor.values.iter().zip(float.decode(&encoded)).any(lost) {
            return Err(format!("`{name}` has values that are too large for {float:?}"));
        }
        bytes.insert(name, encoded);
    }
    let mut views = BTreeMap::new();
    for (name, tensor) in tensors {
        let view = TensorView::new(float.safetensors(), tensor.shape.clone(), &bytes[name])
            .map_err(|e| e.to_string())?;
        views.insert(name.clone(), view);
    }
    safetensors::serialize(views, metadata).map_err(|e| e.to_string())
}

/// A safetensors file whose values have 32 bits, as modules need them.
pub(super) fn widened(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    let file = SafeTensors::deserialize(&bytes).map_err(|e| e.to_string())?;
    let narrow = |(_, view): (String, TensorView)| {
        FloatType::of_safetensors(view.dtype()).is_some_and(|float| float != FloatType::F32)
    };
    if !file.tensors().into_iter().any(narrow) {
        return Ok(bytes);
    }
    serialised(&of_safetensors(&file)?, None, FloatType::F32)
}

/// The metadata entry of a packed file: SHA-256 of the weights that complete it.
const BASE: &str = "base";

impl Weights {
    fn with(&self, tensors: &Tensors, float: FloatType) -> Result<Self, WeightsError> {
        let (_, header) = SafeTensors::read_metadata(&self.bytes).map_err(|e| self.format(e))?;
        let bytes = serialised(tensors, header.metadata().clone(), float)
            .map_err(|problem| self.format(problem))?;
        Ok(Self { origin: self.origin.clone(), bytes })
    }

    /// The same weights with 16 bits per value (IEEE 754), each rounded to the nearest.
    ///
    /// # Errors
    /// [`WeightsError::Format`] naming a tensor with values beyond 65,504.
    pub fn halved(&self) -> Result<Self, WeightsError> {
        self.with(&self.tensors()?, FloatType::F16)
    }

    /// A small file of a model that was trained from the embedded encoder: 16 bits per value, without the tensors that the two share.
    ///
    /// # Errors
    /// [`WeightsError::Format`] naming a tensor with values beyond 65,504.
    pub fn packed(&self) -> Result<Self, WeightsError> {
        let packed = self.without(&Shipped::Embedded.weights()?)?.halved()?;
        let mut entries: BTreeMap<String, serde_json::Value> = self.entries(BASE)?;
        entries.insert(BASE.to_owned(), Shipped::Embedded.sha256().into());
        let text = serde_json::to_string(&entries).map_err(|e| self.format(e))?;
        let file = SafeTensors::deserialize(&packed.bytes).map_err(|e| self.format(e))?;
        let bytes =
            safetensors::serialize(file.tensors(), Some([(METADATA.to_owned(), text)].into()))
                .map_err(|e| self.format(e))?;
        Ok(Self { origin: self.origin.clone(), bytes })
    }

    /// The complete weights of a packed file; other weights as they are.
    ///
    /// # Errors
    /// [`WeightsError::Format`] if the file was packed by a program with another embedded encoder.
    pub fn unpacked(self) -> Result<Self, WeightsError> {
        let Ok(base) = self.metadata::<String>(BASE) else { return Ok(self) };
        if base != Shipped::Embedded.sha256() {
            return Err(self.format(format!(
                "it was packed without the tensors of an embedded encoder of sha256 {base}, and this program has {}",
                Shipped::Embedded.sha256()
            )));
        }
        self.completed_by(&Shipped::Embedded.weights()?)
    }

    /// Only the tensors that `base` lacks, or has with another shape or other values.
    fn without(&self, base: &Self) -> Result<Self, WeightsError> {
        let (mut tensors, of_base) = (self.tensors()?, base.tensors()?);
        tensors.retain(|name, tensor| of_base.get(name) != Some(tensor));
        self.with(&tensors, FloatType::F32)
    }

    /// The inverse of [`Weights::without`]: adds the tensors that these weights lack and `base` has. Metadata stay.
    ///
    /// A tensor of `base` that the complete weights never had would be added, too; loading a module from them would then report it as unused.
    fn completed_by(&self, base: &Self) -> Result<Self, WeightsError> {
        let mut tensors = self.tensors()?;
        for (name, tensor) in base.tensors()? {
            tensors.entry(name).or_insert(tensor);
        }
        self.with(&tensors, FloatType::F32)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tensors::RawTensor;
    use super::*;

    fn weights(tensors: &[(&str, Vec<f32>)]) -> Weights {
        let tensors = tensors
            .iter()
            .map(|(name, values)| {
                let raw = RawTensor { shape: vec![values.len()], values: values.clone() };
                ((*name).to_owned(), raw)
            })
            .collect();
        let metadata = HashMap::from([("aio".to_owned(), "{\"answer\":42}".to_owned())]);
        let bytes = serialised(&tensors, Some(metadata), FloatType::F32).expect("serialises");
        Weights::from_bytes("a test", bytes)
    }

    #[test]
    fn halved_weights_are_rounded_and_keep_their_metadata() {
        // 1 + 2⁻¹¹ lies between two 16-bit numbers and is rounded to the even one; 1 + 2⁻¹⁰ is a 16-bit number.
        let exact = 1.0 + 2.0_f32.powi(-10);
        let halved = weights(&[("a", vec![1.0 + 2.0_f32.powi(-11), exact, -0.5])]).halved();
        let halved = halved.expect("fits");
        assert_eq!(halved.tensors().expect("reads")["a"].values, [1.0, exact, -0.5]);
        assert_eq!(halved.metadata::<u32>("answer").expect("kept"), 42);
        let wide = widened(halved.bytes().to_vec()).expect("widens");
        let file = SafeTensors::deserialize(&wide).expect("reads");
        assert_eq!(file.tensor("a").expect("there").dtype(), safetensors::Dtype::F32);
    }

    #[test]
    fn a_value_that_16_bits_cannot_hold_is_refused_by_name() {
        let error = weights(&[("fine", vec![65_504.0]), ("large", vec![70_000.0])]).halved();
        let text = error.expect_err("too large").to_string();
        assert!(text.contains("`large`") && !text.contains("fine"), "{text}");
    }

    #[test]
    fn weights_without_those_of_a_base_are_completed_by_it() {
        let base = weights(&[("same", vec![1.0]), ("changed", vec![2.0])]);
        let whole =
            weights(&[("same", vec![1.0]), ("changed", vec![2.0, 3.0]), ("new", vec![4.0])]);
        let packed = whole.without(&base).expect("packs");
        let names: Vec<String> = packed.tensors().expect("reads").into_keys().collect();
        assert_eq!(names, ["changed", "new"]);
        let completed = packed.completed_by(&base).expect("completes");
        assert_eq!(completed.tensors().expect("reads"), whole.tensors().expect("reads"));
        assert_eq!(completed.metadata::<u32>("answer").expect("kept"), 42);
    }
}

//! Small weights files: 16 bits per value, and without the tensors of another file.

use super::tensors::{FloatType, Tensors, of_safetensors};
use super::{METADATA, Shipped, Weights, WeightsError};
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use serde::{Deserialize, Serialize};
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

/// The metadata entry of a packed file.
const BASE: &str = "base";

/// What a packed file lacks.
#[derive(Debug, Serialize, Deserialize)]
struct Base {
    /// SHA-256 of the weights that have it.
    sha256: String,
    /// Names of the tensors.
    tensors: Vec<String>,
}

impl Weights {
    /// A file with other tensors and the same metadata, called `origin` in errors.
    pub(super) fn with_tensors(
        &self,
        origin: &str,
        tensors: &Tensors,
        float: FloatType,
    ) -> Result<Self, WeightsError> {
        let (_, header) = SafeTensors::read_metadata(&self.bytes).map_err(|e| self.format(e))?;
        let bytes = serialised(tensors, header.metadata().clone(), float)
            .map_err(|problem| self.format(problem))?;
        Ok(Self { origin: origin.to_owned(), bytes })
    }

    /// A file with other tensors and other metadata, called `origin` in errors.
    pub(super) fn rewritten(
        &self,
        origin: &str,
        tensors: &Tensors,
        entries: &BTreeMap<String, serde_json::Value>,
        float: FloatType,
    ) -> Result<Self, WeightsError> {
        let text = serde_json::to_string(entries).map_err(|e| self.format(e))?;
        let metadata = HashMap::from([(METADATA.to_owned(), text)]);
        let bytes =
            serialised(tensors, Some(metadata), float).map_err(|problem| self.format(problem))?;
        Ok(Self { origin: origin.to_owned(), bytes })
    }

    /// The same weights with 16 bits per value (IEEE 754), each rounded to the nearest.
    ///
    /// # Errors
    /// [`WeightsError::Format`] naming a tensor with values beyond 65,504.
    pub fn halved(&self) -> Result<Self, WeightsError> {
        self.with_tensors(&self.origin, &self.tensors()?, FloatType::F16)
    }

    /// A small file of a model that was trained from the embedded encoder: 16 bits per value, without the tensors that the two share.
    /// It states `stated` of itself, as keys and values, instead of what this file states under the same keys.
    ///
    /// # Errors
    /// [`WeightsError::NotFinite`] naming a tensor; [`WeightsError::Format`] naming a tensor with values beyond 65,504.
    pub fn packed(&self, stated: &[(&str, &str)]) -> Result<Self, WeightsError> {
        let base = Shipped::Embedded.weights()?;
        self.packed_without(&base, Shipped::Embedded.sha256(), stated)
    }

    fn packed_without(
        &self,
        base: &Self,
        sha256: &str,
        stated: &[(&str, &str)],
    ) -> Result<Self, WeightsError> {
        let (tensors, of_base) = (self.finite_tensors()?, base.tensors()?);
        let (shared, own): (Tensors, Tensors) =
            tensors.into_iter().partition(|(name, tensor)| of_base.get(name) == Some(tensor));
        let entry = Base { sha256: sha256.to_owned(), tensors: shared.into_keys().collect() };
        let mut entries = self.entries(BASE)?;
        let entry = serde_json::to_value(entry).map_err(|e| self.format(e))?;
        entries.insert(BASE.to_owned(), entry);
        entries.extend(stated.iter().map(|&(key, value)| (key.to_owned(), value.into())));
        self.rewritten(&self.origin, &own, &entries, FloatType::F16)
    }

    /// The complete weights of a packed file; other weights as they are.
    ///
    /// # Errors
    /// [`WeightsError::Format`] if the file was packed by a program with another embedded encoder.
    pub fn unpacked(self) -> Result<Self, WeightsError> {
        if self.metadata::<Base>(BASE).is_err() {
            return Ok(self);
        }
        let base = Shipped::Embedded.weights()?;
        self.unpacked_with(&base, Shipped::Embedded.sha256())
    }

    fn unpacked_with(&self, base: &Self, sha256: &str) -> Result<Self, WeightsError> {
        let entry = self.metadata::<Base>(BASE)?;
        if entry.sha256 != sha256 {
            return Err(self.format(format!(
                "it was packed without the tensors of an encoder of sha256 {}; this program has the one of {sha256}",
                entry.sha256
            )));
        }
        let (mut tensors, mut of_base) = (self.tensors()?, base.tensors()?);
        for name in entry.tensors {
            let tensor = of_base
                .remove(&name)
                .ok_or_else(|| self.format(format!("the encoder has no tensor `{name}`")))?;
            tensors.insert(name, tensor);
        }
        self.with_tensors(&self.origin, &tensors, FloatType::F32)
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
    fn a_packed_file_lacks_what_a_base_has_and_is_completed_by_it() {
        let base = weights(&[("same", vec![1.0]), ("changed", vec![2.0]), ("alien", vec![9.0])]);
        let whole =
            weights(&[("same", vec![1.0]), ("changed", vec![2.0, 3.0]), ("new", vec![4.0])]);
        let packed = whole.packed_without(&base, "abc", &[]).expect("packs");
        let names: Vec<String> = packed.tensors().expect("reads").into_keys().collect();
        assert_eq!(names, ["changed", "new"]);
        let unpacked = packed.unpacked_with(&base, "abc").expect("completes");
        assert_eq!(unpacked.tensors().expect("reads"), whole.tensors().expect("reads"));
        assert_eq!(unpacked.metadata::<u32>("answer").expect("kept"), 42);
        let error = packed.unpacked_with(&base, "abd").expect_err("another encoder").to_string();
        assert!(error.contains("sha256 abc") && error.contains("abd"), "{error}");
    }

    #[test]
    fn values_that_are_not_finite_are_not_packed() {
        let base = weights(&[("fine", vec![1.0])]);
        for value in [f32::NAN, f32::NEG_INFINITY] {
            let broken = weights(&[("fine", vec![1.0]), ("broken", vec![0.5, value])]);
            let error = broken.packed_without(&base, "abc", &[]).expect_err("not finite");
            assert_eq!(
                error.to_string(),
                "a test: the tensor `broken` has values that are not finite"
            );
        }
    }

    #[test]
    fn weights_that_were_not_packed_stay_as_they_are() {
        let plain = weights(&[("a", vec![1.0])]);
        let bytes = plain.bytes().to_vec();
        assert!(plain.unpacked().expect("as it is").bytes() == bytes);
    }
}

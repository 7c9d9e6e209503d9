//! The mean of several weights files.

use super::tensors::{FloatType, RawTensor, Tensors};
use super::{Weights, WeightsError};
use std::collections::{BTreeMap, BTreeSet};

impl Weights {
    /// The mean of the tensors of this file and of others of its architecture, with 32 bits per value. Metadata entries stay that all files have with the
    /// same value; `stated` is added to them.
    ///
    /// # Errors
    /// [`WeightsError::Mismatch`] naming a file that has other tensors than this one, and the tensors; [`WeightsError::NotFinite`] naming a tensor.
    pub fn mean(
        &self,
        others: &[Self],
        stated: &[(&'static str, serde_json::Value)],
    ) -> Result<Self, WeightsError> {
        let files = 1 + others.len();
        let (mut tensors, mut entries) = (self.finite_tensors()?, self.entries("config")?);
        let mut sums: BTreeMap<String, Vec<f64>> = tensors
            .iter()
            .map(|(name, tensor)| {
                (name.clone(), tensor.values.iter().copied().map(f64::from).collect())
            })
            .collect();
        for file in others {
            let theirs = file.finite_tensors()?;
            file.check_shapes(&theirs, self, &tensors)?;
            for (name, tensor) in theirs {
                let sum = sums.entry(name).or_default();
                sum.iter_mut().zip(tensor.values).for_each(|(sum, value)| *sum += f64::from(value));
            }
            let of_file = file.entries("config")?;
            entries.retain(|key, value| of_file.get(key) == Some(value));
        }
        for (name, sum) in sums {
            let mean = sum.iter().map(|sum| (sum / files as f64) as f32).collect();
            tensors.entry(name).and_modify(|tensor| tensor.values = mean);
        }
        entries.extend(stated.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        let origin = format!("the mean of {files} files");
        self.rewritten(&origin, &tensors, &entries, FloatType::F32)
    }

    /// Whether the tensors of this file have the names and shapes of those of `first`.
    fn check_shapes(
        &self,
        own: &Tensors,
        first: &Self,
        expected: &Tensors,
    ) -> Result<(), WeightsError> {
        let shape = |tensors: &Tensors, name: &str| {
            tensors.get(name).map_or("not there".to_owned(), |RawTensor { shape, .. }| {
                format!("of shape {shape:?}")
            })
        };
        let names: BTreeSet<&String> = expected.keys().chain(own.keys()).collect();
        let problem = |name: &&String| {
            let (here, there) = (shape(own, name), shape(expected, name));
            (here != there)
                .then(|| format!("`{name}` is {here}, and in {} it is {there}", first.origin))
        };
        self.without_problems(names.iter().filter_map(problem).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::Shipped;

    fn changed(scale: f32, licence: &str) -> Weights {
        let whole = Shipped::Embedded.weights().expect("loads");
        let mut tensors = whole.tensors().expect("tensors");
        tensors.values_mut().flat_map(|t| &mut t.values).for_each(|value| *value *= scale);
        let mut entries = whole.entries("config").expect("entries");
        entries.insert("licence".into(), licence.into());
        whole.rewritten("changed", &tensors, &entries, FloatType::F32).expect("written")
    }

    #[test]
    fn a_mean_is_that_of_every_value_and_keeps_what_all_files_state() {
        let (one, three) = (changed(1.0, "MIT"), changed(3.0, "Apache-2.0"));
        let mean = one.mean(&[three], &[("averaged", 2.into())]).expect("of one architecture");
        let expected = changed(2.0, "").tensors().expect("tensors");
        assert_eq!(mean.tensors().expect("tensors"), expected);
        assert_eq!(mean.metadata::<u64>("averaged").expect("stated"), 2);
        let config = |w: &Weights| w.metadata::<serde_json::Value>("config").expect("there");
        assert_eq!(config(&mean), config(&one));
        assert!(mean.metadata::<String>("licence").is_err(), "the two differ");
        let same = one.mean(std::slice::from_ref(&one), &[]).expect("of one architecture");
        assert_eq!(same.metadata::<String>("licence").expect("there"), "MIT");
        let alone = one.mean(&[], &[]).expect("of itself").tensors().expect("tensors");
        assert_eq!(alone, one.tensors().expect("tensors"));
    }

    #[test]
    fn a_model_whose_values_are_not_finite_has_no_mean() {
        let one = changed(1.0, "MIT");
        for scale in [f32::NAN, f32::INFINITY] {
            let broken = changed(scale, "MIT");
            for (first, other) in [(&one, &broken), (&broken, &one)] {
                let error = first.mean(std::slice::from_ref(other), &[]);
                let error = error.expect_err("not finite").to_string();
                assert!(error.contains("changed: the tensor `"), "{error}");
            }
        }
    }

    #[test]
    fn files_of_other_tensors_are_named() {
        let one = changed(1.0, "MIT");
        let mut tensors = one.tensors().expect("tensors");
        let name = tensors.keys().next().expect("a tensor").clone();
        tensors.remove(&name);
        let entries = one.entries("config").expect("entries");
        let fewer = one.rewritten("fewer", &tensors, &entries, FloatType::F32).expect("written");
        let error = one.mean(&[fewer], &[]).expect_err("another architecture");
        let error = error.to_string();
        assert!(error.contains("fewer") && error.contains(&name), "{error}");
        assert!(error.contains("not there"), "{error}");
    }
}

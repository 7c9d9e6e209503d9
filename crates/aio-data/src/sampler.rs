//! Identity batches: P identities with K instances each, as pure functions of (seed, epoch).

use crate::{DataError, Result};
use aio_types::{Modality, rng};
use rand::RngExt;
use rand::seq::SliceRandom;
use std::collections::BTreeMap;

/// One person's samples by modality.
#[derive(Debug, Clone, Default)]
struct Group {
    /// Numbers of samples by modality; 32 bits, because a large data set has millions.
    samples: [Vec<u32>; Modality::ALL.len()],
}

/// One training example: a photograph and, for every other modality, a real sample of the same identity
/// where there is one. Modalities without a real sample are synthesised from the photograph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tuple {
    /// Class of the identity, dense from 0 over the sampler's identities.
    pub class: usize,
    /// Index of the photograph among the samples.
    pub rgb: usize,
    /// Index of a real sample of each modality, by position in [`Modality::ALL`].
    pub real: [Option<usize>; Modality::ALL.len()],
}

/// Draws identity-balanced batches that mix modalities.
#[derive(Debug, Clone)]
pub struct IdentitySampler {
    groups: Vec<(usize, Group)>,
    identities: usize,
    instances_per_identity: usize,
    seed: u64,
}

impl IdentitySampler {
    /// A sampler over samples given as (number, class of the identity, modality), with batches of `identities` people (P) and
    /// `instances_per_identity` photographs of each (K).
    ///
    /// # Errors
    /// [`DataError::Sampler`] if fewer than `identities` people have a photograph, P or K is zero, or a number exceeds 2³² − 1.
    pub fn new(
        samples: impl IntoIterator<Item = (usize, usize, Modality)>,
        identities: usize,
        instances_per_identity: usize,
        seed: u64,
    ) -> Result<Self> {
        let mut groups: BTreeMap<usize, Group> = BTreeMap::new();
        for (number, class, modality) in samples {
            let number = u32::try_from(number)
                .map_err(|_| DataError::Sampler(format!("sample {number} is one too many")))?;
            groups.entry(class).or_default().samples[modality as usize].push(number);
        }
        for group in groups.values_mut() {
            group.samples.iter_mut().for_each(Vec::shrink_to_fit);
        }
        groups.retain(|_, group| !group.samples[Modality::Rgb as usize].is_empty());
        if identities == 0 || instances_per_identity == 0 {
            return Err(DataError::Sampler(
                "a batch needs at least one identity and one photograph of each".into(),
            ));
        }
        if groups.len() < identities {
            return Err(DataError::Sampler(format!(
                "a batch holds {identities} identities, but only {} have an RGB photograph",
                groups.len()
            )));
        }
        Ok(Self { groups: groups.into_iter().collect(), identities, instances_per_identity, seed })
    }

    /// Batches in an epoch, when every identity appears once.
    #[must_use]
    pub fn batches_per_epoch(&self) -> usize {
        self.groups.len() / self.identities
    }

    /// The batches of `epoch`: identities without replacement, photographs without replacement as far as they go.
    #[must_use]
    pub fn epoch(&self, epoch: u64) -> Vec<Vec<Tuple>> {
        let rng = &mut rng(self.seed, "identity sampler", epoch);
        let mut order: Vec<usize> = (0..self.groups.len()).collect();
        order.shuffle(rng);
        order
            .chunks_exact(self.identities)
            .map(|members| {
                let mut batch = Vec::with_capacity(self.identities * self.instances_per_identity);
                for member in members {
                    let (class, group) = &self.groups[*member];
                    let mut photographs = group.samples[Modality::Rgb as usize].clone();
                    photographs.shuffle(rng);
                    for k in 0..self.instances_per_identity {
                        let real = std::array::from_fn(|m| {
                            let choices = &group.samples[m];
                            if m == Modality::Rgb as usize || choices.is_empty() {
                                return None;
                            }
                            Some(choices[rng.random_range(0..choices.len())] as usize)
                        });
                        batch.push(Tuple {
                            class: *class,
                            rgb: photographs[k % photographs.len()] as usize,
                            real,
                        });
                    }
                }
                batch
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seven people with two or three photographs and a sketch each: the class and the modality of every sample.
    fn samples() -> Vec<(usize, Modality)> {
        let of = |class: usize| {
            (0..3 + class % 2)
                .map(move |i| (class, if i == 2 { Modality::Sketch } else { Modality::Rgb }))
        };
        (0..7).flat_map(of).collect()
    }

    fn sampler(
        identities: usize,
        instances_per_identity: usize,
        seed: u64,
    ) -> Result<IdentitySampler> {
        IdentitySampler::new(
            samples().into_iter().enumerate().map(|(i, (class, modality))| (i, class, modality)),
            identities,
            instances_per_identity,
            seed,
        )
    }

    #[test]
    fn a_batch_has_p_identities_with_k_photographs_and_real_partners() {
        let samples = samples();
        let sampler = sampler(3, 2, 5).expect("sampler");
        assert_eq!(sampler.batches_per_epoch(), 2);
        for batch in sampler.epoch(0) {
            assert_eq!(batch.len(), 6);
            for tuple in &batch {
                assert_eq!(samples[tuple.rgb], (tuple.class, Modality::Rgb));
                let sketch =
                    tuple.real[Modality::Sketch as usize].expect("every identity has a sketch");
                assert_eq!(samples[sketch], (tuple.class, Modality::Sketch));
                assert_eq!(tuple.real[Modality::Text as usize], None);
            }
            let people: std::collections::BTreeSet<usize> = batch.iter().map(|t| t.class).collect();
            assert_eq!(people.len(), 3);
        }
    }

    #[test]
    fn batches_are_a_pure_function_of_seed_and_epoch() {
        let draw = |seed, epoch| sampler(2, 2, seed).expect("sampler").epoch(epoch);
        assert_eq!(draw(1, 4), draw(1, 4));
        assert_ne!(draw(1, 4), draw(1, 5));
        assert_ne!(draw(1, 4), draw(2, 4));
    }

    #[test]
    fn too_few_identities_are_refused() {
        let error = sampler(8, 2, 0).expect_err("seven people");
        assert!(error.to_string().contains("8 identities, but only 7"), "{error}");
    }
}

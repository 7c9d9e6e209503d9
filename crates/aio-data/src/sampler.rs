//! Identity batches: P identities with K instances each, as pure functions of (seed, epoch).

use crate::{DataError, Result};
use aio_types::{Modality, rng};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

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

/// How batches are put together.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchPlan {
    /// People in a batch (P).
    pub identities: usize,
    /// Photographs of each of them (K).
    pub instances_per_identity: usize,
    /// People with consecutive classes that enter a batch together; 1 draws everyone alone.
    ///
    /// Data sets number people as they were recorded, so that neighbours often share place, time and clothes; the rendered ones number people who
    /// look alike one after the other. Such people are the ones that are hard to tell apart.
    pub neighbours: usize,
    /// Ranges of classes with their shares of the people of a batch, which are divided by their sum. Without any, everyone is drawn once per epoch.
    pub shares: Vec<(Range<usize>, f64)>,
    /// Whether all people of a batch come from one of the ranges of `shares`, which then are shares of the batches. People of other data sets
    /// are told apart by the cameras alone; among people of one data set only the person helps.
    pub one_range: bool,
    /// Seed of the order.
    pub seed: u64,
}

/// Draws identity-balanced batches that mix modalities.
#[derive(Debug, Clone)]
pub struct IdentitySampler {
    groups: Vec<(usize, Group)>,
    plan: BatchPlan,
}

impl IdentitySampler {
    /// A sampler over samples given as (number, class of the identity, modality).
    ///
    /// # Errors
    /// [`DataError::Sampler`] if there are fewer people with a photograph than a batch, or a share of it, holds, if P, K or the neighbours are zero,
    /// or if a number exceeds 2³² − 1.
    pub fn new(
        samples: impl IntoIterator<Item = (usize, usize, Modality)>,
        plan: BatchPlan,
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
        let sampler = Self { groups: groups.into_iter().collect(), plan };
        sampler.check()?;
        Ok(sampler)
    }

    fn check(&self) -> Result<()> {
        let BatchPlan { identities, instances_per_identity, neighbours, shares, .. } = &self.plan;
        let refuse = |problem: String| Err(DataError::Sampler(problem));
        if *identities == 0 || *instances_per_identity == 0 || *neighbours == 0 {
            return refuse("a batch needs at least one identity and one photograph of each".into());
        }
        if self.groups.len() < *identities {
            return refuse(format!(
                "a batch holds {identities} identities, but only {} have an RGB photograph",
                self.groups.len()
            ));
        }
        let sum: f64 = shares.iter().map(|(_, share)| share).sum();
        for (classes, share) in shares {
            let people = self.part(classes);
            if self.plan.one_range {
                if people.len() < *identities {
                    return refuse(format!(
                        "a batch holds {identities} identities of one data set, but only {} of one of them have an RGB photograph",
                        people.len()
                    ));
                }
                continue;
            }
            let needed = identities_of(*share / sum, *identities);
            if people.len() < needed {
                return refuse(format!(
                    "a share of {share} is up to {needed} identities of a batch, but only {} of its data set have an RGB photograph",
                    people.len()
                ));
            }
        }
        Ok(())
    }

    /// The groups whose classes lie in a range.
    fn part(&self, classes: &Range<usize>) -> Range<usize> {
        let before = |bound: usize| self.groups.partition_point(|(class, _)| *class < bound);
        before(classes.start)..before(classes.end)
    }

    /// Batches in an epoch, when every identity appears once.
    #[must_use]
    pub fn batches_per_epoch(&self) -> usize {
        self.groups.len() / self.plan.identities
    }

    /// The batches of `epoch`. Without shares, identities are drawn without replacement; with shares, without replacement in each part until all of
    /// it were drawn. Photographs are drawn without replacement as far as they go.
    #[must_use]
    pub fn epoch(&self, epoch: u64) -> Vec<Vec<Tuple>> {
        let rng = &mut rng(self.plan.seed, "identity sampler", epoch);
        let batches = if self.plan.shares.is_empty() {
            let order = self.order(0..self.groups.len(), rng);
            order.chunks_exact(self.plan.identities).map(<[usize]>::to_vec).collect()
        } else {
            self.batches_by_share(rng)
        };
        batches.into_iter().map(|members| self.tuples(&members, rng)).collect()
    }

    /// Groups in random order, neighbours together.
    fn order(&self, groups: Range<usize>, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let neighbours = self.plan.neighbours;
        if neighbours == 1 {
            let mut order: Vec<usize> = groups.collect();
            order.shuffle(rng);
            return order;
        }
        // Another cut in every epoch: two neighbours are not always on different sides of it.
        let first = rng.random_range(0..neighbours);
        let block = |group: &usize| (group + first) / neighbours;
        let all: Vec<usize> = groups.collect();
        let mut blocks: Vec<&[usize]> = all.chunk_by(|a, b| block(a) == block(b)).collect();
        blocks.shuffle(rng);
        // Short ones, at both ends, stand last: elsewhere they would shift the others across the borders of batches.
        blocks.sort_by_key(|block| block.len() < neighbours);
        blocks.concat()
    }

    /// The groups of every batch of an epoch, by the shares of the plan.
    fn batches_by_share(&self, rng: &mut ChaCha8Rng) -> Vec<Vec<usize>> {
        let shares = &self.plan.shares;
        let sum: f64 = shares.iter().map(|(_, share)| share).sum();
        let mut waiting: Vec<VecDeque<usize>> = vec![VecDeque::new(); shares.len()];
        let mut taken = vec![0.0; shares.len()];
        // The part of the next person, or of the next batch: the one that misses most of its share of those that were drawn.
        let mut next_part = |drawn: usize| {
            let missing = |part: usize| drawn as f64 * shares[part].1 / sum - taken[part];
            let part = (0..shares.len())
                .max_by(|a, b| missing(*a).total_cmp(&missing(*b)))
                .expect("there are shares");
            taken[part] += 1.0;
            part
        };
        let mut batches = Vec::new();
        for number in 0..self.batches_per_epoch() {
            let mut batch: Vec<usize> = Vec::with_capacity(self.plan.identities);
            let of_batch = self.plan.one_range.then(|| next_part(number + 1));
            for slot in 1..=self.plan.identities {
                let part =
                    of_batch.unwrap_or_else(|| next_part(number * self.plan.identities + slot));
                let is_new = |group: &usize| !batch.contains(group);
                let found = waiting[part].iter().position(is_new).unwrap_or_else(|| {
                    waiting[part].extend(self.order(self.part(&shares[part].0), rng));
                    waiting[part].iter().position(is_new).expect("checked at the beginning")
                });
                batch.extend(waiting[part].remove(found));
            }
            batches.push(batch);
        }
        batches
    }

    /// The tuples of the people of a batch.
    fn tuples(&self, members: &[usize], rng: &mut ChaCha8Rng) -> Vec<Tuple> {
        let instances = self.plan.instances_per_identity;
        let mut batch = Vec::with_capacity(members.len() * instances);
        for member in members {
            let (class, group) = &self.groups[*member];
            let mut photographs = group.samples[Modality::Rgb as usize].clone();
            photographs.shuffle(rng);
            for k in 0..instances {
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
    }
}

/// The most identities of a batch that a share comes to: slots go to the part that misses most, so that parts are ahead by less than one.
fn identities_of(share: f64, identities: usize) -> usize {
    ((share * identities as f64).ceil() as usize + 1).min(identities)
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

    fn plan(identities: usize, instances_per_identity: usize, seed: u64) -> BatchPlan {
        let shares = Vec::new();
        BatchPlan {
            identities,
            instances_per_identity,
            neighbours: 1,
            shares,
            one_range: false,
            seed,
        }
    }

    fn sampler_of(plan: BatchPlan) -> Result<IdentitySampler> {
        let numbered = samples().into_iter().enumerate();
        IdentitySampler::new(numbered.map(|(i, (class, modality))| (i, class, modality)), plan)
    }

    fn sampler(
        identities: usize,
        instances_per_identity: usize,
        seed: u64,
    ) -> Result<IdentitySampler> {
        sampler_of(plan(identities, instances_per_identity, seed))
    }

    /// Classes of every batch of an epoch, each person once.
    fn people(sampler: &IdentitySampler, epoch: u64) -> Vec<Vec<usize>> {
        let of_batch =
            |batch: Vec<Tuple>| batch.iter().map(|tuple| tuple.class).collect::<Vec<_>>();
        sampler.epoch(epoch).into_iter().map(of_batch).collect()
    }

    #[test]
    fn neighbours_enter_a_batch_together_and_the_cut_changes() {
        let sampler = sampler_of(BatchPlan { neighbours: 2, ..plan(2, 1, 3) }).expect("sampler");
        let mut pairs = std::collections::BTreeSet::new();
        for epoch in 0..40 {
            let batches = people(&sampler, epoch);
            let mut all: Vec<usize> = batches.concat();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), 6, "three batches of two, nobody twice");
            // Seven people are three pairs and one, or one, two pairs, and two.
            for batch in &batches[..2] {
                assert_eq!(batch[0] + 1, batch[1], "{batches:?}");
                pairs.insert(batch[0]);
            }
        }
        assert_eq!(pairs.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_part_has_its_share_of_every_batch() {
        // Two people of seven, who make up half of every batch.
        let shares = vec![(0..5, 1.0), (5..7, 1.0)];
        let sampler = sampler_of(BatchPlan { shares, ..plan(2, 1, 3) }).expect("sampler");
        for epoch in 0..10 {
            for batch in people(&sampler, epoch) {
                assert_eq!(batch.iter().filter(|class| **class >= 5).count(), 1, "{batch:?}");
            }
        }
        // A share of 1/8 of 6 people: 3 of 24.
        let shares = vec![(0..6, 7.0), (6..7, 1.0)];
        let sampler = sampler_of(BatchPlan { shares, ..plan(6, 1, 3) });
        let error = sampler.expect_err("up to two of one").to_string();
        assert!(
            error.contains("a share of 1 is up to 2 identities of a batch, but only 1"),
            "{error}"
        );
        let shares = vec![(0..3, 2.0), (3..7, 1.0)];
        let sampler = sampler_of(BatchPlan { shares, ..plan(3, 1, 3) }).expect("sampler");
        let drawn = (0..30).flat_map(|epoch| people(&sampler, epoch)).collect::<Vec<_>>();
        for batch in &drawn {
            let distinct: std::collections::BTreeSet<_> = batch.iter().collect();
            assert_eq!(distinct.len(), 3, "nobody twice: {batch:?}");
            assert_eq!(batch.iter().filter(|class| **class < 3).count(), 2);
        }
    }

    #[test]
    fn a_batch_of_one_range_has_people_of_no_other() {
        // Two thirds of the batches are of the first four people, one third is of the last three.
        let shares = vec![(0..4, 2.0), (4..7, 1.0)];
        let of = |identities, shares| {
            sampler_of(BatchPlan { shares, one_range: true, ..plan(identities, 1, 3) })
        };
        let sampler = of(2, shares.clone()).expect("sampler");
        let mut first = 0;
        for epoch in 0..10 {
            for batch in people(&sampler, epoch) {
                let of_first = batch.iter().filter(|class| **class < 4).count();
                assert!(of_first == 0 || of_first == 2, "{batch:?}");
                assert_ne!(batch[0], batch[1]);
                first += usize::from(of_first == 2);
            }
        }
        assert_eq!(first, 20, "of 30 batches");
        let error = of(4, shares).expect_err("three people are no batch of four").to_string();
        assert!(error.contains("4 identities of one data set, but only 3"), "{error}");
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
